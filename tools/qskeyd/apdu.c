// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Bytes for the card, and what its bytes mean. */
#include <string.h>

#include "apdu.h"

#define VERSION 1 /* of the card's interface */
#define FEATURE_SEALED_DRAW 0x01
#define SEALED_VALUE (QSC_KEYS_POINT + QSC_KEYS_SEALED_DRAW)

static void begin(struct apdu *apdu, const uint8_t *head, size_t len)
{
	memset(apdu, 0, sizeof(*apdu));
	memcpy(apdu->bytes, head, len);
	apdu->len = len;
}

void apdu_select(struct apdu *apdu)
{
	static const uint8_t bytes[] = { 0x00, 0xa4, 0x04, 0x00, 5, 0xf0, 0x51, 0x53, 0x43, 0x01 };

	begin(apdu, bytes, sizeof(bytes));
}

void apdu_info(struct apdu *apdu)
{
	static const uint8_t bytes[] = { 0x80, 0xca, 0x00, 0xfe, 0x00 };

	begin(apdu, bytes, sizeof(bytes));
}

void apdu_verify(struct apdu *apdu, const char *pin)
{
	uint8_t head[] = { 0x00, 0x20, 0x00, 0x81, 0 };
	size_t len = strnlen(pin, QSC_CARD_PIN_MAX);

	head[4] = (uint8_t)len;
	begin(apdu, head, sizeof(head));
	memcpy(apdu->bytes + sizeof(head), pin, len);
	apdu->len += len;
}

void apdu_draw(struct apdu *apdu, unsigned int purpose)
{
	const uint8_t bytes[] = { 0x80, 0x32, (uint8_t)purpose, 0x00, 0x00 };

	begin(apdu, bytes, sizeof(bytes));
}

void apdu_draw_sealed(struct apdu *apdu, unsigned int purpose, const uint8_t *point)
{
	const uint8_t head[] = { 0x80, 0x32, (uint8_t)purpose, 0x02, QSC_KEYS_POINT };

	begin(apdu, head, sizeof(head));
	memcpy(apdu->bytes + sizeof(head), point, QSC_KEYS_POINT);
	apdu->len += QSC_KEYS_POINT + 1; /* Le is 00 */
}

int apdu_status(const uint8_t *answer, size_t len)
{
	return len < 2 ? -1 : answer[len - 2] << 8 | answer[len - 1];
}

/* The value of the next TLV if it has this tag and length, else NULL */
static const uint8_t *next(const uint8_t **at, const uint8_t *end, uint8_t tag, size_t len)
{
	const uint8_t *value = *at + 2;

	if ((size_t)(end - *at) < 2 + len || (*at)[0] != tag || (*at)[1] != len)
		return NULL;
	*at = value + len;
	return value;
}

static bool number(const uint8_t **at, const uint8_t *end, uint8_t tag, size_t len, uint64_t *out)
{
	const uint8_t *value = next(at, end, tag, len);

	*out = 0;
	for (size_t i = 0; value && i < len; i++)
		*out = *out << 8 | value[i];
	return value;
}

bool apdu_read_info(const uint8_t *answer, size_t len, struct qsc_card_info *info, bool *seals)
{
	uint64_t version, card, profile, total, remaining, state, tries, features;
	const uint8_t *at = answer, *end;

	*seals = false;
	memset(info, 0, sizeof(*info));
	if (apdu_status(answer, len) != SW_OK)
		return false;
	end = answer + len - 2;
	if (!number(&at, end, 0x80, 1, &version) || !number(&at, end, 0x81, 5, &card) ||
	    !number(&at, end, 0x82, 1, &profile) || !number(&at, end, 0x83, 4, &total) ||
	    !number(&at, end, 0x84, 4, &remaining) || !number(&at, end, 0x85, 1, &state) ||
	    !number(&at, end, 0x86, 1, &tries))
		return false;
	if (version != VERSION || remaining > total || state < QSC_CARD_LOADING ||
	    state > QSC_CARD_REVOKED ||
	    (state != QSC_CARD_LOADING && !qsc_profile_name((unsigned int)profile)))
		return false;
	/* Cards of before have none; later ones may have more behind it. */
	*seals = number(&at, end, 0x87, 1, &features) && features & FEATURE_SEALED_DRAW;
	*info = (struct qsc_card_info){
		.card = card,
		.state = (uint8_t)state,
		.profile = (uint8_t)profile,
		.tries = (uint8_t)tries,
		.total = (uint32_t)total,
		.remaining = (uint32_t)remaining,
	};
	return true;
}

/* What both kinds of DRAW are answered with: the value of @tag is the key. */
static const uint8_t *draw_value(const uint8_t *answer, size_t len, uint8_t tag, size_t value_len,
				 struct qsc_draw *draw)
{
	const uint8_t *at = answer, *end, *kid, *value;
	uint64_t index, remaining;

	if (apdu_status(answer, len) != SW_OK)
		return NULL;
	end = answer + len - 2;
	if (!number(&at, end, 0x90, 4, &index))
		return NULL;
	kid = next(&at, end, 0x91, QSC_KEYS_KID);
	value = kid ? next(&at, end, tag, value_len) : NULL;
	if (!value || !number(&at, end, 0x93, 4, &remaining) || at != end)
		return NULL;
	draw->index = (uint32_t)index;
	draw->remaining = (uint32_t)remaining;
	memcpy(draw->kid, kid, QSC_KEYS_KID);
	return value;
}

bool apdu_read_draw(const uint8_t *answer, size_t len, struct qsc_draw *draw)
{
	const uint8_t *key;

	memset(draw, 0, sizeof(*draw));
	key = draw_value(answer, len, 0x92, QSC_KEYS_LEN, draw);
	if (key)
		memcpy(draw->key, key, QSC_KEYS_LEN);
	return key;
}

bool apdu_read_sealed(const uint8_t *answer, size_t len, struct qsc_draw *draw,
		      uint8_t chip[QSC_KEYS_POINT], uint8_t sealed[QSC_KEYS_SEALED_DRAW])
{
	const uint8_t *value;

	memset(draw, 0, sizeof(*draw));
	value = draw_value(answer, len, 0x94, SEALED_VALUE, draw);
	if (!value)
		return false;
	memcpy(chip, value, QSC_KEYS_POINT);
	memcpy(sealed, value + QSC_KEYS_POINT, QSC_KEYS_SEALED_DRAW);
	return true;
}
