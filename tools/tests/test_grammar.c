// SPDX-License-Identifier: GPL-2.0-only
/* The words of qsctl: what they become, and what is said about wrong ones. */
#include "test.h"

static struct capture err;

/* Run @expr, which must be refused, and look for @text in what it said. */
#define assert_complains(expr, said)                                            \
	do {                                                                    \
		int _ret;                                                       \
                                                                                \
		capture_begin(&err, &stderr);                                   \
		_ret = (expr);                                                  \
		capture_end(&err);                                              \
		assert_int_equal(_ret, QSCTL_USAGE);                            \
		if (!strstr(err.text, said))                                    \
			fail_msg("\"%s\" does not say \"%s\"", err.text, said); \
		free(err.text);                                                 \
	} while (0)

static void a_prefix_finds_its_word_if_no_other_has_it(void **state)
{
	static const char *const names[] = { "local", "lifetime", "leg", "remote", "list" };

	(void)state;
	assert_int_equal(find_word("remote", names, 5), 3);
	assert_int_equal(find_word("r", names, 5), 3);
	assert_int_equal(find_word("le", names, 5), 2);
	assert_int_equal(find_word("lif", names, 5), 1);
	assert_true(find_word("l", names, 5) < 0);
	assert_true(find_word("li", names, 5) < 0);
	assert_true(find_word("", names, 5) < 0);
	assert_true(find_word("remotely", names, 5) < 0);
}

static void a_whole_word_wins_over_a_longer_one(void **state)
{
	static const char *const names[] = { "cardinal", "card", "cards" };

	(void)state;
	assert_int_equal(find_word("card", names, 3), 1);
}

static void wrong_and_ambiguous_words_name_the_candidates(void **state)
{
	static const char *const names[] = { "show", "set", "list" };

	(void)state;
	capture_begin(&err, &stderr);
	assert_int_equal(find_keyword("s", names, 3), -1);
	assert_int_equal(find_keyword("x", names, 3), -1);
	capture_end(&err);
	assert_non_null(strstr(err.text, "\"s\" is ambiguous: show, set\n"));
	assert_non_null(strstr(err.text, "\"x\" is not known here; expected one of: show, set, "
					 "list\n"));
	free(err.text);
}

/* A batch file may be another's, and end up on a terminal. */
static void complaints_have_no_control_characters(void **state)
{
	uint32_t n;

	(void)state;
	assert_complains(read_u32("n", "\033[2J\x9b\xff", 0, 10, NULL, &n),
			 "\"\\x1b[2J\\x9b\\xff\" is not a whole number");
}

