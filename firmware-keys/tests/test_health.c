// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Sources: good ones pass, stuck and biased ones are refused. Seeds are fixed. */
#include "card_test.h"

#include <errno.h>
#include <fcntl.h>

#include "health.h"
#include "source.h"

/* xorshift64*: good enough to pass, and the same every time */
static uint64_t state;

static uint32_t random_u32(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 0x2545f4914f6cdd1dULL >> 32);
}

/* A byte of bits that are 1 with a probability of @per_mille */
static uint8_t biased_byte(unsigned int per_mille)
{
	uint8_t byte = 0;

	for (int i = 0; i < 8; i++)
		byte = (uint8_t)(byte << 1 | (random_u32() % 1000 < per_mille));
	return byte;
}

static int feed_biased(unsigned int per_mille, double claim, unsigned int samples)
{
	struct health health;
	int err = 0;

	state = 1;
	health_init(&health, claim);
	for (unsigned int i = 0; i < samples && !err; i++) {
		uint8_t byte = biased_byte(per_mille);

		err = health_feed(&health, &byte, 1, &why);
	}
	return err ? err : health_end(&health, &why);
}

/*
 * 589 and 325: SP 800-90B with alpha 2^-20, as in its 2016 draft, and what the
 * kernel's jitterentropy uses with 2^-30. The others by exact fractions.
 */
static void cutoffs_are_those_of_the_standard(void **s)
{
	(void)s;
	assert_int_equal(health_cutoff(1024, 0.5, 20), 589);
	assert_int_equal(health_cutoff(512, 0.5, 30), 325);
	assert_int_equal(health_cutoff(512, 1.0 / 256, 20), 13);
	assert_int_equal(health_cutoff(511, 1.0 / 256, 40), 19);
	assert_int_equal(health_cutoff(1023, 0.5, 40), 625);
	assert_int_equal(health_cutoff(512, 1.0 / 16, 20), 62);
}

static void a_good_source_passes(void **s)
{
	(void)s;
	assert_int_equal(feed_biased(500, 8, 1000000), 0);
}

static void a_stuck_source_is_refused_at_the_sixth_byte(void **s)
{
	static const uint8_t five[5] = { 7, 7, 7, 7, 7 }, other = 8;
	struct health health;

	(void)s;
	health_init(&health, 8);
	assert_int_equal(health_feed(&health, five, 5, &why), 0);
	assert_int_equal(health_feed(&health, &other, 1, &why), 0);
	assert_int_equal(health_feed(&health, five, 5, &why), 0);
	assert_int_equal(health_feed(&health, five, 1, &why), -EDOM);
	assert_says("byte 0x7 came 6 times in a row");
	assert_says("repetition count test");
}

static void a_claim_of_less_allows_more_repetitions(void **s)
{
	static const uint8_t zeros[41];
	struct health health;

	(void)s;
	health_init(&health, 1);
	assert_int_equal(health_feed(&health, zeros, 40, &why), 0);
	assert_int_equal(health_feed(&health, zeros, 1, &why), -EDOM);
}

static void a_byte_that_comes_too_often_is_refused(void **s)
{
	struct health health;
	int err = 0;

	(void)s;
	state = 2;
	health_init(&health, 8);
	for (unsigned int i = 0; i < 100000 && !err; i++) {
		uint8_t byte = random_u32() % 10 ? (uint8_t)random_u32() : 0x42;

		err = health_feed(&health, &byte, 1, &why);
	}
	assert_int_equal(err, -EDOM);
	assert_says("0x42");
	assert_says("adaptive proportion test");
}

static void biased_bits_are_refused(void **s)
{
	(void)s;
	assert_int_equal(feed_biased(600, 8, 100000), -EDOM);
	assert_says("biased");
	assert_int_equal(feed_biased(400, 8, 100000), -EDOM);
	/* Too little for a window, but not for the whole run. */
	assert_int_equal(feed_biased(520, 8, 100000), -EDOM);
	assert_says("not equally frequent");
}

static void a_counter_is_refused(void **s)
{
	struct health health;
	int err = 0;

	(void)s;
	health_init(&health, 8);
	/* Every byte as often as any other, and no entropy: only bits show it. */
	for (unsigned int i = 0; i < 100000 && !err; i++) {
		uint8_t byte = (uint8_t)(i >> 8);

		err = health_feed(&health, &byte, 1, &why);
	}
	assert_int_equal(err, -EDOM);
}

/* All bytes equally often, but those with few ones first. */
static void bits_that_lean_for_a_while_are_refused(void **s)
{
	struct health health;
	int err = 0;

	(void)s;
	health_init(&health, 8);
	for (int round = 0; round < 4 && !err; round++)
		for (int ones = 0; ones <= 8 && !err; ones++)
			for (int v = 0; v < 256 && !err; v++) {
				uint8_t byte = (uint8_t)v;

				if (__builtin_popcount(byte) == ones)
					err = health_feed(&health, &byte, 1, &why);
			}
	assert_int_equal(err, -EDOM);
	assert_says("bit 0");
}

static void a_biased_source_may_be_used_for_what_it_has(void **s)
{
	(void)s;
	/* 0.7 and 0.3: 0.51 bits of min-entropy a bit, 4.1 a byte */
	assert_int_equal(feed_biased(700, 4, 200000), 0);
	assert_int_equal(feed_biased(700, 6, 200000), -EDOM);
}

