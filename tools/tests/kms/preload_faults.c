// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Loaded in front of the C library: makes calls on the files of the store fail,
 * sets the wall clock wrong, and writes down in which order files are synced and
 * sockets written. QSC_FAULT_FILES is the beginning of the files' paths,
 * QSC_FAULT_CONTROL the file that kms_fault writes, QSC_FAULT_TRACE a file for
 * the order.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "faults.h"

#define FDS 4096

static struct faults none, *control = &none;
static bool ours[FDS];
static int trace = -1;

/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a function */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("QSC_FAULT_CONTROL");
	int fd = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd >= 0) {
		control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (control == MAP_FAILED)
			abort();
		close(fd);
	}
	path = getenv("QSC_FAULT_TRACE");
	if (path)
		trace = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(const char *what)
{
	if (trace >= 0 && REAL(write)(trace, what, strlen(what)) < 0)
		abort();
}

static bool is_ours(int fd)
{
	return fd >= 0 && fd < FDS && ours[fd];
}

/* Whether this call has to fail; sets errno. */
static bool fails(int op)
{
	if (!(control->ops & op) || !control->count)
		return false;
	if (__atomic_fetch_sub(&control->skip, 1, __ATOMIC_SEQ_CST) > 0)
		return false;
	control->skip = 0;
	if (__atomic_fetch_sub(&control->count, 1, __ATOMIC_SEQ_CST) <= 0) {
		control->count = 0;
		return false;
	}
	__atomic_fetch_add(&control->hits, 1, __ATOMIC_SEQ_CST);
	errno = control->error;
	return true;
}

static int remember(int fd, const char *path)
{
	const char *files = getenv("QSC_FAULT_FILES");

	if (fd >= 0 && fd < FDS)
		ours[fd] = files && !strncmp(path, files, strlen(files));
	return fd;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc has its own */
int open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return remember(REAL(open)(path, flags, mode), path);
}

int open64(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return remember(REAL(open64)(path, flags, mode), path);
}

int close(int fd)
{
	if (fd >= 0 && fd < FDS)
		ours[fd] = false;
	return REAL(close)(fd);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t at)
{
	if (!is_ours(fd))
		return REAL(pwrite64)(fd, buf, len, at);
	if (fails(FAULT_WRITE))
		return -1;
	note("write\n");
	return REAL(pwrite64)(fd, buf, len, at);
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t at)
{
	if (is_ours(fd) && fails(FAULT_READ))
		return -1;
	return REAL(pread64)(fd, buf, len, at);
}

static int synced(int fd, int ret)
{
	if (is_ours(fd) && !ret)
		note("sync\n");
	return ret;
}

int fsync(int fd)
{
	if (is_ours(fd) && fails(FAULT_SYNC))
		return -1;
	return synced(fd, REAL(fsync)(fd));
}

int fdatasync(int fd)
{
	if (is_ours(fd) && fails(FAULT_SYNC))
		return -1;
	return synced(fd, REAL(fdatasync)(fd));
}

/* What is written to sockets with: by the service itself, and by libevent for it */
ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	note("send\n");
	return REAL(send)(fd, buf, len, flags);
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
	note("send\n");
	return REAL(writev)(fd, iov, n);
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int ret = REAL(clock_gettime)(clock, ts);

	if (!ret && clock == CLOCK_REALTIME)
		ts->tv_sec += control->clock;
	return ret;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
