// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What is the same for cards in readers and in files. */
#include <string.h>

#include "provider.h"

unsigned int keys_per_call(unsigned int profile)
{
	return profile == QSC_PROFILE_TWO_DRAW ? 2 : 1;
}

unsigned int purpose_of(unsigned int profile, unsigned int which)
{
	if (profile != QSC_PROFILE_TWO_DRAW)
		return QSC_PURPOSE_BOTH;
	return which ? QSC_PURPOSE_DIST : QSC_PURPOSE_AUTH;
}

void drawn_add(struct drawn *drawn, const struct qsc_draw *draw)
{
	drawn->index[drawn->n] = draw->index;
	drawn->remaining = draw->remaining;
	memcpy(drawn->kid[drawn->n], draw->kid, QSC_KEYS_KID);
	memcpy(drawn->key[drawn->n], draw->key, QSC_KEYS_LEN);
	drawn->n++;
}

int card_usable(const struct qsc_card_info *info, const char *where, struct failure *why)
{
	unsigned long long card = info->card;

	switch (info->state) {
	case QSC_CARD_REVOKED:
		return failure(
			why, FAIL_REVOKED_CARD,
			"card %llu (%s) was revoked by your carrier; it will never work again: "
			"ask for a new card",
			card, where);
	case QSC_CARD_LOADING:
		return failure(why, FAIL_CARD_LOADING,
			       "the card in %s has no keys yet: it has to be personalised first "
			       "(qspool personalise)",
			       where);
	}
	if (info->remaining < keys_per_call(info->profile))
		return failure(
			why, FAIL_EMPTY_CARD,
			"card %llu (%s) is empty, all of its %u keys are used: ask your carrier "
			"for a new card",
			card, where, info->total);
	return 0;
}
