// SPDX-License-Identifier: GPL-2.0
/* What has to come of netlink messages: those about sessions. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "nlmodel.h"
#include "nlpolicy.h"

static uint32_t u32(const struct nlattr *a)
{
	uint32_t v;

	memcpy(&v, a + 1, sizeof(v));
	return v;
}

static bool is_party(const char *s)
{
	for (; isascii(*s) && (isalnum(*s) || (*s && strchr("+._@:-", *s))); s++)
		;
	return !*s;
}

static bool get_party(const struct nlattr *a, const char **s)
{
	*s = (const char *)(a + 1);
	return **s && is_party(*s);
}

static int get_session(const struct nlattr *nest, const struct nlattr **tb, struct qsc_session *s)
{
	const struct nlattr *seal[QSC_A_SEAL_MAX + 1];

	memset(s, 0, sizeof(*s));
	nlp_parse(tb, QSC_A_SESSION_MAX, nest + 1, nest->nla_len - NLA_HDRLEN);
	if (!tb[QSC_A_SESSION_ROLE] || !tb[QSC_A_SESSION_CALLER] || !tb[QSC_A_SESSION_CALLEE] ||
	    !tb[QSC_A_SESSION_SUITE] || !tb[QSC_A_SESSION_EPOCH])
		return -EINVAL;
	if (!get_party(tb[QSC_A_SESSION_CALLER], &s->caller) ||
	    !get_party(tb[QSC_A_SESSION_CALLEE], &s->callee))
		return -EINVAL;
	if (!tb[QSC_A_SESSION_WRAPPED] || !tb[QSC_A_SESSION_SEALED])
		return -EINVAL;
	nlp_parse(seal, QSC_A_SEAL_MAX, tb[QSC_A_SESSION_SEALED] + 1,
		  tb[QSC_A_SESSION_SEALED]->nla_len - NLA_HDRLEN);
	if (!seal[QSC_A_SEAL_ID] || !seal[QSC_A_SEAL_PUBLIC] || !seal[QSC_A_SEAL_BOX] ||
	    seal[QSC_A_SEAL_BOX]->nla_len - NLA_HDRLEN != QSC_SEAL_BOX_MAX)
		return -EINVAL;
	s->role = u32(tb[QSC_A_SESSION_ROLE]);
	s->suite = u32(tb[QSC_A_SESSION_SUITE]);
	s->epoch = u32(tb[QSC_A_SESSION_EPOCH]);
	s->hold = tb[QSC_A_SESSION_HOLD];
	s->overlap_ms = tb[QSC_A_SESSION_OVERLAP] ? u32(tb[QSC_A_SESSION_OVERLAP]) :
						    QSC_OVERLAP_DEFAULT_MS;
	if (tb[QSC_A_SESSION_LEG])
		s->leg = *(const uint8_t *)(tb[QSC_A_SESSION_LEG] + 1);
	memcpy(s->wrapped, tb[QSC_A_SESSION_WRAPPED] + 1, sizeof(s->wrapped));
	return 0;
}

static int judge_mki(const struct nm_dir *d, const uint8_t *mki, struct nm_verdict *v)
{
	if (d->generation && d->mki_len != QSC_EPOCH_MKI_LEN)
		return -EINVAL;
	if (d->keyed && !memcmp(d->mki, mki, QSC_EPOCH_MKI_LEN))
		return -EEXIST;
	if (d->has_old && !memcmp(d->old_mki, mki, QSC_EPOCH_MKI_LEN))
		v->or_err = -EEXIST;
	return 0;
}

int nm_judge_session(const struct nm_model *m, const struct nlattr *nest, const char *id,
		     struct nm_verdict *v)
{
	const struct nlattr *tb[QSC_A_SESSION_MAX + 1];
	struct qsc_session *s = &v->session;
	struct nm_key *k = &v->key;
	uint32_t mki;
	int err;

	err = nest ? get_session(nest, tb, s) : -EINVAL;
	if (!err)
		err = seal_judge_session(&m->seal, tb[QSC_A_SESSION_SEALED], id, s, &v->or_err);
	if (err)
		return err;
	v->call = nm_find(m, id);
	if (!v->call || s->leg)
		return -ENOENT;
	if (v->call->suite != s->suite || v->call->state == QSC_CALL_STATE_ERASED ||
	    (v->call->role && v->call->role != s->role))
		return -EINVAL;
	if (v->call->has_epoch && s->epoch <= v->call->epoch)
		return -EEXIST;
	mki = htonl(s->epoch);
	memset(k, 0, sizeof(*k));
	k->mki_len = QSC_EPOCH_MKI_LEN;
	memcpy(k->mki, &mki, sizeof(mki));
	/* nobody sends: what is kept is never one that was given up */
	k->overlap_ms = s->hold ? QSC_OVERLAP_MAX_MS : s->overlap_ms;
	err = judge_mki(&v->call->dir[QSC_DIR_RX - 1], k->mki, v);
	return err ? err : judge_mki(&v->call->dir[QSC_DIR_TX - 1], k->mki, v);
}

void nm_commit_session(const struct nm_verdict *v)
{
	struct nm_call *c = v->call;
	struct nm_key k = v->key;

	c->has_epoch = true;
	c->epoch = v->session.epoch;
	k.dir = QSC_DIR_RX;
	nm_commit_key(c, &k);
	k.dir = QSC_DIR_TX;
	c->parked = v->session.hold;
	if (c->parked)
		c->parked_key = k;
	else
		nm_commit_key(c, &k);
}

int nm_judge_activate(const struct nm_model *m, const struct nlattr *nest, const char *id,
		      struct nm_verdict *v)
{
	int left = nest ? nest->nla_len - NLA_HDRLEN : 0;
	const struct nlattr *a = nest + 1;
	uint8_t leg = 0;

	for (; nest && nlp_ok(a, left); a = nlp_next(a, &left)) {
		if ((a->nla_type & NLA_TYPE_MASK) != QSC_A_SESSION_LEG)
			return -EINVAL;
		leg = *(const uint8_t *)(a + 1);
	}
	v->call = nm_find(m, id);
	if (!v->call || leg)
		return -ENOENT;
	if (v->call->state == QSC_CALL_STATE_ERASED)
		return -EINVAL;
	if (!v->call->parked)
		return -ENOKEY;
	return judge_mki(&v->call->dir[QSC_DIR_TX - 1], v->call->parked_key.mki, v);
}

void nm_commit_activate(const struct nm_verdict *v)
{
	v->call->parked = false;
	nm_commit_key(v->call, &v->call->parked_key);
}
