/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel has to answer to a netlink message, and what its table of
 * calls has to be afterwards: from Documentation/netlink/specs/qsc.yaml, and
 * from what netlink itself says of attributes.
 */
#ifndef _QSC_NLMODEL_H
#define _QSC_NLMODEL_H

#include <netinet/in.h>

#include "nlraw.h"
#include "seal.h"

#define NM_CALLS	24
#define NM_TUPLES	2
#define NM_SSRCS	32	/* the module's default */
#define NM_NAME		128
/* A deadline that no run lives to see; a sooner one cannot be modelled. */
#define NM_FAR		36000

enum nm_by {
	NM_BY_CORE,		/* netlink itself, which may say nothing */
	NM_BY_POLICY,
	NM_BY_HANDLER,
};

struct nm_ssrc {
	uint32_t ssrc;
	uint32_t generation;
};

struct nm_dir {
	bool keyed;
	uint32_t generation;
	int mki_len;
	uint8_t mki[QSC_MKI_MAX];
	bool has_old;		/* for a while, with an MKI of the same length */
	uint8_t old_mki[QSC_MKI_MAX];
	struct nm_ssrc ssrc[NM_SSRCS];
	int ssrcs;
};

struct nm_tuple {
	uint8_t local[16], remote[16];	/* IPv4 in the first four bytes */
	int addr_len;
	uint16_t local_port, remote_port;
};

struct nm_key {
	uint32_t dir;
	uint32_t overlap_ms;
	int mki_len;
	uint8_t mki[QSC_MKI_MAX];
	uint32_t ssrc[QSC_KEY_ROC_MAX];
	int ssrcs;
};

struct nm_call {
	bool used;
	char id[NM_NAME];
	uint32_t state, flags, role, timeout, lifetime, window, owner, reason, suite;
	struct nm_tuple tuple[NM_TUPLES];
	int tuples;
	struct nm_dir dir[2];	/* QSC_DIR_TX, QSC_DIR_RX, less one */
	bool has_epoch;
	uint32_t epoch;
	bool parked;
	struct nm_key parked_key;
};

struct nm_model {
	uint16_t family;
	bool suite[QSC_SUITE_MAX + 1];	/* what this kernel has */
	struct nm_call call[NM_CALLS];
	int calls;
	struct seal seal;
};

/* What has to come of a message. */
struct nm_verdict {
	bool silent;		/* there is no answer, nor to what is behind it */
	bool ack_only;		/* netlink acknowledges it, nobody looks at it */
	enum nm_by by;
	int err;		/* 0 or negative */
	int or_err;		/* allowed too, 0: nothing */
	bool dump;
	int replies;		/* if it succeeds, and is not a dump */
	bool too_soon;		/* a deadline that the run may live to see */
	bool full;		/* the model has no room for it: do not send it */

	/* what it does if it succeeds */
	uint8_t cmd;
	struct nm_call *call;
	struct nm_call *more[NM_CALLS];
	int mores;
	uint32_t reason;
	struct nm_call fresh;
	struct nm_key key;
	struct qsc_session session;
	uint32_t timeout, lifetime;
};

/* Judge the message at @buf, @left bytes are left in its datagram. */
void nm_judge(const struct nm_model *m, const struct nlr_sock *s, const uint8_t *buf, int left,
	      struct nm_verdict *v);
/* It has succeeded. */
void nm_commit(struct nm_model *m, const struct nm_verdict *v);

/* The owner's socket was closed. */
void nm_close(struct nm_model *m, uint32_t portid);

/* nlsession.c: the parts of it about sessions */
int nm_judge_session(const struct nm_model *m, const struct nlattr *nest, const char *id,
		     struct nm_verdict *v);
void nm_commit_session(const struct nm_verdict *v);
int nm_judge_activate(const struct nm_model *m, const struct nlattr *nest, const char *id,
		      struct nm_verdict *v);
void nm_commit_activate(const struct nm_verdict *v);

void nm_commit_key(struct nm_call *c, const struct nm_key *k);

struct nm_call *nm_find(const struct nm_model *m, const char *id);

#endif /* _QSC_NLMODEL_H */
