/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Where cards are: readers (pcsc.c) and files (poolfile.c). A provider has a
 * thread of its own, in which its jobs run; cards.c chooses between providers.
 */
#ifndef _QSKEYD_PROVIDER_H
#define _QSKEYD_PROVIDER_H

#include "card.h"
#include "failure.h"
#include "pins.h"
#include "thread.h"

#define CARDS_MAX 32
#define CARD_WHERE_MAX 160
#define KEYS_PER_CALL 2 /* of a two-draw card */

/**
 * struct drawn - the keys of one call; secret memory
 * @card: whose
 * @profile: enum qsc_profile
 * @n: how many there are
 * @wanted: how many there have to be
 * @remaining: slots left on the card
 * @index: of each
 * @kid: of each: for authentication, then for distribution
 * @key: of each
 */
struct drawn {
	uint64_t card;
	uint8_t profile;
	unsigned int n;
	unsigned int wanted;
	uint32_t remaining;
	uint32_t index[KEYS_PER_CALL];
	uint8_t kid[KEYS_PER_CALL][QSC_KEYS_KID];
	uint8_t key[KEYS_PER_CALL][QSC_KEYS_LEN];
};

/* A card, or a place where there should be one */
struct card_view {
	char where[CARD_WHERE_MAX];
	bool has_info;
	struct qsc_card_info info;
	bool seals; /* it seals the keys that it gives */
	struct failure why; /* why it cannot be used; FAIL_NONE if it can */
};

enum card_op {
	CARD_LOOK, /* tell what there is */
	CARD_CHECK, /* is there a card that would give keys? Burns nothing. */
	CARD_DRAW, /* keys of @card */
	CARD_UNLOCK, /* try @pin */
};

/**
 * struct card_job - one thing to do with cards
 * @job: of the provider's thread
 * @op: what
 * @card: number, 0 for any (not with %CARD_DRAW)
 * @pin: with %CARD_UNLOCK, secret memory
 * @drawn: with %CARD_DRAW, secret memory; what is there already stays
 * @lost: out, keys that were burnt and got lost on the way
 * @views: out: with %CARD_LOOK appended, else the first one is the card found
 * @n_views: of %CARD_LOOK
 * @why: out, FAIL_NONE if it worked
 */
struct card_job {
	struct job job;
	enum card_op op;
	uint64_t card;
	char *pin;
	struct drawn *drawn;
	unsigned int lost;
	struct card_view *views;
	unsigned int n_views;
	struct failure why;
};

struct provider {
	const char *name;
	void *self;
	struct thread *thread;
	void (*stop)(struct provider *provider);
};

/**
 * provider_pcsc() - cards in readers, pcsc.c
 * @provider: out
 * @base: event loop
 * @pins: of all cards
 * @reader: part of the name of the only reader to use, or NULL
 * @wait_seconds: for a card that went away
 * @must_seal: keys in clear are not taken, from any card
 */
int provider_pcsc(struct provider *provider, struct event_base *base, struct pins *pins,
		  const char *reader, unsigned int wait_seconds, bool must_seal);

/* poolfile.c; has opened the image when it returns */
int provider_pool_file(struct provider *provider, struct event_base *base, const char *image,
		       const char *image_key);

/* What both say of a card that gives no keys. */
int card_usable(const struct qsc_card_info *info, const char *where, struct failure *why);

/* How many keys a call takes, and the purpose of each */
unsigned int keys_per_call(unsigned int profile);
unsigned int purpose_of(unsigned int profile, unsigned int which);

/* Put a key where it belongs. */
void drawn_add(struct drawn *drawn, const struct qsc_draw *draw);

#endif /* _QSKEYD_PROVIDER_H */
