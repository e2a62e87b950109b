// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Session keys wait for their callee: a while, and for nobody else. */
#include "kms/kms_test.h"

#include <openssl/crypto.h>

#include "qskmsd/session.h"
#include "qskmsd/stats.h"

static struct event_base *base;
static struct sessions *all;
static struct stats stats;

static int set_up(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	base = event_base_new();
	all = sessions_new(base, 1000, 1, &stats);
	return all ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	sessions_free(all);
	event_base_free(base);
	return 0;
}

static const struct session_name *name(const char *call, const char *caller, const char *callee)
{
	static struct session_name names[2];
	static int next;
	struct session_name *n = &names[next++ % 2];

	memset(n, 0, sizeof(*n));
	strcpy(n->call, call);
	strcpy(n->caller, caller);
	strcpy(n->callee, callee);
	return n;
}

static const uint8_t *key_of(unsigned int n)
{
	static uint8_t key[SESSION_KEY];

	memset(key, 0, sizeof(key));
	memcpy(key, &n, sizeof(n));
	return key;
}

static void a_session_is_found_by_its_whole_name(void **state)
{
	const struct session *s;

	(void)state;
	assert_non_null(sessions_put(all, name("c", "a", "b"), 1, 0, key_of(7)));
	s = sessions_find(all, name("c", "a", "b"));
	assert_non_null(s);
	assert_memory_equal(s->key, key_of(7), SESSION_KEY);
	assert_null(sessions_find(all, name("d", "a", "b")));
	assert_null(sessions_find(all, name("c", "b", "b")));
	assert_null(sessions_find(all, name("c", "a", "a")));
	assert_null(sessions_find(all, name("c", "b", "a")));
	assert_null(sessions_find(all, name("ca", "", "b")));
}

static void of_many_each_keeps_its_key(void **state)
{
	char call[16];

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(call, sizeof(call), "%u", i);
		assert_non_null(sessions_put(all, name(call, "a", "b"), i, i, key_of(i)));
	}
	assert_int_equal(sessions_count(all), 1000);
	assert_null(sessions_put(all, name("one more", "a", "b"), 1, 0, key_of(1)));
	for (unsigned int i = 0; i < 1000; i++) {
		const struct session *s;

		snprintf(call, sizeof(call), "%u", i);
		s = sessions_find(all, name(call, "a", "b"));
		assert_non_null(s);
		assert_int_equal(s->epoch, i);
		assert_memory_equal(s->key, key_of(i), SESSION_KEY);
	}
	sessions_drop(all, name("5", "a", "b"));
	assert_null(sessions_find(all, name("5", "a", "b")));
	assert_non_null(sessions_put(all, name("one more", "a", "b"), 1, 0, key_of(1)));
}

static void a_rekey_replaces_the_key(void **state)
{
	const struct session *s;

	(void)state;
	assert_non_null(sessions_put(all, name("c", "a", "b"), 1, 0, key_of(1)));
	assert_non_null(sessions_put(all, name("c", "a", "b"), 2, 1, key_of(2)));
	s = sessions_find(all, name("c", "a", "b"));
	assert_int_equal(s->epoch, 1);
	assert_int_equal(s->suite, 2);
	assert_memory_equal(s->key, key_of(2), SESSION_KEY);
	assert_int_equal(sessions_count(all), 1);
}

static void a_party_takes_its_sessions_along(void **state)
{
	(void)state;
	sessions_put(all, name("1", "a", "b"), 1, 0, key_of(1));
	sessions_put(all, name("2", "b", "c"), 1, 0, key_of(1));
	sessions_put(all, name("3", "c", "a"), 1, 0, key_of(1));
	sessions_put(all, name("4", "aa", "bb"), 1, 0, key_of(1));
	sessions_drop_party(all, "b");
	assert_null(sessions_find(all, name("1", "a", "b")));
	assert_null(sessions_find(all, name("2", "b", "c")));
	assert_non_null(sessions_find(all, name("3", "c", "a")));
	assert_non_null(sessions_find(all, name("4", "aa", "bb")));
	sessions_drop_party(all, "nobody");
	assert_int_equal(sessions_count(all), 2);
}

/* The loop ends by itself once there is no timer left. */
static void keys_that_nobody_fetches_are_dropped(void **state)
{
	(void)state;
	sessions_put(all, name("1", "a", "b"), 1, 0, key_of(1));
	sessions_put(all, name("2", "a", "b"), 1, 0, key_of(1));
	sessions_put(all, name("3", "a", "b"), 1, 0, key_of(1));
	sessions_drop(all, name("2", "a", "b"));
	assert_int_equal(event_base_dispatch(base), 1);
	assert_int_equal(sessions_count(all), 0);
	assert_int_equal(stats.keys_expired, 2);
}

static void a_dropped_key_is_wiped(void **state)
{
	static const uint8_t zeros[SESSION_KEY];
	const struct session *s;
	const uint8_t *key;

	(void)state;
	s = sessions_put(all, name("c", "a", "b"), 1, 0, key_of(0xdeadbeef));
	key = s->key;
	assert_true(CRYPTO_secure_allocated(key));
	sessions_drop(all, name("c", "a", "b"));
	/* Still mapped: the secure heap. Its list of free blocks uses the first bytes. */
	assert_memory_equal(key + 16, zeros + 16, SESSION_KEY - 16);
	assert_memory_not_equal(key, key_of(0xdeadbeef), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_session_is_found_by_its_whole_name, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(of_many_each_keeps_its_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rekey_replaces_the_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_party_takes_its_sessions_along, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(keys_that_nobody_fetches_are_dropped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_dropped_key_is_wiped, set_up, tear_down),
	};

	CRYPTO_secure_malloc_init(1 << 20, 32);
	return cmocka_run_group_tests_name("kms_session", tests, NULL, NULL);
}
