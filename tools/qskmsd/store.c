// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What the stores have in common. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store.h"

static const struct {
	const char *prefix;
	const struct store_ops *ops;
} kinds[] = {
	{ "sqlite:", &store_sqlite },
	{ "postgresql:", &store_postgres },
};

int store_open(struct store *st, const char *spec, bool create)
{
	memset(st, 0, sizeof(*st));
	st->ops = &store_sqlite;
	st->create = create;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(spec, kinds[i].prefix, len))
			continue;
		st->ops = kinds[i].ops;
		spec += len;
		break;
	}
	return st->ops->open(st, spec);
}

void store_close(struct store *st)
{
	if (st->ops)
		st->ops->close(st);
	st->ops = NULL;
}

int store_fail(struct store *st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(st->error, sizeof(st->error), fmt, ap);
	va_end(ap);
	return -EIO;
}

int burn_compare(const void *a, const void *b)
{
	const struct burn *x = a, *y = b;

	if (x->card != y->card)
		return x->card < y->card ? -1 : 1;
	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return 0;
}
