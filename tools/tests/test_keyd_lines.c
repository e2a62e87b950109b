// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Lines of the key service, of qsctl and of the configuration file. */
#include "keyd/keyd_test.h"

#include <unistd.h>

#include "config.h"
#include "kms.h"
#include "request.h"

#define W48 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"
#define KEY                                                                              \
	"{\"ok\":true,\"epoch\":3,\"wrapped\":\"" W48 "\",\"lifetime\":7200,\"caller\":" \
	"\"alice\",\"callee\":\"bob\"}"
#define START                                                                          \
	"{\"op\":\"call-start\",\"id\":\"c1\",\"peer\":\"bob\",\"local\":\"[::1]:1\"," \
	"\"remote\":\"[::2]:2\"}"

static struct kms_line line;
static struct request req;
static struct failure why;

static int read_kms(const char *text)
{
	return kms_read(text, strlen(text), &line);
}

static int read_request(const char *text)
{
	return request_parse(text, strlen(text), &req, &why);
}

/* ------------------------------------------------------------- the key service */

static void a_question_is_one_line(void **state)
{
	static const uint8_t kid[QSC_KEYS_KID] = { 0, 0x1f, 0xff };
	struct kms_ask ask = { "c\"1\\", QSC_KEYS_CALLEE, "al", QSC_SUITE_AEAD_AES_256_GCM, 7, kid };
	char out[KMS_LINE_MAX];
	uint32_t epoch = 9;

	(void)state;
	kms_ask(&ask, out);
	assert_string_equal(out, "{\"op\":\"call-key\",\"call\":\"c\\\"1\\\\\",\"role\":\"callee\","
				 "\"peer\":\"al\",\"suite\":\"AEAD_AES_256_GCM\",\"epoch\":7,"
				 "\"dist-kid\":\"001fff00000000000000000000000000\"}\n");
	kms_say("ready", "c1", &epoch, out);
	assert_string_equal(out, "{\"op\":\"ready\",\"call\":\"c1\",\"epoch\":9}\n");
	kms_say("hangup", "c1", NULL, out);
	assert_string_equal(out, "{\"op\":\"hangup\",\"call\":\"c1\"}\n");
}

static void the_longest_question_fits(void **state)
{
	static const uint8_t kid[QSC_KEYS_KID] = { 1 };
	char id[QSC_KEYS_CALL_ID_MAX + 1], peer[QSC_KEYS_ID_MAX + 1], out[KMS_LINE_MAX];
	struct kms_ask ask = { id, QSC_KEYS_CALLEE, peer, 1, UINT32_MAX, kid };

	(void)state;
	memset(id, '"', sizeof(id));
	memset(peer, 'p', sizeof(peer));
	id[QSC_KEYS_CALL_ID_MAX] = peer[QSC_KEYS_ID_MAX] = '\0';
	kms_ask(&ask, out);
	assert_string_equal(out + strlen(out) - 2, "}\n");
}

static void answers_and_events_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(read_kms(KEY), 0);
	assert_int_equal(line.kind, KMS_KEY);
	assert_int_equal(line.epoch, 3);
	assert_int_equal(line.lifetime, 7200);
	assert_int_equal(line.wrapped[47], 0x2f);
	assert_string_equal(line.callee, "bob");
	assert_int_equal(read_kms("{\"ok\":true,\"peer\":true}"), 0);
	assert_int_equal(line.kind, KMS_DONE);
	assert_true(line.peer_ready);
	assert_int_equal(read_kms("{\"event\":\"rekey\",\"call\":\"c1\",\"epoch\":4}"), 0);
	assert_int_equal(line.kind, KMS_REKEY);
	assert_int_equal(line.epoch, 4);
	assert_int_equal(read_kms("{\"event\":\"ready\",\"call\":\"c1\",\"epoch\":4}"), 0);
	assert_int_equal(line.kind, KMS_READY);
	assert_int_equal(read_kms("{\"event\":\"weather\"}"), 0);
	assert_int_equal(line.kind, KMS_OTHER);
}

