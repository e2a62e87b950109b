// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Live connections: each party of a call keeps that of its newest login open,
 * to be told of a rekey, and when its peer is ready for it.
 */
#include <string.h>

#include <json-c/json.h>

#include "conn.h"

#define JSON_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* The newest login of a party takes over. */
void live_attach(struct conn *conn, struct call *call)
{
	struct call_party *party = call_party(call, conn->call.role);

	if (party->live)
		live_retired(party->live);
	party->live = conn;
	conn->live = true;
	conn_set_timer(conn, conn->svc->opts.lifetime);
}

void live_retired(struct conn *conn)
{
	conn->live = false;
	conn_set_timer(conn, conn->svc->opts.idle_seconds);
}

void live_leave(struct conn *conn)
{
	struct calls *calls = conn->svc->calls;
	struct call *call = calls_find(calls, &conn->name);
	struct call_party *party = call ? call_party(call, conn->call.role) : NULL;

	conn->live = false;
	if (!party || party->live != conn)
		return;
	party->live = NULL;
	calls_settle(calls, call);
}

/* May end the connection, which leaves its call then. */
void live_push(struct conn *conn, const char *event, const char *call, uint32_t epoch)
{
	struct json_object *obj = json_object_new_object();

	conn->svc->stats.events++;
	json_object_object_add(obj, "event", json_object_new_string(event));
	json_object_object_add(obj, "call", json_object_new_string(call));
	json_object_object_add(obj, "epoch", json_object_new_int64(epoch));
	conn_send_line(conn, json_object_to_json_string_ext(obj, JSON_FLAGS));
	json_object_put(obj);
}

/* Answers what is wrong with a request about the call of this login. */
static bool refuse_unbound(struct conn *conn)
{
	if (conn->bound && !strcmp(conn->req.call, conn->call.call_id))
		return false;
	conn_refuse(conn, "not-bound", "this login has no key of that call");
	return true;
}

void live_ready(struct conn *conn)
{
	struct call *call = calls_find(conn->svc->calls, &conn->name);
	const unsigned int role = conn->call.role;
	const uint32_t epoch = conn->req.epoch;
	struct conn *tell = NULL;
	bool peer_ready;

	if (refuse_unbound(conn))
		return;
	if (!call || epoch != conn->call.epoch || epoch != call->epoch ||
	    !call_party(call, role)->served) {
		conn_refuse(conn, "epoch", "that is not the newest epoch of the call");
		return;
	}
	peer_ready = call_peer(call, role)->ready;
	if (peer_ready && !call_party(call, role)->ready)
		tell = call_peer(call, role)->live;
	call_party(call, role)->ready = true;
	conn_send_line(conn,
		       peer_ready ? "{\"ok\":true,\"peer\":true}" : "{\"ok\":true,\"peer\":false}");
	if (tell)
		live_push(tell, "ready", conn->req.call, epoch);
}

void live_hangup(struct conn *conn)
{
	struct calls *calls = conn->svc->calls;
	struct call *call = calls_find(calls, &conn->name);

	if (refuse_unbound(conn))
		return;
	if (call && call->named) {
		conn->svc->stats.hangups++;
		calls_end(calls, call);
	}
	conn_send_line(conn, "{\"ok\":true}");
}
