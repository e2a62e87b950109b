// SPDX-License-Identifier: GPL-2.0
/*
 * Relay calls in networks as they are: packets get lost, come twice and overtake each
 * other; both handsets are at one address; the other side of a leg is a relay, too;
 * and keys and sources change in mid-call.
 */
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "ends.h"
#include "env.h"

#define SSRC		0x51534301
#define FIRST		64800		/* sequence numbers go round in mid-call */
#define PAYLOAD		160
#define QUIET_MS	200		/* what netem holds back comes sooner */
#define MOST		8192

static const struct env_count packets = { "QSC_PACKETS", 6000, 2000, 1200, 1200 };
static unsigned int n_packets;

#define N(a) (int)(sizeof(a) / sizeof((a)[0]))

/* The @n-th packet of all: whoever gets it can tell. */
static void make(struct packet *pkt, unsigned int n)
{
	uint32_t payload[PAYLOAD / 4];
	unsigned int i;

	for (i = 0; i < PAYLOAD / 4; i++)
		payload[i] = n * 2654435761u + i;
	gen_rtp_plain(pkt, SSRC, FIRST + n, payload, sizeof(payload));
}

/* ------------------------------------------------------ what netem does */

struct tally {
	unsigned int got, twice, wrong, late;
	unsigned int top;		/* newest that came, from 1 */
	unsigned int first;		/* oldest that came, from 0 */
	bool seen[MOST];
};

/* Sequence numbers come round once at most. */
static void take(struct ends *e, struct tally *t)
{
	struct end *end = &e->end[1];
	static struct packet got, want;
	unsigned int n;

	got.rtcp = false;
	got.len = recv(end->fd, got.data, RTP_WIRE_MAX, 0);
	if (got.len < RTP_HDR_LEN ||
	    (!end_is_plain(end) && ref_unprotect(end->receiver, &end->tx, &got))) {
		t->wrong++;
		return;
	}
	n = (uint16_t)((got.data[2] << 8 | got.data[3]) - FIRST);
	make(&want, n);
	if (n >= n_packets || got.len != want.len || memcmp(got.data, want.data, want.len)) {
		t->wrong++;
		return;
	}
	t->twice += t->seen[n];
	t->seen[n] = true;
	t->got++;
	t->late += n + 1 < t->top;
	if (n + 1 > t->top)
		t->top = n + 1;
	if (n < t->first)
		t->first = n;
}

static void send_all(struct ends *e, struct tally *t)
{
	struct packet pkt;
	unsigned int n;

	for (n = 0; n < n_packets; n++) {
		make(&pkt, n);
		ends_send(e, 0, &pkt);
		while (net_readable(e->end[1].fd, 0))
			take(e, t);
	}
	while (net_readable(e->end[1].fd, QUIET_MS))
		take(e, t);
}

static int copy_quality(const struct qsc_call *call, void *arg)
{
	struct qsc_quality *q = arg;

	if (call->n_legs && call->legs[0].n_quality == 1)
		*q = call->legs[0].quality[0];
	return 0;
}

/* What the module says of the call is what the handset saw of it. */
static bool told(struct ends *e, const struct tally *t, bool secure)
{
	struct qsc_quality q = {};
	struct qsc_stats in, out;
	uint64_t twice;

	ends_stats(e, 0, &in);
	ends_stats(e, 1, &out);
	if (qsc_call_stats(e->sk, RELAY, copy_quality, &q))
		ksft_exit_fail_msg("stats: %s\n", qsc_last_error(e->sk)->text);
	twice = in.count[QSC_A_STATS_RX_DROP_REPLAY] + in.count[QSC_A_STATS_RX_DROP_OLD];
	ksft_print_msg("%u of %u packets came, %u late; the relay dropped %llu, and says "
		       "%llu lost, %u late\n", t->got, n_packets, t->late,
		       (unsigned long long)twice, (unsigned long long)q.lost, q.late);
	if (in.count[QSC_A_STATS_RX_RTP] != t->got || out.count[QSC_A_STATS_TX_RTP] != t->got)
		return false;
	return (!secure || twice) && q.packets == t->got && q.late == t->late &&
	       q.lost == t->top - t->first - t->got;
}

static void bad_network(struct ends *e, uint32_t from, uint32_t to)
{
	const struct end_opts opts[ENDS] = { { .suite = from }, { .suite = to } };
	bool secure = from != QSC_SUITE_PLAIN;
	static struct tally t;
	bool good;

	/* what comes twice from a plain leg is the other handset's to tell */
	if (net_sh(SIDE_B, "tc qdisc add dev wb root netem delay 3ms loss 4%% reorder 30%% 50%%%s",
		   secure ? " duplicate 4%" : "")) {
		ksft_test_result_skip("%s -> %s # SKIP there is no netem\n", qsc_suite_name(from),
				      qsc_suite_name(to));
		return;
	}
	memset(&t, 0, sizeof(t));
	t.first = n_packets;
	ends_open(e, opts);
	send_all(e, &t);
	good = !t.wrong && !t.twice && t.got > n_packets / 2 && t.got < n_packets && t.late;
	good = told(e, &t, secure) && good;
	ends_close(e);
	net_sh(SIDE_B, "tc qdisc del dev wb root");
	ksft_test_result(good, "losses, repeats and disorder pass as they are, repeats only once: "
			 "%s -> %s\n", qsc_suite_name(from), qsc_suite_name(to));
}

