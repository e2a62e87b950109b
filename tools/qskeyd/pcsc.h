/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* One exclusive transaction with one card; pcsc.c goes from card to card. */
#ifndef _QSKEYD_PCSC_H
#define _QSKEYD_PCSC_H

#include <winscard.h>

#include "apdu.h"
#include "provider.h"
#include "seals.h"

/**
 * struct visit - a transaction with a card
 * @context: of PC/SC
 * @reader: its name
 * @pins: of all cards
 * @seals: of all cards
 * @handle: of the card
 * @protocol: T=0 or T=1
 * @answer: to the last command, secret memory, %APDU_ANSWER_MAX bytes
 * @len: of @answer
 * @error: of the last command that did not get through
 */
struct visit {
	SCARDCONTEXT context;
	const char *reader;
	struct pins *pins;
	struct seals *seals;
	SCARDHANDLE handle;
	DWORD protocol;
	uint8_t *answer;
	size_t len;
	LONG error;
};

/*
 * All return 0 or -1 with @why set. After visit_begin() has failed there is
 * nothing to end.
 */
int visit_begin(struct visit *visit, struct failure *why);
void visit_end(struct visit *visit);

/* What card is it, and may it be used? */
int visit_identify(struct visit *visit, struct card_view *view);

/* @given: a PIN, or NULL for the one that is known */
int visit_verify(struct visit *visit, const struct card_view *view, const char *given,
		 struct failure *why);

/* What @drawn lacks; @lost counts keys that were burnt and did not get here. */
int visit_draw(struct visit *visit, const struct card_view *view, struct drawn *drawn,
	       unsigned int *lost, struct failure *why);

/* Whether it is pcscd that is gone, not a card */
bool pcscd_is_gone(LONG error);

#endif /* _QSKEYD_PCSC_H */
