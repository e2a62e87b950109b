/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests share. Include first: cmocka wants its order. */
#ifndef _QSC_TEST_H
#define _QSC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "qsctl.h"
#undef ARRAY_SIZE
#include "internal.h"

/* Where messages go while a test looks at them. */
struct capture {
	FILE *saved;
	FILE **stream;
	char *text;
	size_t len;
};

static inline void capture_begin(struct capture *c, FILE **stream)
{
	fflush(*stream);
	c->stream = stream;
	c->saved = *stream;
	*stream = open_memstream(&c->text, &c->len);
	assert_non_null(*stream);
}

static inline void capture_end(struct capture *c)
{
	fclose(*c->stream);
	*c->stream = c->saved;
}

/* Split @line at blanks into @words; the storage lives until the next call. */
static inline struct words *words_of(const char *line)
{
	static struct words words;
	static char copy[2048];
	static char *argv[64];
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		argv[n++] = w;
	words.left = n;
	words.next = argv;
	return &words;
}

#endif /* _QSC_TEST_H */
