// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What requests do. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "json_line.h"
#include "log.h"
#include "secmem.h"

static void put(struct json_object *obj, const char *name, const char *text)
{
	json_object_object_add(obj, name, json_object_new_string(text ? text : "?"));
}

static void put_number(struct json_object *obj, const char *name, uint64_t n)
{
	json_object_object_add(obj, name, json_object_new_uint64(n));
}

static struct json_object *good(void)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "ok", json_object_new_boolean(true));
	return obj;
}

/* ---------------------------------------------------------------------- calls */

static struct json_object *call_object(const struct call *call)
{
	struct json_object *obj = json_object_new_object();

	put(obj, "id", call->id);
	put(obj, "state", call_state_name(call->state));
	put(obj, "peer", call->peer);
	put(obj, "role", qsc_role_name(call->params.role));
	put(obj, "suite", qsc_suite_name(call->params.legs[0].suite));
	if (call->state == CALL_STARTING || call->state == CALL_BLOCKED)
		return obj;
	put_number(obj, "epoch", call->epoch);
	put_number(obj, "card", call->card);
	put_number(obj, "key", call->index);
	put_number(obj, "remaining", call->remaining);
	put_number(obj, "lifetime", call->lifetime);
	put_number(obj, "rekeys", call->rekeys);
	put_number(obj, "setup_ms", (uint64_t)call->secure_ms);
	json_object_object_add(obj, "connected", json_object_new_boolean(call->now != NULL));
	return obj;
}

static struct client *client_of(struct call_waiter *waiter)
{
	return (struct client *)((char *)waiter - offsetof(struct client, waiter));
}

static void call_done(struct call_waiter *waiter, const struct call *call,
		      const struct failure *why)
{
	struct client *client = client_of(waiter);
	struct json_object *obj;

	if (why) {
		client_refuse(client, why);
		return;
	}
	obj = good();
	json_object_object_add(obj, "call", call_object(call));
	client_answer(client, obj);
}

static void start_call(struct client *client)
{
	const struct request *req = &client->req;
	const struct call_want want = {
		.params = req->params,
		.peer = req->peer,
		.card = req->card,
	};

	log_info("call %s with %s is started by user %u", req->id, req->peer, client->uid);
	client->waiter.done = call_done;
	call_start(client->env->calls, &want, &client->waiter);
}

static void end_call(struct client *client)
{
	struct failure why;

	log_info("call %s is ended by user %u", client->req.id, client->uid);
	if (call_end(client->env->calls, client->req.id, &why))
		client_refuse(client, &why);
	else
		client_answer(client, good());
}

static void rekey_call(struct client *client)
{
	struct call *call = call_find(client->env->calls, client->req.id);
	struct failure why;

	if (!call)
		failure(&why, FAIL_BAD_REQUEST, "qskeyd has no call %s", client->req.id);
	else if (call->waiter)
		failure(&why, FAIL_BAD_REQUEST, "somebody waits for that call already");
	else if (!rekey_begin(call, "a user wants it", &why)) {
		client->waiter.done = call_done;
		call->waiter = &client->waiter;
		return;
	}
	client_refuse(client, &why);
}

/* ---------------------------------------------------------------------- cards */

static struct json_object *card_object(const struct card_view *view)
{
	struct json_object *obj = json_object_new_object();

	put(obj, "where", view->where);
	if (view->has_info) {
		put_number(obj, "card", view->info.card);
		put(obj, "state", qsc_card_state_name(view->info.state));
		if (view->info.profile)
			put(obj, "profile", qsc_profile_name(view->info.profile));
		put_number(obj, "total", view->info.total);
		put_number(obj, "remaining", view->info.remaining);
		put_number(obj, "pin_tries", view->info.tries);
	}
	json_object_object_add(obj, "usable", json_object_new_boolean(!view->why.code));
	if (view->why.code) {
		put(obj, "error", failure_name(view->why.code));
		put(obj, "detail", view->why.text);
	}
	return obj;
}

static void answer_list(struct client *client)
{
	struct json_object *obj = good(), *array = json_object_new_array();

	for (unsigned int i = 0; i < client->card.job.n_views; i++)
		json_object_array_add(array, card_object(&client->views[i]));
	json_object_object_add(obj, "cards", array);
	client_answer(client, obj);
}

