// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Who gets which session key. The caller's request makes the call; the callee
 * waits until it was named. From then on either of them may begin the next
 * epoch, and the other one is told.
 */
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "conn.h"

#define EXPORTER_LABEL "EXPORTER-qsc-dist"
#define WRAPPED_TEXT (4 * ((QSC_KEYS_SEALED + 2) / 3) + 1)

/* X, K_wrap and the wrapped key itself; 0 or a negative errno */
static int wrap(struct conn *conn, const uint8_t *key, uint8_t *out)
{
	uint8_t context[QSC_KEYS_CONTEXT_MAX], exported[QSC_KEYS_LEN], wrap_key[QSC_KEYS_LEN];
	int len = qsc_keys_call_encode(&conn->call, context);
	int err = -EIO;

	if (len > 0 &&
	    SSL_export_keying_material(conn->ssl, exported, sizeof(exported), EXPORTER_LABEL,
				       strlen(EXPORTER_LABEL), context, (size_t)len, 1) == 1)
		err = qsc_keys_wrap(conn->keys->dist, exported, wrap_key) ?:
			      qsc_keys_seal_session(wrap_key, &conn->call, key, out);
	OPENSSL_cleanse(exported, sizeof(exported));
	OPENSSL_cleanse(wrap_key, sizeof(wrap_key));
	return err;
}

/* Whoever asks again gets the same bytes again: nothing is wrapped twice. */
static void write_answer(struct conn *conn, const uint8_t *wrapped)
{
	const struct qsc_keys_call *call = &conn->call;
	char text[WRAPPED_TEXT];

	EVP_EncodeBlock((unsigned char *)text, wrapped, QSC_KEYS_SEALED);
	snprintf(conn->answer, sizeof(conn->answer),
		 "{\"ok\":true,\"epoch\":%u,\"wrapped\":\"%s\",\"lifetime\":%u,"
		 "\"caller\":\"%s\",\"callee\":\"%s\"}",
		 call->epoch, text, conn->svc->opts.lifetime, call->caller, call->callee);
}

/* The last thing that is done with @call: the answer may end the connection. */
static void answer(struct conn *conn, struct call *call)
{
	uint8_t wrapped[QSC_KEYS_SEALED];

	if (wrap(conn, call->key, wrapped)) {
		conn_refuse(conn, "unavailable", "the key could not be wrapped");
		return;
	}
	write_answer(conn, wrapped);
	OPENSSL_cleanse(conn->keys, sizeof(*conn->keys));
	conn->bound = true;
	conn_not_at_work(conn);
	conn->state = CONN_OPEN;
	live_attach(conn, call);
	if (conn->call.role == QSC_KEYS_CALLEE)
		conn->svc->stats.keys_fetched++;
	calls_serve(conn->svc->calls, call, conn->call.role);
	conn_send_line(conn, conn->answer);
}

static void give(struct conn *conn, struct call *call)
{
	if (call->suite == conn->call.suite)
		answer(conn, call);
	else
		conn_refuse(conn, "suite", "the call was begun with another suite");
}

static void park(struct conn *conn)
{
	TAILQ_INSERT_TAIL(&conn->svc->parked, conn, parked_link);
	conn->parked = true;
}

/* The callee may have been there first. */
static void wake_held(struct service *svc, const struct call_name *name)
{
	struct call *call = calls_find(svc->calls, name);
	struct conn *conn = call ? call->held : NULL;

	if (!conn || !call->key || conn->call.epoch != call->epoch)
		return;
	call->held = NULL;
	conn->held = false;
	svc->n_held--;
	give(conn, call);
	conn_go_on(conn);
}

static void begin_epoch(struct conn *conn, const uint8_t *key)
{
	const struct call_name name = conn->name;
	const uint32_t epoch = conn->call.epoch;
	struct service *svc = conn->svc;
	struct call *call = calls_get(svc->calls, &name);
	struct conn *peer;

	if (!call || calls_set_key(svc->calls, call, conn->call.suite, epoch, key)) {
		if (call)
			calls_settle(svc->calls, call);
		conn_refuse(conn, "busy", "too many calls at a time");
		return;
	}
	svc->stats.keys_made++;
	svc->stats.rekeys += epoch != 0;
	peer = call_peer(call, conn->call.role)->live;
	answer(conn, call);
	if (peer && epoch)
		live_push(peer, "rekey", name.call, epoch);
	wake_held(svc, &name);
}

