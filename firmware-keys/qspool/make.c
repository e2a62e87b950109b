// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* qspool make: from a source into a pool file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pool.h"
#include "qspool.h"
#include "source.h"

#define MIN_ENTROPY_LEAST 0.01

static int parse_min_entropy(const char *text, double *out)
{
	char *end;

	*out = 8;
	if (!text)
		return TOOL_OK;
	*out = strtod(text, &end);
	if (*text >= '0' && *text <= '9' && !*end && *out >= MIN_ENTROPY_LEAST && *out <= 8)
		return TOOL_OK;
	return complain("--min-entropy \"%s\" is no number from %g to 8, in bits a byte", text,
			MIN_ENTROPY_LEAST);
}

static int fill(struct pool_writer *pool, struct source *source, uint32_t count,
		struct qsc_why *why)
{
	uint8_t key[QSC_KEYS_LEN];
	struct progress progress;
	int err = 0;

	progress_begin(&progress, "making keys", count);
	for (uint32_t i = 0; i < count && !err; i++) {
		err = source_key(source, key, why);
		if (!err)
			err = pool_put(pool, key, 1, why);
		progress_at(&progress, i + 1);
	}
	progress_end(&progress);
	OPENSSL_cleanse(key, sizeof(key));
	if (!err)
		err = source_end(source, why);
	return err ? err : pool_finish(pool, why);
}

static int make(const struct args *args, struct source *source, struct pool_info *info,
		struct qsc_why *why)
{
	struct pool_writer *pool = NULL;
	struct key_file key;
	int err;

	err = key_file_get(&key, args->value[OPT_POOL_KEY], QSC_KEYFILE_POOL, why);
	if (!err)
		err = pool_create(&pool, args->value[OPT_POOL], key.key, info, why);
	if (!err)
		err = fill(pool, source, info->count, why);
	if (pool)
		pool_abandon(pool);
	if (err)
		key_file_take_back(&key);
	else
		key_file_wipe(&key);
	return err;
}

int command_make(const struct args *args)
{
	const char *name = args->value[OPT_SOURCE];
	struct pool_info info = { 0 };
	struct source *source;
	struct qsc_why why;
	double min_entropy;
	uint64_t count;
	int err;

	if (opt_number(args, OPT_COUNT, 1, QSC_CARD_SLOTS_MAX, &count) ||
	    parse_min_entropy(args->value[OPT_MIN_ENTROPY], &min_entropy))
		return TOOL_USAGE;
	info.count = (uint32_t)count;
	info.source = source_is_getrandom(name) ? POOL_SOURCE_GETRANDOM : POOL_SOURCE_FILE;
	info.min_entropy = (uint32_t)(min_entropy * 1000);
	err = source_open(&source, name, min_entropy, &why);
	if (!err)
		err = make(args, source, &info, &why);
	source_close(source);
	if (err) {
		say("%s", why.text);
		return err == -EDOM ? TOOL_REFUSED : TOOL_FAILED;
	}
	printf("%s: %u keys from %s\n", args->value[OPT_POOL], info.count, name);
	return TOOL_OK;
}
