// SPDX-License-Identifier: GPL-2.0
/* Packets for the fuzzer: what it sends is one of these, or one of these broken. */
#include <string.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "fuzz.h"

/* Of a thousand packets: */
#define BROKEN		500
#define STUN		60
#define DTLS		30
#define NOISE		50
#define RTCP		120
/* of a thousand unbroken ones that come from the peer: */
#define REPLAYED	80
#define LATE		80
/* of a thousand broken ones: */
#define FROM_PAST	250

/* Most packets are small: what they are made of costs the cipher nothing. */
static int any_len(struct rng *rng)
{
	uint32_t dice = rng_below(rng, 100);

	if (dice < 45)
		return rng_range(rng, RTP_HDR_LEN, 60);
	if (dice < 85)
		return rng_range(rng, 60, 220);
	if (dice < 95)
		return rng_range(rng, 220, 700);
	return rng_range(rng, 700, RTP_PAYLOAD_MAX);
}

/* What may never leave in clear can be found. */
static void fill(struct fuzz *f, const struct fuzz_item *it, uint8_t *p, int len)
{
	int n;

	if (it->place == AT_NOBODY) {
		rng_fill(&f->rng, p, len);
		return;
	}
	for (; len > 0; p += n, len -= n) {
		n = min(len, MARKER_LEN);
		memcpy(p, MARKER, n);
	}
}

/* RTP of @len bytes, with as many CSRCs and as much extension as fit. */
static void make_rtp(struct fuzz *f, const struct fuzz_item *it, struct packet *pkt,
		     uint32_t ssrc, uint16_t seq, int len)
{
	struct rng *rng = &f->rng;
	uint8_t *p = pkt->data;
	int hdr = RTP_HDR_LEN;
	int words;

	len = max(len, RTP_HDR_LEN);
	p[0] = 0x80;
	p[1] = rng_below(rng, 64) | (rng_below(rng, 2) ? 0x80 : 0);
	if (rng_permille(rng, 200))
		p[1] |= 96;
	/* 64 to 95 with the marker bit are RTCP's (RFC 5761 section 4) */
	if ((p[1] & 0x7f) >= 64 && (p[1] & 0x7f) < 96)
		p[1] &= 0x1f;
	put16(p + 2, seq);
	put32(p + 4, seq * 160);
	put32(p + 8, ssrc);
	if (rng_permille(rng, 250)) {
		p[0] |= min(rng_below(rng, 16), (len - hdr) / 4);
		hdr += (p[0] & 15) * 4;
	}
	if (len - hdr >= 4 && rng_permille(rng, 300)) {
		words = rng_below(rng, min(RTP_EXT_WORDS, (len - hdr - 4) / 4) + 1);
		p[0] |= 0x10;
		put16(p + hdr, 0xbede);
		put16(p + hdr + 2, words);
		memset(p + hdr + 4, 0, words * 4);
		hdr += 4 + words * 4;
	}
	memset(p + RTP_HDR_LEN, 0x33, (p[0] & 15) * 4);
	fill(f, it, p + hdr, len - hdr);
	pkt->len = len;
	pkt->rtcp = false;
	pkt->ssrc = ssrc;
}

static void make_rtcp(struct fuzz *f, const struct fuzz_item *it, struct packet *pkt,
		      uint32_t ssrc, int len)
{
	uint8_t *p = pkt->data;

	len = max(len, RTCP_HDR_LEN);
	p[0] = 0x80 | rng_below(&f->rng, 32);
	p[1] = rng_range(&f->rng, 192, 223);
	put16(p + 2, len / 4 - 1);
	put32(p + 4, ssrc);
	fill(f, it, p + RTCP_HDR_LEN, len - RTCP_HDR_LEN);
	pkt->len = len;
	pkt->rtcp = true;
	pkt->ssrc = ssrc;
}

/* What may pass has no marker: it is seen on the wire. */
static void make_stun(struct fuzz *f, struct packet *pkt, int len)
{
	int body = len ? max(len - 20, 0) & ~3 : 4 * (int)rng_below(&f->rng, 30);

	rng_fill(&f->rng, pkt->data, 20 + body);
	pkt->data[0] &= 3;
	put16(pkt->data + 2, body);
	put32(pkt->data + 4, 0x2112a442);
	pkt->len = 20 + body;
}

static void make_dtls(struct fuzz *f, struct packet *pkt, int len)
{
	pkt->len = len ? len : (int)rng_range(&f->rng, 13, 200);
	rng_fill(&f->rng, pkt->data, max(pkt->len, 13));
	pkt->data[0] = rng_range(&f->rng, 20, 63);
	pkt->data[1] = 254;
	pkt->data[2] = rng_below(&f->rng, 2) ? 255 : 253;
}

