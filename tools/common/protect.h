/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Keeping the secrets of this process in this process. */
#ifndef _QSC_PROTECT_H
#define _QSC_PROTECT_H

#include <stddef.h>

/*
 * No core dumps, no ptrace and no /proc/PID/mem for anybody but root, no new
 * privileges, and memory that is not swapped out as far as limits allow. The
 * secure heap of OpenSSL, @arena bytes of it, holds our own secrets and the
 * ephemeral keys of TLS.
 *
 * Return: 0 or a negative errno; what is missing is logged
 */
int protect_process(size_t arena);

#endif /* _QSC_PROTECT_H */
