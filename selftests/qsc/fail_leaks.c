// SPDX-License-Identifier: GPL-2.0
/*
 * What kmemleak finds after the allocations of the module's start have failed.
 * sysfs_slab_add() of 6.1 and 6.12 loses the name of a cache that it has no memory
 * for, which is the kernel's fault, and rig/run would take for ours. So kmemleak is
 * told to forget it: if there is nothing else, for it forgets all at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "fail.h"
#include "knob.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define PRINTK		"/proc/sys/kernel/printk"
#define NO_INFO		"6"
/* Younger objects are not looked at. */
#define SECONDS_OLD	6

/* An object counts as leaked once two scans have missed it. */
static void scan(void)
{
	char was[64];
	bool quiet;

	/* It tells the console how many there are, before anybody can look at them. */
	quiet = knob_get(PRINTK, was, sizeof(was)) && knob_put(PRINTK, NO_INFO);
	sleep(SECONDS_OLD);
	knob_put(KMEMLEAK, "scan");
	sleep(SECONDS_OLD);
	knob_put(KMEMLEAK, "scan");
	if (quiet)
		knob_put(PRINTK, was);
}

static bool only_the_kernels(void)
{
	unsigned int objects = 0, kernels = 0;
	FILE *file = fopen(KMEMLEAK, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return false;
	while (getline(&line, &size, file) >= 0) {
		objects += !strncmp(line, "unreferenced object", 19);
		kernels += !!strstr(line, " sysfs_slab_add+");
		ksft_print_msg("%s", line);
	}
	free(line);
	fclose(file);
	ksft_print_msg("kmemleak: %u objects, %u of them of the kernel's\n", objects, kernels);
	return objects == kernels && (!objects || knob_put(KMEMLEAK, "clear"));
}

void fail_leaks(void)
{
	if (access(KMEMLEAK, W_OK)) {
		ksft_test_result_skip("leaks # SKIP this kernel has no kmemleak\n");
		return;
	}
	scan();
	ksft_test_result(only_the_kernels(), "without memory, nothing of the module's is left behind\n");
}
