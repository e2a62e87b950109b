// SPDX-License-Identifier: GPL-2.0
/*
 * Two CPUs do the same thing at the same moment. An index that two packets
 * share gives away both and the key of their tags, so whatever two senders do,
 * no index is used twice; and a packet that arrives twice at once is delivered
 * once.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "env.h"
#include "fix.h"

#define RACERS	2
#define RECEIVE_IDLE_MS 500

/* What each racer does in a lap. */
typedef void (*lap_fn)(struct fix *f, int racer, uint32_t lap);

static struct {
	struct fix f;
	lap_fn run;
	uint32_t laps;
	_Atomic uint32_t arrived;
	_Atomic int running;
	struct packet *wire;		/* what the peer sends */
} race;

static uint8_t seen[1 << 16];

/* All of their packets fit into a socket buffer. */
static const struct env_count lap_count = { "QSC_LAPS", 6000, 6000, 2000, 6000 };
static uint32_t most_laps;

/* Both wait for each other before each lap, without sleeping. */
static void line_up(uint32_t lap)
{
	atomic_fetch_add(&race.arrived, 1);
	while (atomic_load(&race.arrived) < (lap + 1) * RACERS)
		;
}

static void *racer(void *arg)
{
	int me = (uintptr_t)arg;
	uint32_t lap;

	net_pin_to(me);
	for (lap = 0; lap < race.laps; lap++) {
		line_up(lap);
		race.run(&race.f, me, lap);
	}
	race.running--;
	return NULL;
}

static void start(pthread_t *t, lap_fn run)
{
	uintptr_t i;

	race.run = run;
	race.arrived = 0;
	race.running = RACERS;
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < RACERS; i++)
		pthread_create(&t[i], NULL, racer, (void *)i);
}

static void finish(pthread_t *t)
{
	int i;

	for (i = 0; i < RACERS; i++)
		pthread_join(t[i], NULL);
}

/*
 * Receive all there is; @slot tells which packet it is. Returns the number of
 * packets, *twice that of those which came more than once.
 */
static uint32_t receive_all(int fd, int (*slot)(const uint8_t *p, int len), uint32_t *twice)
{
	uint32_t n = 0;
	uint8_t buf[512];
	int len, i;

	*twice = 0;
	while (race.running || net_readable(fd, RECEIVE_IDLE_MS)) {
		if (!net_readable(fd, RECEIVE_IDLE_MS))
			continue;
		len = recv(fd, buf, sizeof(buf), 0);
		i = len < 0 ? -1 : slot(buf, len);
		if (i < 0)
			continue;
		n++;
		if (seen[i]++)
			++*twice;
	}
	return n;
}

static int seq_of(const uint8_t *p, int len)
{
	return len >= RTP_HDR_LEN ? p[2] << 8 | p[3] : -1;
}

static int srtcp_index_of(const uint8_t *p, int len)
{
	return len >= 28 ? (p[len - 2] << 8 | p[len - 1]) : -1;
}

/* The same number with another payload: the worst that can happen. */
static void send_rtp(struct fix *f, int racer_id, uint32_t lap)
{
	char payload[MARKER_LEN + 1] = MARKER;
	struct packet pkt;

	payload[MARKER_LEN] = racer_id;
	gen_rtp_plain(&pkt, SSRC, lap, payload, sizeof(payload));
	send(f->app, pkt.data, pkt.len, 0);
}

static void send_rtcp(struct fix *f, int racer_id, uint32_t lap)
{
	uint8_t rr[8] = { 0x80, 201, 0, 1, 'Q', 'S', 'C', 1 };

	(void)racer_id;
	(void)lap;
	send(f->app, rr, sizeof(rr), 0);
}

/* A new SSRC each lap: both racers make its state. */
static void send_new_ssrc(struct fix *f, int racer_id, uint32_t lap)
{
	struct packet pkt;
	char c = racer_id;

	gen_rtp_plain(&pkt, SSRC + lap, lap, &c, 1);
	send(f->app, pkt.data, pkt.len, 0);
}

static void peer_sends(struct fix *f, int racer_id, uint32_t lap)
{
	(void)racer_id;
	send(f->peer, race.wire[lap].data, race.wire[lap].len, 0);
}

