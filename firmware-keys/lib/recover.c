// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Finishing what a power cut or a kill has interrupted. */
#include <errno.h>

#include "internal.h"

struct sweep {
	struct qsc_card *card;
	struct qsc_why *why;
	bool all; /* the burnt ones only, or all of them */
	bool found;
};

static int wipe_if_left(void *arg, uint32_t index, const uint8_t *slot)
{
	static const uint8_t zeros[SLOT_LEN];
	struct sweep *sweep = arg;

	if (slot_is_zero(slot) || !(sweep->all || map_is_used(sweep->card, index)))
		return 0;
	sweep->found = true;
	if (sweep->all)
		return 0;
	return card_write(sweep->card, slot_offset(sweep->card, index), zeros, SLOT_LEN,
			  sweep->why);
}

/* Burnt, and torn before it was zeroised. */
static int finish_draws(struct qsc_card *card, struct qsc_why *why)
{
	struct sweep sweep = { .card = card, .why = why };
	int err = slot_each(card, wipe_if_left, &sweep, why);

	return err || !sweep.found ? err : card_sync(card, why);
}

static int finish_revocation(struct qsc_card *card, struct qsc_why *why)
{
	static const uint8_t zeros[QSC_KEYS_LEN];
	struct sweep sweep = { .card = card, .why = why, .all = true };
	int err = slot_each(card, wipe_if_left, &sweep, why);

	if (err || (!sweep.found && !memcmp(card->identity.pool_key, zeros, sizeof(zeros))))
		return err;
	return card_finish_revoke(card, why);
}

int card_recover(struct qsc_card *card, struct qsc_why *why)
{
	switch (card->state.state) {
	case QSC_CARD_READY:
		return finish_draws(card, why);
	case QSC_CARD_REVOKED:
		return finish_revocation(card, why);
	default:
		return 0;
	}
}
