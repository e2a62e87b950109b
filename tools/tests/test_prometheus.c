// SPDX-License-Identifier: GPL-2.0-only
/* What Prometheus reads: the text exposition format, to the letter. */
#include <errno.h>

#include "commands.h"
#include "top.h"

static int start(void **state)
{
	commands_start(state);
	ctl.prometheus = true;
	return 0;
}

static void print_total(const struct qsc_stats *stats, const struct qsc_erased *erased)
{
	capture_begin(&out, &stdout);
	print_prometheus(2, stats, erased);
	capture_end(&out);
}

static void print_legs(struct top_row *rows, size_t n)
{
	const struct top_table table = { .rows = rows, .n = n };

	capture_begin(&out, &stdout);
	print_prometheus_legs(&table);
	capture_end(&out);
}

static unsigned int count_text(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void assert_has(const char *line)
{
	if (count_text(out.text, line) != 1)
		fail_msg("not once \"%s\" in:\n%s", line, out.text);
}

#define METRICS_MAX 32
#define NAME_LEN 64

/* What was read of a page. */
struct page {
	char names[METRICS_MAX][NAME_LEN];
	unsigned int n;
	bool typed; /* the TYPE of the last one was there */
};

/* The name at @line; the rest of the line. */
static const char *take_name(const char *line, char name[NAME_LEN])
{
	size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz_");

	assert_in_range(len, 1, NAME_LEN - 1);
	snprintf(name, NAME_LEN, "%.*s", (int)len, line);
	return line + len;
}

static void take_help(struct page *page, const char *line)
{
	char *name = page->names[page->n];

	assert_true(page->n < METRICS_MAX);
	assert_int_equal(*take_name(line, name), ' ');
	for (unsigned int i = 0; i < page->n; i++)
		assert_string_not_equal(name, page->names[i]);
	page->n++;
	page->typed = false;
}

static void take_type(struct page *page, const char *line)
{
	const char *type, *total;
	char name[NAME_LEN];

	type = take_name(line, name);
	assert_true(page->n && !page->typed);
	assert_string_equal(name, page->names[page->n - 1]);
	total = strstr(name, "_total");
	assert_string_equal(type, total && !total[6] ? " counter" : " gauge");
	page->typed = true;
}

static void take_sample(const struct page *page, const char *line)
{
	char name[NAME_LEN], *behind;
	const char *rest;

	rest = take_name(line, name);
	assert_true(page->typed);
	assert_string_equal(name, page->names[page->n - 1]);
	assert_true(*rest == ' ' || *rest == '{');
	strtod(strrchr(rest, ' ') + 1, &behind);
	assert_string_equal(behind, "");
}

/* HELP and TYPE once for each metric, then its samples, which end in a number. */
static void assert_is_exposition(const char *text)
{
	struct page page = { .n = 0 };
	char *copy = strdup(text), *save, *line;

	assert_true(*text && text[strlen(text) - 1] == '\n');
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "# HELP ", 7))
			take_help(&page, line + 7);
		else if (!strncmp(line, "# TYPE ", 7))
			take_type(&page, line + 7);
		else
			take_sample(&page, line);
	}
	assert_true(page.typed);
	free(copy);
}

static void the_namespace_has_each_metric_once(void **state)
{
	const struct qsc_stats stats = {
		.count[QSC_A_STATS_TX_RTP] = UINT64_MAX,
		.count[QSC_A_STATS_RX_OCTETS] = 7,
		.count[QSC_A_STATS_TX_FRAGMENTED] = 8,
		.count[QSC_A_STATS_RX_LATCHED] = 9,
		.count[QSC_A_STATS_RX_DROP_AUTH] = 3,
	};
	const struct qsc_erased erased = { .keys[QSC_ERASE_REASON_REKEY] = 5 };

	(void)state;
	print_total(&stats, &erased);
	assert_is_exposition(out.text);
	assert_has("# HELP qsc_calls Calls that there are.\n"
		   "# TYPE qsc_calls gauge\n"
		   "qsc_calls 2\n"
		   "# HELP qsc_packets_total Packets by direction and what became of them.\n"
		   "# TYPE qsc_packets_total counter\n"
		   "qsc_packets_total{direction=\"tx\",kind=\"rtp\"} 18446744073709551615\n"
		   "qsc_packets_total{direction=\"tx\",kind=\"rtcp\"} 0\n");
	assert_has("qsc_packets_total{direction=\"tx\",kind=\"fragmented\"} 8\n");
	assert_has("qsc_packets_total{direction=\"rx\",kind=\"latched\"} 9\n");
	assert_has("qsc_octets_total{direction=\"tx\"} 0\n"
		   "qsc_octets_total{direction=\"rx\"} 7\n");
	assert_has("qsc_drops_total{direction=\"rx\",reason=\"auth\"} 3\n");
	assert_has("qsc_keys_erased_total{reason=\"rekey\"} 5\n");
	free(out.text);
}

