// SPDX-License-Identifier: GPL-2.0-only
/* What is printed: the shape of JSON, text from elsewhere, tables, durations. */
#include <arpa/inet.h>

#include "test.h"

static struct json_object *get(struct json_object *obj, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(obj, name, &value))
		fail_msg("no \"%s\" in %s", name, json_object_to_json_string(obj));
	return value;
}

static const char *get_text(struct json_object *obj, const char *name)
{
	return json_object_get_string(get(obj, name));
}

static uint64_t get_number(struct json_object *obj, const char *name)
{
	assert_int_equal(json_object_get_type(get(obj, name)), json_type_int);
	return json_object_get_uint64(get(obj, name));
}

static bool has(struct json_object *obj, const char *name)
{
	return json_object_object_get_ex(obj, name, NULL);
}

static struct qsc_call a_call(struct qsc_key_info *key)
{
	struct qsc_call call = {
		.id = "alice",
		.state = QSC_CALL_STATE_SECURE,
		.flags = QSC_CALL_FLAGS_BOUND,
		.window = 1024,
		.age_ms = 12345,
		.owner = 77,
		.n_legs = 1,
	};

	call.legs[0].suite = QSC_SUITE_AEAD_AES_256_GCM;
	call.legs[0].local.in6.sin6_family = AF_INET6;
	call.legs[0].local.in6.sin6_port = htons(5004);
	call.legs[0].local.in6.sin6_addr = in6addr_loopback;
	call.legs[0].remote = call.legs[0].local;
	call.legs[0].n_keys = 1;
	call.legs[0].keys = key;
	return call;
}

static void a_call_has_its_state_legs_and_keys(void **state)
{
	struct qsc_key_info key = { .dir = QSC_DIR_TX,
				    .state = QSC_KEY_STATE_ACTIVE,
				    .generation = 3,
				    .rtp_packets = UINT64_MAX };
	struct qsc_call call = a_call(&key);
	struct json_object *obj = json_call(&call);
	struct json_object *leg, *k;

	(void)state;
	assert_string_equal(get_text(obj, "id"), "alice");
	assert_string_equal(get_text(obj, "state"), "secure");
	assert_true(get_number(obj, "age_ms") == 12345);
	assert_true(get_number(obj, "owner") == 77);
	assert_string_equal(json_object_to_json_string(get(obj, "flags")), "[ \"bound\" ]");
	leg = json_object_array_get_idx(get(obj, "legs"), 0);
	assert_string_equal(get_text(leg, "suite"), "AEAD_AES_256_GCM");
	assert_string_equal(get_text(get(leg, "local"), "address"), "::1");
	assert_true(get_number(get(leg, "local"), "port") == 5004);
	assert_true(json_object_get_boolean(get(leg, "rtcp_mux")));
	k = json_object_array_get_idx(get(leg, "keys"), 0);
	assert_string_equal(get_text(k, "dir"), "tx");
	assert_true(get_number(k, "rtp_packets") == UINT64_MAX);
	json_object_put(obj);
}

static void what_there_is_not_is_not_in_json(void **state)
{
	struct qsc_key_info key = { .dir = QSC_DIR_TX };
	struct qsc_call call = a_call(&key);
	struct json_object *obj, *leg;

	(void)state;
	call.owner = 0;
	obj = json_call(&call);
	leg = json_object_array_get_idx(get(obj, "legs"), 0);
	assert_false(has(obj, "idle_ms"));
	assert_false(has(obj, "owner"));
	assert_false(has(obj, "role"));
	assert_false(has(obj, "reason"));
	assert_false(has(get(leg, "local"), "rtcp_port"));
	assert_false(has(json_object_array_get_idx(get(leg, "keys"), 0), "mki"));
	json_object_put(obj);
}

