// SPDX-License-Identifier: GPL-2.0-only
/* Reading secrets, and keeping them out of files. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "qsctl.h"

/* No core dump, no ptrace by the same user, no swap. Best effort. */
void protect_process(void)
{
	struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
	if (mlockall(MCL_CURRENT | MCL_FUTURE)) {
		/* Unprivileged and over RLIMIT_MEMLOCK: the key may be swapped. */
	}
}

static void warn_if_readable(int fd, const char *name)
{
	struct stat st;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_mode & S_IROTH)
		note("%s can be read by everybody: chmod 600 it", name);
}

static bool echo_off(int fd, struct termios *saved)
{
	struct termios quiet;

	if (!isatty(fd) || tcgetattr(fd, saved))
		return false;
	quiet = *saved;
	quiet.c_lflag &= ~ECHO;
	quiet.c_lflag |= ECHONL;
	return !tcsetattr(fd, TCSAFLUSH, &quiet);
}

/* Until the end of the file; on a terminal, until the end of the line. */
static int read_all(int fd, const char *name, bool tty, char *line, size_t size, size_t *len)
{
	ssize_t n;

	*len = 0;
	do {
		if (*len == size)
			return complain("%s: the line is longer than %zu bytes", name, size - 1);
		n = read(fd, line + *len, size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return complain("cannot read %s: %s", name, strerror(errno));
		*len += n;
	} while (n && !(tty && memchr(line, '\n', *len)));
	return QSCTL_OK;
}

static int one_line(const char *name, const struct secret_form *form, const char *line, size_t *len)
{
	const char *newline = memchr(line, '\n', *len);
	size_t first = newline ? (size_t)(newline - line) : *len;

	for (size_t i = first; i < *len; i++)
		if (!isspace((unsigned char)line[i]))
			return complain("%s: there is more than one line", name);
	while (first && isspace((unsigned char)line[first - 1]))
		first--;
	if (!first)
		return complain("%s: there is no %s", name, form->missing);
	*len = first;
	return QSCTL_OK;
}

/*
 * One line of at most @size - 1 bytes, without its end. Not through stdio,
 * whose buffers would keep it. @line is the caller's to wipe, also on errors.
 */
int read_secret_line(int fd, const char *name, const struct secret_form *form, char *line,
		     size_t size, size_t *len)
{
	struct termios saved;
	bool quiet;
	int ret;

	warn_if_readable(fd, name);
	quiet = echo_off(fd, &saved);
	if (quiet)
		fputs(form->prompt, stderr);
	ret = read_all(fd, name, isatty(fd), line, size, len);
	if (quiet)
		tcsetattr(fd, TCSAFLUSH, &saved);
	return ret ? ret : one_line(name, form, line, len);
}
