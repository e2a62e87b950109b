/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the netlink fuzzer share, and all its constants.
 *
 *   nlgen.c     makes requests
 *   nlbreak.c   breaks them
 *   nlmodel.c   says what has to come of them, with
 *   nlpolicy.c  the attributes that each command takes
 *   nlraw.c     bytes out, bytes in
 */
#ifndef _QSC_NLFUZZ_H
#define _QSC_NLFUZZ_H

#include <qsc/qsc.h>

#include "env.h"
#include "nlmodel.h"
#include "rng.h"

/* Messages of a run: QSC_MESSAGES, or these. */
#define NF_DEBUG	200000
#define NF_STOCK	200000
#define NF_QUICK	10000

#define NF_SOCKETS	6
#define NF_BURST	4	/* messages in one datagram */
#define NF_IDS		40	/* call-ids that are in use now and then */
#define NF_MARKER	"QSC-KEY!"	/* is in every key, and may be in no answer */
#define NF_MARKER_LEN	8
#define NF_COMPARE	400	/* steps between two looks at the whole table */
#define NF_EVENTS	64	/* steps between two looks at the events */

struct nf_expect {
	struct nm_verdict v;
	uint32_t seq;
	uint16_t flags;
	int calls;		/* in the table, for a dump */
};

struct nf {
	struct rng rng;
	struct nm_model model;
	struct nlr_sock sock[NF_SOCKETS];
	int events;		/* a socket that hears them */
	struct qsc_sock *sk;	/* another opinion of the table */
	uint32_t seq;
	uint32_t ssrc;		/* the next one that nobody has used */
	uint64_t messages;
	uint64_t answered[3];	/* succeeded, refused, silent */
	int strange;		/* answers to what nobody meant as a message */
	unsigned int step;
	bool failed;
};

/* A request that makes sense, more or less, in the present state. */
void nf_gen(struct nf *f, struct nlr_msg *m);
/* Break it in up to three ways. */
void nf_break(struct nf *f, struct nlr_msg *m);

#endif /* _QSC_NLFUZZ_H */
