// SPDX-License-Identifier: GPL-2.0-only
/* What is in memory as it is freed. */
#include <malloc.h>

#include "freed.h"
#include "leftover.h"

unsigned int freed, freed_dirty;

static const void *watched;
static size_t watched_len;

/* The linker also sees the libraries' own references to them. */
#pragma GCC visibility push(default)
void __real_free(void *ptr);
void __wrap_free(void *ptr);
#pragma GCC visibility pop

void __wrap_free(void *ptr)
{
	if (ptr && watched) {
		freed++;
		freed_dirty += leftover_at(ptr, malloc_usable_size(ptr), watched, watched_len);
	}
	__real_free(ptr);
}

void freed_watch(const void *secret, size_t len)
{
	watched = secret;
	watched_len = len;
	freed = freed_dirty = 0;
}
