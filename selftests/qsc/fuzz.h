/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the packet fuzzer share: all its constants, one packet with
 * everything known of it, and the call that it is offered to.
 *
 *   fuzz_gen.c    makes packets
 *   fuzz_break.c  breaks them
 *   fuzz_rule.c   says what has to become of each
 *   fuzz_send.c   brings them to the module in various shapes
 *   fuzz_check.c  looks at receivers, counters and the wire
 */
#ifndef _QSC_FUZZ_H
#define _QSC_FUZZ_H

#include "craft.h"
#include "dut.h"
#include "env.h"
#include "fix.h"
#include "rng.h"
#include "rtp_gen.h"
#include "srtp_ref.h"

/* Packets of a run: QSC_PACKETS, or these. */
#define FUZZ_FULL	200000
#define FUZZ_STOCK	40000
#define FUZZ_DEBUG	10000
#define FUZZ_QUICK	6000

#define FUZZ_ID		"fuzz"
#define FUZZ_BATCH	64	/* packets between two looks at the counters */
#define FUZZ_STREAMS	6	/* SSRCs that live through a run, each way */
#define FUZZ_HISTORY	32	/* packets kept to be sent again */
#define FUZZ_HELD	8	/* packets kept to be sent late */
#define FUZZ_SSRCS	32	/* the module's default */
#define FUZZ_WINDOW_MAX	1024
#define FUZZ_MTU	1500
#define FUZZ_RTCP_WINDOW 128
#define FUZZ_TAG	16
#define FUZZ_WORD	4	/* E flag and SRTCP index */
#define FUZZ_TAIL_MAX	64	/* bytes behind the UDP datagram */
#define FUZZ_TIMEOUT_MS	30000	/* nothing comes any more; only a failure waits */
#define FUZZ_BYSTANDER	5000	/* port in A of no call, and + 2000 in B */
#define FUZZ_V6_SPLIT	1304	/* IPv6 takes no shorter first fragment */

/* Which way: what the application sends, what it receives. */
enum fuzz_way {
	FUZZ_TX,
	FUZZ_RX,
	FUZZ_WAYS,
};

/* RFC 7983, RFC 5761. */
enum fuzz_kind {
	KIND_OTHER,
	KIND_RTP,
	KIND_RTCP,
	KIND_STUN,
	KIND_DTLS,
};

/* Between whom, apart from the call's own addresses. */
enum fuzz_place {
	AT_PEER,
	AT_PORT,		/* another port of the peer's */
	AT_HOST,		/* another host with the peer's port */
	AT_SELF,		/* another address of the application's host */
	AT_NOBODY,		/* addresses of no call */
	FUZZ_PLACES,
};

/* How a packet is brought to the module. */
enum fuzz_shape {
	SHAPE_MMSG,		/* sendmmsg() */
	SHAPE_GSO,		/* UDP_SEGMENT */
	SHAPE_ZEROCOPY,		/* MSG_ZEROCOPY */
	SHAPE_CORK,		/* MSG_MORE */
	SHAPE_DF,		/* must not be fragmented */
	SHAPE_RAW,		/* IP options, wrong UDP lengths, no checksum */
	SHAPE_FRAGMENTS,
	FUZZ_SHAPES,
};

enum fuzz_lie {
	LIE_NONE,
	LIE_TAIL,		/* bytes behind the end of the datagram */
	LIE_BEYOND,		/* UDP length goes beyond the packet */
	LIE_STUB,		/* UDP length shorter than its header */
};

struct fuzz_config {
	const char *name;
	int family;
	int suite;
	int mki_len;
	bool rtcp_port;
	int window;
	uint32_t flags;
	uint32_t roc;		/* of all streams; told to both sides */
	const char *gro;	/* ethtool features of A's end of the wire */
	int permille;		/* of the packets of a run */
};

struct fuzz_item {
	struct packet pkt;	/* the UDP payload */
	struct packet clear;	/* @made: what the application must get */
	enum fuzz_kind made;	/* what libsrtp protected, if the bytes are its own */
	uint64_t index;		/* @made: the true one */
	enum fuzz_kind base;	/* what it was before it was broken */
	const char *how[2];	/* what was done to it */

	enum fuzz_shape shape;
	enum fuzz_place place;
	int ch;			/* 0: RTP or multiplexed, 1: the port of RTCP */
	enum fuzz_lie lie;
	int lie_bytes;
	bool options;
	bool no_checksum;
	bool backwards;		/* last fragment first */
	int split;

	enum fuzz_kind kind;	/* what it is now */
	int fate;		/* QSC_A_STATS_* that moves, 0: none */
	bool delivered;
	int in_clear;		/* bytes that may be seen on the wire as they are */
};

