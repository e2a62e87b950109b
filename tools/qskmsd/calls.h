/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Calls: the session key of the newest epoch, until both parties have it, and
 * who can be told of the next one. Keys are in the secure heap, and wiped once
 * both have them, or replaced, hung up, revoked or out of time. Event loop only.
 */
#ifndef _QSKMSD_CALLS_H
#define _QSKMSD_CALLS_H

#include <stdbool.h>

#include <sys/queue.h>

#include <event2/event.h>

#include "keys/keys.h"

#define SESSION_KEY 32

/* Who may have a session key: caller and callee are part of the name. */
struct call_name {
	char call[QSC_KEYS_CALL_ID_MAX + 1];
	char caller[QSC_KEYS_ID_MAX + 1];
	char callee[QSC_KEYS_ID_MAX + 1];
};

struct conn;

/**
 * struct call_party - caller or callee
 * @live: connection of its newest login, or NULL
 * @joined: it has had a key of this call
 * @served: it has the key of this epoch
 * @ready: it can receive with that key
 */
struct call_party {
	struct conn *live;
	bool joined;
	bool served;
	bool ready;
};

/**
 * struct call - one call
 * @name: for ever
 * @named: the caller has asked for a key; else only @held is there
 * @suite: of all epochs
 * @epoch: the newest
 * @key: its session key, %SESSION_KEY bytes, or NULL
 * @held: a callee that waits for the caller to name it, or NULL
 * @parties: by role, see call_party()
 */
struct call {
	LIST_ENTRY(call) link;
	TAILQ_ENTRY(call) by_age; /* with a key */
	int64_t deadline; /* of the key; milliseconds of CLOCK_MONOTONIC */
	struct call_name name;
	bool named;
	uint32_t suite;
	uint32_t epoch;
	uint8_t *key;
	struct conn *held;
	struct call_party parties[2];
};

static inline struct call_party *call_party(struct call *call, unsigned int role)
{
	return &call->parties[role == QSC_KEYS_CALLER ? 0 : 1];
}

static inline struct call_party *call_peer(struct call *call, unsigned int role)
{
	return &call->parties[role == QSC_KEYS_CALLER ? 1 : 0];
}

struct calls;
struct stats;

/**
 * struct calls_params - limits of the table
 * @max: calls at a time
 * @seconds: how long a key waits for those who do not have it
 * @retired: told of each connection that is not live any more, because its call
 *	is over or has begun anew. Not to use calls from inside.
 */
struct calls_params {
	unsigned int max;
	unsigned int seconds;
	void (*retired)(struct conn *conn);
};

struct calls *calls_new(struct event_base *base, const struct calls_params *params,
			struct stats *stats);
void calls_free(struct calls *all);

/* NULL if there is none. Good until calls_settle(), calls_end() or a timer. */
struct call *calls_find(struct calls *all, const struct call_name *name);

/* Makes it if there is none; NULL if there are too many. */
struct call *calls_get(struct calls *all, const struct call_name *name);

/**
 * calls_set_key() - a new epoch begins, and neither party has its key
 *
 * Return: 0, or -ENOMEM if no locked memory is left
 */
int calls_set_key(struct calls *all, struct call *call, uint32_t suite, uint32_t epoch,
		  const uint8_t key[SESSION_KEY]);

/* That party has the key now; wiped once both have. */
void calls_serve(struct calls *all, struct call *call, unsigned int role);

/* Frees a call that nothing is left of: no key, no connection. */
void calls_settle(struct calls *all, struct call *call);

/* The call is over, and freed but for a callee that waits for another one. */
void calls_end(struct calls *all, struct call *call);

/* Ends all calls that @subscriber is a party of. */
void calls_drop_party(struct calls *all, const char *subscriber);
unsigned int calls_count(const struct calls *all);
unsigned int calls_keys(const struct calls *all);

#endif /* _QSKMSD_CALLS_H */
