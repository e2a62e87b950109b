/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The keys shared with whoever personalises cards. The store keeps them sealed. */
#ifndef _QSKMSD_KIT_H
#define _QSKMSD_KIT_H

#include "store.h"

/**
 * kit_make() - make the kit of a new store; one that is there stays
 * @st: a store
 * @vault: from vault_open()
 * @why: out
 */
int kit_make(struct store *st, const struct vault *vault, struct qsc_why *why);

/**
 * kit_load() - read the kit from the store
 * @kit: out, from the secure heap; kit_free() wipes it
 * @st: a store
 * @vault: from vault_open()
 * @why: out; among others: the master key is of another store
 */
int kit_load(struct qsc_kit **kit, struct store *st, const struct vault *vault,
	     struct qsc_why *why);
void kit_free(struct qsc_kit *kit);

#endif /* _QSKMSD_KIT_H */
