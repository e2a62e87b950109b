// SPDX-License-Identifier: GPL-2.0
/* What a key service and a client do to keys on their way to the module. */
#include <errno.h>
#include <openssl/sha.h>
#include <string.h>
#include <time.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "internal.h"
#include "keys.h"
#include "nlpolicy.h"
#include "seal.h"

/* The module takes a key for half a minute more than it gives it out. */
#define FRESH	5	/* seconds */

static const char batch_label[] = "calls-new";

/* What something is bound to. */
struct bound {
	const void *bytes;
	int len;
	uint8_t digest[SEAL_DIGEST_LEN];
};

static struct bound bound_to(const void *bytes, int len)
{
	struct bound b = { bytes, len };

	if (!SHA256(bytes, len, b.digest))
		ksft_exit_fail_msg("OpenSSL cannot hash\n");
	return b;
}

static struct bound bound_to_calls(const void *calls, int len)
{
	static uint8_t buf[sizeof(batch_label) - 1 + NL_BYTES];
	int label = sizeof(batch_label) - 1;

	memcpy(buf, batch_label, label);
	memcpy(buf + label, calls, min(len, NL_BYTES));
	return bound_to(buf, label + min(len, NL_BYTES));
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

void seal_refresh(struct seal *s, struct qsc_sock *sk)
{
	if (s->id && now() < s->asked + FRESH)
		return;
	sk->seal.id = 0;
	if (qsc_seal_get(sk))
		ksft_exit_fail_msg("seal get: %s\n", qsc_last_error(sk)->text);
	s->asked = now();
	s->id = sk->seal.id;
	memcpy(s->public, sk->seal.public, sizeof(s->public));
}

static struct seal_record *record(struct seal *s, struct bound b, const void *plain, int len)
{
	struct seal_record *r = &s->record[s->next++ % SEAL_RECORDS];
	EVP_PKEY *mine = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");

	memset(r, 0, sizeof(*r));
	if (!mine || qsc_seal_box(mine, s->public, b.bytes, b.len, plain, len, r->public, r->box))
		ksft_exit_fail_msg("OpenSSL cannot seal\n");
	EVP_PKEY_free(mine);
	r->box_len = len + QSC_SEAL_TAG_LEN;
	memcpy(r->bound, b.digest, sizeof(r->bound));
	return r;
}

static void put(const struct seal *s, struct nlr_msg *m, int parent, uint16_t type,
		const struct seal_record *r)
{
	int nest = nlr_nest(m, parent, type);

	if (nest < 0)
		return;
	nlr_put_u32(m, nest, QSC_A_SEAL_ID, s->id);
	nlr_put(m, nest, QSC_A_SEAL_PUBLIC, r->public, sizeof(r->public));
	nlr_put(m, nest, QSC_A_SEAL_BOX, r->box, r->box_len);
}

void seal_put_key(struct seal *s, struct nlr_msg *m, int parent, const char *id,
		  const struct qsc_key *key)
{
	uint8_t plain[QSC_MASTER_KEY_MAX + QSC_MASTER_SALT_MAX];
	struct qsc_binding b;

	memcpy(plain, key->master, key->master_len);
	memcpy(plain + key->master_len, key->salt, key->salt_len);
	qsc_bind_key(&b, id, key);
	put(s, m, parent, QSC_A_KEY_SEALED,
	    record(s, bound_to(b.bytes, b.len), plain, key->master_len + key->salt_len));
}

void seal_put_batch(struct seal *s, struct nlr_msg *m, const void *secrets, int len)
{
	static uint8_t buf[NL_BYTES];
	int all = nlr_flatten(m, 0, buf, sizeof(buf));

	put(s, m, NL_ROOT, QSC_A_CALL_SEALED,
	    record(s, bound_to_calls(buf + NL_HDR, all - NL_HDR), secrets, len));
}

int seal_put_session(struct seal *s, struct nlr_msg *m, const char *id,
		     const struct qsc_session *session)
{
	int nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_SESSION);
	uint8_t plain[QSC_DIST_LEN + QSC_EXPORTER_LEN];
	struct seal_record *r;
	struct qsc_binding b;

