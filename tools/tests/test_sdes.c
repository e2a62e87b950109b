// SPDX-License-Identifier: GPL-2.0-only
/* Key lines: what is read, what is refused, and that refusals leave nothing. */
#include <errno.h>

#include "test.h"

/* 0x00..0x2b: 32 bytes of key and 12 of salt; 0x00..0x1b: 16 and 12; 0x00..0x1d: 16 and 14 */
#define KEY_44 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis="
#define KEY_28 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw=="
#define KEY_30 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"

static char why[160];

static int parse(const char *line, struct qsc_key *key)
{
	memset(key, 0x5a, sizeof(*key));
	why[0] = '\0';
	return qsc_sdes_parse(line, strlen(line), key, why, sizeof(why));
}

static void assert_counting(const uint8_t *bytes, unsigned int len, unsigned int first)
{
	for (unsigned int i = 0; i < len; i++)
		assert_int_equal(bytes[i], first + i);
}

static void assert_wiped(const struct qsc_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;

	for (size_t i = 0; i < sizeof(*key); i++)
		assert_int_equal(bytes[i], 0);
}

static void assert_refused(const char *line, const char *reason)
{
	struct qsc_key key;

	assert_int_equal(parse(line, &key), -EINVAL);
	if (!strstr(why, reason))
		fail_msg("\"%s\": \"%s\" does not say \"%s\"", line, why, reason);
	assert_wiped(&key);
}

static void key_and_salt_are_split_as_the_suite_says(void **state)
{
	static const struct {
		const char *line;
		uint32_t suite;
		unsigned int key, salt;
	} good[] = {
		{ "AEAD_AES_256_GCM inline:" KEY_44, QSC_SUITE_AEAD_AES_256_GCM, 32, 12 },
		{ "AEAD_AES_128_GCM inline:" KEY_28, QSC_SUITE_AEAD_AES_128_GCM, 16, 12 },
		{ "AEAD_SM4_GCM inline:" KEY_28, QSC_SUITE_AEAD_SM4_GCM, 16, 12 },
		{ "AES_CM_128_HMAC_SHA1_80 inline:" KEY_30, QSC_SUITE_AES_CM_128_HMAC_SHA1_80, 16,
		  14 },
		{ "  aead_aes_128_gcm \t inline:" KEY_28 "  ", QSC_SUITE_AEAD_AES_128_GCM, 16, 12 },
	};
	struct qsc_key key;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse(good[i].line, &key), 0);
		assert_int_equal(key.suite, good[i].suite);
		assert_int_equal(key.master_len, good[i].key);
		assert_int_equal(key.salt_len, good[i].salt);
		assert_counting(key.master, good[i].key, 0);
		assert_counting(key.salt, good[i].salt, good[i].key);
		assert_int_equal(key.mki_len, 0);
		assert_int_equal(key.lifetime, 0);
	}
}

static void padding_may_be_left_out_but_not_be_wrong(void **state)
{
	struct qsc_key key;

	(void)state;
	assert_int_equal(
		parse("AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw", &key), 0);
	assert_counting(key.salt, 12, 16);
	assert_refused("AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw=",
		       "not base64");
	assert_refused("AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw===",
		       "not base64");
}

static void bits_beyond_the_last_byte_must_be_zero(void **state)
{
	(void)state;
	assert_refused("AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGx==",
		       "not base64");
}

static void lifetime_is_a_number_or_a_power_of_two(void **state)
{
	struct qsc_key key;

	(void)state;
	assert_int_equal(parse("AEAD_AES_128_GCM inline:" KEY_28 "|2^20", &key), 0);
	assert_true(key.lifetime == 1 << 20);
	assert_int_equal(parse("AEAD_AES_128_GCM inline:" KEY_28 "|1000", &key), 0);
	assert_true(key.lifetime == 1000);
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|2^64", "lifetime");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|2^", "lifetime");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|0", "lifetime");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|", "lifetime");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|18446744073709551616", "lifetime");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|2^20|2^20", "in this order");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|1:4|2^20", "in this order");
}

static void mki_is_a_big_endian_number_of_the_given_length(void **state)
{
	struct qsc_key key;

	(void)state;
	assert_int_equal(parse("AEAD_AES_128_GCM inline:" KEY_28 "|2^48|258:4", &key), 0);
	assert_int_equal(key.mki_len, 4);
	assert_memory_equal(key.mki, "\0\0\1\2", 4);
	assert_int_equal(parse("AEAD_AES_128_GCM inline:" KEY_28 "|255:1", &key), 0);
	assert_memory_equal(key.mki, "\377", 1);
	assert_int_equal(parse("AEAD_AES_128_GCM inline:" KEY_28 "|1:128", &key), 0);
	assert_int_equal(key.mki_len, 128);
	assert_int_equal(key.mki[127], 1);
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|256:1", "does not fit");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|1:0", "NUMBER:LENGTH");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|1:129", "NUMBER:LENGTH");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|:4", "NUMBER:LENGTH");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|1:", "NUMBER:LENGTH");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|a:4", "NUMBER:LENGTH");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "|1:4|2:4", "two MKIs");
}

