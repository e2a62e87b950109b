// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libqsc and qsctl leave on the stack of keys, and of what protects them:
 * nothing. The same search does find what was not wiped.
 */
#include "messages.h"

#include <fcntl.h>
#include <unistd.h>

#include "leftover.h"
#include "vectors.h"

#define KEY_LEN 32
#define PAGE 4096

/* 0x00..0x2b: 32 bytes of key and 12 of salt */
#define KEY_TEXT "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis="
#define SECRET "one-time secret!one-time secret?"
#define OTHER "another secret, another secret!?"

static int result;

static void leave_a_copy(void *secret)
{
	uint8_t copy[KEY_LEN];

	memcpy(copy, secret, sizeof(copy));
	__asm__ volatile("" ::"r"(copy) : "memory");
}

static void what_is_not_wiped_is_found(void **state)
{
	static uint8_t secret[KEY_LEN] = SECRET;

	(void)state;
	leftover_run(leave_a_copy, secret);
	assert_true(leftover_holds(secret, sizeof(secret)));
	assert_false(leftover_holds(KEY_TEXT, strlen(KEY_TEXT)));
}

/* ----------------------------------------------------------------- key lines */

static void parse(void *line)
{
	static struct qsc_key key;
	static char why[160];

	result = qsc_sdes_parse(line, strlen(line), &key, why, sizeof(why));
}

static void assert_parsed_without_trace(char *line, int want)
{
	uint8_t bytes[KEY_LEN + 12];

	leftover_run(parse, line);
	assert_int_equal(result, want);
	assert_false(leftover_holds(KEY_TEXT, strlen(KEY_TEXT)));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	assert_false(leftover_holds(bytes, sizeof(bytes)));
}

static void a_key_line_leaves_nothing(void **state)
{
	static char good[] = "AEAD_AES_256_GCM inline:" KEY_TEXT;
	static char swapped[] = KEY_TEXT " AEAD_AES_256_GCM";
	static char long_key[] = "AEAD_AES_128_GCM inline:" KEY_TEXT;
	static char two_keys[] = "AEAD_AES_256_GCM inline:" KEY_TEXT ";inline:" KEY_TEXT;
	static char not_base64[] = "AEAD_AES_256_GCM inline:" KEY_TEXT;

	(void)state;
	assert_parsed_without_trace(good, 0);
	assert_parsed_without_trace(swapped, -EINVAL);
	assert_parsed_without_trace(long_key, -EINVAL);
	assert_parsed_without_trace(two_keys, -EINVAL);
	*strchr(not_base64, '=') = '!';
	assert_parsed_without_trace(not_base64, -EINVAL);
}

/*
 * Which registers the C library uses depends on whether what it copies or wipes
 * crosses into another page.
 */
static void a_key_line_leaves_nothing_wherever_the_stack_is(void **state)
{
	static char two_keys[] = "AEAD_AES_256_GCM inline:" KEY_TEXT ";inline:" KEY_TEXT;

	(void)state;
	for (leftover_lower = 0; leftover_lower < PAGE; leftover_lower += 16)
		assert_parsed_without_trace(two_keys, -EINVAL);
	leftover_lower = 0;
}

/* ------------------------------------------------------------------- sealing */

struct box {
	EVP_PKEY *mine;
	struct qsc_binding b;
	uint8_t theirs[QSC_SEAL_PUBLIC_LEN];
	uint8_t ours[QSC_SEAL_PUBLIC_LEN];
	uint8_t plain[QSC_SEAL_BOX_MAX];
	uint8_t box[QSC_SEAL_BOX_MAX];
	size_t len;
};

static void seal(void *arg)
{
	struct box *box = arg;

	result = qsc_seal_box(box->mine, box->theirs, box->b.bytes, box->b.len, box->plain,
			      box->len, box->ours, box->box);
}

static void assert_left_nothing_of(struct json_object *v, const char *name)
{
	uint8_t secret[QSC_SEAL_BOX_MAX];
	size_t len = hex(v, name, secret, sizeof(secret));

	if (leftover_holds(secret, len))
		fail_msg("some of \"%s\" is still there", name);
}

