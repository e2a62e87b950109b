// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The burn. Its order is the promise of the card: the burn bit is on the disk
 * and was read back before the key is even decrypted, and the slot is zeroised
 * before the key is given. Whatever stops the card in between costs keys and
 * never gives one twice.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/* The slots of one burn. */
struct burn {
	unsigned int n;
	uint32_t index[QSC_CARD_BATCH];
	uint8_t sealed[QSC_CARD_BATCH][SLOT_LEN];
	bool *touched; /* sectors of the bitmap */
};

bool qsc_profile_has(unsigned int profile, unsigned int purpose)
{
	if (profile == QSC_PROFILE_TWO_DRAW)
		return purpose == QSC_PURPOSE_AUTH || purpose == QSC_PURPOSE_DIST;
	return purpose == QSC_PURPOSE_BOTH;
}

static int check(struct qsc_card *card, unsigned int purpose, struct qsc_why *why)
{
	if (card->state.state == QSC_CARD_REVOKED)
		return qsc_why(why, -EKEYREVOKED,
			       "%s was revoked: its keys are gone, get another card", card->path);
	if (card->state.state != QSC_CARD_READY)
		return qsc_why(why, -ENOKEY,
			       "%s is not loaded yet: personalise it, or remove it if that was "
			       "interrupted",
			       card->path);
	if (card->look_only)
		return qsc_why(why, -EIO, "%s is open for reading only", card->path);
	if (!qsc_profile_has(card->identity.profile, purpose))
		return qsc_why(why, -EINVAL, "%s: purpose %u does not exist on a %s card",
			       card->path, purpose, qsc_profile_name(card->identity.profile));
	return card_check_failed(card, why);
}

/*
 * Mark a slot in memory and fetch what is in it, still encrypted. -EBADMSG: it
 * is damaged, which can be seen without the key; it stays marked, since nobody
 * will ever get anything out of it.
 */
static int take(struct qsc_card *card, struct burn *burn, uint32_t index, struct qsc_why *why)
{
	uint8_t *sealed = burn->sealed[burn->n];
	int err = card_read(card, slot_offset(card, index), sealed, SLOT_LEN, why);

	if (err)
		return err;
	err = slot_check(card, index, sealed);
	if (err && err != -EBADMSG)
		return qsc_why(why, -EIO, "cannot check slot %u of %s: the crypto library failed",
			       index, card->path);
	map_mark(card, index, true);
	burn->touched[index / MAP_SLOTS] = true;
	if (err)
		return qsc_why(why, err,
			       "slot %u of %s (bytes %llu to %llu) is damaged and is not given: "
			       "the disk or somebody has changed it",
			       index, card->path, (unsigned long long)slot_offset(card, index),
			       (unsigned long long)slot_offset(card, index) + SLOT_LEN - 1);
	burn->index[burn->n++] = index;
	return 0;
}

static int take_random(struct qsc_card *card, struct burn *burn, unsigned int n,
		       struct qsc_why *why)
{
	while (burn->n < n) {
		uint32_t index;
		int err;

		if (card->used == card->total)
			return qsc_why(why, -ENODATA,
				       "%s has no unused keys left: get another card", card->path);
		err = map_random_free(card, &index);
		if (err)
			return qsc_why(why, -EIO, "cannot get random numbers");
		err = take(card, burn, index, why);
		if (err && err != -EBADMSG)
			return err;
	}
	return 0;
}

/* Nothing of it has been written. */
static void give_back(struct qsc_card *card, struct burn *burn)
{
	for (unsigned int i = 0; i < burn->n; i++)
		map_mark(card, burn->index[i], false);
}

static void give_back_sector(struct qsc_card *card, struct burn *burn, uint32_t sector)
{
	for (unsigned int i = 0; i < burn->n; i++)
		if (burn->index[i] / MAP_SLOTS == sector)
			map_mark(card, burn->index[i], false);
}

/* Steps 1 and 2: commit the burn bits, and see that they are there. */
static int commit(struct qsc_card *card, struct burn *burn, struct qsc_why *why)
{
	bool broken = false;
	int err = 0;

	for (uint32_t i = 0; i < card->map_sectors; i++) {
		if (!burn->touched[i])
			continue;
		if (!err)
			err = map_write(card, i, why);
		/* Unless it may be on the disk in part, it is not burnt. */
		broken = broken || card->failed;
		if (err && !broken)
			give_back_sector(card, burn, i);
	}
	if (err)
		return err;
	qsc_card_step(card, QSC_STEP_BURNT);
	err = card_sync(card, why);
	if (err)
		return err;
	qsc_card_step(card, QSC_STEP_SYNCED);
	for (uint32_t i = 0; i < card->map_sectors && !err; i++)
		if (burn->touched[i])
			err = map_read_back(card, i, why);
	if (!err)
		qsc_card_step(card, QSC_STEP_CHECKED);
	return err;
}

