// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The commands of Documentation/apdu.rst. */
#include <errno.h>

#include "keys_internal.h"
#include "qsvsim.h"

#define VERSION 1
#define BITMAP_BLOCK 128U /* bytes: 1024 slots */
#define BITMAP_MAX 32768U /* bytes in one answer */
#define INFO_LEN 34
#define FEATURE_SEALED_DRAW 0x01

static const uint8_t aid[] = { 0xf0, 0x51, 0x53, 0x43, 0x01 };

uint8_t *applet_reserve(struct applet *applet, size_t len)
{
	uint8_t *p = applet->answer + applet->len;

	applet->len += len;
	return p;
}

void applet_put(struct applet *applet, uint8_t tag, const void *value, uint8_t len)
{
	uint8_t *p = applet_reserve(applet, 2U + len);

	p[0] = tag;
	p[1] = len;
	memcpy(p + 2, value, len);
}

static void put_u8(struct applet *applet, uint8_t tag, uint8_t value)
{
	applet_put(applet, tag, &value, 1);
}

void applet_put_u32(struct applet *applet, uint8_t tag, uint32_t value)
{
	uint8_t bytes[4];

	put_be32(bytes, value);
	applet_put(applet, tag, bytes, sizeof(bytes));
}

enum sw applet_check_ne(const struct apdu *apdu, uint8_t len)
{
	if (!apdu->ne)
		return SW_LENGTH;
	return apdu->ne < len ? SW_LE + len : SW_OK;
}

unsigned int applet_state(const struct applet *applet)
{
	struct qsc_card_info info;

	qsc_card_info(applet->card, &info);
	return info.state;
}

enum sw applet_failed(const struct qsc_why *why)
{
	say("%s", why->text);
	return SW_BURN_FAILED;
}

static enum sw command_select(struct applet *applet, const struct apdu *apdu)
{
	if (apdu->p1 != 0x04 || (apdu->p2 != 0x00 && apdu->p2 != 0x0c))
		return SW_P1P2;
	if (apdu->lc != sizeof(aid) || memcmp(apdu->data, aid, sizeof(aid)))
		return SW_NO_APPLET;
	applet_reset(applet);
	applet->selected = true;
	return SW_OK;
}

static enum sw command_info(struct applet *applet, const struct apdu *apdu)
{
	struct qsc_card_info info;
	uint8_t card[8];
	enum sw sw;

	if (apdu->p1 != 0x00 || apdu->p2 != 0xfe)
		return SW_NO_DATA;
	if (apdu->lc)
		return SW_LENGTH;
	sw = applet_check_ne(apdu, INFO_LEN);
	if (sw != SW_OK)
		return sw;
	qsc_card_info(applet->card, &info);
	put_be64(card, info.card);
	put_u8(applet, 0x80, VERSION);
	applet_put(applet, 0x81, card + 3, 5);
	put_u8(applet, 0x82, info.profile);
	applet_put_u32(applet, 0x83, info.total);
	applet_put_u32(applet, 0x84, info.remaining);
	put_u8(applet, 0x85, info.state);
	put_u8(applet, 0x86, info.tries);
	put_u8(applet, 0x87, FEATURE_SEALED_DRAW);
	return SW_OK;
}

static enum sw tries_left(const struct applet *applet)
{
	struct qsc_card_info info;

	qsc_card_info(applet->card, &info);
	if (info.state == QSC_CARD_LOADING)
		return SW_CONDITIONS;
	return info.tries ? SW_PIN_TRIES + info.tries : SW_PIN_BLOCKED;
}

static enum sw command_verify(struct applet *applet, const struct apdu *apdu)
{
	size_t len = apdu->lc;
	struct qsc_why why;
	int err;

