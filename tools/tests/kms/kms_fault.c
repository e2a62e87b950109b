// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * kms_fault CONTROL read|write|sync|any|none SKIP COUNT ERRNO [CLOCK]: what
 * preload_faults.so has to do from now on. Prints how many calls have failed
 * since the last time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include "cards.h"
#include "faults.h"

static int ops_of(const char *name)
{
	if (!strcmp(name, "read"))
		return FAULT_READ;
	if (!strcmp(name, "write"))
		return FAULT_WRITE;
	if (!strcmp(name, "sync"))
		return FAULT_SYNC;
	return strcmp(name, "any") ? 0 : FAULT_WRITE | FAULT_SYNC;
}

int main(int argc, char **argv)
{
	struct faults *f;
	int fd;

	if (argc < 6)
		die("Usage: kms_fault CONTROL read|write|sync|any|none SKIP COUNT ERRNO [CLOCK]");
	fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*f)))
		die("%s: %s", argv[1], strerror(errno));
	f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (f == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	printf("%d\n", f->hits);
	/* Off while the other numbers change */
	f->ops = 0;
	__sync_synchronize();
	f->skip = (int)strtol(argv[3], NULL, 10);
	f->count = (int)strtol(argv[4], NULL, 10);
	f->error = !strcmp(argv[5], "ENOSPC") ? ENOSPC : EIO;
	f->hits = 0;
	f->clock = argc > 6 ? strtoll(argv[6], NULL, 10) : 0;
	__sync_synchronize();
	f->ops = ops_of(argv[2]);
	return 0;
}
