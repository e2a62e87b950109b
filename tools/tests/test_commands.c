// SPDX-License-Identifier: GPL-2.0-only
/* Commands from their words to what is printed, above a scripted kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>

#include "commands.h"

static void put_key(struct nl_msg *msg, int dir, int state, uint32_t generation)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_LEG_KEY);

	nla_put_u32(msg, QSC_A_KEY_DIR, dir);
	nla_put_u32(msg, QSC_A_KEY_STATE, state);
	nla_put_u32(msg, QSC_A_KEY_GENERATION, generation);
	nla_put_u64(msg, QSC_A_KEY_AGE, 61000);
	nla_put_u32(msg, QSC_A_KEY_SSRCS, 1);
	nla_put_u64(msg, QSC_A_KEY_RTP_PACKETS, 50);
	nla_put_u64(msg, QSC_A_KEY_RTCP_PACKETS, 2);
	if (generation == 2)
		nla_put(msg, QSC_A_KEY_MKI, 2, "\x00\x02");
	nla_nest_end(msg, nest);
}

static struct nlattr *begin_leg(struct nl_msg *msg)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_LEG);
	struct in_addr a;

	nla_put_u32(msg, QSC_A_LEG_SUITE, QSC_SUITE_AEAD_AES_256_GCM);
	inet_pton(AF_INET, "192.0.2.1", &a);
	nla_put(msg, QSC_A_LEG_LOCAL_ADDR, sizeof(a), &a);
	nla_put_u16(msg, QSC_A_LEG_LOCAL_PORT, htons(5004));
	inet_pton(AF_INET, "192.0.2.2", &a);
	nla_put(msg, QSC_A_LEG_REMOTE_ADDR, sizeof(a), &a);
	nla_put_u16(msg, QSC_A_LEG_REMOTE_PORT, htons(6004));
	return nest;
}

/* alice: a call that has all there is to show. */
static struct nl_msg *reply_alice(void)
{
	struct nl_msg *msg = script_reply(QSC_CMD_CALL_GET);
	struct nlattr *leg;

	nla_put_string(msg, QSC_A_CALL_ID, "alice");
	nla_put_u32(msg, QSC_A_CALL_STATE, QSC_CALL_STATE_SECURE);
	nla_put_u32(msg, QSC_A_CALL_FLAGS, QSC_CALL_FLAGS_BOUND | QSC_CALL_FLAGS_DTLS);
	nla_put_u32(msg, QSC_A_CALL_ROLE, QSC_ROLE_CALLER);
	nla_put_u32(msg, QSC_A_CALL_TIMEOUT, 30);
	nla_put_u32(msg, QSC_A_CALL_LIFETIME, 7200);
	nla_put_u32(msg, QSC_A_CALL_WINDOW, 1024);
	nla_put_u64(msg, QSC_A_CALL_AGE, 125000);
	nla_put_u64(msg, QSC_A_CALL_IDLE, 20);
	nla_put_u32(msg, QSC_A_CALL_OWNER, 4711);
	leg = begin_leg(msg);
	nla_put_u16(msg, QSC_A_LEG_LOCAL_RTCP_PORT, htons(5005));
	nla_put_u16(msg, QSC_A_LEG_REMOTE_RTCP_PORT, htons(6005));
	put_key(msg, QSC_DIR_TX, QSC_KEY_STATE_ACTIVE, 1);
	put_key(msg, QSC_DIR_RX, QSC_KEY_STATE_OVERLAP, 2);
	nla_nest_end(msg, leg);
	return msg;
}

/* bob: erased, of a kernel that knows more than we do. */
static struct nl_msg *reply_bob(void)
{
	struct nl_msg *msg = script_reply(QSC_CMD_CALL_GET);

	nla_put_string(msg, QSC_A_CALL_ID, "bob\033[31m");
	nla_put_u32(msg, QSC_A_CALL_STATE, 9);
	nla_put_u32(msg, QSC_A_CALL_REASON, QSC_ERASE_REASON_LIFETIME);
	nla_nest_end(msg, begin_leg(msg));
	return msg;
}

