/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Calls from their first key to their end. call.c starts and ends them, rekey.c
 * brings the next epochs. Event loop only.
 */
#ifndef _QSKEYD_CALL_H
#define _QSKEYD_CALL_H

#include <sys/queue.h>

#include "feed.h"

enum call_state {
	CALL_STARTING, /* the first key is on its way */
	CALL_BLOCKED, /* it did not come: the kernel lets nothing pass */
	CALL_SECURE, /* the kernel has it */
	CALL_REKEYING, /* the next key is on its way */
	CALL_WAITING, /* it is there, but the peer is not known to have it */
};

const char *call_state_name(enum call_state state);

/* What a caller or callee wants; texts are copied. */
struct call_want {
	struct qsc_call_params params; /* id, role and suite have to be set */
	const char *peer;
	uint64_t card; /* 0: any */
};

struct call;

/* Who waits for something to happen; one at a time for each call */
struct call_waiter {
	void (*done)(struct call_waiter *waiter, const struct call *call,
		     const struct failure *why);
};

struct call {
	LIST_ENTRY(call) link;
	struct calls *calls;
	enum call_state state;
	char id[QSC_KEYS_CALL_ID_MAX + 1];
	struct qsc_call_params params; /* as the kernel has them */
	char peer[QSC_KEYS_ID_MAX + 1];
	uint64_t card;
	uint32_t epoch; /* in use */
	uint32_t tried; /* the highest epoch that the kernel knows, or that is asked for */
	uint32_t lifetime; /* of the key in use, as the service said */
	uint32_t index; /* of the last key on its card */
	uint32_t remaining; /* and how many were left after it */
	unsigned int rekeys;
	int64_t started_ms; /* since when the kernel knows it */
	int64_t tried_ms; /* the last time somebody wanted it started */
	int64_t secure_ms; /* how long it took from there */
	struct exchange *now; /* NULL if its connection was lost */
	struct exchange *next; /* of the epoch @tried */
	struct event *timer; /* to the next rekey, or to look whether the peer is ready */
	unsigned int failures; /* of rekeys in a row */
	unsigned int waited; /* seconds for the peer to be ready */
	struct call_waiter *waiter;
};

LIST_HEAD(call_list, call);

struct calls {
	struct exchange_env env;
	struct feed *feed;
	unsigned int rekey_seconds; /* 0: only before a key's lifetime ends */
	unsigned int ready_seconds;
	unsigned int n;
	struct call_list list;
};

/* call.c */
void call_start(struct calls *calls, const struct call_want *want, struct call_waiter *waiter);
struct call *call_find(struct calls *calls, const char *id);
int call_end(struct calls *calls, const char *id, struct failure *why);
void call_abandon(struct calls *calls, const struct call_waiter *waiter); /* he has gone */
void calls_end_all(struct calls *calls); /* they stay in the kernel as they are */
void calls_kernel_event(void *arg, const struct qsc_event *event);
void call_answer(struct call *call, const struct failure *why);
void call_forget(struct call *call, const char *last_words);
void call_revoked(struct call *call, const struct failure *why);
void call_limit_lifetime(struct call *call);
void call_keyed(struct call *call, const struct exchange_key *key);
struct exchange_want call_wants(const struct call *call, uint32_t epoch);
int64_t call_now_ms(void);

/* rekey.c */
extern const struct exchange_ops call_live_ops;
int rekey_begin(struct call *call, const char *because, struct failure *why);
void rekey_schedule(struct call *call);
void rekey_timer(evutil_socket_t fd, short what, void *arg);

#endif /* _QSKEYD_CALL_H */
