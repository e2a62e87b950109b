// SPDX-License-Identifier: GPL-2.0
/* Key generations: made from a master key, wiped at the end. */

#include "keyring.h"

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "kdf.h"
#include "keymem.h"

/* RFC 3711 section 4.3.1 */
struct labels {
	enum qsc_kdf_label key;
	enum qsc_kdf_label auth;
	enum qsc_kdf_label salt;
};

static const struct labels rtp_labels = {
	QSC_KDF_RTP_ENCRYPTION,
	QSC_KDF_RTP_AUTH,
	QSC_KDF_RTP_SALT,
};

static const struct labels rtcp_labels = {
	QSC_KDF_RTCP_ENCRYPTION,
	QSC_KDF_RTCP_AUTH,
	QSC_KDF_RTCP_SALT,
};

/* Session key and salt are made where they stay: there is no copy to wipe. */
static void derive_aead(struct qsc_srtp *c, const struct qsc_suite_desc *suite,
			const struct qsc_kdf *kdf, const struct labels *l)
{
	qsc_kdf_derive(kdf, l->key, c->aead.key, suite->key_len);
	qsc_kdf_derive(kdf, l->salt, (u8 *)&c->salt, QSC_SALT_LEN);
	BUILD_BUG_ON(offsetof(struct qsc_iv, low) != sizeof(c->salt.high));
	c->salt.high = be64_to_cpu((__force __be64)c->salt.high);
	c->salt.low = be32_to_cpu((__force __be32)c->salt.low);
}

/* The key passes through where an AEAD has its own. */
static void derive_cm(struct qsc_srtp *c, const struct qsc_suite_desc *suite,
		      const struct qsc_kdf *kdf, const struct labels *l, u8 *auth)
{
	qsc_kdf_derive(kdf, l->key, c->aead.key, suite->key_len);
	qsc_kdf_derive(kdf, l->auth, auth, QSC_CM_AUTH_LEN);
	qsc_kdf_derive(kdf, l->salt, c->cm.salt, sizeof(c->cm.salt));
}

static void derive(struct qsc_srtp *c, const struct qsc_suite_desc *suite,
		   const struct qsc_kdf *kdf, const struct labels *l, u8 *auth)
{
	if (suite->cm)
		derive_cm(c, suite, kdf, l, auth);
	else
		derive_aead(c, suite, kdf, l);
}

/* Whatever becomes of it, no session key is left but in the cipher. RTCP is rare. */
static int init(struct qsc_srtp *c, const struct qsc_suite_desc *suite, const u8 *auth, bool rtcp)
{
	int err;

	if (!suite->cm && rtcp)
		return qsc_aead_init_shared(&c->aead, suite, c->aead.key);
	if (!suite->cm)
		return qsc_aead_init(&c->aead, suite, c->aead.key);
	err = qsc_cm_init(&c->cm, c->aead.key, auth);
	memzero_explicit(c->aead.key, QSC_CM_KEY_LEN);
	return err;
}

static void destroy(struct qsc_srtp *c)
{
	if (c->cm.ctr)
		qsc_cm_destroy(&c->cm);
	else
		qsc_aead_destroy(&c->aead);
}

/* Keys of the MACs, on their way */
struct auth {
	u8 rtp[QSC_CM_AUTH_LEN];
	u8 rtcp[QSC_CM_AUTH_LEN];
};

static int derive_both(struct qsc_key *key, const struct qsc_key_params *p, struct auth *auth)
{
	struct qsc_kdf kdf;
	int err;

	err = qsc_kdf_init(&kdf, p->master, p->suite->key_len, p->salt, p->suite->salt_len);
	if (err)
		return err;
	derive(&key->rtp, p->suite, &kdf, &rtp_labels, auth->rtp);
	derive(&key->rtcp, p->suite, &kdf, &rtcp_labels, auth->rtcp);
	qsc_kdf_destroy(&kdf);
	return 0;
}

static int init_both(struct qsc_key *key, const struct qsc_suite_desc *suite,
		     const struct auth *auth)
{
	int err;

	err = init(&key->rtp, suite, auth->rtp, false);
	if (err)
		return err;
	err = init(&key->rtcp, suite, auth->rtcp, true);
	if (err)
		destroy(&key->rtp);
	return err;
}

/* On error there may be session keys in @key, which qsc_keymem_put() wipes. */
static int make(struct qsc_key *key, const struct qsc_key_params *p)
{
	struct auth auth;
	int err;

	err = derive_both(key, p, &auth);
	if (!err)
		err = init_both(key, p->suite, &auth);
	memzero_explicit(&auth, sizeof(auth));
	return err;
}

struct qsc_key *qsc_key_create(const struct qsc_key_params *p)
{
	struct qsc_key *key;
	int err;

	key = qsc_keymem_get();
	if (!key)
		return ERR_PTR(-ENOMEM);
	err = make(key, p);
	if (err) {
		qsc_keymem_put(key);
		return ERR_PTR(err);
	}
	key->suite = p->suite;
	key->overhead = p->suite->tag_len + p->mki_len;
	key->cm = p->suite->cm;
	key->dir = p->dir;
	key->leg = p->leg;
	key->installed = jiffies;
	key->mki_len = p->mki_len;
	memcpy(key->mki, p->mki, p->mki_len);
	INIT_LIST_HEAD(&key->grave);
	qsc_keymem_list(key);
	return key;
}

void qsc_key_destroy(struct qsc_key *key)
{
	destroy(&key->rtcp);
	destroy(&key->rtp);
	qsc_keymem_put(key);
}

void qsc_stream_init(struct qsc_stream *s, u8 dir, u32 window)
{
	spin_lock_init(&s->lock);
	s->dir = dir;
	s->window = window;
}

static int link_rocs(struct qsc_stream *s, struct qsc_ssrc **entries, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (qsc_ssrc_find(&s->ssrcs, entries[i]->ssrc))
			return -EEXIST;
	if (!qsc_ssrc_room(&s->ssrcs, n, s->generations))
		return -ENOSPC;
	for (i = 0; i < n; i++) {
		qsc_ssrc_link(&s->ssrcs, entries[i], s->generations);
		entries[i] = NULL;
	}
	return 0;
}

int qsc_stream_add_rocs(struct qsc_stream *s, const struct qsc_roc *rocs, u32 n)
{
	struct qsc_ssrc *entries[QSC_KEY_ROC_MAX] = {};
	int err = 0;
	u32 i;

	for (i = 0; i < n && !err; i++) {
		entries[i] = qsc_ssrc_alloc(rocs[i].ssrc, rocs[i].roc, s->window, GFP_KERNEL);
		if (!entries[i])
			err = -ENOMEM;
	}
	if (!err) {
		spin_lock_bh(&s->lock);
		err = link_rocs(s, entries, n);
		spin_unlock_bh(&s->lock);
	}
	for (i = 0; i < n; i++)
		kfree(entries[i]);
	return err;
}
