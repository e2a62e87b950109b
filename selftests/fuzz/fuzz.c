// SPDX-License-Identifier: GPL-2.0
/* Failing, and catching what is printed. */
#include <unistd.h>

#include "fuzz.h"

void fuzz_fail(const char *file, int line, const char *what)
{
	/* stderr may be a target's at this moment. */
	dprintf(STDERR_FILENO, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

void printed_begin(struct printed *p, FILE **stream)
{
	fflush(*stream);
	p->stream = stream;
	p->saved = *stream;
	p->text = NULL;
	*stream = open_memstream(&p->text, &p->len);
	if (!*stream)
		abort();
}

void printed_end(struct printed *p)
{
	fclose(*p->stream);
	*p->stream = p->saved;
}

void printed_free(struct printed *p)
{
	free(p->text);
}

/* The code point at @s, and how many bytes it takes; 0 if it is not UTF-8. */
static size_t decode(const uint8_t *s, size_t len, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : 4;

	if ((n == 4 && s[0] >> 3 != 30) || n > len)
		return 0;
	*code = n == 1 ? s[0] : s[0] & (0xff >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < smallest[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

bool is_clean_text(const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text;
	uint32_t code = 0;
	size_t n;

	for (; len; s += n, len -= n) {
		n = decode(s, len, &code);
		if (!n || (code < 0x20 && code != '\n') || (code >= 0x7f && code < 0xa0))
			return false;
	}
	return true;
}
