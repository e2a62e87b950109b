// SPDX-License-Identifier: GPL-2.0
/*
 * Base64 against a decoder by the book (RFC 4648 section 4), and back.
 *
 * Input: text.
 */
#include <errno.h>

#include "answers.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c)
{
	for (int i = 0; i < 64; i++)
		if (alphabet[i] == c)
			return i;
	return -1;
}

/* Bit by bit; -1 for what is not canonical. Padding is all there or not at all. */
static int model_decode(const char *text, size_t len, uint8_t *out)
{
	size_t end = len, bits;

	if (len >= 2 && !memcmp(text + len - 2, "==", 2))
		end = len - 2;
	else if (len && text[len - 1] == '=')
		end = len - 1;
	if ((end != len && (len % 4 || end % 4 != 4 - (len - end))) || end % 4 == 1)
		return -1;
	bits = end / 4 * 24 + (end % 4 ? (end % 4 - 1) * 8 : 0);
	memset(out, 0, bits / 8 + 1);
	for (size_t i = 0; i < end * 6; i++) {
		int v = value_of(text[i / 6]);
		bool bit = v >> (5 - i % 6) & 1;

		if (v < 0 || (bit && i >= bits))
			return -1;
		if (bit)
			out[i / 8] |= 0x80 >> i % 8;
	}
	return (int)(bits / 8);
}

static size_t encode(const uint8_t *p, size_t len, char *text)
{
	size_t n = 0;

	for (size_t i = 0; i * 6 < len * 8; i++) {
		unsigned int v = 0;

		for (size_t b = 6 * i; b < 6 * i + 6; b++)
			v = v << 1 | (b < len * 8 ? p[b / 8] >> (7 - b % 8) & 1 : 0);
		text[n++] = alphabet[v];
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = exact_copy(data, size, 0), *again = malloc(size + 4);
	uint8_t *want = malloc(size + 1), *got;
	int n, len;

	if (size > 4096)
		size = 4096;
	n = model_decode(text, size, want);
	len = qsc_base64_len(text, size);
	CHECK(n < 0 || len == n);
	got = calloc(1, len > 0 ? len : 1);
	if (len >= 0) {
		CHECK(qsc_base64_decode(text, size, got, len) == (n < 0 ? -EINVAL : 0));
		for (int i = 0; n < 0 && i < len; i++)
			CHECK(!got[i]);
	}
	if (n >= 0) {
		size_t back = encode(got, n, again);

		CHECK(!memcmp(got, want, n));
		CHECK(back <= size && size - back <= 2 && !memcmp(again, text, back));
		free(got);
		got = calloc(1, n + 1);
		CHECK(qsc_base64_decode(text, size, got, n + 1) == -EMSGSIZE);
	}
	free(got);
	free(want);
	free(again);
	free(text);
	return 0;
}
