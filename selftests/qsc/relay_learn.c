// SPDX-License-Identifier: GPL-2.0
/*
 * A relay's leg that learns its remote takes it from packets that authenticated
 * and are the newest of their stream; a plain one from the first of its prefix,
 * in its window. Nobody else changes anything.
 */
#include <stddef.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "ends.h"

#define FAR_SSRC	0x51534302	/* of what handset 1 sends */
#define PAYLOAD		160
#define MOVED		2000		/* added to a handset's port when it moves */
#define SPRAY		200

static uint16_t far_seq;

/* A packet of handset 1. */
static void far_rtp(struct packet *pkt)
{
	gen_rtp_plain(pkt, FAR_SSRC, ++far_seq, "said", 4);
}

/* Does handset 1 reach handset 0 at the socket that it has now? */
static bool reached(struct ends *e)
{
	struct packet pkt;

	far_rtp(&pkt);
	ends_send(e, 1, &pkt);
	return ends_gets(e, 0, &pkt);
}

/* Another socket of B, connected to leg 0. */
static int elsewhere(struct ends *e, int host, uint16_t port)
{
	int fd = net_udp(SIDE_B, e->end[0].opts.family, host, port);

	net_connect(fd, e->end[0].opts.family, end_leg_host(0), end_leg_port(0));
	return fd;
}

/* The handset has another address from now on; returns its old socket. */
static int move(struct ends *e)
{
	int old = e->end[0].fd;

	e->end[0].fd = elsewhere(e, 3, end_port(0) + MOVED);
	e->end[0].rtcp = e->end[0].fd;
	return old;
}

static bool nothing_leaves_before(struct ends *e)
{
	struct packet pkt;

	far_rtp(&pkt);
	ends_send(e, 1, &pkt);
	return ends_quiet(e) && ends_counted(e, 0, QSC_A_STATS_TX_DROP_NO_REMOTE, 1);
}

static bool first_packet_tells(struct ends *e)
{
	return ends_heard(e, 1) && ends_counted(e, 0, QSC_A_STATS_RX_LATCHED, 1) && reached(e);
}

static bool rtcp_tells_before_rtp(struct ends *e)
{
	struct packet pkt;

	gen_rtcp(&pkt, &e->rng, ENDS_SSRC);
	ends_send(e, 0, &pkt);
	return ends_gets(e, 1, &pkt) && reached(e);
}

static bool newest_packet_moves_it(struct ends *e)
{
	bool good = ends_heard(e, 1) && reached(e);
	int old = move(e);

	good = good && ends_heard(e, 2) && ends_counted(e, 0, QSC_A_STATS_RX_LATCHED, 2) &&
	       reached(e);
	close(old);
	return good;
}

static bool late_packet_moves_nothing(struct ends *e)
{
	struct packet late, pkt;
	bool good;
	int old;

	good = ends_heard(e, 1);
	ends_rtp(&late, 2, PAYLOAD);
	pkt = late;
	ends_protect(e, 0, &late);
	old = move(e);
	good = good && ends_heard(e, 3) && reached(e);
	/* On its way until now: it is good, but not the newest. */
	send(old, late.data, late.len, 0);
	good = good && ends_gets(e, 1, &pkt) && ends_counted(e, 0, QSC_A_STATS_RX_LATCHED, 2) &&
	       reached(e);
	close(old);
	return good;
}

/* From another address: what was heard on the wire, what was made up. */
static void attack(struct ends *e, int fd, const struct packet *heard_before)
{
	struct packet pkt;
	int i;

	for (i = 0; i < SPRAY; i++) {
		gen_rtp(&pkt, &e->rng, i & 1 ? ENDS_SSRC : rng_u64(&e->rng), 1000 + i);
		send(fd, pkt.data, pkt.len, 0);
		pkt = *heard_before;
		if (i & 1)
			pkt.data[RTP_HDR_LEN + i % (pkt.len - RTP_HDR_LEN)] ^= 1 << i % 8;
		send(fd, pkt.data, pkt.len, 0);
	}
}

/* All that leg 0 did not take in. */
static uint64_t drops(struct ends *e)
{
	struct qsc_stats st;
	uint64_t n = 0;
	int i;

	ends_stats(e, 0, &st);
	for (i = QSC_A_STATS_RX_DROP_NO_KEY; i <= QSC_A_STATS_RX_DROP_HOPS; i++)
		n += st.count[i];
	return n;
}

static bool attacker_changes_nothing(struct ends *e)
{
	int fd = elsewhere(e, 2, OTHER_PORT);
	struct packet pkt, wire;
	uint64_t dropped;
	bool good;

	ends_rtp(&pkt, 1, PAYLOAD);
	wire = pkt;
	ends_protect(e, 0, &wire);
	/* before; the attacker cannot have heard it, so it is damaged */
	wire.data[wire.len - 1] ^= 1;
	attack(e, fd, &wire);
	wire.data[wire.len - 1] ^= 1;
	good = ends_counted(e, 0, QSC_A_STATS_RX_LATCHED, 0);
	/* during */
	send(e->end[0].fd, wire.data, wire.len, 0);
	good = good && ends_gets(e, 1, &pkt);
	attack(e, fd, &wire);
	good = good && ends_heard(e, 2) && reached(e);
	/* after */
	attack(e, fd, &wire);
	good = good && ends_counted(e, 0, QSC_A_STATS_RX_LATCHED, 1) && reached(e) && ends_quiet(e);
	dropped = drops(e);
	if (dropped != 3 * 2 * SPRAY) {
		ksft_print_msg("%llu packets dropped, not %d\n", (unsigned long long)dropped,
			       3 * 2 * SPRAY);
		good = false;
	}
	close(fd);
	return good;
}

