/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#ifndef _QSC_HEAP_H
#define _QSC_HEAP_H

#include <stdbool.h>

/*
 * From now on whatever OpenSSL frees is wiped. To be called before OpenSSL is used
 * for anything. Return: false if it was used already.
 */
bool heap_wipes_openssl(void);

#endif /* _QSC_HEAP_H */
