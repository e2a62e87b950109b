// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What subscribers may say, and what becomes of everything else. */
#include "kms/kms_test.h"

#include "qskmsd/request.h"

#define ROUNDS 50000
#define GOOD                                                                         \
	"{\"op\":\"call-key\",\"call\":\"c1\",\"role\":\"caller\",\"peer\":\"bob\"," \
	"\"suite\":\"AEAD_AES_256_GCM\",\"epoch\":3}"
#define DIST "00112233445566778899aabbccddeeff"

static struct request req;
static struct refusal no;

static void assert_parses(const char *text)
{
	if (request_parse(text, strlen(text), &req, &no))
		fail_msg("%s: %s: %s", text, no.code, no.detail);
}

static void assert_refuses(const char *text, const char *code)
{
	if (!request_parse(text, strlen(text), &req, &no))
		fail_msg("%s was understood", text);
	if (strcmp(no.code, code))
		fail_msg("%s: %s instead of %s", text, no.code, code);
	assert_non_null(no.detail);
}

/* GOOD with one member replaced, or left out for a NULL */
static const char *with(const char *member, const char *value)
{
	static const char *const names[] = { "op",    "call",  "role",	  "peer",
					     "suite", "epoch", "dist-kid" };
	static const char *const values[] = {
		"\"call-key\"", "\"c1\"", "\"caller\"", "\"bob\"", "\"AEAD_AES_256_GCM\"", "0", NULL
	};
	static char text[2048];
	size_t n = 0;

	text[0] = '\0';
	for (int i = 0; i < 7; i++) {
		const char *v = strcmp(names[i], member) ? values[i] : value;

		if (v)
			n += (size_t)sprintf(text + n, "%c\"%s\":%s", n ? ',' : '{', names[i], v);
	}
	snprintf(text + n, sizeof(text) - n, "}");
	return text;
}

static void a_call_key_request_is_read(void **state)
{
	(void)state;
	assert_parses(GOOD);
	assert_int_equal(req.op, OP_CALL_KEY);
	assert_string_equal(req.call, "c1");
	assert_int_equal(req.role, QSC_KEYS_CALLER);
	assert_string_equal(req.peer, "bob");
	assert_int_equal(req.suite, 1);
	assert_int_equal(req.epoch, 3);
	assert_false(req.has_dist);
	assert_parses(with("role", "\"callee\""));
	assert_int_equal(req.role, QSC_KEYS_CALLEE);
	assert_parses(with("epoch", NULL));
	assert_int_equal(req.epoch, 0);
	assert_parses(with("epoch", "4294967295"));
	assert_int_equal(req.epoch, UINT32_MAX);
	assert_parses(with("suite", "\"AEAD_SM4_GCM\""));
	assert_parses(with("unheard", "of"));
	assert_parses("{\"op\":\"status\"}");
	assert_int_equal(req.op, OP_STATUS);
}

static void requests_in_mid_call_name_the_call(void **state)
{
	(void)state;
	assert_parses("{\"op\":\"ready\",\"call\":\"c1\",\"epoch\":7}");
	assert_int_equal(req.op, OP_READY);
	assert_string_equal(req.call, "c1");
	assert_int_equal(req.epoch, 7);
	assert_parses("{\"op\":\"hangup\",\"call\":\"c2\"}");
	assert_int_equal(req.op, OP_HANGUP);
	assert_string_equal(req.call, "c2");
	assert_refuses("{\"op\":\"ready\",\"epoch\":7}", "bad-request");
	assert_refuses("{\"op\":\"ready\",\"call\":\"c1\",\"epoch\":-7}", "bad-request");
	assert_refuses("{\"op\":\"hangup\",\"call\":\"\"}", "bad-request");
	assert_refuses("{\"op\":\"hangup\"}", "bad-request");
}

static void a_second_key_is_read(void **state)
{
	static const uint8_t kid[] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

	(void)state;
	assert_parses(with("dist-kid", "\"" DIST "\""));
	assert_true(req.has_dist);
	assert_memory_equal(req.dist, kid, sizeof(kid));
	assert_refuses(with("dist-kid", "\"" DIST "0\""), "bad-request");
	assert_refuses(with("dist-kid", "\"0011\""), "bad-request");
	assert_refuses(with("dist-kid", "\"0011223344556677-899aabbccddeeff\""), "bad-request");
	assert_refuses(with("dist-kid", "\"00112233445566778899AABBCCDDEEFF\""), "bad-request");
	assert_refuses(with("dist-kid", "17"), "bad-request");
}

static void what_is_not_one_object_is_malformed(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"{",
		"}",
		"[]",
		"17",
		"null",
		"\"op\"",
		"{}{}",
		GOOD "x", /* NOLINT(bugprone-suspicious-missing-comma) */
		GOOD " ,",
		"{op:1}",
		"{\"op\":\"status\",}",
		"{'op':'status'}",
		"{\"op\":\"st\xff\"}",
		"[" GOOD "]",
		"{\"op\":{\"a\":{\"b\":1}}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_refuses(lines[i], "malformed");
	assert_int_not_equal(request_parse("{\"op\":\"status\"}\0", 16, &req, &no), 0);
}

