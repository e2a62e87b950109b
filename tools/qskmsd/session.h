/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Session keys between the caller's request and the callee's. They are in the
 * secure heap, and wiped once fetched, replaced, revoked or out of time. Event
 * loop only.
 */
#ifndef _QSKMSD_SESSION_H
#define _QSKMSD_SESSION_H

#include <event2/event.h>

#include "keys/keys.h"

#define SESSION_KEY 32

/* Who may have a session key: caller and callee are part of its name. */
struct session_name {
	char call[QSC_KEYS_CALL_ID_MAX + 1];
	char caller[QSC_KEYS_ID_MAX + 1];
	char callee[QSC_KEYS_ID_MAX + 1];
};

struct session {
	uint32_t suite;
	uint32_t epoch;
	uint8_t *key; /* SESSION_KEY bytes */
};

struct sessions;
struct stats;

/**
 * sessions_new() - an empty table
 * @base: for the timer
 * @max: sessions at a time
 * @seconds: how long a key waits for the callee
 * @stats: keys_expired is counted there
 */
struct sessions *sessions_new(struct event_base *base, unsigned int max, unsigned int seconds,
			      struct stats *stats);
void sessions_free(struct sessions *all);

/* The session of that name, or NULL; good until the next call of these functions. */
struct session *sessions_find(struct sessions *all, const struct session_name *name);

/**
 * sessions_put() - make a session, or replace the key of one
 *
 * Return: the session, or NULL if there are too many or no locked memory is left
 */
struct session *sessions_put(struct sessions *all, const struct session_name *name, uint32_t suite,
			     uint32_t epoch, const uint8_t key[SESSION_KEY]);
void sessions_drop(struct sessions *all, const struct session_name *name);

/* All sessions that @subscriber is a party of */
void sessions_drop_party(struct sessions *all, const char *subscriber);
unsigned int sessions_count(const struct sessions *all);

#endif /* _QSKMSD_SESSION_H */