static void check_sealing(struct json_object *v)
{
	uint8_t secret[KEY_LEN];
	struct box box = { 0 };

	hex(v, "client_secret", secret, sizeof(secret));
	box.mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, sizeof(secret));
	assert_non_null(box.mine);
	hex(v, "module_public", box.theirs, sizeof(box.theirs));
	box.b.len = hex(v, "aad", box.b.bytes, sizeof(box.b.bytes));
	box.len = hex(v, "plaintext", box.plain, sizeof(box.plain));
	leftover_run(seal, &box);
	EVP_PKEY_free(box.mine);
	assert_int_equal(result, 0);
	assert_left_nothing_of(v, "client_secret");
	assert_left_nothing_of(v, "shared");
	assert_left_nothing_of(v, "key");
	assert_left_nothing_of(v, "plaintext");
}

static void sealing_leaves_nothing(void **state)
{
	(void)state;
	each("key_seals", check_sealing);
	each("session_seals", check_sealing);
}

/* ------------------------------------------------------------------ requests */

struct request {
	qsc_sealed_build build;
	const void *what;
	struct qsc_sock *sk;
	struct nl_msg *msg;
};

static void build(void *arg)
{
	struct request *r = arg;

	result = r->build(r->sk, r->msg, "call", r->what, &a_seal);
}

static void check_build(qsc_sealed_build build_it, const void *what)
{
	struct request r = { .build = build_it, .what = what, .sk = sock_new() };

	r.msg = qsc_msg_new(r.sk, QSC_CMD_KEY_SET, 0);
	assert_non_null(r.msg);
	leftover_run(build, &r);
	qsc_msg_free(r.msg);
	qsc_close(r.sk);
	assert_int_equal(result, 0);
}

static void a_request_with_a_key_leaves_nothing(void **state)
{
	struct qsc_key key = a_key();

	(void)state;
	memcpy(key.master, SECRET, sizeof(SECRET) - 1);
	/* what comes behind the key would write over it */
	key.n_rocs = 0;
	check_build(qsc_key_build, &key);
	assert_false(leftover_holds(key.master, key.master_len));
	assert_false(leftover_holds(key.salt, key.salt_len));
}

static void a_request_with_a_session_leaves_nothing(void **state)
{
	static struct qsc_session s = {
		.role = QSC_ROLE_CALLEE,
		.caller = "alice",
		.callee = "bob",
		.suite = QSC_SUITE_AEAD_AES_128_GCM,
		.epoch = 3,
		.dist = SECRET,
		.exporter = OTHER,
	};

	(void)state;
	check_build(qsc_session_build, &s);
	assert_false(leftover_holds(s.dist, sizeof(s.dist)));
	assert_false(leftover_holds(s.exporter, sizeof(s.exporter)));
}

/* ------------------------------------------------------------------ messages */

static void complain_of(void *word)
{
	result = complain("\"%s\" is not known", (const char *)word);
}

/* To where messages go: a stream without a buffer. */
static void assert_complaint_leaves_nothing(char *word)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), saved = dup(STDERR_FILENO);

	assert_true(null >= 0 && saved >= 0);
	dup2(null, STDERR_FILENO);
	leftover_run(complain_of, word);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	assert_int_equal(result, QSCTL_USAGE);
	assert_false(leftover_holds(KEY_TEXT, strlen(KEY_TEXT)));
}

static void a_complaint_about_a_key_leaves_nothing(void **state)
{
	static char key_word[] = "inline:" KEY_TEXT;
	static char other_word[] = KEY_TEXT;
	static char no_key[] = "inline:no-key";

	(void)state;
	/* A sanitizer's library binds its calls late, which saves registers to the stack. */
	assert_complaint_leaves_nothing(no_key);
	assert_complaint_leaves_nothing(key_word);
	assert_complaint_leaves_nothing(other_word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_wiped_is_found),
		cmocka_unit_test(a_key_line_leaves_nothing),
		cmocka_unit_test(a_key_line_leaves_nothing_wherever_the_stack_is),
		cmocka_unit_test(sealing_leaves_nothing),
		cmocka_unit_test(a_request_with_a_key_leaves_nothing),
		cmocka_unit_test(a_request_with_a_session_leaves_nothing),
		cmocka_unit_test(a_complaint_about_a_key_leaves_nothing),
	};

	return cmocka_run_group_tests_name("leftover", tests, vectors_load, vectors_unload);
}
