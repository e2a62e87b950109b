// SPDX-License-Identifier: GPL-2.0-only
/* Many commands over one connection: qsctl -b FILE. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qsctl.h"

#define BATCH_WORDS_MAX 64
#define READ_SIZE 65536
#define REMOVALS_MAX 4096

/* Split at blanks; # begins a comment. -1 if there are too many words. */
static int split_line(char *line, char **argv, int max)
{
	char *save, *word;
	int n = 0;

	for (word = strtok_r(line, " \t\r\n", &save); word && *word != '#';
	     word = strtok_r(NULL, " \t\r\n", &save)) {
		if (n == max)
			return -1;
		argv[n++] = word;
	}
	return n;
}

/* Lines of a file, without waiting while there are some. */
struct lines {
	int fd;
	const char *name;
	char *buf;
	size_t begin, end, size;
	bool ended;
};

/* A whole line that was read before, without its end; NULL if there is none. */
static char *take_line(struct lines *in)
{
	size_t left = in->end - in->begin;
	char *line, *end;

	if (!left)
		return NULL;
	line = in->buf + in->begin;
	end = memchr(line, '\n', left);
	if (!end && !in->ended)
		return NULL;
	if (!end)
		end = line + left; /* there is room behind it */
	*end = '\0';
	in->begin = (size_t)(end - in->buf) < in->end ? (size_t)(end + 1 - in->buf) : in->end;
	return line;
}

static int read_more(struct lines *in)
{
	size_t left = in->end - in->begin;
	char *buf;
	ssize_t n;

	if (left)
		memmove(in->buf, in->buf + in->begin, left);
	in->begin = 0;
	in->end = left;
	if (in->size - left < READ_SIZE + 1) {
		buf = realloc(in->buf, in->size + READ_SIZE + 1);
		if (!buf)
			return complain("out of memory");
		in->buf = buf;
		in->size += READ_SIZE + 1;
	}
	do
		n = read(in->fd, in->buf + left, READ_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return complain("cannot read %s: %s", in->name, strerror(errno));
	in->ended = !n;
	in->end += n;
	return QSCTL_OK;
}

/*
 * Commands to remove calls that come one after the other share what each would
 * wait for. They wait for each other only while there are more lines to be had:
 * whoever writes them one by one finds each done.
 */
struct removals {
	const char *file;
	unsigned int n;
	char *ids[REMOVALS_MAX];
	unsigned int lines[REMOVALS_MAX];
};

static int remove_one(struct qsctl *ctl, char *id)
{
	struct words words = { .left = 1, .next = &id };

	return cmd_call_del(ctl, &words);
}

static void forget(struct removals *r)
{
	while (r->n)
		free(r->ids[--r->n]);
}

static int remove_all(struct qsctl *ctl, struct removals *r)
{
	unsigned int done = 0;
	int ret;

	if (!r->n)
		return QSCTL_OK;
	ret = kernel_open(ctl);
	if (!ret && r->n > 1)
		qsc_call_del_many(ctl->sk, (const char *const *)r->ids, r->n, &done);
	/* One of those that are left cannot be removed: find out which and why. */
	for (; !ret && done < r->n; done++) {
		complain_at(r->file, r->lines[done]);
		ret = remove_one(ctl, r->ids[done]);
	}
	forget(r);
	return ret;
}

/* Is it to remove a call, and to say nothing? */
static const char *id_to_remove(const struct qsctl *ctl, struct words words)
{
	const struct command *cmd = ctl->verbose ? NULL : command_of(&words);

	return cmd && cmd->run == cmd_call_del && words.left == 1 ? *words.next : NULL;
}

static int run_line(struct qsctl *ctl, struct removals *r, unsigned int number, char *line)
{
	char *argv[BATCH_WORDS_MAX];
	struct words words = { .next = argv };
	const char *id;
	int ret;

	words.left = split_line(line, argv, BATCH_WORDS_MAX);
	id = words.left > 0 ? id_to_remove(ctl, words) : NULL;
	if (id && r->n < REMOVALS_MAX) {
		r->lines[r->n] = number;
		r->ids[r->n] = strdup(id);
		if (r->ids[r->n++])
			return QSCTL_OK;
		r->n--;
		return complain("out of memory");
	}
	if (!words.left)
		return QSCTL_OK;
	ret = remove_all(ctl, r);
	if (ret)
		return ret;
	complain_at(r->file, number);
	if (words.left < 0)
		return complain("the line has more than %d words", BATCH_WORDS_MAX);
	return run_command(ctl, qsctl_commands, "command", &words);
}

static int run_lines(struct qsctl *ctl, struct lines *in, struct removals *r)
{
	unsigned int number = 0;
	int ret = QSCTL_OK;
	char *line;

	while (!ret) {
		line = take_line(in);
		if (line) {
			complain_at(in->name, ++number);
			ret = run_line(ctl, r, number, line);
			fflush(stdout);
			continue;
		}
		ret = remove_all(ctl, r);
		if (ret || in->ended)
			break;
		ret = read_more(in);
	}
	return ret;
}

/* Stops at the first command that fails. "-" is standard input. */
int run_batch(struct qsctl *ctl, const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	struct lines in = { .name = is_stdin ? "standard input" : path };
	struct removals *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return complain("out of memory");
	in.fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (in.fd < 0) {
		free(r);
		return complain("cannot open %s: %s", path, strerror(errno));
	}
	ctl->batch = true;
	r->file = in.name;
	ret = run_lines(ctl, &in, r);
	complain_at(NULL, 0);
	free(in.buf);
	forget(r);
	free(r);
	if (!is_stdin)
		close(in.fd);
	return ret;
}