static void a_relays_leg_has_what_it_was_made_with(void **state)
{
	struct qsc_call call = a_call(NULL);
	struct json_object *obj, *leg;

	(void)state;
	call.legs[1] = call.legs[0];
	call.n_legs = QSC_LEGS_MAX;
	call.legs[0].n_keys = call.legs[1].n_keys = 0;
	call.legs[1].index = 1;
	call.legs[1].suite = QSC_SUITE_PLAIN;
	call.legs[1].flags = QSC_LEG_FLAGS_LEARN;
	call.legs[1].has_dscp = true;
	call.legs[1].ttl = 64;
	memset(&call.legs[1].remote, 0, sizeof(call.legs[1].remote));
	obj = json_call(&call);
	leg = json_object_array_get_idx(get(obj, "legs"), 0);
	assert_true(has(leg, "remote"));
	assert_false(has(leg, "remote_learnt"));
	assert_false(has(leg, "dscp"));
	assert_false(has(leg, "ttl"));
	leg = json_object_array_get_idx(get(obj, "legs"), 1);
	assert_string_equal(get_text(leg, "suite"), "plain");
	assert_false(has(leg, "remote"));
	assert_true(json_object_get_boolean(get(leg, "remote_learnt")));
	assert_int_equal(get_number(leg, "dscp"), 0);
	assert_int_equal(get_number(leg, "ttl"), 64);
	assert_int_equal(json_object_array_length(get(leg, "keys")), 0);
	json_object_put(obj);
}

static void statistics_of_a_leg_have_its_streams(void **state)
{
	static const struct qsc_stats stats;
	const struct qsc_quality quality = {
		.ssrc = UINT32_MAX, .packets = 990, .lost = 10, .late = 2, .jitter_us = 1234
	};
	struct qsc_call call = a_call(NULL);
	struct json_object *obj, *leg, *stream;

	(void)state;
	call.legs[0].stats = &stats;
	call.legs[0].n_keys = 0;
	obj = json_call_stats(&call);
	leg = json_object_array_get_idx(get(obj, "legs"), 0);
	assert_false(has(leg, "streams"));
	assert_false(has(leg, "rtt_us"));
	assert_false(has(leg, "last_seen_ms"));
	json_object_put(obj);

	call.legs[0].quality = &quality;
	call.legs[0].n_quality = 1;
	call.legs[0].rtt_us = 40250;
	call.legs[0].has_last_seen = true;
	obj = json_call_stats(&call);
	leg = json_object_array_get_idx(get(obj, "legs"), 0);
	assert_int_equal(get_number(leg, "rtt_us"), 40250);
	assert_int_equal(get_number(leg, "last_seen_ms"), 0);
	stream = json_object_array_get_idx(get(leg, "streams"), 0);
	assert_true(get_number(stream, "ssrc") == UINT32_MAX);
	assert_int_equal(get_number(stream, "packets"), 990);
	assert_int_equal(get_number(stream, "lost"), 10);
	assert_int_equal(get_number(stream, "late"), 2);
	assert_int_equal(get_number(stream, "jitter_us"), 1234);
	json_object_put(obj);
}

static void statistics_have_all_counters_also_zeros(void **state)
{
	struct qsc_stats stats = { .count[QSC_A_STATS_TX_RTP] = 5 };
	struct json_object *obj = json_stats(&stats);

	(void)state;
	assert_int_equal(json_object_object_length(obj), QSC_A_STATS_PAD - 1);
	assert_true(get_number(obj, "tx_rtp") == 5);
	assert_true(get_number(obj, "rx_drop_crypto") == 0);
	json_object_put(obj);
}

static void an_event_says_what_happened_and_when(void **state)
{
	struct qsc_key_info key = {
		.dir = QSC_DIR_RX, .generation = 2, .mki_len = 2, .mki = { 0xab, 0xcd }
	};
	struct qsc_event event = {
		.type = QSC_CMD_ERASED_NTF,
		.time_ns = 1700000000123456789,
		.call_id = "bob",
		.reason = QSC_ERASE_REASON_TIMEOUT,
		.leg = -1,
		.key = &key,
	};
	struct json_object *obj = json_event(&event);

	(void)state;
	assert_string_equal(get_text(obj, "time"), "2023-11-14T22:13:20.123456Z");
	assert_true(get_number(obj, "time_ns") == 1700000000123456789);
	assert_string_equal(get_text(obj, "event"), "erased");
	assert_string_equal(get_text(obj, "call"), "bob");
	assert_string_equal(get_text(obj, "reason"), "timeout");
	assert_string_equal(get_text(obj, "dir"), "rx");
	assert_string_equal(get_text(obj, "mki"), "abcd");
	assert_false(has(obj, "count"));
	json_object_put(obj);

	event.key = NULL;
	obj = json_event(&event);
	assert_false(has(obj, "dir"));
	assert_false(has(obj, "leg"));
	json_object_put(obj);
}

