// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * One step after the other; each ends in a callback that begins the next.
 *
 * A key whose login was cut off may be good still: it is tried a second time,
 * and kept for the next call if that fails, too. Only the service's refusal says
 * that it is gone, and then, if it was not tried for the first time, another one
 * is drawn.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "exchange.h"
#include "link.h"
#include "log.h"
#include "secmem.h"

#define TRIES 2 /* of one key */
#define LAST_SECONDS 5 /* for the answer to the last words */

enum step {
	STEP_CHECK, /* is there a card? */
	STEP_DIAL,
	STEP_DRAW,
	STEP_LOGIN,
	STEP_ASK,
	STEP_LIVE,
	STEP_OVER, /* failed() was called */
	STEP_DEAD, /* freed, but for a job with the card that is under way */
};

struct secrets {
	struct drawn drawn;
	uint8_t auth[QSC_KEYS_LEN];
	uint8_t dist[QSC_KEYS_LEN];
	uint8_t exporter[QSC_KEYS_LEN];
};

struct exchange {
	const struct exchange_env *env;
	const struct exchange_ops *ops;
	void *arg;
	enum step step;
	struct qsc_keys_call call; /* ours and the peer's name are known with the answer */
	char peer[QSC_KEYS_ID_MAX + 1];
	struct card_request card;
	struct card_view view;
	bool card_busy;
	struct dial *dial;
	int fd;
	struct link *link;
	struct event *timer;
	struct secrets *secrets; /* secret memory */
	unsigned int tries; /* of the key in @secrets */
};

static void dial(struct exchange *ex);
static void log_in(struct exchange *ex);

static void set_timer(struct exchange *ex, unsigned int seconds)
{
	const struct timeval tv = { .tv_sec = seconds };

	event_add(ex->timer, &tv);
}

static void give_up(struct exchange *ex, const struct failure *why)
{
	ex->step = STEP_OVER;
	event_del(ex->timer);
	ex->ops->failed(ex->arg, why);
}

static void no_memory(struct exchange *ex)
{
	struct failure why;

	failure(&why, FAIL_INTERNAL, "qskeyd has not enough memory");
	give_up(ex, &why);
}

/* --------------------------------------------------------------------- cards */

static void keep_key(struct exchange *ex)
{
	struct drawn *drawn = &ex->secrets->drawn;

	if (drawn->n && drawn->n == drawn->wanted)
		cards_keep_spare(ex->env->cards, drawn);
	OPENSSL_cleanse(drawn, sizeof(*drawn));
}

static void really_free(struct exchange *ex)
{
	if (ex->secrets && ex->step == STEP_DEAD)
		keep_key(ex);
	secmem_put(ex->secrets);
	if (ex->timer)
		event_free(ex->timer);
	free(ex);
}

static void checked(struct exchange *ex)
{
	if (ex->card.job.why.code)
		give_up(ex, &ex->card.job.why);
	else
		dial(ex);
}

static void key_came(struct exchange *ex)
{
	if (ex->card.job.lost)
		log_warn("%u keys of card %llu were lost on the way", ex->card.job.lost,
			 (unsigned long long)ex->card.job.card);
	if (ex->card.job.why.code)
		give_up(ex, &ex->card.job.why);
	else
		log_in(ex);
}

static void card_done(struct card_request *req)
{
	struct exchange *ex = req->owner;

	ex->card_busy = false;
	switch (ex->step) {
	case STEP_CHECK:
		checked(ex);
		break;
	case STEP_DRAW:
		key_came(ex);
		break;
	case STEP_DEAD:
		really_free(ex);
		break;
	default: /* it took too long */
		if (ex->secrets)
			keep_key(ex);
	}
}

static void ask_card(struct exchange *ex, enum card_op op)
{
	ex->card.job.op = op;
	ex->card.job.views = &ex->view;
	ex->card.job.drawn = &ex->secrets->drawn;
	ex->card.done = card_done;
	ex->card.owner = ex;
	ex->card_busy = true;
	set_timer(ex, ex->env->card_seconds);
	cards_submit(ex->env->cards, &ex->card);
}

/* ------------------------------------------------------------------- service */

static void dialled(void *arg, int fd, const struct failure *why)
{
	struct exchange *ex = arg;

	ex->dial = NULL;
	if (fd < 0) {
		keep_key(ex);
		give_up(ex, why);
		return;
	}
	ex->fd = fd;
	if (!ex->secrets->drawn.n &&
	    cards_take_spare(ex->env->cards, ex->card.job.card, &ex->secrets->drawn))
		ex->tries = 1;
	if (ex->secrets->drawn.n) {
		log_in(ex);
		return;
	}
	ex->tries = 0;
	ex->step = STEP_DRAW;
	ask_card(ex, CARD_DRAW);
}