static void other_lines_are_refused_with_their_reason(void **state)
{
	(void)state;
	assert_refused("", "does not begin with a known cipher suite");
	assert_refused("plain inline:", "a plain leg takes no keys");
	assert_refused("inline:" KEY_28, "does not begin");
	assert_refused("AES_CM_128_HMAC_SHA1_32 inline:" KEY_30, "does not begin");
	assert_refused("AEAD_AES_256_GCM", "not followed by inline:");
	assert_refused("AEAD_AES_256_GCM " KEY_44, "not followed by inline:");
	assert_refused("AEAD_AES_256_GCM inline:", "0 bytes together");
	assert_refused("AEAD_AES_256_GCM inline:" KEY_28, "are 28 bytes together");
	assert_refused("AEAD_AES_256_GCM inline:" KEY_28, "needs 32 + 12");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 ";inline:" KEY_28, "more than one key");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 " UNENCRYPTED_SRTP", "session param");
	assert_refused("AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka!w==",
		       "not base64");
	assert_refused("AEAD_AES_128_GCM inline:" KEY_28 "\nfoo", "newline");
}

static void reasons_never_quote_the_line(void **state)
{
	static const char *const lines[] = {
		"AEAD_AES_256_GCM inline:U0VDUkVUU0VDUkVU",
		"U0VDUkVUU0VDUkVU AEAD_AES_256_GCM",
		"AEAD_AES_256_GCM U0VDUkVUU0VDUkVU",
		"AEAD_AES_128_GCM inline:" KEY_28 "|U0VDUkVUU0VDUkVU",
		"AEAD_AES_128_GCM inline:" KEY_28 "|1:U0VDUkVUU0VDUkVU",
		"AEAD_AES_128_GCM inline:" KEY_28 " U0VDUkVUU0VDUkVU",
	};
	struct qsc_key key;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(parse(lines[i], &key), -EINVAL);
		assert_null(strstr(why, "U0VD"));
		assert_null(strstr(why, "AAEC"));
	}
}

static void every_truncation_of_a_good_line_is_survived(void **state)
{
	static const char line[] = "AEAD_AES_256_GCM inline:" KEY_44 "|2^20|1:4";
	struct qsc_key key;
	char *copy;

	(void)state;
	for (size_t len = 0; len < sizeof(line) - 1; len++) {
		copy = malloc(len ? len : 1); /* a sanitizer sees reads beyond it */
		memcpy(copy, line, len);
		if (qsc_sdes_parse(copy, len, &key, why, sizeof(why)))
			assert_wiped(&key);
		free(copy);
	}
}

static void every_byte_value_decodes_and_others_do_not(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t out[3];

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char text[4] = { 'A', 'A', 'A', c };
		const char *at = c ? strchr(alphabet, c) : NULL;
		int ret;

		if (c == '=')
			continue;
		ret = qsc_base64_decode(text, 4, out, 3);
		assert_int_equal(ret, at ? 0 : -EINVAL);
		assert_int_equal(out[2], at ? at - alphabet : 0);
	}
}

static void assert_decodes_to_nothing(const char *text, size_t len, int want)
{
	uint8_t out[] = { 'o', 'l', 'd' };

	assert_int_equal(qsc_base64_decode(text, strlen(text), out, len), want);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(out[i], 0);
}

static void what_does_not_decode_leaves_no_bytes(void **state)
{
	(void)state;
	assert_decodes_to_nothing("a2V5", 2, -EMSGSIZE);
	assert_decodes_to_nothing("a2V5a", 3, -EINVAL);
	assert_decodes_to_nothing("a2V!", 3, -EINVAL);
	assert_decodes_to_nothing("a2V=", 2, -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_and_salt_are_split_as_the_suite_says),
		cmocka_unit_test(padding_may_be_left_out_but_not_be_wrong),
		cmocka_unit_test(bits_beyond_the_last_byte_must_be_zero),
		cmocka_unit_test(lifetime_is_a_number_or_a_power_of_two),
		cmocka_unit_test(mki_is_a_big_endian_number_of_the_given_length),
		cmocka_unit_test(other_lines_are_refused_with_their_reason),
		cmocka_unit_test(reasons_never_quote_the_line),
		cmocka_unit_test(every_truncation_of_a_good_line_is_survived),
		cmocka_unit_test(every_byte_value_decodes_and_others_do_not),
		cmocka_unit_test(what_does_not_decode_leaves_no_bytes),
	};

	return cmocka_run_group_tests_name("sdes", tests, NULL, NULL);
}