/* ------------------------------------------------- where the handsets are */

/* Both kinds of packets, both ways. */
static bool talk(struct ends *e, unsigned int count, uint32_t ssrc, uint16_t seq)
{
	static struct packet pkt;
	unsigned int i;

	for (i = 0; i < count; i++) {
		int from = i & 1;

		if (i % 8 < 6)
			gen_rtp(&pkt, &e->rng, ssrc + from, seq++);
		else
			gen_rtcp(&pkt, &e->rng, ssrc + from);
		ends_send(e, from, &pkt);
		if (!ends_gets(e, !from, &pkt)) {
			ksft_print_msg("packet %u, from handset %d\n", i, from);
			return false;
		}
	}
	return true;
}

static void hairpin(struct ends *e, int family)
{
	const struct end_opts opts[ENDS] = {
		{ .family = family },
		{ .family = family, .suite = QSC_SUITE_AEAD_AES_128_GCM, .hairpin = true },
	};
	bool good;

	ends_open(e, opts);
	good = talk(e, 40, SSRC, 1) && ends_quiet(e);
	ends_close(e);
	ksft_test_result(good, "both handsets at one address: IPv%d\n", family == AF_INET ? 4 : 6);
}

static void row(struct ends *e, uint32_t between)
{
	static const struct end_opts opts[ENDS] = {
		{ .mki_len = 4 },
		{ .suite = QSC_SUITE_AES_CM_128_HMAC_SHA1_80, .family = AF_INET6 },
	};
	bool good;

	ends_open_row(e, opts, between);
	good = talk(e, 40, SSRC, 1) && ends_quiet(e);
	ends_close(e);
	ksft_test_result(good, "two relays in a row: %s between them\n", qsc_suite_name(between));
}

/* --------------------------------------------------- changes in mid-call */

#define REKEYS 2

static void rekeyed(struct ends *e, uint32_t suite)
{
	const struct end_opts opts[ENDS] = {
		{ .suite = suite, .mki_len = 4, .rekeys = REKEYS },
		{ .suite = QSC_SUITE_AEAD_AES_128_GCM, .mki_len = 2, .rekeys = REKEYS },
	};
	unsigned int round;
	bool good;

	ends_open(e, opts);
	good = talk(e, 16, SSRC, 1);
	for (round = 1; good && round <= ENDS * REKEYS; round++) {
		ends_rekey(e, round & 1);
		good = talk(e, 16, SSRC, 1 + 16 * round);
	}
	good = good && ends_quiet(e);
	ends_close(e);
	ksft_test_result(good, "keys of the one leg and of the other change, nothing is lost: %s\n",
			 qsc_suite_name(suite));
}

static void new_sources(struct ends *e)
{
	static const struct end_opts opts[ENDS];
	unsigned int i;
	bool good = true;

	ends_open(e, opts);
	for (i = 0; good && i < 6; i++)
		good = talk(e, 16, SSRC + 2 * (i % 3), 65530 + 16 * i);
	good = good && ends_quiet(e);
	ends_close(e);
	ksft_test_result(good, "sources change, and come back with their rollover counters\n");
}

static const struct {
	uint32_t from, to;
} bad[] = {
	{ QSC_SUITE_AEAD_AES_256_GCM, QSC_SUITE_AEAD_AES_128_GCM },
	{ QSC_SUITE_AES_CM_128_HMAC_SHA1_80, QSC_SUITE_AEAD_AES_256_GCM },
	{ QSC_SUITE_PLAIN, QSC_SUITE_AEAD_AES_256_GCM },
	{ QSC_SUITE_AEAD_AES_256_GCM, QSC_SUITE_PLAIN },
};

static const uint32_t between[] = {
	QSC_SUITE_AEAD_AES_256_GCM,
	QSC_SUITE_AES_CM_128_HMAC_SHA1_80,
	QSC_SUITE_PLAIN,
};

static const uint32_t rekey_suites[] = {
	QSC_SUITE_AEAD_AES_256_GCM,
	QSC_SUITE_AES_CM_128_HMAC_SHA1_80,
};

int main(void)
{
	static struct ends e;
	int i;

	ends_start(&e);
	n_packets = env_count(&packets);
	if (n_packets > MOST)
		n_packets = MOST;
	ksft_set_plan(N(bad) + 2 + N(between) + N(rekey_suites) + 1);
	for (i = 0; i < N(bad); i++)
		bad_network(&e, bad[i].from, bad[i].to);
	hairpin(&e, AF_INET);
	hairpin(&e, AF_INET6);
	for (i = 0; i < N(between); i++)
		row(&e, between[i]);
	for (i = 0; i < N(rekey_suites); i++)
		rekeyed(&e, rekey_suites[i]);
	new_sources(&e);
	ksft_finished();
}
