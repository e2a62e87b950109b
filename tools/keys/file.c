// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Files with secrets: never through stdio, whose buffers would keep them; new
 * ones are made for the owner only and are on the disk before they are used.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <unistd.h>

#include <sys/stat.h>

#include "keys_internal.h"

static const char *remedy(int err)
{
	switch (err) {
	case ENOSPC:
	case EDQUOT:
		return ": make room on that disk and try again";
	case EROFS:
		return ": choose a folder on a disk that can be written";
	case EACCES:
	case EPERM:
		return ": only the owner of such files may use them";
	case ENOENT:
		return ": check the path";
	default:
		return "";
	}
}

static int failed(struct qsc_why *why, const char *what, const char *path)
{
	int err = errno;

	return qsc_why(why, -err, "cannot %s %s: %s%s", what, path, strerror(err), remedy(err));
}

int qsc_file_create(const char *path, int access, struct qsc_why *why)
{
	int fd = open(path, access | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST)
		return qsc_why(why, -EEXIST, "%s exists already: remove it or choose another name",
			       path);
	if (fd < 0)
		return failed(why, "create", path);
	/* Whatever the umask: 0600 and nothing else. */
	if (fchmod(fd, 0600)) {
		int err = failed(why, "protect", path);

		close(fd);
		unlink(path);
		return err;
	}
	return fd;
}

int qsc_file_write(int fd, const char *path, const void *data, size_t len, struct qsc_why *why)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(why, "write", path);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int qsc_file_sync_folder(const char *path, struct qsc_why *why)
{
	size_t len = strlen(path) + 1;
	char copy[PATH_MAX];
	int fd, err;

	if (len > sizeof(copy)) {
		errno = ENAMETOOLONG;
		return failed(why, "store the name of", path);
	}
	memcpy(copy, path, len);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(why, "store the name of", path);
	err = fsync(fd) ? failed(why, "store the name of", path) : 0;
	close(fd);
	return err;
}

/* The data and the name are on the disk, and the file is closed, also on errors. */
int qsc_file_finish(int fd, const char *path, struct qsc_why *why)
{
	int err = 0;

	if (fsync(fd))
		err = failed(why, "store", path);
	if (close(fd) && !err)
		err = failed(why, "store", path);
	return err ? err : qsc_file_sync_folder(path, why);
}

int qsc_file_read(int fd, const char *path, void *data, size_t len, struct qsc_why *why)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, (char *)data + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(why, "read", path);
		if (!n)
			break;
		have += (size_t)n;
	}
	return (int)have;
}

static int check_secret(int fd, const char *path, struct qsc_why *why)
{
	struct stat st;

	if (fstat(fd, &st))
		return failed(why, "examine", path);
	if (!S_ISREG(st.st_mode))
		return qsc_why(why, -EINVAL,
			       "%s is not a regular file: name the file with the secret", path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return qsc_why(why, -EPERM,
			       "%s is open to others than its owner (mode %04o): chmod 600 it",
			       path, st.st_mode & 07777);
	return 0;
}

static int open_secret(const char *path, struct qsc_why *why)
{
	int fd, err;

	if (!strcmp(path, "-"))
		return STDIN_FILENO;
	/* Not to wait for a writer of a FIFO that somebody has put there */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return failed(why, "open", path);
	err = check_secret(fd, path, why);
	if (err)
		close(fd);
	return err ? err : fd;
}

int qsc_secret_read(const char *path, void *out, size_t size, struct qsc_why *why)
{
	int fd = open_secret(path, why);
	char more;
	int n, rest;

	if (fd < 0) {
		OPENSSL_cleanse(out, size);
		return fd;
	}
	n = qsc_file_read(fd, path, out, size, why);
	if (n == (int)size) {
		rest = qsc_file_read(fd, path, &more, 1, why);
		OPENSSL_cleanse(&more, 1);
		if (rest < 0)
			n = rest;
		else if (rest)
			n = qsc_why(why, -EFBIG, "%s is longer than %zu bytes: it is another file",
				    path, size);
	}
	if (fd != STDIN_FILENO)
		close(fd);
	if (n < 0)
		OPENSSL_cleanse(out, size);
	return n;
}

int qsc_secret_write(const char *path, const void *data, size_t size, struct qsc_why *why)
{
	int fd = qsc_file_create(path, O_WRONLY, why);
	int err;

	if (fd < 0)
		return fd;
	err = qsc_file_write(fd, path, data, size, why);
	if (err)
		close(fd);
	else
		err = qsc_file_finish(fd, path, why);
	if (err)
		unlink(path);
	return err;
}
