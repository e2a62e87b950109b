// SPDX-License-Identifier: GPL-2.0-only
/* The rows of qsctl top: what two looks at a scripted kernel make of the calls. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "script.h"
#include "top.h"

/* As the kernel tells of it. */
struct a_leg {
	const char *id;
	uint8_t index;
	uint64_t tx, rx, drops;
	uint64_t lost; /* of the first stream, which received as many as @rx */
	uint32_t jitter_us; /* of the second one */
	uint64_t key_age_ms; /* 0: no key */
};

static struct qsc_sock *sk;
static struct top_table first, second;

static void put_stream(struct nl_msg *msg, uint64_t packets, uint64_t lost, uint32_t jitter_us)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_LEG_STREAM);

	nla_put_u64(msg, QSC_A_STREAM_PACKETS, packets);
	nla_put_u64(msg, QSC_A_STREAM_LOST, lost);
	nla_put_u32(msg, QSC_A_STREAM_JITTER, jitter_us);
	nla_nest_end(msg, nest);
}

static void put_counters(struct nl_msg *msg, const struct a_leg *leg)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_LEG_STATS);

	nla_put_u64(msg, QSC_A_STATS_TX_RTP, leg->tx);
	nla_put_u64(msg, QSC_A_STATS_TX_RTCP, 1);
	nla_put_u64(msg, QSC_A_STATS_TX_OCTETS, 1000);
	nla_put_u64(msg, QSC_A_STATS_RX_RTP, leg->rx);
	nla_put_u64(msg, QSC_A_STATS_RX_RTCP, 2);
	nla_put_u64(msg, QSC_A_STATS_RX_DROP_AUTH, leg->drops);
	nla_put_u64(msg, QSC_A_STATS_TX_DROP_NO_KEY, 4);
	nla_nest_end(msg, nest);
}

static struct nlattr *begin_leg(struct nl_msg *msg, const struct a_leg *leg)
{
	struct nlattr *nest;

	nla_put_string(msg, QSC_A_CALL_ID, leg->id);
	nla_put_u32(msg, QSC_A_CALL_STATE, QSC_CALL_STATE_SECURE);
	nest = nla_nest_start(msg, QSC_A_CALL_LEG);
	nla_put_u8(msg, QSC_A_LEG_INDEX, leg->index);
	return nest;
}

static struct nl_msg *reply_stats(const struct a_leg *leg)
{
	struct nl_msg *msg = script_reply(QSC_CMD_STATS_GET);
	struct nlattr *nest = begin_leg(msg, leg);

	put_counters(msg, leg);
	if (leg->rx) {
		put_stream(msg, leg->rx, leg->lost, 100);
		put_stream(msg, 0, 0, leg->jitter_us);
	}
	nla_nest_end(msg, nest);
	return msg;
}

static void put_key(struct nl_msg *msg, uint32_t state, uint64_t age_ms)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_LEG_KEY);

	nla_put_u32(msg, QSC_A_KEY_STATE, state);
	nla_put_u64(msg, QSC_A_KEY_AGE, age_ms);
	nla_nest_end(msg, nest);
}

static void reply_keys(const struct a_leg *leg)
{
	struct nl_msg *msg = script_reply(QSC_CMD_CALL_GET);
	struct nlattr *nest = begin_leg(msg, leg);

	put_key(msg, QSC_KEY_STATE_OVERLAP, 9000000);
	if (leg->key_age_ms) {
		put_key(msg, QSC_KEY_STATE_ACTIVE, leg->key_age_ms);
		put_key(msg, QSC_KEY_STATE_ACTIVE, 1);
	}
	nla_nest_end(msg, nest);
}

static void look(struct top_table *table, const struct top_table *before, const struct a_leg *legs,
		 size_t n)
{
	script_reset();
	for (size_t i = 0; i < n; i++)
		reply_stats(&legs[i]);
	script_done();
	for (size_t i = 0; i < n; i++)
		reply_keys(&legs[i]);
	script_done();
	assert_int_equal(top_look(sk, table, before), 0);
	assert_int_equal(script_left(), 0);
}

static int start(void **state)
{
	(void)state;
	script_reset();
	sk = script_sock();
	return 0;
}

static int end(void **state)
{
	(void)state;
	top_free(&first);
	top_free(&second);
	qsc_close(sk);
	return 0;
}

/* What so many since @first are in a second. */
static double rate(uint64_t n)
{
	return n / ((second.time_ns - first.time_ns) / 1e9);
}

static const struct a_leg alice = { .id = "alice", .tx = 100, .rx = 50, .drops = 3 };

