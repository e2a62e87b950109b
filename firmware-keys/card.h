/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * libqsccard: a card in a file. Keys that are burnt before they are given.
 *
 * The virtual SIM and the pool-file provider of qskeyd use it. The format of
 * the file is in Documentation/pool-format.rst, the argument why no key is ever
 * given twice in Documentation/apdu.rst.
 *
 * - A function that can fail returns 0 or a negative errno and says in @why, if
 *   that is not NULL, what is wrong with which file and what to do.
 * - -EIO: the disk failed, or what was read is damaged. No key was given; at
 *   most the ones in flight are lost. Once a write may have reached the disk
 *   only in part, the card gives no more keys until it is opened again.
 * - An object belongs to one thread at a time, and an image to one object: it
 *   is locked as long as it is open.
 */
#ifndef _QSC_CARD_H
#define _QSC_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys.h"

#define QSC_CARD_PIN_MIN 4 /* digits */
#define QSC_CARD_PIN_MAX 8
#define QSC_CARD_PIN_TRIES 3
#define QSC_CARD_BATCH 256U /* draws under one sync */
#define QSC_CARD_SLOTS_MAX (QSC_KEYS_SLOT_MAX + 1)

struct qsc_card;

enum qsc_card_state {
	QSC_CARD_LOADING = 1, /* made, but not all of its keys are there */
	QSC_CARD_READY = 2,
	QSC_CARD_REVOKED = 3, /* for good; the pool is zeroised */
};

const char *qsc_card_state_name(unsigned int state);

/* What a draw is for: a two-draw card takes two slots a call, P1 of DRAW. */
enum qsc_purpose {
	QSC_PURPOSE_BOTH = 0, /* one-draw cards */
	QSC_PURPOSE_AUTH = 1, /* two-draw cards */
	QSC_PURPOSE_DIST = 2, /* two-draw cards */
};

/* Whether cards of this profile draw for it */
bool qsc_profile_has(unsigned int profile, unsigned int purpose);

/**
 * struct qsc_card_info - what a card says of itself
 * @card: number, 0 while it is loading
 * @state: enum qsc_card_state
 * @profile: enum qsc_profile, 0 while it is loading
 * @tries: PIN tries left, 0 if the PIN is blocked
 * @total: slots
 * @remaining: slots that were not burnt
 */
struct qsc_card_info {
	uint64_t card;
	uint8_t state;
	uint8_t profile;
	uint8_t tries;
	uint32_t total;
	uint32_t remaining;
};

/**
 * struct qsc_draw - a key that was burnt before it got here
 * @index: its slot
 * @kid: its name, for the key service
 * @key: the secret; wipe it after use
 * @remaining: slots left after it
 */
struct qsc_draw {
	uint32_t index;
	uint8_t kid[QSC_KEYS_KID];
	uint8_t key[QSC_KEYS_LEN];
	uint32_t remaining;
};

/* -------------------------------------------------------------------- life */

/**
 * qsc_card_create() - make the image of a blank card
 * @out: NULL on errors, else the card: open for qsc_card_load_begin()
 * @path: a new file, mode 0600
 * @image_key: under which the image is encrypted
 * @slots: 1 to %QSC_CARD_SLOTS_MAX
 * @transport_key: for LOAD commands, or NULL if there will be none
 * @why: out
 */
int qsc_card_create(struct qsc_card **out, const char *path, const uint8_t image_key[QSC_KEYS_LEN],
		    uint32_t slots, const uint8_t transport_key[QSC_KEYS_LEN], struct qsc_why *why);

/**
 * qsc_card_open() - open an image, and finish what a power cut interrupted
 * @out: NULL on errors, else the card
 * @path: the image
 * @image_key: under which it is encrypted
 * @why: out
 *
 * Return: 0, -EBUSY if another process has it open, -EBADMSG if it is damaged
 * or under another key, -EROFS, -ENOENT or another errno
 */
int qsc_card_open(struct qsc_card **out, const char *path, const uint8_t image_key[QSC_KEYS_LEN],
		  struct qsc_why *why);