/* A rate cannot be made of a line that comes only with the first drop. */
static void all_counters_are_there_from_the_beginning(void **state)
{
	static const struct qsc_stats stats;
	static const struct qsc_erased erased;
	unsigned int drops = 0, others = 0;
	const char *name;

	(void)state;
	for (unsigned int i = 1; i <= QSC_A_STATS_MAX; i++) {
		name = qsc_stat_name(i);
		if (name && strstr(name, "_drop_"))
			drops++;
		else if (name && !strstr(name, "octets"))
			others++;
	}
	print_total(&stats, &erased);
	assert_is_exposition(out.text);
	assert_int_equal(count_text(out.text, "qsc_drops_total{"), drops);
	assert_int_equal(count_text(out.text, "qsc_packets_total{"), others);
	assert_int_equal(count_text(out.text, "qsc_octets_total{"), 2);
	assert_int_equal(count_text(out.text, "qsc_keys_erased_total{"), QSC_ERASE_REASON_MAX);
	assert_null(strstr(out.text, "(null)"));
	assert_null(strstr(out.text, "leg_"));
	free(out.text);
}

static void each_leg_has_its_figures(void **state)
{
	struct top_row rows[] = {
		{
			.id = "alice",
			.packets = { [QSC_DIR_TX] = UINT64_MAX, [QSC_DIR_RX] = 20 },
			.drops = { [QSC_DIR_TX] = 3, [QSC_DIR_RX] = 4 },
			.loss = 12.5,
			.jitter_ms = 2.5,
			.has_quality = true,
			.rtt_us = 40250,
			.key_age_ms = 61000,
			.has_key = true,
		},
		{ .id = "alice", .leg = 1 },
	};

	(void)state;
	print_legs(rows, 2);
	assert_is_exposition(out.text);
	assert_string_equal(
		out.text,
		"# HELP qsc_leg_packets_total RTP and RTCP packets of a leg, by direction.\n"
		"# TYPE qsc_leg_packets_total counter\n"
		"qsc_leg_packets_total{call=\"alice\",leg=\"0\",direction=\"tx\"} "
		"18446744073709551615\n"
		"qsc_leg_packets_total{call=\"alice\",leg=\"0\",direction=\"rx\"} 20\n"
		"qsc_leg_packets_total{call=\"alice\",leg=\"1\",direction=\"tx\"} 0\n"
		"qsc_leg_packets_total{call=\"alice\",leg=\"1\",direction=\"rx\"} 0\n"
		"# HELP qsc_leg_drops_total Packets of a leg dropped, by direction.\n"
		"# TYPE qsc_leg_drops_total counter\n"
		"qsc_leg_drops_total{call=\"alice\",leg=\"0\",direction=\"tx\"} 3\n"
		"qsc_leg_drops_total{call=\"alice\",leg=\"0\",direction=\"rx\"} 4\n"
		"qsc_leg_drops_total{call=\"alice\",leg=\"1\",direction=\"tx\"} 0\n"
		"qsc_leg_drops_total{call=\"alice\",leg=\"1\",direction=\"rx\"} 0\n"
		"# HELP qsc_leg_loss_ratio Lost of the RTP packets that a leg should have "
		"received.\n"
		"# TYPE qsc_leg_loss_ratio gauge\n"
		"qsc_leg_loss_ratio{call=\"alice\",leg=\"0\"} 0.125000\n"
		"# HELP qsc_leg_jitter_seconds Interarrival jitter of a leg's worst stream.\n"
		"# TYPE qsc_leg_jitter_seconds gauge\n"
		"qsc_leg_jitter_seconds{call=\"alice\",leg=\"0\"} 0.002500\n"
		"# HELP qsc_leg_round_trip_seconds To the peer of a leg and back, by RTCP.\n"
		"# TYPE qsc_leg_round_trip_seconds gauge\n"
		"qsc_leg_round_trip_seconds{call=\"alice\",leg=\"0\"} 0.040250\n"
		"# HELP qsc_leg_key_age_seconds Age of the oldest key in use on a leg.\n"
		"# TYPE qsc_leg_key_age_seconds gauge\n"
		"qsc_leg_key_age_seconds{call=\"alice\",leg=\"0\"} 61.000000\n");
	free(out.text);
}

