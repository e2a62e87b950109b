// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Where session keys come from, and what is done about a broken source. */
#include "kms/kms_test.h"

#include <fcntl.h>

#include <sys/random.h>
#include <sys/stat.h>

#include "log.h"
#include "qskmsd/source.h"

ssize_t __real_getrandom(void *buf, size_t len, unsigned int flags);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned int flags);

static struct event_base *base;
static struct source *source;
static int kernel_random = -1; /* a byte, or the real thing */
static bool kernel_fails;
static unsigned int told;

ssize_t __wrap_getrandom(void *buf, size_t len, unsigned int flags)
{
	if (kernel_fails)
		return -1;
	if (kernel_random < 0)
		return __real_getrandom(buf, len, flags);
	memset(buf, kernel_random, len);
	return (ssize_t)len;
}

static void ready(void *arg)
{
	(void)arg;
	told++;
}

static int set_up(void **state)
{
	(void)state;
	kernel_random = -1;
	kernel_fails = false;
	told = 0;
	base = event_base_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	source_free(source);
	source = NULL;
	event_base_free(base);
	return 0;
}

static int open_source(const char *spec)
{
	static const struct source_kme kme;

	return source_new(&source, base, spec, &kme, ready, NULL);
}

/* Waits for the source as the service does. */
static int take(uint8_t *key)
{
	int ret;

	while ((ret = source_take(source, key)) == -EAGAIN) {
		told = 0;
		while (!told)
			event_base_loop(base, EVLOOP_ONCE);
	}
	return ret;
}

/* @n keys, each of which begins with its number */
static const char *key_file(unsigned int n)
{
	const char *path = test_path("random");
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	for (unsigned int i = 0; i < n; i++) {
		uint8_t key[SOURCE_KEY] = { (uint8_t)i, 1, 2, 3 };

		fwrite(key, 1, sizeof(key), f);
	}
	fclose(f);
	return path;
}

static const char *file_spec(const char *path)
{
	static char spec[256];

	snprintf(spec, sizeof(spec), "file:%s", path);
	return spec;
}

static void the_kernel_alone_is_a_source(void **state)
{
	uint8_t a[SOURCE_KEY], b[SOURCE_KEY];

	(void)state;
	assert_int_equal(open_source("getrandom"), 0);
	assert_int_equal(take(a), 0);
	assert_int_equal(take(b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	kernel_fails = true;
	assert_int_equal(take(a), -EIO);
}

static void every_key_of_a_file_is_used_once(void **state)
{
	bool seen[100] = { false };
	uint8_t key[SOURCE_KEY];

	(void)state;
	kernel_random = 0;
	assert_int_equal(open_source(file_spec(key_file(100))), 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(take(key), 0);
		assert_in_range(key[0], 0, 99);
		assert_memory_equal(key + 1, "\1\2\3\0", 4);
		assert_false(seen[key[0]]);
		seen[key[0]] = true;
	}
	assert_int_equal(take(key), -EIO);
	assert_int_equal(take(key), -EIO);
}

/* As good as the better of the two */
static void the_kernels_numbers_are_mixed_in(void **state)
{
	uint8_t key[SOURCE_KEY];

	(void)state;
	kernel_random = 0xa0;
	assert_int_equal(open_source(file_spec(key_file(1))), 0);
	assert_int_equal(take(key), 0);
	assert_memory_equal(key, "\xa0\xa1\xa2\xa3\xa0", 5);
}

static void a_key_is_not_given_if_the_kernel_has_none_to_mix_in(void **state)
{
	uint8_t key[SOURCE_KEY];

	(void)state;
	kernel_fails = true;
	assert_int_equal(open_source(file_spec(key_file(5))), 0);
	assert_int_equal(take(key), -EIO);
}

static void a_source_that_repeats_itself_is_out_of_order(void **state)
{
	uint8_t key[SOURCE_KEY];
	FILE *f;

	(void)state;
	f = fopen(key_file(1), "ab");
	fwrite("\0\1\2\3", 1, 4, f);
	for (int i = 4; i < SOURCE_KEY; i++)
		fputc(0, f);
	fclose(f);
	assert_int_equal(open_source(file_spec(test_path("random"))), 0);
	assert_int_equal(take(key), 0);
	assert_int_equal(take(key), -EIO);
}

static void a_source_of_equal_bytes_is_out_of_order(void **state)
{
	uint8_t key[SOURCE_KEY];

	(void)state;
	assert_int_equal(open_source("file:/dev/zero"), 0);
	assert_int_equal(take(key), -EIO);
}

/* A pipe: keys come in pieces, and the source recovers when they come again. */
static void keys_may_come_in_pieces(void **state)
{
	uint8_t key[SOURCE_KEY];
	char spec[200];
	int fd;

	(void)state;
	kernel_random = 0;
	assert_int_equal(mkfifo(test_path("pipe"), 0600), 0);
	fd = open(test_path("pipe"), O_RDWR);
	snprintf(spec, sizeof(spec), "file:%s", test_path("pipe"));
	assert_int_equal(open_source(spec), 0);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(write(fd, "0123456789012345678901", 22), 22);
	/* If this machine was asleep for long, the source has given up for a second. */
	while (take(key))
		usleep(1000);
	assert_memory_equal(key, "01234567890123456789012345678901", SOURCE_KEY);
	close(fd);
}

static void a_source_that_is_not_there_is_refused(void **state)
{
	(void)state;
	assert_int_equal(open_source("file:/nowhere/random"), -ENOENT);
	source_free(source);
	assert_int_equal(open_source("quantum"), -EINVAL);
	source_free(source);
	assert_int_equal(open_source("kme:https://kme"), -EINVAL);
	source_free(source);
	assert_int_equal(open_source("kme:http://kme"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_kernel_alone_is_a_source, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_key_of_a_file_is_used_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_kernels_numbers_are_mixed_in, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_key_is_not_given_if_the_kernel_has_none_to_mix_in,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_source_that_repeats_itself_is_out_of_order,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_source_of_equal_bytes_is_out_of_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(keys_may_come_in_pieces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_source_that_is_not_there_is_refused, set_up,
						tear_down),
	};

	log_init("test", 0);
	return cmocka_run_group_tests_name("kms_source", tests, make_test_folder,
					   remove_test_folder);
}
