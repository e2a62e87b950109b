// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Taking a command apart: ISO 7816-4, 5.2. */
#include "keys_internal.h"
#include "qsvsim.h"

static size_t short_ne(uint8_t le)
{
	return le ? le : 256;
}

static size_t extended_ne(const uint8_t *le)
{
	return get_be16(le) ? get_be16(le) : 65536;
}

/* @body behind the header: [Lc data] [Le] */
static bool parse_short(struct apdu *apdu, const uint8_t *body, size_t len)
{
	apdu->lc = body[0];
	apdu->data = body + 1;
	if (len == 1 + apdu->lc)
		return true;
	if (len != 2 + apdu->lc)
		return false;
	apdu->ne = short_ne(body[len - 1]);
	return true;
}

static bool parse_extended(struct apdu *apdu, const uint8_t *body, size_t len)
{
	if (len < 3)
		return false;
	if (len == 3) {
		apdu->ne = extended_ne(body + 1);
		return true;
	}
	apdu->lc = get_be16(body + 1);
	apdu->data = body + 3;
	if (!apdu->lc)
		return false;
	if (len == 3 + apdu->lc)
		return true;
	if (len != 5 + apdu->lc)
		return false;
	apdu->ne = extended_ne(body + len - 2);
	return true;
}

bool apdu_parse(struct apdu *apdu, const uint8_t *bytes, size_t len)
{
	const uint8_t *body = bytes + 4;

	memset(apdu, 0, sizeof(*apdu));
	if (len < 4)
		return false;
	apdu->cla = bytes[0];
	apdu->ins = bytes[1];
	apdu->p1 = bytes[2];
	apdu->p2 = bytes[3];
	len -= 4;
	if (!len)
		return true;
	if (len == 1) {
		apdu->ne = short_ne(body[0]);
		return true;
	}
	return body[0] ? parse_short(apdu, body, len) : parse_extended(apdu, body, len);
}