static void shown_are_addresses_keys_and_deadlines_of_a_call(void **state)
{
	(void)state;
	reply_alice();
	script_ack();
	assert_runs("call show alice", "call: alice\n"
				       "  state: secure\n"
				       "  role: caller\n"
				       "  age: 2m05s\n"
				       "  last packet: 0.020s ago\n"
				       "  timeout: 30s\n"
				       "  lifetime: 2h00m\n"
				       "  replay window: 1024 packets\n"
				       "  bound to: netlink port 4711\n"
				       "  dtls: passes\n"
				       "  leg 0: 192.0.2.1:5004 -> 192.0.2.2:6004\n"
				       "    suite: AEAD_AES_256_GCM\n"
				       "    rtcp: local port 5005, remote port 6005\n"
				       "    tx key: generation 1, active, 1m01s old, "
				       "50 RTP and 2 RTCP packets, 1 stream\n"
				       "    rx key: generation 2, overlap, 1m01s old, MKI 0002, "
				       "50 RTP and 2 RTCP packets, 1 stream\n");
	assert_int_equal(script.last_cmd, QSC_CMD_CALL_GET);
}

static void what_is_unknown_is_shown_as_a_number(void **state)
{
	(void)state;
	reply_bob();
	script_done();
	assert_runs("call show", "call: bob\\x1b[31m\n"
				 "  state: 9 (lifetime)\n"
				 "  age: 0.000s\n"
				 "  replay window: 0 packets\n"
				 "  leg 0: 192.0.2.1:5004 -> 192.0.2.2:6004\n"
				 "    suite: AEAD_AES_256_GCM\n"
				 "    rtcp: mux\n"
				 "    keys: none: nothing passes\n");
}

static void calls_are_listed_in_columns(void **state)
{
	(void)state;
	reply_alice();
	reply_bob();
	script_done();
	assert_runs(
		"call list",
		"CALL         STATE   SUITE             LOCAL           REMOTE          AGE     IDLE\n"
		"alice        secure  AEAD_AES_256_GCM  192.0.2.1:5004  192.0.2.2:6004  2m05s   0.020s\n"
		"bob\\x1b[31m  9       AEAD_AES_256_GCM  192.0.2.1:5004  192.0.2.2:6004  0.000s  -\n");
	script_done();
	assert_runs("call list", "");
	ctl.json = true;
	script_done();
	assert_runs("call list", "[]\n");
}

static void a_disturbed_listing_begins_anew(void **state)
{
	(void)state;
	nlmsg_hdr(reply_bob())->nlmsg_flags |= NLM_F_DUMP_INTR;
	script_done();
	script_done();
	assert_runs("call list", "");
	assert_int_equal(script.sent, 2);

	ctl.json = true;
	for (int i = 0; i < 5; i++) {
		nlmsg_hdr(reply_bob())->nlmsg_flags |= NLM_F_DUMP_INTR;
		script_done();
	}
	assert_int_equal(run("call list"), QSCTL_OK);
	assert_non_null(strstr(out.text, "\"id\":\"bob\\\\x1b[31m\""));
	assert_string_equal(err.text, "qsctl: calls came and went during the listing: one may be "
				      "missing or doubled\n");
	assert_int_equal(script.sent, 7);
	forget_output();
}

static void refusals_name_the_command_and_the_call(void **state)
{
	static const char *const lines[] = {
		"call del alice",   "call erase alice",		"call show alice",
		"stats call alice", "call set alice timeout 5",
	};
	char want[128];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		/* the call-id is where the first attribute is */
		script_refuse(ENOENT, "no call with this id", NLMSG_HDRLEN + GENL_HDRLEN);
		snprintf(want, sizeof(want), "qsctl: %.*s alice: no call with this id\n",
			 (int)(strstr(lines[i], " alice") - lines[i]), lines[i]);
		assert_fails(lines[i], QSCTL_REFUSED, want);
	}
	script_refuse(EPERM, NULL, -1);
	assert_fails("call list", QSCTL_REFUSED,
		     "qsctl: call list: permission denied: this needs CAP_NET_ADMIN in the network "
		     "namespace\n");
	script_refuse(ENOSPC, NULL, -1);
	assert_fails("call add x local 192.0.2.1:1 remote 192.0.2.2:2", QSCTL_REFUSED,
		     "qsctl: call add x: the table of calls is full (module parameter "
		     "max_calls)\n");
}

