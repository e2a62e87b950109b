// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reading a whole pool without using it. */
#include "internal.h"

struct examination {
	struct qsc_card *card;
	struct qsc_card_health *health;
};

static int look_at(void *arg, uint32_t index, const uint8_t *slot)
{
	struct examination *e = arg;
	struct qsc_card_health *health = e->health;

	if (map_is_used(e->card, index) || e->card->state.state == QSC_CARD_REVOKED) {
		if (slot_is_zero(slot))
			health->burnt++;
		else
			health->unwiped++;
	} else if (!slot_check(e->card, index, slot)) {
		health->good++;
	} else if (!health->damaged++) {
		health->first_damaged = index;
	}
	return 0;
}

int qsc_card_examine(struct qsc_card *card, struct qsc_card_health *health, struct qsc_why *why)
{
	struct examination e = { card, health };

	memset(health, 0, sizeof(*health));
	if (card->state.state == QSC_CARD_LOADING)
		return 0;
	return slot_each(card, look_at, &e, why);
}
