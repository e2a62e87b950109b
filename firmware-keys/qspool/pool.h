/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Pool files (.qpool): keys on their way to one card. Documentation/pool-format.rst */
#ifndef _QSPOOL_POOL_H
#define _QSPOOL_POOL_H

#include "keys_internal.h"

#define POOL_CHUNK 1024U /* keys */

enum pool_source {
	POOL_SOURCE_GETRANDOM = 1,
	POOL_SOURCE_FILE = 2,
};

/**
 * struct pool_info - the header of a pool
 * @id: random, its name and its salt
 * @count: keys
 * @source: enum pool_source
 * @made: seconds since 1970
 * @min_entropy: of the source as claimed, 1/1000 bit a byte
 * @used: by a card, whose number is @card
 */
struct pool_info {
	uint8_t id[16];
	uint32_t count;
	uint8_t source;
	uint64_t made;
	uint32_t min_entropy;
	bool used;
	uint64_t card;
};

struct pool_writer;

/* @info: count, source and min_entropy are taken, the rest is set. */
int pool_create(struct pool_writer **writer, const char *path, const uint8_t key[QSC_KEYS_LEN],
		struct pool_info *info, struct qsc_why *why);
int pool_put(struct pool_writer *writer, const uint8_t *keys, uint32_t n, struct qsc_why *why);
int pool_finish(struct pool_writer *writer, struct qsc_why *why);
/* Free; what was not finished is removed. */
void pool_abandon(struct pool_writer *writer);

struct pool;

/* @key: NULL if only the header is wanted, which nobody vouches for then */
int pool_open(struct pool **out, const char *path, const uint8_t *key, struct pool_info *info,
	      struct qsc_why *why);

/**
 * pool_claim() - this pool is for that card, and for no other ever
 * @pool: from pool_open() with a key
 * @card: number
 * @why: out
 *
 * Durable when it returns. Return: 0, also if it was claimed for the same card,
 * -EEXIST if for another one
 */
int pool_claim(struct pool *pool, uint64_t card, struct qsc_why *why);

/* The next chunk: how many keys, 0 at the end, or a negative errno */
int pool_next(struct pool *pool, uint8_t keys[POOL_CHUNK * QSC_KEYS_LEN], struct qsc_why *why);

void pool_close(struct pool *pool);

/* The parts of the format that reading and writing share */
#define POOL_MAGIC "QSCPOL1\n"
#define POOL_HEAD 64
#define POOL_HEAD_TEXT 48 /* authenticated by the tag behind it */
#define POOL_USE 32
#define POOL_USE_TEXT 16

struct pool_seal {
	uint8_t key[QSC_KEYS_LEN];
	uint8_t use_key[QSC_KEYS_LEN];
	uint8_t aad[32 + 4];
};

int pool_seal_init(struct pool_seal *seal, const uint8_t *key, const uint8_t *id);
/* The tag of the header, which is record 0 */
int pool_seal_head(struct pool_seal *seal, const uint8_t *text, uint8_t tag[QSC_GCM_TAG]);
int pool_seal_use(const struct pool_seal *seal, const uint8_t *text, uint8_t tag[16]);
/* AAD and nonce of a record */
void pool_seal_record(struct pool_seal *seal, uint32_t record, uint8_t nonce[QSC_GCM_NONCE]);
void pool_put_use(uint8_t text[POOL_USE_TEXT], bool used, uint64_t card);

#endif /* _QSPOOL_POOL_H */
