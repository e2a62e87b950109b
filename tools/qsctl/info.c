// SPDX-License-Identifier: GPL-2.0-only
/* qsctl info */
#include "qsctl.h"

static void print_suite(const struct qsc_suite_info *suite)
{
	char name[4 * sizeof(suite->name)], driver[4 * sizeof(suite->driver)];

	format_printable(suite->name, name, sizeof(name));
	format_printable(suite->driver, driver, sizeof(driver));
	printf("\n%ssuite%s: %s%s%s\n", paint(PAINT_LABEL), paint(PAINT_NONE), paint(PAINT_NAME),
	       name, paint(PAINT_NONE));
	if (!suite->driver[0])
		print_field(2, "driver", "%snone, not available%s", paint(PAINT_BAD),
			    paint(PAINT_NONE));
	else
		print_field(2, "driver", "%s, %s%s%s", driver,
			    paint(suite->fast ? PAINT_GOOD : PAINT_WARN),
			    suite->fast ? "fast" : "slow", paint(PAINT_NONE));
	print_field(2, "key, salt, tag", "%u, %u, %u bytes", suite->key_len, suite->salt_len,
		    suite->tag_len);
}

static void print_info(const struct qsc_info *info)
{
	char version[4 * sizeof(info->version)];

	format_printable(info->version, version, sizeof(version));
	print_field(0, "module", "qsc %s", version);
	print_field(0, "calls", "%u of at most %u", info->calls, info->max_calls);
	print_field(0, "streams", "at most %u per direction of a leg", info->max_ssrcs);
	print_field(0, "hooks", "%s", info->hooked ? "registered" : "not registered, no calls");
	for (unsigned int i = 0; i < info->n_suites; i++)
		print_suite(&info->suites[i]);
}

int cmd_info(struct qsctl *ctl, struct words *words)
{
	struct qsc_info info;

	if (no_more_words(words))
		return QSCTL_USAGE;
	if (kernel_open(ctl))
		return QSCTL_REFUSED;
	if (qsc_info(ctl->sk, &info))
		return kernel_refused(ctl, "info", NULL);
	if (ctl->json)
		return json_print(ctl, json_info(&info));
	print_info(&info);
	return QSCTL_OK;
}