/* Both are printable ASCII without spaces, so a call-id may have them. */
static void quotes_and_backslashes_of_a_label_are_escaped(void **state)
{
	struct top_row row = { .id = "a\"b\\c\nd{}=,'" };

	(void)state;
	print_legs(&row, 1);
	assert_is_exposition(out.text);
	assert_has("qsc_leg_packets_total{call=\"a\\\"b\\\\c\\nd{}=,'\",leg=\"0\","
		   "direction=\"tx\"} 0\n");
	free(out.text);
}

static void reply_total(void)
{
	struct nl_msg *msg = script_reply(QSC_CMD_STATS_GET);
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_STATS);

	nla_put_u64(msg, QSC_A_STATS_TX_RTP, 0);
	nla_nest_end(msg, nest);
	nla_put_u64(msg, QSC_A_CALL_COUNT, 1);
	script_ack();
	script_reply(QSC_CMD_STATS_GET); /* erased: none */
	script_ack();
}

static void reply_leg(int cmd)
{
	struct nl_msg *msg = script_reply(cmd);
	struct nlattr *nest;

	nla_put_string(msg, QSC_A_CALL_ID, "alice");
	nest = nla_nest_start(msg, QSC_A_CALL_LEG);
	nla_put_u8(msg, QSC_A_LEG_INDEX, 0);
	nla_nest_end(msg, nest);
	script_done();
}

static void legs_are_printed_if_asked_for(void **state)
{
	(void)state;
	reply_total();
	assert_int_equal(run("stats"), QSCTL_OK);
	assert_is_exposition(out.text);
	assert_null(strstr(out.text, "leg_"));
	forget_output();

	script_reset();
	reply_total();
	reply_leg(QSC_CMD_STATS_GET);
	reply_leg(QSC_CMD_CALL_GET);
	assert_int_equal(run("stats legs"), QSCTL_OK);
	assert_is_exposition(out.text);
	assert_has("qsc_calls 1\n");
	assert_has("qsc_leg_drops_total{call=\"alice\",leg=\"0\",direction=\"rx\"} 0\n");
	assert_int_equal(script_left(), 0);
	forget_output();
}

static void half_a_page_is_never_printed(void **state)
{
	(void)state;
	reply_total();
	script_refuse(EPERM, NULL, -1);
	assert_int_equal(run("stats legs"), QSCTL_REFUSED);
	assert_string_equal(out.text, "");
	assert_non_null(strstr(err.text, "qsctl: stats: permission denied"));
	forget_output();
	assert_int_equal(run("stats call alice"), QSCTL_USAGE);
	assert_string_equal(out.text, "");
	assert_string_equal(err.text, "qsctl: --prometheus is for the namespace, or with legs "
				      "for all calls\n");
	forget_output();
}

/* Without --prometheus they are those of every call, as stats call prints one's. */
static void legs_are_those_of_all_calls(void **state)
{
	(void)state;
	ctl.prometheus = false;
	reply_leg(QSC_CMD_STATS_GET);
	assert_int_equal(run("stats legs"), QSCTL_OK);
	assert_string_equal(out.text, "call: alice\n  leg 0\n");
	assert_string_equal(err.text, "");
	forget_output();
	assert_int_equal(run("stats legs call alice"), QSCTL_USAGE);
	assert_string_equal(err.text, "qsctl: legs are those of all calls: leave out call ID\n");
	forget_output();
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(the_namespace_has_each_metric_once),
		cmocka_unit_test(all_counters_are_there_from_the_beginning),
		cmocka_unit_test(each_leg_has_its_figures),
		cmocka_unit_test(quotes_and_backslashes_of_a_label_are_escaped),
		cmocka_unit_test(legs_are_printed_if_asked_for),
		cmocka_unit_test(half_a_page_is_never_printed),
		cmocka_unit_test(legs_are_those_of_all_calls),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = commands_end;
	}
	return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
