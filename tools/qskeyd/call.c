// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The kernel hears of a call first: what it refuses costs no key, and from then
 * on nothing passes in clear. That stays so if the call cannot be started: who
 * wanted it secure has to take that back in so many words.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "log.h"

const char *call_state_name(enum call_state state)
{
	static const char *const names[] = {
		[CALL_STARTING] = "starting", [CALL_BLOCKED] = "blocked", [CALL_SECURE] = "secure",
		[CALL_REKEYING] = "rekeying", [CALL_WAITING] = "waiting",
	};

	return names[state];
}

int64_t call_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

struct exchange_want call_wants(const struct call *call, uint32_t epoch)
{
	return (struct exchange_want){
		.call_id = call->id,
		.role = call->params.role,
		.peer = call->peer,
		.suite = call->params.legs[0].suite,
		.epoch = epoch,
		.card = call->card,
	};
}

struct call *call_find(struct calls *calls, const char *id)
{
	struct call *call;

	for (call = LIST_FIRST(&calls->list); call; call = LIST_NEXT(call, link))
		if (!strcmp(call->id, id))
			return call;
	return NULL;
}

void call_answer(struct call *call, const struct failure *why)
{
	struct call_waiter *waiter = call->waiter;

	call->waiter = NULL;
	if (waiter)
		waiter->done(waiter, call, why);
}

void call_forget(struct call *call, const char *last_words)
{
	struct failure why;

	if (call->waiter) {
		failure(&why, FAIL_ENDED, "the call was ended");
		call_answer(call, &why);
	}
	LIST_REMOVE(call, link);
	call->calls->n--;
	exchange_free(call->next);
	if (last_words)
		exchange_say_last(call->now, last_words);
	else
		exchange_free(call->now);
	if (call->timer)
		event_free(call->timer);
	free(call);
}

/* Not a packet more under keys of a card that somebody else may have. */
void call_revoked(struct call *call, const struct failure *why)
{
	struct failure no;

	log_error("call %s: %s", call->id, why->text);
	if (feed_revoke(call->calls->feed, call->id, &no))
		log_error("call %s: %s", call->id, no.text);
	call_answer(call, why);
	call_forget(call, NULL);
}

/* How long the session key may be used is the kernel's to keep, whatever happens here. */
void call_limit_lifetime(struct call *call)
{
	int64_t age = (call_now_ms() - call->started_ms) / 1000;
	uint64_t end = (uint64_t)age + call->lifetime;
	struct failure why;

	if (call->params.lifetime_s && end > call->params.lifetime_s)
		end = call->params.lifetime_s;
	if (end > UINT32_MAX)
		end = 0;
	if (feed_lifetime(call->calls->feed, call->id, (uint32_t)end, &why))
		log_warn("call %s: %s", call->id, why.text);
}

/* A key is in use. */
void call_keyed(struct call *call, const struct exchange_key *key)
{
	call->lifetime = key->line->lifetime;
	call->card = key->card;
	call->index = key->index;
	call->remaining = key->remaining;
}

/* ------------------------------------------------------------------- starting */

/* The kernel's side stays as it is: without keys, so that nothing passes. */
static void start_failed(void *arg, const struct failure *why)
{
	struct call *call = arg;
	struct failure reason;

	log_warn("call %s with %s: %s; it lets nothing pass now", call->id, call->peer, why->text);
	failure(&reason, why->code,
		"%s. Call %s stays and lets nothing pass until it is started after all, or ended: "
		"qsctl call end %s",
		why->text, call->id, call->id);
	exchange_free(call->now);
	call->now = NULL;
	call->state = CALL_BLOCKED;
	call_answer(call, &reason);
}

static void start_keyed(void *arg, const struct exchange_key *key)
{
	struct call *call = arg;
	const struct exchange_want want = call_wants(call, 0);
	struct failure why;

	if (feed_session(call->calls->feed, &want, key, false, &why)) {
		start_failed(call, &why);
		return;
	}
	exchange_rebind(call->now, &call_live_ops, call);
	call->state = CALL_SECURE;
	call->secure_ms = call_now_ms() - call->tried_ms;
	call_keyed(call, key);
	call_limit_lifetime(call);
	log_info("call %s with %s is secure after %lld ms: key %u of card %llu, %u left", call->id,
		 call->peer, (long long)call->secure_ms, key->index, (unsigned long long)key->card,
		 key->remaining);
	rekey_schedule(call);
	call_answer(call, NULL);
}

static const struct exchange_ops start_ops = {
	.keyed = start_keyed,
	.failed = start_failed,
};

static struct call *make_call(struct calls *calls, const struct call_want *want)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->calls = calls;
	call->started_ms = call_now_ms();
	snprintf(call->id, sizeof(call->id), "%s", want->params.id);
	call->params = want->params;
	call->params.id = call->id;
	call->timer = evtimer_new(calls->env.base, rekey_timer, call);
	if (!call->timer) {
		free(call);
		return NULL;
	}
	LIST_INSERT_HEAD(&calls->list, call, link);
	calls->n++;
	return call;
}

