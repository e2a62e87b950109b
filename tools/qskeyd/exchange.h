/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * From the card to a wrapped session key, for one epoch of one call: look for a
 * card, connect, draw, log in, ask. What can fail without costing a key comes
 * first. Afterwards the connection stays, for what the service has to say.
 */
#ifndef _QSKEYD_EXCHANGE_H
#define _QSKEYD_EXCHANGE_H

#include <openssl/ssl.h>

#include "cards.h"
#include "dial.h"
#include "kms.h"

/* What all exchanges use */
struct exchange_env {
	struct event_base *base;
	struct cards *cards;
	struct dialer *dialer;
	SSL_CTX *tls;
	unsigned int card_seconds; /* for the card to answer */
	unsigned int login_seconds;
	unsigned int answer_seconds;
	unsigned int *closing; /* exchanges that nobody but their last words keeps */
};

struct exchange_want {
	const char *call_id;
	unsigned int role; /* enum qsc_keys_role */
	const char *peer;
	uint32_t suite;
	uint32_t epoch;
	uint64_t card; /* 0: any */
};

/* What comes of it; secrets are wiped when the callback returns. */
struct exchange_key {
	const struct kms_line *line; /* the answer */
	const uint8_t *dist;
	const uint8_t *exporter;
	uint64_t card;
	uint32_t index;
	uint32_t remaining;
};

struct exchange_ops {
	/* One of the two comes first. After failed() it has to be freed. */
	void (*keyed)(void *arg, const struct exchange_key *key);
	void (*failed)(void *arg, const struct failure *why);
	/* Then: answers and events, and the end of the connection, also to be freed */
	void (*line)(void *arg, const struct kms_line *line);
	void (*lost)(void *arg, const struct failure *why);
};

struct exchange;

/* Texts of @want are copied. NULL if there is no memory, nothing is called then. */
struct exchange *exchange_start(const struct exchange_env *env, const struct exchange_want *want,
				const struct exchange_ops *ops, void *arg);
void exchange_free(struct exchange *ex); /* at any time; NULL is allowed */

/* From now on others want to hear of what comes after keyed(). */
void exchange_rebind(struct exchange *ex, const struct exchange_ops *ops, void *arg);
void exchange_say(struct exchange *ex, const char *op, const uint32_t *epoch);

/* The same; frees itself when that is answered. */
void exchange_say_last(struct exchange *ex, const char *op);

#endif /* _QSKEYD_EXCHANGE_H */