static void a_first_look_has_no_rates(void **state)
{
	(void)state;
	look(&first, &second, &alice, 1);
	assert_int_equal(first.n, 1);
	assert_string_equal(first.rows[0].id, "alice");
	assert_int_equal(first.rows[0].packets[QSC_DIR_TX], 101);
	assert_int_equal(first.rows[0].packets[QSC_DIR_RX], 52);
	assert_int_equal(first.rows[0].drops[QSC_DIR_TX], 4);
	assert_int_equal(first.rows[0].drops[QSC_DIR_RX], 3);
	assert_true(first.rows[0].pps == 0 && first.rows[0].dps == 0);
}

static void rates_are_of_what_came_since_the_look_before(void **state)
{
	struct a_leg later = alice;

	(void)state;
	later.tx += 700;
	later.rx += 300;
	later.drops += 20;
	look(&first, &second, &alice, 1);
	first.time_ns = 1;
	look(&second, &first, &later, 1);
	assert_true(second.rows[0].pps == rate(1000));
	assert_true(second.rows[0].dps == rate(20));
}

static void looks_at_the_same_moment_make_no_rates(void **state)
{
	struct a_leg later = alice;

	(void)state;
	later.tx += 700;
	look(&first, &second, &alice, 1);
	first.time_ns = UINT64_MAX;
	look(&second, &first, &later, 1);
	assert_true(second.rows[0].pps == 0);
}

static void a_counter_that_went_down_is_another_calls(void **state)
{
	struct a_leg later[2] = { alice, alice };

	(void)state;
	later[0].tx = 1;
	later[1].index = 1;
	later[1].drops = 1;
	look(&first, &second, (struct a_leg[]){ alice, later[1] }, 2);
	first.time_ns = 1;
	later[1].tx += 10;
	later[1].drops = 0;
	look(&second, &first, later, 2);
	for (int i = 0; i < 2; i++)
		assert_true(second.rows[i].pps == 0 && second.rows[i].dps == 0);
}

static void calls_come_and_go_between_looks(void **state)
{
	const struct a_leg legs[] = {
		{ .id = "carol", .tx = 9 },
		{ .id = "alice", .index = 1, .tx = 60 },
		{ .id = "bob", .tx = 1000000 },
		{ .id = "alice", .tx = 20 },
	};

	(void)state;
	look(&first, &second, legs, 2);
	first.time_ns = 1;
	look(&second, &first, legs + 1, 3);
	assert_int_equal(second.n, 3);
	assert_string_equal(second.rows[0].id, "alice");
	assert_int_equal(second.rows[0].leg, 0);
	assert_int_equal(second.rows[1].leg, 1);
	assert_string_equal(second.rows[2].id, "bob");
	for (int i = 0; i < 3; i++)
		assert_true(second.rows[i].pps == 0);
	look(&first, &second, NULL, 0);
	assert_int_equal(first.n, 0);
}

/* It was removed and made anew while the kernel listed. */
static void a_call_that_is_listed_twice_is_one_row(void **state)
{
	const struct a_leg other = { .id = "bob" };

	(void)state;
	reply_stats(&alice);
	nlmsg_hdr(reply_stats(&other))->nlmsg_flags |= NLM_F_DUMP_INTR;
	reply_stats(&alice);
	script_done();
	script_done();
	assert_int_equal(top_look(sk, &first, &second), 0);
	assert_int_equal(first.n, 2);
	assert_string_equal(first.rows[0].id, "alice");
	assert_string_equal(first.rows[1].id, "bob");
}

static void a_look_that_is_refused_says_so(void **state)
{
	(void)state;
	script_refuse(EPERM, NULL, -1);
	assert_int_equal(top_look(sk, &first, &second), -EPERM);
	script_reset();
	reply_stats(&alice);
	script_done();
	script_refuse(EPERM, NULL, -1);
	assert_int_equal(top_look(sk, &first, &second), -EPERM);
}

static void the_key_in_use_that_is_oldest_tells_the_age(void **state)
{
	const struct a_leg legs[] = {
		{ .id = "alice", .key_age_ms = 61000 },
		{ .id = "bob" },
	};

	(void)state;
	look(&first, &second, legs, 2);
	assert_true(first.rows[0].has_key);
	assert_int_equal(first.rows[0].key_age_ms, 61000);
	assert_false(first.rows[1].has_key);
}

static void keys_of_a_call_that_came_meanwhile_are_left_out(void **state)
{
	const struct a_leg late = { .id = "bob", .key_age_ms = 5 };

	(void)state;
	reply_stats(&alice);
	script_done();
	reply_keys(&late);
	script_done();
	assert_int_equal(top_look(sk, &first, &second), 0);
	assert_int_equal(first.n, 1);
	assert_false(first.rows[0].has_key);
}