/* The same, but nothing is changed, and neither drawing nor a PIN is possible. */
int qsc_card_open_to_look(struct qsc_card **out, const char *path,
			  const uint8_t image_key[QSC_KEYS_LEN], struct qsc_why *why);

/* Close and wipe. NULL is allowed. */
void qsc_card_close(struct qsc_card *card);

void qsc_card_info(const struct qsc_card *card, struct qsc_card_info *info);

/* ------------------------------------------------------------------ drawing */

/**
 * qsc_card_draw() - burn a random slot and give its key
 * @card: open
 * @purpose: enum qsc_purpose, as the profile demands
 * @draw: out, wiped on errors
 * @why: out
 *
 * The key is given only after the burn is on the disk and the slot zeroised.
 *
 * Return: 0, -EINVAL for a purpose that the profile has not, -EKEYREVOKED,
 * -ENOKEY while the card is loading, -ENODATA if it is empty, or -EIO
 */
int qsc_card_draw(struct qsc_card *card, unsigned int purpose, struct qsc_draw *draw,
		  struct qsc_why *why);

/**
 * qsc_card_draw_index() - the same for a given slot
 * @card: open
 * @purpose: enum qsc_purpose
 * @index: which
 * @draw: out, wiped on errors
 * @why: out
 *
 * Return: as qsc_card_draw(), -ERANGE if there is no such slot, -EKEYEXPIRED if
 * it was used
 */
int qsc_card_draw_index(struct qsc_card *card, unsigned int purpose, uint32_t index,
			struct qsc_draw *draw, struct qsc_why *why);

/**
 * qsc_card_draw_many() - several random slots under one sync
 * @card: open
 * @purpose: enum qsc_purpose
 * @draws: out, @n of them, wiped on errors
 * @n: 1 to %QSC_CARD_BATCH, all or none are given
 * @why: out
 */
int qsc_card_draw_many(struct qsc_card *card, unsigned int purpose, struct qsc_draw *draws,
		       unsigned int n, struct qsc_why *why);

/**
 * qsc_card_bitmap() - which slots were used
 * @card: open
 * @first: byte to begin with; slot i is bit 0x80 >> i % 8 of byte i / 8
 * @out: at most @len bytes
 * @len: how many
 *
 * Bits behind the last slot are set.
 *
 * Return: how many bytes, 0 behind the end
 */
size_t qsc_card_bitmap(const struct qsc_card *card, size_t first, uint8_t *out, size_t len);

/* ---------------------------------------------------------- PIN, revocation */

bool qsc_card_pin_ok(const char *pin, size_t len);

/**
 * qsc_card_check_pin() - compare a PIN, counting the try before
 * @card: open
 * @pin: @len digits
 * @why: out
 *
 * Return: 0, -EKEYREJECTED if it is wrong, -EPERM if the PIN is blocked (by this
 * try or before), -EINVAL for what is no PIN, which costs no try, -EIO
 */
int qsc_card_check_pin(struct qsc_card *card, const char *pin, size_t len, struct qsc_why *why);

/* Set a new PIN, and all tries. Whoever has the image key may. */
int qsc_card_set_pin(struct qsc_card *card, const char *pin, size_t len, struct qsc_why *why);

/**
 * qsc_card_revoke() - zeroise the pool, for good
 * @card: open
 * @token: from the carrier
 * @why: out
 *
 * Return: 0 when all keys are gone, -EINVAL if the token is another card's,
 * -EKEYREJECTED if its MAC is wrong, -EKEYREVOKED if it was revoked before
 */
int qsc_card_revoke(struct qsc_card *card, const uint8_t token[QSC_KEYS_REVOKE_TOKEN],
		    struct qsc_why *why);

/* ---------------------------------------------------------- personalisation */

/**
 * struct qsc_card_identity - what a card is loaded with, its keys apart
 * @card: number
 * @profile: enum qsc_profile
 * @pin: digits, NUL at the end
 * @kid_card: KID_CARD
 * @revoke_key: for the token that ends it
 */
struct qsc_card_identity {
	uint64_t card;
	uint8_t profile;
	char pin[QSC_CARD_PIN_MAX + 1];
	uint8_t kid_card[QSC_KEYS_LEN];
	uint8_t revoke_key[QSC_KEYS_LEN];
};

