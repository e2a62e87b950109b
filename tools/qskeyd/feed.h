/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the kernel is told of calls, and what it tells. */
#ifndef _QSKEYD_FEED_H
#define _QSKEYD_FEED_H

#include <event2/event.h>
#include <qsc/qsc.h>

#include "exchange.h"

struct feed;

/* @event: each of the kernel's; NULL if some were lost, so look for yourself */
int feed_open(struct feed **out, struct event_base *base,
	      void (*event)(void *arg, const struct qsc_event *event), void *arg,
	      struct failure *why);
void feed_close(struct feed *feed);

/* 0, or -1 with @why */
int feed_call_new(struct feed *feed, const struct qsc_call_params *params, struct failure *why);
int feed_call_del(struct feed *feed, const char *id, struct failure *why);
int feed_revoke(struct feed *feed, const char *id, struct failure *why);
int feed_lifetime(struct feed *feed, const char *id, uint32_t seconds, struct failure *why);
bool feed_has_call(struct feed *feed, const char *id);

/* Whether the kernel has exactly this call, without keys; since when */
bool feed_waits(struct feed *feed, const struct qsc_call_params *params, int64_t *age_ms);

/* Give the kernel both keys; with @hold it sends under the old one until told. */
int feed_session(struct feed *feed, const struct exchange_want *want,
		 const struct exchange_key *key, bool hold, struct failure *why);

/* Whether packets have come in that the peer protected with the keys of @epoch */
bool feed_peer_uses(struct feed *feed, const char *id, uint32_t epoch);
int feed_activate(struct feed *feed, const char *id, struct failure *why);

#endif /* _QSKEYD_FEED_H */
