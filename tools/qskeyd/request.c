// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reading requests: everything is checked before anything is done. */
#include <string.h>

#include <event2/util.h>

#include "json_line.h"
#include "request.h"

static int bad(struct failure *why, const char *what)
{
	return failure(why, FAIL_BAD_REQUEST, "%s", what);
}

static int read_id(struct json_object *obj, struct request *req, struct failure *why)
{
	const char *id = json_line_text(obj, "id");

	if (!id || !qsc_keys_call_id_ok(id))
		return bad(why, "the call-id is not 1 to 127 printable characters without spaces");
	memcpy(req->id, id, strlen(id) + 1);
	req->params.id = req->id;
	return 0;
}

static int read_card(struct json_object *obj, struct request *req, struct failure *why)
{
	if (!json_object_object_get_ex(obj, "card", NULL))
		return 0;
	if (json_line_number(obj, "card", QSC_KEYS_CARD_MAX, &req->card) && req->card)
		return 0;
	return bad(why, "card is not a card's number");
}

static int read_addr(struct json_object *obj, const char *name, union qsc_addr *addr,
		     struct failure *why)
{
	const char *text = json_line_text(obj, name);
	int len = sizeof(*addr);

	/* sin_port and sin6_port are at the same place */
	if (text && !evutil_parse_sockaddr_port(text, &addr->sa, &len) && addr->in4.sin_port)
		return 0;
	return failure(why, FAIL_BAD_REQUEST,
		       "%s is not an address and port: write 192.0.2.1:5004 or [2001:db8::1]:5004",
		       name);
}

static int read_u32(struct json_object *obj, const char *name, uint32_t max, uint32_t *out,
		    struct failure *why)
{
	uint64_t n;

	if (!json_object_object_get_ex(obj, name, NULL))
		return 0;
	if (!json_line_number(obj, name, max, &n))
		return failure(why, FAIL_BAD_REQUEST, "%s is not a number from 0 to %u", name, max);
	*out = (uint32_t)n;
	return 0;
}

static int read_rtcp(struct json_object *obj, struct qsc_leg_params *leg, struct failure *why)
{
	uint32_t local = 0, remote = 0;

	if (read_u32(obj, "local-rtcp", UINT16_MAX, &local, why) ||
	    read_u32(obj, "remote-rtcp", UINT16_MAX, &remote, why))
		return -1;
	leg->local_rtcp = (uint16_t)local;
	leg->remote_rtcp = (uint16_t)remote;
	return !local == !remote ? 0 : bad(why, "both RTCP ports are needed, or none");
}

static int read_role(struct json_object *obj, struct qsc_call_params *params, struct failure *why)
{
	const char *role = json_line_text(obj, "role");

	params->role = role ? qsc_role_by_name(role) : QSC_ROLE_CALLER;
	return params->role ? 0 : bad(why, "role is neither caller nor callee");
}

static int read_suite(struct json_object *obj, struct qsc_leg_params *leg, struct failure *why)
{
	const char *suite = json_line_text(obj, "suite");

	leg->suite = suite ? qsc_suite_by_name(suite) : QSC_SUITE_AEAD_AES_256_GCM;
	if (!leg->suite)
		return bad(why, "there is no suite of that name");
	if (leg->suite == QSC_SUITE_AES_CM_128_HMAC_SHA1_80)
		return bad(why, "AES_CM_128_HMAC_SHA1_80 is for legs that face old equipment, not "
				"for secure calls");
	return 0;
}

static int read_call(struct json_object *obj, struct request *req, struct failure *why)
{
	const char *peer = json_line_text(obj, "peer");
	struct qsc_call_params *params = &req->params;
	struct qsc_leg_params *leg = &params->legs[0];

	if (!peer || !qsc_keys_subscriber_ok(peer))
		return bad(why, "peer is not a subscriber: 1 to 63 of A-Z a-z 0-9 + . _ @ : -");
	memcpy(req->peer, peer, strlen(peer) + 1);
	params->n_legs = 1;
	if (read_addr(obj, "local", &leg->local, why) ||
	    read_addr(obj, "remote", &leg->remote, why) || read_rtcp(obj, leg, why) ||
	    read_role(obj, params, why) || read_suite(obj, leg, why) ||
	    read_u32(obj, "timeout", UINT32_MAX, &params->timeout_s, why) ||
	    read_u32(obj, "lifetime", UINT32_MAX, &params->lifetime_s, why) ||
	    read_u32(obj, "window", QSC_WINDOW_MAX, &params->window, why))
		return -1;
	if (leg->local.sa.sa_family != leg->remote.sa.sa_family)
		return bad(why, "local and remote must both be IPv4 or both be IPv6");
	if (json_line_true(obj, "bound"))
		params->flags |= QSC_CALL_FLAGS_BOUND;
	if (json_line_true(obj, "dtls"))
		params->flags |= QSC_CALL_FLAGS_DTLS;
	return 0;
}

static int read_op(struct json_object *obj, struct request *req, struct failure *why)
{
	static const struct {
		const char *name;
		enum request_op op;
	} ops[] = {
		{ "call-start", OP_CALL_START },   { "call-answer", OP_CALL_START },
		{ "call-end", OP_CALL_END },	   { "call-rekey", OP_CALL_REKEY },
		{ "card-list", OP_CARD_LIST },	   { "card-info", OP_CARD_INFO },
		{ "card-unlock", OP_CARD_UNLOCK }, { "status", OP_STATUS },
	};
	const char *op = json_line_text(obj, "op");

	for (size_t i = 0; op && i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(op, ops[i].name))
			continue;
		req->op = ops[i].op;
		return 0;
	}
	return bad(why, "qskeyd does not know that op");
}

static int read_object(struct json_object *obj, struct request *req, struct failure *why)
{
	if (read_op(obj, req, why) || read_card(obj, req, why))
		return -1;
	switch (req->op) {
	case OP_CALL_START:
		if (read_id(obj, req, why) || read_call(obj, req, why))
			return -1;
		if (!strcmp(json_line_text(obj, "op"), "call-answer"))
			req->params.role = QSC_ROLE_CALLEE;
		return 0;
	case OP_CALL_END:
	case OP_CALL_REKEY:
		return read_id(obj, req, why);
	default:
		return 0;
	}
}

int request_parse(const char *line, size_t len, struct request *req, struct failure *why)
{
	struct json_object *obj = json_line_parse(line, len);
	int ret;

	memset(req, 0, sizeof(*req));
	if (!obj)
		return bad(why, "the line is not one JSON object of plain values");
	ret = read_object(obj, req, why);
	json_object_put(obj);
	return ret;
}
