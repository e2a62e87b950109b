// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Many subscribers at once. Cards FIRST, FIRST+1, ... with N keys each belong
 * to user-FIRST and so on, as kms_make makes them.
 *
 * calls    whole calls: two logins, two key requests, and both keys the same
 * rekey    calls that change their key a few times, begun by either party, each of
 *	    which has to be told of it, and of the other one being ready
 * race     for each key, all threads log in with it at once: one may get in
 * contend  logins with keys picked at random, again and again, whatever happens
 *	    to the service meanwhile: no key may get in twice. Then each key is
 *	    tried once more, and those that never got in are counted: lost.
 * garbage  right logins that then send nonsense, and nonsense instead of TLS
 */
#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/socket.h>

#include "client.h"

#define EPOCHS 6
#define PATIENCE 30000 /* times 10 ms without a service or its store */

static struct {
	const char *mode;
	struct cards cards;
	uint64_t first;
	unsigned int n_cards;
	unsigned int n_keys;
	unsigned int threads;
	unsigned int count; /* calls or attempts */
	unsigned int skip; /* keys of each card that were used before */
	unsigned int report; /* a line every so many attempts */
	uint64_t random;
} opt = { .mode = "calls", .first = 1, .n_cards = 2, .n_keys = 16, .threads = 8, .count = 100 };

static atomic_uint next_job, failures, attempts;
static atomic_uchar *used; /* how often each key got in */
static float *latency; /* milliseconds from connect() to the session key, two per call */
static struct drawn *drawn; /* two per call: cards are not what is measured */
static pthread_barrier_t barrier;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* qsc_kid is not for several threads at a time. */
static void draw(uint64_t card, uint32_t slot, struct drawn *out)
{
	pthread_mutex_lock(&one_at_a_time);
	cards_draw(&opt.cards, card, slot, out);
	pthread_mutex_unlock(&one_at_a_time);
}

static void fail(const char *what, uint64_t card, uint32_t slot, int code)
{
	if (failures++ < 10)
		fprintf(stderr, "card %llu slot %u: %s %d\n", (unsigned long long)card, slot, what,
			code);
}

static int login(struct client *c, const struct drawn *d, bool then_asks)
{
	const struct login how = {
		.id = d->kid, .id_len = QSC_KEYS_KID, .psk = d->auth, .then_asks = then_asks
	};
	int ret = client_login(c, &how);

	c->how = NULL;
	return ret;
}

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* One party of a call; the caller closes @c. */
static int fetch(struct client *c, const struct drawn *d, const struct qsc_keys_call *call,
		 uint8_t *session, uint64_t card, uint32_t slot)
{
	char error[64];
	int ret;

	ret = login(c, d, true);
	if (ret)
		fail("login", card, slot, ret);
	else if ((ret = client_call_key(c, d->dist, NULL, call, session, error)))
		fail(error, card, slot, ret);
	return ret;
}

static int draw_and_fetch(struct client *c, uint64_t card, uint32_t slot,
			  const struct qsc_keys_call *call, uint8_t *session)
{
	struct drawn d;

	draw(card, slot, &d);
	return fetch(c, &d, call, session, card, slot);
}

/* @n: which key of all. */
static int timed_fetch(size_t n, uint64_t card, uint32_t slot, const struct qsc_keys_call *call,
		       uint8_t *session)
{
	double begin = seconds(CLOCK_MONOTONIC);
	struct client c;
	int ret;

	ret = fetch(&c, &drawn[n], call, session, card, slot);
	client_close(&c);
	latency[n] = (float)(1000 * (seconds(CLOCK_MONOTONIC) - begin));
	return ret;
}

/* Caller of call @i, and the slot that both parties draw: all over the pool, as cards do. */
static void parties(unsigned int i, uint64_t *caller, uint32_t *slot)
{
	unsigned int pairs = opt.n_cards / 2;
	uint32_t fresh = opt.n_keys - opt.skip;

	*caller = opt.first + 2 * (i % pairs);
	*slot = opt.skip + (uint32_t)(i / pairs * UINT64_C(7919) % fresh);
}

