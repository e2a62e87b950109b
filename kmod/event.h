/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_EVENT_H
#define _QSC_EVENT_H

#include "call.h"

/*
 * Events go to the multicast group of the call's namespace; nothing happens
 * where nobody listens. None holds key bytes.
 */

void qsc_event_call_added(const struct qsc_call *call);
void qsc_event_call_deleted(const struct qsc_call *call);
void qsc_event_key(const struct qsc_call *call, const struct qsc_key *key);

/**
 * qsc_event_erased() - keys are gone
 * @call: call
 * @reason: QSC_ERASE_REASON_*
 * @news: the generations, @n of them
 * @n: 0 if all keys of a call that had none were erased
 *
 * Context: process, may sleep; the keys were wiped.
 */
void qsc_event_erased(const struct qsc_call *call, u8 reason, const struct qsc_key_news *news,
		      unsigned int n);

static inline struct qsc_key_news qsc_event_news(const struct qsc_key *key)
{
	return (struct qsc_key_news){
		.leg = key->leg,
		.dir = key->dir,
		.generation = key->generation,
	};
}

/**
 * qsc_event_tell() - send what packets of a stream brought up
 * @leg: leg
 * @s: one of its directions, with bits set in @s->tell
 *
 * Context: BH disabled, RCU read lock.
 */
void qsc_event_tell(const struct qsc_leg *leg, struct qsc_stream *s);

/**
 * qsc_event_auth_step() - after how many failures to tell, and again
 *
 * Return: 0 for never.
 */
u32 qsc_event_auth_step(void);

#endif /* _QSC_EVENT_H */
