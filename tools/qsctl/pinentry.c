// SPDX-License-Identifier: GPL-2.0-only
/* A PIN from pinentry(1), by its Assuan protocol: lines to it and lines from it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "qsctl.h"

#define LINE_SIZE 512

struct pinentry {
	pid_t pid;
	int to;
	int from;
	char line[LINE_SIZE];
};

static void run_program(const char *program, int in, int out)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(127);
	execlp(program, program, (char *)NULL);
	_exit(127);
}

static int start(struct pinentry *p, const char *program)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC))
		return complain("pinentry: %s", strerror(errno));
	if (pipe2(from, O_CLOEXEC)) {
		close(to[0]);
		close(to[1]);
		return complain("pinentry: %s", strerror(errno));
	}
	p->pid = fork();
	if (!p->pid)
		run_program(program, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	p->to = to[1];
	p->from = from[0];
	return p->pid < 0 ? complain("pinentry: %s", strerror(errno)) : QSCTL_OK;
}

static void end(struct pinentry *p)
{
	close(p->to);
	close(p->from);
	if (p->pid > 0)
		waitpid(p->pid, NULL, 0);
	explicit_bzero(p, sizeof(*p));
}

/* Byte by byte: no buffer keeps what is behind the line. */
static bool get_line(struct pinentry *p)
{
	size_t len = 0;
	ssize_t n;

	while (len < LINE_SIZE - 1) {
		n = read(p->from, p->line + len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (p->line[len] == '\n') {
			p->line[len] = '\0';
			return true;
		}
		len++;
	}
	return false;
}

static bool put_line(struct pinentry *p, const char *text)
{
	char line[LINE_SIZE];
	int len = snprintf(line, sizeof(line), "%s\n", text);

	return write(p->to, line, (size_t)len) == len;
}

/* Until OK or ERR; the data in between, if there is some, to @pin */
static bool answered(struct pinentry *p, char *pin, size_t size, size_t *len)
{
	while (get_line(p)) {
		if (!strncmp(p->line, "OK", 2))
			return true;
		if (!strncmp(p->line, "ERR", 3))
			return false;
		if (!pin || strncmp(p->line, "D ", 2))
			continue;
		*len = strlen(p->line + 2);
		if (*len >= size)
			return false;
		memcpy(pin, p->line + 2, *len);
	}
	return false;
}

static bool command(struct pinentry *p, const char *text)
{
	return put_line(p, text) && answered(p, NULL, 0, NULL);
}

static bool talk(struct pinentry *p, const char *text, char *pin, size_t size, size_t *len)
{
	char line[LINE_SIZE];

	if (!answered(p, NULL, 0, NULL)) /* its greeting */
		return false;
	/* For one that draws on the terminal; others refuse it, which is no matter. */
	snprintf(line, sizeof(line), "OPTION ttyname=%s",
		 ttyname(STDIN_FILENO) ? ttyname(STDIN_FILENO) : "/dev/tty");
	command(p, line);
	snprintf(line, sizeof(line), "OPTION ttytype=%s", getenv("TERM") ? getenv("TERM") : "dumb");
	command(p, line);
	snprintf(line, sizeof(line), "SETDESC %s", text);
	return command(p, line) && command(p, "SETPROMPT PIN:") && put_line(p, "GETPIN") &&
	       answered(p, pin, size, len) && put_line(p, "BYE");
}

int ask_pinentry(const char *program, const char *text, char *pin, size_t size, size_t *len)
{
	struct pinentry p = { .pid = -1 };
	int ret;

	*len = 0;
	ret = start(&p, program);
	if (ret)
		return ret;
	if (!talk(&p, text, pin, size, len) || !*len)
		ret = complain("%s gave no PIN", program);
	end(&p);
	return ret;
}