static void one_call(unsigned int i)
{
	struct qsc_keys_call call = { .role = QSC_KEYS_CALLER, .suite = 1 };
	uint8_t a[QSC_KEYS_LEN], b[QSC_KEYS_LEN];
	uint64_t caller;
	uint32_t slot;

	parties(i, &caller, &slot);
	snprintf(call.call_id, sizeof(call.call_id), "call-%u", i);
	snprintf(call.caller, sizeof(call.caller), "user-%llu", (unsigned long long)caller);
	snprintf(call.callee, sizeof(call.callee), "user-%llu", (unsigned long long)caller + 1);
	if (timed_fetch(2 * (size_t)i, caller, slot, &call, a))
		return;
	call.role = QSC_KEYS_CALLEE;
	if (timed_fetch(2 * (size_t)i + 1, caller + 1, slot, &call, b))
		return;
	if (memcmp(a, b, sizeof(a)))
		fail("another session key than its peer", caller, slot, 0);
}

static void *make_calls(void *arg)
{
	unsigned int i;

	while ((i = next_job++) < opt.count)
		one_call(i);
	return arg;
}

/* The next line, or the answer to @line if there is one, has to be @want. */
static bool says(struct client *c, const char *line, const char *want)
{
	const char *got = line ? client_ask(c, line) : client_receive(c);

	return got && !strcmp(got, want);
}

static bool both_ready(struct client *first, struct client *second, const char *id, uint32_t epoch)
{
	char ask[256], event[256];

	snprintf(ask, sizeof(ask), "{\"op\":\"ready\",\"call\":\"%s\",\"epoch\":%u}", id, epoch);
	snprintf(event, sizeof(event), "{\"event\":\"ready\",\"call\":\"%s\",\"epoch\":%u}", id,
		 epoch);
	return says(first, ask, "{\"ok\":true,\"peer\":false}") &&
	       says(second, ask, "{\"ok\":true,\"peer\":true}") && says(first, NULL, event);
}

/* Party 0 is the caller; @first of them begins. False if the call cannot go on. */
static bool next_epoch(struct client *live, uint64_t caller, uint32_t slot,
		       struct qsc_keys_call *call, unsigned int first)
{
	uint8_t keys[2][QSC_KEYS_LEN];
	struct client new[2] = { { .fd = -1 }, { .fd = -1 } };
	char event[256];
	bool ok = true;

	snprintf(event, sizeof(event), "{\"event\":\"rekey\",\"call\":\"%s\",\"epoch\":%u}",
		 call->call_id, call->epoch);
	for (unsigned int i = 0; ok && i < 2; i++) {
		unsigned int who = i ? !first : first;

		call->role = who ? QSC_KEYS_CALLEE : QSC_KEYS_CALLER;
		ok = !draw_and_fetch(&new[who], caller + who, slot, call, keys[who]);
		if (ok && !i && call->epoch && !says(&live[!who], NULL, event))
			fail("was not told of a rekey by", caller + !who, slot, 0);
	}
	for (int i = 0; i < 2; i++) {
		client_close(&live[i]);
		live[i] = new[i];
	}
	if (ok && memcmp(keys[0], keys[1], QSC_KEYS_LEN))
		fail("another session key than its peer", caller, slot, 0);
	if (ok && !both_ready(&live[first], &live[!first], call->call_id, call->epoch))
		fail("was not told that its peer is ready,", caller + first, slot, 0);
	return ok;
}

static void one_rekeyed_call(unsigned int i)
{
	unsigned int pairs = opt.n_cards / 2, state = (unsigned int)opt.random + i;
	uint64_t caller = opt.first + 2 * (i % pairs);
	struct client live[2] = { { .fd = -1 }, { .fd = -1 } };
	struct qsc_keys_call call = { .suite = 1 };
	char hangup[256];
	bool ok = true;

	snprintf(call.call_id, sizeof(call.call_id), "call-%u", i);
	snprintf(call.caller, sizeof(call.caller), "user-%llu", (unsigned long long)caller);
	snprintf(call.callee, sizeof(call.callee), "user-%llu", (unsigned long long)caller + 1);
	for (; ok && call.epoch < EPOCHS; call.epoch++)
		ok = next_epoch(live, caller, i / pairs * EPOCHS + call.epoch, &call,
				call.epoch ? (unsigned int)rand_r(&state) % 2 : 0);
	snprintf(hangup, sizeof(hangup), "{\"op\":\"hangup\",\"call\":\"%s\"}", call.call_id);
	for (int who = 0; who < 2; who++) {
		if (ok && !says(&live[who], hangup, "{\"ok\":true}"))
			fail("could not hang up", caller + (unsigned int)who, 0, 0);
		client_close(&live[who]);
	}
}