static void answers_that_are_none_are_malformed(void **state)
{
	(void)state;
	script_reply(QSC_CMD_CALL_GET); /* a call without an id */
	script_ack();
	assert_fails("call show alice", QSCTL_REFUSED,
		     "qsctl: call show alice: the kernel's answer is malformed\n");
	script_reply(QSC_CMD_INFO_GET);
	script_ack();
	assert_fails("info", QSCTL_REFUSED, "qsctl: info: the kernel's answer is malformed\n");
	script_reply(QSC_CMD_STATS_GET);
	script_ack();
	assert_fails("stats", QSCTL_REFUSED, "qsctl: stats: the kernel's answer is malformed\n");
	script_refuse(0x7fffffff, NULL, -1); /* no errno is as large */
	assert_fails("call del x", QSCTL_REFUSED,
		     "qsctl: call del x: the kernel's answer is malformed\n");
}

static void without_the_module_nothing_is_sent(void **state)
{
	static const char *const lines[] = {
		"info",
		"stats",
		"monitor",
		"call list",
		"call show",
		"call flush",
		"call del x",
		"call erase x",
		"call set x timeout 1",
		"call add x local 192.0.2.1:1 remote 192.0.2.2:2",
	};

	(void)state;
	script.open_error = ENOPROTOOPT;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_fails(lines[i], QSCTL_REFUSED, "qsctl: no module\n");
		assert_null(ctl.sk);
	}
	assert_int_equal(script.sent, 0);
}

static void calls_are_ended_and_changed(void **state)
{
	(void)state;
	script_ack();
	assert_runs("call del alice", "");
	assert_int_equal(script.last_cmd, QSC_CMD_CALL_DEL);
	script_ack();
	assert_runs("call erase alice", "");
	assert_int_equal(script.last_cmd, QSC_CMD_KEY_ERASE);
	script_ack();
	assert_runs("call set alice lifetime 0 timeout 5", "");
	assert_int_equal(script.last_cmd, QSC_CMD_CALL_SET);
	assert_fails("call set alice", QSCTL_USAGE,
		     "qsctl: nothing to set: give timeout SEC or lifetime SEC\n");
	assert_fails("call set alice timeout 1 timeout 2", QSCTL_USAGE,
		     "qsctl: timeout is given twice\n");

	for (uint64_t n = 1; n <= 2; n++) {
		nla_put_u64(script_reply(QSC_CMD_CALL_FLUSH), QSC_A_CALL_COUNT, n);
		script_ack();
		assert_runs("call flush", n == 1 ? "1 call flushed\n" : "2 calls flushed\n");
	}
	ctl.json = true;
	nla_put_u64(script_reply(QSC_CMD_CALL_FLUSH), QSC_A_CALL_COUNT, 3);
	script_ack();
	assert_runs("call flush", "{\"flushed\":3}\n");
}

static void put_stats(struct nl_msg *msg, int type)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	nla_put_u64(msg, QSC_A_STATS_TX_RTP, 7);
	nla_put_u64(msg, QSC_A_STATS_RX_DROP_AUTH, 3);
	nla_nest_end(msg, nest);
}

static void reply_stats(void)
{
	struct nl_msg *msg = script_reply(QSC_CMD_STATS_GET);

	put_stats(msg, QSC_A_CALL_STATS);
	nla_put_u64(msg, QSC_A_CALL_COUNT, 2);
	script_ack();
}

/* The second one is of a reason that we do not know. */
static void reply_erased(void)
{
	struct nl_msg *msg = script_reply(QSC_CMD_STATS_GET);
	struct nlattr *nest;

	for (uint32_t i = 0; i < 2; i++) {
		nest = nla_nest_start(msg, QSC_A_CALL_ERASED);
		nla_put_u32(msg, QSC_A_ERASED_REASON, i ? 99 : QSC_ERASE_REASON_REKEY);
		nla_put_u64(msg, QSC_A_ERASED_KEYS, 5);
		nla_nest_end(msg, nest);
	}
	script_ack();
}

