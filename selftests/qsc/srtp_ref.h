/* SPDX-License-Identifier: GPL-2.0 */
/* libsrtp2 as the reference: what it does is what the module has to do. */
#ifndef _QSC_SRTP_REF_H
#define _QSC_SRTP_REF_H

#include <stdbool.h>
#include <stdint.h>
#include <srtp2/srtp.h>

#include "rng.h"
#include "rtp_gen.h"

#define KEY_MAX		32
#define SALT_MAX	14
#define MKI_MAX		128
#define ROCS_MAX	16
#define GENERATIONS_MAX	4

/* A master key as it is given to both sides. */
struct srtp_master {
	int suite;		/* enum qsc_suite */
	int key_len;
	int salt_len;
	int mki_len;
	uint8_t key[KEY_MAX];
	uint8_t salt[SALT_MAX];
	uint8_t mki[MKI_MAX];
};

/* What the initial roll-over counter of an SSRC is. */
struct srtp_roc {
	uint32_t ssrc;
	uint32_t roc;
};

struct srtp_keys {
	struct srtp_master gen[GENERATIONS_MAX];
	int gens;
	struct srtp_roc roc[ROCS_MAX];
	int rocs;
	int window;
};

enum ref_verdict {
	REF_OK,
	REF_REPLAY,		/* index seen before */
	REF_OLD,		/* index left of the window */
	REF_FORGED,		/* tag, MKI or framing is wrong */
};

/* A random key for @suite with an MKI of @mki_len bytes. */
void master_random(struct srtp_master *m, struct rng *rng, int suite, int mki_len);

/* Only fails when libsrtp lacks the suite or memory: then the test ends. */
srtp_t ref_open(const struct srtp_keys *keys, bool sender);

/* Protect in place under key generation @gen. */
enum ref_verdict ref_protect(srtp_t srtp, const struct srtp_keys *keys, int gen,
			     struct packet *pkt);

/* Unprotect in place. */
enum ref_verdict ref_unprotect(srtp_t srtp, const struct srtp_keys *keys,
			       struct packet *pkt);

const char *ref_verdict_name(enum ref_verdict v);

#endif /* _QSC_SRTP_REF_H */
