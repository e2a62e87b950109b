// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * DRAW, in clear and sealed. Whatever a sealed draw may fail at comes before the
 * burn: afterwards there is nothing but arithmetic in memory.
 */
#include <errno.h>

#include "keys_internal.h"
#include "qsvsim.h"

#define BY_INDEX 0x01 /* bits of P2 */
#define SEALED 0x02

#define CLEAR_LEN 64
#define SEALED_LEN (CLEAR_LEN - QSC_KEYS_LEN + QSC_KEYS_POINT + QSC_KEYS_SEALED_DRAW)

/* A command that may be obeyed */
struct order {
	bool by_index;
	bool sealed;
	uint32_t index;
	uint8_t shared[QSC_KEYS_LEN]; /* what a sealed key is sealed with */
	struct qsc_draw_names names;
};

static enum sw draw_error(int err, const struct qsc_why *why)
{
	switch (err) {
	case -EKEYREVOKED:
		return SW_REVOKED;
	case -ENOKEY:
	case -EKEYEXPIRED:
		return SW_CONDITIONS;
	case -EINVAL:
		return SW_P1P2;
	case -ERANGE:
		return SW_NO_SLOT;
	case -ENODATA:
		return SW_EMPTY;
	default:
		return applet_failed(why);
	}
}

static enum sw check(const struct applet *applet, const struct apdu *apdu)
{
	size_t lc = (apdu->p2 & BY_INDEX ? 4 : 0) + (apdu->p2 & SEALED ? QSC_KEYS_POINT : 0);

	if (apdu->p1 > QSC_PURPOSE_DIST || apdu->p2 > (BY_INDEX | SEALED))
		return SW_P1P2;
	if (apdu->lc != lc)
		return SW_LENGTH;
	switch (applet_state(applet)) {
	case QSC_CARD_REVOKED:
		return SW_REVOKED;
	case QSC_CARD_READY:
		break;
	default:
		return SW_CONDITIONS;
	}
	if (!applet->verified)
		return SW_SECURITY;
	return applet_check_ne(apdu, apdu->p2 & SEALED ? SEALED_LEN : CLEAR_LEN);
}

/* The pair is gone afterwards, whatever comes of it. */
static enum sw agree(struct applet *applet, const uint8_t *point, struct order *order)
{
	struct qsc_ephemeral *ours = applet->ephemeral;
	int err = 0;

	applet->ephemeral = NULL;
	if (!ours)
		err = qsc_ephemeral_new(&ours);
	if (!err) {
		memcpy(order->names.reader, point, QSC_KEYS_POINT);
		memcpy(order->names.chip, qsc_ephemeral_public(ours), QSC_KEYS_POINT);
		err = qsc_ephemeral_agree(ours, point, order->shared);
	}
	qsc_ephemeral_free(ours);
	if (err)
		return err == -EINVAL ? SW_DATA : SW_UNKNOWN;
	return SW_OK;
}

static enum sw read_order(struct applet *applet, const struct apdu *apdu, struct order *order)
{
	enum sw sw = check(applet, apdu);
	const uint8_t *data = apdu->data;
	struct qsc_card_info info;

	if (sw != SW_OK)
		return sw;
	qsc_card_info(applet->card, &info);
	if (!qsc_profile_has(info.profile, apdu->p1))
		return SW_P1P2;
	order->by_index = apdu->p2 & BY_INDEX;
	order->sealed = apdu->p2 & SEALED;
	if (order->by_index) {
		order->index = get_be32(data);
		data += 4;
	}
	order->names.card = info.card;
	order->names.purpose = apdu->p1;
	return order->sealed ? agree(applet, data, order) : SW_OK;
}

static int put_sealed(struct applet *applet, struct order *order, const struct qsc_draw *draw)
{
	uint8_t value[QSC_KEYS_POINT + QSC_KEYS_SEALED_DRAW];
	uint8_t *sealed = put_bytes(value, order->names.chip, QSC_KEYS_POINT);
	int err;

	order->names.index = draw->index;
	order->names.remaining = draw->remaining;
	memcpy(order->names.kid, draw->kid, QSC_KEYS_KID);
	err = qsc_keys_seal_draw(order->shared, &order->names, draw->key, sealed);
	if (!err)
		applet_put(applet, 0x94, value, sizeof(value));
	return err;
}

static enum sw answer(struct applet *applet, struct order *order, const struct qsc_draw *draw)
{
	struct qsc_why why;

	applet_put_u32(applet, 0x90, draw->index);
	applet_put(applet, 0x91, draw->kid, sizeof(draw->kid));
	if (!order->sealed) {
		applet_put(applet, 0x92, draw->key, sizeof(draw->key));
	} else if (put_sealed(applet, order, draw)) {
		qsc_why(&why, -EIO, "slot %u is lost: the crypto library failed", draw->index);
		return applet_failed(&why);
	}
	applet_put_u32(applet, 0x93, draw->remaining);
	applet->drawn = true;
	return SW_OK;
}

static enum sw obey(struct applet *applet, struct order *order)
{
	struct qsc_why why = { "" };
	struct qsc_draw draw;
	enum sw sw;
	int err;

	if (order->by_index)
		err = qsc_card_draw_index(applet->card, order->names.purpose, order->index, &draw,
					  &why);
	else
		err = qsc_card_draw(applet->card, order->names.purpose, &draw, &why);
	if (err)
		return draw_error(err, &why);
	if (*why.text) /* a damaged slot that was passed over */
		say("%s", why.text);
	sw = answer(applet, order, &draw);
	OPENSSL_cleanse(&draw, sizeof(draw));
	return sw;
}

enum sw command_draw(struct applet *applet, const struct apdu *apdu)
{
	struct order order = { 0 };
	enum sw sw = read_order(applet, apdu, &order);

	if (sw == SW_OK)
		sw = obey(applet, &order);
	OPENSSL_cleanse(&order, sizeof(order));
	return sw;
}
