/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#ifndef _QSKMSD_OPTIONS_H
#define _QSKMSD_OPTIONS_H

#include "service.h"

/* Exit codes */
enum {
	EXIT_USAGE = 1,
	EXIT_FAILED = 2,
};

/* Fills @opts, or prints and sets *@status: then the program is over. */
bool options_read(struct options *opts, int argc, char **argv, int *status);

#endif /* _QSKMSD_OPTIONS_H */
