// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The table of calls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "calls.h"
#include "stats.h"

#define BUCKETS 16384

LIST_HEAD(bucket, call);
TAILQ_HEAD(calls_by_age, call);

struct calls {
	struct bucket buckets[BUCKETS];
	struct calls_by_age by_age;
	struct calls_params params;
	unsigned int n;
	unsigned int n_keys;
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
static struct bucket *bucket_of(struct calls *all, const struct call_name *name)
{
	uint8_t text[sizeof(all->salt) + sizeof(*name)], hash[EVP_MAX_MD_SIZE];
	size_t size = sizeof(hash);

	memcpy(text, all->salt, sizeof(all->salt));
	memcpy(text + sizeof(all->salt), name, sizeof(*name));
	if (EVP_Q_digest(NULL, "SHA256", NULL, text, sizeof(text), hash, &size) != 1)
		return &all->buckets[0];
	return &all->buckets[(hash[0] << 8 | hash[1]) % BUCKETS];
}

static struct call *find_in(struct bucket *bucket, const struct call_name *name)
{
	struct call *call;

	LIST_FOREACH(call, bucket, link)
	if (!memcmp(&call->name, name, sizeof(*name)))
		return call;
	return NULL;
}

static void drop_key(struct calls *all, struct call *call)
{
	if (!call->key)
		return;
	TAILQ_REMOVE(&all->by_age, call, by_age);
	all->n_keys--;
	OPENSSL_secure_clear_free(call->key, SESSION_KEY);
	call->key = NULL;
}

static void leave_parties(struct calls *all, struct call *call)
{
	for (int i = 0; i < 2; i++) {
		struct conn *live = call->parties[i].live;

		memset(&call->parties[i], 0, sizeof(call->parties[i]));
		if (live)
			all->params.retired(live);
	}
}

void calls_settle(struct calls *all, struct call *call)
{
	if (call->key || call->held || call->parties[0].live || call->parties[1].live)
		return;
	LIST_REMOVE(call, link);
	all->n--;
	free(call);
}

void calls_end(struct calls *all, struct call *call)
{
	drop_key(all, call);
	leave_parties(all, call);
	call->named = false;
	call->epoch = 0;
	calls_settle(all, call);
}

static void set_timer(struct calls *all)
{
	const struct call *oldest = TAILQ_FIRST(&all->by_age);
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
	struct calls *all = arg;
	int64_t now = now_ms();
	struct call *call;

	(void)fd;
	(void)what;
	/* Off the list before it is freed. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	while ((call = TAILQ_FIRST(&all->by_age)) && call->deadline <= now) {
		all->stats->keys_expired++;
		drop_key(all, call);
		calls_settle(all, call);
	}
	set_timer(all);
}

struct calls *calls_new(struct event_base *base, const struct calls_params *params,
			struct stats *stats)
{
	struct calls *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	TAILQ_INIT(&all->by_age);
	all->params = *params;
	all->stats = stats;
	all->timer = evtimer_new(base, expire, all);
	if (!all->timer || getrandom(all->salt, sizeof(all->salt), 0) != sizeof(all->salt)) {
		calls_free(all);
		return NULL;
	}
	return all;
}

/* Connections were closed before, and so have left their calls. */
void calls_free(struct calls *all)
{
	struct call *call;

	if (!all)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((call = LIST_FIRST(&all->buckets[i]))) {
			drop_key(all, call); /* NOLINT(clang-analyzer-unix.Malloc): as above */
			LIST_REMOVE(call, link);
			free(call);
		}
	}
	if (all->timer)
		event_free(all->timer);
	free(all);
}

struct call *calls_find(struct calls *all, const struct call_name *name)
{
	return find_in(bucket_of(all, name), name);
}

struct call *calls_get(struct calls *all, const struct call_name *name)
{
	struct bucket *bucket = bucket_of(all, name);
	struct call *call = find_in(bucket, name);

	if (call)
		return call;
	if (all->n >= all->params.max)
		return NULL;
	call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	call->name = *name;
	LIST_INSERT_HEAD(bucket, call, link);
	all->n++;
	return call;
}

int calls_set_key(struct calls *all, struct call *call, uint32_t suite, uint32_t epoch,
		  const uint8_t key[SESSION_KEY])
{
	uint8_t *copy = OPENSSL_secure_malloc(SESSION_KEY);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, key, SESSION_KEY);
	drop_key(all, call);
	call->key = copy;
	call->named = true;
	call->suite = suite;
	call->epoch = epoch;
	for (int i = 0; i < 2; i++)
		call->parties[i].served = call->parties[i].ready = false;
	call->deadline = now_ms() + all->params.seconds * 1000LL;
	TAILQ_INSERT_TAIL(&all->by_age, call, by_age);
	all->n_keys++;
	set_timer(all);
	return 0;
}

void calls_serve(struct calls *all, struct call *call, unsigned int role)
{
	struct call_party *party = call_party(call, role);

	party->joined = true;
	party->served = true;
	if (call_peer(call, role)->served)
		drop_key(all, call);
}

void calls_drop_party(struct calls *all, const char *subscriber)
{
	struct call *call, *next;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (call = LIST_FIRST(&all->buckets[i]); call; call = next) {
			next = LIST_NEXT(call, link);
			if (!strcmp(call->name.caller, subscriber) ||
			    !strcmp(call->name.callee, subscriber))
				calls_end(all, call);
		}
	}
}

unsigned int calls_count(const struct calls *all)
{
	return all->n;
}

unsigned int calls_keys(const struct calls *all)
{
	return all->n_keys;
}
