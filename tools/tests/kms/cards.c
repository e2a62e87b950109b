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
	uint8_t key[QSC_KEYS_LEN];

	cards->kit = *kit;
	cards->random = EVP_CIPHER_CTX_new();
	if (qsc_kid_new(&cards->kid, kit->kid_master) || !cards->random ||
	    qsc_keys_hkdf(seed, strlen(seed), "", 0, "seed", 4, key, sizeof(key)) ||
	    EVP_EncryptInit_ex(cards->random, EVP_aes_256_ecb(), NULL, key, NULL) != 1)
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
	EVP_CIPHER_CTX_free(cards->random);
}

/* Two blocks that differ in one bit. Fast: a large store has 130 million of them. */
static void number(const struct cards *cards, uint8_t what, uint64_t card, uint32_t slot,
		   uint8_t *out)
{
	uint8_t blocks[2][16] = { 0 };
	int len;

	for (uint8_t i = 0; i < 2; i++) {
		blocks[i][0] = what;
		blocks[i][1] = i;
		put_be32(put_be64(blocks[i] + 2, card), slot);
	}
	if (EVP_EncryptUpdate(cards->random, out, &len, blocks[0], sizeof(blocks)) != 1)
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
