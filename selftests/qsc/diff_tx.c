// SPDX-License-Identifier: GPL-2.0
/*
 * What the module sends is, byte for byte, what libsrtp would have sent, and
 * libsrtp accepts it. What libsrtp refuses to send, the module drops.
 */
#include <arpa/inet.h>
#include <string.h>

#include "../lib/ksft.h"
#include "diff.h"

struct tx {
	srtp_t ref;		/* protects what the module protects */
	srtp_t peer;		/* receives */
	struct packet plain[CHANNELS][BATCH];
	int plains[CHANNELS];
	int seen[CHANNELS];
	bool rtcp_begun[STREAMS_MAX];
};

static int stream_of(const struct run *run, uint32_t ssrc)
{
	int i;

	for (i = 0; run->stream[i].ssrc != ssrc; i++)
		;
	return i;
}

/*
 * RFC 3711 section 3.4 numbers SRTCP packets from 0, as the module does;
 * libsrtp from 1. So libsrtp can only produce the second and later ones of an
 * SSRC, and the first one is checked by what the peer makes of it.
 */
static bool is_first_rtcp(struct run *run, struct tx *tx, const struct packet *pkt)
{
	bool *begun = &tx->rtcp_begun[stream_of(run, pkt->ssrc)];

	if (!pkt->rtcp || *begun)
		return false;
	*begun = true;
	return !run->standin.on;
}

static bool check(struct run *run, const struct packet *want, struct packet *got,
		  void *arg)
{
	struct channel *ch = diff_channel(run, want);
	struct tx *tx = arg;
	enum ref_verdict v;
	uint32_t word;
	int c = ch - run->ch;

	if (want->len) {
		if (!diff_same(run, want, got))
			return false;
	} else {
		memcpy(&word, got->data + got->len - 4 - run->keys.gen[run->gen].mki_len, 4);
		if (ntohl(word) != 0x80000000)
			diff_fail(run, "first SRTCP index word is %08x\n", ntohl(word));
	}
	v = ref_unprotect(tx->peer, &run->keys, got);
	if (v)
		diff_fail(run, "the peer takes a packet for %s\n", ref_verdict_name(v));
	return diff_same(run, &tx->plain[c][tx->seen[c]++], got);
}

static void batch(struct run *run, struct tx *tx, int n)
{
	static const struct disorder orderly = {
		.lose = 30, .late = 60, .edge = 20, .stale = 10, .twice = 10,
	};
	static struct packet pkt[BATCH];
	struct disorder how = orderly;
	struct packet ref;
	enum ref_verdict v;
	int c, i;

	how.leap = run->sc->leaps ? 10 : 0;
	memset(tx->plains, 0, sizeof(tx->plains));
	memset(tx->seen, 0, sizeof(tx->seen));
	for (i = 0; i < n; i++) {
		diff_plain(run, &pkt[i], &how);
		ref = pkt[i];
		if (is_first_rtcp(run, tx, &ref)) {
			v = REF_OK;
			ref.len = 0;
		} else {
			v = ref_protect(tx->ref, &run->keys, run->gen, &ref);
		}
		if (v) {
			run->tally.replay++;
			continue;
		}
		if (pkt[i].rtcp)
			run->tally.rtcp++;
		else
			run->tally.rtp++;
		diff_want(run, &ref);
		c = diff_channel(run, &pkt[i]) - run->ch;
		tx->plain[c][tx->plains[c]++] = pkt[i];
	}
	diff_app_sends(run, pkt, n);
	diff_peer_receives(run, check, tx);
}

void diff_tx(struct run *run)
{
	struct tx *tx = calloc(1, sizeof(*tx));
	int left = run->sc->packets;
	int n;

	if (!tx)
		ksft_exit_fail_msg("out of memory\n");
	tx->ref = ref_open(&run->keys, true);
	tx->peer = ref_open(&run->keys, false);
	if (run->standin.on)
		run->standin.tx = ref_open(&run->keys, true);
	else
		diff_key(run, QSC_DIR_TX, 0);

	while (left > 0 && !run->failed) {
		if (run->sc->rekey && !run->gen && left < run->sc->packets / 2) {
			run->gen = 1;
			diff_key(run, QSC_DIR_TX, 1);
		}
		n = left < BATCH ? left : BATCH;
		batch(run, tx, n);
		left -= n;
	}
	diff_drained(run);
	srtp_dealloc(tx->ref);
	srtp_dealloc(tx->peer);
	free(tx);
}
