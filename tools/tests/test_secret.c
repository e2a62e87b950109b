// SPDX-License-Identifier: GPL-2.0-only
/* Reading a key line from a descriptor. */
#include <unistd.h>

#include "test.h"

static struct capture err;
static char line[64];
static size_t len;
static const struct secret_form form = { "?", "key" };

static int read_from(const char *text, size_t size)
{
	int fds[2];
	int ret;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, size), size);
	close(fds[1]);
	capture_begin(&err, &stderr);
	ret = read_secret_line(fds[0], "input", &form, line, sizeof(line), &len);
	capture_end(&err);
	close(fds[0]);
	return ret;
}

static void assert_reads(const char *text, const char *want)
{
	assert_int_equal(read_from(text, strlen(text)), QSCTL_OK);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(line, want, len);
	free(err.text);
}

static void assert_refuses(const char *text, size_t size, const char *said)
{
	assert_int_equal(read_from(text, size), QSCTL_USAGE);
	assert_non_null(strstr(err.text, said));
	free(err.text);
}

static void one_line_is_read_with_or_without_its_end(void **state)
{
	(void)state;
	assert_reads("key", "key");
	assert_reads("key\n", "key");
	assert_reads("key \r\n", "key");
	assert_reads("a key\n\n  \n", "a key");
}

static void more_than_one_line_is_refused(void **state)
{
	(void)state;
	assert_refuses("key\nkey", 7, "more than one line");
	assert_refuses("\nkey\n", 5, "more than one line");
}

static void nothing_is_refused(void **state)
{
	(void)state;
	assert_refuses("", 0, "there is no key");
	assert_refuses("\n", 1, "there is no key");
}

static void a_line_longer_than_the_buffer_is_refused(void **state)
{
	char text[128];

	(void)state;
	memset(text, 'A', sizeof(text));
	assert_refuses(text, sizeof(text), "longer than 63 bytes");
	assert_refuses(text, 64, "longer than 63 bytes");
	text[63] = '\0';
	assert_reads(text, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_is_read_with_or_without_its_end),
		cmocka_unit_test(more_than_one_line_is_refused),
		cmocka_unit_test(nothing_is_refused),
		cmocka_unit_test(a_line_longer_than_the_buffer_is_refused),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
