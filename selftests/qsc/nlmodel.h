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
#define NM_FRESH	4	/* calls that one message may make */
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
	uint16_t local_port, remote_port;	/* remote 0: learnt */
};

struct nm_key {
	uint8_t leg;
	uint32_t dir, suite;
	uint32_t overlap_ms;
	int mki_len;
	uint8_t mki[QSC_MKI_MAX];
	uint32_t ssrc[QSC_KEY_ROC_MAX];
	int ssrcs;
};

struct nm_leg {
	uint32_t suite, flags;
	bool has_dscp;
	uint8_t dscp, ttl;
	struct nm_tuple tuple[NM_TUPLES];
	int tuples;
	struct nm_dir dir[2];	/* QSC_DIR_TX, QSC_DIR_RX, less one */
	bool has_epoch;
	uint32_t epoch;
	bool parked;
	struct nm_key parked_key;
};

struct nm_call {
	bool used;
	char id[NM_NAME];
	uint32_t state, flags, role, timeout, lifetime, window, owner, reason;
	struct nm_leg leg[QSC_LEGS_MAX];
	int legs;
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
	int made;
	struct nm_call fresh[NM_FRESH];	/* @made of them, with their keys */
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

/* 0 or the error. */
int nm_get_id(const struct nlattr *a, char *id);
struct nm_call *nm_find(const struct nm_model *m, const char *id);
/* A deadline that comes before the run's end? */
bool nm_is_soon(uint32_t seconds);

/* nlcall.c: what makes calls; they are added to those of @v */
int nm_judge_new(const struct nm_model *m, const struct nlr_sock *s, const void *attrs, int len,
		 struct nm_verdict *v);
int nm_judge_batch(const struct nm_model *m, const struct nlr_sock *s, const void *attrs, int len,
		   struct nm_verdict *v);

/* nlkey.c: keys, by themselves or with the call that they are for */
int nm_judge_key(const struct nm_model *m, const struct nlattr *nest, const char *id,
		 struct nm_verdict *v);
/* What can be wrong with a key whatever the call is; @sealed: not in a box with others. */
int nm_get_key(const struct nlattr *nest, bool sealed, struct nm_key *k);
/* And what else; @c is NULL if there is no such call. */
int nm_judge_install(const struct nm_call *c, const struct nm_key *k, int *or_err);
void nm_commit_key(struct nm_call *c, const struct nm_key *k);
/* Bytes of a master key and its salt. */
int nm_secret_len(uint32_t suite);

/* nlsession.c: sessions */
int nm_judge_session(const struct nm_model *m, const struct nlattr *nest, const char *id,
		     struct nm_verdict *v);
void nm_commit_session(const struct nm_verdict *v);
int nm_judge_activate(const struct nm_model *m, const struct nlattr *nest, const char *id,
		      struct nm_verdict *v);
void nm_commit_activate(const struct nm_verdict *v);

#endif /* _QSC_NLMODEL_H */
