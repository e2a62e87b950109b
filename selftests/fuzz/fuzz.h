/* SPDX-License-Identifier: GPL-2.0 */
/* What the fuzz targets share. */
#ifndef _QSC_FUZZ_H
#define _QSC_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

void fuzz_fail(const char *file, int line, const char *what) __attribute__((noreturn));

/* A promise that must hold for every input; libFuzzer keeps one that breaks it. */
#define CHECK(cond)                                           \
	do {                                                  \
		if (!(cond))                                  \
			fuzz_fail(__FILE__, __LINE__, #cond); \
	} while (0)

/* What is still to be read of an input. Past its end there are zeros. */
struct input {
	const uint8_t *p;
	size_t left;
};

static inline uint64_t take(struct input *in, unsigned int bytes)
{
	uint64_t v = 0;

	for (; bytes && in->left; bytes--, in->left--)
		v = v << 8 | *in->p++;
	return v;
}

static inline uint8_t take_u8(struct input *in)
{
	return take(in, 1);
}

static inline uint16_t take_u16(struct input *in)
{
	return take(in, 2);
}

static inline uint32_t take_u32(struct input *in)
{
	return take(in, 4);
}

/* At most @n bytes, which stay where they are; says how many. */
static inline size_t take_span(struct input *in, size_t n, const uint8_t **p)
{
	*p = in->p;
	if (n > in->left)
		n = in->left;
	in->p += n;
	in->left -= n;
	return n;
}

/* Memory of exactly this size, so that the sanitizer sees a read beyond it. */
static inline void *exact_copy(const void *data, size_t size, size_t room)
{
	void *copy = malloc((size + room) ? size + room : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	return copy;
}

/* Structures with padding: for those that were zeroed before they were filled. */
static inline bool same_bytes(const void *a, const void *b, size_t size)
{
	return !memcmp(a, b, size);
}

/* Where stdout or stderr goes while a target looks at what is printed. */
struct printed {
	FILE **stream;
	FILE *saved;
	char *text;
	size_t len;
};

void printed_begin(struct printed *p, FILE **stream);
void printed_end(struct printed *p);
void printed_free(struct printed *p);

/* Whether a text is UTF-8 without control characters but newlines. */
bool is_clean_text(const char *text, size_t len);

#endif /* _QSC_FUZZ_H */
