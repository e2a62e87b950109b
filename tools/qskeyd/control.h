/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The socket for qsctl: a JSON object a line in, and one out. control.c moves
 * lines, request.c reads them, control_ops.c does what they say.
 */
#ifndef _QSKEYD_CONTROL_H
#define _QSKEYD_CONTROL_H

#include <json-c/json.h>

#include "call.h"
#include "request.h"

struct control;

/* What requests are about */
struct control_env {
	struct event_base *base;
	struct calls *calls;
	struct cards *cards;
};

struct client {
	LIST_ENTRY(client) link;
	const struct control_env *env;
	int fd;
	unsigned int uid;
	int pid;
	struct event *readable;
	struct event *writable;
	bool busy; /* a request is being worked on */
	bool dead; /* closed, but a card is at work for it */
	bool pin_follows; /* the next line is no JSON */
	char *in; /* REQUEST_MAX bytes in the secure heap */
	size_t in_len;
	char *out;
	size_t out_len;
	size_t out_sent;
	struct request req;
	struct call_waiter waiter;
	struct card_request card;
	struct card_view *views;
	bool card_busy;
	char *pin; /* secret memory */
};

/* @path, @group: of the socket. Logs what is wrong. */
struct control *control_start(const struct control_env *env, const char *path, const char *group);
void control_stop(struct control *control);

/* Takes the object. */
void client_answer(struct client *client, struct json_object *obj);
void client_refuse(struct client *client, const struct failure *why);
void client_free(struct client *client); /* after it was closed */

/* control_ops.c */
void control_request(struct client *client, const char *line, size_t len);
void control_pin(struct client *client, const char *line, size_t len);

#endif /* _QSKEYD_CONTROL_H */
