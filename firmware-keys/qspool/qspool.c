// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* qspool: where to begin. */
#include <stdio.h>
#include <string.h>

#include "qspool.h"

const char *tool_name = "qspool";

static const struct {
	const char *name;
	int (*run)(const struct args *args);
	unsigned long required;
	unsigned long allowed;
	bool file;
	const char *help;
} commands[] = {
	{ "make", command_make,
	  1UL << OPT_COUNT | 1UL << OPT_SOURCE | 1UL << OPT_POOL | 1UL << OPT_POOL_KEY,
	  1UL << OPT_MIN_ENTROPY, false,
	  "  qspool make --count N --source getrandom|PATH [--min-entropy BITS]\n"
	  "              --pool FILE --pool-key FILE\n"
	  "      Fill a new pool with keys from a source that passes its health tests.\n" },
	{ "personalise", command_personalise, 0, PERSONALISE_ALLOWED | 1UL << OPT_BATCH, false,
	  "  qspool personalise --pool FILE --pool-key FILE --kms-kit FILE --card N\n"
	  "              --subscriber ID --pin-file FILE --profile one-draw|two-draw\n"
	  "              --registration FILE --image FILE --image-key FILE\n"
	  "      Make the image of a card, and the registration for the key service.\n"
	  "  qspool personalise ... --load-script FILE --transport-key FILE\n"
	  "      The same for a card with a chip: LOAD commands instead of an image.\n"
	  "  qspool personalise [...] --batch FILE\n"
	  "      A card per line of FILE; a line holds the options that are its own.\n" },
	{ "inspect", command_inspect, 0,
	  1UL << OPT_POOL_KEY | 1UL << OPT_IMAGE_KEY | 1UL << OPT_KIT | 1UL << OPT_JSON, true,
	  "  qspool inspect FILE [--pool-key FILE|--image-key FILE|--kms-kit FILE] [--json]\n"
	  "      Say what a pool, an image or a registration is; with its key, check all of it.\n" },
	{ "blank", command_blank,
	  1UL << OPT_COUNT | 1UL << OPT_IMAGE | 1UL << OPT_IMAGE_KEY | 1UL << OPT_TRANSPORT_KEY, 0,
	  false,
	  "  qspool blank --count N --image FILE --image-key FILE --transport-key FILE\n"
	  "      Make the image of a card that waits for LOAD commands.\n" },
	{ "set-pin", command_set_pin, 1UL << OPT_IMAGE | 1UL << OPT_IMAGE_KEY | 1UL << OPT_PIN_FILE,
	  0, false,
	  "  qspool set-pin --image FILE --image-key FILE --pin-file FILE\n"
	  "      Set a new PIN, also when the old one is blocked.\n" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int usage(FILE *out)
{
	fputs("Usage:\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fputs(commands[i].help, out);
	fputs("  qspool --help | --version\n"
	      "\n"
	      "--pool-key, --image-key and --transport-key name files; a command that makes the\n"
	      "file which the key is for makes the key as well, unless it is there.\n"
	      "\n"
	      "Exit status: 0 done, 1 usage, 2 failed or damaged, 3 the source was refused.\n",
	      out);
	return TOOL_OK;
}

static int run(size_t i, int argc, char **argv)
{
	unsigned long allowed = commands[i].allowed | commands[i].required;
	struct args args = { 0 };

	if (argc > 1 && is_help(argv[1]))
		return printf("Usage:\n%s", commands[i].help) < 0;
	if (opt_parse(&args, argc, argv, allowed) || opt_require(&args, commands[i].required))
		return TOOL_USAGE;
	if (args.file && !commands[i].file)
		return complain("unexpected \"%s\": see qspool --help", args.file);
	return commands[i].run(&args);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return TOOL_USAGE;
	}
	if (is_help(argv[1]) || !strcmp(argv[1], "help"))
		return usage(stdout);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return puts("qspool " QSC_TOOLS_VERSION) < 0;
	protect_process();
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return run(i, argc - 1, argv + 1);
	return complain("\"%s\" is no command: see qspool --help", argv[1]);
}