/* Which of the last @size indices were seen. */
struct fuzz_window {
	uint64_t top;		/* highest seen plus one */
	unsigned int size;
	bool map[FUZZ_WINDOW_MAX];
};

struct fuzz_ssrc {
	uint32_t ssrc;
	uint32_t roc;		/* of the first packet */
	struct fuzz_window rtp;
	struct fuzz_window rtcp;
};

/* A packet as libsrtp protected it. */
struct fuzz_genuine {
	struct packet wire;
	struct packet clear;
	enum fuzz_kind kind;	/* KIND_OTHER: empty */
	uint64_t index;
};

struct fuzz_dir {
	struct srtp_keys keys;
	srtp_t ref;		/* the peer's end of it */
	struct stream stream[FUZZ_STREAMS];
	struct fuzz_ssrc known[FUZZ_SSRCS];
	int n_known;
	struct fuzz_genuine next[2];	/* RTP and RTCP, not yet sent */
	struct fuzz_genuine past[FUZZ_HISTORY];
	struct fuzz_genuine held[FUZZ_HELD];
	unsigned int pasts;
};

/* A socket, and what has to arrive there next. */
enum fuzz_end_id {
	END_APP, END_APP_RTCP, END_SELF, END_SELF_RTCP, END_NOBODY_A,
	END_PEER, END_PEER_RTCP, END_HOST, END_HOST_RTCP, END_PORT, END_NOBODY_B,
	FUZZ_ENDS,
};

struct fuzz_end {
	enum side side;
	int host;
	uint16_t port;
	int fd;
	struct fuzz_item *want[FUZZ_BATCH];
	int wants;
	unsigned int lent;	/* sent without copying, and not yet given back */
};

struct fuzz {
	const struct fuzz_config *cfg;
	struct qsc_sock *sk;
	struct rng rng;
	struct fuzz_dir dir[FUZZ_WAYS];
	struct fuzz_end end[FUZZ_ENDS];
	int tap;		/* what comes out of A */
	int gro_tap;		/* what comes into A, for @cfg->gro */
	struct fuzz_item item[FUZZ_BATCH];
	struct qsc_stats before;
	uint16_t fragment_id;
	unsigned int batch;
	unsigned int turn;	/* which stream is next, while @calm */
	long single_from;	/* batch from which each packet is checked alone */
	bool calm;		/* nothing is broken on purpose */
	bool failed;
	uint64_t sent;
	uint64_t received;
	uint64_t passed_by_call;	/* STUN and DTLS */
	uint64_t fates[QSC_A_STATS_PAD];
	unsigned int frames;
};

/*
 * Make the packet that @it is to be; @way, place, channel and shape are set.
 * @len: bytes it has to have, 0: any number.
 */
void fuzz_gen(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it, int len);

/* Break it, in one way or two. */
void fuzz_break(struct fuzz *f, struct fuzz_item *it);

/* One of the SSRCs that live long; each in its turn, while @f is calm. */
struct stream *fuzz_any_stream(struct fuzz *f, enum fuzz_way way);
/* A packet that the peer has sent, or NULL. */
struct fuzz_genuine *fuzz_any_past(struct fuzz *f);

/* Say what has to become of @it, and note what follows from that. */
void fuzz_rule(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it);
/* Give the rules an SSRC whose roll-over counter both sides were told. */
void fuzz_rule_roc(struct fuzz *f, enum fuzz_way way, uint32_t ssrc, uint32_t roc);
/* The highest index of @ssrc so far; false if it is unknown. */
bool fuzz_rule_top(const struct fuzz_dir *d, uint32_t ssrc, uint64_t *top);

void fuzz_open(struct fuzz *f);
void fuzz_close(struct fuzz *f);
struct fuzz_end *fuzz_from(struct fuzz *f, enum fuzz_way way, const struct fuzz_item *it);
struct fuzz_end *fuzz_to(struct fuzz *f, enum fuzz_way way, const struct fuzz_item *it);
/* Send @n items of one shape, place and channel. */
void fuzz_send(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it, int n);
/* Everybody has got what was sent: memory of the sender's has to come back as it was. */
void fuzz_settle(struct fuzz *f, const struct fuzz_item *it, int n);

/* Everything that was sent has had its fate, and nothing else has happened. */
void fuzz_check(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it, int n);

__attribute__((format(printf, 3, 4)))
void fuzz_fail(struct fuzz *f, const struct fuzz_item *it, const char *fmt, ...);

/* Bytes that protection appends to a packet of @kind. */
static inline int fuzz_overhead(const struct fuzz *f, enum fuzz_kind kind)
{
	return FUZZ_TAG + (kind == KIND_RTCP ? FUZZ_WORD : 0) + f->cfg->mki_len;
}

#endif /* _QSC_FUZZ_H */
