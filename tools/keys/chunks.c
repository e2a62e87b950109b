// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Keys in, chunks out. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "chunks.h"

int qsc_chunks_create(struct qsc_chunks *c, const char *path, uint32_t count, struct qsc_why *why)
{
	c->fd = -1;
	c->left = count;
	c->path = strdup(path);
	if (!c->path)
		return qsc_why(why, -ENOMEM, "not enough memory for %s", path);
	c->fd = qsc_file_create(path, O_WRONLY, why);
	return c->fd < 0 ? c->fd : 0;
}

int qsc_chunks_put(struct qsc_chunks *c, const uint8_t *keys, uint32_t n, struct qsc_why *why)
{
	if (n > c->left)
		return qsc_why(why, -EINVAL, "%s: more keys than its header says", c->path);
	while (n) {
		uint32_t part = QSC_CHUNK_KEYS - c->filled;
		int err;

		part = n < part ? n : part;
		memcpy(c->keys + c->filled * QSC_KEYS_LEN, keys, (size_t)part * QSC_KEYS_LEN);
		keys += (size_t)part * QSC_KEYS_LEN;
		n -= part;
		c->left -= part;
		c->filled += part;
		if (c->filled < QSC_CHUNK_KEYS && c->left)
			continue;
		err = c->put_record(c, c->keys, c->filled, why);
		if (err)
			return err;
		c->filled = 0;
	}
	return 0;
}

int qsc_chunks_finish(struct qsc_chunks *c, struct qsc_why *why)
{
	int fd = c->fd, err;

	if (c->left)
		return qsc_why(why, -EINVAL, "%s: %u keys less than its header says", c->path,
			       c->left);
	c->fd = -1;
	err = qsc_file_finish(fd, c->path, why);
	if (err)
		unlink(c->path);
	return err;
}

void qsc_chunks_free(struct qsc_chunks *c, size_t size)
{
	if (c->fd >= 0) {
		close(c->fd);
		unlink(c->path);
	}
	free(c->path);
	OPENSSL_cleanse(c, size);
	free(c);
}

int qsc_chunks_crypto_failed(const struct qsc_chunks *c, struct qsc_why *why)
{
	return qsc_why(why, -EIO, "cannot encrypt %s: the crypto library failed", c->path);
}
