// SPDX-License-Identifier: GPL-2.0
/* Breaks packets of the fuzzer where it hurts. */
#include <string.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "fuzz.h"

#define TWICE_BROKEN	250	/* of a thousand broken ones */
#define EXTEND_MAX	40

struct breaker {
	const char *name;
	void (*run)(struct fuzz *f, struct fuzz_item *it);
};

static void break_bits(struct fuzz *f, struct fuzz_item *it)
{
	int n = rng_range(&f->rng, 1, 3);
	uint32_t bit;

	while (it->pkt.len && n--) {
		bit = rng_below(&f->rng, it->pkt.len * 8);
		it->pkt.data[bit / 8] ^= 0x80 >> bit % 8;
	}
}

static void break_version(struct fuzz *f, struct fuzz_item *it)
{
	it->pkt.data[0] = (it->pkt.data[0] & 0x3f) | rng_below(&f->rng, 4) << 6;
}

static void break_csrcs(struct fuzz *f, struct fuzz_item *it)
{
	it->pkt.data[0] = (it->pkt.data[0] & 0xf0) | rng_below(&f->rng, 16);
}

static void break_x(struct fuzz *f, struct fuzz_item *it)
{
	(void)f;
	it->pkt.data[0] ^= 0x10;
}

/* An extension that ends before, at, behind or far behind the end. */
static void break_extension(struct fuzz *f, struct fuzz_item *it)
{
	uint8_t *p = it->pkt.data;
	int at = RTP_HDR_LEN + (p[0] & 15) * 4;
	int left = (it->pkt.len - at - 4) / 4;

	p[0] |= 0x10;
	if (left < 0)
		return;
	switch (rng_below(&f->rng, 5)) {
	case 0:
		put16(p + at + 2, left + 1);
		break;
	case 1:
		put16(p + at + 2, left);
		break;
	case 2:
		put16(p + at + 2, max(left - fuzz_overhead(f, KIND_RTP) / 4, 0));
		break;
	case 3:
		put16(p + at + 2, 0xffff);
		break;
	default:
		put16(p + at + 2, rng_below(&f->rng, left + 2));
	}
}

/* The edges between RTP and RTCP on one port. */
static void break_type(struct fuzz *f, struct fuzz_item *it)
{
	static const uint8_t types[] = { 0, 63, 64, 95, 96, 127, 191, 192, 193, 200, 207, 222,
					 223, 224, 255 };

	it->pkt.data[1] = types[rng_below(&f->rng, sizeof(types))];
}

static void break_seq(struct fuzz *f, struct fuzz_item *it)
{
	uint16_t seq = it->pkt.data[2] << 8 | it->pkt.data[3];

	switch (rng_below(&f->rng, 5)) {
	case 0:
		seq++;
		break;
	case 1:
		seq--;
		break;
	case 2:
		seq += 0x8000 - 1 + rng_below(&f->rng, 3);
		break;
	case 3:
		seq -= f->cfg->window - 1 + rng_below(&f->rng, 3);
		break;
	default:
		seq = rng_u64(&f->rng);
	}
	put16(it->pkt.data + 2, seq);
}

static void break_ssrc(struct fuzz *f, struct fuzz_item *it)
{
	int at = it->base == KIND_RTCP ? 4 : 8;
	enum fuzz_way way = it->made ? FUZZ_RX : FUZZ_TX;
	uint32_t ssrc = fuzz_any_stream(f, way)->ssrc;

	if (rng_below(&f->rng, 2))
		ssrc = rng_u64(&f->rng);
	put32(it->pkt.data + at, ssrc);
}

/* Cut, mostly where something begins or ends. */
static void break_cut(struct fuzz *f, struct fuzz_item *it)
{
	int over = fuzz_overhead(f, it->base);
	int edges[] = { 0, 1, 4, 7, 8, 11, 12, 13, 16, 19, 20, RTCP_HDR_LEN + over,
			RTP_HDR_LEN + over, it->pkt.len - over, it->pkt.len - f->cfg->mki_len,
			it->pkt.len - 1, it->pkt.len - FUZZ_WORD };
	int len = rng_below(&f->rng, it->pkt.len + 1);

	if (rng_below(&f->rng, 3))
		len = edges[rng_below(&f->rng, sizeof(edges) / sizeof(*edges))] - 1 +
		      rng_below(&f->rng, 3);
	it->pkt.len = max(min(len, it->pkt.len), 0);
}