	memcpy(plain, session->dist, QSC_DIST_LEN);
	memcpy(plain + QSC_DIST_LEN, session->exporter, QSC_EXPORTER_LEN);
	qsc_bind_session(&b, id, session);
	r = record(s, bound_to(b.bytes, b.len), plain, sizeof(plain));
	memcpy(r->wrapped, session->wrapped, sizeof(r->wrapped));
	nlr_put_u32(m, nest, QSC_A_SESSION_ROLE, session->role);
	nlr_put_str(m, nest, QSC_A_SESSION_CALLER, session->caller);
	nlr_put_str(m, nest, QSC_A_SESSION_CALLEE, session->callee);
	nlr_put_u32(m, nest, QSC_A_SESSION_SUITE, session->suite);
	nlr_put_u32(m, nest, QSC_A_SESSION_EPOCH, session->epoch);
	nlr_put(m, nest, QSC_A_SESSION_WRAPPED, session->wrapped, sizeof(session->wrapped));
	if (session->leg)
		nlr_put_u8(m, nest, QSC_A_SESSION_LEG, session->leg);
	if (session->hold)
		nlr_put(m, nest, QSC_A_SESSION_HOLD, "", 0);
	if (session->has_overlap)
		nlr_put_u32(m, nest, QSC_A_SESSION_OVERLAP, session->overlap_ms);
	put(s, m, nest, QSC_A_SESSION_SEALED, r);
	return nest;
}

void seal_wrap(struct qsc_session *session, const char *id, uint8_t seed)
{
	struct qsc_keys_call call = {
		.role = session->role,
		.suite = session->suite,
		.epoch = session->epoch,
	};
	uint8_t wrap[QSC_KEYS_LEN], s[QSC_KEYS_LEN];

	/* no service wraps anything for a plain leg, so whatever it is will do */
	if (call.suite == QSC_SUITE_PLAIN)
		call.suite = QSC_SUITE_AEAD_AES_256_GCM;
	snprintf(call.call_id, sizeof(call.call_id), "%s", id);
	snprintf(call.caller, sizeof(call.caller), "%s", session->caller);
	snprintf(call.callee, sizeof(call.callee), "%s", session->callee);
	memset(s, seed, sizeof(s));
	if (qsc_keys_wrap(session->dist, session->exporter, wrap) ||
	    qsc_keys_seal_session(wrap, &call, s, session->wrapped))
		ksft_exit_fail_msg("a session key cannot be wrapped\n");
}

static const struct seal_record *find(const struct seal *s, const struct nlattr *public)
{
	unsigned int i;

	for (i = 0; i < SEAL_RECORDS; i++)
		if (s->record[i].box_len &&
		    !memcmp(s->record[i].public, public + 1, QSC_SEAL_PUBLIC_LEN))
			return &s->record[i];
	return NULL;
}

static int judge(const struct seal *s, const struct nlattr *nest, struct bound b,
		 const uint8_t *wrapped, int *or_err)
{
	const struct nlattr *tb[QSC_A_SEAL_MAX + 1];
	const struct seal_record *r;
	uint32_t id;

	nlp_parse(tb, QSC_A_SEAL_MAX, nest + 1, nest->nla_len - NLA_HDRLEN);
	memcpy(&id, tb[QSC_A_SEAL_ID] + 1, sizeof(id));
	/* behind a flush in the same datagram there is none */
	if (!id || id != s->id) {
		/* of an older key, by chance */
		*or_err = id && id < s->id ? -EBADMSG : 0;
		return -EKEYEXPIRED;
	}
	r = find(s, tb[QSC_A_SEAL_PUBLIC]);
	if (!r || tb[QSC_A_SEAL_BOX]->nla_len - NLA_HDRLEN != r->box_len ||
	    memcmp(tb[QSC_A_SEAL_BOX] + 1, r->box, r->box_len) ||
	    memcmp(b.digest, r->bound, sizeof(r->bound)))
		return -EBADMSG;
	return wrapped && memcmp(wrapped, r->wrapped, sizeof(r->wrapped)) ? -EBADMSG : 0;
}

int seal_judge_key(const struct seal *s, const struct nlattr *nest, const char *id,
		   const struct qsc_key *key, int *or_err)
{
	struct qsc_binding b;

	qsc_bind_key(&b, id, key);
	return judge(s, nest, bound_to(b.bytes, b.len), NULL, or_err);
}

int seal_judge_session(const struct seal *s, const struct nlattr *nest, const char *id,
		       const struct qsc_session *session, int *or_err)
{
	struct qsc_binding b;

	qsc_bind_session(&b, id, session);
	return judge(s, nest, bound_to(b.bytes, b.len), session->wrapped, or_err);
}

int seal_judge_batch(const struct seal *s, const struct nlattr *nest, const void *calls, int len,
		     int *or_err)
{
	return judge(s, nest, bound_to_calls(calls, len), NULL, or_err);
}
