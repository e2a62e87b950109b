// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Session keys from a device, a pipe or a file of random bytes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source.h"

/* Longer than any device needs for 32 bytes, short enough for the end of the service. */
#define PATIENCE_MS 2000

struct file {
	int fd;
	char *path;
};

static void file_close(void *priv)
{
	struct file *f = priv;

	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f);
}

static int file_open(void **priv, const char *where, const struct source_kme *kme, char *why)
{
	struct file *f = calloc(1, sizeof(*f));
	int err;

	(void)kme;
	if (!f)
		return -ENOMEM;
	f->path = strdup(where);
	f->fd = f->path ? open(where, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
	if (f->fd < 0) {
		err = -errno;
		snprintf(why, SOURCE_WHY_MAX, "cannot open %s: %s", where, strerror(errno));
		file_close(f);
		return err;
	}
	*priv = f;
	return 0;
}

/* A part of a key: bytes read, 0 at the end of the file, or a negative errno. */
static ssize_t read_some(struct file *f, unsigned char *buf, size_t size)
{
	struct pollfd pfd = { .fd = f->fd, .events = POLLIN };
	ssize_t n;
	int ready;

	do
		ready = poll(&pfd, 1, PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	if (!ready)
		return -ETIMEDOUT;
	n = read(f->fd, buf, size);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? -EAGAIN : -errno;
	return n;
}

/* One whole key. */
static int read_key(struct file *f, unsigned char *key, char *why)
{
	size_t have = 0;
	ssize_t n;

	while (have < SOURCE_KEY) {
		n = read_some(f, key + have, SOURCE_KEY - have);
		if (n == -EAGAIN)
			continue;
		if (n == 0)
			snprintf(why, SOURCE_WHY_MAX, "%s is at its end", f->path);
		else if (n == -ETIMEDOUT)
			snprintf(why, SOURCE_WHY_MAX, "%s delivers nothing", f->path);
		else if (n < 0)
			snprintf(why, SOURCE_WHY_MAX, "cannot read %s: %s", f->path,
				 strerror((int)-n));
		if (n <= 0)
			return n ? (int)n : -ENODATA;
		have += (size_t)n;
	}
	return 0;
}

/* One at a time: a slow device should not keep the first caller waiting for 32 keys. */
static int file_fill(void *priv, unsigned char (*keys)[SOURCE_KEY], unsigned int n, char *why)
{
	int err;

	(void)n;
	err = read_key(priv, keys[0], why);
	return err ? err : 1;
}

const struct source_ops source_file = {
	.open = file_open,
	.fill = file_fill,
	.close = file_close,
};
