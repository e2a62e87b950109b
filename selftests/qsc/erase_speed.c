// SPDX-License-Identifier: GPL-2.0
/*
 * How fast calls end. Makes calls with keys for both directions in the network
 * namespace that it runs in, removes them in several ways, and prints a line of
 * JSON for each.
 *
 *   erase_speed times [CALLS]    milliseconds and calls per second
 *   erase_speed count            ticks of the time stamp counter per call, which
 *                                are instructions under QEMU's -icount
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include <qsc/qsc.h>

#define CALLS_MAX	100000
#define THREADS		4
#define ALONE		200	/* calls that are removed one by one, with pauses */
#define PAUSE_NS	2000000
#define PORT		1024

static struct qsc_sock *sk;

static void die(const char *what)
{
	fprintf(stderr, "erase_speed: %s: %s\n", what, qsc_last_error(sk)->text);
	exit(1);
}

static void name(unsigned int i, char id[32])
{
	snprintf(id, 32, "speed-%u", i);
}

static void set_addr(union qsc_addr *a, const char *host, unsigned int i)
{
	a->in4.sin_family = AF_INET;
	a->in4.sin_addr.s_addr = htonl(ntohl(inet_addr(host)) + i / 30000);
	a->in4.sin_port = htons(PORT + 2 * (i % 30000));
}

static void make(unsigned int i)
{
	struct qsc_call_params p = { .n_legs = 1 };
	struct qsc_key key = {
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.master_len = 32,
		.salt_len = 12,
	};
	char id[32];

	name(i, id);
	p.id = id;
	set_addr(&p.legs[0].local, "198.18.0.1", i);
	set_addr(&p.legs[0].remote, "198.19.0.1", i);
	if (qsc_call_new(sk, &p))
		die("call add");
	memset(key.master, i, key.master_len);
	memcpy(key.master, &i, sizeof(i));
	for (key.dir = QSC_DIR_TX; key.dir <= QSC_DIR_RX; key.dir++)
		if (qsc_key_set(sk, id, &key))
			die("call key");
}

static void make_all(unsigned int n)
{
	while (n--)
		make(n);
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static void del(struct qsc_sock *s, unsigned int i)
{
	char id[32];

	name(i, id);
	if (qsc_call_del(s, id)) {
		fprintf(stderr, "erase_speed: call del: %s\n", qsc_last_error(s)->text);
		exit(1);
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One call at a time, on a machine with nothing else to do. */
static void alone(void)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	double ms[ALONE];

	make_all(ALONE + 1); /* the last one stays: hooks are another matter */
	for (unsigned int i = 0; i < ALONE; i++) {
		nanosleep(&pause, NULL);
		ms[i] = now_ms();
		del(sk, i);
		ms[i] = now_ms() - ms[i];
	}
	qsc_call_flush(sk, NULL);
	qsort(ms, ALONE, sizeof(*ms), by_size);
	printf("{\"case\": \"call del\", \"median_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
	       ms[ALONE / 2], ms[ALONE * 99 / 100], ms[ALONE - 1]);
}

static struct {
	atomic_uint next;
	unsigned int n;
} work;

static void *remove_some(void *arg)
{
	struct qsc_sock *s;
	unsigned int i;

	(void)arg;
	if (qsc_open(&s)) {
		fprintf(stderr, "erase_speed: %s\n", qsc_last_error(s)->text);
		exit(1);
	}
	while ((i = work.next++) < work.n)
		del(s, i);
	qsc_close(s);
	return NULL;
}

static void many(const char *what, unsigned int n, unsigned int threads)
{
	pthread_t t[THREADS];
	double ms;

	make_all(n + 1);
	work.next = 0;
	work.n = n;
	ms = now_ms();
	for (unsigned int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, remove_some, NULL);
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	ms = now_ms() - ms;
	qsc_call_flush(sk, NULL);
	printf("{\"case\": \"%s\", \"calls\": %u, \"ms\": %.1f, \"per_second\": %.0f}\n", what, n,
	       ms, n * 1e3 / ms);
}

static void in_requests(unsigned int n)
{
	char (*names)[32] = calloc(n, sizeof(*names));
	const char **ids = calloc(n, sizeof(*ids));
	unsigned int done;
	double ms;

	if (!names || !ids)
		exit(1);
	make_all(n + 1);
	for (unsigned int i = 0; i < n; i++) {
		name(i, names[i]);
		ids[i] = names[i];
	}
	ms = now_ms();
	if (qsc_call_del_many(sk, ids, n, &done) || done != n)
		die("call del");
	ms = now_ms() - ms;
	qsc_call_flush(sk, NULL);
	printf("{\"case\": \"call del, many in a request\", \"calls\": %u, \"ms\": %.1f, "
	       "\"per_second\": %.0f}\n", n, ms, n * 1e3 / ms);
	free(ids);
	free(names);
}

static void flush(unsigned int n)
{
	uint64_t count;
	double ms;

	make_all(n);
	ms = now_ms();
	if (qsc_call_flush(sk, &count) || count != n)
		die("call flush");
	ms = now_ms() - ms;
	printf("{\"case\": \"call flush\", \"calls\": %u, \"ms\": %.1f, \"per_second\": %.0f}\n", n,
	       ms, n * 1e3 / ms);
}

static uint64_t ticks_of_flush(unsigned int n)
{
	uint64_t begin, count;

	make_all(n);
	begin = __rdtsc();
	if (qsc_call_flush(sk, &count) || count != n)
		die("call flush");
	return __rdtsc() - begin;
}

/* What all flushes have in common, the grace period too, falls out. */
static void print_count(void)
{
	const unsigned int few = 50, lots = 250;
	uint64_t a = ticks_of_flush(few), b = ticks_of_flush(lots);

	printf("{\"case\": \"erasing a call\", \"instr\": %.0f}\n", (double)(b - a) / (lots - few));
}

int main(int argc, char **argv)
{
	unsigned long calls = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;

	if (argc < 2 || !calls || calls > CALLS_MAX) {
		fprintf(stderr, "usage: erase_speed times [CALLS] | count\n");
		return 1;
	}
	if (qsc_open(&sk))
		die("open");
	if (!strcmp(argv[1], "count")) {
		print_count();
	} else {
		alone();
		many("call del by one client", calls / 5, 1);
		many("call del by four clients", calls / 5, THREADS);
		in_requests(calls / 2);
		flush(calls);
	}
	qsc_close(sk);
	return 0;
}
