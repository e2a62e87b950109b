// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Fault injection: where a card may be torn. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

static const char *const names[QSC_STEPS] = {
	[QSC_STEP_DRAW] = "draw",
	[QSC_STEP_BURNT] = "burnt",
	[QSC_STEP_SYNCED] = "synced",
	[QSC_STEP_CHECKED] = "checked",
	[QSC_STEP_COPIED] = "copied",
	[QSC_STEP_ZEROISED] = "zeroised",
	[QSC_STEP_ANSWER] = "answer",
	[QSC_STEP_ANSWERED] = "answered",
	[QSC_STEP_PIN_COUNTED] = "pin-counted",
	[QSC_STEP_PIN_CLEARED] = "pin-cleared",
	[QSC_STEP_REVOKE_MARKED] = "revoke-marked",
	[QSC_STEP_REVOKE_SHREDDED] = "revoke-shredded",
	[QSC_STEP_REVOKE_ZEROISED] = "revoke-zeroised",
	[QSC_STEP_LOAD_BEGUN] = "load-begun",
	[QSC_STEP_LOAD_SLOTS] = "load-slots",
	[QSC_STEP_LOAD_FINISHED] = "load-finished",
};

const char *qsc_card_step_name(unsigned int step)
{
	return step < QSC_STEPS ? names[step] : NULL;
}

void qsc_card_on_step(struct qsc_card *card, void (*hook)(void *arg, enum qsc_card_step step),
		      void *arg)
{
	card->hook = hook;
	card->hook_arg = arg;
}

void qsc_card_step(struct qsc_card *card, enum qsc_card_step step)
{
	if (card->hook)
		card->hook(card->hook_arg, step);
}

static int unknown_step(const char *text, struct qsc_why *why)
{
	char list[400];
	int len = 0;

	for (unsigned int i = 0; i < QSC_STEPS; i++)
		len += snprintf(list + len, sizeof(list) - (size_t)len, "%s%s", i ? ", " : "",
				names[i]);
	return qsc_why(why, -EINVAL, "\"%s\" is no STEP or STEP:N; steps are %s", text, list);
}

int qsc_die_at_parse(const char *text, struct qsc_die_at *die, struct qsc_why *why)
{
	size_t len = strcspn(text, ":");
	unsigned long count = 1;
	char *end;

	if (text[len]) {
		count = strtoul(text + len + 1, &end, 10);
		if (*end || end == text + len + 1 || !count || count > UINT32_MAX)
			return unknown_step(text, why);
	}
	for (unsigned int i = 0; i < QSC_STEPS; i++) {
		if (strlen(names[i]) != len || memcmp(names[i], text, len))
			continue;
		die->step = i;
		die->count = (unsigned int)count;
		return 0;
	}
	return unknown_step(text, why);
}

void qsc_die_at_step(void *arg, enum qsc_card_step step)
{
	struct qsc_die_at *die = arg;

	if (step == die->step && !--die->count)
		raise(SIGKILL);
}
