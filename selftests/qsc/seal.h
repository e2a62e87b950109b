/* SPDX-License-Identifier: GPL-2.0 */
/* What a key service and a client do to keys on their way to the module. */
#ifndef _QSC_SEAL_H
#define _QSC_SEAL_H

#include <qsc/qsc.h>
#include <stdbool.h>
#include <stdint.h>

#include "nlraw.h"

#define SEAL_RECORDS	32
#define SEAL_DIGEST_LEN	32
#define SEAL_SECRETS_MAX (NL_DATA - QSC_SEAL_TAG_LEN)	/* of calls-new */

/* Something that was sealed, so that it can be said whether it will open. */
struct seal_record {
	uint8_t public[QSC_SEAL_PUBLIC_LEN];
	uint8_t box[NL_DATA];
	int box_len;
	uint8_t wrapped[QSC_WRAPPED_LEN];	/* of a session */
	uint8_t bound[SEAL_DIGEST_LEN];		/* SHA-256 of what it is bound to */
};

/* The module's public key, and the last things that were sealed to it. */
struct seal {
	uint32_t id;		/* 0: none */
	uint8_t public[QSC_SEAL_PUBLIC_LEN];
	int64_t asked;		/* seconds of the monotonic clock */
	struct seal_record record[SEAL_RECORDS];
	unsigned int next;
};

/* Ask for a public key that stays good for a while, if there is none. */
void seal_refresh(struct seal *s, struct qsc_sock *sk);

/* The sealed nest of a key: its id, leg, dir, suite and mki are bound. */
void seal_put_key(struct seal *s, struct nlr_msg *m, int parent, const char *id,
		  const struct qsc_key *key);
/* The session nest; returns its number. */
int seal_put_session(struct seal *s, struct nlr_msg *m, const char *id,
		     const struct qsc_session *session);

/* The sealed nest of calls-new; bound to the calls, as they are in @m up to now. */
void seal_put_batch(struct seal *s, struct nlr_msg *m, const void *secrets, int len);

/* What the key service does: S is of @seed, wrapped for the rest of @session. */
void seal_wrap(struct qsc_session *session, const char *id, uint8_t seed);

/*
 * Will this open, for a request with these attributes? 0 or a negative errno;
 * *or_err is set to what may come instead, for the module may know an older key.
 */
int seal_judge_key(const struct seal *s, const struct nlattr *nest, const char *id,
		   const struct qsc_key *key, int *or_err);
int seal_judge_session(const struct seal *s, const struct nlattr *nest, const char *id,
		       const struct qsc_session *session, int *or_err);
int seal_judge_batch(const struct seal *s, const struct nlattr *nest, const void *calls, int len,
		     int *or_err);

#endif /* _QSC_SEAL_H */