static void members_of_the_wrong_kind_are_refused(void **state)
{
	static const char *const names[] = { "op", "call", "role", "peer", "suite" };
	static const char *const values[] = { NULL, "17",  "null",	    "true", "{}",
					      "[]", "1.5", "\"a\\u0000b\"", "\"\"" };

	(void)state;
	for (size_t n = 0; n < 5; n++)
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
			assert_int_not_equal(request_parse(with(names[n], values[v]),
							   strlen(with(names[n], values[v])), &req,
							   &no),
					     0);
	assert_refuses(with("epoch", "-1"), "bad-request");
	assert_refuses(with("epoch", "4294967296"), "bad-request");
	assert_refuses(with("epoch", "18446744073709551617"), "bad-request");
	assert_refuses(with("epoch", "\"0\""), "bad-request");
	assert_refuses(with("epoch", "0.0"), "bad-request");
	assert_refuses(with("role", "\"both\""), "bad-request");
	assert_refuses(with("op", "\"give\""), "unknown-op");
}

static void names_keep_their_limits(void **state)
{
	char text[256];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = text[128] = '"';
	text[129] = '\0';
	assert_parses(with("call", text));
	text[128] = 'a';
	text[129] = '"';
	text[130] = '\0';
	assert_refuses(with("call", text), "bad-request");
	text[64] = '"';
	text[65] = '\0';
	assert_parses(with("peer", text));
	text[64] = 'a';
	text[65] = '"';
	text[66] = '\0';
	assert_refuses(with("peer", text), "bad-request");
	assert_refuses(with("call", "\"a b\""), "bad-request");
	assert_refuses(with("peer", "\"a'b\""), "bad-request");
	assert_refuses(with("peer", "\"a\\nb\""), "bad-request");
}

static void suites_that_are_none_of_ours_are_refused(void **state)
{
	(void)state;
	assert_refuses(with("suite", "\"AES_CM_128_HMAC_SHA1_80\""), "suite");
	assert_refuses(with("suite", "\"NULL\""), "suite");
	assert_refuses(with("suite", "\"aead_aes_256_gcm\""), "suite");
}

static void mutate(char *line, size_t *len, size_t size)
{
	static const char pieces[] = "{}[]\",:\\u0000-1e9\xc3\x28\x00nulltruefalse";
	size_t at = *len ? (size_t)random() % *len : 0;

	switch (random() % 4) {
	case 0:
		if (*len)
			line[at] = (char)random();
		break;
	case 1:
		if (*len)
			line[at] = pieces[(size_t)random() % (sizeof(pieces) - 1)];
		break;
	case 2:
		if (*len + 1 < size) {
			memmove(line + at + 1, line + at, *len - at);
			line[at] = pieces[(size_t)random() % (sizeof(pieces) - 1)];
			(*len)++;
		}
		break;
	default:
		*len = at;
	}
}

/* Whatever comes: an answer, and nothing out of range. Under the sanitizers, too. */
static void damaged_requests_do_no_harm(void **state)
{
	const char *seed_text = getenv("QSC_SEED");
	unsigned int seed = seed_text ? (unsigned int)strtoul(seed_text, NULL, 0) : 1;
	const char *start[] = { GOOD, "{\"op\":\"ready\",\"call\":\"c\",\"epoch\":1}", "" };
	char line[REQUEST_MAX];
	unsigned int good = 0;

	(void)state;
	start[2] = with("dist-kid", "\"" DIST "\"");
	print_message("# QSC_SEED=%u\n", seed);
	srandom(seed);
	for (int round = 0; round < ROUNDS; round++) {
		const char *from = start[random() % 3];
		size_t len = strlen(from);

		memcpy(line, from, len);
		for (long n = random() % 4; n >= 0; n--)
			mutate(line, &len, sizeof(line));
		if (request_parse(line, len, &req, &no)) {
			assert_non_null(no.code);
			continue;
		}
		good++;
		assert_true(req.op == OP_STATUS || qsc_keys_call_id_ok(req.call));
		if (req.op != OP_CALL_KEY)
			continue;
		assert_true(qsc_keys_subscriber_ok(req.peer));
		assert_in_range(req.suite, 1, 3);
		assert_in_range(req.role, QSC_KEYS_CALLER, QSC_KEYS_CALLEE);
	}
	/* Or the loop has tested nothing but the first byte. */
	assert_in_range(good, ROUNDS / 100, ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_key_request_is_read),
		cmocka_unit_test(requests_in_mid_call_name_the_call),
		cmocka_unit_test(a_second_key_is_read),
		cmocka_unit_test(what_is_not_one_object_is_malformed),
		cmocka_unit_test(members_of_the_wrong_kind_are_refused),
		cmocka_unit_test(names_keep_their_limits),
		cmocka_unit_test(suites_that_are_none_of_ours_are_refused),
		cmocka_unit_test(damaged_requests_do_no_harm),
	};

	return cmocka_run_group_tests_name("kms_request", tests, NULL, NULL);
}
