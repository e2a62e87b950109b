// SPDX-License-Identifier: GPL-2.0-only
/* Many commands over one connection: qsctl -b FILE. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qsctl.h"

#define BATCH_WORDS_MAX 64

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

static int run_line(struct qsctl *ctl, char *line)
{
	char *argv[BATCH_WORDS_MAX];
	struct words words = { .next = argv };

	words.left = split_line(line, argv, BATCH_WORDS_MAX);
	if (words.left < 0)
		return complain("the line has more than %d words", BATCH_WORDS_MAX);
	if (!words.left)
		return QSCTL_OK;
	return run_command(ctl, qsctl_commands, "command", &words);
}

/* Stops at the first command that fails. "-" is standard input. */
int run_batch(struct qsctl *ctl, const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	const char *name = is_stdin ? "standard input" : path;
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	unsigned int number = 0;
	int ret = QSCTL_OK;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return complain("cannot open %s: %s", path, strerror(errno));
	ctl->batch = true;
	while (!ret && getline(&line, &size, file) >= 0) {
		complain_at(name, ++number);
		ret = run_line(ctl, line);
		fflush(stdout);
	}
	complain_at(NULL, 0);
	free(line);
	if (!is_stdin)
		fclose(file);
	return ret;
}