static void refusals_get_a_code(void **state)
{
	static const struct {
		const char *word;
		enum failure_code code;
	} all[] = {
		{ "revoked", FAIL_REVOKED },	{ "no-such-peer", FAIL_NO_SUCH_PEER },
		{ "suite", FAIL_REFUSED },	{ "not-called", FAIL_NOT_CALLED },
		{ "busy", FAIL_SERVICE },	{ "unavailable", FAIL_SERVICE },
		{ "unheard-of", FAIL_REFUSED },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		sprintf(text, "{\"ok\":false,\"error\":\"%s\",\"detail\":\"so\"}", all[i].word);
		assert_int_equal(read_kms(text), 0);
		assert_int_equal(line.kind, KMS_NO);
		assert_int_equal(line.why.code, all[i].code);
	}
	assert_int_equal(read_kms("{\"ok\":false}"), 0);
	assert_int_equal(line.kind, KMS_NO);
}

static void what_a_service_would_not_say_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"{",
		"[]",
		"{}",
		"17",
		KEY "x",
		"{\"ok\":true,\"wrapped\":\"\"}",
		"{\"ok\":true,\"epoch\":3,\"wrapped\":\"" W48 "\",\"lifetime\":7200}",
		"{\"ok\":true,\"epoch\":-1,\"wrapped\":\"" W48
		"\",\"lifetime\":1,\"caller\":\"a\",\"callee\":\"b\"}",
		"{\"ok\":true,\"epoch\":1,\"wrapped\":\"" W48
		"\",\"lifetime\":1,\"caller\":\"a b\",\"callee\":\"b\"}",
		"{\"ok\":true,\"epoch\":1,\"wrapped\":\"" W48
		"AAAA\",\"lifetime\":1,\"caller\":\"a\",\"callee\":\"b\"}",
		"{\"event\":\"rekey\"}",
		"{\"event\":\"rekey\",\"call\":\"c 1\",\"epoch\":4}",
		"{\"event\":\"ready\",\"call\":\"c1\",\"epoch\":4294967296}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		if (!read_kms(lines[i]))
			fail_msg("%s was understood", lines[i]);
}

/* --------------------------------------------------------------------- requests */

static void a_start_is_read(void **state)
{
	(void)state;
	assert_int_equal(read_request(START), 0);
	assert_int_equal(req.op, OP_CALL_START);
	assert_string_equal(req.params.id, "c1");
	assert_string_equal(req.peer, "bob");
	assert_int_equal(req.params.role, QSC_ROLE_CALLER);
	assert_int_equal(req.params.legs[0].suite, QSC_SUITE_AEAD_AES_256_GCM);
	assert_int_equal(ntohs(req.params.legs[0].remote.in6.sin6_port), 2);
	assert_int_equal(read_request(
				 "{\"op\":\"call-answer\",\"id\":\"c\",\"peer\":\"a\",\"local\":"
				 "\"192.0.2.1:5\",\"remote\":\"192.0.2.2:6\",\"bound\":true,"
				 "\"card\":7,\"timeout\":5,\"local-rtcp\":8,"
				 "\"remote-rtcp\":9}"),
			 0);
	assert_int_equal(req.params.role, QSC_ROLE_CALLEE);
	assert_int_equal(req.params.flags, QSC_CALL_FLAGS_BOUND);
	assert_int_equal(req.card, 7);
	assert_int_equal(req.params.timeout_s, 5);
	assert_int_equal(req.params.legs[0].remote_rtcp, 9);
}

/* START with @more in front of its end */
static const char *with(const char *more)
{
	static char text[512];

	snprintf(text, sizeof(text), "%.*s,%s}", (int)strlen(START) - 1, START, more);
	return text;
}

