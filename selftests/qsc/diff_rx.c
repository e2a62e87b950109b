// SPDX-License-Identifier: GPL-2.0
/*
 * Through a network that loses, delays, repeats and damages packets, the
 * module delivers what libsrtp would have delivered, and nothing else.
 */
#include <string.h>

#include "../lib/ksft.h"
#include "diff.h"

#define HELD_MAX	64
#define PAST_MAX	4096

struct held {
	struct packet pkt;
	int delay;		/* packets until it is let go; 0 = free */
};

struct rx {
	srtp_t sender;
	srtp_t shadow;		/* receives what the module receives */
	struct held held[HELD_MAX];
	struct packet *past;	/* ring of what was on the wire */
	unsigned int pasts;
	struct packet wire[WIRE_BATCH];
	int wires;
};

static void emit(struct run *run, struct rx *rx, const struct packet *pkt, bool damaged)
{
	struct packet plain = *pkt;
	enum ref_verdict v;

	if (rx->wires == WIRE_BATCH)
		ksft_exit_fail_msg("too many packets in one batch\n");
	rx->wire[rx->wires++] = *pkt;
	v = ref_unprotect(rx->shadow, &run->keys, &plain);
	/* which of its faults shows first may depend on who looks */
	switch (v && damaged ? REF_FORGED : v) {
	case REF_OK:
		if (plain.rtcp)
			run->tally.rtcp++;
		else
			run->tally.rtp++;
		diff_want(run, &plain);
		break;
	case REF_REPLAY:
		run->tally.replay++;
		break;
	case REF_OLD:
		run->tally.old++;
		break;
	case REF_FORGED:
		run->tally.forged++;
		break;
	}
}

static void hold(struct run *run, struct rx *rx, const struct packet *pkt)
{
	/* a stream gets one packet in so many: a delay inside its window, or not */
	int reach = 2 * run->sc->window * run->sc->streams;
	int i;

	for (i = 0; i < HELD_MAX; i++) {
		if (rx->held[i].delay)
			continue;
		rx->held[i].pkt = *pkt;
		rx->held[i].delay = rng_range(&run->rng, 1, rng_permille(&run->rng, 600) ?
					      8 : reach);
		return;
	}
	emit(run, rx, pkt, false);
}

static void let_go(struct run *run, struct rx *rx, bool all)
{
	int i;

	for (i = 0; i < HELD_MAX; i++) {
		struct held *h = &rx->held[i];

		if (!h->delay || (--h->delay && !all))
			continue;
		h->delay = 0;
		emit(run, rx, &h->pkt, false);
	}
}

static void remember(struct rx *rx, const struct packet *pkt)
{
	rx->past[rx->pasts++ % PAST_MAX] = *pkt;
}

static const struct packet *recall(struct run *run, struct rx *rx)
{
	unsigned int most = rx->pasts < PAST_MAX ? rx->pasts : PAST_MAX;
	unsigned int back = rng_range(&run->rng, 1, rng_below(&run->rng, 2) ?
				      (most < 16 ? most : 16) : most);

	return &rx->past[(rx->pasts - back) % PAST_MAX];
}

static void network(struct run *run, struct rx *rx, const struct packet *pkt)
{
	struct packet bad;

	remember(rx, pkt);
	if (rng_permille(&run->rng, 30)) {
		bad = *pkt;
		gen_damage(&bad, &run->rng);
		emit(run, rx, &bad, true);
	}
	if (rng_permille(&run->rng, 20))
		;	/* lost */
	else if (rng_permille(&run->rng, 50))
		hold(run, rx, pkt);
	else
		emit(run, rx, pkt, false);
	if (rng_permille(&run->rng, 50))
		emit(run, rx, recall(run, rx), false);
	let_go(run, rx, false);
}

static bool check(struct run *run, const struct packet *want, struct packet *got,
		  void *arg)
{
	(void)arg;
	return diff_same(run, want, got);
}

static void exchange(struct run *run, struct rx *rx)
{
	diff_peer_sends(run, rx->wire, rx->wires);
	diff_app_receives(run, check, NULL);
	rx->wires = 0;
}

/* While a rekey is under way, packets of both generations are in flight. */
static int generation(struct run *run, int left)
{
	int half = run->sc->packets / 2;

	if (!run->gen)
		return 0;
	return left < half - 4 * BATCH || rng_below(&run->rng, 2);
}

static void batch(struct run *run, struct rx *rx, int n, int left)
{
	static const struct disorder orderly = { .lose = 20 };
	struct disorder how = orderly;
	struct packet pkt;

	how.leap = run->sc->leaps ? 10 : 0;
	while (n--) {
		diff_plain(run, &pkt, &how);
		if (ref_protect(rx->sender, &run->keys, generation(run, left), &pkt))
			ksft_exit_fail_msg("libsrtp does not protect what it should\n");
		network(run, rx, &pkt);
	}
	exchange(run, rx);
}

/* The receiver of ROC_UNTOLD believes that every stream is at 0. */
static srtp_t open_receiver(struct run *run)
{
	struct srtp_keys keys = run->keys;

	if (run->sc->roc == ROC_UNTOLD)
		keys.rocs = 0;
	return ref_open(&keys, false);
}

static void set_up(struct run *run, struct rx *rx)
{
	int rocs = run->keys.rocs;

	rx->past = calloc(PAST_MAX, sizeof(*rx->past));
	if (!rx->past)
		ksft_exit_fail_msg("out of memory\n");
	rx->sender = ref_open(&run->keys, true);
	rx->shadow = open_receiver(run);
	if (run->standin.on) {
		run->standin.rx = open_receiver(run);
		return;
	}
	if (run->sc->roc == ROC_UNTOLD)
		run->keys.rocs = 0;
	diff_key(run, QSC_DIR_RX, 0);
	run->keys.rocs = rocs;
}

void diff_rx(struct run *run)
{
	struct rx *rx = calloc(1, sizeof(*rx));
	int left = run->sc->packets;
	int n;

	if (!rx)
		ksft_exit_fail_msg("out of memory\n");
	set_up(run, rx);
	while (left > 0 && !run->failed) {
		if (run->sc->rekey && !run->gen && left < run->sc->packets / 2) {
			run->gen = 1;
			diff_key(run, QSC_DIR_RX, 1);
		}
		n = left < BATCH ? left : BATCH;
		batch(run, rx, n, left);
		left -= n;
	}
	let_go(run, rx, true);
	exchange(run, rx);
	diff_drained(run);
	srtp_dealloc(rx->sender);
	srtp_dealloc(rx->shadow);
	free(rx->past);
	free(rx);
}
