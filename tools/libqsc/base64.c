// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Base64 of RFC 4648 section 4 for secrets: no table that an index would leave
 * traces of in the cache, exact output length, canonical input only.
 */
#include <errno.h>
#include <stdint.h>

#include "internal.h"

/* The low 24 bits are ones if @lo <= @c <= @hi, else zeros; all are below 256 */
static unsigned int in_range(unsigned int c, unsigned int lo, unsigned int hi)
{
	return ~(((c - lo) | (hi - c)) >> 8);
}

/* Value of one character, or a number with bit 8 set */
static unsigned int sextet(unsigned char c)
{
	unsigned int upper = in_range(c, 'A', 'Z');
	unsigned int lower = in_range(c, 'a', 'z');
	unsigned int digit = in_range(c, '0', '9');
	unsigned int plus = in_range(c, '+', '+');
	unsigned int slash = in_range(c, '/', '/');
	unsigned int bad = ~(upper | lower | digit | plus | slash);

	return ((upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
		(plus & 62) | (slash & 63) | (bad & 0x100)) &
	       0x1ff;
}

static size_t without_padding(const char *text, size_t len)
{
	size_t end = len;

	while (end && len - end < 2 && text[end - 1] == '=')
		end--;
	return end;
}

/* How many bytes @text decodes to, or -EINVAL for an impossible length. */
int qsc_base64_len(const char *text, size_t len)
{
	size_t end = without_padding(text, len);

	if ((end != len && len % 4) || end % 4 == 1 || end > 4096)
		return -EINVAL;
	return end * 6 / 8;
}

/*
 * Decode exactly @out_len bytes. Padding may be left out, as many SDP writers
 * do. -EMSGSIZE: well-formed length, but of another number of bytes. @out is
 * wiped on every error.
 */
int qsc_base64_decode(const char *text, size_t len, uint8_t *out, size_t out_len)
{
	unsigned int bits = 0, acc = 0, bad = 0;
	int have = qsc_base64_len(text, len);
	size_t n = 0;

	if (have < 0 || (size_t)have != out_len) {
		qsc_wipe(out, out_len);
		return have < 0 ? -EINVAL : -EMSGSIZE;
	}

	len = without_padding(text, len);
	for (size_t i = 0; i < len; i++) {
		unsigned int v = sextet(text[i]);

		bad |= v & 0x100;
		acc = (acc << 6 | (v & 0x3f)) & 0xffff;
		bits += 6;
		if (bits >= 8 && n < out_len) {
			bits -= 8;
			out[n++] = acc >> bits;
		}
	}
	bad |= acc & ((1U << bits) - 1); /* bits of no byte must be zero */
	if (bad) {
		qsc_wipe(out, out_len);
		return -EINVAL;
	}
	return 0;
}