static void numbers_are_digits_within_their_range(void **state)
{
	uint32_t n;

	(void)state;
	assert_int_equal(read_u32("n", "0", 0, 10, NULL, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(read_u32("n", "4294967295", 0, UINT32_MAX, NULL, &n), 0);
	assert_true(n == UINT32_MAX);
	assert_complains(read_u32("window", "63", 64, 32768, "packets", &n),
			 "window: 63 is out of range: 64 to 32768 packets");
	assert_complains(read_u32("n", "4294967296", 0, UINT32_MAX, NULL, &n), "out of range");
	assert_complains(read_u32("n", "18446744073709551616", 0, UINT32_MAX, NULL, &n),
			 "out of range");
	assert_complains(read_u32("timeout", "-1", 0, 10, "seconds", &n),
			 "timeout: \"-1\" is not a whole number of seconds");
	assert_complains(read_u32("n", "+1", 0, 10, NULL, &n), "not a whole number");
	assert_complains(read_u32("n", " 1", 0, 10, NULL, &n), "not a whole number");
	assert_complains(read_u32("n", "1s", 0, 10, NULL, &n), "not a whole number");
	assert_complains(read_u32("n", "0x1", 0, 10, NULL, &n), "not a whole number");
	assert_complains(read_u32("n", "", 0, 10, NULL, &n), "not a whole number");
}

static void addresses_are_read_with_their_ports(void **state)
{
	union qsc_addr a;
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(read_addr("local", "192.0.2.1:5004", &a), 0);
	assert_int_equal(a.sa.sa_family, AF_INET);
	assert_int_equal(ntohs(a.in4.sin_port), 5004);
	format_addr(&a, text, sizeof(text));
	assert_string_equal(text, "192.0.2.1:5004");

	assert_int_equal(read_addr("local", "[2001:db8::1]:65535", &a), 0);
	assert_int_equal(a.sa.sa_family, AF_INET6);
	format_addr(&a, text, sizeof(text));
	assert_string_equal(text, "[2001:db8::1]:65535");
}

static void what_is_no_address_is_refused_with_an_example(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"192.0.2.1",
		"192.0.2:5004",
		"192.0.2.1.1:5004",
		"192.0.2.256:5004",
		"2001:db8::1:5004",
		"[2001:db8::1]",
		"[2001:db8::1]5004",
		"[2001:db8::1:5004",
		"[192.0.2.1]:5004",
		"[]:5004",
		"host:5004",
		"learn",
		"[fe80::1%eth0]:5004",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
		"01.2.3.4:5",
	};
	union qsc_addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_complains(read_addr("local", bad[i], &a),
				 "write 192.0.2.1:5004 or [2001:db8::1]:5004");
}

static void ports_are_1_to_65535(void **state)
{
	union qsc_addr a;

	(void)state;
	assert_complains(read_addr("local", "192.0.2.1:0", &a),
			 "local: 0 is out of range: 1 to 65535");
	assert_complains(read_addr("local", "192.0.2.1:65536", &a), "out of range");
	assert_complains(read_addr("local", "[::1]:", &a), "not a whole number");
	assert_complains(read_addr("local", "192.0.2.1:rtp", &a), "not a whole number");
}

static void hex_is_whole_bytes_within_the_limit(void **state)
{
	unsigned int len = 0;
	uint8_t bytes[4];

	(void)state;
	assert_int_equal(read_hex("mki", "00fF10", bytes, 4, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "\x00\xff\x10", 3);
	assert_int_equal(read_hex("mki", "0x01020304", bytes, 4, &len), 0);
	assert_int_equal(len, 4);
	assert_complains(read_hex("mki", "", bytes, 4, &len), "whole number of bytes");
	assert_complains(read_hex("mki", "0x", bytes, 4, &len), "whole number of bytes");
	assert_complains(read_hex("mki", "123", bytes, 4, &len), "whole number of bytes");
	assert_complains(read_hex("mki", "0102030405", bytes, 4, &len), "at most 4");
	assert_complains(read_hex("mki", "0g", bytes, 4, &len), "is not hex");
}

static void a_roc_is_ssrc_and_counter(void **state)
{
	struct qsc_roc roc;

	(void)state;
	assert_int_equal(read_roc("0x1a2b3c4d:5", &roc), 0);
	assert_true(roc.ssrc == 0x1a2b3c4d);
	assert_int_equal(roc.roc, 5);
	assert_int_equal(read_roc("4294967295:4294967295", &roc), 0);
	assert_true(roc.ssrc == UINT32_MAX && roc.roc == UINT32_MAX);
	assert_complains(read_roc("5", &roc), "not SSRC:COUNTER");
	assert_complains(read_roc("4294967296:1", &roc), "not an SSRC");
	assert_complains(read_roc("0x100000000:1", &roc), "not an SSRC");
	assert_complains(read_roc("1a:1", &roc), "not an SSRC");
	assert_complains(read_roc(":1", &roc), "not an SSRC");
	assert_complains(read_roc("0x:1", &roc), "not an SSRC");
	assert_complains(read_roc("1:", &roc), "not a whole number");
	assert_complains(read_roc("1:2:3", &roc), "not a whole number");
}

static void a_call_needs_only_its_addresses(void **state)
{
	struct qsc_call_params p;

	(void)state;
	assert_int_equal(
		read_call(words_of("alice local 192.0.2.1:1 remote 192.0.2.2:2"), &p, NULL), 0);
	assert_string_equal(p.id, "alice");
	assert_int_equal(p.n_legs, 1);
	assert_int_equal(p.flags, 0);
	assert_int_equal(p.window, 0);
	assert_int_equal(p.legs[0].suite, 0);
	assert_int_equal(p.legs[0].local_rtcp, 0);
	assert_int_equal(p.legs[0].remote_rtcp, 0);
}

static void all_words_of_a_call_are_understood_in_any_order(void **state)
{
	struct qsc_call_params p;

	(void)state;
	assert_int_equal(read_call(words_of("x bound win 64 rtcp 7,8 suite AEAD_AES_128_GCM "
					    "rem [::2]:2 role callee life 60 dtls timeout 5 "
					    "loc [::1]:1"),
				   &p, NULL),
			 0);
	assert_int_equal(p.flags, QSC_CALL_FLAGS_BOUND | QSC_CALL_FLAGS_DTLS);
	assert_int_equal(p.window, 64);
	assert_int_equal(p.timeout_s, 5);
	assert_int_equal(p.lifetime_s, 60);
	assert_int_equal(p.role, QSC_ROLE_CALLEE);
	assert_int_equal(p.legs[0].suite, QSC_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(p.legs[0].local_rtcp, 7);
	assert_int_equal(p.legs[0].remote_rtcp, 8);
}

#define ADDRS "x local 192.0.2.1:5004 remote 192.0.2.2:6004 "

static void rtcp_ports_follow_the_word(void **state)
{
	struct qsc_call_params p;

	(void)state;
	assert_int_equal(read_call(words_of(ADDRS "rtcp mux"), &p, NULL), 0);
	assert_int_equal(p.legs[0].local_rtcp, 0);
	assert_int_equal(read_call(words_of(ADDRS "rtcp +1"), &p, NULL), 0);
	assert_int_equal(p.legs[0].local_rtcp, 5005);
	assert_int_equal(p.legs[0].remote_rtcp, 6005);
	assert_int_equal(read_call(words_of(ADDRS "rtcp 7000"), &p, NULL), 0);
	assert_int_equal(p.legs[0].local_rtcp, 7000);
	assert_int_equal(p.legs[0].remote_rtcp, 7000);
	assert_complains(read_call(words_of(ADDRS "rtcp 0"), &p, NULL), "out of range");
	assert_complains(read_call(words_of(ADDRS "rtcp 7,"), &p, NULL), "not a whole number");
	assert_complains(read_call(words_of(ADDRS "rtcp ,7"), &p, NULL), "not a whole number");
	assert_complains(read_call(words_of(ADDRS "rtcp 123456789,7"), &p, NULL), "LOCAL,REMOTE");
	assert_complains(read_call(words_of("x local 192.0.2.1:65535 remote 192.0.2.2:1 rtcp +1"),
				   &p, NULL),
			 "no port after the local port 65535");
}

static void wrong_calls_are_refused_with_their_reason(void **state)
{
	struct qsc_call_params p;

	(void)state;
	assert_complains(read_call(words_of(""), &p, NULL), "the call-id is missing");
	assert_complains(read_call(words_of("x"), &p, NULL), "local ADDR:PORT is missing");
	assert_complains(read_call(words_of("x local 192.0.2.1:1"), &p, NULL), "remote ADDR:PORT");
	assert_complains(read_call(words_of("x local"), &p, NULL), "local is missing");
	assert_complains(read_call(words_of(ADDRS "local 192.0.2.1:1"), &p, NULL), "given twice");
	assert_complains(read_call(words_of(ADDRS "bound bound"), &p, NULL), "given twice");
	assert_complains(read_call(words_of(ADDRS "suite AES_128"), &p, NULL),
			 "suite: \"AES_128\" is not known; expected one of: AEAD_AES_256_GCM, ");
	assert_complains(read_call(words_of(ADDRS "role boss"), &p, NULL),
			 "neither caller nor callee");
	assert_complains(read_call(words_of(ADDRS "window 32769"), &p, NULL),
			 "64 to 32768 packets");
	assert_complains(read_call(words_of("x local [::1]:1 remote 192.0.2.1:1"), &p, NULL),
			 "both be IPv4 or both be IPv6");
}

#define LEG1 "leg local 192.0.2.1:5004 remote 192.0.2.2:6004 "
#define LEG2 "leg local [2001:db8::1]:7004 remote learn "

static void a_relay_call_is_two_legs(void **state)
{
	struct qsc_call_params p;

	(void)state;
	assert_int_equal(read_call(words_of("x timeout 30 " LEG1 "suite AEAD_AES_128_GCM rtcp +1 "
					    "dscp 46 ttl 9 " LEG2 "suite plain from 2001:db8::/32 "
					    "within 7 rtcp +1 bound"),
				   &p, NULL),
			 0);
	assert_int_equal(p.n_legs, 2);
	assert_int_equal(p.timeout_s, 30);
	assert_int_equal(p.flags, QSC_CALL_FLAGS_BOUND);
	assert_int_equal(p.legs[0].suite, QSC_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(p.legs[0].local_rtcp, 5005);
	assert_int_equal(p.legs[0].remote_rtcp, 6005);
	assert_true(p.legs[0].has_dscp);
	assert_int_equal(p.legs[0].dscp, 46);
	assert_int_equal(p.legs[0].ttl, 9);
	assert_int_equal(p.legs[0].flags, 0);
	assert_int_equal(p.legs[1].suite, QSC_SUITE_PLAIN);
	assert_int_equal(p.legs[1].flags, QSC_LEG_FLAGS_LEARN);
	assert_int_equal(p.legs[1].local_rtcp, 7005);
	assert_int_equal(p.legs[1].remote_rtcp, 0);
	assert_int_equal(p.legs[1].learn_from.sa.sa_family, AF_INET6);
	assert_int_equal(p.legs[1].learn_prefix, 32);
	assert_int_equal(p.legs[1].learn_window_s, 7);
	assert_false(p.legs[1].has_dscp);
	assert_int_equal(p.legs[1].ttl, 0);
}

static void what_a_leg_lacks_is_named(void **state)
{
	struct qsc_call_params p;

	(void)state;
	assert_complains(read_call(words_of("x " LEG1 LEG2 LEG1), &p, NULL),
			 "one leg, or two for a relay");
	assert_complains(read_call(words_of("x " LEG1 "leg"), &p, NULL),
			 "local ADDR:PORT is missing");
	assert_complains(read_call(words_of("x leg local 192.0.2.1:1 " LEG2), &p, NULL),
			 "remote ADDR:PORT is missing");
	assert_complains(read_call(words_of("x local 192.0.2.1:1 " LEG1), &p, NULL),
			 "leg comes before its local");
	assert_complains(read_call(words_of("x " LEG1 "from 192.0.2.0/24 " LEG2), &p, NULL),
			 "write remote learn");
	assert_complains(read_call(words_of("x " LEG2 "rtcp 7,8"), &p, NULL),
			 "the remote port is learnt");
	assert_complains(read_call(words_of("x " LEG2 "from 192.0.2.0"), &p, NULL),
			 "is not a prefix");
	assert_complains(read_call(words_of("x " LEG2 "from 192.0.2.0/33"), &p, NULL), "0 to 32");
	assert_complains(read_call(words_of("x " LEG2 "from 192.0.2/24"), &p, NULL),
			 "is not an address");
	assert_complains(read_call(words_of("x " LEG1 "dscp 64"), &p, NULL), "0 to 63");
	assert_complains(read_call(words_of("x " LEG1 "ttl 0"), &p, NULL), "1 to 255");
	assert_complains(read_call(words_of("x " LEG1 "clock 0"), &p, NULL), "1 to 192000 Hz");
	assert_complains(read_call(words_of("x " LEG2 "within 3601"), &p, NULL),
			 "1 to 3600 seconds");
	assert_complains(read_call(words_of("x " LEG1 "within 5 " LEG2), &p, NULL),
			 "write remote learn");
	assert_complains(read_call(words_of("x " LEG1 "ttl 9 ttl 9"), &p, NULL), "given twice");
	assert_complains(read_call(words_of("x window 64 " LEG1 LEG2 "window 64"), &p, NULL),
			 "given twice");
}

/* A leg that was begun is the last one's; what is the call's may stand anywhere. */
static void words_of_a_leg_are_its_own(void **state)
{
	struct qsc_call_params p;

	(void)state;
	assert_int_equal(
		read_call(words_of("x " LEG1 "clock 48000 window 64 " LEG2 "dscp 0 lifetime 9"), &p,
			  NULL),
		0);
	assert_int_equal(p.window, 64);
	assert_int_equal(p.lifetime_s, 9);
	assert_int_equal(p.legs[0].clock, 48000);
	assert_false(p.legs[0].has_dscp);
	assert_int_equal(p.legs[1].clock, 0);
	assert_true(p.legs[1].has_dscp);
	assert_int_equal(p.legs[1].dscp, 0);
	assert_int_equal(read_call(words_of("x " LEG1), &p, NULL), 0);
	assert_int_equal(p.n_legs, 1);
}

static void a_remote_that_is_learnt_has_no_ports(void **state)
{
	struct qsc_call_params p;

	(void)state;
	assert_int_equal(read_call(words_of("x " LEG1 LEG2 "rtcp 9000"), &p, NULL), 0);
	assert_int_equal(p.legs[1].local_rtcp, 9000);
	assert_int_equal(p.legs[1].remote_rtcp, 0);
	assert_int_equal(p.legs[1].remote.sa.sa_family, 0);
	assert_int_equal(read_call(words_of("x " LEG1 LEG2 "rtcp mux"), &p, NULL), 0);
	assert_int_equal(p.legs[1].local_rtcp, 0);
	assert_complains(read_call(words_of("x " LEG1 "leg remote learn local 192.0.2.1:65535 "
					    "rtcp +1"),
				   &p, NULL),
			 "no port after the local port 65535");
}

static void a_prefix_has_its_bits(void **state)
{
	union qsc_addr addr;
	uint8_t bits;

	(void)state;
	assert_int_equal(read_prefix("from", "192.0.2.0/0", &addr, &bits), 0);
	assert_int_equal(addr.sa.sa_family, AF_INET);
	assert_int_equal(bits, 0);
	assert_int_equal(read_prefix("from", "2001:db8::/128", &addr, &bits), 0);
	assert_int_equal(addr.sa.sa_family, AF_INET6);
	assert_int_equal(bits, 128);
	assert_complains(read_prefix("from", "2001:db8::/129", &addr, &bits), "0 to 128");
	assert_complains(read_prefix("from", "192.0.2.0/", &addr, &bits), "not a whole number");
	assert_complains(read_prefix("from", "/24", &addr, &bits), "is not an address");
	assert_complains(read_prefix("from", "[2001:db8::]/32", &addr, &bits), "is not an address");
	assert_complains(read_prefix("from", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1",
				     &addr, &bits),
			 "is not a prefix");
}

static void a_call_id_is_neither_empty_nor_too_long(void **state)
{
	char longest[QSC_CALL_ID_MAX + 2], *empty = "";
	struct words words = { .left = 1, .next = &empty };
	const char *id;

	(void)state;
	assert_complains(need_id(&words, &id), "the call-id is empty");
	assert_complains(need_id(&words, &id), "the call-id is missing");
	memset(longest, 'x', sizeof(longest));
	longest[QSC_CALL_ID_MAX] = '\0';
	assert_int_equal(need_id(words_of(longest), &id), 0);
	longest[QSC_CALL_ID_MAX] = 'x';
	longest[QSC_CALL_ID_MAX + 1] = '\0';
	assert_complains(need_id(words_of(longest), &id), "is 128 bytes long, at most 127");
}

static void a_key_takes_its_words(void **state)
{
	struct key_args args;
	struct qsc_key key;

	(void)state;
	assert_int_equal(read_key_args(words_of("x leg 1 rx mki 0102 roc 1:2 roc 0x10:3 "
						"overlap 60000 file k"),
				       &args, &key),
			 0);
	assert_string_equal(args.id, "x");
	assert_string_equal(args.file, "k");
	assert_int_equal(key.leg, 1);
	assert_int_equal(key.dir, QSC_DIR_RX);
	assert_int_equal(key.n_rocs, 2);
	assert_int_equal(key.rocs[1].ssrc, 16);
	assert_true(key.has_overlap && key.overlap_ms == 60000);
	assert_true(args.has_mki && args.mki_len == 2);
}

static void wrong_key_words_are_refused_with_their_reason(void **state)
{
	struct key_args args;
	struct qsc_key key;

	(void)state;
	assert_complains(read_key_args(words_of("x"), &args, &key), "tx or rx");
	assert_complains(read_key_args(words_of("x tx rx"), &args, &key), "one direction");
	assert_complains(read_key_args(words_of("x tx tx"), &args, &key), "one direction");
	assert_complains(read_key_args(words_of("x tx leg 2"), &args, &key), "0 to 1");
	assert_complains(read_key_args(words_of("x tx overlap 60001"), &args, &key),
			 "milliseconds");
	assert_complains(read_key_args(words_of("x tx roc 1:1 roc 1:2"), &args, &key),
			 "given twice");
	assert_complains(read_key_args(words_of("x tx mki"), &args, &key), "mki is missing");
	assert_complains(read_key_args(words_of("x tx roc 1:1 roc 2:1 roc 3:1 roc 4:1 roc 5:1 "
						"roc 6:1 roc 7:1 roc 8:1 roc 9:1 roc 10:1 roc 11:1 "
						"roc 12:1 roc 13:1 roc 14:1 roc 15:1 roc 16:1 "
						"roc 17:1"),
				       &args, &key),
			 "at most 16");
}

static void a_key_on_the_command_line_is_refused_and_not_repeated(void **state)
{
	struct key_args args;
	struct qsc_key key;

	(void)state;
	assert_complains(read_key_args(words_of("x tx inline:U0VDUkVU"), &args, &key),
			 "never from the command line");
	assert_complains(read_key_args(words_of("x tx AEAD_AES_256_GCM inline:U0VDUkVU"), &args,
				       &key),
			 "never from the command line");
	capture_begin(&err, &stderr);
	read_key_args(words_of("x tx inline:U0VDUkVU"), &args, &key);
	capture_end(&err);
	assert_null(strstr(err.text, "U0VD"));
	free(err.text);
}

static void messages_leave_out_what_follows_inline(void **state)
{
	(void)state;
	assert_complains(complain("\"%s\" is odd", "x inline:U0VDUkVU|2^20"),
			 "qsctl: \"x inline:\" is odd");
	assert_complains(complain("inline:%s inline:%s", "U0VD", "UkVU"), "inline: inline:\n");
	assert_complains(complain("%s", "inline:"), "qsctl: inline:\n");
}

static void call_start_has_two_words_more(void **state)
{
	struct start_args start;
	struct qsc_call_params p;

	(void)state;
	assert_int_equal(read_call(words_of(ADDRS "peer bob card 1099511627775 role callee"), &p,
				   &start),
			 0);
	assert_string_equal(start.peer, "bob");
	assert_true(start.card == QSCTL_CARD_MAX);
	assert_int_equal(p.role, QSC_ROLE_CALLEE);
	assert_int_equal(read_call(words_of(ADDRS "peer bob"), &p, &start), 0);
	assert_true(start.card == 0);
	assert_complains(read_call(words_of(ADDRS), &p, &start), "peer SUBSCRIBER is missing");
	assert_complains(read_call(words_of(ADDRS "peer bob card 0"), &p, &start),
			 "not a whole number from 1 to 1099511627775");
	assert_complains(read_call(words_of(ADDRS "peer bob card x"), &p, &start),
			 "not a whole number");
	assert_complains(read_call(words_of(ADDRS "peer a peer b"), &p, &start), "given twice");
	assert_complains(read_call(words_of(ADDRS "peer bob"), &p, NULL), "is not known here");
	assert_complains(read_call(words_of("x peer bob " LEG1 LEG2), &p, &start),
			 "are for relays");
	assert_complains(read_call(words_of("x peer bob local 192.0.2.1:1 remote learn"), &p,
				   &start),
			 "are for relays");
	assert_complains(read_call(words_of(ADDRS "peer bob dscp 46"), &p, &start),
			 "are for relays");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_finds_its_word_if_no_other_has_it),
		cmocka_unit_test(a_whole_word_wins_over_a_longer_one),
		cmocka_unit_test(wrong_and_ambiguous_words_name_the_candidates),
		cmocka_unit_test(complaints_have_no_control_characters),
		cmocka_unit_test(numbers_are_digits_within_their_range),
		cmocka_unit_test(addresses_are_read_with_their_ports),
		cmocka_unit_test(what_is_no_address_is_refused_with_an_example),
		cmocka_unit_test(ports_are_1_to_65535),
		cmocka_unit_test(hex_is_whole_bytes_within_the_limit),
		cmocka_unit_test(a_roc_is_ssrc_and_counter),
		cmocka_unit_test(a_call_needs_only_its_addresses),
		cmocka_unit_test(all_words_of_a_call_are_understood_in_any_order),
		cmocka_unit_test(rtcp_ports_follow_the_word),
		cmocka_unit_test(call_start_has_two_words_more),
		cmocka_unit_test(wrong_calls_are_refused_with_their_reason),
		cmocka_unit_test(a_relay_call_is_two_legs),
		cmocka_unit_test(what_a_leg_lacks_is_named),
		cmocka_unit_test(words_of_a_leg_are_its_own),
		cmocka_unit_test(a_remote_that_is_learnt_has_no_ports),
		cmocka_unit_test(a_prefix_has_its_bits),
		cmocka_unit_test(a_call_id_is_neither_empty_nor_too_long),
		cmocka_unit_test(a_key_takes_its_words),
		cmocka_unit_test(wrong_key_words_are_refused_with_their_reason),
		cmocka_unit_test(a_key_on_the_command_line_is_refused_and_not_repeated),
		cmocka_unit_test(messages_leave_out_what_follows_inline),
	};

	return cmocka_run_group_tests_name("grammar", tests, NULL, NULL);
}
