// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The next epoch of a call, without a lost packet: the kernel gets the new keys
 * and reads both, but goes on sending under the old one until the peer is known
 * to read the new one, too. Either side may begin, or both at once.
 */
#include "call.h"
#include "log.h"

/* A part of a key's lifetime is left for a rekey that does not work at once. */
#define LIFETIME_PART(seconds) ((seconds) / 4 * 3)
#define RETRY_SECONDS 60
#define LOOK_SECONDS 1 /* between looks whether the peer uses the new key */
#define RETRY_DOUBLINGS 4

static void set_timer(struct call *call, unsigned int seconds)
{
	const struct timeval tv = { .tv_sec = seconds };

	event_add(call->timer, &tv);
}

void rekey_schedule(struct call *call)
{
	unsigned int seconds = call->calls->rekey_seconds;
	unsigned int latest = LIFETIME_PART(call->lifetime);

	if (!seconds || (latest && latest < seconds))
		seconds = latest;
	if (seconds)
		set_timer(call, seconds);
}

/* ------------------------------------------------------------------ changing over */

static void retry_later(struct call *call)
{
	unsigned int doublings = call->failures < RETRY_DOUBLINGS ? call->failures :
								    RETRY_DOUBLINGS;

	call->failures++;
	set_timer(call, RETRY_SECONDS << doublings);
}

static void change_over(struct call *call)
{
	struct failure why;

	if (feed_activate(call->calls->feed, call->id, &why)) {
		log_error("call %s: %s", call->id, why.text);
		retry_later(call);
		call_answer(call, &why);
		return;
	}
	exchange_free(call->now);
	call->now = call->next;
	call->next = NULL;
	if (call->now)
		exchange_rebind(call->now, &call_live_ops, call);
	call->epoch = call->tried;
	call->state = CALL_SECURE;
	call->failures = 0;
	call->rekeys++;
	log_info("call %s with %s has new keys: epoch %u, key %u of card %llu, %u left", call->id,
		 call->peer, call->epoch, call->index, (unsigned long long)call->card,
		 call->remaining);
	call_limit_lifetime(call);
	rekey_schedule(call);
	call_answer(call, NULL);
}

/* ------------------------------------------------------------- the live connection */

static void now_line(void *arg, const struct kms_line *line)
{
	struct call *call = arg;
	struct failure why;

	switch (line->kind) {
	case KMS_REKEY:
		if (call->state == CALL_REKEYING || line->epoch <= call->tried)
			break; /* we are at it */
		call->tried = line->epoch - 1;
		if (rekey_begin(call, "the peer asks for it", &why))
			log_warn("call %s: %s", call->id, why.text);
		break;
	case KMS_READY:
		if (call->state == CALL_WAITING && line->epoch == call->tried)
			change_over(call);
		break;
	case KMS_NO:
		if (line->why.code == FAIL_REVOKED)
			call_revoked(call, &line->why);
		break;
	default:
		break;
	}
}

/* The call goes on: its keys are in the kernel. The next rekey connects anew. */
static void now_lost(void *arg, const struct failure *why)
{
	struct call *call = arg;

	log_info("call %s: %s; the call goes on", call->id, why->text);
	exchange_free(call->now);
	call->now = NULL;
}

const struct exchange_ops call_live_ops = {
	.line = now_line,
	.lost = now_lost,
};

/* -------------------------------------------------------------- the next connection */

static void next_over(struct call *call, const struct failure *why)
{
	log_warn("call %s keeps its old keys: %s", call->id, why->text);
	exchange_free(call->next);
	call->next = NULL;
	call->state = CALL_SECURE;
	retry_later(call);
	call_answer(call, why);
}

static void next_failed(void *arg, const struct failure *why)
{
	struct failure reason = *why;
	struct call *call = arg;

	if (reason.code == FAIL_REVOKED) {
		call_revoked(call, &reason);
		return;
	}
	/* The kernel has not seen that epoch: the peer may ask for it yet. */
	call->tried--;
	next_over(call, &reason);
}

static void next_keyed(void *arg, const struct exchange_key *key)
{
	struct call *call = arg;
	const struct exchange_want want = call_wants(call, call->tried);
	struct failure why;

	if (feed_session(call->calls->feed, &want, key, true, &why)) {
		next_over(call, &why);
		return;
	}
	call_keyed(call, key);
	call->state = CALL_WAITING;
	call->waited = 0;
	exchange_say(call->next, "ready", &call->tried);
	set_timer(call, LOOK_SECONDS);
}

static void next_line(void *arg, const struct kms_line *line)
{
	struct call *call = arg;

	if (line->kind == KMS_DONE && line->peer_ready && call->state == CALL_WAITING)
		change_over(call);
	else if (line->kind == KMS_NO && line->why.code != FAIL_REVOKED)
		next_over(call, &line->why);
	else
		now_line(call, line);
}

/* Now only packets of the peer can tell that it has the new key, too. */
static void next_lost(void *arg, const struct failure *why)
{
	struct call *call = arg;

	log_info("call %s: %s; waiting for the peer", call->id, why->text);
	exchange_free(call->next);
	call->next = NULL;
}

static const struct exchange_ops next_ops = {
	.keyed = next_keyed,
	.failed = next_failed,
	.line = next_line,
	.lost = next_lost,
};

int rekey_begin(struct call *call, const char *because, struct failure *why)
{
	struct exchange_want want;

	if (call->state == CALL_STARTING || call->state == CALL_BLOCKED)
		return failure(why, FAIL_BAD_REQUEST, "the call has no keys yet");
	if (call->state == CALL_REKEYING)
		return failure(why, FAIL_BAD_REQUEST, "new keys are on their way already");
	if (call->tried == UINT32_MAX)
		return failure(why, FAIL_BAD_REQUEST, "the call has had all epochs there are");
	/* One that the peer never got ready for is over. */
	exchange_free(call->next);
	event_del(call->timer);
	call->tried++;
	want = call_wants(call, call->tried);
	call->next = exchange_start(&call->calls->env, &want, &next_ops, call);
	if (!call->next) {
		call->tried--;
		call->state = CALL_SECURE;
		retry_later(call);
		return failure(why, FAIL_INTERNAL, "not enough memory");
	}
	call->state = CALL_REKEYING;
	log_info("call %s gets new keys: %s", call->id, because);
	return 0;
}

/* The old key is good until its own end; the peer may still come. */
static void not_ready(struct call *call)
{
	struct failure why;

	failure(&why, FAIL_TIMEOUT,
		"the peer is not ready for epoch %u after %u seconds: the call goes on with the old "
		"key",
		call->tried, call->waited);
	log_warn("call %s: %s", call->id, why.text);
	call->failures++;
	call_answer(call, &why);
}

/*
 * A peer that sends under the new key reads it, too: that tells when the service
 * cannot.
 */
static void look_for_peer(struct call *call)
{
	call->waited += LOOK_SECONDS;
	if (feed_peer_uses(call->calls->feed, call->id, call->tried)) {
		change_over(call);
		return;
	}
	if (call->waited == call->calls->ready_seconds)
		not_ready(call);
	set_timer(call, LOOK_SECONDS);
}

void rekey_timer(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;
	struct failure why;

	(void)fd;
	(void)what;
	if (call->state == CALL_WAITING &&
	    call->waited < call->calls->ready_seconds + RETRY_SECONDS)
		look_for_peer(call);
	else if (rekey_begin(call, "it is time", &why))
		log_warn("call %s: %s", call->id, why.text);
}
