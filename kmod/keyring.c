// SPDX-License-Identifier: GPL-2.0
/* Key generations: made from a master key, wiped at the end. */

#include "keyring.h"

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "kdf.h"

#define GONE_TIMEOUT (10 * HZ)

/* Of every namespace, whoever holds them: a panic has no time to search. */
static LIST_HEAD(all_keys);
static DEFINE_SPINLOCK(all_keys_lock);
static DECLARE_WAIT_QUEUE_HEAD(all_keys_gone);

static struct kmem_cache *cache;

/*
 * A cache with a constructor is merged with no other, on any kernel: nobody
 * else's objects lie beside keys. And what is free in it is zero.
 */
static void zero_key(void *key)
{
	memset(key, 0, sizeof(struct qsc_key));
}

static void free_key(struct qsc_key *key)
{
	memzero_explicit(key, sizeof(*key));
	kmem_cache_free(cache, key);
}

static void list_key(struct qsc_key *key)
{
	spin_lock(&all_keys_lock);
	list_add_tail_rcu(&key->all, &all_keys);
	spin_unlock(&all_keys_lock);
}

static void unlist_key(struct qsc_key *key)
{
	bool last;

	spin_lock(&all_keys_lock);
	list_del_rcu(&key->all);
	last = list_empty(&all_keys);
	spin_unlock(&all_keys_lock);
	if (last)
		wake_up_all(&all_keys_gone);
}

static int derive(struct qsc_srtp *c, const struct qsc_key_params *p, enum qsc_kdf_label key_label,
		  enum qsc_kdf_label salt_label)
{
	const struct qsc_suite_desc *suite = p->suite;
	u8 session[QSC_AEAD_KEY_MAX], salt[QSC_SALT_LEN];
	int err;

	err = qsc_kdf_srtp(p->master, suite->key_len, p->salt, suite->salt_len, key_label, session,
			   suite->key_len);
	if (!err)
		err = qsc_kdf_srtp(p->master, suite->key_len, p->salt, suite->salt_len, salt_label,
				   salt, sizeof(salt));
	if (!err)
		err = qsc_aead_init(&c->aead, suite, session);
	if (!err) {
		c->salt.high = get_unaligned_be64(salt);
		c->salt.low = get_unaligned_be32(salt + 8);
	}
	memzero_explicit(session, sizeof(session));
	memzero_explicit(salt, sizeof(salt));
	return err;
}

static int derive_both(struct qsc_key *key, const struct qsc_key_params *p)
{
	int err;

	err = derive(&key->rtp, p, QSC_KDF_RTP_ENCRYPTION, QSC_KDF_RTP_SALT);
	if (err)
		return err;
	err = derive(&key->rtcp, p, QSC_KDF_RTCP_ENCRYPTION, QSC_KDF_RTCP_SALT);
	if (err)
		qsc_aead_destroy(&key->rtp.aead);
	return err;
}

struct qsc_key *qsc_key_create(const struct qsc_key_params *p)
{
	struct qsc_key *key;
	int err;

	key = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!key)
		return ERR_PTR(-ENOMEM);
	err = derive_both(key, p);
	if (err) {
		free_key(key);
		return ERR_PTR(err);
	}
	key->suite = p->suite;
	key->dir = p->dir;
	key->leg = p->leg;
	key->installed = jiffies;
	key->mki_len = p->mki_len;
	memcpy(key->mki, p->mki, p->mki_len);
	INIT_LIST_HEAD(&key->grave);
	list_key(key);
	return key;
}

void qsc_key_destroy(struct qsc_key *key)
{
	qsc_aead_destroy(&key->rtcp.aead);
	qsc_aead_destroy(&key->rtp.aead);
	unlist_key(key);
	free_key(key);
}

bool qsc_keys_wait_gone(void)
{
	return wait_event_timeout(all_keys_gone, list_empty(&all_keys), GONE_TIMEOUT);
}

unsigned int qsc_keys_panic(void)
{
	struct qsc_key *key;
	unsigned int n = 0;

	/* Without the lock: a CPU that was stopped may hold it. */
	list_for_each_entry(key, &all_keys, all) {
		qsc_aead_panic(&key->rtp.aead);
		qsc_aead_panic(&key->rtcp.aead);
		memzero_explicit(&key->rtp.salt, sizeof(key->rtp.salt));
		memzero_explicit(&key->rtcp.salt, sizeof(key->rtcp.salt));
		n++;
	}
	return n;
}

int qsc_key_module_init(void)
{
	cache = kmem_cache_create(KBUILD_MODNAME "_key", sizeof(struct qsc_key), 0,
				  SLAB_HWCACHE_ALIGN, zero_key);
	return cache ? 0 : -ENOMEM;
}

void qsc_key_module_exit(void)
{
	kmem_cache_destroy(cache);
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
