// SPDX-License-Identifier: GPL-2.0
/* Random but well-formed RTP and RTCP. */
#include <string.h>

#include "bytes.h"
#include "rtp_gen.h"

uint64_t rtp_estimate(uint64_t top, uint16_t seq)
{
	int64_t roc = top >> 16;
	int s_l = top & 0xffff;

	if (s_l < 32768) {
		if (seq - s_l > 32768)
			roc--;
	} else if (s_l - 32768 > seq) {
		roc++;
	}
	return (uint64_t)(roc << 16 | seq);
}

static uint64_t step(const struct stream *st, struct rng *rng,
		     const struct disorder *how, unsigned int window)
{
	uint32_t dice = rng_below(rng, 1000);
	uint32_t back = 0;

	if (dice < how->lose)
		return st->index + rng_range(rng, 2, 31);
	dice -= how->lose;
	if (dice < how->leap)
		return st->index + rng_range(rng, 32, 32767);
	dice -= how->leap;
	if (dice < how->late)
		back = rng_range(rng, 1, window - 1);
	dice -= how->late;
	if (dice < how->edge)
		back = rng_range(rng, window - 3, window + 3);
	dice -= how->edge;
	if (dice < how->stale)
		back = rng_range(rng, window + 1, 32767);
	dice -= how->stale;
	if (dice < how->twice)
		return st->index;
	/* before the beginning there is nothing to go back to */
	if (!back || back > st->index)
		return st->index + 1;
	return st->index - back;
}

uint16_t stream_next(struct stream *st, struct rng *rng,
		     const struct disorder *how, unsigned int window)
{
	uint64_t index = st->index;

	if (st->started)
		index = step(st, rng, how, window);
	st->started = true;
	if (rtp_estimate(st->index, index) > st->index)
		st->index = index;
	return index;
}

/* Half of all payloads are of any size, the others what calls really send. */
static int payload_len(struct rng *rng)
{
	static const int usual[] = { 0, 1, 15, 16, 17, 20, 33, 80, 160, 172 };

	switch (rng_below(rng, 4)) {
	case 0:
	case 1:
		return rng_below(rng, RTP_PAYLOAD_MAX + 1);
	case 2:
		return rng_below(rng, 33);
	default:
		return usual[rng_below(rng, sizeof(usual) / sizeof(*usual))];
	}
}

/* One-byte (RFC 8285 section 4.2) or two-byte (4.3) elements; returns bytes. */
static int put_extension(uint8_t *p, struct rng *rng)
{
	int words = rng_below(rng, RTP_EXT_WORDS + 1);
	bool two = rng_below(rng, 2);
	int left = words * 4;
	uint8_t *e = p + 4;
	int len;

	put16(p, two ? 0x1000 | rng_below(rng, 16) : 0xbede);
	put16(p + 2, words);
	memset(e, 0, left);
	while (left > 2) {
		len = rng_range(rng, 1, 16);
		if (len > left - 2)
			len = left - 2;
		if (two) {
			*e++ = rng_range(rng, 1, 255);
			*e++ = len;
			left -= 2;
		} else {
			*e++ = rng_range(rng, 1, 14) << 4 | (len - 1);
			left--;
		}
		rng_fill(rng, e, len);
		e += len;
		left -= len;
	}
	return 4 + words * 4;
}

static uint8_t payload_type(struct rng *rng)
{
	uint8_t pt = rng_below(rng, 96);

	/* 64..95 are RTCP's when both share a port (RFC 5761 section 4) */
	return (pt < 64 ? pt : pt + 32) | (rng_below(rng, 2) << 7);
}

void gen_rtp(struct packet *pkt, struct rng *rng, uint32_t ssrc, uint16_t seq)
{
	int csrcs = rng_permille(rng, 300) ? rng_below(rng, 16) : 0;
	bool extension = rng_permille(rng, 400);
	int payload = payload_len(rng);
	bool padding = payload && rng_permille(rng, 150);
	uint8_t *p = pkt->data;

	*p++ = 0x80 | padding << 5 | extension << 4 | csrcs;
	*p++ = payload_type(rng);
	put16(p, seq);
	put32(p + 2, rng_u64(rng));
	put32(p + 6, ssrc);
	p += 10;
	rng_fill(rng, p, csrcs * 4);
	p += csrcs * 4;
	if (extension)
		p += put_extension(p, rng);
	rng_fill(rng, p, payload);
	p += payload;
	if (padding)
		p[-1] = rng_range(rng, 1, payload < 255 ? payload : 255);

	pkt->len = p - pkt->data;
	pkt->rtcp = false;
	pkt->ssrc = ssrc;
}

void gen_rtp_plain(struct packet *pkt, uint32_t ssrc, uint16_t seq,
		   const void *payload, int len)
{
	pkt->data[0] = 0x80;
	pkt->data[1] = 0;
	put16(pkt->data + 2, seq);
	put32(pkt->data + 4, seq * 160);
	put32(pkt->data + 8, ssrc);
	memcpy(pkt->data + RTP_HDR_LEN, payload, len);
	pkt->len = RTP_HDR_LEN + len;
	pkt->rtcp = false;
	pkt->ssrc = ssrc;
}

static int put_report(uint8_t *p, struct rng *rng, int type, uint32_t ssrc,
		      int count, int words)
{
	p[0] = 0x80 | count;
	p[1] = type;
	put16(p + 2, words);
	put32(p + 4, ssrc);
	rng_fill(rng, p + 8, (words - 1) * 4);
	return (words + 1) * 4;
}

static int put_any(uint8_t *p, struct rng *rng, uint32_t ssrc)
{
	int blocks;

	switch (rng_below(rng, 7)) {
	case 0:		/* SR */
		blocks = rng_below(rng, 8);
		return put_report(p, rng, 200, ssrc, blocks, 6 + 6 * blocks);
	case 1:		/* RR; an empty one is all header */
		blocks = rng_below(rng, 8);
		return put_report(p, rng, 201, ssrc, blocks, 1 + 6 * blocks);
	case 2:		/* SDES */
		return put_report(p, rng, 202, ssrc, 1, rng_range(rng, 2, 16));
	case 3:		/* APP */
		return put_report(p, rng, 204, ssrc, 0, rng_range(rng, 2, 20));
	case 4:		/* RTPFB, NACK */
		return put_report(p, rng, 205, ssrc, 1, rng_range(rng, 3, 12));
	case 5:		/* PSFB, PLI */
		return put_report(p, rng, 206, ssrc, 1, 2);
	default:	/* XR */
		return put_report(p, rng, 207, ssrc, 0, rng_range(rng, 2, 40));
	}
}

void gen_rtcp(struct packet *pkt, struct rng *rng, uint32_t ssrc)
{
	int more = rng_below(rng, 2) ? rng_range(rng, 1, 4) : 0;
	uint8_t *p = pkt->data;

	p += put_any(p, rng, ssrc);
	while (more--)
		p += put_any(p, rng, ssrc);
	pkt->len = p - pkt->data;
	pkt->rtcp = true;
	pkt->ssrc = ssrc;
}

void gen_damage(struct packet *pkt, struct rng *rng)
{
	int flips = rng_range(rng, 1, 3);
	uint32_t bit;

	if (rng_permille(rng, 200)) {
		pkt->len -= rng_range(rng, 1, pkt->len < 24 ? pkt->len - 1 : 24);
		return;
	}
	while (flips--) {
		bit = rng_range(rng, 2, pkt->len * 8 - 1);
		pkt->data[bit / 8] ^= 0x80 >> bit % 8;
	}
}