static void counters_that_are_zero_are_left_out_unless_asked_for(void **state)
{
	struct nlattr *leg, *stats;
	struct nl_msg *msg;

	(void)state;
	reply_stats();
	reply_erased();
	assert_runs("stats", "calls: 2\n"
			     "tx_rtp               7\n"
			     "rx_drop_auth         3\n"
			     "keys_erased_rekey    5\n");
	reply_stats();
	reply_erased();
	assert_int_equal(run("stats all"), QSCTL_OK);
	assert_non_null(strstr(out.text, "\nrx_rtp               0\n"));
	assert_false(ctl.all);
	forget_output();

	msg = script_reply(QSC_CMD_STATS_GET);
	nla_put_string(msg, QSC_A_CALL_ID, "alice");
	leg = nla_nest_start(msg, QSC_A_CALL_LEG);
	put_stats(msg, QSC_A_LEG_STATS);
	nla_nest_end(msg, leg);
	leg = nla_nest_start(msg, QSC_A_CALL_LEG);
	nla_put_u8(msg, QSC_A_LEG_INDEX, 1);
	stats = nla_nest_start(msg, QSC_A_LEG_STATS);
	nla_put_u64(msg, QSC_A_STATS_TX_RTP, 0);
	nla_nest_end(msg, stats);
	nla_nest_end(msg, leg);
	script_ack();
	assert_runs("stats call alice", "call: alice\n"
					"  leg 0\n"
					"    tx_rtp               7\n"
					"    rx_drop_auth         3\n"
					"  leg 1\n"
					"    all counters are zero\n");
	assert_fails("stats call a call b", QSCTL_USAGE, "qsctl: call is given twice\n");
}

static void the_module_tells_its_suites_and_limits(void **state)
{
	struct nl_msg *msg = script_reply(QSC_CMD_INFO_GET);
	struct nlattr *info = nla_nest_start(msg, QSC_A_CALL_INFO), *suite;

	(void)state;
	nla_put_string(msg, QSC_A_INFO_VERSION, "1.0");
	nla_put_u32(msg, QSC_A_INFO_CALLS, 1);
	nla_put_u32(msg, QSC_A_INFO_MAX_CALLS, 9);
	nla_put_u32(msg, QSC_A_INFO_MAX_SSRCS, 32);
	nla_put_u8(msg, QSC_A_INFO_HOOKED, 1);
	suite = nla_nest_start(msg, QSC_A_INFO_SUITE);
	nla_put_string(msg, QSC_A_SUITE_NAME, "AEAD_AES_256_GCM");
	nla_put_string(msg, QSC_A_SUITE_DRIVER, "generic-gcm-aesni");
	nla_put_u8(msg, QSC_A_SUITE_FAST, 1);
	nla_put_u32(msg, QSC_A_SUITE_KEY_LEN, 32);
	nla_nest_end(msg, suite);
	suite = nla_nest_start(msg, QSC_A_INFO_SUITE);
	nla_put_string(msg, QSC_A_SUITE_NAME, "\033]0;x\a");
	nla_nest_end(msg, suite);
	nla_nest_end(msg, info);
	script_ack();
	assert_runs("info", "module: qsc 1.0\n"
			    "calls: 1 of at most 9\n"
			    "streams: at most 32 per direction of a leg\n"
			    "hooks: registered\n"
			    "\nsuite: AEAD_AES_256_GCM\n"
			    "  driver: generic-gcm-aesni, fast\n"
			    "  key, salt, tag: 32, 0, 0 bytes\n"
			    "\nsuite: \\x1b]0;x\\x07\n"
			    "  driver: none, not available\n"
			    "  key, salt, tag: 0, 0, 0 bytes\n");
}

static void event(int cmd, const char *id, uint32_t reason)
{
	struct nl_msg *msg = script_reply(cmd);

	nla_put_string(msg, QSC_A_CALL_ID, id);
	if (reason)
		nla_put_u32(msg, QSC_A_CALL_REASON, reason);
}

