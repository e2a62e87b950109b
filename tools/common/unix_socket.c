// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Sockets for the people who run a daemon. */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "unix_socket.h"

#define BACKLOG 16

/* A socket that nobody answers is left from a daemon that was killed. */
static int remove_stale(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int used;

	if (fd < 0)
		return -errno;
	used = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	close(fd);
	if (used)
		return -EADDRINUSE;
	if (unlink(addr->sun_path) && errno != ENOENT)
		return -errno;
	return 0;
}

static int set_group(const char *path, const char *name)
{
	struct group *group;

	if (!name)
		return 0;
	errno = 0;
	group = getgrnam(name);
	if (!group)
		return errno ? -errno : -ENOENT;
	return chown(path, (uid_t)-1, group->gr_gid) || chmod(path, 0660) ? -errno : 0;
}

static int bind_private(int fd, const struct sockaddr_un *addr)
{
	mode_t before = umask(0177);
	int err = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;

	umask(before);
	return err;
}

static int listen_at(int fd, const struct sockaddr_un *addr, const char *group)
{
	int err = bind_private(fd, addr);

	if (err)
		return err;
	err = set_group(addr->sun_path, group);
	if (!err && listen(fd, BACKLOG))
		err = -errno;
	if (err)
		unlink(addr->sun_path);
	return err;
}

int unix_socket_listen(const char *path, const char *group)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	err = remove_stale(&addr);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = listen_at(fd, &addr, group);
	if (!err)
		return fd;
	close(fd);
	return err;
}
