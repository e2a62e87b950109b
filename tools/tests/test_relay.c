// SPDX-License-Identifier: GPL-2.0-only
/* Relay calls: what is sent to a scripted kernel, and how its answers are printed. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>

#include "commands.h"

#define ALICE "leg local 192.0.2.1:5004 remote 198.51.100.2:6004 "
#define BOB "leg local 203.0.113.1:7004 remote learn "
#define MINUTE 60000

/* What was sent of each leg. */
static struct nlattr *sent[QSC_LEGS_MAX][QSC_A_LEG_MAX + 1];
static unsigned char request[4096];
static unsigned int n_sent;

static void look(struct nlmsghdr *nlh)
{
	struct nlattr *attr;
	int rem;

	assert_true(nlh->nlmsg_len <= sizeof(request));
	memcpy(request, nlh, nlh->nlmsg_len);
	n_sent = 0;
	nlmsg_for_each_attr(attr, (struct nlmsghdr *)request, GENL_HDRLEN, rem) {
		if (nla_type(attr) != QSC_A_CALL_LEG)
			continue;
		assert_true(n_sent < QSC_LEGS_MAX);
		assert_int_equal(nla_parse_nested(sent[n_sent], QSC_A_LEG_MAX, attr, NULL), 0);
		n_sent++;
	}
}

static void assert_number(unsigned int leg, int type, uint64_t want)
{
	assert_non_null(sent[leg][type]);
	assert_int_equal(qsc_get_u64(sent[leg][type]), want);
}

static void assert_port(unsigned int leg, int type, uint16_t want)
{
	assert_non_null(sent[leg][type]);
	assert_int_equal(ntohs(nla_get_u16(sent[leg][type])), want);
}

static void assert_absent(unsigned int leg, const int *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sent[leg][types[i]])
			fail_msg("leg %u has attribute %d", leg, types[i]);
}

static void both_legs_are_sent_with_their_words(void **state)
{
	static const int not_of_alice[] = {
		QSC_A_LEG_FLAGS, QSC_A_LEG_TTL,		 QSC_A_LEG_LEARN_ADDR,
		QSC_A_LEG_CLOCK, QSC_A_LEG_LEARN_PREFIX, QSC_A_LEG_LEARN_WINDOW,
	};
	static const int not_of_bob[] = {
		QSC_A_LEG_REMOTE_ADDR,
		QSC_A_LEG_REMOTE_PORT,
		QSC_A_LEG_REMOTE_RTCP_PORT,
		QSC_A_LEG_DSCP,
	};

	(void)state;
	script.on_send = look;
	script_ack();
	assert_runs("call add r1 " ALICE "dscp 0 rtcp +1 " BOB "suite plain rtcp 7009 ttl 255 "
		    "clock 48000 from 203.0.113.128/25 within 30",
		    "");
	assert_int_equal(script.last_cmd, QSC_CMD_CALL_NEW);
	assert_int_equal(n_sent, 2);
	assert_number(0, QSC_A_LEG_INDEX, 0);
	assert_number(0, QSC_A_LEG_DSCP, 0);
	assert_port(0, QSC_A_LEG_LOCAL_RTCP_PORT, 5005);
	assert_port(0, QSC_A_LEG_REMOTE_RTCP_PORT, 6005);
	assert_absent(0, not_of_alice, 6);
	assert_number(1, QSC_A_LEG_INDEX, 1);
	assert_number(1, QSC_A_LEG_SUITE, QSC_SUITE_PLAIN);
	assert_number(1, QSC_A_LEG_FLAGS, QSC_LEG_FLAGS_LEARN);
	assert_port(1, QSC_A_LEG_LOCAL_RTCP_PORT, 7009);
	assert_number(1, QSC_A_LEG_TTL, 255);
	assert_number(1, QSC_A_LEG_CLOCK, 48000);
	assert_int_equal(nla_len(sent[1][QSC_A_LEG_LEARN_ADDR]), 4);
	assert_memory_equal(nla_data(sent[1][QSC_A_LEG_LEARN_ADDR]), "\xcb\x00\x71\x80", 4);
	assert_number(1, QSC_A_LEG_LEARN_PREFIX, 25);
	assert_number(1, QSC_A_LEG_LEARN_WINDOW, 30);
	assert_absent(1, not_of_bob, 4);
}

/* The kernel says what does not go together, so it has to be told. */
static void a_window_is_sent_without_a_prefix_too(void **state)
{
	(void)state;
	script.on_send = look;
	script_ack();
	assert_runs("call add r1 " ALICE BOB "within 5", "");
	assert_number(1, QSC_A_LEG_LEARN_WINDOW, 5);
	assert_null(sent[1][QSC_A_LEG_LEARN_ADDR]);
}