static void make_noise(struct fuzz *f, const struct fuzz_item *it, struct packet *pkt, int len)
{
	pkt->len = len ? len : (int)rng_below(&f->rng, 200);
	fill(f, it, pkt->data, pkt->len);
	/* nothing, or a random beginning */
	rng_fill(&f->rng, pkt->data, min(pkt->len, rng_below(&f->rng, 24)));
}

struct stream *fuzz_any_stream(struct fuzz *f, enum fuzz_way way)
{
	int i = f->calm ? f->turn++ % FUZZ_STREAMS : rng_below(&f->rng, FUZZ_STREAMS);

	return &f->dir[way].stream[i];
}

static uint16_t next_seq(struct fuzz *f, enum fuzz_way way, struct stream *st)
{
	static const struct disorder unruly = {
		.lose = 30, .leap = 3, .late = 40, .edge = 10, .stale = 5, .twice = 10,
	};
	static const struct disorder orderly;
	uint64_t top;

	/* a broken packet may have been good enough to move the stream on */
	if (fuzz_rule_top(&f->dir[way], st->ssrc, &top))
		st->index = top;
	return stream_next(st, &f->rng, f->calm ? &orderly : &unruly, f->cfg->window);
}

static bool protect(struct fuzz *f, struct fuzz_genuine *g)
{
	struct fuzz_dir *d = &f->dir[FUZZ_RX];
	const uint8_t *word;

	g->wire = g->clear;
	if (ref_protect(d->ref, &d->keys, 0, &g->wire))
		return false;
	if (g->clear.rtcp) {
		word = g->wire.data + g->wire.len - f->cfg->mki_len - FUZZ_WORD;
		g->index = get32(word) & 0x7fffffff;
	}
	return true;
}

/* libsrtp does not send an index twice, nor one left of its window. */
static void refill(struct fuzz *f, const struct fuzz_item *it, struct fuzz_genuine *g,
		   enum fuzz_kind kind, int len)
{
	int plain = len ? len - fuzz_overhead(f, kind) : any_len(&f->rng);
	struct stream *st;
	uint64_t top;
	uint16_t seq;

	if (it->shape == SHAPE_FRAGMENTS)
		plain = FUZZ_V6_SPLIT + rng_range(&f->rng, 8, 80);
	do {
		st = fuzz_any_stream(f, FUZZ_RX);
		if (kind == KIND_RTCP) {
			make_rtcp(f, it, &g->clear, st->ssrc, plain);
			continue;
		}
		top = st->index;
		seq = stream_next(st, &f->rng, &(struct disorder){ .lose = 30 }, f->cfg->window);
		g->index = rtp_estimate(top, seq);
		make_rtp(f, it, &g->clear, st->ssrc, seq, plain);
	} while (!protect(f, g));
	g->kind = kind;
}

static void put_genuine(struct fuzz_item *it, const struct fuzz_genuine *g)
{
	it->pkt = g->wire;
	it->clear = g->clear;
	it->made = g->kind;
	it->index = g->index;
}

struct fuzz_genuine *fuzz_any_past(struct fuzz *f)
{
	struct fuzz_dir *d = &f->dir[FUZZ_RX];

	if (!d->pasts)
		return NULL;
	return &d->past[rng_below(&f->rng, min(d->pasts, FUZZ_HISTORY))];
}

static struct fuzz_genuine *next_genuine(struct fuzz *f, const struct fuzz_item *it,
					 enum fuzz_kind kind, int len)
{
	struct fuzz_genuine *g = &f->dir[FUZZ_RX].next[kind == KIND_RTCP];

	if (g->kind == KIND_OTHER || (len && g->wire.len != len) || it->shape == SHAPE_FRAGMENTS)
		refill(f, it, g, kind, len);
	return g;
}

/* Send the next one, or an old one again, or one that was kept back. */
static void take_genuine(struct fuzz *f, struct fuzz_item *it, enum fuzz_kind kind, int len)
{
	struct fuzz_genuine *g = next_genuine(f, it, kind, len), *held, *past;
	struct fuzz_dir *d = &f->dir[FUZZ_RX];
	struct fuzz_genuine out;

	if (!f->calm && rng_permille(&f->rng, REPLAYED)) {
		past = fuzz_any_past(f);
		if (past) {
			put_genuine(it, past);
			it->how[0] = "again";
			return;
		}
	}
	out = *g;
	g->kind = KIND_OTHER;
	if (!f->calm && rng_permille(&f->rng, LATE)) {
		held = &d->held[rng_below(&f->rng, FUZZ_HELD)];
		*g = *held;	/* the one that takes its place, later than it was made */
		*held = out;
		if (g->kind == KIND_OTHER)
			refill(f, it, g, kind, len);
		out = *g;
		g->kind = KIND_OTHER;
		it->how[0] = "late";
	}
	put_genuine(it, &out);
	d->past[d->pasts++ % FUZZ_HISTORY] = out;
}

