// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * From SELECT to DRAW. The transaction is exclusive from the first to the last
 * command: PIN and selection are the card's, not the program's.
 */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "log.h"
#include "pcsc.h"
#include "secmem.h"

#define NUMBER(view) ((unsigned long long)(view)->info.card)

bool pcscd_is_gone(LONG error)
{
	return error == SCARD_E_NO_SERVICE || error == SCARD_E_SERVICE_STOPPED ||
	       error == SCARD_E_INVALID_HANDLE || error == SCARD_F_COMM_ERROR ||
	       error == SCARD_F_INTERNAL_ERROR;
}

static int no_way(struct visit *visit, struct failure *why)
{
	switch (visit->error) {
	case SCARD_E_NO_SMARTCARD:
	case SCARD_W_REMOVED_CARD:
		return failure(why, FAIL_NO_CARD, "there is no card in %s: insert it",
			       visit->reader);
	case SCARD_E_SHARING_VIOLATION:
		return failure(why, FAIL_CARD_GONE,
			       "another program keeps the card in %s for itself: end it",
			       visit->reader);
	}
	if (pcscd_is_gone(visit->error))
		return failure(why, FAIL_NO_PCSCD, "pcscd went away (%s): start it again",
			       pcsc_stringify_error(visit->error));
	return failure(why, FAIL_CARD_GONE,
		       "the card in %s does not answer (%s): take it out and insert it again",
		       visit->reader, pcsc_stringify_error(visit->error));
}

int visit_begin(struct visit *visit, struct failure *why)
{
	visit->answer = secmem_get(APDU_ANSWER_MAX);
	if (!visit->answer)
		return failure(why, FAIL_INTERNAL, "not enough memory for secrets");
	visit->error = SCardConnect(visit->context, visit->reader, SCARD_SHARE_SHARED,
				    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &visit->handle,
				    &visit->protocol);
	if (visit->error == SCARD_S_SUCCESS) {
		visit->error = SCardBeginTransaction(visit->handle);
		if (visit->error == SCARD_S_SUCCESS)
			return 0;
		no_way(visit, why);
		SCardDisconnect(visit->handle, SCARD_LEAVE_CARD);
	} else {
		no_way(visit, why);
	}
	secmem_put(visit->answer);
	return -1;
}

void visit_end(struct visit *visit)
{
	SCardEndTransaction(visit->handle, SCARD_LEAVE_CARD);
	SCardDisconnect(visit->handle, SCARD_LEAVE_CARD);
	secmem_put(visit->answer);
}

/*
 * The status word, or -1 if there was none. A card that dies may leave a success
 * without an answer.
 */
static int command(struct visit *visit, struct apdu *apdu)
{
	const SCARD_IO_REQUEST *pci = visit->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 :
									     SCARD_PCI_T1;
	DWORD len = APDU_ANSWER_MAX;
	int sw;

	OPENSSL_cleanse(visit->answer, APDU_ANSWER_MAX);
	visit->error = SCardTransmit(visit->handle, pci, apdu->bytes, apdu->len, NULL,
				     visit->answer, &len);
	OPENSSL_cleanse(apdu, sizeof(*apdu));
	visit->len = visit->error == SCARD_S_SUCCESS ? len : 0;
	sw = apdu_status(visit->answer, visit->len);
	if (sw < 0 && visit->error == SCARD_S_SUCCESS)
		visit->error = SCARD_W_UNRESPONSIVE_CARD;
	return sw;
}

int visit_identify(struct visit *visit, struct card_view *view)
{
	struct apdu apdu;
	int sw;

	apdu_select(&apdu);
	sw = command(visit, &apdu);
	if (sw < 0)
		return no_way(visit, &view->why);
	if (sw != SW_OK)
		return failure(&view->why, FAIL_FOREIGN_CARD,
			       "the card in %s is not a QSC card (it answers %04X): insert yours",
			       visit->reader, (unsigned int)sw);
	apdu_info(&apdu);
	sw = command(visit, &apdu);
	if (sw < 0)
		return no_way(visit, &view->why);
	if (!apdu_read_info(visit->answer, visit->len, &view->info))
		return failure(
			&view->why, FAIL_FOREIGN_CARD,
			"the card in %s says nothing sensible about itself (%04X): it needs a "
			"newer version of qskeyd, or is not a QSC card",
			visit->reader, (unsigned int)sw);
	view->has_info = true;
	return card_usable(&view->info, view->where, &view->why);
}

static int blocked(const struct card_view *view, struct failure *why)
{
	return failure(why, FAIL_BLOCKED_PIN,
		       "the PIN of card %llu (%s) is blocked: ask your carrier for a new card",
		       NUMBER(view), view->where);
}