static void loss_is_of_all_streams_and_jitter_of_the_worst(void **state)
{
	const struct a_leg legs[] = {
		{ .id = "alice", .rx = 300, .lost = 100, .jitter_us = 2500 },
		{ .id = "bob" },
	};

	(void)state;
	look(&first, &second, legs, 2);
	assert_true(first.rows[0].has_quality);
	assert_true(first.rows[0].loss == 25.0);
	assert_true(first.rows[0].jitter_ms == 2.5);
	assert_false(first.rows[1].has_quality);
	assert_true(first.rows[1].loss == 0 && first.rows[1].jitter_ms == 0);
}

static void more_rows_than_there_was_room_for_are_kept(void **state)
{
	struct nl_msg *msg = NULL;
	struct nlattr *nest;
	char id[8];

	(void)state;
	for (int i = 0; i < 20; i++) {
		msg = script_reply(QSC_CMD_STATS_GET);
		snprintf(id, sizeof(id), "c%03d", i);
		nla_put_string(msg, QSC_A_CALL_ID, id);
		for (uint8_t leg = 0; leg < QSC_LEGS_MAX; leg++) {
			nest = nla_nest_start(msg, QSC_A_CALL_LEG);
			nla_put_u8(msg, QSC_A_LEG_INDEX, leg);
			nla_nest_end(msg, nest);
		}
	}
	script_done();
	script_done();
	first.rows = calloc(1, sizeof(*first.rows));
	first.room = 1;
	assert_int_equal(top_look(sk, &first, &second), 0);
	assert_int_equal(first.n, 40);
	assert_string_equal(first.rows[39].id, "c019");
	assert_int_equal(first.rows[39].leg, 1);
}

static void assert_order(enum top_order order, const char *want)
{
	struct top_row rows[] = {
		{ .id = "a", .pps = 5, .loss = 1 },
		{ .id = "b", .pps = 7, .dps = 1, .jitter_ms = 3 },
		{ .id = "c", .pps = 7, .drops = { 0, 1, 2 }, .jitter_ms = 9 },
		{ .id = "c", .leg = 1, .loss = 2 },
	};
	struct top_table table = { .rows = rows, .n = 4 };
	char got[16] = "";

	top_sort(&table, order);
	for (size_t i = 0; i < table.n; i++) {
		got[2 * i] = rows[i].id[0];
		got[2 * i + 1] = (char)('0' + rows[i].leg);
	}
	assert_string_equal(got, want);
}

static void the_greatest_is_first_and_calls_are_in_order(void **state)
{
	(void)state;
	assert_order(TOP_BY_CALL, "a0b0c0c1");
	assert_order(TOP_BY_PACKETS, "b0c0a0c1");
	assert_order(TOP_BY_DROPS, "b0c0a0c1");
	assert_order(TOP_BY_LOSS, "c1a0b0c0");
	assert_order(TOP_BY_JITTER, "c0b0a0c1");
}

static struct top_row a_row(void)
{
	return (struct top_row){
		.id = "alice",
		.leg = 1,
		.state = QSC_CALL_STATE_SECURE,
		.drops = { 0, 1, 2 },
		.pps = 100.04,
		.dps = 0.25,
		.loss = 1.5,
		.jitter_ms = 2.5,
		.key_age_ms = 61000,
		.has_key = true,
	};
}

static void rows_are_as_wide_as_their_heading(void **state)
{
	struct top_row row = a_row();
	char heading[160], line[160];

	(void)state;
	top_format(NULL, heading, sizeof(heading));
	top_format(&row, line, sizeof(line));
	assert_string_equal(heading, "CALL                     LEG STATE         PPS   DROPS/S"
				     "     DROPS  LOSS% JITTER ms  KEY AGE");
	assert_string_equal(line, "alice                      1 secure      100.0       0.2"
				  "         3   1.50       2.5    1m01s");
	row.has_key = false;
	row.state = 77;
	top_format(&row, line, sizeof(line));
	assert_string_equal(line, "alice                      1 77          100.0       0.2"
				  "         3   1.50       2.5        -");
}

static void a_long_call_id_is_cut_and_a_strange_one_escaped(void **state)
{
	struct top_row row = a_row();
	char line[160], whole[160];

	(void)state;
	top_format(&row, whole, sizeof(whole));
	memset(row.id, 'x', QSC_CALL_ID_MAX);
	top_format(&row, line, sizeof(line));
	assert_int_equal(strlen(line), strlen(whole));
	assert_memory_equal(line, "xxxxxxxxxxxxxxxxxxxxxxxx   1 secure", 35);
	strcpy(row.id, "\033[2J");
	top_format(&row, line, sizeof(line));
	assert_memory_equal(line, "\\x1b[2J                    1 secure", 35);
}

