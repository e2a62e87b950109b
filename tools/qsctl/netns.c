// SPDX-License-Identifier: GPL-2.0-only
/* -n NAME, as of ip(8). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "qsctl.h"

int enter_netns(const char *name)
{
	char path[512];
	int fd, err;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return complain("cannot open network namespace \"%s\": %s", name, strerror(errno));
	err = setns(fd, CLONE_NEWNET);
	if (err)
		complain("cannot enter network namespace \"%s\": %s", name, strerror(errno));
	close(fd);
	return err ? QSCTL_REFUSED : QSCTL_OK;
}