static int no_pin(const struct card_view *view, int err, const struct qsc_why *text,
		  struct failure *why)
{
	if (err == -EKEYREJECTED)
		return failure(
			why, FAIL_WRONG_PIN,
			"card %llu (%s) has refused this PIN before, so it is not tried again, "
			"%u tries left: put the right one into the PIN file, or give it to "
			"\"qsctl card unlock\"",
			NUMBER(view), view->where, view->info.tries);
	if (err == -ENOKEY)
		return failure(why, FAIL_PIN_NEEDED,
			       "card %llu (%s) needs its PIN: give it to \"qsctl card unlock\", or "
			       "set pin-file",
			       NUMBER(view), view->where);
	return failure(why, FAIL_PIN_NEEDED, "the PIN of card %llu: %s", NUMBER(view), text->text);
}

static int try_pin(struct visit *visit, const struct card_view *view, const char *pin,
		   struct failure *why)
{
	struct apdu apdu;
	int sw;

	apdu_verify(&apdu, pin);
	sw = command(visit, &apdu);
	if (sw < 0)
		return no_way(visit, why);
	if (sw == SW_OK)
		return pins_tried(visit->pins, view->info.card, pin, true) ?
			       failure(why, FAIL_INTERNAL, "not enough memory for secrets") :
			       0;
	if (sw != SW_BLOCKED && (sw & 0xfff0) != SW_WRONG_PIN)
		return failure(why, FAIL_CARD_BROKEN, "card %llu (%s) answers %04X to its PIN",
			       NUMBER(view), view->where, (unsigned int)sw);
	pins_tried(visit->pins, view->info.card, pin, false);
	if (sw == SW_BLOCKED)
		return blocked(view, why);
	return failure(
		why, FAIL_WRONG_PIN,
		"that is not the PIN of card %llu (%s), %u tries left: put the right one into "
		"the PIN file, or give it to \"qsctl card unlock\"",
		NUMBER(view), view->where, (unsigned int)sw & 0xf);
}

int visit_verify(struct visit *visit, const struct card_view *view, const char *given,
		 struct failure *why)
{
	struct qsc_why text = { "" };
	char *pin;
	int ret;

	if (!view->info.tries)
		return blocked(view, why);
	/* That one is for people, who know what they do. */
	if (!given && view->info.tries == 1)
		return failure(why, FAIL_LAST_TRY,
			       "card %llu (%s) leaves one try for the PIN, which is not taken for "
			       "you: give the right one to \"qsctl card unlock\"",
			       NUMBER(view), view->where);
	if (given)
		return try_pin(visit, view, given, why);
	pin = secmem_get(QSC_CARD_PIN_MAX + 1);
	if (!pin)
		return failure(why, FAIL_INTERNAL, "not enough memory for secrets");
	ret = pins_get(visit->pins, view->info.card, pin, &text);
	ret = ret ? no_pin(view, ret, &text, why) : try_pin(visit, view, pin, why);
	secmem_put(pin);
	return ret;
}

static int no_key(struct visit *visit, const struct card_view *view, int sw, struct failure *why)
{
	struct qsc_card_info info = view->info;

	switch (sw) {
	case -1:
		return no_way(visit, why);
	case SW_NO_PIN: /* it has lost power since */
		return failure(why, FAIL_CARD_GONE,
			       "card %llu (%s) was reset in between: try again", NUMBER(view),
			       view->where);
	case SW_REVOKED:
		info.state = QSC_CARD_REVOKED;
		return card_usable(&info, view->where, why);
	case SW_EMPTY:
		info.remaining = 0;
		return card_usable(&info, view->where, why);
	}
	return failure(why, FAIL_CARD_BROKEN,
		       "card %llu (%s) cannot give a key (%04X): ask your carrier for a new card",
		       NUMBER(view), view->where, (unsigned int)sw);
}

/* Whatever comes instead of a key, the slot may have been burnt. */
static int draw_one(struct visit *visit, const struct card_view *view, struct drawn *drawn,
		    unsigned int *lost, struct failure *why)
{
	struct qsc_draw *draw = secmem_get(sizeof(*draw));
	struct apdu apdu;
	int sw, ret = 0;

	if (!draw)
		return failure(why, FAIL_INTERNAL, "not enough memory for secrets");
	apdu_draw(&apdu, purpose_of(view->info.profile, drawn->n));
	sw = command(visit, &apdu);
	if (apdu_read_draw(visit->answer, visit->len, draw)) {
		drawn_add(drawn, draw);
	} else {
		*lost += sw == -1 || sw == SW_OK;
		ret = no_key(visit, view, sw, why);
	}
	OPENSSL_cleanse(visit->answer, APDU_ANSWER_MAX);
	secmem_put(draw);
	return ret;
}

int visit_draw(struct visit *visit, const struct card_view *view, struct drawn *drawn,
	       unsigned int *lost, struct failure *why)
{
	drawn->card = view->info.card;
	drawn->profile = view->info.profile;
	drawn->wanted = keys_per_call(view->info.profile);
	while (drawn->n < drawn->wanted)
		if (draw_one(visit, view, drawn, lost, why))
			return -1;
	return 0;
}
