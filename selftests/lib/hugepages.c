// SPDX-License-Identifier: GPL-2.0
/*
 * For LD_PRELOAD: what a program maps for itself may be in pages of 2 MB. A compiler
 * touches a hundred megabytes for each file, four kilobytes after the other, and in a
 * virtual machine these page faults are up to a quarter of the time. So they are of the
 * headers that it has compiled before: it maps them, and writes to most pages.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORTH_IT (256 << 10)
#define WORTH_READING (4 << 20)

static bool own_copy(size_t len, int prot, int flags)
{
	return prot & PROT_WRITE && len >= WORTH_READING &&
	       !(flags & (MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED));
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	bool copy = own_copy(len, prot, flags);
	size_t done = 0;
	ssize_t n = 1;
	char *p;

	if (copy)
		flags |= MAP_ANONYMOUS;
	p = (char *)syscall(SYS_mmap, addr, len, prot, flags, copy ? -1 : fd, copy ? 0 : off);
	if (p == MAP_FAILED || !(flags & MAP_ANONYMOUS))
		return p;
	if (len >= WORTH_IT)
		madvise(p, len, MADV_HUGEPAGE);
	for (; copy && done < len && n > 0; done += n)
		n = pread(fd, p + done, len - done, off + done);
	if (n >= 0)
		return p;
	munmap(p, len);
	return MAP_FAILED;
}
