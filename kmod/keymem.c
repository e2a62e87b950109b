// SPDX-License-Identifier: GPL-2.0
/* The memory that keys are in, and where all of them are. */

#include "keymem.h"

#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

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

struct qsc_key *qsc_keymem_get(void)
{
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

void qsc_keymem_list(struct qsc_key *key)
{
	spin_lock(&all_keys_lock);
	list_add_tail_rcu(&key->all, &all_keys);
	spin_unlock(&all_keys_lock);
}

static void unlist(struct qsc_key *key)
{
	bool last;

	spin_lock(&all_keys_lock);
	list_del_rcu(&key->all);
	last = list_empty(&all_keys);
	spin_unlock(&all_keys_lock);
	if (last)
		wake_up_all(&all_keys_gone);
}

void qsc_keymem_put(struct qsc_key *key)
{
	if (key->all.next)
		unlist(key);
	memzero_explicit(key, sizeof(*key));
	kmem_cache_free(cache, key);
}

bool qsc_keymem_wait_gone(void)
{
	return wait_event_timeout(all_keys_gone, list_empty(&all_keys), GONE_TIMEOUT);
}

unsigned int qsc_keymem_panic(void)
{
	struct qsc_key *key;
	unsigned int n = 0;

	/* Without the lock: a CPU that was stopped may hold it. */
	list_for_each_entry(key, &all_keys, all) {
		qsc_aead_panic(&key->rtp.aead);
		qsc_aead_panic(&key->rtcp.aead);
		qsc_cm_panic(&key->rtp.cm);
		qsc_cm_panic(&key->rtcp.cm);
		memzero_explicit(&key->rtp.salt, sizeof(key->rtp.salt));
		memzero_explicit(&key->rtcp.salt, sizeof(key->rtcp.salt));
		n++;
	}
	return n;
}

int qsc_keymem_module_init(void)
{
	cache = kmem_cache_create(KBUILD_MODNAME "_key", sizeof(struct qsc_key), 0,
				  SLAB_HWCACHE_ALIGN, zero_key);
	return cache ? 0 : -ENOMEM;
}

void qsc_keymem_module_exit(void)
{
	kmem_cache_destroy(cache);
}
