// SPDX-License-Identifier: GPL-2.0-only
/* qsctl call list, call show: never a key. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "qsctl.h"

/* How often to list anew if calls come and go meanwhile. */
#define LIST_TRIES 5

static const char *const headings[] = {
	"CALL", "STATE", "SUITE", "LOCAL", "REMOTE", "AGE", "IDLE",
};

struct list {
	struct qsctl *ctl;
	struct json_object *array; /* with -j */
	struct table *table; /* without */
};

static void print_seconds(const char *label, uint32_t seconds)
{
	char text[32];

	if (!seconds)
		return;
	format_duration(1000ULL * seconds, text, sizeof(text));
	print_field(2, label, "%s", text);
}

static void print_key(const struct qsc_key_info *key)
{
	char mki[MKI_TEXT_MAX], age[32];

	format_hex(key->mki, key->mki_len, mki, sizeof(mki));
	format_duration(key->age_ms, age, sizeof(age));
	printf("    %s%s key%s: generation %u, %s, %s old", paint(PAINT_LABEL),
	       name_or_number(qsc_dir_name(key->dir), key->dir), paint(PAINT_NONE), key->generation,
	       name_or_number(qsc_key_state_name(key->state), key->state), age);
	if (key->mki_len)
		printf(", MKI %s", mki);
	printf(", %" PRIu64 " RTP and %" PRIu64 " RTCP packets, %u stream%s\n", key->rtp_packets,
	       key->rtcp_packets, key->ssrcs, key->ssrcs == 1 ? "" : "s");
}

static void format_remote(const struct qsc_leg *leg, char *buf, size_t size)
{
	if (leg->remote.sa.sa_family)
		format_addr(&leg->remote, buf, size);
	else
		snprintf(buf, size, "not learnt yet");
}

static void print_rtcp(const struct qsc_leg *leg)
{
	if (!leg->local_rtcp)
		print_field(4, "rtcp", "mux");
	else if (leg->remote_rtcp)
		print_field(4, "rtcp", "local port %u, remote port %u", leg->local_rtcp,
			    leg->remote_rtcp);
	else
		print_field(4, "rtcp", "local port %u, remote port not learnt yet",
			    leg->local_rtcp);
}

static void print_manner(const struct qsc_leg *leg)
{
	if (leg->flags & QSC_LEG_FLAGS_LEARN)
		print_field(4, "remote", leg->remote.sa.sa_family ? "learnt" : "to be learnt");
	if (leg->has_dscp)
		print_field(4, "dscp", "%u", leg->dscp);
	if (leg->ttl)
		print_field(4, "ttl", "%u", leg->ttl);
}

static void print_leg(const struct qsc_leg *leg)
{
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];

	format_addr(&leg->local, local, sizeof(local));
	format_remote(leg, remote, sizeof(remote));
	printf("  %sleg %u%s: %s -> %s\n", paint(PAINT_LABEL), leg->index, paint(PAINT_NONE), local,
	       remote);
	print_field(4, "suite", "%s", name_or_number(qsc_suite_name(leg->suite), leg->suite));
	print_rtcp(leg);
	print_manner(leg);
	if (!leg->n_keys && leg->suite != QSC_SUITE_PLAIN)
		print_field(4, "keys", "none: nothing passes");
	for (unsigned int i = 0; i < leg->n_keys; i++)
		print_key(&leg->keys[i]);
}

static void print_times(const struct qsc_call *call)
{
	char text[32];

	format_duration(call->age_ms, text, sizeof(text));
	print_field(2, "age", "%s", text);
	if (call->has_idle) {
		format_duration(call->idle_ms, text, sizeof(text));
		print_field(2, "last packet", "%s ago", text);
	}
	print_seconds("timeout", call->timeout_s);
	print_seconds("lifetime", call->lifetime_s);
}

static void print_state(const struct qsc_call *call)
{
	printf("  %sstate%s: %s%s%s", paint(PAINT_LABEL), paint(PAINT_NONE),
	       paint(state_paint(call->state)),
	       name_or_number(qsc_state_name(call->state), call->state), paint(PAINT_NONE));
	if (call->reason)
		printf(" (%s)", name_or_number(qsc_erase_reason_name(call->reason), call->reason));
	putchar('\n');
}

static void print_call(const struct qsc_call *call)
{
	char id[PRINTABLE_ID_MAX];

	format_printable(call->id, id, sizeof(id));
	printf("%scall%s: %s%s%s\n", paint(PAINT_LABEL), paint(PAINT_NONE), paint(PAINT_NAME), id,
	       paint(PAINT_NONE));
	print_state(call);
	if (call->role)
		print_field(2, "role", "%s", name_or_number(qsc_role_name(call->role), call->role));
	print_times(call);
	print_field(2, "replay window", "%u packets", call->window);
	if (call->flags & QSC_CALL_FLAGS_BOUND)
		print_field(2, "bound to", "netlink port %u", call->owner);
	if (call->flags & QSC_CALL_FLAGS_DTLS)
		print_field(2, "dtls", "passes");
	for (unsigned int i = 0; i < call->n_legs; i++)
		print_leg(&call->legs[i]);
}

