// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The options, all in one table. */
#include <getopt.h>
#include <string.h>

#include "qspool.h"

static const char *const names[OPTS] = {
	[OPT_COUNT] = "count",
	[OPT_SOURCE] = "source",
	[OPT_MIN_ENTROPY] = "min-entropy",
	[OPT_POOL] = "pool",
	[OPT_POOL_KEY] = "pool-key",
	[OPT_KIT] = "kms-kit",
	[OPT_CARD] = "card",
	[OPT_SUBSCRIBER] = "subscriber",
	[OPT_PIN_FILE] = "pin-file",
	[OPT_PROFILE] = "profile",
	[OPT_IMAGE] = "image",
	[OPT_IMAGE_KEY] = "image-key",
	[OPT_REGISTRATION] = "registration",
	[OPT_LOAD_SCRIPT] = "load-script",
	[OPT_TRANSPORT_KEY] = "transport-key",
	[OPT_BATCH] = "batch",
	[OPT_JSON] = "json",
};

#define FIRST 256 /* values of long options, away from characters */

const char *opt_name(enum opt opt)
{
	return names[opt];
}

int opt_parse(struct args *args, int argc, char **argv, unsigned long allowed)
{
	struct option options[OPTS + 1] = { 0 };
	int c;

	for (int i = 0; i < OPTS; i++)
		options[i] = (struct option){ names[i],
					      i == OPT_JSON ? no_argument : required_argument, NULL,
					      FIRST + i };
	optind = 0;
	while ((c = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		int opt = c == 'j' ? OPT_JSON : c - FIRST;

		if (c == '?') /* getopt has complained */
			return TOOL_USAGE;
		if (!(allowed & 1UL << opt))
			return complain("--%s means nothing here: see qspool --help", names[opt]);
		args->value[opt] = opt == OPT_JSON ? "" : optarg;
	}
	if (optind < argc && (args->file || argc - optind > 1))
		return complain("unexpected \"%s\": see qspool --help", argv[argc - 1]);
	if (optind < argc)
		args->file = argv[optind];
	return TOOL_OK;
}

int opt_require(const struct args *args, unsigned long required)
{
	for (int i = 0; i < OPTS; i++)
		if (required & 1UL << i && !args->value[i])
			return complain("--%s is missing: see qspool --help", names[i]);
	return TOOL_OK;
}

int opt_number(const struct args *args, enum opt opt, uint64_t min, uint64_t max, uint64_t *out)
{
	if (parse_number(args->value[opt], min, max, out))
		return TOOL_OK;
	return complain("--%s \"%s\" is no number from %llu to %llu", names[opt], args->value[opt],
			(unsigned long long)min, (unsigned long long)max);
}
