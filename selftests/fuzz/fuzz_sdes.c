// SPDX-License-Identifier: GPL-2.0
/*
 * Key lines: a good one has lengths that are its suite's and reads the same
 * when written anew; a bad one leaves nothing behind, and its reason has
 * nothing of the line in it.
 *
 * Input: a line.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

#include "answers.h"

static void put_base64(char *out, const struct qsc_key *key)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t bytes[QSC_MASTER_KEY_MAX + QSC_MASTER_SALT_MAX + 2] = { 0 };
	unsigned int len = key->master_len + key->salt_len;

	memcpy(bytes, key->master, key->master_len);
	memcpy(bytes + key->master_len, key->salt, key->salt_len);
	for (unsigned int i = 0; i * 6 < len * 8; i++) {
		unsigned int pair = bytes[i * 6 / 8] << 8 | bytes[i * 6 / 8 + 1];

		*out++ = alphabet[pair >> (10 - i * 6 % 8) & 63];
	}
	*out = '\0';
}

/* A decimal number of so many bytes: digits come out last first. */
static void put_mki(char *out, size_t size, const struct qsc_key *key)
{
	uint8_t n[QSC_MKI_MAX];
	char digits[3 * QSC_MKI_MAX + 1];
	size_t at = sizeof(digits) - 1;
	bool more = true;

	memcpy(n, key->mki, key->mki_len);
	digits[at] = '\0';
	while (more) {
		unsigned int rest = 0;

		more = false;
		for (unsigned int i = 0; i < key->mki_len; i++) {
			rest = rest << 8 | n[i];
			n[i] = rest / 10;
			rest %= 10;
			more |= n[i];
		}
		digits[--at] = '0' + rest;
	}
	snprintf(out, size, "|%s:%u", digits + at, key->mki_len);
}

static void check_good(const struct qsc_key *key)
{
	char line[1024], secret[80], lifetime[32] = "", mki[512] = "", why[160];
	unsigned int key_len, salt_len;
	struct qsc_key again;

	CHECK(!qsc_suite_lengths(key->suite, &key_len, &salt_len));
	CHECK(key->master_len == key_len && key->salt_len == salt_len);
	CHECK(key->mki_len <= QSC_MKI_MAX);
	memcpy(&again, key, sizeof(again)); /* with its padding */
	put_base64(secret, key);
	if (key->lifetime)
		snprintf(lifetime, sizeof(lifetime), "|%" PRIu64, key->lifetime);
	if (key->mki_len)
		put_mki(mki, sizeof(mki), key);
	snprintf(line, sizeof(line), "%s inline:%s%s%s", qsc_suite_name(key->suite), secret,
		 lifetime, mki);
	memset(again.master, 0, key->master_len);
	memset(again.salt, 0, key->salt_len);
	memset(again.mki, 0, key->mki_len);
	CHECK(!qsc_sdes_parse(line, strlen(line), &again, why, sizeof(why)));
	CHECK(same_bytes(&again, key, sizeof(again)));
}

/* Looks like a piece of base64, and like no word of ours. */
static bool is_secret(const char *p)
{
	bool lower = false, upper = false, digit = false;

	for (int i = 0; i < 6; i++) {
		if (!isalnum((unsigned char)p[i]) && p[i] != '+' && p[i] != '/')
			return false;
		lower |= !!islower((unsigned char)p[i]);
		upper |= !!isupper((unsigned char)p[i]);
		digit |= !!isdigit((unsigned char)p[i]);
	}
	return lower && upper && digit;
}

static void check_bad(const char *line, size_t len, const struct qsc_key *key, const char *why)
{
	const uint8_t *bytes = (const uint8_t *)key;
	size_t n = strlen(why);

	for (size_t i = 0; i < sizeof(*key); i++)
		CHECK(!bytes[i]);
	CHECK(n > 0 && is_clean_text(why, n) && !strchr(why, '\n'));
	for (size_t i = 0; i + 6 <= len; i++)
		if (is_secret(line + i))
			for (size_t at = 0; at + 6 <= n; at++)
				CHECK(memcmp(why + at, line + i, 6) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = exact_copy(data, size, 0), why[160] = "";
	struct qsc_key key;
	int err;

	memset(&key, 0x5a, sizeof(key));
	err = qsc_sdes_parse(line, size, &key, why, sizeof(why));
	CHECK(err == 0 || err == -EINVAL);
	if (err)
		check_bad(line, size, &key, why);
	else
		check_good(&key);
	free(line);
	return 0;
}
