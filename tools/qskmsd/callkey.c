// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Answers to requests. A login serves one call: its distribution key wraps that
 * call's session keys, each under a key that depends on the call context, and a
 * context is answered once; whoever asks again gets the same bytes again.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <openssl/evp.h>

#include "conn.h"
#include "log.h"

#define EXPORTER_LABEL "EXPORTER-qsc-dist"
#define WRAPPED_TEXT (4 * ((QSC_KEYS_SEALED + 2) / 3) + 1)

void conn_refuse(struct conn *conn, const char *code, const char *detail)
{
	char text[ANSWER_MAX];

	conn->svc->stats.errors++;
	if (conn->state == CONN_BUSY)
		conn->state = CONN_OPEN;
	snprintf(text, sizeof(text), "{\"ok\":false,\"error\":\"%s\",\"detail\":\"%s\"}", code,
		 detail);
	conn_send_line(conn, text);
}

static void refuse_revoked(struct conn *conn)
{
	conn_refuse(conn, "revoked", "this card was revoked");
	conn_finish(conn);
}

static void answer_status(struct conn *conn)
{
	char text[ANSWER_MAX];

	snprintf(text, sizeof(text),
		 "{\"ok\":true,\"subscriber\":\"%s\",\"card\":%llu,\"profile\":\"%s\"}",
		 conn->subscriber, (unsigned long long)conn->card, qsc_profile_name(conn->profile));
	conn_send_line(conn, text);
}

static void wanted_call(const struct conn *conn, struct qsc_keys_call *call)
{
	const struct request *req = &conn->req;
	bool caller = req->role == QSC_KEYS_CALLER;

	memset(call, 0, sizeof(*call));
	memcpy(call->call_id, req->call, sizeof(call->call_id));
	memcpy(caller ? call->caller : call->callee, conn->subscriber, sizeof(call->caller));
	memcpy(caller ? call->callee : call->caller, req->peer, sizeof(call->caller));
	call->role = (uint8_t)req->role;
	call->suite = req->suite;
	call->epoch = req->epoch;
}

static void session_name(const struct qsc_keys_call *call, struct session_name *name)
{
	memset(name, 0, sizeof(*name));
	memcpy(name->call, call->call_id, sizeof(name->call));
	memcpy(name->caller, call->caller, sizeof(name->caller));
	memcpy(name->callee, call->callee, sizeof(name->callee));
}

static bool same_call(const struct qsc_keys_call *a, const struct qsc_keys_call *b)
{
	return a->role == b->role && !strcmp(a->call_id, b->call_id) &&
	       !strcmp(a->caller, b->caller) && !strcmp(a->callee, b->callee);
}

/* X, K_wrap and the wrapped key itself; 0 or a negative errno */
static int wrap(struct conn *conn, const struct qsc_keys_call *call, const uint8_t *key,
		uint8_t *out)
{
	uint8_t context[QSC_KEYS_CONTEXT_MAX], exported[QSC_KEYS_LEN], wrap_key[QSC_KEYS_LEN];
	int len = qsc_keys_call_encode(call, context);
	int err = -EIO;

	if (len > 0 &&
	    SSL_export_keying_material(conn->ssl, exported, sizeof(exported), EXPORTER_LABEL,
				       strlen(EXPORTER_LABEL), context, (size_t)len, 1) == 1)
		err = qsc_keys_wrap(conn->keys->dist, exported, wrap_key) ?:
			      qsc_keys_seal_session(wrap_key, call, key, out);
	OPENSSL_cleanse(exported, sizeof(exported));
	OPENSSL_cleanse(wrap_key, sizeof(wrap_key));
	return err;
}

static bool answer_key(struct conn *conn, const struct qsc_keys_call *call, const uint8_t *key)
{
	uint8_t wrapped[QSC_KEYS_SEALED];
	char text[WRAPPED_TEXT];

	if (wrap(conn, call, key, wrapped)) {
		conn_refuse(conn, "unavailable", "the key could not be wrapped");
		return false;
	}
	EVP_EncodeBlock((unsigned char *)text, wrapped, sizeof(wrapped));
	snprintf(conn->answer, sizeof(conn->answer),
		 "{\"ok\":true,\"epoch\":%u,\"wrapped\":\"%s\",\"lifetime\":%u,"
		 "\"caller\":\"%s\",\"callee\":\"%s\"}",
		 call->epoch, text, conn->svc->opts.lifetime, call->caller, call->callee);
	conn->last = *call;
	conn->bound = true;
	conn->state = CONN_OPEN;
	conn_send_line(conn, conn->answer);
	return true;
}

