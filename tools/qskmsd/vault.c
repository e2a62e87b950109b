// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Sealing of what the store keeps: AES-256-GCM throughout. */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "keys/keys_internal.h"
#include "store.h"

struct vault {
	uint8_t named[VAULT_KEY];
	uint8_t cards[VAULT_KEY];
};

struct text {
	const void *data;
	size_t len;
};

static int derive(const uint8_t *master, const char *info, uint8_t *out)
{
	return qsc_keys_hkdf(master, VAULT_KEY, "qsc-kms/1", 9, info, strlen(info), out, VAULT_KEY);
}

int vault_open(struct vault **vault, const char *path, struct qsc_why *why)
{
	struct vault *v = OPENSSL_secure_zalloc(sizeof(*v));
	uint8_t master[VAULT_KEY];
	int err;

	if (!v)
		return qsc_why(why, -ENOMEM, "not enough memory for the master key");
	err = qsc_keyfile_read(path, VAULT_KEYFILE, master, why);
	if (!err && (derive(master, "named", v->named) || derive(master, "cards", v->cards)))
		err = qsc_why(why, -EIO, "%s: the crypto library failed", path);
	OPENSSL_cleanse(master, sizeof(master));
	if (err) {
		vault_close(v);
		return err;
	}
	*vault = v;
	return 0;
}

void vault_close(struct vault *vault)
{
	if (vault)
		OPENSSL_secure_clear_free(vault, sizeof(*vault));
}

/* Under a key that seals many things: a random nonce, in front. */
static int seal_key(const uint8_t *under, struct text aad, const uint8_t *key, uint8_t *out)
{
	if (RAND_bytes(out, VAULT_NONCE) != 1)
		return -EIO;
	return qsc_gcm_seal(under, out, aad.data, aad.len, key, VAULT_KEY, out + VAULT_NONCE);
}

static int open_key(const uint8_t *under, struct text aad, const uint8_t *sealed, uint8_t *key)
{
	return qsc_gcm_open(under, sealed, aad.data, aad.len, sealed + VAULT_NONCE, VAULT_KEY, key);
}

int vault_seal_named(const struct vault *vault, const char *name, const uint8_t key[VAULT_KEY],
		     uint8_t out[VAULT_SEALED_KEY])
{
	return seal_key(vault->named, (struct text){ name, strlen(name) }, key, out);
}

int vault_open_named(const struct vault *vault, const char *name,
		     const uint8_t sealed[VAULT_SEALED_KEY], uint8_t key[VAULT_KEY])
{
	return open_key(vault->named, (struct text){ name, strlen(name) }, sealed, key);
}

/* What a card's key belongs to, so that nobody can relabel rows of the store. */
struct __attribute__((packed)) card_label {
	char what[4];
	uint64_t number;
	uint32_t slots;
	uint8_t profile;
	char subscriber[QSC_KEYS_ID_MAX + 1];
};

static struct text card_label(const struct card *card, struct card_label *label)
{
	memset(label, 0, sizeof(*label));
	memcpy(label->what, "card", 4);
	label->number = htobe64(card->number);
	label->slots = htobe32(card->slots);
	label->profile = (uint8_t)card->profile;
	memcpy(label->subscriber, card->subscriber, strlen(card->subscriber));
	return (struct text){ label, sizeof(*label) };
}

int vault_seal_card_key(const struct vault *vault, const struct card *card,
			const uint8_t key[VAULT_KEY], uint8_t out[VAULT_SEALED_KEY])
{
	struct card_label label;

	return seal_key(vault->cards, card_label(card, &label), key, out);
}

int vault_open_card_key(const struct vault *vault, const struct card *card, uint8_t key[VAULT_KEY])
{
	struct card_label label;

	return open_key(vault->cards, card_label(card, &label), card->key, key);
}

/* Not a random nonce: it must not meet those of the chunks. */
int vault_seal_revoke_key(const uint8_t card_key[VAULT_KEY], const uint8_t revoke_key[VAULT_KEY],
			  uint8_t out[VAULT_SEALED_KEY])
{
	memset(out, 0xff, VAULT_NONCE);
	return qsc_gcm_seal(card_key, out, "revoke", 6, revoke_key, VAULT_KEY, out + VAULT_NONCE);
}

int vault_open_revoke_key(const uint8_t card_key[VAULT_KEY], const uint8_t sealed[VAULT_SEALED_KEY],
			  uint8_t revoke_key[VAULT_KEY])
{
	return open_key(card_key, (struct text){ "revoke", 6 }, sealed, revoke_key);
}

static void chunk_nonce(uint32_t chunk, uint8_t *nonce)
{
	memset(nonce, 0, VAULT_NONCE);
	put_be32(nonce + VAULT_NONCE - sizeof(chunk), chunk);
}

int vault_seal_chunk(const uint8_t card_key[VAULT_KEY], uint32_t chunk, const uint8_t *keys,
		     size_t n, uint8_t *out)
{
	uint8_t nonce[VAULT_NONCE];

	chunk_nonce(chunk, nonce);
	return qsc_gcm_seal(card_key, nonce, "pool", 4, keys, n * VAULT_KEY, out);
}

int vault_open_chunk(const uint8_t card_key[VAULT_KEY], uint32_t chunk, const uint8_t *sealed,
		     size_t n, uint8_t *keys)
{
	uint8_t nonce[VAULT_NONCE];

	chunk_nonce(chunk, nonce);
	return qsc_gcm_open(card_key, nonce, "pool", 4, sealed, n * VAULT_KEY, keys);
}
