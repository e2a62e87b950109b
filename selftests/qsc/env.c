// SPDX-License-Identifier: GPL-2.0
/* What the environment asks of a test with random input. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "env.h"

uint64_t env_seed(void)
{
	const char *text = getenv("QSC_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) << 16 ^ getpid();

	ksft_print_msg("replay with QSC_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* The rig's kernels have their purpose in their name. */
static bool is_debug_kernel(void)
{
	struct utsname u;

	return !uname(&u) && strstr(u.release, "-debug");
}

unsigned int env_count(const struct env_count *c)
{
	const char *text = getenv(c->name);

	if (text)
		return strtoul(text, NULL, 0);
	if (ksft_env("QSC_FULL"))
		return c->full;
	if (ksft_env("QUICK"))
		return c->quick;
	return is_debug_kernel() ? c->debug : c->stock;
}
