/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the netlink fuzzer share, and all its constants.
 *
 *   nlgen.c     makes requests, with
 *   nlnew.c     those that make calls
 *   nlbreak.c   breaks them
 *   nlsweep.c   makes each wrong thing with each attribute of each command
 *   nlmodel.c   says what has to come of them, with
 *   nlcall.c    those that make calls,
 *   nlkey.c     keys,
 *   nlsession.c sessions, and
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
#define NF_FULL		200000
#define NF_STOCK	60000
#define NF_DEBUG	20000
#define NF_QUICK	13000

#define NF_SOCKETS	6
#define NF_BURST	4	/* messages in one datagram */
#define NF_IDS		40	/* call-ids that are in use now and then */
#define NF_MARKER	"QSC-KEY!"	/* is in every key, and may be in no answer */
#define NF_MARKER_LEN	8
#define NF_COMPARE	400	/* steps between two looks at the whole table */
#define NF_EVENTS	64	/* steps between two looks at the events */
#define NF_SWEEPS	3	/* times that each wrong thing is done */
#define NF_BETWEEN	300	/* messages between two of them */

#define ONE_IN(f, n) (!rng_below(&(f)->rng, n))
/* Something that a request may have or not, and something that it should not have. */
#define MAYBE(f, n) ((f)->full || ONE_IN(f, n))
#define RARELY(f, n) (!(f)->full && ONE_IN(f, n))

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
	bool full;		/* requests with all attributes that they may have */
	unsigned int step;
	bool failed;
};

/* A request that makes sense, more or less, in the present state. */
void nf_gen(struct nf *f, struct nlr_msg *m);
void nf_gen_command(struct nf *f, struct nlr_msg *m, uint8_t cmd);

/* nlnew.c: the attributes of call-new and calls-new */
void nf_gen_new(struct nf *f, struct nlr_msg *m);
void nf_gen_batch(struct nf *f, struct nlr_msg *m);

/* For it; the latter is a key's nest but for what is sealed, @d may be NULL. */
void nf_any_id(struct nf *f, char *id);
int nf_put_key(struct nf *f, struct nlr_msg *m, int parent, const struct nm_dir *d,
	       struct qsc_key *key);

/* Break it in up to three ways. */
void nf_break(struct nf *f, struct nlr_msg *m);
/* One more attribute like node @i, with all that is in it. */
void nf_copy_node(struct nlr_msg *m, int i, int parent);
/*
 * A secret that becomes another attribute would come out as that. Whoever says
 * that their key is an MKI has told it themselves.
 */
void nf_scrub(struct nf *f, struct nlr_msg *m);

/* Send each of the messages that have one thing wrong; returns their number. */
unsigned int nf_sweep(struct nf *f, void (*send)(struct nf *f, const struct nlr_msg *m));

#endif /* _QSC_NLFUZZ_H */
