// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Cards for the tests. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cards.h"
#include "keys/keys_internal.h"

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(3);
}

void cards_use_kit(struct cards *cards, const struct qsc_kit *kit, const char *seed)
{
	cards->kit = *kit;
	if (qsc_kid_new(&cards->kid, kit->kid_master) ||
	    qsc_keys_hkdf(seed, strlen(seed), "", 0, "seed", 4, cards->seed, sizeof(cards->seed)))
		die("crypto failed");
}

void cards_open(struct cards *cards, const char *kit, const char *seed)
{
	struct qsc_why why;
	struct qsc_kit read;

	if (qsc_kit_read(kit, &read, &why))
		die("%s", why.text);
	cards_use_kit(cards, &read, seed);
}

void cards_close(struct cards *cards)
{
	qsc_kid_free(cards->kid);
}

static void number(const struct cards *cards, char what, uint64_t card, uint32_t slot, uint8_t *out)
{
	uint8_t text[13] = { (uint8_t)what };

	put_be32(put_be64(text + 1, card), slot);
	if (qsc_hmac(cards->seed, text, sizeof(text), out))
		die("crypto failed");
}

void cards_pool_key(const struct cards *cards, uint64_t card, uint32_t slot, uint8_t *key)
{
	number(cards, 'k', card, slot, key);
}

void cards_revoke_key(const struct cards *cards, uint64_t card, uint8_t *key)
{
	number(cards, 'r', card, 0, key);
}

void cards_draw(const struct cards *cards, uint64_t card, uint32_t slot, struct drawn *out)
{
	uint8_t core[QSC_KEYS_CORE], card_key[QSC_KEYS_LEN];

	cards_pool_key(cards, card, slot, out->key);
	if (qsc_kid_core(cards->kid, card, slot, core) ||
	    qsc_kid_card_key(cards->kid, card, card_key) ||
	    qsc_kid_complete(card_key, core, out->kid) ||
	    qsc_keys_auth(out->key, out->kid, out->auth) ||
	    qsc_keys_dist(out->key, out->kid, out->dist))
		die("card %llu has no slot %u", (unsigned long long)card, slot);
}

void cards_register(const struct cards *cards, const char *path, uint64_t card,
		    const char *subscriber, unsigned int profile, uint32_t count)
{
	struct qsc_qreg_head head = { .card = card, .profile = (uint8_t)profile, .count = count };
	uint8_t key[QSC_KEYS_LEN], revoke_key[QSC_KEYS_LEN];
	struct qsc_qreg_writer *writer;
	struct qsc_why why;

	snprintf(head.subscriber, sizeof(head.subscriber), "%s", subscriber);
	cards_revoke_key(cards, card, revoke_key);
	if (qsc_qreg_create(&writer, path, cards->kit.registration_key, &head, revoke_key, &why))
		die("%s", why.text);
	for (uint32_t slot = 0; slot < count; slot++) {
		cards_pool_key(cards, card, slot, key);
		if (qsc_qreg_put(writer, key, 1, &why))
			die("%s", why.text);
	}
	if (qsc_qreg_finish(writer, &why))
		die("%s", why.text);
	qsc_qreg_abandon(writer);
}
