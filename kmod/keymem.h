/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_KEYMEM_H
#define _QSC_KEYMEM_H

#include "keyring.h"

/**
 * qsc_keymem_get() - memory for a key
 *
 * Context: process, may sleep.
 * Return: key that is all zero, or NULL.
 */
struct qsc_key *qsc_keymem_get(void);

/**
 * qsc_keymem_list() - there is a key in it now
 * @key: from qsc_keymem_get()
 */
void qsc_keymem_list(struct qsc_key *key);

/**
 * qsc_keymem_put() - zero and free
 * @key: from qsc_keymem_get(); its ciphers are destroyed
 *
 * Context: process.
 */
void qsc_keymem_put(struct qsc_key *key);

/**
 * qsc_keymem_wait_gone() - wait until there is no key any more, in any namespace
 *
 * For who has seen to it that none comes, and that all are on their way out:
 * also those of a namespace that nobody finds any more.
 *
 * Context: process, may sleep.
 * Return: false if there still is one after ten seconds.
 */
bool qsc_keymem_wait_gone(void);

/**
 * qsc_keymem_panic() - zero every key where it is
 *
 * Context: any; the other CPUs have stopped, whatever they held. Nothing may
 * use the keys afterwards.
 * Return: how many there were.
 */
unsigned int qsc_keymem_panic(void);

int qsc_keymem_module_init(void);
void qsc_keymem_module_exit(void);

#endif /* _QSC_KEYMEM_H */