static void *rekey(void *arg)
{
	unsigned int i;

	while ((i = next_job++) < opt.count)
		one_rekeyed_call(i);
	return arg;
}

/* Waits for a service, or a store, that is being started again. */
static int try_key(unsigned int key)
{
	uint64_t card = opt.first + key / opt.n_keys;
	uint32_t slot = key % opt.n_keys;
	struct client c;
	struct drawn d;
	int ret;

	draw(card, slot, &d);
	for (int i = 0; i < PATIENCE; i++) {
		ret = login(&c, &d, false);
		client_close(&c);
		if (ret != CLIENT_NO_SERVICE && ret != SSL_AD_INTERNAL_ERROR)
			break;
		usleep(10000);
	}
	if (!ret && ++used[key] > 1)
		fail("got in twice, try", card, slot, used[key]);
	return ret;
}

static void *race(void *arg)
{
	unsigned int keys = opt.n_cards * opt.n_keys;
	unsigned int rounds = opt.count < keys ? opt.count : keys;

	for (unsigned int key = 0; key < rounds; key++) {
		int ret;

		pthread_barrier_wait(&barrier);
		ret = try_key(key);
		if (ret && ret != SSL_AD_ILLEGAL_PARAMETER)
			fail("refused in another way than a wrong key:", 0, key, ret);
		pthread_barrier_wait(&barrier);
		if (used[key] != 1)
			fail("got in as often as", 0, key, used[key]);
	}
	return arg;
}

static void *contend(void *arg)
{
	unsigned int keys = opt.n_cards * opt.n_keys, i;
	unsigned int state = (unsigned int)(opt.random + (uintptr_t)arg);

	while ((i = attempts++) < opt.count) {
		try_key((unsigned int)rand_r(&state) % keys);
		if (opt.report && i % opt.report == opt.report - 1) {
			printf("attempts %u\n", i + 1);
			fflush(stdout);
		}
	}
	return arg;
}

static void sweep(void)
{
	unsigned int keys = opt.n_cards * opt.n_keys, before = 0, late = 0, lost = 0;

	for (unsigned int key = 0; key < keys; key++)
		before += used[key] != 0;
	for (unsigned int key = 0; key < keys; key++) {
		bool fresh = !used[key];

		if (try_key(key) == 0 && fresh)
			late++;
		lost += used[key] == 0;
	}
	printf("keys %u before %u late %u lost %u\n", keys, before, late, lost);
}

static size_t make_garbage(unsigned int *state, char *text, size_t size)
{
	static const char *const starts[] = {
		"{\"op\":\"call-key\",\"call\":\"c\",\"role\":\"caller\",\"peer\":\"user-1\","
		"\"suite\":\"AEAD_AES_256_GCM\",\"epoch\":0}\n",
		"{\"op\":\"status\"}\n",
		"",
	};
	const char *start = starts[rand_r(state) % 3];
	size_t len = strlen(start), extra = (size_t)rand_r(state) % (size - len);

	memcpy(text, start, len);
	if (rand_r(state) % 2)
		extra %= 16;
	for (size_t i = 0; i < extra; i++)
		text[len + i] = (char)rand_r(state);
	for (int n = rand_r(state) % 3; n > 0 && len; n--)
		text[(size_t)rand_r(state) % len] = (char)rand_r(state);
	return len + extra;
}

static void send_garbage(unsigned int i, unsigned int *state)
{
	char text[6000];
	struct client c;
	struct drawn d;
	int ret;

	draw(opt.first, i, &d);
	ret = login(&c, &d, false);
	if (ret) {
		fail("login", opt.first, i, ret);
		client_close(&c);
		return;
	}
	for (int n = rand_r(state) % 20; n >= 0; n--)
		if (!client_send(&c, text, make_garbage(state, text, sizeof(text))))
			break;
	/* Some leave without a word, others hear it out. */
	if (rand_r(state) % 2 && client_send(&c, "\n{\n", 3))
		while (client_receive(&c))
			;
	client_close(&c);
}

static void send_no_tls(unsigned int *state)
{
	char text[6000];
	struct client c;
	size_t len = make_garbage(state, text, sizeof(text));

	/* A handshake record with nonsense in it, every other time */
	if (len > 9 && rand_r(state) % 2)
		memcpy(text, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9);
	if (!client_connect(&c) && write(c.fd, text, len) > 0)
		shutdown(c.fd, SHUT_WR);
	client_close(&c);
}

