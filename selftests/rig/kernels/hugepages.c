// SPDX-License-Identifier: GPL-2.0
/*
 * For LD_PRELOAD: what a program maps for itself may be in pages of 2 MB. A compiler
 * touches a hundred megabytes for each file, four kilobytes after the other, and in a
 * virtual machine these page faults are up to a quarter of the time.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORTH_IT (256 << 10)

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	void *p = (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off);

	if (p != MAP_FAILED && flags & MAP_ANONYMOUS && len >= WORTH_IT)
		madvise(p, len, MADV_HUGEPAGE);
	return p;
}
