// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What a card gives, sealed for whoever asked: Documentation/apdu.rst. Encrypted,
 * then authenticated, with what LOAD needs already. Both keys are used for one
 * message, so the IV is zero; both come from all of the answer, so no byte of it
 * can be exchanged.
 */
#include <errno.h>

#include "keys_internal.h"

#define NAMES_LEN (2 * QSC_KEYS_POINT + 8 + 1 + 4 + QSC_KEYS_KID + 4)
#define TAG (QSC_KEYS_SEALED_DRAW - QSC_KEYS_LEN)

struct keys {
	uint8_t enc[QSC_KEYS_LEN];
	uint8_t mac[QSC_KEYS_LEN];
};

static const uint8_t zero_iv[QSC_AES_BLOCK];

static int derive(const uint8_t *shared, const struct qsc_draw_names *names, struct keys *keys)
{
	static const char salt[] = "qsc/1 draw";
	uint8_t info[NAMES_LEN], *p = info;

	p = put_bytes(p, names->reader, QSC_KEYS_POINT);
	p = put_bytes(p, names->chip, QSC_KEYS_POINT);
	p = put_be64(p, names->card);
	*p++ = names->purpose;
	p = put_be32(p, names->index);
	p = put_bytes(p, names->kid, QSC_KEYS_KID);
	put_be32(p, names->remaining);
	return qsc_keys_hkdf(shared, QSC_KEYS_LEN, salt, sizeof(salt) - 1, info, sizeof(info),
			     (uint8_t *)keys, sizeof(*keys));
}

int qsc_keys_seal_draw(const uint8_t shared[QSC_KEYS_LEN], const struct qsc_draw_names *names,
		       const uint8_t key[QSC_KEYS_LEN], uint8_t out[QSC_KEYS_SEALED_DRAW])
{
	uint8_t mac[32];
	struct keys keys;
	int err = derive(shared, names, &keys);

	memcpy(out, key, QSC_KEYS_LEN);
	if (!err)
		err = qsc_cbc(keys.enc, zero_iv, out, QSC_KEYS_LEN, true);
	if (!err)
		err = qsc_hmac(keys.mac, out, QSC_KEYS_LEN, mac);
	if (err)
		OPENSSL_cleanse(out, QSC_KEYS_SEALED_DRAW);
	else
		memcpy(out + QSC_KEYS_LEN, mac, TAG);
	OPENSSL_cleanse(&keys, sizeof(keys));
	return err;
}

int qsc_keys_open_draw(const uint8_t shared[QSC_KEYS_LEN], const struct qsc_draw_names *names,
		       const uint8_t sealed[QSC_KEYS_SEALED_DRAW], uint8_t key[QSC_KEYS_LEN])
{
	uint8_t mac[32];
	struct keys keys;
	int err = derive(shared, names, &keys);

	if (!err)
		err = qsc_hmac(keys.mac, sealed, QSC_KEYS_LEN, mac);
	if (!err && CRYPTO_memcmp(mac, sealed + QSC_KEYS_LEN, TAG))
		err = -EBADMSG;
	memcpy(key, sealed, QSC_KEYS_LEN);
	if (!err)
		err = qsc_cbc(keys.enc, zero_iv, key, QSC_KEYS_LEN, false);
	if (err)
		OPENSSL_cleanse(key, QSC_KEYS_LEN);
	OPENSSL_cleanse(&keys, sizeof(keys));
	return err;
}
