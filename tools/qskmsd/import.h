/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Cards into the store, and out of use. In the writer's thread. */
#ifndef _QSKMSD_IMPORT_H
#define _QSKMSD_IMPORT_H

#include "store.h"

/**
 * import_card() - add a card from its registration
 * @st: a store
 * @vault: from vault_open()
 * @kit: from kit_load()
 * @fd: of the registration; closed
 * @name: of the file, for messages
 * @when: seconds since 1970
 * @card: out: the new card
 * @why: out
 *
 * All or nothing: a registration that turns out damaged leaves no trace.
 *
 * Return: 0 or a negative errno; -EEXIST if the card is there already, -EBUSY
 * if its subscriber has another active card
 */
int import_card(struct store *st, const struct vault *vault, const struct qsc_kit *kit, int fd,
		const char *name, int64_t when, struct card *card, struct qsc_why *why);

/**
 * revoke_card() - end a card: shred its pool, and make the token that ends it
 * @st: a store
 * @vault: from vault_open()
 * @card: in: an active card; out: as it is now, with its token
 * @when: seconds since 1970
 * @why: out
 */
int revoke_card(struct store *st, const struct vault *vault, struct card *card, int64_t when,
		struct qsc_why *why);

#endif /* _QSKMSD_IMPORT_H */
