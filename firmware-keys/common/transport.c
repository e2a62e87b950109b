// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * LOAD records: encrypted, then authenticated, with what a Java Card has: CBC
 * and HMAC. The block that becomes the IV occurs once per key.
 */
#include <errno.h>

#include "keys_internal.h"
#include "tool.h"

#define RECORD_MAX (4 + TRANSPORT_SLOTS_MAX * TRANSPORT_SLOT)

static const uint8_t padding = 0xff; /* of the PIN, as in ISO 9564 formats */

int transport_derive(struct transport *t, const uint8_t key[QSC_KEYS_LEN],
		     const uint8_t salt[TRANSPORT_SALT])
{
	int err = qsc_keys_hkdf(key, QSC_KEYS_LEN, salt, TRANSPORT_SALT, "qsc/1 load enc", 14,
				t->enc, QSC_KEYS_LEN);

	if (!err)
		err = qsc_keys_hkdf(key, QSC_KEYS_LEN, salt, TRANSPORT_SALT, "qsc/1 load mac", 14,
				    t->mac, QSC_KEYS_LEN);
	return err;
}

int transport_crypt(const struct transport *t, enum transport_record record, uint32_t first,
		    uint8_t *data, size_t len, bool encrypt)
{
	static const uint8_t zero[QSC_AES_BLOCK];
	uint8_t iv[QSC_AES_BLOCK] = { (uint8_t)record };
	int err;

	/* One block of CBC from zero is ECB. */
	put_be32(iv + QSC_AES_BLOCK - 4, first);
	err = qsc_cbc(t->enc, zero, iv, sizeof(iv), true);
	return err ? err : qsc_cbc(t->enc, iv, data, len, encrypt);
}

int transport_tag(const struct transport *t, enum transport_record record, const uint8_t *data,
		  size_t len, uint8_t tag[TRANSPORT_MAC])
{
	uint8_t text[4 + RECORD_MAX] = { 0x80, 0xe2, (uint8_t)record, 0 }, mac[32];
	int err;

	if (len > RECORD_MAX)
		return -EINVAL;
	memcpy(text + 4, data, len);
	err = qsc_hmac(t->mac, text, 4 + len, mac);
	memcpy(tag, mac, TRANSPORT_MAC);
	return err;
}

void transport_put_identity(const struct qsc_card_identity *id, uint32_t count,
			    uint8_t out[TRANSPORT_IDENTITY])
{
	uint8_t *p = out;

	memset(out, 0, TRANSPORT_IDENTITY);
	p = put_be64(p, id->card);
	*p++ = id->profile;
	memset(p, padding, QSC_CARD_PIN_MAX);
	memcpy(p, id->pin, strlen(id->pin));
	put_be32(p + QSC_CARD_PIN_MAX, count);
	put_bytes(put_bytes(out + 32, id->kid_card, QSC_KEYS_LEN), id->revoke_key, QSC_KEYS_LEN);
}

bool transport_get_identity(const uint8_t in[TRANSPORT_IDENTITY], struct qsc_card_identity *id,
			    uint32_t *count)
{
	const uint8_t *pin = in + 9;
	size_t len = QSC_CARD_PIN_MAX;

	memset(id, 0, sizeof(*id));
	while (len && pin[len - 1] == padding)
		len--;
	id->card = get_be64(in);
	id->profile = in[8];
	memcpy(id->pin, pin, len);
	*count = get_be32(in + 17);
	memcpy(id->kid_card, in + 32, QSC_KEYS_LEN);
	memcpy(id->revoke_key, in + 64, QSC_KEYS_LEN);
	return id->card <= QSC_KEYS_CARD_MAX && qsc_profile_name(id->profile) &&
	       qsc_card_pin_ok(id->pin, len);
}