static bool plain_from_the_prefix(struct ends *e)
{
	int fd = elsewhere(e, 3, OTHER_PORT);
	struct packet pkt;
	bool good;

	ends_rtp(&pkt, 1, PAYLOAD);
	send(fd, pkt.data, pkt.len, 0);
	good = ends_quiet(e) && ends_counted(e, 0, QSC_A_STATS_RX_DROP_PEER, 1) &&
	       ends_counted(e, 0, QSC_A_STATS_RX_LATCHED, 0);
	good = good && ends_heard(e, 1) && reached(e);
	close(fd);
	return good;
}

static bool plain_only_once(struct ends *e)
{
	bool good = ends_heard(e, 1) && reached(e);
	struct packet pkt;
	int fd;

	/* the handset's own address, another port */
	fd = elsewhere(e, 2, end_port(0) + MOVED);
	ends_rtp(&pkt, 2, PAYLOAD);
	send(fd, pkt.data, pkt.len, 0);
	good = good && ends_quiet(e) && ends_counted(e, 0, QSC_A_STATS_RX_DROP_PEER, 1) &&
	       reached(e);
	close(fd);
	return good;
}

static bool plain_only_in_its_window(struct ends *e)
{
	struct packet pkt;

	sleep(2);
	ends_rtp(&pkt, 1, PAYLOAD);
	ends_send(e, 0, &pkt);
	return ends_quiet(e) && ends_counted(e, 0, QSC_A_STATS_RX_DROP_PEER, 1);
}

struct latch {
	int n;
	int leg;
	union qsc_addr remote;
};

static int take_event(const struct qsc_event *event, void *arg)
{
	struct latch *latch = arg;

	if (event->type == QSC_CMD_LATCH_NTF) {
		latch->n++;
		latch->leg = event->leg;
		latch->remote = event->remote;
	}
	return 0;
}

static bool listeners_are_told(struct ends *e)
{
	union addr want = net_addr(e->end[0].opts.family, end_host(0), end_port(0));
	struct latch latch = { 0 };

	net_enter(SIDE_A);
	if (qsc_subscribe(e->sk))
		ksft_exit_fail_msg("subscribe: %s\n", qsc_last_error(e->sk)->text);
	if (!ends_heard(e, 1))
		return false;
	qsc_event_wait(e->sk, 1000, take_event, &latch);
	if (latch.n == 1 && latch.leg == 0 &&
	    !memcmp(&latch.remote, &want, net_addr_len(&want)))
		return true;
	ksft_print_msg("%d events, the last of leg %d\n", latch.n, latch.leg);
	return false;
}

static const struct test {
	const char *name;
	bool (*run)(struct ends *e);
	bool plain;
	uint32_t window_s;
} tests[] = {
	{ "nothing leaves before the remote is known", nothing_leaves_before },
	{ "the first packet tells where the remote is", first_packet_tells },
	{ "RTCP tells it before there is RTP", rtcp_tells_before_rtp },
	{ "the newest packet moves it", newest_packet_moves_it },
	{ "a late packet does not", late_packet_moves_nothing },
	{ "an attacker changes nothing", attacker_changes_nothing },
	{ "listeners are told", listeners_are_told },
	{ "plain: from the prefix", plain_from_the_prefix, true },
	{ "plain: once", plain_only_once, true },
	{ "plain: in the window", plain_only_in_its_window, true, 1 },
};

#define N_TESTS		(int)(sizeof(tests) / sizeof(tests[0]))

static void run(struct ends *e, const struct test *t, int family)
{
	const struct end_opts opts[ENDS] = {
		{
			.family = family,
			.flags = QSC_LEG_FLAGS_LEARN,
			.suite = t->plain ? QSC_SUITE_PLAIN : 0,
			.learn_bits = family == AF_INET ? 32 : 128,
			.learn_window_s = t->window_s,
		},
		{ .family = family, .suite = QSC_SUITE_AEAD_AES_128_GCM },
	};
	bool good;

	far_seq = 0;
	ends_open(e, opts);
	good = t->run(e);
	ends_close(e);
	ksft_test_result(good, "IPv%d %s\n", family == AF_INET ? 4 : 6, t->name);
}

int main(void)
{
	static struct ends e;
	int i;

	ends_start(&e);
	ksft_set_plan(2 * N_TESTS);
	for (i = 0; i < N_TESTS; i++) {
		run(&e, &tests[i], AF_INET);
		run(&e, &tests[i], AF_INET6);
	}
	ksft_finished();
}