/* The one that was asked for, or the one that a call would take, or the only one */
static const struct card_view *choose(const struct client *client)
{
	const struct card_view *found = NULL;

	for (unsigned int i = 0; i < client->card.job.n_views; i++) {
		const struct card_view *view = &client->views[i];

		if (client->req.card) {
			if (view->has_info && view->info.card == client->req.card)
				return view;
		} else if (!view->why.code) {
			return view;
		} else if (!found || view->why.code > found->why.code) {
			found = view;
		}
	}
	return found;
}

static void answer_info(struct client *client)
{
	const struct card_view *view = choose(client);
	struct json_object *obj;
	struct failure why;

	if (view && view->has_info) {
		obj = good();
		json_object_object_add(obj, "card", card_object(view));
		client_answer(client, obj);
		return;
	}
	failure(&why, FAIL_OTHER_CARD,
		"there is no card %llu: \"qsctl card list\" tells what there is",
		(unsigned long long)client->req.card);
	client_refuse(client, view ? &view->why : &why);
}

static void unlocked(struct client *client)
{
	struct json_object *obj = good();

	json_object_object_add(obj, "card", card_object(&client->views[0]));
	client_answer(client, obj);
}

static void card_done(struct card_request *req)
{
	struct client *client = req->owner;

	client->card_busy = false;
	secmem_put(client->pin);
	client->pin = NULL;
	if (client->dead)
		client_free(client);
	else if (req->job.why.code)
		client_refuse(client, &req->job.why);
	else if (client->req.op == OP_CARD_LIST)
		answer_list(client);
	else if (client->req.op == OP_CARD_INFO)
		answer_info(client);
	else
		unlocked(client);
}

static void ask_cards(struct client *client, enum card_op op)
{
	struct card_request *req = &client->card;
	struct failure why;

	if (!client->views)
		client->views = calloc(CARDS_MAX, sizeof(*client->views));
	if (!client->views) {
		failure(&why, FAIL_INTERNAL, "qskeyd has not enough memory");
		client_refuse(client, &why);
		return;
	}
	req->job.op = op;
	req->job.card = op == CARD_LOOK ? 0 : client->req.card;
	req->job.pin = client->pin;
	req->job.views = client->views;
	req->done = card_done;
	req->owner = client;
	client->card_busy = true;
	cards_submit(client->env->cards, req);
}

void control_pin(struct client *client, const char *line, size_t len)
{
	struct failure why;

	client->pin_follows = false;
	if (!qsc_card_pin_ok(line, len)) {
		failure(&why, FAIL_BAD_REQUEST, "a PIN is %d to %d digits; no try was used",
			QSC_CARD_PIN_MIN, QSC_CARD_PIN_MAX);
		client_refuse(client, &why);
		return;
	}
	client->pin = secmem_get(QSC_CARD_PIN_MAX + 1);
	if (!client->pin) {
		failure(&why, FAIL_INTERNAL, "not enough memory for secrets");
		client_refuse(client, &why);
		return;
	}
	memcpy(client->pin, line, len);
	ask_cards(client, CARD_UNLOCK);
}

/* --------------------------------------------------------------------- status */

static void answer_status(struct client *client)
{
	struct json_object *obj = good(), *array = json_object_new_array();
	const struct calls *calls = client->env->calls;
	const struct call *call;

	for (call = LIST_FIRST(&calls->list); call; call = LIST_NEXT(call, link))
		json_object_array_add(array, call_object(call));
	put(obj, "version", QSC_TOOLS_VERSION);
	put(obj, "service", dialer_service(calls->env.dialer));
	put(obj, "secret_memory", secmem_kind());
	put_number(obj, "spare_keys", cards_spares(client->env->cards));
	json_object_object_add(obj, "calls", array);
	client_answer(client, obj);
}

void control_request(struct client *client, const char *line, size_t len)
{
	struct failure why;

	if (request_parse(line, len, &client->req, &why)) {
		client_refuse(client, &why);
		return;
	}
	switch (client->req.op) {
	case OP_CALL_START:
		start_call(client);
		break;
	case OP_CALL_END:
		end_call(client);
		break;
	case OP_CALL_REKEY:
		rekey_call(client);
		break;
	case OP_CARD_LIST:
	case OP_CARD_INFO:
		ask_cards(client, CARD_LOOK);
		break;
	case OP_CARD_UNLOCK:
		client->pin_follows = true;
		client->busy = false;
		break;
	case OP_STATUS:
		answer_status(client);
		break;
	}
}