/* What a slot is loaded with. */
struct qsc_slot {
	uint8_t core[QSC_KEYS_CORE];
	uint8_t key[QSC_KEYS_LEN];
};

/**
 * qsc_card_load_begin() - begin to load a blank card, or begin again
 * @card: open, state %QSC_CARD_LOADING
 * @identity: who it will be
 * @why: out
 */
int qsc_card_load_begin(struct qsc_card *card, const struct qsc_card_identity *identity,
			struct qsc_why *why);

/* The next @n slots. -EINVAL if there are more than the card has. */
int qsc_card_load_slots(struct qsc_card *card, const struct qsc_slot *slots, uint32_t n,
			struct qsc_why *why);

/* How many slots were loaded since qsc_card_load_begin(). */
uint32_t qsc_card_loaded(const struct qsc_card *card);

/* On the disk, and ready. -EINVAL if slots are missing. */
int qsc_card_load_finish(struct qsc_card *card, struct qsc_why *why);

/* The transport key of a card that is loading. -ENOKEY if it has none. */
int qsc_card_transport_key(const struct qsc_card *card, uint8_t out[QSC_KEYS_LEN]);

/* ------------------------------------------------------------------ looking */

/**
 * struct qsc_card_health - what qsc_card_examine() found
 * @good: slots with a key that authenticates
 * @burnt: slots that were burnt and are zero
 * @unwiped: slots that were burnt and not zeroised yet: opening finishes that
 * @damaged: slots whose key does not authenticate: they will not be given
 * @first_damaged: the first of these
 */
struct qsc_card_health {
	uint32_t good;
	uint32_t burnt;
	uint32_t unwiped;
	uint32_t damaged;
	uint32_t first_damaged;
};

/* Read every slot. Header and bitmap have been checked by opening. */
int qsc_card_examine(struct qsc_card *card, struct qsc_card_health *health, struct qsc_why *why);

/* ----------------------------------------------------------- fault injection */

/* The points at which a card may be torn, in the order of each command. */
enum qsc_card_step {
	QSC_STEP_DRAW, /* nothing has happened yet */
	QSC_STEP_BURNT, /* the burn bit was written */
	QSC_STEP_SYNCED, /* and is on the disk */
	QSC_STEP_CHECKED, /* and was read back */
	QSC_STEP_COPIED, /* the key is in memory */
	QSC_STEP_ZEROISED, /* the slot is zeroised */
	QSC_STEP_ANSWER, /* the answer is about to be sent */
	QSC_STEP_ANSWERED, /* the answer was sent */
	QSC_STEP_PIN_COUNTED, /* a try was counted, the PIN not compared yet */
	QSC_STEP_PIN_CLEARED, /* the tries are back, the answer is not sent */
	QSC_STEP_REVOKE_MARKED, /* revoked, but the keys are there */
	QSC_STEP_REVOKE_SHREDDED, /* what they are encrypted with is gone */
	QSC_STEP_REVOKE_ZEROISED, /* they are gone */
	QSC_STEP_LOAD_BEGUN,
	QSC_STEP_LOAD_SLOTS,
	QSC_STEP_LOAD_FINISHED,

	QSC_STEPS,
};

const char *qsc_card_step_name(unsigned int step);

/* Call @hook at every step. */
void qsc_card_on_step(struct qsc_card *card, void (*hook)(void *arg, enum qsc_card_step step),
		      void *arg);

/* For steps outside of this library: QSC_STEP_ANSWER, QSC_STEP_ANSWERED */
void qsc_card_step(struct qsc_card *card, enum qsc_card_step step);

/**
 * struct qsc_die_at - kill this process at a step
 * @step: enum qsc_card_step
 * @count: at which time
 */
struct qsc_die_at {
	unsigned int step;
	unsigned int count;
};

/* Read "STEP" or "STEP:N". -EINVAL with the list of steps in @why. */
int qsc_die_at_parse(const char *text, struct qsc_die_at *die, struct qsc_why *why);

/* A hook for qsc_card_on_step(), @arg is a struct qsc_die_at: SIGKILL */
void qsc_die_at_step(void *arg, enum qsc_card_step step);

#endif /* _QSC_CARD_H */
