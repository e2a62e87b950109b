// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A bar for work that takes a while. */
#include <stdio.h>
#include <unistd.h>

#include "qspool.h"

#define WIDTH 40

void progress_begin(struct progress *p, const char *what, uint32_t total)
{
	*p = (struct progress){ .what = what, .total = total, .shown = -1 };
	progress_at(p, 0);
}

void progress_at(struct progress *p, uint32_t done)
{
	static const char bar[] = "########################################";
	int percent = (int)((uint64_t)done * 100 / p->total);

	if (percent == p->shown || !isatty(STDERR_FILENO))
		return;
	p->shown = percent;
	fprintf(stderr, "\r%s [%-*.*s] %3d%%", p->what, WIDTH, percent * WIDTH / 100, bar, percent);
}

void progress_end(struct progress *p)
{
	if (p->shown >= 0)
		fputs("\r\033[K", stderr);
	p->shown = -1;
}
