// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Keeping keys in this process. A child that holds keys has to call it again. */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tool.h"

void protect_process(void)
{
	struct rlimit none = { 0, 0 }, all = { RLIM_INFINITY, RLIM_INFINITY };

	umask(077);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	/* With a limit, memory that comes later would be refused, not swapped. */
	if (!setrlimit(RLIMIT_MEMLOCK, &all) && mlockall(MCL_CURRENT | MCL_FUTURE)) {
		/* Not allowed: keys may be swapped out. */
	}
}