static void a_line_is_cut_where_its_room_ends(void **state)
{
	struct top_row row = a_row();
	char line[8] = "???????";

	(void)state;
	top_format(&row, line, 6);
	assert_string_equal(line, "alice");
	assert_int_equal(line[6], '?');
	top_format(NULL, line, 3);
	assert_string_equal(line, "CA");
}

/* Not even if the test has a terminal. */
static int without_terminal(struct qsctl *ctl, const char *line, struct capture *out,
			    struct capture *err)
{
	int saved = dup(STDIN_FILENO), null = open("/dev/null", O_RDONLY), ret;

	assert_true(null >= 0);
	dup2(null, STDIN_FILENO);
	close(null);
	capture_begin(out, &stdout);
	capture_begin(err, &stderr);
	ret = run_command(ctl, qsctl_commands, "the command", words_of(line));
	capture_end(err);
	capture_end(out);
	dup2(saved, STDIN_FILENO);
	close(saved);
	return ret;
}

static void assert_top(struct qsctl *ctl, const char *line, int ret, const char *prints,
		       const char *says)
{
	struct capture out, err;

	assert_int_equal(without_terminal(ctl, line, &out, &err), ret);
	assert_string_equal(out.text, prints);
	assert_string_equal(err.text, says);
	free(out.text);
	free(err.text);
}

static void without_a_terminal_the_table_is_printed(void **state)
{
	struct qsctl ctl = { 0 };

	(void)state;
	reply_stats(&alice);
	script_done();
	reply_keys(&alice);
	script_done();
	assert_top(&ctl, "top every 60 count 1", QSCTL_OK,
		   "CALL                     LEG STATE         PPS   DROPS/S"
		   "     DROPS  LOSS% JITTER ms  KEY AGE\n"
		   "alice                      0 secure        0.0       0.0"
		   "         7   0.00       0.1        -\n",
		   "");
	script_reset();
	script_refuse(EPERM, NULL, -1);
	assert_top(&ctl, "top", QSCTL_REFUSED, "",
		   "qsctl: top: permission denied: this needs CAP_NET_ADMIN in the network "
		   "namespace\n");
	kernel_close(&ctl);
}

static void wrong_words_of_top_are_refused(void **state)
{
	struct qsctl ctl = { .json = true };

	(void)state;
	assert_top(&ctl, "top every 0", QSCTL_USAGE, "",
		   "qsctl: every: 0 is out of range: 1 to 60 seconds\n");
	assert_top(&ctl, "top count 0", QSCTL_USAGE, "",
		   "qsctl: count: 0 is out of range: 1 to 4294967295 looks\n");
	assert_top(&ctl, "top all", QSCTL_USAGE, "",
		   "qsctl: \"all\" is not known here; expected one of: every, count\n");
	assert_top(&ctl, "top", QSCTL_USAGE, "", "qsctl: top prints no JSON: see stats legs\n");
	assert_null(ctl.sk);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_look_has_no_rates),
		cmocka_unit_test(rates_are_of_what_came_since_the_look_before),
		cmocka_unit_test(looks_at_the_same_moment_make_no_rates),
		cmocka_unit_test(a_counter_that_went_down_is_another_calls),
		cmocka_unit_test(calls_come_and_go_between_looks),
		cmocka_unit_test(a_call_that_is_listed_twice_is_one_row),
		cmocka_unit_test(a_look_that_is_refused_says_so),
		cmocka_unit_test(the_key_in_use_that_is_oldest_tells_the_age),
		cmocka_unit_test(keys_of_a_call_that_came_meanwhile_are_left_out),
		cmocka_unit_test(loss_is_of_all_streams_and_jitter_of_the_worst),
		cmocka_unit_test(more_rows_than_there_was_room_for_are_kept),
		cmocka_unit_test(the_greatest_is_first_and_calls_are_in_order),
		cmocka_unit_test(rows_are_as_wide_as_their_heading),
		cmocka_unit_test(a_long_call_id_is_cut_and_a_strange_one_escaped),
		cmocka_unit_test(a_line_is_cut_where_its_room_ends),
		cmocka_unit_test(without_a_terminal_the_table_is_printed),
		cmocka_unit_test(wrong_words_of_top_are_refused),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = end;
	}
	return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