/* Something genuine to be broken; it stays to be sent whole. */
static void copy_genuine(struct fuzz *f, struct fuzz_item *it, enum fuzz_kind kind, int len)
{
	struct fuzz_genuine *past = rng_permille(&f->rng, FROM_PAST) ? fuzz_any_past(f) : NULL;

	put_genuine(it, past ? past : next_genuine(f, it, kind, len));
}

static enum fuzz_kind any_kind(struct fuzz *f, const struct fuzz_item *it)
{
	uint32_t dice = rng_below(&f->rng, 1000);
	enum fuzz_kind media = KIND_RTP;

	if (f->cfg->rtcp_port)
		media = it->ch ? KIND_RTCP : KIND_RTP;
	else if (rng_permille(&f->rng, RTCP))
		media = KIND_RTCP;
	if (f->calm)
		return media;
	if (dice < STUN)
		return KIND_STUN;
	dice -= STUN;
	if (dice < DTLS)
		return KIND_DTLS;
	dice -= DTLS;
	return dice < NOISE ? KIND_OTHER : media;
}

static void make_plain(struct fuzz *f, struct fuzz_item *it, int len)
{
	struct stream *st = fuzz_any_stream(f, FUZZ_TX);

	if (!len)
		len = any_len(&f->rng);
	if (it->shape == SHAPE_DF)
		len = FUZZ_MTU - 48 - rng_below(&f->rng, 2 * fuzz_overhead(f, KIND_RTCP));
	if (it->shape == SHAPE_FRAGMENTS)
		len = FUZZ_V6_SPLIT + rng_range(&f->rng, 8, 80);
	if (it->base == KIND_RTP)
		make_rtp(f, it, &it->pkt, st->ssrc, next_seq(f, FUZZ_TX, st), len);
	else
		make_rtcp(f, it, &it->pkt, st->ssrc, len);
}

/* What the shape can carry, with room for what comes before and behind it. */
static int longest(const struct fuzz_item *it)
{
	switch (it->shape) {
	case SHAPE_DF:
		return FUZZ_MTU - 48;
	case SHAPE_RAW:
		return FUZZ_MTU - 56 - FUZZ_TAIL_MAX;
	default:
		return RTP_WIRE_MAX;
	}
}

/* GSO cuts what it gets into pieces of one size. */
static void fit(struct fuzz *f, struct fuzz_item *it, int len)
{
	int n = len - it->pkt.len;

	if (n > 0) {
		rng_fill(&f->rng, it->pkt.data + it->pkt.len, n);
		it->how[1] = "filled up";
	} else if (n < 0) {
		it->how[1] = "cut to size";
	}
	it->pkt.len = len;
}

static bool is_wire(const struct fuzz_item *it, const struct fuzz_genuine *g)
{
	return g->kind != KIND_OTHER && it->pkt.len == g->wire.len &&
	       !memcmp(it->pkt.data, g->wire.data, g->wire.len);
}

/* What was broken may be whole: for nothing was changed, or all of it was. */
static void recognise(struct fuzz *f, struct fuzz_item *it)
{
	struct fuzz_dir *d = &f->dir[FUZZ_RX];
	int i;

	it->made = KIND_OTHER;
	for (i = 0; i < FUZZ_HISTORY; i++)
		if (is_wire(it, &d->past[i]))
			put_genuine(it, &d->past[i]);
	for (i = 0; i < FUZZ_HELD; i++)
		if (is_wire(it, &d->held[i]))
			put_genuine(it, &d->held[i]);
	for (i = 0; i < 2; i++) {
		if (!is_wire(it, &d->next[i]))
			continue;
		put_genuine(it, &d->next[i]);
		d->next[i].kind = KIND_OTHER;
	}
}

void fuzz_gen(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it, int len)
{
	bool broken = !f->calm && rng_permille(&f->rng, BROKEN);
	int whole;

	it->base = any_kind(f, it);
	switch (it->base) {
	case KIND_STUN:
		make_stun(f, &it->pkt, len);
		break;
	case KIND_DTLS:
		make_dtls(f, &it->pkt, len);
		break;
	case KIND_OTHER:
		make_noise(f, it, &it->pkt, len);
		break;
	default:
		if (way == FUZZ_TX || it->place == AT_NOBODY)
			make_plain(f, it, len);
		else if (broken)
			copy_genuine(f, it, it->base, len);
		else
			take_genuine(f, it, it->base, len);
	}
	if (broken)
		fuzz_break(f, it);
	if (len)
		fit(f, it, len);
	whole = it->pkt.len;
	it->pkt.len = min(whole, longest(it));
	if (way == FUZZ_RX && (broken || len || it->pkt.len < whole))
		recognise(f, it);
}
