// SPDX-License-Identifier: GPL-2.0-only
/* qsctl call start, end, rekey: calls whose keys come from the SIM. */
#include "qsctl.h"

static void put_number(struct json_object *obj, const char *name, uint64_t n)
{
	if (n)
		json_put(obj, name, json_object_new_uint64(n));
}

static struct json_object *question(const char *op, const char *id)
{
	struct json_object *obj = json_object_new_object();

	json_put(obj, "op", json_object_new_string(op));
	if (id)
		json_put(obj, "id", json_object_new_string(id));
	return obj;
}

static void put_addr(struct json_object *obj, const char *name, const union qsc_addr *addr)
{
	char text[ADDR_TEXT_MAX];

	format_addr(addr, text, sizeof(text));
	json_put(obj, name, json_object_new_string(text));
}

static struct json_object *start_question(const struct qsc_call_params *params,
					  const struct start_args *start)
{
	struct json_object *obj = question("call-start", params->id);
	const struct qsc_leg_params *leg = &params->legs[0];

	json_put(obj, "peer", json_object_new_string(start->peer));
	put_addr(obj, "local", &leg->local);
	put_addr(obj, "remote", &leg->remote);
	if (params->role)
		json_put(obj, "role", json_object_new_string(qsc_role_name(params->role)));
	if (leg->suite)
		json_put(obj, "suite", json_object_new_string(qsc_suite_name(leg->suite)));
	put_number(obj, "card", start->card);
	put_number(obj, "local-rtcp", leg->local_rtcp);
	put_number(obj, "remote-rtcp", leg->remote_rtcp);
	put_number(obj, "timeout", params->timeout_s);
	put_number(obj, "lifetime", params->lifetime_s);
	put_number(obj, "window", params->window);
	if (params->flags & QSC_CALL_FLAGS_BOUND)
		json_put(obj, "bound", json_object_new_boolean(true));
	if (params->flags & QSC_CALL_FLAGS_DTLS)
		json_put(obj, "dtls", json_object_new_boolean(true));
	return obj;
}

static void print_call(struct json_object *call, const char *what)
{
	char id[PRINTABLE_ID_MAX];

	format_printable(answer_text(call, "id"), id, sizeof(id));
	printf("call %s%s%s %s\n", paint(PAINT_NAME), id, paint(PAINT_NONE), what);
	print_field(2, "peer", "%s", answer_text(call, "peer"));
	print_field(2, "suite", "%s, epoch %llu", answer_text(call, "suite"),
		    (unsigned long long)answer_number(call, "epoch"));
	print_field(2, "card", "%llu, key %llu used, %llu left",
		    (unsigned long long)answer_number(call, "card"),
		    (unsigned long long)answer_number(call, "key"),
		    (unsigned long long)answer_number(call, "remaining"));
}

/* Takes @answer. */
static int tell(struct qsctl *ctl, struct json_object *answer, const char *what)
{
	struct json_object *call;

	if (!json_object_object_get_ex(answer, "call", &call))
		call = answer;
	if (ctl->json)
		json_print(ctl, json_object_get(call));
	else
		print_call(call, what);
	json_object_put(answer);
	return QSCTL_OK;
}

int cmd_call_start(struct qsctl *ctl, struct words *words)
{
	struct qsc_call_params params;
	struct json_object *answer, *call;
	struct start_args start;
	char what[64];
	int ret;

	if (read_call(words, &params, &start))
		return QSCTL_USAGE;
	ret = helper_ask(ctl, "call start", start_question(&params, &start), &answer);
	if (ret)
		return ret;
	if (!json_object_object_get_ex(answer, "call", &call))
		call = answer;
	snprintf(what, sizeof(what), "is secure after %llu ms",
		 (unsigned long long)answer_number(call, "setup_ms"));
	return tell(ctl, answer, what);
}

int cmd_call_rekey(struct qsctl *ctl, struct words *words)
{
	struct json_object *answer;
	const char *id;
	int ret;

	if (need_id(words, &id) || no_more_words(words))
		return QSCTL_USAGE;
	ret = helper_ask(ctl, "call rekey", question("call-rekey", id), &answer);
	return ret ? ret : tell(ctl, answer, "has new keys");
}

int cmd_call_end(struct qsctl *ctl, struct words *words)
{
	struct json_object *answer;
	const char *id;
	int ret;

	if (need_id(words, &id) || no_more_words(words))
		return QSCTL_USAGE;
	ret = helper_ask(ctl, "call end", question("call-end", id), &answer);
	json_object_put(answer);
	return ret;
}
