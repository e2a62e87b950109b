// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* LOAD: personalisation over the wire, under the transport key of the card. */
#include <errno.h>

#include "keys_internal.h"
#include "qsvsim.h"

static enum sw load_error(int err, const struct qsc_why *why)
{
	switch (err) {
	case -EINVAL:
	case -EEXIST:
	case -EKEYREVOKED:
		return SW_CONDITIONS;
	default:
		say("%s", why->text);
		return SW_BURN_FAILED;
	}
}

/* Data is @body bytes and a tag over them. */
static enum sw check_tag(const struct applet *applet, const struct apdu *apdu)
{
	uint8_t tag[TRANSPORT_MAC];
	size_t body = apdu->lc - TRANSPORT_MAC;

	if (transport_tag(&applet->transport, apdu->p1, apdu->data, body, tag))
		return SW_LENGTH;
	return CRYPTO_memcmp(tag, apdu->data + body, TRANSPORT_MAC) ? SW_SECURITY : SW_OK;
}

static enum sw begin_card(struct applet *applet, const uint8_t record[TRANSPORT_IDENTITY])
{
	struct qsc_card_identity identity;
	struct qsc_card_info info;
	struct qsc_why why;
	enum sw sw = SW_OK;
	uint32_t count;
	int err;

	qsc_card_info(applet->card, &info);
	if (!transport_get_identity(record, &identity, &count) || count != info.total) {
		sw = SW_DATA;
	} else {
		err = qsc_card_load_begin(applet->card, &identity, &why);
		if (err)
			sw = load_error(err, &why);
	}
	OPENSSL_cleanse(&identity, sizeof(identity));
	return sw;
}

static enum sw load_begin(struct applet *applet, const struct apdu *apdu)
{
	uint8_t key[QSC_KEYS_LEN], record[TRANSPORT_IDENTITY];
	enum sw sw = SW_UNKNOWN;
	int err;

	if (apdu->lc != TRANSPORT_SALT + TRANSPORT_IDENTITY + TRANSPORT_MAC)
		return SW_LENGTH;
	if (qsc_card_transport_key(applet->card, key))
		return SW_CONDITIONS;
	applet->loading = false;
	err = transport_derive(&applet->transport, key, apdu->data);
	OPENSSL_cleanse(key, sizeof(key));
	if (!err)
		sw = check_tag(applet, apdu);
	if (sw != SW_OK)
		return sw;
	memcpy(record, apdu->data + TRANSPORT_SALT, sizeof(record));
	if (transport_crypt(&applet->transport, TRANSPORT_BEGIN, 0, record, sizeof(record), false))
		sw = SW_UNKNOWN;
	else
		sw = begin_card(applet, record);
	OPENSSL_cleanse(record, sizeof(record));
	applet->loading = sw == SW_OK;
	return sw;
}

/* How many slots @len bytes hold: an odd number of them is padded with 8 bytes. */
static uint32_t slots_in(size_t len)
{
	size_t odd = len % (2 * TRANSPORT_SLOT);

	if (odd && odd != TRANSPORT_SLOT + 8)
		return 0;
	return (uint32_t)(len / TRANSPORT_SLOT);
}

static enum sw load_slots(struct applet *applet, const struct apdu *apdu)
{
	static uint8_t plain[TRANSPORT_SLOTS_MAX * TRANSPORT_SLOT];
	struct qsc_slot slots[TRANSPORT_SLOTS_MAX];
	uint32_t first, n;
	struct qsc_why why;
	enum sw sw;
	size_t len;
	int err;

	if (apdu->lc < 4 + TRANSPORT_MAC || apdu->lc > 4 + sizeof(plain) + TRANSPORT_MAC)
		return SW_LENGTH;
	len = apdu->lc - 4 - TRANSPORT_MAC;
	n = slots_in(len);
	if (!n)
		return SW_LENGTH;
	if (!applet->loading)
		return SW_CONDITIONS;
	sw = check_tag(applet, apdu);
	if (sw != SW_OK)
		return sw;
	first = get_be32(apdu->data);
	if (first != qsc_card_loaded(applet->card))
		return SW_CONDITIONS;
	memcpy(plain, apdu->data + 4, len);
	err = transport_crypt(&applet->transport, TRANSPORT_SLOTS, first, plain, len, false);
	for (uint32_t i = 0; i < n && !err; i++) {
		memcpy(slots[i].core, plain + i * TRANSPORT_SLOT, QSC_KEYS_CORE);
		memcpy(slots[i].key, plain + i * TRANSPORT_SLOT + QSC_KEYS_CORE, QSC_KEYS_LEN);
	}
	if (!err)
		err = qsc_card_load_slots(applet->card, slots, n, &why);
	OPENSSL_cleanse(plain, sizeof(plain));
	OPENSSL_cleanse(slots, sizeof(slots));
	return err ? load_error(err, &why) : SW_OK;
}

static enum sw load_finish(struct applet *applet, const struct apdu *apdu)
{
	struct qsc_why why;
	enum sw sw;
	int err;

	if (apdu->lc != 4 + TRANSPORT_MAC)
		return SW_LENGTH;
	if (!applet->loading)
		return SW_CONDITIONS;
	sw = check_tag(applet, apdu);
	if (sw != SW_OK)
		return sw;
	if (get_be32(apdu->data) != qsc_card_loaded(applet->card))
		return SW_CONDITIONS;
	err = qsc_card_load_finish(applet->card, &why);
	if (err)
		return load_error(err, &why);
	applet->loading = false;
	OPENSSL_cleanse(&applet->transport, sizeof(applet->transport));
	return SW_OK;
}

enum sw command_load(struct applet *applet, const struct apdu *apdu)
{
	if (apdu->p1 > TRANSPORT_FINISH || apdu->p2)
		return SW_P1P2;
	switch (apdu->p1) {
	case TRANSPORT_BEGIN:
		return load_begin(applet, apdu);
	case TRANSPORT_SLOTS:
		return load_slots(applet, apdu);
	default:
		return load_finish(applet, apdu);
	}
}
