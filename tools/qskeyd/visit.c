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

/* Before it gets to see the PIN */
static int check_seal(struct visit *visit, struct card_view *view)
{
	switch (seals_judge(visit->seals, view->info.card, view->seals)) {
	case SEALS_OK:
		return 0;
	case SEALS_REQUIRED:
		return failure(&view->why, FAIL_UNSEALED,
			       "card %llu (%s) cannot seal the keys that it gives, and "
			       "require-sealed-draw is set: ask your carrier for a newer card",
			       NUMBER(view), view->where);
	case SEALS_DENIED:
		return failure(
			&view->why, FAIL_UNSEALED,
			"card %llu (%s) sealed its keys before and now says that it cannot: "
			"somebody in between may want to read them; see to reader and pcscd, then "
			"start qskeyd again",
			NUMBER(view), view->where);
	case SEALS_NO_MEMORY:
		break;
	}
	return failure(&view->why, FAIL_INTERNAL, "not enough memory");
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
	if (!apdu_read_info(visit->answer, visit->len, &view->info, &view->seals))
		return failure(
			&view->why, FAIL_FOREIGN_CARD,
			"the card in %s says nothing sensible about itself (%04X): it needs a "
			"newer version of qskeyd, or is not a QSC card",
			visit->reader, (unsigned int)sw);
	view->has_info = true;
	return card_usable(&view->info, view->where, &view->why) ?: check_seal(visit, view);
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
	case SW_OK:
		return failure(why, FAIL_CARD_BROKEN,
			       "what card %llu (%s) gave is not a key, or was changed on the way: "
			       "see to reader and pcscd, or ask your carrier for a new card",
			       NUMBER(view), view->where);
	}
	return failure(why, FAIL_CARD_BROKEN,
		       "card %llu (%s) cannot give a key (%04X): ask your carrier for a new card",
		       NUMBER(view), view->where, (unsigned int)sw);
}

/* A key on its way here; secret memory */
struct draw_work {
	struct qsc_draw draw;
	uint8_t shared[QSC_KEYS_LEN];
};

/* One in clear is none: it was not asked for. */
static bool open_sealed(const struct visit *visit, struct qsc_ephemeral *pair,
			struct qsc_draw_names *names, struct draw_work *work)
{
	uint8_t sealed[QSC_KEYS_SEALED_DRAW];

	if (!apdu_read_sealed(visit->answer, visit->len, &work->draw, names->chip, sealed) ||
	    qsc_ephemeral_agree(pair, names->chip, work->shared))
		return false;
	names->index = work->draw.index;
	names->remaining = work->draw.remaining;
	memcpy(names->kid, work->draw.kid, QSC_KEYS_KID);
	return !qsc_keys_open_draw(work->shared, names, sealed, work->draw.key);
}

/* The status word, or -1; @got: whether there is a key */
static int ask_sealed(struct visit *visit, const struct card_view *view, unsigned int purpose,
		      struct qsc_ephemeral *pair, struct draw_work *work, bool *got)
{
	struct qsc_draw_names names = { .card = view->info.card, .purpose = (uint8_t)purpose };
	struct apdu apdu;
	int sw;

	memcpy(names.reader, qsc_ephemeral_public(pair), QSC_KEYS_POINT);
	apdu_draw_sealed(&apdu, purpose, names.reader);
	sw = command(visit, &apdu);
	*got = open_sealed(visit, pair, &names, work);
	return sw;
}

static int ask_clear(struct visit *visit, unsigned int purpose, struct draw_work *work, bool *got)
{
	struct apdu apdu;
	int sw;

	apdu_draw(&apdu, purpose);
	sw = command(visit, &apdu);
	*got = apdu_read_draw(visit->answer, visit->len, &work->draw);
	return sw;
}

/* Whatever comes instead of a key, the slot may have been burnt. */
static int draw_one(struct visit *visit, const struct card_view *view, struct drawn *drawn,
		    unsigned int *lost, struct failure *why)
{
	unsigned int purpose = purpose_of(view->info.profile, drawn->n);
	struct draw_work *work = secmem_get(sizeof(*work));
	struct qsc_ephemeral *pair = NULL;
	int sw, ret = 0;
	bool got;

	if (!work || (view->seals && qsc_ephemeral_new(&pair))) {
		secmem_put(work);
		return failure(why, FAIL_INTERNAL, "not enough memory for secrets");
	}
	if (view->seals)
		sw = ask_sealed(visit, view, purpose, pair, work, &got);
	else
		sw = ask_clear(visit, purpose, work, &got);
	qsc_ephemeral_free(pair);
	if (got) {
		drawn_add(drawn, &work->draw);
	} else {
		*lost += sw == -1 || sw == SW_OK;
		ret = no_key(visit, view, sw, why);
	}
	OPENSSL_cleanse(visit->answer, APDU_ANSWER_MAX);
	secmem_put(work);
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
