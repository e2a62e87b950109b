// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Regions of pieces of one size; a region is never given back. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/syscall.h>

#include <openssl/crypto.h>

#include "log.h"
#include "registers.h"
#include "secmem.h"

/* The same number for all */
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#define REGION (64UL << 10)

struct piece {
	SLIST_ENTRY(piece) link;
};

SLIST_HEAD(pieces, piece);

static struct pieces unused = SLIST_HEAD_INITIALIZER(unused);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *kind = "none";
static unsigned int used;

static void *map_secret(void)
{
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	void *region = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (!ftruncate(fd, REGION))
		region = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return region == MAP_FAILED ? NULL : region;
}

static void *map_locked(void)
{
	void *region =
		mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (region == MAP_FAILED)
		return NULL;
	if (!mlock(region, REGION) && !madvise(region, REGION, MADV_DONTDUMP))
		return region;
	munmap(region, REGION);
	return NULL;
}

static void add_region(void)
{
	char *region = map_secret();

	if (region) {
		kind = "memfd_secret";
	} else {
		region = map_locked();
		if (!region) {
			log_error("no memory for secrets can be locked: raise RLIMIT_MEMLOCK");
			return;
		}
		kind = "mlock";
	}
	if (madvise(region, REGION, MADV_DONTFORK))
		log_warn("children inherit memory for secrets: %s", strerror(errno));
	for (size_t at = 0; at < REGION; at += SECMEM_PIECE) {
		struct piece *piece = (void *)(region + at);

		SLIST_INSERT_HEAD(&unused, piece, link);
	}
}

void *secmem_get(size_t size)
{
	struct piece *piece = NULL;

	if (size > SECMEM_PIECE)
		return NULL;
	pthread_mutex_lock(&lock);
	if (SLIST_EMPTY(&unused))
		add_region();
	piece = SLIST_FIRST(&unused);
	if (piece) {
		SLIST_REMOVE_HEAD(&unused, link);
		used++;
	}
	pthread_mutex_unlock(&lock);
	if (piece)
		memset(piece, 0, SECMEM_PIECE);
	return piece;
}

void secmem_put(void *ptr)
{
	struct piece *piece = ptr;

	if (!piece)
		return;
	OPENSSL_cleanse(piece, SECMEM_PIECE);
	registers_wipe();
	pthread_mutex_lock(&lock);
	SLIST_INSERT_HEAD(&unused, piece, link);
	used--;
	pthread_mutex_unlock(&lock);
}

const char *secmem_kind(void)
{
	return kind;
}

unsigned int secmem_used(void)
{
	return used;
}