/* Step 3: decrypt into memory. */
static int copy(struct qsc_card *card, struct burn *burn, struct qsc_draw *draws,
		struct qsc_why *why)
{
	struct qsc_slot slot;
	int err = 0;

	for (unsigned int i = 0; i < burn->n && !err; i++) {
		draws[i].index = burn->index[i];
		draws[i].remaining = card->total - card->used;
		err = slot_open(card, burn->index[i], burn->sealed[i], &slot);
		if (!err)
			err = qsc_kid_complete(card->identity.kid_card, slot.core, draws[i].kid);
		memcpy(draws[i].key, slot.key, QSC_KEYS_LEN);
	}
	OPENSSL_cleanse(&slot, sizeof(slot));
	if (err)
		return qsc_why(why, -EIO, "cannot decrypt a key of %s: the crypto library failed",
			       card->path);
	qsc_card_step(card, QSC_STEP_COPIED);
	return 0;
}

/* Step 4. A power cut before it is on the disk is made good when it is opened. */
static int zeroise(struct qsc_card *card, struct burn *burn, struct qsc_why *why)
{
	static const uint8_t zeros[SLOT_LEN];

	for (unsigned int i = 0; i < burn->n; i++) {
		int err = card_write(card, slot_offset(card, burn->index[i]), zeros, SLOT_LEN, why);

		if (err) {
			card->failed = true;
			return err;
		}
	}
	qsc_card_step(card, QSC_STEP_ZEROISED);
	return 0;
}

static int begin(struct qsc_card *card, unsigned int purpose, struct burn *burn,
		 struct qsc_why *why)
{
	int err = check(card, purpose, why);

	if (err)
		return err;
	burn->touched = calloc(card->map_sectors, sizeof(*burn->touched));
	if (!burn->touched)
		return qsc_why(why, -ENOMEM, "not enough memory to draw a key");
	qsc_card_step(card, QSC_STEP_DRAW);
	return 0;
}

/* @err: of taking the slots, none of which is burnt yet */
static int finish(struct qsc_card *card, struct burn *burn, int err, struct qsc_draw *draws,
		  unsigned int n, struct qsc_why *why)
{
	if (err)
		give_back(card, burn);
	else
		err = commit(card, burn, why);
	if (!err)
		err = copy(card, burn, draws, why);
	if (!err)
		err = zeroise(card, burn, why);
	if (err)
		OPENSSL_cleanse(draws, n * sizeof(*draws));
	free(burn->touched);
	return err;
}

int qsc_card_draw_many(struct qsc_card *card, unsigned int purpose, struct qsc_draw *draws,
		       unsigned int n, struct qsc_why *why)
{
	struct burn burn = { 0 };
	int err;

	if (!n || n > QSC_CARD_BATCH)
		return qsc_why(why, -EINVAL, "%u draws at a time: 1 to %u are possible", n,
			       QSC_CARD_BATCH);
	memset(draws, 0, n * sizeof(*draws));
	err = begin(card, purpose, &burn, why);
	if (err)
		return err;
	err = take_random(card, &burn, n, why);
	return finish(card, &burn, err, draws, n, why);
}

int qsc_card_draw(struct qsc_card *card, unsigned int purpose, struct qsc_draw *draw,
		  struct qsc_why *why)
{
	return qsc_card_draw_many(card, purpose, draw, 1, why);
}

int qsc_card_draw_index(struct qsc_card *card, unsigned int purpose, uint32_t index,
			struct qsc_draw *draw, struct qsc_why *why)
{
	struct burn burn = { 0 };
	int err = begin(card, purpose, &burn, why);

	memset(draw, 0, sizeof(*draw));
	if (err)
		return err;
	if (index >= card->total)
		err = qsc_why(why, -ERANGE, "%s has no slot %u: they go from 0 to %u", card->path,
			      index, card->total - 1);
	else if (map_is_used(card, index))
		err = qsc_why(why, -EKEYEXPIRED, "slot %u of %s was used before", index,
			      card->path);
	else
		err = take(card, &burn, index, why);
	if (err == -EBADMSG)
		err = -EIO;
	return finish(card, &burn, err, draw, 1, why);
}