static void an_endpoint_sends_none_of_it(void **state)
{
	(void)state;
	script.on_send = look;
	script_ack();
	assert_runs("call add c1 local 192.0.2.1:5004 remote 192.0.2.2:6004", "");
	assert_int_equal(n_sent, 1);
	for (int i = QSC_A_LEG_FLAGS; i <= QSC_A_LEG_MAX; i++)
		assert_null(sent[0][i]);
}

static void put_addr(struct nl_msg *msg, int addr, int port, const char *text, uint16_t number)
{
	struct in_addr a;

	inet_pton(AF_INET, text, &a);
	nla_put(msg, addr, sizeof(a), &a);
	nla_put_u16(msg, port, htons(number));
}

static struct nlattr *begin_leg(struct nl_msg *msg, uint8_t index, uint32_t suite)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_LEG);

	nla_put_u8(msg, QSC_A_LEG_INDEX, index);
	nla_put_u32(msg, QSC_A_LEG_SUITE, suite);
	put_addr(msg, QSC_A_LEG_LOCAL_ADDR, QSC_A_LEG_LOCAL_PORT, "192.0.2.1", 5004 + index * 2);
	return nest;
}

/* Alice is secure and known; Bob is plain, and to be learnt, or learnt. */
static void reply_relay(bool learnt)
{
	struct nl_msg *msg = script_reply(QSC_CMD_CALL_GET);
	struct nlattr *leg;

	nla_put_string(msg, QSC_A_CALL_ID, "r1");
	nla_put_u32(msg, QSC_A_CALL_STATE, QSC_CALL_STATE_NEW);
	nla_put_u32(msg, QSC_A_CALL_WINDOW, 1024);
	nla_put_u64(msg, QSC_A_CALL_AGE, MINUTE);
	leg = begin_leg(msg, 0, QSC_SUITE_AEAD_AES_256_GCM);
	put_addr(msg, QSC_A_LEG_REMOTE_ADDR, QSC_A_LEG_REMOTE_PORT, "198.51.100.2", 6004);
	nla_put_u8(msg, QSC_A_LEG_DSCP, 0);
	nla_nest_end(msg, leg);
	leg = begin_leg(msg, 1, QSC_SUITE_PLAIN);
	nla_put_u32(msg, QSC_A_LEG_FLAGS, QSC_LEG_FLAGS_LEARN);
	nla_put_u16(msg, QSC_A_LEG_LOCAL_RTCP_PORT, htons(5007));
	nla_put_u8(msg, QSC_A_LEG_TTL, 64);
	if (learnt) {
		put_addr(msg, QSC_A_LEG_REMOTE_ADDR, QSC_A_LEG_REMOTE_PORT, "203.0.113.9", 7004);
		nla_put_u16(msg, QSC_A_LEG_REMOTE_RTCP_PORT, htons(7005));
	}
	nla_nest_end(msg, leg);
}

static void a_relay_is_shown_with_both_legs(void **state)
{
	(void)state;
	reply_relay(false);
	script_ack();
	assert_runs("call show r1", "call: r1\n"
				    "  state: new\n"
				    "  age: 1m00s\n"
				    "  replay window: 1024 packets\n"
				    "  leg 0: 192.0.2.1:5004 -> 198.51.100.2:6004\n"
				    "    suite: AEAD_AES_256_GCM\n"
				    "    rtcp: mux\n"
				    "    dscp: 0\n"
				    "    keys: none: nothing passes\n"
				    "  leg 1: 192.0.2.1:5006 -> not learnt yet\n"
				    "    suite: plain\n"
				    "    rtcp: local port 5007, remote port not learnt yet\n"
				    "    remote: to be learnt\n"
				    "    ttl: 64\n");
	script_reset();
	reply_relay(true);
	script_ack();
	assert_int_equal(run("call show r1"), QSCTL_OK);
	assert_non_null(strstr(out.text, "leg 1: 192.0.2.1:5006 -> 203.0.113.9:7004\n"
					 "    suite: plain\n"
					 "    rtcp: local port 5007, remote port 7005\n"
					 "    remote: learnt\n"));
	forget_output();
}

static void a_relay_is_a_line_for_each_leg(void **state)
{
	(void)state;
	reply_relay(false);
	script_done();
	assert_runs(
		"call list",
		"CALL  STATE  SUITE             LOCAL           REMOTE             AGE    IDLE\n"
		"r1    new    AEAD_AES_256_GCM  192.0.2.1:5004  198.51.100.2:6004  1m00s  -\n"
		"             plain             192.0.2.1:5006  not learnt yet\n");
}

