/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_CALLMEM_H
#define _QSC_CALLMEM_H

#include "call.h"

/**
 * qsc_callmem_get() - memory for a call
 * @nr_legs: 1 to QSC_LEGS_MAX
 *
 * Context: process, may sleep.
 * Return: zeros, or NULL if there is no memory.
 */
struct qsc_call *qsc_callmem_get(u8 nr_legs);

/**
 * qsc_callmem_put() - give it back
 * @call: with the @nr_legs that it was got for
 *
 * Context: any.
 */
void qsc_callmem_put(struct qsc_call *call);

int qsc_callmem_module_init(void);
void qsc_callmem_module_exit(void);

#endif /* _QSC_CALLMEM_H */
