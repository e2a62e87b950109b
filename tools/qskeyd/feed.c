// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* libqsc does the work; keys cross netlink sealed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "log.h"
#include "secmem.h"

struct feed {
	struct qsc_sock *sk;
	struct event *readable;
	void (*event)(void *arg, const struct qsc_event *event);
	void *arg;
};

static int no(struct feed *feed, const char *what, struct failure *why)
{
	const struct qsc_error *err = qsc_last_error(feed->sk);

	return failure(why, FAIL_KERNEL, "%s: %s", what, err->text[0] ? err->text : "failed");
}

static int pass_on(const struct qsc_event *event, void *arg)
{
	struct feed *feed = arg;

	feed->event(feed->arg, event);
	return 0;
}

static void can_read(evutil_socket_t fd, short what, void *arg)
{
	struct feed *feed = arg;
	int n = qsc_event_wait(feed->sk, 0, pass_on, feed);

	(void)fd;
	(void)what;
	if (n == -ENOBUFS)
		feed->event(feed->arg, NULL);
	else if (n < 0 && n != -EINTR)
		log_warn("events of the kernel: %s", qsc_last_error(feed->sk)->text);
}

int feed_open(struct feed **out, struct event_base *base,
	      void (*event)(void *arg, const struct qsc_event *event), void *arg,
	      struct failure *why)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	*out = feed;
	if (!feed)
		return failure(why, FAIL_INTERNAL, "not enough memory");
	feed->event = event;
	feed->arg = arg;
	if (qsc_open(&feed->sk))
		return feed->sk ? no(feed, "the kernel module", why) :
				  failure(why, FAIL_INTERNAL, "not enough memory");
	if (qsc_subscribe(feed->sk))
		return no(feed, "events of the kernel", why);
	feed->readable =
		event_new(base, qsc_event_fd(feed->sk), EV_READ | EV_PERSIST, can_read, feed);
	return feed->readable && !event_add(feed->readable, NULL) ?
		       0 :
		       failure(why, FAIL_INTERNAL, "not enough memory");
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	if (feed->readable)
		event_free(feed->readable);
	qsc_close(feed->sk);
	free(feed);
}

int feed_call_new(struct feed *feed, const struct qsc_call_params *params, struct failure *why)
{
	return qsc_call_new(feed->sk, params) ? no(feed, "the kernel refuses the call", why) : 0;
}

int feed_call_del(struct feed *feed, const char *id, struct failure *why)
{
	return qsc_call_del(feed->sk, id) ? no(feed, "the kernel cannot end the call", why) : 0;
}

int feed_revoke(struct feed *feed, const char *id, struct failure *why)
{
	return qsc_key_revoke(feed->sk, id) ? no(feed, "the kernel cannot erase the keys", why) : 0;
}

int feed_lifetime(struct feed *feed, const char *id, uint32_t seconds, struct failure *why)
{
	return qsc_call_set(feed->sk, id, NULL, &seconds) ?
		       no(feed, "the kernel refuses the lifetime", why) :
		       0;
}

static int ignore(const struct qsc_call *call, void *arg)
{
	(void)call;
	(void)arg;
	return 0;
}

/* When in doubt, there is one. */
bool feed_has_call(struct feed *feed, const char *id)
{
	return qsc_call_get(feed->sk, id, ignore, NULL) != -ENOENT;
}

static bool same_addr(const union qsc_addr *a, const union qsc_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in4.sin_port == b->in4.sin_port &&
		       a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
}

static bool same_leg(const struct qsc_leg *leg, const struct qsc_leg_params *params)
{
	return leg->suite == params->suite && same_addr(&leg->local, &params->local) &&
	       same_addr(&leg->remote, &params->remote) && leg->local_rtcp == params->local_rtcp &&
	       leg->remote_rtcp == params->remote_rtcp;
}

struct waits {
	const struct qsc_call_params *params;
	int64_t age_ms; /* -1: another call, or none that waits */
};

static int look_at_call(const struct qsc_call *call, void *arg)
{
	struct waits *waits = arg;
	const struct qsc_call_params *p = waits->params;

	if (call->state == QSC_CALL_STATE_NEW && call->n_legs == p->n_legs &&
	    call->flags == p->flags && call->role == p->role && call->timeout_s == p->timeout_s &&
	    call->lifetime_s == p->lifetime_s &&
	    call->window == (p->window ? p->window : QSC_WINDOW_DEFAULT) &&
	    same_leg(&call->legs[0], &p->legs[0]))
		waits->age_ms = (int64_t)call->age_ms;
	return 0;
}

bool feed_waits(struct feed *feed, const struct qsc_call_params *params, int64_t *age_ms)
{
	struct waits waits = { .params = params, .age_ms = -1 };
	int err = qsc_call_get(feed->sk, params->id, look_at_call, &waits);

	*age_ms = waits.age_ms;
	return !err && waits.age_ms >= 0;
}

int feed_session(struct feed *feed, const struct exchange_want *want,
		 const struct exchange_key *key, bool hold, struct failure *why)
{
	struct qsc_session *session = secmem_get(sizeof(*session));
	int err;

	if (!session)
		return failure(why, FAIL_INTERNAL, "not enough memory for secrets");
	session->role = want->role;
	session->caller = key->line->caller;
	session->callee = key->line->callee;
	session->suite = want->suite;
	session->epoch = want->epoch;
	session->hold = hold;
	memcpy(session->wrapped, key->line->wrapped, sizeof(session->wrapped));
	memcpy(session->dist, key->dist, sizeof(session->dist));
	memcpy(session->exporter, key->exporter, sizeof(session->exporter));
	err = qsc_session_set(feed->sk, want->call_id, session);
	secmem_put(session);
	return err ? no(feed, "the kernel refuses the session key", why) : 0;
}

struct seen {
	uint32_t epoch;
	bool used;
};

static int look_at_keys(const struct qsc_call *call, void *arg)
{
	const uint8_t *mki;
	struct seen *seen = arg;

	for (unsigned int i = 0; i < call->legs[0].n_keys; i++) {
		const struct qsc_key_info *key = &call->legs[0].keys[i];

		mki = key->mki;
		if (key->dir == QSC_DIR_RX && key->mki_len == sizeof(seen->epoch) &&
		    ((uint32_t)mki[0] << 24 | mki[1] << 16 | mki[2] << 8 | mki[3]) == seen->epoch)
			seen->used |= key->rtp_packets || key->rtcp_packets;
	}
	return 0;
}

bool feed_peer_uses(struct feed *feed, const char *id, uint32_t epoch)
{
	struct seen seen = { .epoch = epoch };

	return !qsc_call_get(feed->sk, id, look_at_keys, &seen) && seen.used;
}

int feed_activate(struct feed *feed, const char *id, struct failure *why)
{
	return qsc_session_activate(feed->sk, id, 0) ?
		       no(feed, "the kernel cannot send under the new key", why) :
		       0;
}
