/* SPDX-License-Identifier: GPL-2.0 */
/* What the two directions of the differential test share. */
#ifndef _QSC_DIFF_H
#define _QSC_DIFF_H

#include <qsc/qsc.h>
#include <stdbool.h>
#include <stdint.h>

#include "dut.h"
#include "net.h"
#include "rng.h"
#include "rtp_gen.h"
#include "srtp_ref.h"

#define STREAMS_MAX	32
#define BATCH		64
#define WIRE_BATCH	(8 * BATCH)

enum roc_mode {
	ROC_ZERO,
	ROC_GIVEN,		/* random, told to the receiver and the module */
	ROC_LAST,		/* 0xfffffffe, told */
	ROC_UNTOLD,		/* random, not told: nothing can be accepted */
};

struct scenario {
	const char *name;
	int packets;
	int suite;
	int mki_len;
	int family;
	bool rtcp_port;
	int window;
	int streams;
	enum roc_mode roc;
	int rtcp_permille;
	bool leaps;
	bool rekey;
	bool portable;		/* with the module's portable cipher */
	int only;		/* enum qsc_dir, 0 = both */
};

enum channel_id {
	CH_RTP,			/* and RTCP, if multiplexed */
	CH_RTCP,
	CHANNELS,
};

/* Both ends of one port pair. */
struct channel {
	int app;		/* socket in A */
	int peer;		/* socket in B */
	struct packet *want;	/* what the other end has to receive, in order */
	int wants;
};

/* With libsrtp in the place of the module, to test the test. */
struct standin {
	bool on;
	const char *defect;	/* NULL or what it does wrong */
	srtp_t tx;
	srtp_t rx;
	int gen;
	unsigned int count;
};

/* What became of the packets of a run, to be found in the counters too. */
struct tally {
	uint64_t rtp;
	uint64_t rtcp;
	uint64_t replay;
	uint64_t old;
	uint64_t forged;
	uint64_t shown;		/* all that were given to the module */
};

struct run {
	const struct scenario *sc;
	struct qsc_sock *sk;
	struct rng rng;
	struct srtp_keys keys;
	struct stream stream[STREAMS_MAX];
	struct channel ch[CHANNELS];
	struct standin standin;
	struct tally tally;
	int gen;		/* key generation in use by the sender */
	bool failed;
};

/* Open the sockets of @run, or close them. */
void diff_open(struct run *run);
void diff_close(struct run *run);

/* The channel a packet belongs to. */
struct channel *diff_channel(struct run *run, const struct packet *pkt);

/* Note that the far end must receive @pkt next. */
void diff_want(struct run *run, const struct packet *pkt);

/* Send what the application sends, and let the peer receive what is wanted. */
void diff_app_sends(struct run *run, struct packet *pkt, int n);
/* Send what is on the wire, and let the application receive what is wanted. */
void diff_peer_sends(struct run *run, struct packet *pkt, int n);

/* Receive the wanted packets of each channel; @check looks at each. */
typedef bool (*diff_check)(struct run *run, const struct packet *want,
			   struct packet *got, void *arg);
void diff_peer_receives(struct run *run, diff_check check, void *arg);
void diff_app_receives(struct run *run, diff_check check, void *arg);

/* Nothing more may come. */
void diff_drained(struct run *run);

/* Same bytes; prints both if not. */
bool diff_same(struct run *run, const struct packet *want, const struct packet *got);

__attribute__((format(printf, 2, 3)))
void diff_fail(struct run *run, const char *fmt, ...);

/* A random stream's next packet, in clear. */
void diff_plain(struct run *run, struct packet *pkt, const struct disorder *how);

/* Give the module, and its stand-in, key generation @gen of @dir. */
void diff_key(struct run *run, int dir, int gen);

void diff_tx(struct run *run);
void diff_rx(struct run *run);

#endif /* _QSC_DIFF_H */