/* A key for a call, or for the next epoch of one */
static void make_key(struct conn *conn)
{
	uint8_t key[SESSION_KEY];

	switch (source_take(conn->svc->source, key)) {
	case 0:
		begin_epoch(conn, key);
		OPENSSL_cleanse(key, sizeof(key));
		break;
	case -EAGAIN:
		park(conn);
		break;
	default:
		conn_refuse(conn, "unavailable", "the source of session keys is out of order");
	}
}

/* A key of its own for each epoch, a suite for all. */
static void rekey(struct conn *conn, const struct call *call)
{
	if (call->suite == conn->call.suite)
		make_key(conn);
	else
		conn_refuse(conn, "suite", "the call was begun with another suite");
}

static void refuse_epoch(struct conn *conn, const struct call *call)
{
	char detail[96];

	snprintf(detail, sizeof(detail), "the newest epoch is %u%s", call->epoch,
		 call->key ? "" : ", and both parties have its key");
	conn_refuse(conn, "epoch", detail);
}

void held_release(struct conn *conn)
{
	struct service *svc = conn->svc;
	struct call *call = calls_find(svc->calls, &conn->name);

	conn->held = false;
	svc->n_held--;
	if (!call || call->held != conn)
		return;
	call->held = NULL;
	calls_settle(svc->calls, call);
}

void held_give_up(struct conn *conn, const char *why)
{
	held_release(conn);
	conn->svc->stats.not_called++;
	conn_refuse(conn, "not-called", why);
	conn_go_on(conn);
}

static void hold(struct conn *conn)
{
	struct call *call = calls_get(conn->svc->calls, &conn->name);
	struct conn *older;

	if (!call) {
		conn_refuse(conn, "busy", "too many calls at a time");
		return;
	}
	older = call->held;
	call->held = conn;
	conn->held = true;
	conn_not_at_work(conn);
	conn->svc->n_held++;
	conn_set_timer(conn, conn->svc->opts.callee_seconds);
	if (older)
		held_give_up(older, "a newer login of yours waits for this call");
}

static bool is_current(const struct call *call, uint32_t epoch)
{
	return call && call->key && call->epoch == epoch;
}

static bool is_next(const struct call *call, uint32_t epoch)
{
	return call->epoch + UINT64_C(1) == epoch;
}

/* A call that is not known may have been begun before this service was started. */
static void hand_out_to_caller(struct conn *conn, struct call *call)
{
	const uint32_t epoch = conn->call.epoch;

	if (is_current(call, epoch)) {
		give(conn, call);
	} else if (!call || !call->named || !epoch) {
		if (call)
			calls_end(conn->svc->calls, call);
		make_key(conn);
	} else if (is_next(call, epoch)) {
		rekey(conn, call);
	} else {
		refuse_epoch(conn, call);
	}
}

/* Whether a call does not exist or belongs to others is for its parties to know. */
static void hand_out_to_callee(struct conn *conn, struct call *call)
{
	const uint32_t epoch = conn->call.epoch;

	if (is_current(call, epoch))
		give(conn, call);
	else if (!call || !call->named || !epoch)
		hold(conn);
	else if (call_party(call, QSC_KEYS_CALLEE)->joined && is_next(call, epoch))
		rekey(conn, call);
	else
		refuse_epoch(conn, call);
}

void handout(struct conn *conn)
{
	struct call *call = calls_find(conn->svc->calls, &conn->name);

	if (conn->call.role == QSC_KEYS_CALLER)
		hand_out_to_caller(conn, call);
	else
		hand_out_to_callee(conn, call);
}

void handout_source_ready(void *arg)
{
	struct service *svc = arg;
	struct conns waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct conn *conn;

	TAILQ_CONCAT(&waiting, &svc->parked, parked_link);
	while ((conn = TAILQ_FIRST(&waiting))) {
		TAILQ_REMOVE(&waiting, conn, parked_link);
		conn->parked = false;
		handout(conn);
		conn_go_on(conn);
	}
}
