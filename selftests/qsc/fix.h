/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One call of A with B and everyone who has to do with it. Whatever is sent in
 * clear has the marker in it, which the wire must never carry.
 */
#ifndef _QSC_FIX_H
#define _QSC_FIX_H

#include "craft.h"
#include "dut.h"
#include "rtp_gen.h"
#include "srtp_ref.h"

#define CALL		"fix"
#define MARKER		"QSC-CLEAR-MARKER"
#define MARKER_LEN	16
#define SSRC		0x51534301

struct fix_opts {
	uint32_t flags;		/* of the call */
	bool no_tx_key;
	bool no_rx_key;
	bool unconnected;	/* the application's socket */
	bool rtcp_port;		/* RTCP on the next port */
	int mki_len;
	uint32_t roc;		/* of SSRC, both directions */
};

struct fix {
	struct qsc_sock *sk;
	int family;
	int app;		/* socket of the application */
	int peer;		/* socket of the peer, connected */
	int stranger;		/* another socket of the peer's machine */
	int tap;		/* on the wire, in B */
	struct srtp_keys tx;
	struct srtp_keys rx;
	srtp_t sender;		/* protects what the peer sends */
	srtp_t receiver;	/* unprotects what the peer receives */
	bool wrong;		/* a case has said what was wrong */
	struct packet kept;	/* sent or protected before, to be sent again */
};

void fix_open(struct fix *f, int family, const struct fix_opts *opts);
void fix_close(struct fix *f);

/* The call's keys are gone, it blocks. */
void fix_erase(struct fix *f);

/* Any bytes from a connected socket. */
void fix_send(int fd, const void *data, int len);
/* RTP of the application with the marker in its payload. */
void fix_app_sends(struct fix *f, uint32_t ssrc, uint16_t seq);
/* The same, protected by the peer; @damage flips a bit of the tag. */
void fix_peer_sends(struct fix *f, uint32_t ssrc, uint16_t seq, bool damage);
/* A protected packet, to be sent in other ways. */
void fix_protect(struct fix *f, struct packet *pkt, uint32_t ssrc, uint16_t seq);
/* @pkt between the call's addresses, to be changed and sent by a raw socket. */
struct craft fix_craft(struct fix *f, enum side side, const struct packet *pkt);

/* Counters of the call and of the namespace. */
void fix_counters(struct fix *f, struct qsc_stats st[2]);

/* UDP frames on the wire; *clear if the marker is in any frame. */
unsigned int fix_frames(struct fix *f, bool *clear);

#endif /* _QSC_FIX_H */
