// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * OpenSSL wipes keys, but not all that it derives: the key schedule of TLS 1.3 is
 * freed as it is with the connection.
 */
#include <stdlib.h>
#include <string.h>

#include <malloc.h>
#include <openssl/crypto.h>

#include "heap.h"

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
	if (ptr)
		OPENSSL_cleanse(ptr, malloc_usable_size(ptr));
	free(ptr);
}

/* realloc() would leave a copy behind where it moves. */
static void *resize(void *old, size_t size, const char *file, int line)
{
	size_t had = old ? malloc_usable_size(old) : 0;
	void *ptr;

	if (!size) {
		put(old, file, line);
		return NULL;
	}
	ptr = malloc(size);
	if (!ptr)
		return NULL;
	if (old)
		memcpy(ptr, old, had < size ? had : size);
	put(old, file, line);
	return ptr;
}

bool heap_wipes_openssl(void)
{
	return CRYPTO_set_mem_functions(get, resize, put) == 1;
}
