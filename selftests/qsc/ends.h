/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A relay call of A and the two handsets in B that talk through it:
 *
 *   end 0: B.2:6000 <-> A.1:4000  leg 0 | leg 1  A.4:5000 <-> B.3:7000  :end 1
 *
 * RTCP has the ports above, or the same ones. Or two of them in a row, the second
 * one between A.4:5000 and a port of A that the first one sends to.
 */
#ifndef _QSC_ENDS_H
#define _QSC_ENDS_H

#include "dut.h"
#include "rtp_gen.h"
#include "srtp_ref.h"

#define RELAY		"relay"
#define ENDS		2
#define ENDS_SSRC	0x51534301	/* of handset 0 */

/* What differs between the legs of a call. */
struct end_opts {
	int family;		/* 0: AF_INET */
	uint32_t suite;		/* 0: the default */
	bool rtcp_port;
	int mki_len;
	int rekeys;		/* there will be */
	uint32_t flags;		/* of the leg */
	int learn_bits;		/* of the handset's network, for plain legs */
	uint32_t learn_window_s;
	uint8_t ttl;
	int dscp;		/* -1 or 0: none */
	bool hairpin;		/* end 1: at end 0's address, and so for the legs */
	uint32_t call_flags;	/* end 0: of the call */
};

struct end {
	struct end_opts opts;
	const char *call;	/* that has its leg: of the index that the end has */
	int fd;			/* the handset's, connected to the leg */
	int rtcp;		/* likewise; @fd if multiplexed */
	struct srtp_keys tx;	/* of the leg: to the handset */
	struct srtp_keys rx;	/* from it */
	int gen;		/* that is in use of both */
	srtp_t sender;		/* the handset's; NULL if plain */
	srtp_t receiver;
};

struct ends {
	struct qsc_sock *sk;
	struct rng rng;
	struct end end[ENDS];
};

bool end_is_plain(const struct end *end);
int end_host(int i);		/* of the handset, in B */
uint16_t end_port(int i);
int end_leg_host(int i);	/* of the leg, in A */
uint16_t end_leg_port(int i);

/* What a test of relays begins with: both sides, libsrtp, the seed. */
void ends_start(struct ends *e);
/* Handsets, call and keys; ends the test with the kernel's reason. */
void ends_open(struct ends *e, const struct end_opts opts[ENDS]);
/* Two calls in a row; the legs between them have @suite, and MKIs if the ends do. */
void ends_open_row(struct ends *e, const struct end_opts opts[ENDS], uint32_t suite);
void ends_close(struct ends *e);
/* The call is deleted and made once more, and goes on with handset 0's roll-over counter. */
void ends_remake(struct ends *e, uint32_t roc);

/* The next key for each way of the leg of end @i, which has MKIs; the handset has it. */
void ends_rekey(struct ends *e, int i);

/* @pkt as handset @from puts it on the wire. */
void ends_protect(struct ends *e, int from, struct packet *pkt);
/* Protect and send. */
void ends_send(struct ends *e, int from, const struct packet *pkt);
/* Handset @to gets this, from where its leg is. Says what it got else. */
bool ends_gets(struct ends *e, int to, const struct packet *want);
/* Neither handset gets anything more. */
bool ends_quiet(struct ends *e);

/* A packet of handset 0. */
void ends_rtp(struct packet *pkt, uint16_t seq, int len);
/* It sends one of 160 bytes, and handset 1 gets it, */
bool ends_heard(struct ends *e, uint16_t seq);
/* ... or nothing. */
bool ends_unheard(struct ends *e, uint16_t seq);

/* Counters of leg @i. */
void ends_stats(struct ends *e, int i, struct qsc_stats *st);
/* Says what the counter is if it is not @want. */
bool ends_counted(struct ends *e, int i, int stat, uint64_t want);

#endif /* _QSC_ENDS_H */
