// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Many cards: a line of a file has the options that are one card's own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qspool.h"

#define WORDS_MAX 64

/* Blanks separate words; # begins a comment. The words are in @line. */
static int split(char *line, char **words)
{
	char *save, *comment = strchr(line, '#');
	int n = 1;

	if (comment)
		*comment = '\0';
	words[0] = (char *)tool_name; /* for getopt */
	for (char *word = strtok_r(line, " \t\r\n", &save); word && n < WORDS_MAX;
	     word = strtok_r(NULL, " \t\r\n", &save))
		words[n++] = word;
	words[n] = NULL;
	return n;
}

static int run_line(const struct args *common, char *line, unsigned int *cards)
{
	char *words[WORDS_MAX + 1];
	struct args args = *common;
	int n = split(line, words), status;

	if (n == 1)
		return TOOL_OK;
	if (n == WORDS_MAX)
		return complain("the line is too long");
	args.value[OPT_BATCH] = NULL;
	status = opt_parse(&args, n, words, PERSONALISE_ALLOWED);
	if (!status && args.file)
		status = complain("unexpected \"%s\"", args.file);
	if (!status)
		status = personalise_one(&args);
	*cards += !status;
	return status;
}

int personalise_batch(const struct args *args)
{
	const char *path = args->value[OPT_BATCH];
	unsigned int number = 0, cards = 0;
	FILE *file = fopen(path, "re");
	int status = TOOL_OK;
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		say("cannot open the batch %s: %s", path, strerror(errno));
		return TOOL_FAILED;
	}
	while (!status && getline(&line, &size, file) >= 0) {
		number++;
		status = run_line(args, line, &cards);
	}
	if (!status && ferror(file)) {
		say("cannot read the batch %s: %s", path, strerror(errno));
		status = TOOL_FAILED;
	}
	if (status)
		say("%s:%u: stopped here; %u cards are complete: take their lines out and start "
		    "again",
		    path, number, cards);
	free(line);
	fclose(file);
	return status;
}
