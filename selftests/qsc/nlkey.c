// SPDX-License-Identifier: GPL-2.0
/* What has to come of netlink messages: keys. */
#include <errno.h>
#include <string.h>

#include "nlmodel.h"
#include "nlpolicy.h"

int nm_secret_len(uint32_t suite)
{
	static const int lens[QSC_SUITE_MAX + 1] = {
		[QSC_SUITE_AEAD_AES_256_GCM] = 32 + 12,
		[QSC_SUITE_AEAD_AES_128_GCM] = 16 + 12,
		[QSC_SUITE_AEAD_SM4_GCM] = 16 + 12,
		[QSC_SUITE_AES_CM_128_HMAC_SHA1_80] = 16 + 14,
	};

	return lens[suite];
}

/* Is there all of it, and has it the length? */
static bool is_sealed(const struct nlattr *nest, uint32_t suite)
{
	const struct nlattr *tb[QSC_A_SEAL_MAX + 1];

	nlp_parse(tb, QSC_A_SEAL_MAX, nest + 1, nlp_len(nest));
	return tb[QSC_A_SEAL_ID] && tb[QSC_A_SEAL_PUBLIC] && tb[QSC_A_SEAL_BOX] &&
	       nlp_len(tb[QSC_A_SEAL_BOX]) == nm_secret_len(suite) + QSC_SEAL_TAG_LEN;
}

static int get_rocs(const struct nlattr *nest, struct nm_key *k)
{
	const struct nlattr *roc[QSC_A_ROC_MAX + 1], *a = nest + 1;
	int left = nlp_len(nest);
	int i;

	for (k->ssrcs = 0; nlp_ok(a, left); a = nlp_next(a, &left)) {
		if (nlp_type(a) != QSC_A_KEY_ROC)
			continue;
		if (k->ssrcs == QSC_KEY_ROC_MAX)
			return -EINVAL;
		nlp_parse(roc, QSC_A_ROC_MAX, a + 1, nlp_len(a));
		if (!roc[QSC_A_ROC_SSRC] || !roc[QSC_A_ROC_VALUE])
			return -EINVAL;
		k->ssrc[k->ssrcs] = nlp_u32(roc[QSC_A_ROC_SSRC], 0);
		for (i = 0; i < k->ssrcs; i++)
			if (k->ssrc[i] == k->ssrc[k->ssrcs])
				return -EINVAL;
		k->ssrcs++;
	}
	return 0;
}

int nm_get_key(const struct nlattr *nest, bool sealed, struct nm_key *k)
{
	const struct nlattr *tb[QSC_A_KEY_MAX + 1];

	nlp_parse(tb, QSC_A_KEY_MAX, nest + 1, nlp_len(nest));
	if (!tb[QSC_A_KEY_DIR] || !tb[QSC_A_KEY_SUITE] || !tb[QSC_A_KEY_SEALED] == sealed)
		return -EINVAL;
	k->leg = nlp_u8(tb[QSC_A_KEY_LEG], 0);
	k->dir = nlp_u32(tb[QSC_A_KEY_DIR], 0);
	k->suite = nlp_u32(tb[QSC_A_KEY_SUITE], 0);
	if (k->suite == QSC_SUITE_PLAIN)
		return -EINVAL;
	k->overlap_ms = nlp_u32(tb[QSC_A_KEY_OVERLAP], QSC_OVERLAP_DEFAULT_MS);
	k->mki_len = tb[QSC_A_KEY_MKI] ? nlp_len(tb[QSC_A_KEY_MKI]) : 0;
	if (k->mki_len)
		memcpy(k->mki, tb[QSC_A_KEY_MKI] + 1, k->mki_len);
	if (sealed && !is_sealed(tb[QSC_A_KEY_SEALED], k->suite))
		return -EINVAL;
	return get_rocs(nest, k);
}

/* Entries that only keys used that are gone make room: RFC 3711 lets them. */
static int evictable(const struct nm_dir *d)
{
	int i, n = 0;

	for (i = 0; i < d->ssrcs; i++)
		n += d->ssrc[i].generation + 1 < d->generation;
	return n;
}