static int list_leg(struct table *table, const struct qsc_leg *leg)
{
	const char *suite = name_or_number(qsc_suite_name(leg->suite), leg->suite);
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];

	format_addr(&leg->local, local, sizeof(local));
	format_remote(leg, remote, sizeof(remote));
	return table_cell(table, PAINT_NONE, "%s", suite) ||
	       table_cell(table, PAINT_NONE, "%s", local) ||
	       table_cell(table, PAINT_NONE, "%s", remote);
}

/* A relay call takes a line per leg; all but the first leave the rest empty. */
static int list_call(const struct qsc_call *call, struct table *table)
{
	const char *state = name_or_number(qsc_state_name(call->state), call->state);
	char id[PRINTABLE_ID_MAX], age[32], idle[32] = "-";

	format_printable(call->id, id, sizeof(id));
	format_duration(call->age_ms, age, sizeof(age));
	if (call->has_idle)
		format_duration(call->idle_ms, idle, sizeof(idle));
	for (unsigned int i = 0; i < call->n_legs; i++)
		if (table_cell(table, PAINT_NAME, "%s", i ? "" : id) ||
		    table_cell(table, state_paint(call->state), "%s", i ? "" : state) ||
		    list_leg(table, &call->legs[i]) ||
		    table_cell(table, PAINT_NONE, "%s", i ? "" : age) ||
		    table_cell(table, PAINT_NONE, "%s", i ? "" : idle))
			return -ENOMEM;
	return 0;
}

static int take_listed(const struct qsc_call *call, void *arg)
{
	struct list *list = arg;

	if (list->array) {
		json_object_array_add(list->array, json_call(call));
		return 0;
	}
	return list_call(call, list->table);
}

static int take_shown(const struct qsc_call *call, void *arg)
{
	struct list *list = arg;

	if (list->array)
		json_object_array_add(list->array, json_call(call));
	else
		print_call(call);
	return 0;
}

static void list_restart(struct list *list)
{
	size_t n = list->array ? json_object_array_length(list->array) : 0;

	if (n)
		json_object_array_del_idx(list->array, 0, n);
	table_clear(list->table);
}

/* A dump into memory, until one was not disturbed. */
static int dump_quietly(struct list *list)
{
	int err = -EAGAIN;

	for (int i = 0; i < LIST_TRIES && err == -EAGAIN; i++) {
		list_restart(list);
		err = qsc_call_dump(list->ctl->sk, take_listed, list);
	}
	if (err == -EAGAIN) {
		note("calls came and went during the listing: one may be missing or doubled");
		err = 0;
	}
	return err;
}

static int list_print(struct list *list)
{
	struct json_object *array = list->array;

	list->array = NULL;
	if (array)
		return json_print(list->ctl, array);
	table_print(list->table, stdout);
	return QSCTL_OK;
}

static int with_list(struct qsctl *ctl, int (*run)(struct list *list, const char *id),
		     const char *id)
{
	struct list list = {
		.ctl = ctl,
		.array = ctl->json ? json_object_new_array() : NULL,
		.table = table_new(headings, ARRAY_SIZE(headings)),
	};
	int ret = QSCTL_REFUSED;

	if (list.table)
		ret = run(&list, id);
	json_object_put(list.array);
	table_free(list.table);
	return ret;
}

static int run_list(struct list *list, const char *id)
{
	(void)id;
	if (dump_quietly(list))
		return kernel_refused(list->ctl, "call list", NULL);
	return list_print(list);
}

int cmd_call_list(struct qsctl *ctl, struct words *words)
{
	if (no_more_words(words))
		return QSCTL_USAGE;
	return kernel_open(ctl) ? QSCTL_REFUSED : with_list(ctl, run_list, NULL);
}

static int run_show(struct list *list, const char *id)
{
	struct qsctl *ctl = list->ctl;
	int err;

	if (id)
		err = qsc_call_get(ctl->sk, id, take_shown, list);
	else if (ctl->json)
		err = dump_quietly(list);
	else
		err = qsc_call_dump(ctl->sk, take_shown, list);
	if (err && err != -EAGAIN)
		return kernel_refused(ctl, "call show", id);
	return list->array ? list_print(list) : QSCTL_OK;
}

int cmd_call_show(struct qsctl *ctl, struct words *words)
{
	const char *id = NULL;

	if ((words->left && need_id(words, &id)) || no_more_words(words))
		return QSCTL_USAGE;
	return kernel_open(ctl) ? QSCTL_REFUSED : with_list(ctl, run_show, id);
}
