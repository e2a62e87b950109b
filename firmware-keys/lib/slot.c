// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Slots: core and key, encrypted and then authenticated, each by itself, so
 * that one can be zeroised in place and the others stay as they are. A slot is
 * written once per pool key, so its index is a good counter block.
 */
#include <errno.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "internal.h"

#define CHUNK 1024U /* slots that are read or zeroised at a time */

int slot_prepare(struct qsc_card *card)
{
	uint8_t enc[QSC_KEYS_LEN];
	int err;

	err = qsc_keys_hkdf(card->identity.pool_key, QSC_KEYS_LEN, card->salt, SALT_LEN,
			    "qsc/1 slot mac", 14, card->slot_mac_key, QSC_KEYS_LEN);
	if (!err)
		err = qsc_keys_hkdf(card->identity.pool_key, QSC_KEYS_LEN, card->salt, SALT_LEN,
				    "qsc/1 slot enc", 14, enc, QSC_KEYS_LEN);
	EVP_CIPHER_CTX_free(card->slot_cipher);
	card->slot_cipher = err ? NULL : EVP_CIPHER_CTX_new();
	if (!err && (!card->slot_cipher || EVP_EncryptInit_ex(card->slot_cipher, EVP_aes_256_ctr(),
							      NULL, enc, NULL) != 1))
		err = -ENOMEM;
	OPENSSL_cleanse(enc, sizeof(enc));
	return err;
}

static int crypt(struct qsc_card *card, uint32_t index, const uint8_t in[SLOT_PLAIN],
		 uint8_t out[SLOT_PLAIN])
{
	uint8_t counter[16] = { 0 };
	int n;

	put_be32(counter, index);
	if (EVP_EncryptInit_ex(card->slot_cipher, NULL, NULL, NULL, counter) != 1 ||
	    EVP_EncryptUpdate(card->slot_cipher, out, &n, in, SLOT_PLAIN) != 1)
		return -EIO;
	return 0;
}

static int tag_of(struct qsc_card *card, uint32_t index, const uint8_t *sealed,
		  uint8_t tag[SLOT_TAG])
{
	uint8_t text[4 + SLOT_PLAIN], mac[32];
	int err;

	put_bytes(put_be32(text, index), sealed, SLOT_PLAIN);
	err = qsc_hmac(card->slot_mac_key, text, sizeof(text), mac);
	memcpy(tag, mac, SLOT_TAG);
	return err;
}

int slot_seal(struct qsc_card *card, uint32_t index, const struct qsc_slot *slot,
	      uint8_t out[SLOT_LEN])
{
	uint8_t plain[SLOT_PLAIN];
	int err;

	put_bytes(put_bytes(plain, slot->core, QSC_KEYS_CORE), slot->key, QSC_KEYS_LEN);
	err = crypt(card, index, plain, out);
	OPENSSL_cleanse(plain, sizeof(plain));
	return err ? err : tag_of(card, index, out, out + SLOT_PLAIN);
}

int slot_check(struct qsc_card *card, uint32_t index, const uint8_t sealed[SLOT_LEN])
{
	uint8_t tag[SLOT_TAG];
	int err = tag_of(card, index, sealed, tag);

	if (err)
		return err;
	return CRYPTO_memcmp(tag, sealed + SLOT_PLAIN, SLOT_TAG) ? -EBADMSG : 0;
}

int slot_open(struct qsc_card *card, uint32_t index, const uint8_t sealed[SLOT_LEN],
	      struct qsc_slot *slot)
{
	uint8_t plain[SLOT_PLAIN];
	int err = slot_check(card, index, sealed);

	if (!err)
		err = crypt(card, index, sealed, plain);
	if (!err) {
		memcpy(slot->core, plain, QSC_KEYS_CORE);
		memcpy(slot->key, plain + QSC_KEYS_CORE, QSC_KEYS_LEN);
	}
	OPENSSL_cleanse(plain, sizeof(plain));
	return err;
}

bool slot_is_zero(const uint8_t sealed[SLOT_LEN])
{
	static const uint8_t zeros[SLOT_LEN];

	return !memcmp(sealed, zeros, SLOT_LEN);
}

int slot_each(struct qsc_card *card, int (*visit)(void *arg, uint32_t index, const uint8_t *slot),
	      void *arg, struct qsc_why *why)
{
	uint8_t *slots = malloc((size_t)CHUNK * SLOT_LEN);
	int err = 0;

	if (!slots)
		return qsc_why(why, -ENOMEM, "not enough memory for %s", card->path);
	for (uint32_t first = 0; first < card->total && !err; first += CHUNK) {
		uint32_t n = min_u32(card->total - first, CHUNK);

		err = card_read(card, slot_offset(card, first), slots, (size_t)n * SLOT_LEN, why);
		for (uint32_t i = 0; i < n && !err; i++)
			err = visit(arg, first + i, slots + (size_t)i * SLOT_LEN);
	}
	free(slots);
	return err;
}

int slot_zeroise_all(struct qsc_card *card, struct qsc_why *why)
{
	static const uint8_t zeros[CHUNK * SLOT_LEN];

	for (uint32_t first = 0; first < card->total; first += CHUNK) {
		uint32_t n = min_u32(card->total - first, CHUNK);
		int err = card_write(card, slot_offset(card, first), zeros, (size_t)n * SLOT_LEN,
				     why);

		if (err)
			return err;
	}
	return card_sync(card, why);
}