static void numbers_of_a_newer_kernel_are_printed_as_numbers(void **state)
{
	struct qsc_event event = { .type = 200, .call_id = "x", .reason = 99, .leg = -1 };
	struct json_object *obj = json_event(&event);

	(void)state;
	assert_string_equal(get_text(obj, "event"), "200");
	assert_string_equal(get_text(obj, "reason"), "99");
	json_object_put(obj);
}

static void a_missing_suite_is_not_available(void **state)
{
	struct qsc_info info = { .version = "1", .n_suites = 1 };
	struct json_object *obj, *suite;

	(void)state;
	strcpy(info.suites[0].name, "AEAD_SM4_GCM");
	obj = json_info(&info);
	suite = json_object_array_get_idx(get(obj, "suites"), 0);
	assert_false(json_object_get_boolean(get(suite, "available")));
	assert_false(has(suite, "driver"));
	json_object_put(obj);
}

static void text_from_elsewhere_cannot_control_the_terminal(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "alice@example.com", "alice@example.com" },
		{ "\033[2J", "\\x1b[2J" },
		{ "a\nb\177", "a\\x0ab\\x7f" },
		{ "\xc3\xa4", "\xc3\xa4" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xf0\x9f\x93\x9e", "\xf0\x9f\x93\x9e" },
		{ "\xc3", "\\xc3" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc0\x80", "\\xc0\\x80" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	};
	char buf[64], tiny[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		format_printable(cases[i].in, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].out);
	}
	format_printable("\033\033", tiny, sizeof(tiny));
	assert_string_equal(tiny, "");
	format_printable("abcdef", tiny, sizeof(tiny));
	assert_string_equal(tiny, "abc");
}

static void durations_keep_two_units(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0.000s" },      { 250, "0.250s" },     { 9999, "9.999s" },
		{ 10000, "10s" },     { 59999, "59s" },	     { 65000, "1m05s" },
		{ 3600000, "1h00m" }, { 86400000, "1d00h" }, { UINT64_MAX, "213503982334d14h" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		format_duration(cases[i].ms, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].text);
	}
}

static void table_columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const char *const headings[] = { "A", "LONG" };
	struct table *table = table_new(headings, 2);
	struct capture out;

	(void)state;
	set_color("never");
	capture_begin(&out, &stdout);
	table_print(table, stdout);
	capture_end(&out);
	assert_int_equal(out.len, 0);
	free(out.text);

	for (int i = 0; i < 100; i++)
		assert_int_equal(table_cell(table, PAINT_GOOD, "%s", i % 2 ? "y" : "\xc3\xa4x"), 0);
	capture_begin(&out, &stdout);
	table_print(table, stdout);
	capture_end(&out);
	assert_memory_equal(out.text, "A   LONG\n\xc3\xa4x  y\n", 16);
	free(out.text);
	table_free(table);
}

static void json_is_one_line_unless_it_is_to_be_pretty(void **state)
{
	struct qsctl ctl = { .json = true };
	struct capture out;

	(void)state;
	for (int pretty = 0; pretty < 2; pretty++) {
		struct json_object *obj = json_object_new_object();

		json_put_text(obj, "a", "b/c");
		json_put_text(obj, "d", "e");
		ctl.pretty = pretty;
		capture_begin(&out, &stdout);
		json_print(&ctl, obj);
		capture_end(&out);
		if (!pretty)
			assert_string_equal(out.text, "{\"a\":\"b/c\",\"d\":\"e\"}\n");
		else
			assert_non_null(strstr(out.text, "\n  \"a\""));
		free(out.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_has_its_state_legs_and_keys),
		cmocka_unit_test(what_there_is_not_is_not_in_json),
		cmocka_unit_test(a_relays_leg_has_what_it_was_made_with),
		cmocka_unit_test(statistics_of_a_leg_have_its_streams),
		cmocka_unit_test(statistics_have_all_counters_also_zeros),
		cmocka_unit_test(an_event_says_what_happened_and_when),
		cmocka_unit_test(numbers_of_a_newer_kernel_are_printed_as_numbers),
		cmocka_unit_test(a_missing_suite_is_not_available),
		cmocka_unit_test(text_from_elsewhere_cannot_control_the_terminal),
		cmocka_unit_test(durations_keep_two_units),
		cmocka_unit_test(table_columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(json_is_one_line_unless_it_is_to_be_pretty),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