static void break_extend(struct fuzz *f, struct fuzz_item *it)
{
	int n = rng_range(&f->rng, 1, EXTEND_MAX);

	n = min(n, RTP_WIRE_MAX - it->pkt.len);
	rng_fill(&f->rng, it->pkt.data + it->pkt.len, n);
	it->pkt.len += n;
}

/* Changes a byte of the last @bytes, or takes some of them out. */
static void break_trailer(struct fuzz *f, struct fuzz_item *it)
{
	int bytes = min(fuzz_overhead(f, it->base), it->pkt.len);
	int at, n;

	if (!bytes)
		return;
	at = it->pkt.len - 1 - rng_below(&f->rng, bytes);
	if (rng_below(&f->rng, 3)) {
		it->pkt.data[at] ^= 1 << rng_below(&f->rng, 8);
		return;
	}
	n = rng_range(&f->rng, 1, it->pkt.len - at);
	memmove(it->pkt.data + at, it->pkt.data + at + n, it->pkt.len - at - n);
	it->pkt.len -= n;
}

/* MKI or, without one, the word of SRTCP: E flag off, another index. */
static void break_word(struct fuzz *f, struct fuzz_item *it)
{
	int at = it->pkt.len - f->cfg->mki_len - FUZZ_WORD;

	if (at < 0)
		return;
	switch (rng_below(&f->rng, 3)) {
	case 0:
		it->pkt.data[at] &= 0x7f;
		break;
	case 1:
		put32(it->pkt.data + at, rng_u64(&f->rng) | 1U << 31);
		break;
	default:
		it->pkt.data[at + 3] += rng_range(&f->rng, 1, 255);
	}
}

static void break_mki(struct fuzz *f, struct fuzz_item *it)
{
	int n = f->cfg->mki_len;

	if (!n || it->pkt.len < n || it->pkt.len + n > RTP_WIRE_MAX)
		return;
	if (rng_below(&f->rng, 2)) {
		it->pkt.data[it->pkt.len - 1 - rng_below(&f->rng, n)] ^= 1;
		return;
	}
	memcpy(it->pkt.data + it->pkt.len, it->pkt.data + it->pkt.len - n, n);
	it->pkt.len += n;
}

/* Header of one, rest of another. */
static void break_splice(struct fuzz *f, struct fuzz_item *it)
{
	const struct fuzz_genuine *g = fuzz_any_past(f);
	int at;

	if (!g)
		return;
	at = rng_below(&f->rng, min(it->pkt.len, g->wire.len) + 1);
	memcpy(it->pkt.data + at, g->wire.data + at, g->wire.len - at);
	it->pkt.len = g->wire.len;
}

/* What should have been protected, as it is. */
static void break_clear(struct fuzz *f, struct fuzz_item *it)
{
	(void)f;
	if (it->made)
		it->pkt = it->clear;
}

static void break_channel(struct fuzz *f, struct fuzz_item *it)
{
	if (f->cfg->rtcp_port && it->shape == SHAPE_RAW)
		it->ch ^= 1;
	else
		break_type(f, it);
}

/* A length inside: of an RTCP report, of a STUN body. */
static void break_length(struct fuzz *f, struct fuzz_item *it)
{
	put16(it->pkt.data + 2, rng_below(&f->rng, 2) ? rng_u64(&f->rng) :
	      it->pkt.len - 20 + 4 * (rng_below(&f->rng, 3) - 1));
}

static void break_cookie(struct fuzz *f, struct fuzz_item *it)
{
	it->pkt.data[4 + rng_below(&f->rng, 4)] ^= 1 << rng_below(&f->rng, 8);
}

static const struct breaker breakers[] = {
	{ "bits", break_bits },
	{ "version", break_version },
	{ "CSRC count", break_csrcs },
	{ "X bit", break_x },
	{ "extension length", break_extension },
	{ "type", break_type },
	{ "sequence number", break_seq },
	{ "SSRC", break_ssrc },
	{ "cut", break_cut },
	{ "extended", break_extend },
	{ "trailer", break_trailer },
	{ "E flag or index", break_word },
	{ "MKI", break_mki },
	{ "spliced", break_splice },
	{ "in clear", break_clear },
	{ "channel", break_channel },
	{ "length inside", break_length },
	{ "cookie", break_cookie },
};

void fuzz_break(struct fuzz *f, struct fuzz_item *it)
{
	int n = rng_permille(&f->rng, TWICE_BROKEN) ? 2 : 1;
	const struct breaker *b;
	int i;

	for (i = 0; i < n; i++) {
		b = &breakers[rng_below(&f->rng, sizeof(breakers) / sizeof(*breakers))];
		it->how[i] = b->name;
		b->run(f, it);
	}
}
