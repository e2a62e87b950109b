// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* How many pool keys a call takes. */
#include "keys_internal.h"

static const char *const names[] = {
	[QSC_PROFILE_ONE_DRAW] = "one-draw",
	[QSC_PROFILE_TWO_DRAW] = "two-draw",
};

#define PROFILES (sizeof(names) / sizeof(names[0]))

const char *qsc_profile_name(unsigned int profile)
{
	return profile < PROFILES ? names[profile] : NULL;
}

unsigned int qsc_profile_by_name(const char *name)
{
	for (unsigned int i = 0; i < PROFILES; i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return 0;
}
