// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * kms_fill STORE MASTER-KEY FIRST-CARD CARDS KEYS [SEED]: put many cards into a
 * store, far faster than their registrations would come in. A kit is made if the
 * store has none. Cards and keys are those of kms_make.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cards.h"
#include "qskmsd/kit.h"

#define BATCH 1000 /* cards in a transaction */

static struct store st;

static void check(int err)
{
	if (err)
		die("%s", st.error);
}

static void add_pool(const struct cards *cards, const struct card *card, const uint8_t *card_key)
{
	uint8_t keys[STORE_CHUNK_KEYS][VAULT_KEY], sealed[STORE_CHUNK_MAX];

	for (uint32_t chunk = 0; chunk < store_chunks(card->slots); chunk++) {
		uint32_t first = chunk * STORE_CHUNK_KEYS, n = card->slots - first;

		if (n > STORE_CHUNK_KEYS)
			n = STORE_CHUNK_KEYS;
		for (uint32_t i = 0; i < n; i++)
			cards_pool_key(cards, card->number, first + i, keys[i]);
		if (vault_seal_chunk(card_key, chunk, keys[0], n, sealed))
			die("crypto failed");
		check(st.ops->add_chunk(&st, card->number, chunk, sealed,
					n * VAULT_KEY + VAULT_TAG));
	}
}

static void add_card(const struct cards *cards, const struct vault *vault, uint64_t number,
		     uint32_t keys)
{
	struct card card = { .number = number,
			     .profile = 1,
			     .slots = keys,
			     .state = CARD_ACTIVE,
			     .added = time(NULL) };
	uint8_t card_key[VAULT_KEY], revoke_key[VAULT_KEY];

	snprintf(card.subscriber, sizeof(card.subscriber), "user-%llu", (unsigned long long)number);
	cards_revoke_key(cards, number, revoke_key);
	/* Any key will do. */
	cards_pool_key(cards, number, STORE_SLOT_MAX, card_key);
	if (vault_seal_card_key(vault, &card, card_key, card.key) ||
	    vault_seal_revoke_key(card_key, revoke_key, card.revoke_key))
		die("crypto failed");
	check(st.ops->add_card(&st, &card));
	add_pool(cards, &card, card_key);
}

int main(int argc, char **argv)
{
	unsigned long long first, n;
	struct vault *vault;
	struct cards cards;
	struct qsc_kit *kit;
	struct qsc_why why;
	uint32_t keys;

	if (argc < 6)
		die("Usage: kms_fill STORE MASTER-KEY FIRST-CARD CARDS KEYS [SEED]");
	if (vault_open(&vault, argv[2], &why))
		die("%s", why.text);
	check(store_open(&st, argv[1], true));
	if (kit_make(&st, vault, &why) || kit_load(&kit, &st, vault, &why))
		die("%s", why.text);
	cards_use_kit(&cards, kit, argc > 6 ? argv[6] : "seed");
	first = strtoull(argv[3], NULL, 10);
	n = strtoull(argv[4], NULL, 10);
	keys = (uint32_t)strtoul(argv[5], NULL, 10);
	for (unsigned long long i = 0; i < n; i++) {
		if (i % BATCH == 0)
			check(st.ops->begin(&st));
		add_card(&cards, vault, first + i, keys);
		if (i % BATCH == BATCH - 1 || i == n - 1)
			check(st.ops->commit(&st));
	}
	store_close(&st);
	cards_close(&cards);
	kit_free(kit);
	vault_close(vault);
	return 0;
}
