// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Sealed draws: the agreement, the seal, and what is left of both in memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "test.h"
#include "vectors.h"

#include "pair.h"

static void read_names(struct json_object *v, struct qsc_draw_names *names)
{
	memset(names, 0, sizeof(*names));
	hex(v, "reader_public", names->reader, QSC_KEYS_POINT);
	hex(v, "chip_public", names->chip, QSC_KEYS_POINT);
	hex(v, "kid", names->kid, QSC_KEYS_KID);
	names->card = num(v, "card");
	names->purpose = (uint8_t)num(v, "purpose");
	names->index = (uint32_t)num(v, "index");
	names->remaining = (uint32_t)num(v, "remaining");
}

static struct qsc_ephemeral *pair_of(struct json_object *v, const char *secret, const char *public)
{
	uint8_t number[QSC_KEYS_LEN], point[QSC_KEYS_POINT];

	hex(v, secret, number, sizeof(number));
	hex(v, public, point, sizeof(point));
	return test_pair(number, point);
}

/* Both sides */
static void check_draw(struct json_object *v)
{
	struct qsc_ephemeral *reader = pair_of(v, "reader_secret", "reader_public");
	struct qsc_ephemeral *chip = pair_of(v, "chip_secret", "chip_public");
	uint8_t shared[QSC_KEYS_LEN], want[QSC_KEYS_SEALED_DRAW], have[QSC_KEYS_SEALED_DRAW];
	uint8_t key[QSC_KEYS_LEN], opened[QSC_KEYS_LEN];
	struct qsc_draw_names names;

	read_names(v, &names);
	hex(v, "key", key, sizeof(key));
	hex(v, "shared", want, sizeof(want));
	assert_int_equal(qsc_ephemeral_agree(chip, names.reader, shared), 0);
	assert_memory_equal(shared, want, QSC_KEYS_LEN);
	hex(v, "sealed", want, sizeof(want));
	assert_int_equal(qsc_keys_seal_draw(shared, &names, key, have), 0);
	assert_memory_equal(have, want, sizeof(want));

	memset(shared, 0, sizeof(shared));
	assert_int_equal(qsc_ephemeral_agree(reader, names.chip, shared), 0);
	assert_int_equal(qsc_keys_open_draw(shared, &names, have, opened), 0);
	assert_memory_equal(opened, key, sizeof(key));
	qsc_ephemeral_free(reader);
	qsc_ephemeral_free(chip);
}

static void both_sides_compute_the_known_answers(void **state)
{
	(void)state;
	each("draws", check_draw);
}

static void every_bit_of_a_draw_counts(void **state)
{
	struct json_object *v = json_object_array_get_idx(member(all, "draws"), 0);
	uint8_t shared[QSC_KEYS_LEN], sealed[QSC_KEYS_SEALED_DRAW], key[QSC_KEYS_LEN];
	uint8_t wiped[QSC_KEYS_LEN] = { 0 };
	struct qsc_draw_names names;
	const struct {
		void *bytes;
		size_t len;
	} parts[] = {
		{ shared, sizeof(shared) },
		{ sealed, sizeof(sealed) },
		{ names.reader, sizeof(names.reader) },
		{ names.chip, sizeof(names.chip) },
		{ &names.card, sizeof(names.card) },
		{ &names.purpose, sizeof(names.purpose) },
		{ &names.index, sizeof(names.index) },
		{ names.kid, sizeof(names.kid) },
		{ &names.remaining, sizeof(names.remaining) },
	};

	(void)state;
	read_names(v, &names);
	hex(v, "shared", shared, sizeof(shared));
	hex(v, "sealed", sealed, sizeof(sealed));
	for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)
		for (size_t bit = 0; bit < 8 * parts[part].len; bit++) {
			uint8_t *byte = (uint8_t *)parts[part].bytes + bit / 8;

			*byte ^= (uint8_t)(1 << bit % 8);
			memset(key, 0x55, sizeof(key));
			assert_int_equal(qsc_keys_open_draw(shared, &names, sealed, key), -EBADMSG);
			assert_memory_equal(key, wiped, sizeof(key));
			*byte ^= (uint8_t)(1 << bit % 8);
		}
	assert_int_equal(qsc_keys_open_draw(shared, &names, sealed, key), 0);
}

static void check_bad_point(struct json_object *v)
{
	uint8_t point[QSC_KEYS_POINT], shared[QSC_KEYS_LEN], wiped[QSC_KEYS_LEN] = { 0 };
	struct qsc_ephemeral *pair;

	assert_int_equal(hex(v, "point", point, sizeof(point)), sizeof(point));
	assert_int_equal(qsc_ephemeral_new(&pair), 0);
	memset(shared, 0x55, sizeof(shared));
	if (qsc_ephemeral_agree(pair, point, shared) != -EINVAL)
		fail_msg("%s: taken", string(v, "why"));
	assert_memory_equal(shared, wiped, sizeof(shared));
	qsc_ephemeral_free(pair);
}

