// SPDX-License-Identifier: GPL-2.0
/* What has to come of netlink messages: those about sessions. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "nlmodel.h"
#include "nlpolicy.h"

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
	nlp_parse(tb, QSC_A_SESSION_MAX, nest + 1, nlp_len(nest));
	if (!tb[QSC_A_SESSION_ROLE] || !tb[QSC_A_SESSION_CALLER] || !tb[QSC_A_SESSION_CALLEE] ||
	    !tb[QSC_A_SESSION_SUITE] || !tb[QSC_A_SESSION_EPOCH])
		return -EINVAL;
	if (!get_party(tb[QSC_A_SESSION_CALLER], &s->caller) ||
	    !get_party(tb[QSC_A_SESSION_CALLEE], &s->callee))
		return -EINVAL;
	if (!tb[QSC_A_SESSION_WRAPPED] || !tb[QSC_A_SESSION_SEALED])
		return -EINVAL;
	nlp_parse(seal, QSC_A_SEAL_MAX, tb[QSC_A_SESSION_SEALED] + 1,
		  nlp_len(tb[QSC_A_SESSION_SEALED]));
	if (!seal[QSC_A_SEAL_ID] || !seal[QSC_A_SEAL_PUBLIC] || !seal[QSC_A_SEAL_BOX] ||
	    nlp_len(seal[QSC_A_SEAL_BOX]) != QSC_SEAL_BOX_MAX)
		return -EINVAL;
	s->role = nlp_u32(tb[QSC_A_SESSION_ROLE], 0);
	s->suite = nlp_u32(tb[QSC_A_SESSION_SUITE], 0);
	if (s->suite == QSC_SUITE_PLAIN)
		return -EINVAL;
	s->epoch = nlp_u32(tb[QSC_A_SESSION_EPOCH], 0);
	s->hold = tb[QSC_A_SESSION_HOLD];
	s->overlap_ms = nlp_u32(tb[QSC_A_SESSION_OVERLAP], QSC_OVERLAP_DEFAULT_MS);
	s->leg = nlp_u8(tb[QSC_A_SESSION_LEG], 0);
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

/* Of a call that is there, and the leg of it. */
static int judge_leg(const struct nm_call *c, const struct nm_leg *l, const struct qsc_session *s,
		     struct nm_verdict *v)
{
	struct nm_key *k = &v->key;
	uint32_t mki = htonl(s->epoch);
	int err;

	if (l->suite != s->suite || c->state == QSC_CALL_STATE_ERASED ||
	    (c->role && c->role != s->role))
		return -EINVAL;
	if (l->has_epoch && s->epoch <= l->epoch)
		return -EEXIST;
	memset(k, 0, sizeof(*k));
	k->leg = s->leg;
	k->mki_len = QSC_EPOCH_MKI_LEN;
	memcpy(k->mki, &mki, sizeof(mki));
	/* nobody sends: what is kept is never one that was given up */
	k->overlap_ms = s->hold ? QSC_OVERLAP_MAX_MS : s->overlap_ms;
	err = judge_mki(&l->dir[QSC_DIR_RX - 1], k->mki, v);
	return err ? err : judge_mki(&l->dir[QSC_DIR_TX - 1], k->mki, v);
}

int nm_judge_session(const struct nm_model *m, const struct nlattr *nest, const char *id,
		     struct nm_verdict *v)
{
	const struct nlattr *tb[QSC_A_SESSION_MAX + 1];
	struct qsc_session *s = &v->session;
	int err;

	err = nest ? get_session(nest, tb, s) : -EINVAL;
	if (!err)
		err = seal_judge_session(&m->seal, tb[QSC_A_SESSION_SEALED], id, s, &v->or_err);
	if (err)
		return err;
	v->call = nm_find(m, id);
	if (!v->call || s->leg >= v->call->legs)
		return -ENOENT;
	return judge_leg(v->call, &v->call->leg[s->leg], s, v);
}

void nm_commit_session(const struct nm_verdict *v)
{
	struct nm_leg *l = &v->call->leg[v->session.leg];
	struct nm_key k = v->key;

	l->has_epoch = true;
	l->epoch = v->session.epoch;
	k.dir = QSC_DIR_RX;
	nm_commit_key(v->call, &k);
	k.dir = QSC_DIR_TX;
	l->parked = v->session.hold;
	if (l->parked)
		l->parked_key = k;
	else
		nm_commit_key(v->call, &k);
}

int nm_judge_activate(const struct nm_model *m, const struct nlattr *nest, const char *id,
		      struct nm_verdict *v)
{
	int left = nest ? nlp_len(nest) : 0;
	const struct nlattr *a = nest + 1;
	const struct nm_leg *l;

	v->key.leg = 0;
	for (; nest && nlp_ok(a, left); a = nlp_next(a, &left)) {
		if (nlp_type(a) != QSC_A_SESSION_LEG)
			return -EINVAL;
		v->key.leg = nlp_u8(a, 0);
	}
	v->call = nm_find(m, id);
	if (!v->call || v->key.leg >= v->call->legs)
		return -ENOENT;
	if (v->call->state == QSC_CALL_STATE_ERASED)
		return -EINVAL;
	l = &v->call->leg[v->key.leg];
	if (!l->parked)
		return -ENOKEY;
	return judge_mki(&l->dir[QSC_DIR_TX - 1], l->parked_key.mki, v);
}

void nm_commit_activate(const struct nm_verdict *v)
{
	struct nm_leg *l = &v->call->leg[v->key.leg];

	l->parked = false;
	nm_commit_key(v->call, &l->parked_key);
}
