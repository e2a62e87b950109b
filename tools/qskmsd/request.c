// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reading requests: everything is checked before anything is believed. */
#include <errno.h>
#include <string.h>

#include <qsc/qsc.h>

#include "json_line.h"
#include "request.h"

static int refuse(struct refusal *no, const char *code, const char *detail)
{
	no->code = code;
	no->detail = detail;
	return -EINVAL;
}

static int bad(struct refusal *no, const char *detail)
{
	return refuse(no, "bad-request", detail);
}

static int read_epoch(struct json_object *obj, uint32_t *epoch, struct refusal *no)
{
	struct json_object *value;
	int64_t number;

	if (!json_object_object_get_ex(obj, "epoch", &value))
		return 0;
	if (!json_object_is_type(value, json_type_int))
		return bad(no, "epoch is not a number");
	number = json_object_get_int64(value);
	if (number < 0 || number > UINT32_MAX)
		return bad(no, "epoch is not between 0 and 4294967295");
	*epoch = (uint32_t)number;
	return 0;
}

static int read_suite(struct json_object *obj, uint32_t *suite, struct refusal *no)
{
	const char *name = json_line_text(obj, "suite");

	if (!name)
		return bad(no, "suite is missing or not a string");
	for (uint32_t i = 1; qsc_suite_name(i); i++) {
		if (strcmp(name, qsc_suite_name(i)))
			continue;
		*suite = i;
		/* That suite is for legs that face old equipment, with keys of its own. */
		if (i == QSC_SUITE_AES_CM_128_HMAC_SHA1_80)
			return refuse(no, "suite", "secure calls do not use this suite");
		return 0;
	}
	return refuse(no, "suite", "a suite of that name does not exist");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static int read_dist(struct json_object *obj, struct request *req, struct refusal *no)
{
	const char *text = json_line_text(obj, "dist-kid");

	if (!json_object_object_get_ex(obj, "dist-kid", NULL))
		return 0;
	if (!text || strlen(text) != 2 * sizeof(req->dist))
		return bad(no, "dist-kid is not 32 hexadecimal digits");
	for (size_t i = 0; i < sizeof(req->dist); i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return bad(no, "dist-kid is not 32 hexadecimal digits");
		req->dist[i] = (uint8_t)(high << 4 | low);
	}
	req->has_dist = true;
	return 0;
}

static int read_id(struct json_object *obj, struct request *req, struct refusal *no)
{
	const char *call = json_line_text(obj, "call");

	if (!call || !qsc_keys_call_id_ok(call))
		return bad(no, "call is not 1 to 127 printable characters");
	memcpy(req->call, call, strlen(call));
	return 0;
}

static int read_parties(struct json_object *obj, struct request *req, struct refusal *no)
{
	const char *role = json_line_text(obj, "role");
	const char *peer = json_line_text(obj, "peer");

	if (!peer || !qsc_keys_subscriber_ok(peer))
		return bad(no, "peer is not a subscriber's name");
	if (role && !strcmp(role, "caller"))
		req->role = QSC_KEYS_CALLER;
	else if (role && !strcmp(role, "callee"))
		req->role = QSC_KEYS_CALLEE;
	else
		return bad(no, "role is neither caller nor callee");
	memcpy(req->peer, peer, strlen(peer));
	return 0;
}

static int read_call_key(struct json_object *obj, struct request *req, struct refusal *no)
{
	return read_id(obj, req, no)			?:
		       read_parties(obj, req, no)	?:
		       read_suite(obj, &req->suite, no) ?:
		       read_epoch(obj, &req->epoch, no) ?:
							  read_dist(obj, req, no);
}

static int read_ready(struct json_object *obj, struct request *req, struct refusal *no)
{
	return read_id(obj, req, no) ?: read_epoch(obj, &req->epoch, no);
}

static int read_nothing(struct json_object *obj, struct request *req, struct refusal *no)
{
	(void)obj;
	(void)req;
	(void)no;
	return 0;
}

static const struct {
	const char *name;
	enum request_op op;
	int (*read)(struct json_object *obj, struct request *req, struct refusal *no);
} ops[] = {
	{ "call-key", OP_CALL_KEY, read_call_key },
	{ "ready", OP_READY, read_ready },
	{ "hangup", OP_HANGUP, read_id },
	{ "status", OP_STATUS, read_nothing },
};

static int read_object(struct json_object *obj, struct request *req, struct refusal *no)
{
	const char *op = json_line_text(obj, "op");

	if (!op)
		return bad(no, "op is missing or not a string");
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(op, ops[i].name))
			continue;
		req->op = ops[i].op;
		return ops[i].read(obj, req, no);
	}
	return refuse(no, "unknown-op", "this service does not know that op");
}

int request_parse(const char *line, size_t len, struct request *req, struct refusal *no)
{
	struct json_object *obj;
	int ret;

	memset(req, 0, sizeof(*req));
	obj = json_line_parse(line, len);
	if (!obj)
		return refuse(no, "malformed", "the line is not one JSON object");
	ret = read_object(obj, req, no);
	json_object_put(obj);
	return ret;
}
