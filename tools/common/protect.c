// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Keeping the secrets of this process in this process. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "log.h"
#include "protect.h"

#define ARENA_SMALLEST 32

/*
 * With a limit, MCL_FUTURE would make malloc() fail once it is reached. Then
 * only the secure heap is locked.
 */
static void lock_all(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	/* Whoever may raise it, does. */
	if (setrlimit(RLIMIT_MEMLOCK, &limit) && getrlimit(RLIMIT_MEMLOCK, &limit))
		limit.rlim_cur = 0;
	if (limit.rlim_cur != RLIM_INFINITY) {
		log_info("RLIMIT_MEMLOCK is not unlimited: only keys are locked in memory, not "
			 "the buffers of TLS");
		return;
	}
	/* Stacks of threads are large and mostly never touched. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		log_warn("memory cannot be locked: %s", strerror(errno));
}

int protect_process(size_t arena)
{
	struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0) || setrlimit(RLIMIT_CORE, &none) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		log_error("cannot forbid core dumps: %s", strerror(errno));
		return -errno;
	}
	switch (CRYPTO_secure_malloc_init(arena, ARENA_SMALLEST)) {
	case 0:
		log_error("not enough memory for keys");
		return -ENOMEM;
	case 2:
		log_warn("memory for keys cannot be locked: raise RLIMIT_MEMLOCK to %zu bytes",
			 arena);
	}
	lock_all();
	return 0;
}
