// SPDX-License-Identifier: GPL-2.0-only
/* qsctl: control the qsc kernel module. Options, and where to begin. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "qsctl.h"

/* One a line. */
/* clang-format off */
static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "all", no_argument, NULL, 'a' },
	{ "prometheus", no_argument, NULL, 'P' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "color", required_argument, NULL, 'c' },
	{ "netns", required_argument, NULL, 'n' },
	{ "socket", required_argument, NULL, 's' },
	{ "batch", required_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};
/* clang-format on */

struct options {
	const char *color;
	const char *netns;
	const char *batch;
	bool help;
	bool version;
};

static int take_option(struct qsctl *ctl, struct options *opts, int c)
{
	switch (c) {
	case 'j':
		ctl->json = true;
		return QSCTL_OK;
	case 'p':
		ctl->pretty = true;
		return QSCTL_OK;
	case 'a':
		ctl->all = true;
		return QSCTL_OK;
	case 'P':
		ctl->prometheus = true;
		return QSCTL_OK;
	case 'v':
		ctl->verbose = true;
		return QSCTL_OK;
	case 'c':
		opts->color = optarg;
		return QSCTL_OK;
	case 'n':
		opts->netns = optarg;
		return QSCTL_OK;
	case 's':
		ctl->socket = optarg;
		return QSCTL_OK;
	case 'b':
		opts->batch = optarg;
		return QSCTL_OK;
	case 'h':
		opts->help = true;
		return QSCTL_OK;
	case 'V':
		opts->version = true;
		return QSCTL_OK;
	default: /* getopt has complained */
		return QSCTL_USAGE;
	}
}

/* Options may stand anywhere: people type "qsctl call list -j". */
static int read_options(struct qsctl *ctl, struct options *opts, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "jpavc:n:s:b:hV", long_options, NULL)) != -1)
		if (take_option(ctl, opts, c))
			return QSCTL_USAGE;
	return set_color(opts->color);
}

static int run(struct qsctl *ctl, struct options *opts, struct words *words)
{
	int ret;

	if (opts->version) {
		printf("qsctl %s\n", QSC_TOOLS_VERSION);
		return QSCTL_OK;
	}
	if (opts->help)
		return print_help(stdout, words);
	if (!words->left && !opts->batch) {
		print_help(stderr, words);
		return QSCTL_USAGE;
	}
	if (opts->netns) {
		ret = enter_netns(opts->netns);
		if (ret)
			return ret;
	}
	if (opts->batch)
		return no_more_words(words) ? QSCTL_USAGE : run_batch(ctl, opts->batch);
	return run_command(ctl, qsctl_commands, "the command", words);
}

/* A full disk must not look like success. */
static int end_output(int ret)
{
	if (fflush(stdout) || ferror(stdout)) {
		complain("cannot write the output: %s", strerror(errno));
		return ret ? ret : QSCTL_REFUSED;
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct options opts = { .color = "auto" };
	struct qsctl ctl = { 0 };
	struct words words;
	int ret;

	ret = read_options(&ctl, &opts, argc, argv);
	if (ret)
		return ret;
	words.left = argc - optind;
	words.next = argv + optind;
	ret = end_output(run(&ctl, &opts, &words));
	kernel_close(&ctl);
	return ret;
}