static void what_is_no_point_of_the_curve_is_refused(void **state)
{
	(void)state;
	each("bad_points", check_bad_point);
}

static void a_pair_agrees_once(void **state)
{
	uint8_t shared[QSC_KEYS_LEN];
	struct qsc_ephemeral *a, *b;

	(void)state;
	assert_int_equal(qsc_ephemeral_new(&a), 0);
	assert_int_equal(qsc_ephemeral_new(&b), 0);
	assert_memory_not_equal(qsc_ephemeral_public(a), qsc_ephemeral_public(b), QSC_KEYS_POINT);
	assert_int_equal(qsc_ephemeral_agree(a, qsc_ephemeral_public(b), shared), 0);
	assert_int_equal(qsc_ephemeral_agree(a, qsc_ephemeral_public(b), shared), -EINVAL);
	qsc_ephemeral_free(a);
	qsc_ephemeral_free(b);
	qsc_ephemeral_free(NULL);
}

/* ------------------------------------------------------------------ residue */

#define MASK 0x5c
#define BOOKS (1UL << 32) /* no mapping of ours is larger: it is a sanitizer's */
#define RUN 12 /* bytes in a row that are no coincidence, */
#define STRIDE 4 /* and where they begin */

/* Masked, so that the search does not find what it looks for in itself: as it is, and turned. */
struct needle {
	uint8_t masked[2][QSC_KEYS_LEN];
};

static void hide(struct needle *needle, const uint8_t *secret)
{
	for (size_t i = 0; i < QSC_KEYS_LEN; i++) {
		needle->masked[0][i] = secret[i] ^ MASK;
		needle->masked[1][QSC_KEYS_LEN - 1 - i] = secret[i] ^ MASK;
	}
}

/* Of a run only: the allocator's own numbers may cover the rest. */
static bool is_in(uint8_t *data, size_t len, const struct needle *needle)
{
	for (size_t i = 0; i < len; i++)
		data[i] ^= MASK;
	for (unsigned int turned = 0; turned < 2; turned++)
		for (size_t from = 0; from + RUN <= QSC_KEYS_LEN; from += STRIDE)
			if (memmem(data, len, needle->masked[turned] + from, RUN))
				return true;
	return false;
}

/*
 * In all that this process may write to: as it is, and as a number of OpenSSL's.
 * Not through pointers, for sanitizers and valgrind let nobody read everything.
 */
static bool is_left(const struct needle *needle)
{
	static uint8_t chunk[1 << 16];
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long begin, end;
	bool found = false;
	char line[512], *dash;
	ssize_t n;

	assert_non_null(maps);
	assert_true(mem >= 0);
	while (fgets(line, sizeof(line), maps)) {
		begin = strtoul(line, &dash, 16);
		end = strtoul(dash + 1, NULL, 16);
		if (!strstr(line, " rw") || end - begin > BOOKS)
			continue;
		for (; begin < end; begin += sizeof(chunk) - RUN) {
			size_t len = end - begin < sizeof(chunk) ? end - begin : sizeof(chunk);

			n = pread(mem, chunk, len, (off_t)begin);
			if (n > 0 && is_in(chunk, (size_t)n, needle))
				found = true;
			OPENSSL_cleanse(chunk, sizeof(chunk));
		}
	}
	close(mem);
	fclose(maps);
	return found;
}

static void private_half(const struct qsc_ephemeral *pair, struct needle *needle)
{
	BIGNUM *number = BN_secure_new();
	uint8_t bytes[QSC_KEYS_LEN];

	assert_int_equal(EVP_PKEY_get_bn_param(pair->key, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
	assert_int_equal(BN_bn2binpad(number, bytes, sizeof(bytes)), sizeof(bytes));
	hide(needle, bytes);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	BN_clear_free(number);
}

static void nothing_is_left_of_a_private_half(void **state)
{
	struct needle private, secret;
	uint8_t shared[QSC_KEYS_LEN];
	struct qsc_ephemeral *a, *b;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(qsc_ephemeral_new(&a), 0);
		assert_int_equal(qsc_ephemeral_new(&b), 0);
		private_half(a, &private);
		assert_true(is_left(&private)); /* the search finds what is there */
		assert_int_equal(qsc_ephemeral_agree(a, qsc_ephemeral_public(b), shared), 0);
		assert_false(is_left(&private));
		hide(&secret, shared);
		assert_true(is_left(&secret));
		OPENSSL_cleanse(shared, sizeof(shared));
		assert_false(is_left(&secret));
		qsc_ephemeral_free(a);
		private_half(b, &private);
		qsc_ephemeral_free(b); /* never used */
		assert_false(is_left(&private));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_compute_the_known_answers),
		cmocka_unit_test(every_bit_of_a_draw_counts),
		cmocka_unit_test(what_is_no_point_of_the_curve_is_refused),
		cmocka_unit_test(a_pair_agrees_once),
		cmocka_unit_test(nothing_is_left_of_a_private_half),
	};

	if (qsc_keys_wipe_freed())
		return 1;
	return cmocka_run_group_tests(tests, vectors_load, vectors_unload);
}
