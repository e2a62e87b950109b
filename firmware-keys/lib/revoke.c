// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Revocation: first the mark, from which on nothing is given; then what the
 * slots are encrypted with; then the slots. Opening finishes what is missing.
 */
#include <errno.h>

#include "internal.h"

int card_finish_revoke(struct qsc_card *card, struct qsc_why *why)
{
	struct identity *id = &card->identity;
	int err;

	OPENSSL_cleanse(id->kid_card, sizeof(id->kid_card));
	OPENSSL_cleanse(id->revoke_key, sizeof(id->revoke_key));
	OPENSSL_cleanse(id->pool_key, sizeof(id->pool_key));
	OPENSSL_cleanse(id->transport_key, sizeof(id->transport_key));
	id->has_transport = false;
	err = card_write_identity(card, why);
	if (!err)
		err = card_sync(card, why);
	if (err)
		return err;
	qsc_card_step(card, QSC_STEP_REVOKE_SHREDDED);
	/* Derived from what is zero now: the old ones are gone from memory too. */
	if (slot_prepare(card))
		return qsc_why(why, -EIO, "cannot wipe %s: the crypto library failed", card->path);
	err = slot_zeroise_all(card, why);
	if (!err)
		qsc_card_step(card, QSC_STEP_REVOKE_ZEROISED);
	return err;
}

static int check_token(struct qsc_card *card, const uint8_t token[QSC_KEYS_REVOKE_TOKEN],
		       struct qsc_why *why)
{
	uint8_t want[QSC_KEYS_REVOKE_TOKEN];
	int err;

	if (get_be64(token) != card->identity.card)
		return qsc_why(why, -EINVAL, "%s is card %llu, the token is for card %llu",
			       card->path, (unsigned long long)card->identity.card,
			       (unsigned long long)get_be64(token));
	err = qsc_keys_revoke_token(card->identity.revoke_key, card->identity.card, want);
	if (err)
		return qsc_why(why, -EIO, "cannot check the token: the crypto library failed");
	if (CRYPTO_memcmp(want, token, sizeof(want)))
		err = qsc_why(why, -EKEYREJECTED,
			      "the token does not fit card %llu: ask the key service again "
			      "(qskms subscriber revoke)",
			      (unsigned long long)card->identity.card);
	OPENSSL_cleanse(want, sizeof(want));
	return err;
}

int qsc_card_revoke(struct qsc_card *card, const uint8_t token[QSC_KEYS_REVOKE_TOKEN],
		    struct qsc_why *why)
{
	int err;

	if (card->state.state == QSC_CARD_REVOKED)
		return qsc_why(why, -EKEYREVOKED, "%s was revoked before", card->path);
	if (card->state.state != QSC_CARD_READY)
		return qsc_why(why, -ENOKEY, "%s is not loaded yet", card->path);
	err = check_token(card, token, why);
	if (err)
		return err;
	/* In memory first: it ends here even if the disk fails. */
	card->state.state = QSC_CARD_REVOKED;
	card->state.tries = 0;
	OPENSSL_cleanse(card->state.pin, sizeof(card->state.pin));
	err = card_write_state(card, why);
	if (!err)
		err = card_sync(card, why);
	if (err)
		return err;
	qsc_card_step(card, QSC_STEP_REVOKE_MARKED);
	return card_finish_revoke(card, why);
}
