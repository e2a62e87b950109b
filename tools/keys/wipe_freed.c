// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * OpenSSL's memory is wiped when it is freed. OpenSSL does so itself with what it
 * knows to be secret; some of what it works with, it forgets: ECDH with P-256
 * leaves the private number in its list of windows.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "keys_internal.h"

static void *get(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void put(void *ptr, const char *file, int line)
{
	(void)file;
	(void)line;
	/* libc's: OpenSSL's goes by words, which would be a fifteenth of a login. */
	if (ptr)
		explicit_bzero(ptr, malloc_usable_size(ptr));
	free(ptr);
}

/* A libc that moves a block leaves what was in it where it was. */
static void *change(void *ptr, size_t size, const char *file, int line)
{
	size_t old = malloc_usable_size(ptr);
	void *moved = size ? malloc(size) : NULL;

	if (moved && ptr)
		memcpy(moved, ptr, old < size ? old : size);
	if (moved || !size)
		put(ptr, file, line);
	return moved;
}

int qsc_keys_wipe_freed(void)
{
	return CRYPTO_set_mem_functions(get, change, put) == 1 ? 0 : -EBUSY;
}
