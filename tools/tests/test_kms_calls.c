// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Session keys wait for both parties: a while, and for nobody else. */
#include "kms/kms_test.h"

#include <openssl/crypto.h>

#include "qskmsd/calls.h"
#include "qskmsd/stats.h"

#define MAX 1000

/* Addresses are all that the table knows of connections. */
struct conn {
	int retired;
};

static struct event_base *base;
static struct calls *all;
static struct stats stats;

static void retire(struct conn *conn)
{
	conn->retired++;
}

static int set_up(void **state)
{
	const struct calls_params params = { .max = MAX, .seconds = 1, .retired = retire };

	(void)state;
	memset(&stats, 0, sizeof(stats));
	base = event_base_new();
	all = calls_new(base, &params, &stats);
	return all ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	calls_free(all);
	event_base_free(base);
	return 0;
}

static const struct call_name *name(const char *call, const char *caller, const char *callee)
{
	static struct call_name names[2];
	static int next;
	struct call_name *n = &names[next++ % 2];

	memset(n, 0, sizeof(*n));
	snprintf(n->call, sizeof(n->call), "%s", call);
	snprintf(n->caller, sizeof(n->caller), "%s", caller);
	snprintf(n->callee, sizeof(n->callee), "%s", callee);
	return n;
}

static const uint8_t *key_of(unsigned int n)
{
	static uint8_t key[SESSION_KEY];

	memset(key, 0, sizeof(key));
	memcpy(key, &n, sizeof(n));
	return key;
}

static struct call *begin(const struct call_name *n, uint32_t epoch, unsigned int key)
{
	struct call *call = calls_get(all, n);

	if (call)
		assert_int_equal(calls_set_key(all, call, 1, epoch, key_of(key)), 0);
	return call;
}

static void a_call_is_found_by_its_whole_name(void **state)
{
	struct call *call;

	(void)state;
	call = begin(name("c", "a", "b"), 0, 7);
	assert_non_null(call);
	assert_ptr_equal(calls_find(all, name("c", "a", "b")), call);
	assert_ptr_equal(calls_get(all, name("c", "a", "b")), call);
	assert_memory_equal(call->key, key_of(7), SESSION_KEY);
	assert_null(calls_find(all, name("d", "a", "b")));
	assert_null(calls_find(all, name("c", "b", "b")));
	assert_null(calls_find(all, name("c", "a", "a")));
	assert_null(calls_find(all, name("c", "b", "a")));
	assert_null(calls_find(all, name("ca", "", "b")));
}

static void of_many_each_keeps_its_key(void **state)
{
	char id[16];

	(void)state;
	for (unsigned int i = 0; i < MAX; i++) {
		snprintf(id, sizeof(id), "%u", i);
		assert_non_null(begin(name(id, "a", "b"), i, i));
	}
	assert_int_equal(calls_count(all), MAX);
	assert_null(calls_get(all, name("one more", "a", "b")));
	for (unsigned int i = 0; i < MAX; i++) {
		const struct call *call;

		snprintf(id, sizeof(id), "%u", i);
		call = calls_find(all, name(id, "a", "b"));
		assert_non_null(call);
		assert_int_equal(call->epoch, i);
		assert_memory_equal(call->key, key_of(i), SESSION_KEY);
	}
	calls_end(all, calls_find(all, name("5", "a", "b")));
	assert_null(calls_find(all, name("5", "a", "b")));
	assert_non_null(begin(name("one more", "a", "b"), 0, 1));
}

static void a_rekey_replaces_the_key_and_asks_both_again(void **state)
{
	struct call *call = begin(name("c", "a", "b"), 0, 1);

	(void)state;
	calls_serve(all, call, QSC_KEYS_CALLER);
	call_party(call, QSC_KEYS_CALLER)->ready = true;
	assert_ptr_equal(begin(name("c", "a", "b"), 1, 2), call);
	assert_int_equal(call->epoch, 1);
	assert_memory_equal(call->key, key_of(2), SESSION_KEY);
	assert_int_equal(calls_count(all), 1);
	assert_int_equal(calls_keys(all), 1);
	assert_false(call_party(call, QSC_KEYS_CALLER)->served);
	assert_false(call_party(call, QSC_KEYS_CALLER)->ready);
	assert_true(call_party(call, QSC_KEYS_CALLER)->joined);
	assert_false(call_party(call, QSC_KEYS_CALLEE)->joined);
}