static void park(struct conn *conn)
{
	TAILQ_INSERT_TAIL(&conn->svc->parked, conn, parked_link);
	conn->parked = true;
}

/* A key for a call, or for the next epoch of one */
static void make_key(struct conn *conn, const struct qsc_keys_call *call,
		     const struct session_name *name)
{
	struct service *svc = conn->svc;
	uint8_t key[SESSION_KEY];
	struct session *session;

	switch (source_take(svc->source, key)) {
	case 0:
		break;
	case -EAGAIN:
		park(conn);
		return;
	default:
		conn_refuse(conn, "unavailable", "the source of session keys is out of order");
		return;
	}
	session = sessions_put(svc->sessions, name, call->suite, call->epoch, key);
	OPENSSL_cleanse(key, sizeof(key));
	if (!session) {
		conn_refuse(conn, "busy", "too many calls wait for their callee");
		return;
	}
	svc->stats.keys_made++;
	if (call->epoch)
		svc->stats.rekeys++;
	answer_key(conn, call, session->key);
}

static void answer_caller(struct conn *conn, const struct qsc_keys_call *call,
			  const struct session_name *name)
{
	const struct session *session = sessions_find(conn->svc->sessions, name);

	if (!session || session->epoch + UINT64_C(1) == call->epoch)
		make_key(conn, call, name);
	else if (session->epoch != call->epoch)
		conn_refuse(conn, "epoch", "the next epoch is the last one and 1");
	else if (session->suite != call->suite)
		conn_refuse(conn, "suite", "the call was begun with another suite");
	else
		answer_key(conn, call, session->key);
}

/* Whether the call does not exist or belongs to others is for its parties to know. */
static void answer_callee(struct conn *conn, const struct qsc_keys_call *call,
			  const struct session_name *name)
{
	struct service *svc = conn->svc;
	const struct session *session = sessions_find(svc->sessions, name);

	if (!session || session->epoch != call->epoch) {
		conn_refuse(conn, "no-such-call",
			    "nobody has asked for a key to call you with, or it is too late");
		return;
	}
	if (session->suite != call->suite) {
		conn_refuse(conn, "suite", "the caller has chosen another suite");
		return;
	}
	if (!answer_key(conn, call, session->key))
		return;
	svc->stats.keys_fetched++;
	sessions_drop(svc->sessions, name);
}

static void hand_out(struct conn *conn)
{
	struct session_name name;
	struct qsc_keys_call call;

	wanted_call(conn, &call);
	session_name(&call, &name);
	if (call.role == QSC_KEYS_CALLER)
		answer_caller(conn, &call, &name);
	else
		answer_callee(conn, &call, &name);
}

void callkey_source_ready(void *arg)
{
	struct service *svc = arg;
	struct conns waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct conn *conn;

	TAILQ_CONCAT(&waiting, &svc->parked, parked_link);
	while ((conn = TAILQ_FIRST(&waiting))) {
		TAILQ_REMOVE(&waiting, conn, parked_link);
		conn->parked = false;
		conn->jobs++;
		hand_out(conn);
		conn_go_on(conn);
		conn_job_done(conn);
	}
}

static void run_check(struct job *job, struct store *st)
{
	struct conn *conn = (struct conn *)((char *)job - offsetof(struct conn, check.job));
	struct party_check *check = &conn->check;

	check->err =
		st->ops->check(st, conn->card, conn->req.peer, &check->self_ok, &check->peer_ok);
	if (check->err)
		log_error("%s", st->error);
}

static void checked(struct job *job)
{
	struct conn *conn = (struct conn *)((char *)job - offsetof(struct conn, check.job));
	const struct party_check *check = &conn->check;

	if (conn->state == CONN_BUSY) {
		if (check->err)
			conn_refuse(conn, "unavailable", "the store failed, try again");
		else if (!check->self_ok)
			refuse_revoked(conn);
		else if (!check->peer_ok)
			conn_refuse(conn, "no-such-peer", "nobody of that name can be called");
		else
			hand_out(conn);
		conn_go_on(conn);
	}
	conn_job_done(conn);
}

/* Another service on the same store may have revoked one of them. */
static void check_parties(struct conn *conn)
{
	conn->check.job.run = run_check;
	conn->check.job.done = checked;
	conn->jobs++;
	worker_submit(conn->svc->reader, &conn->check.job);
}

static void refuse_dist(struct conn *conn)
{
	OPENSSL_cleanse(conn->keys->auth, sizeof(*conn->keys));
	conn->has_dist = false;
	conn_refuse(conn, "dist-key", "that key is not on this card, or was used before");
}