static int judge_rocs(const struct nm_dir *d, const struct nm_key *k)
{
	int i, j;

	for (i = 0; i < k->ssrcs; i++)
		for (j = 0; j < d->ssrcs; j++)
			if (d->ssrc[j].ssrc == k->ssrc[i])
				return -EEXIST;
	return d->ssrcs + k->ssrcs - evictable(d) > NM_SSRCS ? -ENOSPC : 0;
}

static bool has_mki(const struct nm_key *k, int len, const uint8_t *mki)
{
	return k->mki_len == len && !memcmp(k->mki, mki, len);
}

int nm_judge_install(const struct nm_call *c, const struct nm_key *k, int *or_err)
{
	const struct nm_leg *l;
	const struct nm_dir *d;

	if (!c || k->leg >= c->legs)
		return -ENOENT;
	l = &c->leg[k->leg];
	if (l->suite != k->suite || c->state == QSC_CALL_STATE_ERASED)
		return -EINVAL;
	d = &l->dir[k->dir - 1];
	if (d->generation && d->mki_len != k->mki_len)
		return -EINVAL;
	if (d->keyed && k->mki_len && has_mki(k, d->mki_len, d->mki))
		return -EEXIST;
	if (k->dir == QSC_DIR_TX && l->parked && k->mki_len &&
	    has_mki(k, l->parked_key.mki_len, l->parked_key.mki))
		return -EEXIST;
	if (d->has_old && has_mki(k, d->mki_len, d->old_mki))
		*or_err = -EEXIST;
	return judge_rocs(d, k);
}

static int judge_seal(const struct nm_model *m, const struct nlattr *nest, const char *id,
		      struct nm_verdict *v)
{
	const struct nlattr *tb[QSC_A_KEY_MAX + 1];
	struct qsc_key k = {
		.leg = v->key.leg,
		.dir = v->key.dir,
		.suite = v->key.suite,
		.mki_len = v->key.mki_len,
	};

	nlp_parse(tb, QSC_A_KEY_MAX, nest + 1, nlp_len(nest));
	memcpy(k.mki, v->key.mki, v->key.mki_len);
	return seal_judge_key(&m->seal, tb[QSC_A_KEY_SEALED], id, &k, &v->or_err);
}

int nm_judge_key(const struct nm_model *m, const struct nlattr *nest, const char *id,
		 struct nm_verdict *v)
{
	int err = nest ? nm_get_key(nest, true, &v->key) : -EINVAL;

	if (!err)
		err = judge_seal(m, nest, id, v);
	if (err)
		return err;
	v->call = nm_find(m, id);
	return nm_judge_install(v->call, &v->key, &v->or_err);
}

static void evict(struct nm_dir *d)
{
	int i;

	for (i = 0; i < d->ssrcs; i++) {
		if (d->ssrc[i].generation + 1 >= d->generation)
			continue;
		d->ssrc[i] = d->ssrc[--d->ssrcs];
		return;
	}
}

static bool has_keys(const struct nm_call *c)
{
	int i;

	for (i = 0; i < c->legs; i++)
		if (c->leg[i].suite != QSC_SUITE_PLAIN &&
		    (!c->leg[i].dir[0].keyed || !c->leg[i].dir[1].keyed))
			return false;
	return true;
}

void nm_commit_key(struct nm_call *c, const struct nm_key *k)
{
	struct nm_dir *d = &c->leg[k->leg].dir[k->dir - 1];
	int i;

	while (d->ssrcs + k->ssrcs > NM_SSRCS)
		evict(d);
	for (i = 0; i < k->ssrcs; i++)
		d->ssrc[d->ssrcs++] = (struct nm_ssrc){ k->ssrc[i], d->generation };
	if (d->keyed && k->dir == QSC_DIR_RX && k->mki_len && k->overlap_ms) {
		d->has_old = true;
		memcpy(d->old_mki, d->mki, d->mki_len);
	}
	d->generation++;
	d->keyed = true;
	d->mki_len = k->mki_len;
	memcpy(d->mki, k->mki, k->mki_len);
	if (has_keys(c))
		c->state = QSC_CALL_STATE_SECURE;
}
