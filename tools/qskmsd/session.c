// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The table of session keys that wait for their callee. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/queue.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "session.h"
#include "stats.h"

#define BUCKETS 4096

struct entry {
	LIST_ENTRY(entry) link;
	TAILQ_ENTRY(entry) by_age;
	struct session_name name;
	struct session session;
	int64_t deadline; /* milliseconds of CLOCK_MONOTONIC */
};

LIST_HEAD(bucket, entry);

struct sessions {
	struct bucket buckets[BUCKETS];
	TAILQ_HEAD(, entry) by_age;
	unsigned int n;
	unsigned int max;
	unsigned int seconds;
	uint8_t salt[16];
	struct event *timer;
	struct stats *stats;
};

/* Steps of the wall clock must neither keep keys nor drop them. */
static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Subscribers choose the names: a secret salt keeps them from choosing buckets. */
static struct bucket *bucket_of(struct sessions *all, const struct session_name *name)
{
	uint8_t text[sizeof(all->salt) + sizeof(*name)], hash[EVP_MAX_MD_SIZE];
	size_t size = sizeof(hash);

	memcpy(text, all->salt, sizeof(all->salt));
	memcpy(text + sizeof(all->salt), name, sizeof(*name));
	if (EVP_Q_digest(NULL, "SHA256", NULL, text, sizeof(text), hash, &size) != 1)
		return &all->buckets[0];
	return &all->buckets[(hash[0] << 8 | hash[1]) % BUCKETS];
}

static struct entry *find_in(struct bucket *bucket, const struct session_name *name)
{
	struct entry *e;

	LIST_FOREACH(e, bucket, link)
	if (!memcmp(&e->name, name, sizeof(*name)))
		return e;
	return NULL;
}

static void drop(struct sessions *all, struct entry *e)
{
	LIST_REMOVE(e, link);
	TAILQ_REMOVE(&all->by_age, e, by_age);
	all->n--;
	OPENSSL_secure_clear_free(e->session.key, SESSION_KEY);
	free(e);
}

static void set_timer(struct sessions *all)
{
	const struct entry *oldest = TAILQ_FIRST(&all->by_age);
	struct timeval tv;
	int64_t left;

	if (!oldest || event_pending(all->timer, EV_TIMEOUT, NULL))
		return;
	left = oldest->deadline - now_ms();
	if (left < 1)
		left = 1;
	tv.tv_sec = left / 1000;
	tv.tv_usec = left % 1000 * 1000;
	event_add(all->timer, &tv);
}

static void expire(evutil_socket_t fd, short what, void *arg)
{
	struct sessions *all = arg;
	int64_t now = now_ms();
	struct entry *e;

	(void)fd;
	(void)what;
	while ((e = TAILQ_FIRST(&all->by_age)) && e->deadline <= now) {
		all->stats->keys_expired++;
		drop(all, e);
	}
	set_timer(all);
}

struct sessions *sessions_new(struct event_base *base, unsigned int max, unsigned int seconds,
			      struct stats *stats)
{
	struct sessions *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	TAILQ_INIT(&all->by_age);
	all->max = max;
	all->seconds = seconds;
	all->stats = stats;
	all->timer = evtimer_new(base, expire, all);
	if (!all->timer || getrandom(all->salt, sizeof(all->salt), 0) != sizeof(all->salt)) {
		sessions_free(all);
		return NULL;
	}
	return all;
}

void sessions_free(struct sessions *all)
{
	struct entry *e;

	if (!all)
		return;
	while ((e = TAILQ_FIRST(&all->by_age)))
		drop(all, e);
	if (all->timer)
		event_free(all->timer);
	free(all);
}

struct session *sessions_find(struct sessions *all, const struct session_name *name)
{
	struct entry *e = find_in(bucket_of(all, name), name);

	return e ? &e->session : NULL;
}

static struct entry *new_entry(struct sessions *all, const struct session_name *name)
{
	struct entry *e;

	if (all->n >= all->max)
		return NULL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->session.key = OPENSSL_secure_malloc(SESSION_KEY);
	if (!e->session.key) {
		free(e);
		return NULL;
	}
	e->name = *name;
	LIST_INSERT_HEAD(bucket_of(all, name), e, link);
	TAILQ_INSERT_TAIL(&all->by_age, e, by_age);
	all->n++;
	return e;
}

struct session *sessions_put(struct sessions *all, const struct session_name *name, uint32_t suite,
			     uint32_t epoch, const uint8_t key[SESSION_KEY])
{
	struct entry *e = find_in(bucket_of(all, name), name);

	if (!e)
		e = new_entry(all, name);
	if (!e)
		return NULL;
	memcpy(e->session.key, key, SESSION_KEY);
	e->session.suite = suite;
	e->session.epoch = epoch;
	e->deadline = now_ms() + all->seconds * 1000LL;
	TAILQ_REMOVE(&all->by_age, e, by_age);
	TAILQ_INSERT_TAIL(&all->by_age, e, by_age);
	set_timer(all);
	return &e->session;
}

void sessions_drop(struct sessions *all, const struct session_name *name)
{
	struct entry *e = find_in(bucket_of(all, name), name);

	if (e)
		drop(all, e);
}

void sessions_drop_party(struct sessions *all, const char *subscriber)
{
	struct entry *e, *next;

	for (e = TAILQ_FIRST(&all->by_age); e; e = next) {
		next = TAILQ_NEXT(e, by_age);
		if (!strcmp(e->name.caller, subscriber) || !strcmp(e->name.callee, subscriber))
			drop(all, e);
	}
}

unsigned int sessions_count(const struct sessions *all)
{
	return all->n;
}
