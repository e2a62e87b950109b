// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Key lines in the form of RFC 4568 (SDES) section 9.1, without the tag:
 *
 *	SUITE inline:BASE64(key||salt)["|" LIFETIME]["|" MKI ":" LENGTH]
 *
 * The reasons for a refusal never quote the line: any part of it may be a key.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define SUITE_NAME_MAX 63
#define SECRET_MAX (QSC_MASTER_KEY_MAX + QSC_MASTER_SALT_MAX)

struct span {
	const char *p;
	size_t len;
};

struct reason {
	char *text;
	size_t size;
};

static int refuse(struct reason *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int refuse(struct reason *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, why->size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* Cut @rest at the first of @stops, or take all of it; @rest moves behind. */
static struct span cut(struct span *rest, const char *stops)
{
	struct span head = { rest->p, 0 };

	while (head.len < rest->len && !strchr(stops, head.p[head.len]))
		head.len++;
	rest->p += head.len;
	rest->len -= head.len;
	return head;
}

static void skip_blanks(struct span *s)
{
	while (s->len && (*s->p == ' ' || *s->p == '\t')) {
		s->p++;
		s->len--;
	}
}

static int parse_suite(struct span name, struct qsc_key *key, struct reason *why)
{
	char text[SUITE_NAME_MAX + 1];

	if (name.len > SUITE_NAME_MAX)
		return refuse(why, "the line does not begin with a cipher suite");
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	key->suite = qsc_suite_by_name(text);
	qsc_wipe(text, sizeof(text)); /* a swapped line begins with the key */
	if (!key->suite)
		return refuse(why, "the line does not begin with a known cipher suite");
	if (key->suite == QSC_SUITE_PLAIN)
		return refuse(why, "a plain leg takes no keys");
	return 0;
}

static int parse_secret(struct span text, struct qsc_key *key, struct reason *why)
{
	uint8_t secret[SECRET_MAX];
	int err, have;

	qsc_suite_lengths(key->suite, &key->master_len, &key->salt_len);
	have = qsc_base64_len(text.p, text.len);
	if (have < 0)
		return refuse(why, "the key is not base64 (a character is missing or too many)");
	if ((unsigned int)have != key->master_len + key->salt_len)
		return refuse(why, "key and salt are %d bytes together, %s needs %u + %u", have,
			      qsc_suite_name(key->suite), key->master_len, key->salt_len);

	err = qsc_base64_decode(text.p, text.len, secret, have);
	if (!err) {
		memcpy(key->master, secret, key->master_len);
		memcpy(key->salt, secret + key->master_len, key->salt_len);
	}
	qsc_wipe(secret, sizeof(secret));
	return err ? refuse(why, "the key is not base64") : 0;
}

static int parse_number(struct span text, uint64_t max, uint64_t *n)
{
	*n = 0;
	if (!text.len)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		unsigned int digit = text.p[i] - '0';

		if (digit > 9 || *n > (max - digit) / 10)
			return -EINVAL;
		*n = *n * 10 + digit;
	}
	return 0;
}

/* "2^20" or "1048576", packets */
static int parse_lifetime(struct span text, struct qsc_key *key, struct reason *why)
{
	struct span exponent = text;
	uint64_t n;

	if (text.len > 2 && !memcmp(text.p, "2^", 2)) {
		exponent.p += 2;
		exponent.len -= 2;
		if (parse_number(exponent, 63, &n))
			return refuse(why, "the lifetime is not a number of packets like 2^20");
		key->lifetime = 1ULL << n;
		return 0;
	}
	if (parse_number(text, UINT64_MAX, &key->lifetime) || !key->lifetime)
		return refuse(why, "the lifetime is not a number of packets like 2^20");
	return 0;
}

/* Multiply the big-endian number in @mki by ten and add; true on overflow. */
static bool mki_append_digit(uint8_t *mki, size_t len, unsigned int digit)
{
	unsigned int carry = digit;

	for (size_t i = len; i-- > 0;) {
		carry += mki[i] * 10;
		mki[i] = carry;
		carry >>= 8;
	}
	return carry;
}

/* "1:4": the number 1 in 4 bytes */
static int parse_mki(struct span text, struct qsc_key *key, struct reason *why)
{
	struct span value = cut(&text, ":");
	uint64_t len;

	text.p++;
	text.len--;
	if (parse_number(text, QSC_MKI_MAX, &len) || !len || !value.len)
		return refuse(why, "the MKI is not NUMBER:LENGTH with 1 to %d bytes", QSC_MKI_MAX);

	memset(key->mki, 0, sizeof(key->mki));
	key->mki_len = len;
	for (size_t i = 0; i < value.len; i++) {
		unsigned int digit = value.p[i] - '0';

		if (digit > 9)
			return refuse(why, "the MKI is not NUMBER:LENGTH with 1 to %d bytes",
				      QSC_MKI_MAX);
		if (mki_append_digit(key->mki, len, digit))
			return refuse(why, "the MKI does not fit into its length");
	}
	return 0;
}

static int parse_parameter(struct span text, struct qsc_key *key, struct reason *why)
{
	if (memchr(text.p, ':', text.len)) {
		if (key->mki_len)
			return refuse(why, "there are two MKIs");
		return parse_mki(text, key, why);
	}
	if (key->mki_len || key->lifetime)
		return refuse(why, "after the key there may be |LIFETIME and |MKI:LENGTH, "
				   "in this order");
	return parse_lifetime(text, key, why);
}

static int parse_key(struct span rest, struct qsc_key *key, struct reason *why)
{
	static const char method[] = "inline:";
	const size_t method_len = sizeof(method) - 1;
	int err;

	if (rest.len < method_len || memcmp(rest.p, method, method_len))
		return refuse(why, "the suite is not followed by inline:");
	rest.p += method_len;
	rest.len -= method_len;

	err = parse_secret(cut(&rest, "|; \t"), key, why);
	while (!err && rest.len && *rest.p == '|') {
		rest.p++;
		rest.len--;
		err = parse_parameter(cut(&rest, "|; \t"), key, why);
	}
	if (err)
		return err;
	if (rest.len && *rest.p == ';')
		return refuse(why, "there is more than one key on the line");
	skip_blanks(&rest);
	if (rest.len)
		return refuse(why, "session parameters after the key are not supported");
	return 0;
}

static int parse_line(struct span rest, struct qsc_key *key, struct reason *why)
{
	int err;

	if (memchr(rest.p, '\0', rest.len) || memchr(rest.p, '\n', rest.len))
		return refuse(why, "the line contains a newline or a NUL");
	skip_blanks(&rest);
	err = parse_suite(cut(&rest, " \t"), key, why);
	if (err)
		return err;
	skip_blanks(&rest);
	return parse_key(rest, key, why);
}

int qsc_sdes_parse(const char *line, size_t len, struct qsc_key *key, char *why, size_t why_len)
{
	struct span rest = { line, len };
	struct reason reason = { why, why_len };
	int err;

	key->mki_len = 0;
	key->lifetime = 0;
	err = parse_line(rest, key, &reason);
	if (err)
		qsc_key_wipe(key);
	return err;
}