static void dist_burnt(struct burn_request *burn, enum burn_result result)
{
	struct conn *conn = (struct conn *)((char *)burn - offsetof(struct conn, burn));

	release(&conn->dist_key);
	if (conn->state == CONN_BUSY) {
		if (result == BURN_DONE) {
			conn->has_dist = true;
			memcpy(conn->dist_kid, conn->req.dist, sizeof(conn->dist_kid));
			check_parties(conn);
		} else if (result == BURN_GONE) {
			refuse_dist(conn);
		} else {
			conn_refuse(conn, "unavailable", "the store failed, try again");
		}
		conn_go_on(conn);
	}
	conn_job_done(conn);
}

static void burn_dist(struct conn *conn)
{
	conn->burn.card = conn->dist_key.card;
	conn->burn.slot = conn->dist_key.slot;
	conn->burn.done = dist_burnt;
	conn->jobs++;
	burner_submit(conn->svc->burner, &conn->burn);
}

static void dist_found(struct lookup *l)
{
	struct conn *conn = l->owner;

	if (conn->state == CONN_BUSY) {
		if (l->result == LOOKUP_FAILED) {
			conn_refuse(conn, "unavailable", "the store failed, try again");
		} else if (l->result != LOOKUP_FOUND || l->card != conn->card ||
			   !reserve(conn->svc->reserved, &conn->dist_key, l->card, l->slot)) {
			refuse_dist(conn);
		} else {
			conn->has_dist = false;
			memcpy(conn->keys->dist, l->keys->dist, sizeof(conn->keys->dist));
			burn_dist(conn);
		}
		conn_go_on(conn);
	}
	lookup_free_keys(l->keys);
	l->keys = NULL;
	conn_job_done(conn);
}

/* The second key of a two-draw card: burnt like the first before it is used. */
static void use_dist(struct conn *conn)
{
	memcpy(conn->lookup.kid, conn->req.dist, sizeof(conn->lookup.kid));
	conn->lookup.done = dist_found;
	conn->jobs++;
	lookup_start(&conn->lookup);
}

static bool needs_dist(const struct conn *conn)
{
	return conn->req.has_dist &&
	       !(conn->has_dist && !memcmp(conn->req.dist, conn->dist_kid, QSC_KEYS_KID));
}

/* What is wrong with a request before the store is asked, or NULL */
static const char *wrong(const struct conn *conn, const struct qsc_keys_call *call,
			 const char **detail)
{
	bool two = conn->profile == QSC_PROFILE_TWO_DRAW;

	*detail = "this login serves another call: log in again, with another key";
	if (conn->bound && !same_call(call, &conn->last))
		return "one-call";
	*detail = "the next epoch is the last one and 1";
	if (conn->bound && call->epoch != conn->last.epoch + UINT64_C(1))
		return "epoch";
	*detail = "a call has two parties";
	if (!strcmp(call->caller, call->callee))
		return "bad-request";
	*detail = two ? "a two-draw card names a second key in dist" :
			"a one-draw card has no second key";
	if (two ? !conn->req.has_dist && !conn->has_dist : conn->req.has_dist)
		return "dist-key";
	return NULL;
}

static bool is_repeat(const struct conn *conn, const struct qsc_keys_call *call)
{
	return conn->bound && same_call(call, &conn->last) && call->suite == conn->last.suite &&
	       call->epoch == conn->last.epoch;
}

static void start_call_key(struct conn *conn)
{
	const char *code, *detail;
	struct qsc_keys_call call;

	wanted_call(conn, &call);
	if (is_repeat(conn, &call)) {
		conn->svc->stats.repeats++;
		conn_send_line(conn, conn->answer);
		return;
	}
	code = wrong(conn, &call, &detail);
	if (code) {
		conn_refuse(conn, code, detail);
		return;
	}
	conn->state = CONN_BUSY;
	if (needs_dist(conn))
		use_dist(conn);
	else
		check_parties(conn);
}

void callkey_start(struct conn *conn)
{
	if (conn->req.op == OP_STATUS)
		answer_status(conn);
	else
		start_call_key(conn);
}

/* The card was revoked: not a word more to whoever uses it. */
void conns_revoke(struct service *svc, uint64_t card, const char *subscriber)
{
	struct conn *conn, *next;

	sessions_drop_party(svc->sessions, subscriber);
	for (conn = TAILQ_FIRST(&svc->conns); conn; conn = next) {
		next = TAILQ_NEXT(conn, link);
		if (card != (conn->logged_in ? conn->card : conn->lookup.card))
			continue;
		if (conn->state == CONN_OPEN || conn->state == CONN_BUSY) {
			conn->jobs++;
			refuse_revoked(conn);
			conn_job_done(conn);
		} else if (conn->state != CONN_FLUSH) {
			conn_close(conn);
		}
	}
}
