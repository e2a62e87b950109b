/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_SIMD_H
#define _QSC_SIMD_H

#include <asm/simd.h>
#include <crypto/internal/simd.h>
#include <linux/compiler.h>

/* The module's parameter "simd" */
extern bool qsc_simd;

/**
 * qsc_simd_usable() - may a driver be called that is inside a wrapper of simd.c?
 *
 * Context: BH disabled.
 * Return: false in a softirq on top of somebody's FPU section.
 */
static __always_inline bool qsc_simd_usable(void)
{
	return likely(crypto_simd_usable()) && likely(READ_ONCE(qsc_simd));
}

#endif /* _QSC_SIMD_H */