static void reply_quality(void)
{
	struct nl_msg *msg = script_reply(QSC_CMD_STATS_GET);
	struct nlattr *leg, *nest;

	nla_put_string(msg, QSC_A_CALL_ID, "r1");
	leg = nla_nest_start(msg, QSC_A_CALL_LEG);
	nest = nla_nest_start(msg, QSC_A_LEG_STATS);
	nla_put_u64(msg, QSC_A_STATS_RX_LATCHED, 1);
	nla_nest_end(msg, nest);
	nla_put_u64(msg, QSC_A_LEG_LAST_SEEN, 20);
	nla_put_u32(msg, QSC_A_LEG_RTT, 40250);
	nest = nla_nest_start(msg, QSC_A_LEG_STREAM);
	nla_put_u32(msg, QSC_A_STREAM_SSRC, 0xdecade);
	nla_put_u64(msg, QSC_A_STREAM_PACKETS, 990);
	nla_put_u64(msg, QSC_A_STREAM_LOST, 10);
	nla_put_u32(msg, QSC_A_STREAM_LATE, 2);
	nla_put_u32(msg, QSC_A_STREAM_JITTER, 1234);
	nla_nest_end(msg, nest);
	nla_nest_end(msg, leg);
	script_ack();
}

static void how_packets_come_in_is_told_by_stream(void **state)
{
	(void)state;
	reply_quality();
	assert_runs("stats call r1",
		    "call: r1\n"
		    "  leg 0\n"
		    "    rx_latched           1\n"
		    "    SSRC 0x00decade: 990 packets, 10 lost, 2 late, jitter 1.2 ms\n"
		    "    round trip: 40.2 ms\n"
		    "    last packet: 0.020s ago\n");
}

static void reply_latch(bool rtp, uint16_t rtcp)
{
	struct nl_msg *msg = script_reply(QSC_CMD_LATCH_NTF);
	struct nlattr *leg;

	nla_put_string(msg, QSC_A_CALL_ID, "r1");
	leg = nla_nest_start(msg, QSC_A_CALL_LEG);
	nla_put_u8(msg, QSC_A_LEG_INDEX, 1);
	if (rtp)
		put_addr(msg, QSC_A_LEG_REMOTE_ADDR, QSC_A_LEG_REMOTE_PORT, "203.0.113.9", 7004);
	if (rtcp)
		nla_put_u16(msg, QSC_A_LEG_REMOTE_RTCP_PORT, htons(rtcp));
	nla_nest_end(msg, leg);
}

static void an_event_tells_what_was_learnt(void **state)
{
	sigset_t before;

	(void)state;
	setenv("TZ", "UTC", 1);
	sigprocmask(SIG_SETMASK, NULL, &before);
	reply_latch(false, 7005);
	reply_latch(true, 0);
	assert_runs("monitor count 2", "1970-01-01 00:00:00.000000  latch      r1  leg 1: "
				       "the remote is -, its RTCP port 7005\n"
				       "1970-01-01 00:00:00.000000  latch      r1  leg 1: "
				       "the remote is 203.0.113.9:7004\n");
	script_reset();
	reply_latch(true, 7005);
	reply_latch(false, 7005);
	ctl.json = true;
	assert_runs("monitor count 2",
		    "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"time_ns\":0,\"event\":\"latch\","
		    "\"call\":\"r1\",\"leg\":1,\"remote\":{\"address\":\"203.0.113.9\","
		    "\"port\":7004,\"rtcp_port\":7005}}\n"
		    "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"time_ns\":0,\"event\":\"latch\","
		    "\"call\":\"r1\",\"leg\":1,\"remote\":{\"rtcp_port\":7005}}\n");
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void refusals_name_the_word_that_is_wrong(void **state)
{
	(void)state;
	script_refuse(EOPNOTSUPP, "only the legs of relay calls learn their remote", -1);
	assert_int_equal(run("call add x local 192.0.2.1:1 remote learn"), QSCTL_REFUSED);
	assert_string_equal(err.text, "qsctl: call add x: only the legs of relay calls learn "
				      "their remote\n");
	forget_output();
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(both_legs_are_sent_with_their_words),
		cmocka_unit_test(a_window_is_sent_without_a_prefix_too),
		cmocka_unit_test(an_endpoint_sends_none_of_it),
		cmocka_unit_test(a_relay_is_shown_with_both_legs),
		cmocka_unit_test(a_relay_is_a_line_for_each_leg),
		cmocka_unit_test(how_packets_come_in_is_told_by_stream),
		cmocka_unit_test(an_event_tells_what_was_learnt),
		cmocka_unit_test(refusals_name_the_word_that_is_wrong),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = commands_start;
		tests[i].teardown_func = commands_end;
	}
	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