/* What could not be started before still blocks: it may be, as it is. */
static struct call *try_again(struct call *call, const struct call_want *want, struct failure *why)
{
	int64_t age_ms;

	if (call->state != CALL_BLOCKED) {
		failure(why, FAIL_BAD_REQUEST, "there is a call %s already", call->id);
		return NULL;
	}
	if (feed_waits(call->calls->feed, &want->params, &age_ms))
		return call;
	failure(why, FAIL_BAD_REQUEST,
		"call %s blocks, but with other addresses or options: \"qsctl call end %s\" first",
		call->id, call->id);
	return NULL;
}

/* The kernel may have it from a qskeyd before this one. */
static int tell_kernel(struct call *call, struct failure *why)
{
	int64_t age_ms;

	if (!feed_call_new(call->calls->feed, &call->params, why))
		return 0;
	if (!feed_waits(call->calls->feed, &call->params, &age_ms))
		return -1;
	call->started_ms -= age_ms;
	return 0;
}

static struct call *make_or_find(struct calls *calls, const struct call_want *want,
				 struct failure *why)
{
	struct call *call = call_find(calls, want->params.id);

	if (call)
		return try_again(call, want, why);
	call = make_call(calls, want);
	if (!call) {
		failure(why, FAIL_INTERNAL, "qskeyd has not enough memory");
		return NULL;
	}
	if (!tell_kernel(call, why))
		return call;
	call_forget(call, NULL);
	return NULL;
}

void call_start(struct calls *calls, const struct call_want *want, struct call_waiter *waiter)
{
	struct exchange_want first;
	struct failure why;
	struct call *call = make_or_find(calls, want, &why);

	if (!call) {
		waiter->done(waiter, NULL, &why);
		return;
	}
	call->state = CALL_STARTING;
	call->waiter = waiter;
	call->card = want->card;
	call->tried_ms = call_now_ms();
	snprintf(call->peer, sizeof(call->peer), "%s", want->peer);
	first = call_wants(call, 0);
	call->now = exchange_start(&calls->env, &first, &start_ops, call);
	if (call->now)
		return;
	failure(&why, FAIL_INTERNAL, "qskeyd has not enough memory");
	start_failed(call, &why);
}

/* --------------------------------------------------------------------- ending */

int call_end(struct calls *calls, const char *id, struct failure *why)
{
	struct call *call = call_find(calls, id);
	int ret = feed_call_del(calls->feed, id, why);

	if (!call)
		return ret;
	log_info("call %s with %s ends", call->id, call->peer);
	call_forget(call, "hangup");
	return ret;
}

/* Nobody wants a call that is not there yet any more. */
void call_abandon(struct calls *calls, const struct call_waiter *waiter)
{
	struct failure why;
	struct call *call;

	for (call = LIST_FIRST(&calls->list); call; call = LIST_NEXT(call, link))
		if (call->waiter == waiter)
			break;
	if (!call)
		return;
	call->waiter = NULL;
	if (call->state != CALL_STARTING)
		return;
	failure(&why, FAIL_ENDED, "whoever started it did not wait for it");
	start_failed(call, &why);
}

/* Calls that have no keys yet stay in the kernel, too, and block. */
void calls_end_all(struct calls *calls)
{
	struct call *call;
	struct failure why;

	while ((call = LIST_FIRST(&calls->list))) {
		if (call->state == CALL_STARTING) {
			failure(&why, FAIL_ENDED, "qskeyd ends");
			start_failed(call, &why);
		}
		call_forget(call, NULL);
	}
}

/* ------------------------------------------------------------ what the kernel says */

static void look_at_all(struct calls *calls)
{
	struct call *call, *next;

	log_warn("events of the kernel were lost: looking at all calls");
	for (call = LIST_FIRST(&calls->list); call; call = next) {
		next = LIST_NEXT(call, link);
		if (!feed_has_call(calls->feed, call->id))
			call_forget(call, "hangup");
	}
}

void calls_kernel_event(void *arg, const struct qsc_event *event)
{
	struct calls *calls = arg;
	struct failure why;
	struct call *call;

	if (!event) {
		look_at_all(calls);
		return;
	}
	call = call_find(calls, event->call_id);
	if (!call)
		return;
	switch (event->type) {
	case QSC_CMD_CALL_DEL_NTF:
		/* It may be about an earlier one with this id. */
		if (feed_has_call(calls->feed, call->id))
			break;
		log_info("call %s with %s was removed", call->id, call->peer);
		call_forget(call, "hangup");
		break;
	case QSC_CMD_ERASED_NTF:
		if (event->key || event->reason == QSC_ERASE_REASON_DEL ||
		    event->reason == QSC_ERASE_REASON_FLUSH)
			break;
		log_info("the keys of call %s were erased (%s)", call->id,
			 qsc_erase_reason_name(event->reason));
		call_forget(call, "hangup");
		break;
	case QSC_CMD_REKEY_NTF:
		if (rekey_begin(call, "its keys are used up soon", &why))
			log_debug("call %s: %s", call->id, why.text);
		break;
	}
}
