// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Pool files: what is damaged is refused, and no two cards get one pool. */
#include "file_test.h"

#include <errno.h>

#include <sys/stat.h>

#include "pool.h"

static const uint8_t pool_key[QSC_KEYS_LEN] = "a pool key of thirty-two bytes..";

/* Instead of the C library's: these tests need no real disk. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

static void key_of(uint32_t index, uint8_t key[QSC_KEYS_LEN])
{
	memset(key, 0xa5, QSC_KEYS_LEN);
	put_be32(key + 8, index);
}

static void write_pool(uint32_t count)
{
	struct pool_info info = { .count = count, .source = POOL_SOURCE_FILE, .min_entropy = 7500 };
	uint8_t key[QSC_KEYS_LEN];
	struct pool_writer *w;

	unlink(path);
	assert_int_equal(pool_create(&w, path, pool_key, &info, &why), 0);
	for (uint32_t i = 0; i < count; i++) {
		key_of(i, key);
		assert_int_equal(pool_put(w, key, 1, &why), 0);
	}
	assert_int_equal(pool_finish(w, &why), 0);
	pool_abandon(w);
}

static int read_pool(uint32_t *count)
{
	static uint8_t keys[POOL_CHUNK * QSC_KEYS_LEN];
	uint8_t want[QSC_KEYS_LEN];
	struct pool_info info;
	struct pool *pool;
	int n;

	*count = 0;
	n = pool_open(&pool, path, pool_key, &info, &why);
	if (n) {
		assert_null(pool);
		return n;
	}
	while ((n = pool_next(pool, keys, &why)) > 0) {
		for (int i = 0; i < n; i++) {
			key_of(*count + (uint32_t)i, want);
			assert_memory_equal(keys + i * QSC_KEYS_LEN, want, QSC_KEYS_LEN);
		}
		*count += (uint32_t)n;
	}
	if (!n)
		assert_int_equal(*count, info.count);
	pool_close(pool);
	return n;
}

static void a_pool_survives_a_file_whatever_its_size(void **state)
{
	static const uint32_t sizes[] = { 1, 1023, 1024, 1025, 2048 };
	struct pool_info info;
	struct pool *pool;
	struct stat st;
	uint32_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		write_pool(sizes[i]);
		assert_int_equal(read_pool(&count), 0);
		assert_int_equal(count, sizes[i]);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(pool_open(&pool, path, NULL, &info, &why), 0);
	assert_int_equal(info.count, 2048);
	assert_int_equal(info.source, POOL_SOURCE_FILE);
	assert_int_equal(info.min_entropy, 7500);
	assert_false(info.used);
	pool_close(pool);
}

static void a_pool_with_any_byte_changed_is_refused(void **state)
{
	uint32_t count;
	size_t len;

	(void)state;
	write_pool(3);
	len = slurp();
	assert_int_equal(len, POOL_HEAD + POOL_USE + 3 * QSC_KEYS_LEN + 16);
	for (size_t at = 0; at < len; at++) {
		file[at] ^= 0x04;
		spill(len);
		assert_int_equal(read_pool(&count), -EBADMSG);
		assert_int_equal(count, 0);
		assert_says(path);
		file[at] ^= 0x04;
	}
	for (size_t n = 0; n < len; n++) {
		spill(n);
		assert_int_equal(read_pool(&count), -EBADMSG);
	}
	spill(len + 1);
	assert_int_equal(read_pool(&count), -EBADMSG);
	assert_says("behind its end");
}

static void a_region_that_is_damaged_is_named(void **state)
{
	static const struct {
		size_t at;
		const char *says;
	} regions[] = {
		{ 0, "no pool" },
		{ 8, "pool key" },
		{ 24, "24 to 27" },
		{ 40, "0 to 63 (header)" },
		{ 63, "0 to 63 (header)" },
		{ 64, "64 to 95" },
		{ 95, "64 to 95" },
		{ 96, "keys 0 to 1023" },
		{ 96 + 1024 * 32 + 16, "keys 1024 to 1033" },
	};
	uint32_t count;
	size_t len;

	(void)state;
	write_pool(1034);
	len = slurp();
	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		file[regions[i].at] ^= 0x80;
		spill(len);
		assert_int_equal(read_pool(&count), -EBADMSG);
		assert_says(regions[i].says);
		file[regions[i].at] ^= 0x80;
	}
}

static void another_key_opens_nothing(void **state)
{
	uint8_t key[QSC_KEYS_LEN];
	struct pool_info info;
	struct pool *pool;

	(void)state;
	write_pool(3);
	memcpy(key, pool_key, sizeof(key));
	key[0] ^= 1;
	assert_int_equal(pool_open(&pool, path, key, &info, &why), -EBADMSG);
	assert_says("pool key");
}

static int claim(uint64_t card)
{
	struct pool_info info;
	struct pool *pool;
	int err;

	assert_int_equal(pool_open(&pool, path, pool_key, &info, &why), 0);
	err = pool_claim(pool, card, &why);
	pool_close(pool);
	return err;
}

static void a_pool_is_for_one_card_only(void **state)
{
	struct pool_info info;
	struct pool *pool;

	(void)state;
	write_pool(3);
	assert_int_equal(claim(17), 0);
	assert_int_equal(claim(17), 0); /* once more, after a failure */
	assert_int_equal(claim(18), -EEXIST);
	assert_says("card 17");
	assert_int_equal(claim(0), -EEXIST);
	assert_int_equal(pool_open(&pool, path, pool_key, &info, &why), 0);
	assert_true(info.used);
	assert_int_equal(info.card, 17);
	pool_close(pool);
}

static void a_pool_of_another_count_is_never_finished(void **state)
{
	struct pool_info info = { .count = 2, .source = POOL_SOURCE_FILE, .min_entropy = 8000 };
	uint8_t keys[3 * QSC_KEYS_LEN] = { 0 };
	struct pool_writer *w;

	(void)state;
	assert_int_equal(pool_create(&w, path, pool_key, &info, &why), 0);
	assert_int_equal(pool_put(w, keys, 3, &why), -EINVAL);
	assert_int_equal(pool_put(w, keys, 1, &why), 0);
	assert_int_equal(pool_finish(w, &why), -EINVAL);
	pool_abandon(w);
	assert_int_equal(access(path, F_OK), -1);
	pool_abandon(NULL);
	pool_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_pool_survives_a_file_whatever_its_size, remove_file),
		cmocka_unit_test_teardown(a_pool_with_any_byte_changed_is_refused, remove_file),
		cmocka_unit_test_teardown(a_region_that_is_damaged_is_named, remove_file),
		cmocka_unit_test_teardown(another_key_opens_nothing, remove_file),
		cmocka_unit_test_teardown(a_pool_is_for_one_card_only, remove_file),
		cmocka_unit_test_teardown(a_pool_of_another_count_is_never_finished, remove_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
