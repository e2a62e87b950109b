// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* qskms: run the key service. Options, words and help. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "qskms.h"

#define DEFAULT_SOCKET "/run/qskmsd/admin.sock"

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },	    { "pretty", no_argument, NULL, 'p' },
	{ "socket", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },	    { 0 },
};

static void help_table(FILE *out, const char *prefix, const struct command *table)
{
	for (; table->name; table++) {
		char words[128];

		snprintf(words, sizeof(words), "%s%s %s", prefix, table->name, table->args);
		if (table->sub)
			help_table(out, "subscriber ", table->sub);
		else
			fprintf(out, "  %-42s %s\n", words, table->help);
	}
}

static int print_help(FILE *out)
{
	fprintf(out, "Usage: qskms [OPTIONS] COMMAND ...\n\nCommands:\n");
	help_table(out, "", qskms_commands);
	fprintf(out, "\nOptions:\n"
		     "  -j, --json         print JSON\n"
		     "  -p, --pretty       with -j: print it in several lines\n"
		     "  -s, --socket PATH  of the service; default " DEFAULT_SOCKET "\n"
		     "  -h, --help         this text\n"
		     "  -V, --version      print the version\n"
		     "Words may be abbreviated as long as they stay unambiguous.\n"
		     "Exit status: 0 done, 1 wrong usage, 2 the service said no.\n");
	return QSKMS_OK;
}

/* A whole name, or the beginning of one only */
static const struct command *find(const struct command *table, const char *word)
{
	const struct command *found = NULL;
	size_t len = strlen(word);

	for (; table->name; table++) {
		if (!len || strncmp(word, table->name, len))
			continue;
		if (!table->name[len])
			return table;
		if (found) {
			complain("\"%s\" is ambiguous", word);
			return NULL;
		}
		found = table;
	}
	if (!found)
		complain("\"%s\" is not known here: see qskms --help", word);
	return found;
}

static int run(struct qskms *q, const struct command *table, int argc, char **argv)
{
	const struct command *cmd;

	if (!argc)
		return complain("a command is missing: see qskms --help");
	cmd = find(table, argv[0]);
	if (!cmd)
		return QSKMS_USAGE;
	argc--;
	argv++;
	if (cmd->sub)
		return run(q, cmd->sub, argc, argv);
	if (argc < cmd->min)
		return complain("%s: missing: %s", cmd->name, cmd->args);
	if (cmd->max >= 0 && argc > cmd->max)
		return complain("%s: \"%s\" is one word too many", cmd->name, argv[cmd->max]);
	return cmd->run(q, argc, argv);
}

static int end_output(int ret)
{
	if (!fflush(stdout) && !ferror(stdout))
		return ret;
	complain("cannot write the output: %s", strerror(errno));
	return ret ? ret : QSKMS_REFUSED;
}

int main(int argc, char **argv)
{
	struct qskms q = { .socket = DEFAULT_SOCKET, .fd = -1 };
	struct rlimit none = { 0, 0 };
	int c, ret;

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
	while ((c = getopt_long(argc, argv, "jps:hV", long_options, NULL)) != -1) {
		switch (c) {
		case 'j':
			q.json = true;
			break;
		case 'p':
			q.pretty = true;
			break;
		case 's':
			q.socket = optarg;
			break;
		case 'h':
			return print_help(stdout);
		case 'V':
			printf("qskms %s\n", QSC_TOOLS_VERSION);
			return QSKMS_OK;
		default:
			return QSKMS_USAGE;
		}
	}
	ret = end_output(run(&q, qskms_commands, argc - optind, argv + optind));
	hang_up(&q);
	return ret;
}
