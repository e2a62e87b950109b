// SPDX-License-Identifier: GPL-2.0
/* Failing allocations. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "inj.h"
#include "knob.h"

#define DEBUG "/sys/kernel/debug/"

static int fail_nth = -1;

/* Those that may sleep, and single pages, fail too; none is logged. */
static const struct {
	const char *path, *value;
} knobs[] = {
	{ DEBUG "failslab/ignore-gfp-wait", "N" },
	{ DEBUG "failslab/verbose", "0" },
	{ DEBUG "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUG "fail_page_alloc/min-order", "0" },
	{ DEBUG "fail_page_alloc/verbose", "0" },
};

void inj_open(void)
{
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth", syscall(SYS_gettid));
	fail_nth = open(path, O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		ksft_exit_skip("this kernel has no fault injection\n");
	for (i = 0; i < sizeof(knobs) / sizeof(*knobs); i++)
		if (!knob_set(knobs[i].path, knobs[i].value))
			ksft_exit_skip("no %s\n", knobs[i].path);
}

static void put(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fail_nth, text, len, 0) != len)
		ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
}

void inj_start(unsigned int n)
{
	put(n);
}

static unsigned int stop(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0)
		ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
	put(0);
	return strtoul(text, NULL, 10);
}

bool inj_stop(void)
{
	return !stop();
}

unsigned int inj_count(void)
{
	return INJ_FAR - stop();
}
