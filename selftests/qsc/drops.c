// SPDX-License-Identifier: GPL-2.0
/*
 * Every reason to drop a packet: exactly one packet is offered that has to be
 * dropped, exactly its counter moves, by one, and nobody gets the packet. Every
 * plain packet has a marker in it, which the wire must never carry.
 */
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "drops.h"

#define SETTLE_US	5000

static bool anything(int fd)
{
	bool seen = false;

	while (net_stray(fd))
		seen = true;
	return seen;
}

/* Wait until the packet has been counted, and a little for more to be. */
static void settle(struct fix *f, struct qsc_stats before[2], struct qsc_stats after[2])
{
	int tries = 200;

	do {
		usleep(SETTLE_US);
		fix_counters(f, after);
	} while (!dut_stats_any(&before[0], &after[0]) && --tries);
	usleep(SETTLE_US);
	fix_counters(f, after);
}

static bool outcome(struct fix *f, const struct drop_case *c, bool tx)
{
	int receiver = tx ? f->peer : f->app;
	bool clear, good = true;
	unsigned int n;

	n = fix_frames(f, &clear);
	if (c->delivers) {
		if (!net_stray(receiver)) {
			ksft_print_msg("the receiver got nothing\n");
			good = false;
		}
		return good;
	}
	if (anything(f->app) || anything(f->peer)) {
		ksft_print_msg("somebody got a packet\n");
		good = false;
	}
	if (tx && n) {
		ksft_print_msg("%u frames were on the wire\n", n);
		good = false;
	}
	if (tx && clear) {
		ksft_print_msg("the wire carried the packet in clear\n");
		good = false;
	}
	return good;
}

