// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reading a pool file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/file.h>

#include "pool.h"

struct pool {
	struct pool_seal seal;
	struct pool_info info;
	char *path;
	int fd;
	uint32_t left;
	uint32_t record;
	uint8_t sealed[POOL_CHUNK * QSC_KEYS_LEN + QSC_GCM_TAG];
};

static int damaged(const struct pool *pool, struct qsc_why *why, const char *what)
{
	return qsc_why(why, -EBADMSG, "%s: %s: make another pool", pool->path, what);
}

static int parse_head(struct pool *pool, const uint8_t *bytes, struct qsc_why *why)
{
	struct pool_info *info = &pool->info;

	if (memcmp(bytes, POOL_MAGIC, 8))
		return qsc_why(why, -EBADMSG,
			       "%s does not begin with QSCPOL1: it is no pool, or its first bytes "
			       "are damaged",
			       pool->path);
	memcpy(info->id, bytes + 8, 16);
	info->count = get_be32(bytes + 24);
	info->source = bytes[28];
	info->made = get_be64(bytes + 32);
	info->min_entropy = get_be32(bytes + 40);
	info->used = bytes[POOL_HEAD];
	info->card = get_be64(bytes + POOL_HEAD + 8);
	if (!info->count || info->count > QSC_KEYS_SLOT_MAX + 1)
		return damaged(pool, why, "bytes 24 to 27 (number of keys) are damaged");
	return 0;
}

static int authenticate(struct pool *pool, const uint8_t *bytes, const uint8_t *key,
			struct qsc_why *why)
{
	const uint8_t *use = bytes + POOL_HEAD;
	uint8_t head_tag[QSC_GCM_TAG], use_tag[16];
	bool head_ok, use_ok;

	if (pool_seal_init(&pool->seal, key, pool->info.id) ||
	    pool_seal_head(&pool->seal, bytes, head_tag) ||
	    pool_seal_use(&pool->seal, use, use_tag))
		return qsc_why(why, -EIO, "cannot open %s: the crypto library failed", pool->path);
	head_ok = !CRYPTO_memcmp(head_tag, bytes + POOL_HEAD_TEXT, sizeof(head_tag));
	use_ok = !CRYPTO_memcmp(use_tag, use + POOL_USE_TEXT, sizeof(use_tag));
	if (!head_ok && !use_ok)
		return qsc_why(why, -EBADMSG,
			       "%s does not open with this pool key: name the key file that was "
			       "made with it; if this is the one, bytes 0 to 95 are damaged, so "
			       "make another pool",
			       pool->path);
	if (!head_ok)
		return damaged(pool, why, "bytes 0 to 63 (header) are damaged");
	if (!use_ok)
		return damaged(pool, why,
			       "bytes 64 to 95 (which card has it) are damaged, and it may be "
			       "another card's already");
	return 0;
}

static int begin(struct pool *pool, const uint8_t *key, struct qsc_why *why)
{
	uint8_t bytes[POOL_HEAD + POOL_USE];
	int n, err;

	pool->fd = open(pool->path, (key ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	if (pool->fd < 0 && key && (errno == EROFS || errno == EACCES))
		pool->fd = open(pool->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (pool->fd < 0)
		return qsc_why(why, -errno, "cannot open the pool %s: %s", pool->path,
			       strerror(errno));
	n = qsc_file_read(pool->fd, pool->path, bytes, sizeof(bytes), why);
	if (n < 0)
		return n;
	if (n != sizeof(bytes))
		return damaged(pool, why, "it ends within its header");
	err = parse_head(pool, bytes, why);
	if (!err && key)
		err = authenticate(pool, bytes, key, why);
	pool->left = pool->info.count;
	return err;
}

int pool_open(struct pool **out, const char *path, const uint8_t *key, struct pool_info *info,
	      struct qsc_why *why)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	int err;

	*out = NULL;
	memset(info, 0, sizeof(*info));
	if (pool)
		pool->path = strdup(path);
	if (!pool || !pool->path) {
		free(pool);
		return qsc_why(why, -ENOMEM, "not enough memory for %s", path);
	}
	err = begin(pool, key, why);
	if (err) {
		pool_close(pool);
		return err;
	}
	*info = pool->info;
	*out = pool;
	return 0;
}

int pool_claim(struct pool *pool, uint64_t card, struct qsc_why *why)
{
	uint8_t use[POOL_USE];

	/* Two that claim it at the same time: the second one reads a stale mark. */
	if (flock(pool->fd, LOCK_EX | LOCK_NB))
		return qsc_why(why, -EBUSY, "%s is in use by another program: wait for it",
			       pool->path);
	if (pread(pool->fd, use, sizeof(use), POOL_HEAD) != sizeof(use))
		return qsc_why(why, -EIO, "cannot read %s: %s", pool->path, strerror(errno));
	if (use[0] && get_be64(use + 8) == card)
		return 0;
	if (use[0])
		return qsc_why(why, -EEXIST,
			       "%s was used for card %llu: two cards never share keys, so make "
			       "another pool",
			       pool->path, (unsigned long long)get_be64(use + 8));
	pool_put_use(use, true, card);
	if (pool_seal_use(&pool->seal, use, use + POOL_USE_TEXT))
		return qsc_why(why, -EIO, "cannot mark %s: the crypto library failed", pool->path);
	if (pwrite(pool->fd, use, sizeof(use), POOL_HEAD) != sizeof(use) || fdatasync(pool->fd))
		return qsc_why(
			why, -EIO,
			"cannot mark %s as used for card %llu: %s; it has to be writable, so "
			"that no other card gets its keys",
			pool->path, (unsigned long long)card, strerror(errno));
	return 0;
}

int pool_next(struct pool *pool, uint8_t keys[POOL_CHUNK * QSC_KEYS_LEN], struct qsc_why *why)
{
	uint32_t n = min_u32(pool->left, POOL_CHUNK);
	size_t len = (size_t)n * QSC_KEYS_LEN;
	uint8_t nonce[QSC_GCM_NONCE];
	uint32_t first;
	int got;

	got = qsc_file_read(pool->fd, pool->path, pool->sealed, n ? len + QSC_GCM_TAG : 1, why);
	if (got < 0)
		return got;
	if (!n)
		return got ? damaged(pool, why, "there is something behind its end") : 0;
	if ((size_t)got != len + QSC_GCM_TAG)
		return damaged(pool, why, "it was cut short");
	first = pool->record * POOL_CHUNK;
	pool_seal_record(&pool->seal, ++pool->record, nonce);
	got = qsc_gcm_open(pool->seal.key, nonce, pool->seal.aad, sizeof(pool->seal.aad),
			   pool->sealed, len, keys);
	if (got == -EBADMSG)
		return qsc_why(why, got, "%s: keys %u to %u are damaged: make another pool",
			       pool->path, first, first + n - 1);
	if (got)
		return qsc_why(why, got, "cannot decrypt %s: the crypto library failed",
			       pool->path);
	pool->left -= n;
	return (int)n;
}

void pool_close(struct pool *pool)
{
	if (!pool)
		return;
	if (pool->fd >= 0)
		close(pool->fd);
	free(pool->path);
	OPENSSL_cleanse(pool, sizeof(*pool));
	free(pool);
}