static void dial(struct exchange *ex)
{
	ex->step = STEP_DIAL;
	event_del(ex->timer);
	ex->dial = dial_start(ex->env->dialer, dialled, ex);
	if (!ex->dial)
		no_memory(ex);
}

static void logged_in(void *arg)
{
	struct exchange *ex = arg;
	const struct drawn *d = &ex->secrets->drawn;
	const struct kms_ask ask = {
		.call_id = ex->call.call_id,
		.role = ex->call.role,
		.peer = ex->peer,
		.suite = ex->call.suite,
		.epoch = ex->call.epoch,
		.dist_kid = d->wanted == 2 ? d->kid[1] : NULL,
	};
	char line[KMS_LINE_MAX];

	OPENSSL_cleanse(ex->secrets->auth, QSC_KEYS_LEN);
	ex->step = STEP_ASK;
	kms_ask(&ask, line);
	link_send(ex->link, line);
	set_timer(ex, ex->env->answer_seconds);
}

static void login_ended(struct exchange *ex, enum link_end end, const struct failure *why)
{
	if (end == LINK_CUT && why->code == FAIL_SERVICE && ex->tries < TRIES) {
		log_info("%s; the key is tried once more", why->text);
		dial(ex);
	} else if (end == LINK_REFUSED && ex->tries > 1) {
		log_info("a key that was tried before is not good any more: another one is drawn");
		OPENSSL_cleanse(&ex->secrets->drawn, sizeof(ex->secrets->drawn));
		dial(ex);
	} else {
		if (end == LINK_CUT)
			keep_key(ex);
		give_up(ex, why);
	}
}

static void link_down(void *arg, enum link_end end, const struct failure *why)
{
	struct exchange *ex = arg;
	enum step step = ex->step;

	link_free(ex->link);
	ex->link = NULL;
	if (step == STEP_LIVE)
		ex->ops->lost(ex->arg, why);
	else if (step == STEP_LOGIN)
		login_ended(ex, end, why);
	else
		give_up(ex, why);
}

/* Is it the key that was asked for, and who are we? */
static bool matches(struct exchange *ex, const struct kms_line *line)
{
	bool caller = ex->call.role == QSC_KEYS_CALLER;

	memcpy(ex->call.caller, line->caller, sizeof(ex->call.caller));
	memcpy(ex->call.callee, line->callee, sizeof(ex->call.callee));
	return line->epoch == ex->call.epoch &&
	       !strcmp(caller ? line->callee : line->caller, ex->peer);
}

static int export(struct exchange *ex)
{
	uint8_t context[QSC_KEYS_CONTEXT_MAX];
	int len = qsc_keys_call_encode(&ex->call, context);

	return len < 0 ? len : link_export(ex->link, context, (size_t)len, ex->secrets->exporter);
}

static void hand_over(struct exchange *ex, const struct kms_line *line)
{
	struct secrets *secrets = ex->secrets;
	const struct drawn *d = &secrets->drawn;
	const struct exchange_key key = {
		.line = line,
		.dist = secrets->dist,
		.exporter = secrets->exporter,
		.card = d->card,
		.index = d->index[0],
		.remaining = d->remaining,
	};

	ex->step = STEP_LIVE;
	event_del(ex->timer);
	/* The owner may free us. */
	ex->secrets = NULL;
	ex->ops->keyed(ex->arg, &key);
	secmem_put(secrets);
}

static void answered(struct exchange *ex, const struct kms_line *line)
{
	struct failure why;

	if (line->kind == KMS_NO) {
		give_up(ex, &line->why);
		return;
	}
	if (line->kind != KMS_KEY)
		return;
	if (matches(ex, line) && !export(ex)) {
		hand_over(ex, line);
		return;
	}
	failure(&why, FAIL_SERVICE, "the key service has answered another question than was asked");
	give_up(ex, &why);
}

static void got_line(void *arg, const char *text, size_t len)
{
	struct exchange *ex = arg;
	struct kms_line line;
	struct failure why;

	if (ex->step == STEP_OVER)
		return;
	if (!kms_read(text, len, &line)) {
		if (ex->step == STEP_LIVE)
			ex->ops->line(ex->arg, &line);
		else
			answered(ex, &line);
		return;
	}
	failure(&why, FAIL_SERVICE, "the key service says what cannot be understood");
	link_down(ex, LINK_USED, &why);
}

