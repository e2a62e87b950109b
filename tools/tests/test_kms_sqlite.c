// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What only a store in a file can get wrong. */
#include "kms/store_test.h"

#include <sqlite3.h>

/* What a revoked card leaves behind: nothing in the file or its log. */
static bool file_has(const char *path, const uint8_t *data, size_t len)
{
	FILE *f = fopen(path, "rb");
	static uint8_t buf[1 << 20];
	size_t n;

	if (!f)
		return false;
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	return memmem(buf, n, data, len);
}

static void revocation_leaves_no_pool_in_the_file(void **state)
{
	uint8_t data[STORE_CHUNK_MAX];
	size_t len;

	(void)state;
	fill_chunk(1, 1, data, &len);
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	assert_true(file_has(test_path("db"), data, 64) || file_has(test_path("db-wal"), data, 64));
	assert_int_equal(st.ops->revoke(&st, 1, 5, NULL, 0), 0);
	assert_false(file_has(test_path("db"), data, 64));
	assert_false(file_has(test_path("db-wal"), data, 64));
}

static void assert_open_says(const char *path, const char *said)
{
	struct store s;

	assert_int_equal(store_open(&s, path, false), -EIO);
	if (!strstr(s.error, said))
		fail_msg("\"%s\" does not say \"%s\"", s.error, said);
	store_close(&s);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void what_is_no_store_is_not_opened(void **state)
{
	sqlite3 *db;

	(void)state;
	assert_open_says("/nowhere/db", "--init");
	write_file(test_path("empty"), "");
	assert_open_says(test_path("empty"), "--init");
	write_file(test_path("text"), "This is not a database, and it is longer than a header of "
				      "one, which has a hundred bytes only.");
	assert_open_says(test_path("text"), "damaged or none of ours");

	assert_int_equal(sqlite3_open(test_path("foreign"), &db), SQLITE_OK);
	sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_open_says(test_path("foreign"), "something else");

	assert_int_equal(sqlite3_open(test_path("db"), &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_open_says(test_path("db"), "format 99");
}

static void a_truncated_store_is_not_opened(void **state)
{
	char command[300];

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	store_close(&st);
	store_close(&other);
	snprintf(command, sizeof(command), "truncate -s 20000 '%s'", test_path("db"));
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	assert_open_says(test_path("db"), "damaged");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(revocation_leaves_no_pool_in_the_file, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(what_is_no_store_is_not_opened, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(a_truncated_store_is_not_opened, new_store,
						end_store),
	};

	unsetenv("QSC_TEST_PG");
	return cmocka_run_group_tests_name("kms_sqlite", tests, make_test_folder,
					   remove_test_folder);
}
