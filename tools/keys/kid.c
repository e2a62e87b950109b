// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Names of pool keys. To strangers a kid is 16 random bytes; the carrier reads
 * card and slot out of it without a table; the card stores half of it only.
 */
#include <errno.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "ff1.h"
#include "keys_internal.h"

#define RADIX 65536
#define DIGITS 4

struct qsc_kid {
	uint8_t master[QSC_KEYS_LEN];
	EVP_CIPHER_CTX *aes;
};

static const char salt[] = "qsc/1 kid";

static int derive(const uint8_t *master, const void *info, size_t info_len, uint8_t *out)
{
	return qsc_keys_hkdf(master, QSC_KEYS_LEN, salt, sizeof(salt) - 1, info, info_len, out,
			     QSC_KEYS_LEN);
}

int qsc_kid_new(struct qsc_kid **kid, const uint8_t master[QSC_KEYS_LEN])
{
	uint8_t enc[QSC_KEYS_LEN];
	int err;

	*kid = calloc(1, sizeof(**kid));
	if (!*kid)
		return -ENOMEM;
	memcpy((*kid)->master, master, QSC_KEYS_LEN);
	err = derive(master, "enc", 3, enc);
	if (!err) {
		(*kid)->aes = qsc_ff1_key(enc);
		err = (*kid)->aes ? 0 : -ENOMEM;
	}
	OPENSSL_cleanse(enc, sizeof(enc));
	if (err) {
		qsc_kid_free(*kid);
		*kid = NULL;
	}
	return err;
}

void qsc_kid_free(struct qsc_kid *kid)
{
	if (!kid)
		return;
	EVP_CIPHER_CTX_free(kid->aes);
	OPENSSL_cleanse(kid, sizeof(*kid));
	free(kid);
}

int qsc_kid_card_key(const struct qsc_kid *kid, uint64_t card, uint8_t out[QSC_KEYS_LEN])
{
	uint8_t number[8], info[4 + 5];

	if (card > QSC_KEYS_CARD_MAX) {
		OPENSSL_cleanse(out, QSC_KEYS_LEN);
		return -EINVAL;
	}
	put_be64(number, card);
	put_bytes(put_bytes(info, "card", 4), number + 3, 5);
	return derive(kid->master, info, sizeof(info), out);
}

static int permute(struct qsc_kid *kid, const uint8_t in[8], uint8_t out[8], bool encrypt)
{
	uint16_t digits[DIGITS];
	int err;

	for (unsigned int i = 0; i < DIGITS; i++)
		digits[i] = get_be16(in + 2 * i);
	err = qsc_ff1_run(kid->aes, RADIX, NULL, 0, digits, DIGITS, encrypt);
	for (unsigned int i = 0; i < DIGITS; i++)
		put_be16(out + 2 * i, err ? 0 : digits[i]);
	return err;
}

int qsc_kid_core(struct qsc_kid *kid, uint64_t card, uint32_t slot, uint8_t core[QSC_KEYS_CORE])
{
	uint8_t plain[8];

	memset(core, 0, QSC_KEYS_CORE);
	if (card > QSC_KEYS_CARD_MAX || slot > QSC_KEYS_SLOT_MAX)
		return -EINVAL;
	put_be64(plain, card << 24 | slot);
	return permute(kid, plain, core, true);
}

int qsc_kid_complete(const uint8_t card_key[QSC_KEYS_LEN], const uint8_t core[QSC_KEYS_CORE],
		     uint8_t out[QSC_KEYS_KID])
{
	uint8_t mac[32];
	int err = qsc_hmac(card_key, core, QSC_KEYS_CORE, mac);

	put_bytes(put_bytes(out, core, QSC_KEYS_CORE), mac, QSC_KEYS_KID - QSC_KEYS_CORE);
	OPENSSL_cleanse(mac, sizeof(mac));
	if (err)
		OPENSSL_cleanse(out, QSC_KEYS_KID);
	return err;
}

int qsc_kid_open(struct qsc_kid *kid, const uint8_t id[QSC_KEYS_KID], uint64_t *card,
		 uint32_t *slot)
{
	uint8_t plain[8], key[QSC_KEYS_LEN], want[QSC_KEYS_KID];
	uint64_t both;
	int err;

	*card = 0;
	*slot = 0;
	err = permute(kid, id, plain, false);
	if (err)
		return err;
	both = get_be64(plain);
	err = qsc_kid_card_key(kid, both >> 24, key);
	if (!err)
		err = qsc_kid_complete(key, id, want);
	if (!err && CRYPTO_memcmp(want, id, QSC_KEYS_KID))
		err = -EBADMSG;
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(want, sizeof(want));
	if (err)
		return err;
	*card = both >> 24;
	*slot = (uint32_t)(both & QSC_KEYS_SLOT_MAX);
	return 0;
}
