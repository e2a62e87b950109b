// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Writing a pool file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "pool.h"

struct pool_writer {
	struct pool_seal seal;
	char *path;
	int fd;
	uint32_t left;
	uint32_t record; /* number of the last one */
	uint32_t filled;
	uint8_t keys[POOL_CHUNK * QSC_KEYS_LEN];
	uint8_t sealed[POOL_CHUNK * QSC_KEYS_LEN + QSC_GCM_TAG];
};

static int crypto_failed(const struct pool_writer *w, struct qsc_why *why)
{
	return qsc_why(why, -EIO, "cannot encrypt %s: the crypto library failed", w->path);
}

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
		return crypto_failed(w, why);
	return qsc_file_write(w->fd, w->path, bytes, sizeof(bytes), why);
}

static int put_record(struct pool_writer *w, struct qsc_why *why)
{
	size_t len = (size_t)w->filled * QSC_KEYS_LEN;
	uint8_t nonce[QSC_GCM_NONCE];

	pool_seal_record(&w->seal, ++w->record, nonce);
	if (qsc_gcm_seal(w->seal.key, nonce, w->seal.aad, sizeof(w->seal.aad), w->keys, len,
			 w->sealed))
		return crypto_failed(w, why);
	w->filled = 0;
	return qsc_file_write(w->fd, w->path, w->sealed, len + QSC_GCM_TAG, why);
}

int pool_create(struct pool_writer **writer, const char *path, const uint8_t key[QSC_KEYS_LEN],
		struct pool_info *info, struct qsc_why *why)
{
	struct pool_writer *w = calloc(1, sizeof(*w));
	int err;

	*writer = NULL;
	if (w)
		w->path = strdup(path);
	if (!w || !w->path) {
		free(w);
		return qsc_why(why, -ENOMEM, "not enough memory for %s", path);
	}
	w->left = info->count;
	w->fd = qsc_file_create(path, O_WRONLY, why);
	err = w->fd < 0 ? w->fd : put_head(w, key, info, why);
	if (err)
		pool_abandon(w);
	else
		*writer = w;
	return err;
}

int pool_put(struct pool_writer *w, const uint8_t *keys, uint32_t n, struct qsc_why *why)
{
	if (n > w->left)
		return qsc_why(why, -EINVAL, "%s: more keys than its header says", w->path);
	while (n) {
		uint32_t part = POOL_CHUNK - w->filled;
		int err;

		part = n < part ? n : part;
		memcpy(w->keys + w->filled * QSC_KEYS_LEN, keys, (size_t)part * QSC_KEYS_LEN);
		keys += (size_t)part * QSC_KEYS_LEN;
		n -= part;
		w->left -= part;
		w->filled += part;
		if (w->filled < POOL_CHUNK && w->left)
			continue;
		err = put_record(w, why);
		if (err)
			return err;
	}
	return 0;
}

int pool_finish(struct pool_writer *w, struct qsc_why *why)
{
	int fd = w->fd, err;

	if (w->left)
		return qsc_why(why, -EINVAL, "%s: %u keys less than its header says", w->path,
			       w->left);
	w->fd = -1;
	err = qsc_file_finish(fd, w->path, why);
	if (err)
		unlink(w->path);
	return err;
}

void pool_abandon(struct pool_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0) {
		close(w->fd);
		unlink(w->path);
	}
	free(w->path);
	OPENSSL_cleanse(w, sizeof(*w));
	free(w);
}
