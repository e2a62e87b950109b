/* SPDX-License-Identifier: GPL-2.0 */
/* Random but well-formed RTP and RTCP, and the streams they belong to. */
#ifndef _QSC_RTP_GEN_H
#define _QSC_RTP_GEN_H

#include <stdbool.h>
#include <stdint.h>

#include "rng.h"

#define RTP_HDR_LEN	12
#define RTCP_HDR_LEN	8
#define RTP_PAYLOAD_MAX	1400
/* header, 15 CSRCs, a header extension, payload; then tag, index and MKI */
#define RTP_EXT_WORDS	24
#define RTP_PLAIN_MAX	(RTP_HDR_LEN + 60 + 4 + 4 * RTP_EXT_WORDS + RTP_PAYLOAD_MAX)
#define RTP_TRAILER_MAX	(16 + 4 + 128)
#define RTP_WIRE_MAX	(RTP_PLAIN_MAX + RTP_TRAILER_MAX)
/* What looks like a protected packet may be protected once more. */
#define RTP_RECV_MAX	(RTP_WIRE_MAX + RTP_TRAILER_MAX)

/*
 * One packet of a run. The buffer has room for what protection appends, and
 * is aligned because libsrtp reads it as words.
 */
struct packet {
	uint8_t data[RTP_RECV_MAX + 8] __attribute__((aligned(8)));
	int len;
	bool rtcp;
	uint32_t ssrc;
};

/* What an application sends under one SSRC. */
struct stream {
	uint32_t ssrc;
	uint64_t index;		/* highest 48-bit index sent so far */
	bool started;
};

/* How unruly a stream is, in permille of its packets. */
struct disorder {
	uint16_t lose;		/* skip 1..30 sequence numbers */
	uint16_t leap;		/* skip up to half the sequence space */
	uint16_t late;		/* go back inside the window: a gap or a duplicate */
	uint16_t edge;		/* go back to the edge of the window, give or take 3 */
	uint16_t stale;		/* go back far beyond the window */
	uint16_t twice;		/* send the newest sequence number again */
};

/* Index that RFC 3711 section 3.3.1 estimates for SEQ after index @top. */
uint64_t rtp_estimate(uint64_t top, uint16_t seq);

/*
 * Next sequence number of @st; @window is the replay window in packets. The
 * index in @st follows the estimate a receiver would make.
 */
uint16_t stream_next(struct stream *st, struct rng *rng,
		     const struct disorder *how, unsigned int window);

/* RTP with random CSRCs, header extension, padding and 0..1400 bytes payload. */
void gen_rtp(struct packet *pkt, struct rng *rng, uint32_t ssrc, uint16_t seq);

/* The smallest RTP packet around @payload. */
void gen_rtp_plain(struct packet *pkt, uint32_t ssrc, uint16_t seq,
		   const void *payload, int len);

/* Compound or reduced-size (RFC 5506) RTCP. */
void gen_rtcp(struct packet *pkt, struct rng *rng, uint32_t ssrc);

/*
 * Damage a protected packet: flip bits or cut the end. The version bits are
 * spared, as they decide what the packet is (RFC 7983), not whether it is
 * genuine.
 */
void gen_damage(struct packet *pkt, struct rng *rng);

#endif /* _QSC_RTP_GEN_H */