static void a_key_is_wiped_once_both_have_it(void **state)
{
	static const uint8_t zeros[SESSION_KEY];
	struct conn conn = { 0 };
	const uint8_t *key;
	struct call *call;

	(void)state;
	call = begin(name("c", "a", "b"), 0, 0xdeadbeef);
	call_party(call, QSC_KEYS_CALLER)->live = &conn;
	key = call->key;
	assert_true(CRYPTO_secure_allocated(key));
	calls_serve(all, call, QSC_KEYS_CALLER);
	calls_serve(all, call, QSC_KEYS_CALLER);
	assert_memory_equal(key, key_of(0xdeadbeef), SESSION_KEY);
	calls_serve(all, call, QSC_KEYS_CALLEE);
	assert_null(call->key);
	/* Still mapped: the secure heap. Its list of free blocks uses the first bytes. */
	assert_memory_equal(key + 16, zeros + 16, SESSION_KEY - 16);
	assert_memory_not_equal(key, key_of(0xdeadbeef), 4);
	/* The call goes on. */
	calls_settle(all, call);
	assert_ptr_equal(calls_find(all, name("c", "a", "b")), call);
	assert_int_equal(calls_keys(all), 0);
}

static void a_call_is_freed_when_nothing_is_left_of_it(void **state)
{
	struct call *call = begin(name("c", "a", "b"), 0, 1);
	struct conn conn = { 0 };

	(void)state;
	calls_settle(all, call);
	assert_int_equal(calls_count(all), 1);
	calls_serve(all, call, QSC_KEYS_CALLER);
	calls_serve(all, call, QSC_KEYS_CALLEE);
	call->held = &conn;
	calls_settle(all, call);
	assert_int_equal(calls_count(all), 1);
	call->held = NULL;
	calls_settle(all, call);
	assert_int_equal(calls_count(all), 0);
}

static void the_end_of_a_call_leaves_who_waits_for_the_next(void **state)
{
	struct conn caller = { 0 }, callee = { 0 }, waits = { 0 };
	struct call *call = begin(name("c", "a", "b"), 3, 1);

	(void)state;
	calls_serve(all, call, QSC_KEYS_CALLER);
	call_party(call, QSC_KEYS_CALLER)->live = &caller;
	call_party(call, QSC_KEYS_CALLEE)->live = &callee;
	call->held = &waits;
	calls_end(all, call);
	assert_int_equal(caller.retired, 1);
	assert_int_equal(callee.retired, 1);
	assert_int_equal(waits.retired, 0);
	assert_ptr_equal(calls_find(all, name("c", "a", "b")), call);
	assert_ptr_equal(call->held, &waits);
	assert_null(call->key);
	assert_false(call->named || call_party(call, QSC_KEYS_CALLER)->joined);
	call->held = NULL;
	calls_end(all, call);
	assert_int_equal(calls_count(all), 0);
}

static void a_party_takes_its_calls_along(void **state)
{
	struct conn conn = { 0 };
	struct call *call;

	(void)state;
	call = begin(name("1", "a", "b"), 0, 1);
	call_party(call, QSC_KEYS_CALLER)->live = &conn;
	begin(name("2", "b", "c"), 0, 1);
	begin(name("3", "c", "a"), 0, 1);
	begin(name("4", "aa", "bb"), 0, 1);
	calls_drop_party(all, "b");
	assert_int_equal(conn.retired, 1);
	assert_null(calls_find(all, name("1", "a", "b")));
	assert_null(calls_find(all, name("2", "b", "c")));
	assert_non_null(calls_find(all, name("3", "c", "a")));
	assert_non_null(calls_find(all, name("4", "aa", "bb")));
	calls_drop_party(all, "nobody");
	assert_int_equal(calls_count(all), 2);
}

/* The loop ends by itself once there is no timer left. */
static void keys_that_nobody_fetches_are_dropped(void **state)
{
	struct conn conn = { 0 };
	struct call *call;

	(void)state;
	begin(name("1", "a", "b"), 0, 1);
	begin(name("2", "a", "b"), 0, 1);
	call = begin(name("3", "a", "b"), 0, 1);
	call_party(call, QSC_KEYS_CALLER)->live = &conn;
	calls_end(all, calls_find(all, name("2", "a", "b")));
	assert_int_equal(event_base_dispatch(base), 1);
	assert_int_equal(stats.keys_expired, 2);
	assert_int_equal(calls_keys(all), 0);
	/* Its call may go on: one of its parties is there. */
	assert_int_equal(calls_count(all), 1);
	assert_ptr_equal(calls_find(all, name("3", "a", "b")), call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_call_is_found_by_its_whole_name, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(of_many_each_keeps_its_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rekey_replaces_the_key_and_asks_both_again,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_key_is_wiped_once_both_have_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_call_is_freed_when_nothing_is_left_of_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_end_of_a_call_leaves_who_waits_for_the_next,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_party_takes_its_calls_along, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_that_nobody_fetches_are_dropped, set_up,
						tear_down),
	};

	CRYPTO_secure_malloc_init(1 << 20, 32);
	return cmocka_run_group_tests_name("kms_calls", tests, NULL, NULL);
}