static void *garbage(void *arg)
{
	unsigned int state, i;

	while ((i = next_job++) < opt.count) {
		state = (unsigned int)opt.random + i;
		send_garbage(i, &state);
		send_no_tls(&state);
	}
	return arg;
}

static void run_threads(void *(*body)(void *))
{
	pthread_t threads[1024];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	for (uintptr_t i = 0; i < opt.threads; i++)
		if (pthread_create(&threads[i], &attr, body, (void *)i))
			die("cannot start thread %lu", (unsigned long)i);
	for (unsigned int i = 0; i < opt.threads; i++)
		pthread_join(threads[i], NULL);
}

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void draw_all(void)
{
	uint64_t caller;
	uint32_t slot;

	for (unsigned int i = 0; i < opt.count; i++) {
		parties(i, &caller, &slot);
		draw(caller, slot, &drawn[2 * (size_t)i]);
		draw(caller + 1, slot, &drawn[2 * (size_t)i + 1]);
	}
}

static void run_calls(void)
{
	size_t n = 2 * (size_t)opt.count;
	double wall, cpu;

	/* Giving memory back, to take it again at once, would be a tenth of a login. */
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	latency = calloc(n, sizeof(*latency));
	drawn = calloc(n, sizeof(*drawn));
	if (!latency || !drawn || !n)
		die("not enough memory, or no calls");
	draw_all();
	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	run_threads(make_calls);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	qsort(latency, n, sizeof(*latency), compare_floats);
	printf("keys %zu failed %u seconds %.3f keys_per_second %.0f client_cpu_seconds %.3f "
	       "p50_ms %.2f p99_ms %.2f\n",
	       n, failures, wall, (double)n / wall, cpu, (double)latency[n / 2],
	       (double)latency[n * 99 / 100]);
	free(latency);
	free(drawn);
}

static unsigned int read_number(const char *text)
{
	return (unsigned int)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kit", 1, NULL, 'k' },
		{ "seed", 1, NULL, 's' },
		{ "connect", 1, NULL, 'c' },
		{ "mode", 1, NULL, 'm' },
		{ "first", 1, NULL, 'f' },
		{ "cards", 1, NULL, 'n' },
		{ "keys", 1, NULL, 'K' },
		{ "threads", 1, NULL, 't' },
		{ "count", 1, NULL, 'C' },
		{ "report", 1, NULL, 'r' },
		{ "random", 1, NULL, 'R' },
		{ "skip", 1, NULL, 'S' },
		{ 0 },
	};
	const char *kit = NULL, *seed = "seed";
	int c;

	client_init();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'k':
			kit = optarg;
			break;
		case 's':
			seed = optarg;
			break;
		case 'c':
			client_add_address(optarg);
			break;
		case 'm':
			opt.mode = optarg;
			break;
		case 'f':
			opt.first = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			opt.n_cards = read_number(optarg);
			break;
		case 'K':
			opt.n_keys = read_number(optarg);
			break;
		case 't':
			opt.threads = read_number(optarg);
			break;
		case 'C':
			opt.count = read_number(optarg);
			break;
		case 'r':
			opt.report = read_number(optarg);
			break;
		case 'S':
			opt.skip = read_number(optarg);
			break;
		case 'R':
			opt.random = strtoull(optarg, NULL, 10);
			break;
		default:
			return 3;
		}
	}
	if (!kit || opt.threads < 1 || opt.threads > 1024 || opt.n_cards < 1)
		die("--kit is missing, or the numbers are wrong");
	cards_open(&opt.cards, kit, seed);
	used = calloc((size_t)opt.n_cards * opt.n_keys, sizeof(*used));
	if (!used)
		die("not enough memory");
	if (!strcmp(opt.mode, "calls")) {
		run_calls();
	} else if (!strcmp(opt.mode, "race")) {
		pthread_barrier_init(&barrier, NULL, opt.threads);
		run_threads(race);
	} else if (!strcmp(opt.mode, "rekey")) {
		run_threads(rekey);
	} else if (!strcmp(opt.mode, "garbage")) {
		run_threads(garbage);
	} else {
		run_threads(contend);
		sweep();
	}
	printf("failures %u\n", failures);
	cards_close(&opt.cards);
	return failures ? 1 : 0;
}