/* What two racers do at a time, and what has to come of it. */
struct test {
	const char *what;
	lap_fn run;
	bool many;			/* laps; else as many as there may be SSRCs */
	uint32_t packets;		/* to be seen per lap */
	int (*slot)(const uint8_t *p, int len);
	int counter;
};

static void transmit(const struct test *test, uint32_t laps)
{
	static const struct fix_opts opts;
	const uint32_t expect = laps * test->packets;
	struct qsc_stats st[2];
	pthread_t t[RACERS];
	uint32_t n, twice;
	uint64_t counted;

	fix_open(&race.f, AF_INET, &opts);
	race.laps = laps;
	start(t, test->run);
	n = receive_all(race.f.peer, test->slot, &twice);
	finish(t);
	fix_counters(&race.f, st);
	counted = st[0].count[test->counter];
	ksft_print_msg("%u packets on the wire, %llu counted, %llu refused\n", n,
		       (unsigned long long)counted,
		       (unsigned long long)st[0].count[QSC_A_STATS_TX_DROP_TX_REUSE]);
	if (twice)
		ksft_print_msg("%u indices were used again\n", twice);
	fix_close(&race.f);
	ksft_test_result(!twice && n == expect && counted == expect, "%s\n", test->what);
}

static void receive_twice(const struct test *test)
{
	static const struct fix_opts opts;
	struct qsc_stats st[2];
	pthread_t t[RACERS];
	uint32_t n, twice, i;
	bool good;

	fix_open(&race.f, AF_INET, &opts);
	race.laps = most_laps;
	race.wire = calloc(most_laps, sizeof(*race.wire));
	if (!race.wire)
		ksft_exit_fail_msg("out of memory\n");
	for (i = 0; i < most_laps; i++)
		fix_protect(&race.f, &race.wire[i], SSRC, i);
	start(t, test->run);
	n = receive_all(race.f.app, test->slot, &twice);
	finish(t);
	fix_counters(&race.f, st);
	ksft_print_msg("%u delivered, %llu counted, %llu replays counted\n", n,
		       (unsigned long long)st[0].count[QSC_A_STATS_RX_RTP],
		       (unsigned long long)st[0].count[QSC_A_STATS_RX_DROP_REPLAY]);
	if (twice)
		ksft_print_msg("%u packets were delivered twice\n", twice);
	good = !twice && n == most_laps && st[0].count[QSC_A_STATS_RX_RTP] == most_laps &&
	       st[0].count[QSC_A_STATS_RX_DROP_REPLAY] == (RACERS - 1) * most_laps;
	fix_close(&race.f);
	free(race.wire);
	ksft_test_result(good, "%s\n", test->what);
}

static const struct test tests[] = {
	{ "two senders of one sequence number: one packet leaves", send_rtp, true, 1, seq_of,
	  QSC_A_STATS_TX_RTP },
	{ "two senders of RTCP: each packet has its own index", send_rtcp, true, RACERS,
	  srtcp_index_of, QSC_A_STATS_TX_RTCP },
	{ "two senders of a new SSRC: its state is made once", send_new_ssrc, false, 1, seq_of,
	  QSC_A_STATS_TX_RTP },
	{ "a packet that comes on two CPUs is delivered once", peer_sends, true, 1, seq_of,
	  QSC_A_STATS_RX_RTP },
};

#define N_TESTS (sizeof(tests) / sizeof(*tests))

int main(void)
{
	unsigned int plan = 0;
	struct qsc_info info;
	struct qsc_sock *sk;
	size_t i;

	ksft_print_header();
	if (sysconf(_SC_NPROCESSORS_ONLN) < RACERS)
		ksft_exit_skip("needs two CPUs\n");
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	net_up();
	sk = dut_open(SIDE_A);
	if (qsc_info(sk, &info))
		ksft_exit_fail_msg("info: %s\n", qsc_last_error(sk)->text);
	qsc_close(sk);
	for (i = 0; i < N_TESTS; i++)
		plan += ksft_wanted("%s", tests[i].what);
	ksft_set_plan(plan);
	most_laps = env_count(&lap_count);
	for (i = 0; i < N_TESTS; i++) {
		if (!ksft_wanted("%s", tests[i].what))
			continue;
		if (tests[i].run == peer_sends)
			receive_twice(&tests[i]);
		else
			transmit(&tests[i], tests[i].many ? most_laps : info.max_ssrcs);
	}
	ksft_finished();
}