static const struct link_ops link_ops = {
	.up = logged_in,
	.line = got_line,
	.down = link_down,
};

static int derive(struct secrets *s)
{
	const struct drawn *d = &s->drawn;
	unsigned int dist = d->wanted - 1;
	int err = qsc_keys_auth(d->key[0], d->kid[0], s->auth);

	return err ? err : qsc_keys_dist(d->key[dist], d->kid[dist], s->dist);
}

static void log_in(struct exchange *ex)
{
	const struct exchange_env *env = ex->env;
	int fd = ex->fd;

	event_del(ex->timer);
	ex->step = STEP_LOGIN;
	ex->tries++;
	ex->fd = -1;
	if (derive(ex->secrets)) {
		close(fd);
		no_memory(ex);
		return;
	}
	ex->link = link_new(env->base, env->tls, fd, dialer_service(env->dialer),
			    ex->secrets->drawn.kid[0], ex->secrets->auth, env->login_seconds,
			    &link_ops, ex);
	if (!ex->link)
		no_memory(ex);
}

/* ---------------------------------------------------------------------- life */

static void timed_out(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *ex = arg;
	struct failure why;

	(void)fd;
	(void)what;
	if (ex->step == STEP_ASK)
		failure(&why, FAIL_TIMEOUT,
			"the key service did not answer in %u seconds: try again",
			ex->env->answer_seconds);
	else
		failure(&why, FAIL_TIMEOUT,
			"the card did not answer in %u seconds: take it out and insert it again",
			ex->env->card_seconds);
	give_up(ex, &why);
}

struct exchange *exchange_start(const struct exchange_env *env, const struct exchange_want *want,
				const struct exchange_ops *ops, void *arg)
{
	struct exchange *ex = calloc(1, sizeof(*ex));

	if (!ex)
		return NULL;
	ex->env = env;
	ex->ops = ops;
	ex->arg = arg;
	ex->fd = -1;
	ex->call.role = (uint8_t)want->role;
	ex->call.suite = want->suite;
	ex->call.epoch = want->epoch;
	snprintf(ex->call.call_id, sizeof(ex->call.call_id), "%s", want->call_id);
	snprintf(ex->peer, sizeof(ex->peer), "%s", want->peer);
	ex->card.job.card = want->card;
	ex->timer = evtimer_new(env->base, timed_out, ex);
	ex->secrets = secmem_get(sizeof(*ex->secrets));
	if (!ex->timer || !ex->secrets) {
		really_free(ex);
		return NULL;
	}
	ask_card(ex, CARD_CHECK);
	return ex;
}

void exchange_free(struct exchange *ex)
{
	if (!ex)
		return;
	if (ex->dial)
		dial_cancel(ex->dial);
	if (ex->fd >= 0)
		close(ex->fd);
	link_free(ex->link);
	ex->dial = NULL;
	ex->fd = -1;
	ex->link = NULL;
	event_del(ex->timer);
	/* A key that has not been shown to the service yet is worth keeping. */
	if (ex->step == STEP_LOGIN || ex->step == STEP_DIAL || ex->step == STEP_DRAW ||
	    ex->step == STEP_CHECK || ex->card_busy)
		ex->step = STEP_DEAD;
	if (!ex->card_busy)
		really_free(ex);
}

void exchange_rebind(struct exchange *ex, const struct exchange_ops *ops, void *arg)
{
	ex->ops = ops;
	ex->arg = arg;
}

void exchange_say(struct exchange *ex, const char *op, const uint32_t *epoch)
{
	char line[KMS_LINE_MAX];

	if (!ex || !ex->link)
		return;
	kms_say(op, ex->call.call_id, epoch, line);
	link_send(ex->link, line);
}

/* ----------------------------------------------------------------- last words */

static void last_failed(void *arg, const struct failure *why)
{
	struct exchange *ex = arg;

	(void)why;
	(*ex->env->closing)--;
	exchange_free(ex);
}

static void last_answered(void *arg, const struct kms_line *line)
{
	if (line->kind == KMS_DONE || line->kind == KMS_NO)
		last_failed(arg, NULL);
}

static const struct exchange_ops last_ops = {
	.failed = last_failed,
	.line = last_answered,
	.lost = last_failed,
};

void exchange_say_last(struct exchange *ex, const char *op)
{
	if (!ex)
		return;
	if (ex->step != STEP_LIVE || !ex->link) {
		exchange_free(ex);
		return;
	}
	exchange_say(ex, op, NULL);
	exchange_rebind(ex, &last_ops, ex);
	(*ex->env->closing)++;
	set_timer(ex, LAST_SECONDS);
}