/* ---------------------------------------------------------------- sources */

static int open_bytes(struct source **source, const uint8_t *bytes, size_t len, double claim)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	return source_open(source, path, claim, &why);
}

static uint8_t stream[SOURCE_STARTUP + 400];

static void fill_stream(void)
{
	state = 3;
	for (size_t i = 0; i < sizeof(stream); i++)
		stream[i] = (uint8_t)random_u32();
}

static void a_key_takes_40_bytes_of_a_perfect_source(void **s)
{
	uint8_t keys[11][QSC_KEYS_LEN];
	struct source *source;

	(void)s;
	fill_stream();
	assert_int_equal(open_bytes(&source, stream, sizeof(stream), 8), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(source_key(source, keys[i], &why), 0);
		/* No raw bytes, and no key twice. */
		assert_null(memmem(stream, sizeof(stream), keys[i], 8));
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(keys[i], keys[k], QSC_KEYS_LEN);
	}
	assert_int_equal(source_key(source, keys[10], &why), -ENODATA);
	assert_says("ended after 1424 bytes");
	assert_says(path);
	assert_zero(keys[10], QSC_KEYS_LEN);
	source_close(source);
}

static void a_source_that_repeats_itself_makes_no_key_twice(void **s)
{
	uint8_t one[QSC_KEYS_LEN], two[QSC_KEYS_LEN];
	struct source *source;

	(void)s;
	fill_stream();
	memcpy(stream + SOURCE_STARTUP + 40, stream + SOURCE_STARTUP, 40);
	assert_int_equal(open_bytes(&source, stream, sizeof(stream), 8), 0);
	assert_int_equal(source_key(source, one, &why), 0);
	assert_int_equal(source_key(source, two, &why), 0);
	source_close(source);
	assert_memory_not_equal(one, two, QSC_KEYS_LEN);
}

static void the_same_bytes_never_make_the_same_keys(void **s)
{
	uint8_t one[QSC_KEYS_LEN], two[QSC_KEYS_LEN];
	struct source *source;

	(void)s;
	fill_stream();
	assert_int_equal(open_bytes(&source, stream, sizeof(stream), 8), 0);
	assert_int_equal(source_key(source, one, &why), 0);
	source_close(source);
	assert_int_equal(open_bytes(&source, stream, sizeof(stream), 8), 0);
	assert_int_equal(source_key(source, two, &why), 0);
	source_close(source);
	assert_memory_not_equal(one, two, QSC_KEYS_LEN);
}

static void a_source_that_gets_stuck_later_gives_no_key_of_it(void **s)
{
	uint8_t key[QSC_KEYS_LEN];
	struct source *source;

	(void)s;
	fill_stream();
	memset(stream + SOURCE_STARTUP + 100, 0xaa, 40);
	assert_int_equal(open_bytes(&source, stream, sizeof(stream), 8), 0);
	assert_int_equal(source_key(source, key, &why), 0);
	assert_int_equal(source_key(source, key, &why), 0);
	assert_int_equal(source_key(source, key, &why), -EDOM);
	assert_zero(key, sizeof(key));
	source_close(source);
}

static void a_source_that_is_stuck_at_the_start_does_not_open(void **s)
{
	struct source *source;

	(void)s;
	fill_stream();
	memset(stream, 0, 100);
	assert_int_equal(open_bytes(&source, stream, sizeof(stream), 8), -EDOM);
	assert_null(source);
	assert_int_equal(source_open(&source, "/nowhere/at/all", 8, &why), -ENOENT);
	assert_says("/nowhere/at/all");
	assert_int_equal(source_open(&source, "getrandom", 0.001, &why), -EINVAL);
}

static void getrandom_is_a_source(void **s)
{
	uint8_t key[QSC_KEYS_LEN];
	struct source *source;

	(void)s;
	assert_int_equal(source_open(&source, "getrandom", 8, &why), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(source_key(source, key, &why), 0);
	assert_int_equal(source_end(source, &why), 0);
	source_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cutoffs_are_those_of_the_standard),
		cmocka_unit_test(a_good_source_passes),
		cmocka_unit_test(a_stuck_source_is_refused_at_the_sixth_byte),
		cmocka_unit_test(a_claim_of_less_allows_more_repetitions),
		cmocka_unit_test(a_byte_that_comes_too_often_is_refused),
		cmocka_unit_test(biased_bits_are_refused),
		cmocka_unit_test(a_counter_is_refused),
		cmocka_unit_test(bits_that_lean_for_a_while_are_refused),
		cmocka_unit_test(a_biased_source_may_be_used_for_what_it_has),
		cmocka_unit_test_teardown(a_key_takes_40_bytes_of_a_perfect_source, remove_file),
		cmocka_unit_test_teardown(a_source_that_repeats_itself_makes_no_key_twice,
					  remove_file),
		cmocka_unit_test_teardown(the_same_bytes_never_make_the_same_keys, remove_file),
		cmocka_unit_test_teardown(a_source_that_gets_stuck_later_gives_no_key_of_it,
					  remove_file),
		cmocka_unit_test_teardown(a_source_that_is_stuck_at_the_start_does_not_open,
					  remove_file),
		cmocka_unit_test(getrandom_is_a_source),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
