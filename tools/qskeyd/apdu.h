/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Commands of the card and its answers, see Documentation/apdu.rst. */
#ifndef _QSKEYD_APDU_H
#define _QSKEYD_APDU_H

#include "card.h"

#define APDU_MAX 80 /* of our commands */
#define APDU_ANSWER_MAX 258

/* Status words that a terminal has to tell apart */
enum {
	SW_OK = 0x9000,
	SW_REVOKED = 0x6283,
	SW_WRONG_PIN = 0x63c0, /* tries left in the last digit */
	SW_MEMORY = 0x6581,
	SW_NO_PIN = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_STATE = 0x6985,
	SW_NO_APPLET = 0x6a82,
	SW_EMPTY = 0x6a84,
};

struct apdu {
	uint8_t bytes[APDU_MAX];
	size_t len;
};

void apdu_select(struct apdu *apdu);
void apdu_info(struct apdu *apdu);
void apdu_verify(struct apdu *apdu, const char *pin); /* holds it: wipe */
void apdu_draw(struct apdu *apdu, unsigned int purpose);
void apdu_draw_sealed(struct apdu *apdu, unsigned int purpose, const uint8_t *point);

/* The status word, or -1: a card that dies may answer less than two bytes. */
int apdu_status(const uint8_t *answer, size_t len);

/* Whether an answer with SW_OK is what it has to be; it comes from anywhere. */
bool apdu_read_info(const uint8_t *answer, size_t len, struct qsc_card_info *info, bool *seals);
bool apdu_read_draw(const uint8_t *answer, size_t len, struct qsc_draw *draw);
/* All of @draw but the key, which is sealed still; and the card's point */
bool apdu_read_sealed(const uint8_t *answer, size_t len, struct qsc_draw *draw,
		      uint8_t chip[QSC_KEYS_POINT], uint8_t sealed[QSC_KEYS_SEALED_DRAW]);

#endif /* _QSKEYD_APDU_H */
