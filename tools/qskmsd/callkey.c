// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Requests for session keys, up to the point where one is handed out. A login
 * is good for one: its distribution key wraps that and is wiped.
 */
#include <stddef.h>
#include <string.h>

#include "conn.h"
#include "log.h"

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

static void call_name(const struct qsc_keys_call *call, struct call_name *name)
{
	memset(name, 0, sizeof(*name));
	memcpy(name->call, call->call_id, sizeof(name->call));
	memcpy(name->caller, call->caller, sizeof(name->caller));
	memcpy(name->callee, call->callee, sizeof(name->callee));
}

static struct conn *checked_conn(void *job)
{
	return (struct conn *)((char *)job - offsetof(struct conn, check.job));
}

static bool ask_parties(struct store_job *job, struct question *question)
{
	struct conn *conn = checked_conn(job);

	question->kind = ASK_PARTIES;
	question->card = conn->card;
	question->peer = conn->req.peer;
	return true;
}

static void run_check(struct store_job *job, struct store *st, const struct question *answer)
{
	struct party_check *check = &checked_conn(job)->check;

	check->err = answer->err;
	check->self_ok = answer->card_ok;
	check->peer_ok = answer->peer_ok;
	if (check->err)
		log_error("%s", st->error);
}

static void checked(struct job *job)
{
	struct conn *conn = checked_conn(job);
	const struct party_check *check = &conn->check;

	if (conn->state == CONN_BUSY) {
		if (check->err)
			conn_refuse(conn, "unavailable", "the store failed, try again");
		else if (!check->self_ok)
			refuse_revoked(conn);
		else if (!check->peer_ok)
			conn_refuse(conn, "no-such-peer", "nobody of that name can be called");
		else
			handout(conn);
		conn_go_on(conn);
	}
	conn_job_done(conn);
}

/* Another service on the same store may have revoked one of them. */
static void check_parties(struct conn *conn)
{
	conn->check.job.ask = ask_parties;
	conn->check.job.run = run_check;
	conn->check.job.job.done = checked;
	conn->jobs++;
	worker_submit(conn->svc->reader, &conn->check.job);
}

static void refuse_dist(struct conn *conn)
{
	OPENSSL_cleanse(conn->keys, sizeof(*conn->keys));
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

	*detail = "this login had its session key: log in again, with another key";
	if (conn->bound)
		return "one-key";
	*detail = "a call has two parties";
	if (!strcmp(call->caller, call->callee))
		return "bad-request";
	*detail = two ? "a two-draw card names a second key in dist-kid" :
			"a one-draw card has no second key";
	if (two ? !conn->req.has_dist && !conn->has_dist : conn->req.has_dist)
		return "dist-key";
	return NULL;
}

static bool is_repeat(const struct conn *conn, const struct qsc_keys_call *call)
{
	const struct qsc_keys_call *had = &conn->call;

	return conn->bound && call->role == had->role && call->suite == had->suite &&
	       call->epoch == had->epoch && !strcmp(call->call_id, had->call_id) &&
	       !strcmp(call->caller, had->caller) && !strcmp(call->callee, had->callee);
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
	conn->call = call;
	call_name(&call, &conn->name);
	conn->state = CONN_BUSY;
	if (needs_dist(conn))
		use_dist(conn);
	else
		check_parties(conn);
}

void conn_request(struct conn *conn)
{
	static void (*const ops[])(struct conn * conn) = {
		[OP_CALL_KEY] = start_call_key,
		[OP_READY] = live_ready,
		[OP_HANGUP] = live_hangup,
		[OP_STATUS] = answer_status,
	};

	ops[conn->req.op](conn);
}

/* The card was revoked: not a word more to whoever uses it. */
void conns_revoke(struct service *svc, uint64_t card, const char *subscriber)
{
	struct conn *conn, *next;

	calls_drop_party(svc->calls, subscriber);
	for (conn = TAILQ_FIRST(&svc->conns); conn; conn = next) {
		next = TAILQ_NEXT(conn, link);
		if (card != (conn->logged_in ? conn->card : conn->lookup.card))
			continue;
		if (conn->state == CONN_OPEN || conn->state == CONN_BUSY)
			refuse_revoked(conn);
		else if (conn->state != CONN_FLUSH)
			conn_close(conn);
	}
}
