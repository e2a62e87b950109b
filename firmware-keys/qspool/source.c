// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Raw bytes, tested, then conditioned: NIST SP 800-90C wants 64 bits of
 * min-entropy more than the key has. The conditioning is HMAC-SHA256 under a key
 * of this run from getrandom(): whoever has seen the raw bytes pass does not
 * have the keys, and a source that is worse than it is said to be does no harm
 * that getrandom() would not have prevented.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/hmac.h>
#include <sys/random.h>

#include "keys_internal.h"
#include "source.h"

#define BUFFER 65536
#define BLOCK_BITS (256 + 64)

struct source {
	struct health health;
	char *name;
	int fd; /* -1: getrandom() */
	uint8_t salt[32];
	uint32_t number; /* of the next key */
	size_t block; /* raw bytes that go into a key */
	size_t have, at; /* in the buffer */
	uint8_t buffer[BUFFER];
	uint8_t raw[4 + BLOCK_BITS * 100]; /* number and block */
};

bool source_is_getrandom(const char *name)
{
	return !strcmp(name, "getrandom");
}

static int get_random(uint8_t *out, size_t len, struct qsc_why *why)
{
	while (len) {
		ssize_t n = getrandom(out, len < 256 ? len : 256, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return qsc_why(why, -errno, "getrandom(): %s", strerror(errno));
		out += n;
		len -= (size_t)n;
	}
	return 0;
}

static int refill(struct source *s, struct qsc_why *why)
{
	ssize_t n;

	s->at = 0;
	s->have = 0;
	if (s->fd < 0) {
		int err = get_random(s->buffer, sizeof(s->buffer), why);

		s->have = err ? 0 : sizeof(s->buffer);
		return err;
	}
	do
		n = read(s->fd, s->buffer, sizeof(s->buffer));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return qsc_why(why, -errno, "cannot read the source %s: %s", s->name,
			       strerror(errno));
	if (!n)
		return qsc_why(why, -ENODATA,
			       "the source %s ended after %llu bytes: a key takes %zu, and %u go "
			       "for the start-up test",
			       s->name, (unsigned long long)s->health.samples, s->block,
			       SOURCE_STARTUP);
	s->have = (size_t)n;
	return 0;
}

/* @len raw bytes that have passed */
static int get_raw(struct source *s, uint8_t *out, size_t len, struct qsc_why *why)
{
	while (len) {
		size_t n = s->have - s->at;
		int err;

		if (!n) {
			err = refill(s, why);
			if (err)
				return err;
			continue;
		}
		n = n < len ? n : len;
		err = health_feed(&s->health, s->buffer + s->at, n, why);
		if (err)
			return err;
		memcpy(out, s->buffer + s->at, n);
		OPENSSL_cleanse(s->buffer + s->at, n);
		s->at += n;
		out += n;
		len -= n;
	}
	return 0;
}

static int start_up(struct source *s, struct qsc_why *why)
{
	uint8_t thrown_away[SOURCE_STARTUP];
	int err = get_random(s->salt, sizeof(s->salt), why);

	if (!err)
		err = get_raw(s, thrown_away, sizeof(thrown_away), why);
	OPENSSL_cleanse(thrown_away, sizeof(thrown_away));
	return err;
}

int source_open(struct source **out, const char *name, double min_entropy, struct qsc_why *why)
{
	struct source *s = calloc(1, sizeof(*s));
	int err = 0;

	*out = NULL;
	if (s)
		s->name = strdup(name);
	if (!s || !s->name) {
		free(s);
		return qsc_why(why, -ENOMEM, "not enough memory for the source %s", name);
	}
	s->block = (size_t)ceil(BLOCK_BITS / min_entropy);
	if (s->block > sizeof(s->raw) - 4)
		err = qsc_why(why, -EINVAL, "%g bits a byte are too few to make keys of",
			      min_entropy);
	health_init(&s->health, min_entropy);
	s->fd = -1;
	if (!err && !source_is_getrandom(name)) {
		s->fd = open(name, O_RDONLY | O_CLOEXEC);
		if (s->fd < 0)
			err = qsc_why(why, -errno, "cannot open the source %s: %s", name,
				      strerror(errno));
	}
	if (!err)
		err = start_up(s, why);
	if (err)
		source_close(s);
	else
		*out = s;
	return err;
}

int source_key(struct source *s, uint8_t key[QSC_KEYS_LEN], struct qsc_why *why)
{
	int err;

	put_be32(s->raw, s->number++);
	err = get_raw(s, s->raw + 4, s->block, why);
	if (!err && qsc_hmac(s->salt, s->raw, 4 + s->block, key))
		err = qsc_why(why, -EIO, "cannot condition the source: the crypto library failed");
	if (err)
		OPENSSL_cleanse(key, QSC_KEYS_LEN);
	return err;
}

int source_end(struct source *s, struct qsc_why *why)
{
	return health_end(&s->health, why);
}

void source_close(struct source *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s->name);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}
