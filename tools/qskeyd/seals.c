// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A list of numbers: there are few cards, and none is ever taken out. */
#include <stdlib.h>

#include <sys/queue.h>

#include "seals.h"

struct seen {
	SLIST_ENTRY(seen) link;
	uint64_t card;
};

SLIST_HEAD(seen_list, seen);

struct seals {
	struct seen_list list;
	bool required;
};

struct seals *seals_new(bool required)
{
	struct seals *seals = calloc(1, sizeof(*seals));

	if (!seals)
		return NULL;
	SLIST_INIT(&seals->list);
	seals->required = required;
	return seals;
}

void seals_free(struct seals *seals)
{
	struct seen *seen;

	if (!seals)
		return;
	while ((seen = SLIST_FIRST(&seals->list))) {
		SLIST_REMOVE_HEAD(&seals->list, link);
		free(seen);
	}
	free(seals);
}

static bool was_seen(const struct seals *seals, uint64_t card)
{
	const struct seen *seen;

	for (seen = SLIST_FIRST(&seals->list); seen; seen = SLIST_NEXT(seen, link))
		if (seen->card == card)
			return true;
	return false;
}

static enum seals_verdict remember(struct seals *seals, uint64_t card)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return SEALS_NO_MEMORY;
	seen->card = card;
	SLIST_INSERT_HEAD(&seals->list, seen, link);
	return SEALS_OK;
}

enum seals_verdict seals_judge(struct seals *seals, uint64_t card, bool announced)
{
	bool seen = was_seen(seals, card);

	if (announced)
		return seen ? SEALS_OK : remember(seals, card);
	if (seen)
		return SEALS_DENIED;
	return seals->required ? SEALS_REQUIRED : SEALS_OK;
}
