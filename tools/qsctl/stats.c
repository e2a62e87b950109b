// SPDX-License-Identifier: GPL-2.0-only
/* qsctl stats */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "top.h"

struct stats_args {
	const char *id;
	bool legs; /* of all calls */
};

static void print_stats(const struct qsctl *ctl, int indent, const struct qsc_stats *stats)
{
	bool any = false;

	for (unsigned int i = 1; i <= QSC_A_STATS_MAX; i++) {
		const char *name = qsc_stat_name(i);
		bool drop = name && strstr(name, "_drop_") && stats->count[i];

		if (!name || !(stats->count[i] || ctl->all))
			continue;
		any = true;
		printf("%*s%s%-20s%s %" PRIu64 "\n", indent, "", drop ? paint(PAINT_BAD) : "", name,
		       drop ? paint(PAINT_NONE) : "", stats->count[i]);
	}
	if (!any)
		printf("%*sall counters are zero\n", indent, "");
}

static void print_quality(const struct qsc_leg *leg)
{
	char text[32];

	for (unsigned int i = 0; i < leg->n_quality; i++) {
		const struct qsc_quality *q = &leg->quality[i];

		printf("    SSRC 0x%08x: %" PRIu64 " packets, %" PRIu64
		       " lost, %u late, jitter %.1f ms\n",
		       q->ssrc, q->packets, q->lost, q->late, q->jitter_us / 1000.0);
	}
	if (leg->rtt_us)
		print_field(4, "round trip", "%.1f ms", leg->rtt_us / 1000.0);
	if (leg->has_last_seen) {
		format_duration(leg->last_seen_ms, text, sizeof(text));
		print_field(4, "last packet", "%s ago", text);
	}
}

static int take_call(const struct qsc_call *call, void *arg)
{
	struct qsctl *ctl = arg;
	char id[PRINTABLE_ID_MAX];

	if (ctl->json) {
		json_print(ctl, json_call_stats(call));
		return 0;
	}
	format_printable(call->id, id, sizeof(id));
	printf("%scall%s: %s%s%s\n", paint(PAINT_LABEL), paint(PAINT_NONE), paint(PAINT_NAME), id,
	       paint(PAINT_NONE));
	for (unsigned int i = 0; i < call->n_legs; i++) {
		printf("  %sleg %u%s\n", paint(PAINT_LABEL), call->legs[i].index,
		       paint(PAINT_NONE));
		if (call->legs[i].stats)
			print_stats(ctl, 4, call->legs[i].stats);
		print_quality(&call->legs[i]);
	}
	return 0;
}

static void print_erased(const struct qsctl *ctl, const struct qsc_erased *erased)
{
	char name[32];

	for (unsigned int i = 1; i <= QSC_ERASE_REASON_MAX; i++) {
		if (!erased->keys[i] && !ctl->all)
			continue;
		snprintf(name, sizeof(name), "keys_erased_%s", qsc_erase_reason_name(i));
		printf("%-20s %" PRIu64 "\n", name, erased->keys[i]);
	}
}

static struct json_object *json_erased(const struct qsc_erased *erased)
{
	struct json_object *obj = json_object_new_object();

	for (unsigned int i = 1; i <= QSC_ERASE_REASON_MAX; i++)
		json_put(obj, qsc_erase_reason_name(i), json_object_new_uint64(erased->keys[i]));
	return obj;
}

static int stats_total(struct qsctl *ctl)
{
	struct qsc_erased erased;
	struct qsc_stats stats;
	struct json_object *obj;
	uint64_t calls;

	if (qsc_stats_total(ctl->sk, &stats, &calls) || qsc_stats_erased(ctl->sk, &erased))
		return kernel_refused(ctl, "stats", NULL);
	if (ctl->json) {
		obj = json_object_new_object();
		json_put(obj, "calls", json_object_new_uint64(calls));
		json_put(obj, "stats", json_stats(&stats));
		json_put(obj, "keys_erased", json_erased(&erased));
		return json_print(ctl, obj);
	}
	print_field(0, "calls", "%" PRIu64, calls);
	print_stats(ctl, 0, &stats);
	print_erased(ctl, &erased);
	return QSCTL_OK;
}

/* All that can fail comes first: half a page is worse than none. */
static int stats_prometheus(struct qsctl *ctl, bool legs)
{
	struct top_table table = { 0 }, before = { 0 };
	struct qsc_erased erased;
	struct qsc_stats stats;
	uint64_t calls;
	int ret = QSCTL_OK;

	if (qsc_stats_total(ctl->sk, &stats, &calls) || qsc_stats_erased(ctl->sk, &erased) ||
	    (legs && top_look(ctl->sk, &table, &before))) {
		ret = kernel_refused(ctl, "stats", NULL);
	} else {
		print_prometheus(calls, &stats, &erased);
		if (legs)
			print_prometheus_legs(&table);
	}
	top_free(&table);
	return ret;
}

static int stats_legs(struct qsctl *ctl)
{
	int err = qsc_stats_dump(ctl->sk, take_call, ctl);

	if (err && err != -EAGAIN)
		return kernel_refused(ctl, "stats legs", NULL);
	if (err)
		note("calls came and went during the listing: one may be missing or doubled");
	return QSCTL_OK;
}

/* [call ID | legs] [all] */
static int read_words(struct words *words, struct stats_args *args, bool *all)
{
	static const char *const keywords[] = { "call", "all", "legs" };
	const char *word;

	while ((word = next_word(words))) {
		switch (find_keyword(word, keywords, ARRAY_SIZE(keywords))) {
		case 0:
			if (args->id)
				return complain("call is given twice");
			if (need_id(words, &args->id))
				return QSCTL_USAGE;
			break;
		case 1:
			*all = true;
			break;
		case 2:
			args->legs = true;
			break;
		default:
			return QSCTL_USAGE;
		}
	}
	if (args->id && args->legs)
		return complain("legs are those of all calls: leave out call ID");
	return QSCTL_OK;
}

static int run_stats(struct qsctl *ctl, const struct stats_args *args)
{
	if (ctl->prometheus)
		return stats_prometheus(ctl, args->legs);
	if (args->legs)
		return stats_legs(ctl);
	if (!args->id)
		return stats_total(ctl);
	if (qsc_call_stats(ctl->sk, args->id, take_call, ctl))
		return kernel_refused(ctl, "stats call", args->id);
	return QSCTL_OK;
}

int cmd_stats(struct qsctl *ctl, struct words *words)
{
	bool all_before = ctl->all;
	struct stats_args args = { 0 };
	int ret;

	ret = read_words(words, &args, &ctl->all);
	if (!ret && ctl->prometheus && args.id)
		ret = complain("--prometheus is for the namespace, or with legs for all calls");
	if (!ret)
		ret = kernel_open(ctl);
	if (!ret)
		ret = run_stats(ctl, &args);
	ctl->all = all_before;
	return ret;
}
