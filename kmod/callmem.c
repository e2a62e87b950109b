// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that calls are in: there are many, and powers of two would waste a third
 * of each. Nothing in it is secret.
 */

#include "callmem.h"

#include <linux/slab.h>

/* By the number of legs, less one. */
static struct kmem_cache *caches[QSC_LEGS_MAX];

struct qsc_call *qsc_callmem_get(u8 nr_legs)
{
	return kmem_cache_zalloc(caches[nr_legs - 1], GFP_KERNEL);
}

void qsc_callmem_put(struct qsc_call *call)
{
	kmem_cache_free(caches[call->nr_legs - 1], call);
}

int qsc_callmem_module_init(void)
{
	static const char *const names[QSC_LEGS_MAX] = {
		KBUILD_MODNAME "_call",
		KBUILD_MODNAME "_relay",
	};
	size_t size;
	int i;

	for (i = 0; i < QSC_LEGS_MAX; i++) {
		size = sizeof(struct qsc_call) + (i + 1) * sizeof(struct qsc_leg);
		caches[i] = kmem_cache_create(names[i], size, 0, SLAB_HWCACHE_ALIGN, NULL);
		if (!caches[i]) {
			qsc_callmem_module_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void qsc_callmem_module_exit(void)
{
	int i;

	for (i = 0; i < QSC_LEGS_MAX; i++) {
		kmem_cache_destroy(caches[i]);
		caches[i] = NULL;
	}
}
