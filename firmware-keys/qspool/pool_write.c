// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Writing a pool file. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/rand.h>

#include "chunks.h"
#include "pool.h"

_Static_assert(POOL_CHUNK == QSC_CHUNK_KEYS, "chunks are what the format says");

struct pool_writer {
	struct qsc_chunks chunks;
	struct pool_seal seal;
	uint32_t record; /* number of the last one */
	uint8_t sealed[POOL_CHUNK * QSC_KEYS_LEN + QSC_GCM_TAG];
};

static int put_head(struct pool_writer *w, const uint8_t *key, struct pool_info *info,
		    struct qsc_why *why)
{
	uint8_t bytes[POOL_HEAD + POOL_USE] = { 0 }, *p = bytes;
	uint8_t *use = bytes + POOL_HEAD;

	if (RAND_bytes(info->id, sizeof(info->id)) != 1)
		return qsc_why(why, -EIO, "cannot get random numbers from the crypto library");
	info->made = (uint64_t)time(NULL);
	p = put_bytes(p, POOL_MAGIC, 8);
	p = put_bytes(p, info->id, sizeof(info->id));
	p = put_be32(p, info->count);
	*p = info->source;
	p = put_be64(p + 4, info->made);
	put_be32(p, info->min_entropy);
	pool_put_use(use, false, 0);
	if (pool_seal_init(&w->seal, key, info->id) ||
	    pool_seal_head(&w->seal, bytes, bytes + POOL_HEAD_TEXT) ||
	    pool_seal_use(&w->seal, use, use + POOL_USE_TEXT))
		return qsc_chunks_crypto_failed(&w->chunks, why);
	return qsc_file_write(w->chunks.fd, w->chunks.path, bytes, sizeof(bytes), why);
}

static int put_record(struct qsc_chunks *chunks, const uint8_t *keys, uint32_t n,
		      struct qsc_why *why)
{
	struct pool_writer *w = (struct pool_writer *)chunks;
	size_t len = (size_t)n * QSC_KEYS_LEN;
	uint8_t nonce[QSC_GCM_NONCE];

	pool_seal_record(&w->seal, ++w->record, nonce);
	if (qsc_gcm_seal(w->seal.key, nonce, w->seal.aad, sizeof(w->seal.aad), keys, len,
			 w->sealed))
		return qsc_chunks_crypto_failed(chunks, why);
	return qsc_file_write(chunks->fd, chunks->path, w->sealed, len + QSC_GCM_TAG, why);
}

int pool_create(struct pool_writer **writer, const char *path, const uint8_t key[QSC_KEYS_LEN],
		struct pool_info *info, struct qsc_why *why)
{
	struct pool_writer *w = calloc(1, sizeof(*w));
	int err;

	*writer = NULL;
	if (!w)
		return qsc_why(why, -ENOMEM, "not enough memory for %s", path);
	w->chunks.put_record = put_record;
	err = qsc_chunks_create(&w->chunks, path, info->count, why) ?: put_head(w, key, info, why);
	if (err)
		pool_abandon(w);
	else
		*writer = w;
	return err;
}

int pool_put(struct pool_writer *w, const uint8_t *keys, uint32_t n, struct qsc_why *why)
{
	return qsc_chunks_put(&w->chunks, keys, n, why);
}

int pool_finish(struct pool_writer *w, struct qsc_why *why)
{
	return qsc_chunks_finish(&w->chunks, why);
}

void pool_abandon(struct pool_writer *w)
{
	if (w)
		qsc_chunks_free(&w->chunks, sizeof(*w));
}
