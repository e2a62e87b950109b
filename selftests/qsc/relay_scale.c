// SPDX-License-Identifier: GPL-2.0
/*
 * Makes many relay calls with their keys, looks at all of them and removes them,
 * in the namespace where it is run:
 *
 *   relay_scale CALLS [SUITE [SUITE]] [keep|watch]
 *
 * Prints a line for each step, STEP CALLS NANOSECONDS, which under QEMU's -icount
 * are the instructions of the machine; and the memory that was taken, KiB. With
 * watch, how long the kernel kept the processor to itself in each step: late-STEP
 * CALLS NANOSECONDS, and as much again for a second in which nothing is done, and for
 * memory of an ordinary program, as much as calls take, that is given back. With
 * keep the calls are left: leg 0 of call n is 198.51.100.1:PORT, with the peer
 * 198.51.100.2:PORT, leg 1 is 203.0.113.1:PORT with the peer 203.0.113.2:PORT, and
 * PORT is 1024 + n; after 60,000 further calls have 198.51.100.3 and so on.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <qsc/qsc.h>

#include "../lib/ksft.h"
#include "lateness.h"

#define PORTS		60000
#define FIRST_PORT	1024
#define KEYS		4
#define CALL_SIZE	(9UL << 10) /* more or less */

struct scale {
	struct qsc_sock *sk;
	unsigned int n;
	bool watch;
	uint32_t suite[QSC_LEGS_MAX];
	struct qsc_call_setup *calls;
	struct qsc_key *keys;
	char (*ids)[16];
	const char **names;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static unsigned long free_kib(void)
{
	unsigned long kib = 0;
	char line[128];
	FILE *f;

	f = fopen("/proc/meminfo", "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "MemFree:", 8))
			kib = strtoul(line + 8, NULL, 10);
	fclose(f);
	return kib;
}

static void set_addr(union qsc_addr *a, const char *net, unsigned int host, uint16_t port)
{
	a->in4.sin_family = AF_INET;
	a->in4.sin_port = htons(port);
	a->in4.sin_addr.s_addr = htonl(ntohl(inet_addr(net)) + host);
}

static void set_leg(const struct scale *s, struct qsc_leg_params *leg, unsigned int index,
		    unsigned int n)
{
	const char *net = index ? "203.0.113.0" : "198.51.100.0";
	uint16_t port = FIRST_PORT + n % PORTS;

	leg->suite = s->suite[index];
	set_addr(&leg->local, net, 1 + 2 * (n / PORTS), port);
	set_addr(&leg->remote, net, 2 + 2 * (n / PORTS), port);
}

static void set_key(struct qsc_key *key, uint32_t suite, unsigned int leg, uint32_t dir,
		    unsigned int n)
{
	memset(key, 0, sizeof(*key));
	key->leg = leg;
	key->dir = dir;
	key->suite = suite;
	qsc_suite_lengths(suite, &key->master_len, &key->salt_len);
	memset(key->master, n + 2 * leg + dir, key->master_len);
	memcpy(key->master, &n, sizeof(n));
	memset(key->salt, n, key->salt_len);
}

static void set_call(struct scale *s, unsigned int n)
{
	struct qsc_call_setup *call = &s->calls[n];
	struct qsc_key *keys = &s->keys[KEYS * n];
	unsigned int leg, k = 0;
	uint32_t dir;

	snprintf(s->ids[n], sizeof(s->ids[n]), "call-%u", n);
	s->names[n] = s->ids[n];
	call->params.id = s->ids[n];
	call->params.n_legs = QSC_LEGS_MAX;
	call->keys = keys;
	for (leg = 0; leg < QSC_LEGS_MAX; leg++) {
		set_leg(s, &call->params.legs[leg], leg, n);
		if (s->suite[leg] == QSC_SUITE_PLAIN)
			continue;
		for (dir = QSC_DIR_TX; dir <= QSC_DIR_RX; dir++)
			set_key(&keys[k++], s->suite[leg], leg, dir, n);
	}
	call->n_keys = k;
}

static void prepare(struct scale *s)
{
	unsigned int i;

	s->calls = calloc(s->n, sizeof(*s->calls));
	s->keys = calloc((size_t)KEYS * s->n, sizeof(*s->keys));
	s->ids = calloc(s->n, sizeof(*s->ids));
	s->names = calloc(s->n, sizeof(*s->names));
	if (!s->calls || !s->keys || !s->ids || !s->names)
		ksft_exit_fail_msg("out of memory\n");
	for (i = 0; i < s->n; i++)
		set_call(s, i);
}

static void report(const struct scale *s, const char *step, uint64_t begin)
{
	printf("%s %u %llu\n", step, s->n, (unsigned long long)(now() - begin));
	if (s->watch)
		printf("late-%s %u %llu\n", step, s->n, (unsigned long long)lateness_worst());
}

static void watch_nothing(const struct scale *s)
{
	uint64_t begin;

	lateness_watch();
	sleep(1);
	lateness_worst();
	begin = now();
	sleep(1);
	report(s, "nothing", begin);
}

/* What the page allocator alone does to the others. */
static void watch_memory(const struct scale *s)
{
	size_t size = s->n * CALL_SIZE;
	uint64_t begin;
	void *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		ksft_exit_fail_msg("out of memory\n");
	madvise(p, size, MADV_NOHUGEPAGE);
	memset(p, 1, size);
	lateness_worst();
	begin = now();
	munmap(p, size);
	report(s, "memory-back", begin);
}

static int count_call(const struct qsc_call *call, void *arg)
{
	(void)call;
	++*(unsigned int *)arg;
	return 0;
}

static void refused(struct scale *s, const char *what)
{
	ksft_exit_fail_msg("%s: %s\n", what, qsc_last_error(s->sk)->text);
}

static void make_calls(struct scale *s)
{
	unsigned long before = free_kib();
	uint64_t begin = now();
	unsigned int done;

	if (qsc_calls_new(s->sk, s->calls, s->n, &done))
		refused(s, "calls new");
	report(s, "setup", begin);
	printf("memory %u %lu\n", s->n, before - free_kib());
}

/* Sealing waits for the kernel's random numbers, once after the machine's start. */
static void warm_up(struct scale *s)
{
	unsigned int done;

	if (qsc_calls_new(s->sk, s->calls, 1, &done) ||
	    qsc_call_del_many(s->sk, s->names, 1, &done))
		refused(s, "the first call");
}

static void look_at_calls(struct scale *s)
{
	uint64_t begin = now();
	unsigned int seen = 0;

	if (qsc_call_dump(s->sk, count_call, &seen))
		refused(s, "call list");
	report(s, "dump", begin);
	if (seen != s->n)
		ksft_exit_fail_msg("%u calls listed, not %u\n", seen, s->n);
}

static void remove_calls(struct scale *s)
{
	uint64_t begin = now();
	unsigned int done;

	if (qsc_call_del_many(s->sk, s->names, s->n, &done))
		refused(s, "call del");
	report(s, "teardown", begin);
}

static uint32_t suite_named(const char *name)
{
	uint32_t suite = qsc_suite_by_name(name);

	if (!suite)
		ksft_exit_fail_msg("%s is no suite\n", name);
	return suite;
}

int main(int argc, char **argv)
{
	static struct scale s;
	bool keep = argc > 2 && !strcmp(argv[argc - 1], "keep");
	int suites;

	s.n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	if (!s.n)
		ksft_exit_fail_msg("how many calls?\n");
	s.watch = argc > 2 && !strcmp(argv[argc - 1], "watch");
	suites = argc - 2 - keep - s.watch;
	s.suite[0] = suites > 0 ? suite_named(argv[2]) : QSC_SUITE_AEAD_AES_256_GCM;
	s.suite[1] = suites > 1 ? suite_named(argv[3]) : s.suite[0];
	if (qsc_open(&s.sk))
		ksft_exit_skip("the module is not loaded\n");
	prepare(&s);
	warm_up(&s);
	if (s.watch) {
		watch_nothing(&s);
		watch_memory(&s);
	}
	make_calls(&s);
	look_at_calls(&s);
	if (!keep)
		remove_calls(&s);
	qsc_close(s.sk);
	return 0;
}