	if (apdu->p1 != 0x00 || apdu->p2 != 0x81)
		return SW_P1P2;
	if (!len)
		return applet->verified ? SW_OK : tries_left(applet);
	while (len && apdu->data[len - 1] == 0xff)
		len--;
	if (apdu->lc < QSC_CARD_PIN_MIN || apdu->lc > QSC_CARD_PIN_MAX)
		return SW_LENGTH;
	err = qsc_card_check_pin(applet->card, (const char *)apdu->data, len, &why);
	if (err == -EINVAL)
		return SW_DATA;
	applet->verified = !err;
	switch (err) {
	case 0:
		return SW_OK;
	case -EKEYREJECTED:
	case -EPERM:
	case -EKEYREVOKED:
	case -ENOKEY:
		return tries_left(applet);
	default:
		return applet_failed(&why);
	}
}

static enum sw command_bitmap(struct applet *applet, const struct apdu *apdu)
{
	size_t first = (size_t)(apdu->p1 << 8 | apdu->p2) * BITMAP_BLOCK;
	size_t len = apdu->ne < BITMAP_MAX ? apdu->ne : BITMAP_MAX;

	if (apdu->lc || !apdu->ne)
		return SW_LENGTH;
	if (applet_state(applet) == QSC_CARD_LOADING)
		return SW_CONDITIONS;
	len = qsc_card_bitmap(applet->card, first, applet->answer, len);
	if (!len)
		return SW_P1P2;
	applet_reserve(applet, len);
	return SW_OK;
}

static enum sw command_revoke(struct applet *applet, const struct apdu *apdu)
{
	struct qsc_why why;

	if (apdu->p1 || apdu->p2)
		return SW_P1P2;
	if (apdu->lc != QSC_KEYS_REVOKE_TOKEN)
		return SW_LENGTH;
	switch (qsc_card_revoke(applet->card, apdu->data, &why)) {
	case 0:
		applet->verified = false;
		return SW_OK;
	case -EINVAL:
		return SW_TOKEN_INVALID;
	case -EKEYREJECTED:
		return SW_SECURITY;
	case -EKEYREVOKED:
		return SW_REVOKED;
	case -ENOKEY:
		return SW_CONDITIONS;
	default:
		applet->verified = false;
		return applet_failed(&why);
	}
}

static const struct {
	uint8_t cla, ins;
	enum sw (*run)(struct applet *applet, const struct apdu *apdu);
} commands[] = {
	{ 0x00, 0xa4, command_select }, { 0x80, 0xca, command_info },
	{ 0x00, 0x20, command_verify }, { 0x80, 0x32, command_draw },
	{ 0x80, 0x36, command_bitmap }, { 0x80, 0x38, command_revoke },
	{ 0x80, 0xe2, command_load },
};

static enum sw dispatch(struct applet *applet, const struct apdu *apdu)
{
	if (apdu->cla != 0x00 && apdu->cla != 0x80)
		return SW_CLA;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].ins != apdu->ins)
			continue;
		if (!applet->selected && commands[i].run != command_select)
			return SW_INS;
		if (commands[i].cla != apdu->cla)
			return SW_CLA;
		return commands[i].run(applet, apdu);
	}
	return SW_INS;
}

void applet_process(struct applet *applet, const uint8_t *command, size_t len)
{
	enum sw sw = SW_LENGTH;
	struct apdu apdu;

	applet->len = 0;
	applet->drawn = false;
	if (apdu_parse(&apdu, command, len))
		sw = dispatch(applet, &apdu);
	if (sw != SW_OK)
		applet_forget(applet);
	put_be16(applet_reserve(applet, 2), (uint16_t)sw);
}

void applet_forget(struct applet *applet)
{
	OPENSSL_cleanse(applet->answer, applet->len);
	applet->len = 0;
}

/* Somebody who has shown the PIN is going to draw. */
void applet_prepare(struct applet *applet)
{
	if (applet->verified && !applet->ephemeral && qsc_ephemeral_new(&applet->ephemeral))
		say("no key pair could be made: the next sealed draw tries again");
}

void applet_reset(struct applet *applet)
{
	applet->selected = false;
	applet->verified = false;
	applet->loading = false;
	qsc_ephemeral_free(applet->ephemeral);
	applet->ephemeral = NULL;
	OPENSSL_cleanse(&applet->transport, sizeof(applet->transport));
}

void applet_init(struct applet *applet, struct qsc_card *card)
{
	memset(applet, 0, sizeof(*applet));
	applet->card = card;
}
