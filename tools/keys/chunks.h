/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * A new file of keys in sealed chunks: pools and registrations are such files, and
 * differ in how they seal. Keys are wiped on every path.
 */
#ifndef _QSC_CHUNKS_H
#define _QSC_CHUNKS_H

#include "keys_internal.h"

#define QSC_CHUNK_KEYS 1024U

/**
 * struct qsc_chunks - a file that is being written; the first member of a writer
 * @path: its name, for messages
 * @fd: its descriptor
 * @left: keys still to come
 * @filled: keys in @keys
 * @put_record: seal and write a chunk of @n keys; the last one may be short
 * @keys: the chunk that is being filled
 */
struct qsc_chunks {
	char *path;
	int fd;
	uint32_t left;
	uint32_t filled;
	int (*put_record)(struct qsc_chunks *chunks, const uint8_t *keys, uint32_t n,
			  struct qsc_why *why);
	uint8_t keys[QSC_CHUNK_KEYS * QSC_KEYS_LEN];
};

/* @chunks is all zeros but for @put_record. It has to be freed after an error, too. */
int qsc_chunks_create(struct qsc_chunks *chunks, const char *path, uint32_t count,
		      struct qsc_why *why);
int qsc_chunks_put(struct qsc_chunks *chunks, const uint8_t *keys, uint32_t n, struct qsc_why *why);

/* All keys are there: on disk when it returns 0. After an error there is no file. */
int qsc_chunks_finish(struct qsc_chunks *chunks, struct qsc_why *why);

/* Wipes and frees the whole writer, of @size bytes; an unfinished file is removed. */
void qsc_chunks_free(struct qsc_chunks *chunks, size_t size);

int qsc_chunks_crypto_failed(const struct qsc_chunks *chunks, struct qsc_why *why);

#endif /* _QSC_CHUNKS_H */