static void events_are_printed_until_the_count_or_a_signal(void **state)
{
	sigset_t before;

	(void)state;
	setenv("TZ", "UTC", 1);
	sigprocmask(SIG_SETMASK, NULL, &before);
	event(QSC_CMD_ERASED_NTF, "alice", QSC_ERASE_REASON_TIMEOUT);
	event(QSC_CMD_CALL_DEL_NTF, "bob\n", 0);
	event(QSC_CMD_CALL_DEL_NTF, "never seen", 0);
	assert_runs("monitor count 2", "1970-01-01 00:00:00.000000  erased     alice  timeout"
				       "  all keys\n"
				       "1970-01-01 00:00:00.000000  call_del   bob\\x0a\n");
	assert_int_equal(script_left(), 1);

	script_reset();
	script_receive_error(ENOBUFS);
	event(QSC_CMD_CALL_DEL_NTF, "bob", 0);
	ctl.json = true;
	assert_int_equal(run("monitor"), QSCTL_OK);
	assert_non_null(strstr(out.text, "{\"event\":\"lost\"}\n{\"time\":"));
	assert_non_null(strstr(err.text, "events were lost"));
	forget_output();

	script_reset();
	script_receive_error(EBADF);
	assert_int_equal(run("monitor"), QSCTL_REFUSED);
	forget_output();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void a_bound_call_is_held_until_it_is_deleted(void **state)
{
	static const char line[] = "call add alice local 192.0.2.1:1 remote 192.0.2.2:2 bound";
	sigset_t before;

	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &before);
	script_ack();
	event(QSC_CMD_CALL_DEL_NTF, "bob", 0);
	event(QSC_CMD_KEY_NTF, "alice", 0);
	event(QSC_CMD_CALL_DEL_NTF, "alice", 0);
	event(QSC_CMD_CALL_DEL_NTF, "never seen", 0);
	assert_runs(line, "call alice is bound to this process: its keys are erased when it "
			  "ends\n");
	assert_int_equal(script_left(), 1);
	assert_null(ctl.sk);

	/* A batch goes on; its end is the end of the call. */
	script_reset();
	script_ack();
	ctl.batch = true;
	assert_runs(line, "");
	assert_non_null(ctl.sk);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* If the event was lost among others, ask. */
static void a_bound_call_that_is_gone_is_not_held(void **state)
{
	static const char line[] = "call add alice local 192.0.2.1:1 remote 192.0.2.2:2 bound";
	sigset_t before;

	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &before);
	script_ack();
	script_receive_error(ENOBUFS);
	reply_alice(); /* still there */
	script_ack();
	script_receive_error(ENOBUFS);
	script_refuse(ENOENT, NULL, -1);
	event(QSC_CMD_CALL_DEL_NTF, "never seen", 0);
	assert_int_equal(run(line), QSCTL_OK);
	assert_int_equal(script_left(), 1);
	forget_output();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void put_erased(struct nl_msg *msg, uint32_t dir, uint32_t generation)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_KEY);

	nla_put_u32(msg, QSC_A_KEY_DIR, dir);
	nla_put_u32(msg, QSC_A_KEY_GENERATION, generation);
	nla_nest_end(msg, nest);
}

static void a_receipt_tells_which_keys_are_gone(void **state)
{
	struct nl_msg *msg;

	(void)state;
	setenv("TZ", "UTC", 1);
	script_ack();
	event(QSC_CMD_ERASED_NTF, "other", QSC_ERASE_REASON_DEL);
	msg = script_reply(QSC_CMD_ERASED_NTF);
	nla_put_string(msg, QSC_A_CALL_ID, "alice");
	nla_put_u32(msg, QSC_A_CALL_REASON, QSC_ERASE_REASON_DEL);
	put_erased(msg, QSC_DIR_TX, 3);
	put_erased(msg, QSC_DIR_RX, 2);
	put_erased(msg, QSC_DIR_TX, 0);
	event(QSC_CMD_CALL_DEL_NTF, "alice", 0);
	ctl.verbose = true;
	assert_runs("call del alice", "call: alice, removed\n"
				      "  key erased: leg 0 tx key, generation 3\n"
				      "  key erased: leg 0 rx key, generation 2\n"
				      "  key erased: leg 0 tx key, held back\n"
				      "  reason: del\n"
				      "  time: 1970-01-01 00:00:00.000000\n"
				      "  acknowledged: after they were overwritten\n");

	script_reset();
	script_ack();
	ctl.verbose = true;
	assert_runs("call erase alice", "call: alice\n"
					"  keys erased: none, they had been erased before\n"
					"  acknowledged: after they were overwritten\n");
}

static int batch(const char *text)
{
	int saved = dup(STDIN_FILENO), pipe_fd[2], ret;

	assert_int_equal(pipe(pipe_fd), 0);
	assert_int_equal(write(pipe_fd[1], text, strlen(text)), strlen(text));
	close(pipe_fd[1]);
	dup2(pipe_fd[0], STDIN_FILENO);
	close(pipe_fd[0]);
	capture_begin(&out, &stdout);
	capture_begin(&err, &stderr);
	ret = run_batch(&ctl, "-");
	capture_end(&err);
	capture_end(&out);
	dup2(saved, STDIN_FILENO);
	close(saved);
	return ret;
}

