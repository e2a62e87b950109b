// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Session keys: directly from the kernel, or from a thread that waits for a device. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/random.h>

#include <openssl/crypto.h>

#include "log.h"
#include "source.h"

#define RING (2 * SOURCE_BATCH)
#define RETRY_MS 1000

typedef unsigned char source_key[SOURCE_KEY];

struct source {
	const struct source_ops *ops; /* NULL: getrandom() alone */
	void *priv;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool started;
	bool stop;
	bool broken; /* the last attempt failed */
	bool asked; /* somebody got -EAGAIN */
	source_key *ring; /* RING keys, then a batch, then the last one seen; secure heap */
	unsigned int n;
	int notify;
	struct event *event;
	void (*ready)(void *arg);
	void *arg;
};

#define RING_BYTES ((RING + SOURCE_BATCH + 1) * sizeof(source_key))

int source_check(const unsigned char key[SOURCE_KEY], unsigned char last[SOURCE_KEY])
{
	bool stuck = !memcmp(key, last, SOURCE_KEY);

	stuck |= !memcmp(key, key + 1, SOURCE_KEY - 1);
	memcpy(last, key, SOURCE_KEY);
	return stuck ? -EIO : 0;
}

static int checked_fill(struct source *s, source_key *keys, char *why)
{
	int n = s->ops->fill(s->priv, keys, SOURCE_BATCH, why);
	unsigned char *last = s->ring[RING + SOURCE_BATCH];

	for (int i = 0; i < n; i++) {
		if (!source_check(keys[i], last))
			continue;
		snprintf(why, SOURCE_WHY_MAX, "it repeats itself: out of order?");
		return -EIO;
	}
	return n;
}

/* Wait until there is room for a batch; false at the end. */
static bool want_more(struct source *s)
{
	bool more;

	pthread_mutex_lock(&s->lock);
	while (!s->stop && s->n > RING - SOURCE_BATCH)
		pthread_cond_wait(&s->wake, &s->lock);
	more = !s->stop;
	pthread_mutex_unlock(&s->lock);
	return more;
}

static void tell_loop(struct source *s)
{
	uint64_t one = 1;

	if (write(s->notify, &one, sizeof(one)) < 0)
		log_error("cannot wake the event loop: %s", strerror(errno));
}

static void take_in(struct source *s, source_key *keys, unsigned int n)
{
	bool asked;

	pthread_mutex_lock(&s->lock);
	memcpy(s->ring[s->n], keys, n * sizeof(source_key));
	s->n += n;
	s->broken = false;
	asked = s->asked;
	s->asked = false;
	pthread_mutex_unlock(&s->lock);
	if (asked)
		tell_loop(s);
}

/* Those who wait are told at once; new keys are tried for a little later. */
static void take_in_failure(struct source *s, const char *why)
{
	struct timespec until;
	bool news;

	pthread_mutex_lock(&s->lock);
	news = !s->broken;
	s->broken = true;
	s->asked = false;
	pthread_mutex_unlock(&s->lock);
	tell_loop(s);
	if (news)
		log_error("source of session keys: %s", why);

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RETRY_MS / 1000;
	pthread_mutex_lock(&s->lock);
	while (!s->stop && !pthread_cond_timedwait(&s->wake, &s->lock, &until))
		;
	pthread_mutex_unlock(&s->lock);
}

static void *fill_ring(void *arg)
{
	struct source *s = arg;
	source_key *batch = s->ring + RING;
	char why[SOURCE_WHY_MAX];

	while (want_more(s)) {
		int n = checked_fill(s, batch, why);

		if (n > 0)
			take_in(s, batch, (unsigned int)n);
		else
			take_in_failure(s, why);
		OPENSSL_cleanse(batch, SOURCE_BATCH * sizeof(source_key));
	}
	return NULL;
}

static void notified(evutil_socket_t fd, short what, void *arg)
{
	struct source *s = arg;
	uint64_t count;

	(void)what;
	if (read((int)fd, &count, sizeof(count)) == sizeof(count))
		s->ready(s->arg);
}

static int start_thread(struct source *s, struct event_base *base)
{
	sigset_t all, before;
	pthread_condattr_t attr;
	int err;

	s->ring = OPENSSL_secure_zalloc(RING_BYTES);
	s->notify = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->event = event_new(base, s->notify, EV_READ | EV_PERSIST, notified, s);
	if (!s->ring || s->notify < 0 || !s->event || event_add(s->event, NULL))
		return -ENOMEM;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, &attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&s->thread, NULL, fill_ring, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return -err;
	s->started = true;
	pthread_setname_np(s->thread, "qskmsd-source");
	return 0;
}

static const char *choose(struct source *s, const char *spec)
{
	if (!strncmp(spec, "file:", 5))
		s->ops = &source_file;
	else if (!strncmp(spec, "kme:", 4))
		s->ops = &source_kme;
	else
		return NULL;
	return strchr(spec, ':') + 1;
}

int source_new(struct source **source, struct event_base *base, const char *spec,
	       const struct source_kme *kme, void (*ready)(void *arg), void *arg)
{
	struct source *s = calloc(1, sizeof(*s));
	char why[SOURCE_WHY_MAX] = "";
	const char *where;
	int err;

	*source = s;
	if (!s)
		return -ENOMEM;
	s->notify = -1;
	s->ready = ready;
	s->arg = arg;
	where = choose(s, spec);
	if (!where && strcmp(spec, "getrandom")) {
		log_error("source of session keys: \"%s\" is not getrandom, file:PATH or kme:URL",
			  spec);
		return -EINVAL;
	}
	if (!where)
		return 0;
	err = s->ops->open(&s->priv, where, kme, why);
	if (err) {
		log_error("source of session keys: %s", why);
		return err;
	}
	return start_thread(s, base);
}

static void stop_thread(struct source *s)
{
	if (!s->started)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
}

void source_free(struct source *s)
{
	if (!s)
		return;
	stop_thread(s);
	if (s->priv)
		s->ops->close(s->priv);
	if (s->event)
		event_free(s->event);
	if (s->notify >= 0)
		close(s->notify);
	OPENSSL_secure_clear_free(s->ring, RING_BYTES);
	free(s);
}

static int take_from_ring(struct source *s, unsigned char *key)
{
	int ret = 0;

	pthread_mutex_lock(&s->lock);
	if (s->n) {
		s->n--;
		memcpy(key, s->ring[s->n], SOURCE_KEY);
		OPENSSL_cleanse(s->ring[s->n], SOURCE_KEY);
		pthread_cond_signal(&s->wake);
	} else if (s->broken) {
		ret = -EIO;
	} else {
		s->asked = true;
		ret = -EAGAIN;
	}
	pthread_mutex_unlock(&s->lock);
	return ret;
}

int source_take(struct source *s, unsigned char key[SOURCE_KEY])
{
	unsigned char from_kernel[SOURCE_KEY];
	int ret;

	if (getrandom(from_kernel, sizeof(from_kernel), 0) != sizeof(from_kernel)) {
		log_error("getrandom() failed: %s", strerror(errno));
		return -EIO;
	}
	if (!s->ops) {
		memcpy(key, from_kernel, SOURCE_KEY);
		ret = 0;
	} else {
		ret = take_from_ring(s, key);
		for (int i = 0; !ret && i < SOURCE_KEY; i++)
			key[i] ^= from_kernel[i];
	}
	OPENSSL_cleanse(from_kernel, sizeof(from_kernel));
	return ret;
}