static void bad_requests_are_refused(void **state)
{
	static const char *const more[] = {
		"\"id\":\"a b\"",
		"\"id\":17",
		"\"peer\":\"\"",
		"\"local\":\"::1\"",
		"\"local\":\"192.0.2.1:5\"",
		"\"remote\":\"[::1]:0\"",
		"\"remote\":17",
		"\"role\":\"boss\"",
		"\"suite\":\"DES\"",
		"\"suite\":\"AES_CM_128_HMAC_SHA1_80\"",
		"\"card\":0",
		"\"card\":\"1\"",
		"\"card\":1099511627776",
		"\"timeout\":-1",
		"\"window\":32769",
		"\"local-rtcp\":5",
		"\"local-rtcp\":65536",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(more); i++) {
		if (!read_request(with(more[i])))
			fail_msg("%s was understood", more[i]);
		assert_int_equal(why.code, FAIL_BAD_REQUEST);
	}
	assert_int_equal(read_request("{\"op\":\"reboot\"}"), -1);
	assert_int_equal(read_request("{}"), -1);
	assert_int_equal(read_request("{\"op\":\"call-end\"}"), -1);
	assert_int_equal(read_request("{\"op\":\"status\"}"), 0);
}

/* One byte after the other is replaced; in a piece of heap, so that more is seen. */
static void broken_lines_do_no_harm(void **state)
{
	static const char *const lines[] = { KEY, START };
	const char *given = getenv("QSC_ROUNDS");
	unsigned long rounds = given ? strtoul(given, NULL, 10) : 100000;

	(void)state;
	for (unsigned long i = 0; i < rounds; i++) {
		const char *text = lines[i % 2];
		size_t len = strlen(text) - some_number() % 3;
		char *copy = malloc(len);

		assert_non_null(copy);
		memcpy(copy, text, len);
		for (uint32_t k = some_number() % 4; k; k--)
			copy[some_number() % len] = (char)some_number();
		kms_read(copy, len, &line);
		request_parse(copy, len, &req, &why);
		free(copy);
	}
}

/* ---------------------------------------------------------------- configuration */

static struct config config;

static bool read_config(const char *text)
{
	char path[] = "/tmp/qskeyd.XXXXXX";
	int fd = mkstemp(path);
	FILE *saved = stderr;
	bool ok;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	config_defaults(&config);
	stderr = fopen("/dev/null", "w");
	ok = config_read_file(&config, path, false);
	fclose(stderr);
	stderr = saved;
	unlink(path);
	return ok;
}

static void a_configuration_is_read(void **state)
{
	(void)state;
	assert_true(read_config(
		"# comment\n\n service=kms:7780 \npcsc = no\nrequire-sealed-draw = yes\nrekey-after = 0\n"
		"pool-file = /a\npool-file = /b b\npool-key=/c\n\tdebug\t=\tyes"));
	assert_string_equal(config.service, "kms:7780");
	assert_int_equal(config.pcsc, 0);
	assert_int_equal(config.must_seal, 1);
	assert_int_equal(config.rekey_after, 0);
	assert_int_equal(config.pool_files.n, 2);
	assert_string_equal(config.pool_files.text[1], "/b b");
	assert_int_equal(config.debug, 1);
	assert_int_equal(config.card_wait, 5);
	config_free(&config);
}

static void wrong_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"service",	    "= x",
		"service =",	    "colour = red",
		"pcsc = maybe",	    "rekey-after = -1",
		"rekey-after = 1s", "rekey-after = 86401",
		"card-timeout = 0",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		if (read_config(lines[i]))
			fail_msg("%s was understood", lines[i]);
		config_free(&config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_one_line),
		cmocka_unit_test(the_longest_question_fits),
		cmocka_unit_test(answers_and_events_are_told_apart),
		cmocka_unit_test(refusals_get_a_code),
		cmocka_unit_test(what_a_service_would_not_say_is_refused),
		cmocka_unit_test(a_start_is_read),
		cmocka_unit_test(bad_requests_are_refused),
		cmocka_unit_test(broken_lines_do_no_harm),
		cmocka_unit_test(a_configuration_is_read),
		cmocka_unit_test(wrong_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
