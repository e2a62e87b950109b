// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* How the parts of a pool file are sealed. */
#include <errno.h>

#include <openssl/sha.h>

#include "pool.h"

int pool_seal_init(struct pool_seal *seal, const uint8_t *key, const uint8_t *id)
{
	int err = qsc_keys_hkdf(key, QSC_KEYS_LEN, id, 16, "qsc/1 pool file", 15, seal->key,
				QSC_KEYS_LEN);

	if (!err)
		err = qsc_keys_hkdf(key, QSC_KEYS_LEN, id, 16, "qsc/1 pool use", 14, seal->use_key,
				    QSC_KEYS_LEN);
	return err;
}

/* The key is this file's alone, so the number of a record is a good nonce. */
void pool_seal_record(struct pool_seal *seal, uint32_t record, uint8_t nonce[QSC_GCM_NONCE])
{
	memset(nonce, 0, QSC_GCM_NONCE);
	put_be32(nonce + QSC_GCM_NONCE - 4, record);
	put_be32(seal->aad + 32, record);
}

int pool_seal_head(struct pool_seal *seal, const uint8_t *text, uint8_t tag[QSC_GCM_TAG])
{
	uint8_t nonce[QSC_GCM_NONCE];

	if (!SHA256(text, POOL_HEAD_TEXT, seal->aad))
		return -EIO;
	pool_seal_record(seal, 0, nonce);
	return qsc_gcm_seal(seal->key, nonce, seal->aad, sizeof(seal->aad), NULL, 0, tag);
}

int pool_seal_use(const struct pool_seal *seal, const uint8_t *text, uint8_t tag[16])
{
	uint8_t mac[32];
	int err = qsc_hmac(seal->use_key, text, POOL_USE_TEXT, mac);

	memcpy(tag, mac, 16);
	return err;
}

void pool_put_use(uint8_t text[POOL_USE_TEXT], bool used, uint64_t card)
{
	memset(text, 0, POOL_USE_TEXT);
	text[0] = used;
	put_be64(text + 8, card);
}