static const char *version(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static void run(const struct drop_case *c, int family, bool tx)
{
	const uint64_t want[] = { c->counter, 1, 0 };
	struct qsc_stats before[2], after[2];
	const char *ip = version(family);
	const char *name = qsc_stat_name(c->counter);
	const char *why_not = c->why_not;
	static struct fix f;
	bool clear, good;

	if (c->why_not_v6 && family == AF_INET6)
		why_not = c->why_not_v6;
	if (why_not) {
		ksft_test_result_skip("%s %s: %s # SKIP %s\n", ip, name, c->name, why_not);
		return;
	}
	fix_open(&f, family, &c->opts);
	if (c->prepare) {
		c->prepare(&f);
		usleep(SETTLE_US);
		anything(f.app);
		anything(f.peer);
		fix_frames(&f, &clear);
		if (clear)
			ksft_print_msg("the wire carried a good packet in clear\n");
	}
	fix_counters(&f, before);
	c->provoke(&f);
	settle(&f, before, after);

	good = dut_stats_moved(&before[0], &after[0], want);
	good = dut_stats_moved(&before[1], &after[1], want) && good;
	good = outcome(&f, c, tx) && !f.wrong && good;
	fix_close(&f);
	ksft_test_result(good, "%s %s: %s\n", ip, name, c->name);
}

/* Each state a call can be in, and what is sent in it. */
static const struct {
	const char *name;
	bool tx_key, rx_key, erased;
} states[] = {
	{ "new" },
	{ "only sending key", .tx_key = true },
	{ "only receiving key", .rx_key = true },
	{ "secure", .tx_key = true, .rx_key = true },
	{ "erased", .tx_key = true, .rx_key = true, .erased = true },
};

#define N_STATES (sizeof(states) / sizeof(*states))
#define NOTHING_IN_CLEAR "%s nothing in clear, and each packet counted once: %s"
#define COMPLETE "every drop counter has its case"

/* All kinds of packets the application could send; returns their number. */
static int send_everything(struct fix *f)
{
	static char big[4000];
	struct packet pkt;
	struct craft c;
	int i;

	for (i = 0; i + MARKER_LEN <= (int)sizeof(big); i += MARKER_LEN)
		memcpy(big + i, MARKER, MARKER_LEN);
	fix_app_sends(f, SSRC, 1);
	fix_app_sends(f, SSRC, 1);
	fix_app_sends(f, SSRC, 65000);
	/* RTCP: an APP packet */
	memcpy(pkt.data, "\x80\xcc\0\5QSC\1" MARKER, 8 + MARKER_LEN);
	fix_send(f->app, pkt.data, 8 + MARKER_LEN);
	fix_send(f->app, MARKER, MARKER_LEN);
	/* RTP in three IP fragments, and junk in three */
	memcpy(big, "\x80\0\0\2\0\0\0\0QSC\1", 12);
	fix_send(f->app, big, sizeof(big));
	fix_send(f->app, big + 16, sizeof(big) - 16);
	gen_rtp_plain(&pkt, SSRC, 3, MARKER MARKER, 2 * MARKER_LEN);
	c = fix_craft(f, SIDE_A, &pkt);
	c.options = true;
	craft_send(&c);
	return 8;
}

static void nothing_in_clear(int state, int family)
{
	const struct fix_opts opts = { .no_tx_key = !states[state].tx_key,
				       .no_rx_key = !states[state].rx_key };
	struct qsc_stats before[2], after[2];
	uint64_t counted = 0;
	static struct fix f;
	bool clear;
	int sent;
	int i;

	fix_open(&f, family, &opts);
	if (states[state].erased)
		fix_erase(&f);
	fix_counters(&f, before);
	sent = send_everything(&f);
	usleep(SETTLE_US);
	fix_counters(&f, after);
	for (i = QSC_A_STATS_TX_RTP; i <= QSC_A_STATS_TX_DROP_CRYPTO; i++)
		if (i != QSC_A_STATS_TX_OCTETS && i != QSC_A_STATS_TX_COPIES &&
		    i != QSC_A_STATS_TX_NOSIMD)
			counted += after[0].count[i] - before[0].count[i];
	fix_frames(&f, &clear);
	if (clear)
		ksft_print_msg("the wire carried a packet in clear\n");
	if (counted != (uint64_t)sent)
		ksft_print_msg("%d packets were sent, %llu were counted\n", sent,
			       (unsigned long long)counted);
	fix_close(&f);
	ksft_test_result(!clear && counted == (uint64_t)sent,
			 NOTHING_IN_CLEAR "\n", version(family), states[state].name);
}

/* They have theirs in relay_learn and relay_ways. */
static bool is_of_relays(int counter)
{
	return counter == QSC_A_STATS_TX_DROP_NO_REMOTE ||
	       counter == QSC_A_STATS_TX_DROP_NO_ROUTE ||
	       counter == QSC_A_STATS_RX_DROP_CHECKSUM || counter == QSC_A_STATS_RX_DROP_HOPS;
}

static bool has_case(const struct drop_case *c, int n, int counter)
{
	while (n--)
		if (c++->counter == counter)
			return true;
	return false;
}

/* A counter that is added to the module needs a case here. */
static void complete(void)
{
	bool good = true;
	const char *name;
	int i;

	for (i = 1; i < QSC_A_STATS_PAD; i++) {
		name = qsc_stat_name(i);
		if (!name || !strstr(name, "_drop_") || is_of_relays(i))
			continue;
		if (!has_case(drop_tx_cases, drop_tx_count, i) &&
		    !has_case(drop_rx_cases, drop_rx_count, i)) {
			ksft_print_msg("no case for %s\n", name);
			good = false;
		}
	}
	ksft_test_result(good, COMPLETE "\n");
}

static int each_case(const struct drop_case *c, int n, int family, bool tx, bool count_only)
{
	int total = 0;

	for (; n--; c++) {
		if (!ksft_wanted("%s %s: %s", version(family), qsc_stat_name(c->counter), c->name))
			continue;
		total++;
		if (!count_only)
			run(c, family, tx);
	}
	return total;
}

static int each_state(int family, bool count_only)
{
	int total = 0;
	size_t s;

	for (s = 0; s < N_STATES; s++) {
		if (!ksft_wanted(NOTHING_IN_CLEAR, version(family), states[s].name))
			continue;
		total++;
		if (!count_only)
			nothing_in_clear(s, family);
	}
	return total;
}

/* Run all tests that are wanted, or only count them. */
static int each(bool count_only)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int total = 0;
	int i;

	if (ksft_wanted(COMPLETE)) {
		total++;
		if (!count_only)
			complete();
	}
	for (i = 0; i < 2; i++) {
		total += each_case(drop_tx_cases, drop_tx_count, families[i], true, count_only);
		total += each_case(drop_rx_cases, drop_rx_count, families[i], false, count_only);
		total += each_state(families[i], count_only);
	}
	return total;
}

int main(void)
{
	ksft_print_header();
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	net_pin();
	net_up();
	qsc_close(dut_open(SIDE_A));
	ksft_set_plan(each(true));
	each(false);
	ksft_finished();
}