static void removals_in_a_batch_are_one_request(void **state)
{
	(void)state;
	script_ack();
	script_ack();
	script_ack();
	assert_int_equal(batch("call del a\ncall del b\n#\ncall del c\ncall erase d\ncall del e"),
			 QSCTL_OK);
	assert_int_equal(script.sent, 3);
	assert_int_equal(script.last_cmd, QSC_CMD_CALL_DEL);
	forget_output();
}

static void a_batch_ends_at_the_first_line_that_fails(void **state)
{
	char many[256] = "";

	(void)state;
	script_refuse(ENOENT, NULL, -1); /* all three at once */
	script_ack();
	script_refuse(ENOENT, NULL, -1);
	assert_int_equal(batch("# comment\n\n call del a # and more\ncall del b\ncall del c\n"),
			 QSCTL_REFUSED);
	assert_string_equal(err.text, "qsctl: standard input:4: call del b: no such call or leg\n");
	assert_int_equal(script.sent, 3);
	forget_output();

	assert_int_equal(batch("nonsense"), QSCTL_USAGE);
	assert_non_null(strstr(err.text, "qsctl: standard input:1: \"nonsense\" is not known"));
	forget_output();

	assert_int_equal(batch("call key a tx\n"), QSCTL_USAGE);
	assert_string_equal(err.text, "qsctl: standard input:1: call key needs \"file PATH\" in a "
				      "batch\n");
	forget_output();

	for (int i = 0; i < 65; i++)
		memcpy(many + 2 * (size_t)i, "x ", 2);
	assert_int_equal(batch(many), QSCTL_USAGE);
	assert_non_null(strstr(err.text, "the line has more than 64 words"));
	forget_output();

	capture_begin(&err, &stderr);
	assert_int_equal(run_batch(&ctl, "/nowhere/at/all"), QSCTL_USAGE);
	capture_end(&err);
	assert_non_null(strstr(err.text, "cannot open /nowhere/at/all: No such file"));
	free(err.text);
}

static void help_is_there_for_every_command(void **state)
{
	char line[64];

	(void)state;
	for (const struct command *c = qsctl_commands; c->name; c++) {
		snprintf(line, sizeof(line), "help %s", c->name);
		assert_int_equal(run(line), QSCTL_OK);
		assert_non_null(strstr(out.text, c->description));
		forget_output();
	}
	for (const struct command *c = call_commands; c->name; c++) {
		snprintf(line, sizeof(line), "help call %s", c->name);
		assert_int_equal(run(line), QSCTL_OK);
		assert_non_null(strstr(out.text, c->description));
		assert_true(!c->help || strstr(out.text, c->help));
		forget_output();
	}
	assert_int_equal(run("help nonsense"), QSCTL_OK);
	assert_non_null(strstr(out.text, "Usage: qsctl [OPTIONS] COMMAND"));
	forget_output();
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(shown_are_addresses_keys_and_deadlines_of_a_call),
		cmocka_unit_test(what_is_unknown_is_shown_as_a_number),
		cmocka_unit_test(calls_are_listed_in_columns),
		cmocka_unit_test(a_disturbed_listing_begins_anew),
		cmocka_unit_test(refusals_name_the_command_and_the_call),
		cmocka_unit_test(answers_that_are_none_are_malformed),
		cmocka_unit_test(without_the_module_nothing_is_sent),
		cmocka_unit_test(calls_are_ended_and_changed),
		cmocka_unit_test(counters_that_are_zero_are_left_out_unless_asked_for),
		cmocka_unit_test(the_module_tells_its_suites_and_limits),
		cmocka_unit_test(events_are_printed_until_the_count_or_a_signal),
		cmocka_unit_test(a_bound_call_is_held_until_it_is_deleted),
		cmocka_unit_test(a_bound_call_that_is_gone_is_not_held),
		cmocka_unit_test(a_receipt_tells_which_keys_are_gone),
		cmocka_unit_test(removals_in_a_batch_are_one_request),
		cmocka_unit_test(a_batch_ends_at_the_first_line_that_fails),
		cmocka_unit_test(help_is_there_for_every_command),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = commands_start;
		tests[i].teardown_func = commands_end;
	}
	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
