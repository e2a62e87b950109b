/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The known answers of firmware-keys/vectors/qsc1.json. To be included after
 * cmocka.h, by programs whose tests have vectors_load() before them and vectors_unload()
 * behind them.
 */
#ifndef _QSC_TESTS_VECTORS_H
#define _QSC_TESTS_VECTORS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

static struct json_object *all;

static inline int vectors_load(void **state)
{
	(void)state;
	all = json_object_from_file(QSC_VECTORS);
	if (!all)
		print_error("%s\n", json_util_get_last_err());
	return all ? 0 : -1;
}

static inline int vectors_unload(void **state)
{
	(void)state;
	json_object_put(all);
	return 0;
}

static inline struct json_object *member(struct json_object *obj, const char *name)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, name, &value))
		fail_msg("no \"%s\" in the vectors", name);
	return value;
}

static inline const char *string(struct json_object *obj, const char *name)
{
	return json_object_get_string(member(obj, name));
}

static inline uint64_t num(struct json_object *obj, const char *name)
{
	return json_object_get_uint64(member(obj, name));
}

/* Bytes of hexadecimal digits, as many as there are. */
static inline size_t hex_bytes(const char *digits, uint8_t *out, size_t size)
{
	size_t len = strlen(digits) / 2;

	assert_true(len <= size);
	for (size_t i = 0; i < len; i++) {
		char pair[] = { digits[2 * i], digits[2 * i + 1], 0 };
		char *stop;

		out[i] = (uint8_t)strtoul(pair, &stop, 16);
		assert_ptr_equal(stop, pair + 2);
	}
	return len;
}

/* The same of a member's. */
static inline size_t hex(struct json_object *obj, const char *name, uint8_t *out, size_t size)
{
	return hex_bytes(string(obj, name), out, size);
}

/* Run @check on every entry of a list that has at least one. */
static inline void each(const char *list, void (*check)(struct json_object *))
{
	struct json_object *entries = member(all, list);
	size_t n = json_object_array_length(entries);

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		check(json_object_array_get_idx(entries, i));
}

#endif /* _QSC_TESTS_VECTORS_H */
