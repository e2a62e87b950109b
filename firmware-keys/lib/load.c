// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Personalisation. The card becomes ready with the very last write, or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "internal.h"

static int check_loading(const struct qsc_card *card, struct qsc_why *why)
{
	if (card->state.state == QSC_CARD_REVOKED)
		return qsc_why(why, -EKEYREVOKED, "%s was revoked, for good: make another",
			       card->path);
	if (card->state.state != QSC_CARD_LOADING)
		return qsc_why(why, -EEXIST, "%s is loaded already: make another", card->path);
	return card_check_failed(card, why);
}

static bool identity_ok(const struct qsc_card_identity *id)
{
	return id->card <= QSC_KEYS_CARD_MAX && qsc_profile_name(id->profile) &&
	       qsc_card_pin_ok(id->pin, strnlen(id->pin, sizeof(id->pin)));
}

int qsc_card_load_begin(struct qsc_card *card, const struct qsc_card_identity *identity,
			struct qsc_why *why)
{
	struct identity *id = &card->identity;
	int err = check_loading(card, why);

	if (err)
		return err;
	if (!identity_ok(identity))
		return qsc_why(why, -EINVAL, "%s: card number, profile or PIN is out of range",
			       card->path);
	card->begun = false;
	id->card = identity->card;
	id->profile = identity->profile;
	memcpy(id->kid_card, identity->kid_card, QSC_KEYS_LEN);
	memcpy(id->revoke_key, identity->revoke_key, QSC_KEYS_LEN);
	/* A new one every time: no slot is ever encrypted twice under one key. */
	if (RAND_bytes(id->pool_key, QSC_KEYS_LEN) != 1 || slot_prepare(card) ||
	    pin_set(card, identity->pin, strlen(identity->pin)))
		return qsc_why(why, -EIO, "cannot begin %s: the crypto library failed", card->path);
	err = card_write_identity(card, why);
	if (!err)
		err = card_write_state(card, why);
	if (err)
		return err;
	card->loaded = 0;
	card->begun = true;
	qsc_card_step(card, QSC_STEP_LOAD_BEGUN);
	return 0;
}

int qsc_card_load_slots(struct qsc_card *card, const struct qsc_slot *slots, uint32_t n,
			struct qsc_why *why)
{
	uint8_t *sealed;
	int err = check_loading(card, why);

	if (err)
		return err;
	if (!card->begun || n > card->total - card->loaded)
		return qsc_why(why, -EINVAL, "%s: more slots than the card has, or not begun",
			       card->path);
	sealed = malloc((size_t)n * SLOT_LEN);
	if (!sealed)
		return qsc_why(why, -ENOMEM, "not enough memory for %u slots", n);
	for (uint32_t i = 0; i < n && !err; i++)
		err = slot_seal(card, card->loaded + i, &slots[i], sealed + (size_t)i * SLOT_LEN);
	if (err)
		qsc_why(why, err, "cannot encrypt %s: the crypto library failed", card->path);
	else
		err = card_write(card, slot_offset(card, card->loaded), sealed,
				 (size_t)n * SLOT_LEN, why);
	free(sealed);
	if (err)
		return err;
	card->loaded += n;
	qsc_card_step(card, QSC_STEP_LOAD_SLOTS);
	return 0;
}

uint32_t qsc_card_loaded(const struct qsc_card *card)
{
	return card->loaded;
}

int qsc_card_load_finish(struct qsc_card *card, struct qsc_why *why)
{
	int err = check_loading(card, why);

	if (err)
		return err;
	if (!card->begun || card->loaded != card->total)
		return qsc_why(why, -EINVAL, "%s: %u of %u slots were loaded", card->path,
			       card->loaded, card->total);
	/* Used once, for this. */
	OPENSSL_cleanse(card->identity.transport_key, QSC_KEYS_LEN);
	card->identity.has_transport = false;
	err = card_write_identity(card, why);
	if (!err)
		err = card_sync(card, why);
	if (err)
		return err;
	card->state.state = QSC_CARD_READY;
	err = card_write_state(card, why);
	if (!err)
		err = card_sync(card, why);
	if (err) {
		card->failed = true;
		return err;
	}
	qsc_card_step(card, QSC_STEP_LOAD_FINISHED);
	return 0;
}

int qsc_card_transport_key(const struct qsc_card *card, uint8_t out[QSC_KEYS_LEN])
{
	if (!card->identity.has_transport || card->state.state != QSC_CARD_LOADING) {
		OPENSSL_cleanse(out, QSC_KEYS_LEN);
		return -ENOKEY;
	}
	memcpy(out, card->identity.transport_key, QSC_KEYS_LEN);
	return 0;
}
