// SPDX-License-Identifier: GPL-2.0
/* Session keys: unwrapped for the call that they are for, and for no other. */

#include "../session.h"

#include "memory.h"
#include "test.h"
#include "vectors.h"

/* A vector in bytes. */
struct wrapped {
	struct qsc_session_params p;
	u8 wrapped[QSC_WRAPPED_LEN];
	u8 secret[QSC_SESSION_SECRET_LEN];
	struct qsc_session_keys want;
	u32 len;
};

static void session_desc(const struct qsc_test_session *v, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%.16s, %s, suite %u, epoch %u", v->call_id,
		 v->role == QSC_ROLE_CALLER ? "caller" : "callee", v->suite, v->epoch);
}

KUNIT_ARRAY_PARAM(session, qsc_test_sessions, session_desc);

static struct wrapped *wrapped(struct kunit *test, const struct qsc_test_session *v)
{
	struct wrapped *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->p = (struct qsc_session_params){
		.context.call_id = v->call_id,
		.context.caller = v->caller,
		.context.callee = v->callee,
		.context.suite = qsc_suite_by_id(v->suite),
		.context.role = v->role,
		.context.epoch = v->epoch,
		.wrapped = w->wrapped,
	};
	qsc_test_unhex(w->wrapped, v->wrapped);
	qsc_test_unhex(w->secret, v->dist);
	qsc_test_unhex(w->secret + QSC_DIST_LEN, v->exporter);
	w->len = qsc_test_unhex(w->want.forth, v->caller_to_callee);
	qsc_test_unhex(w->want.back, v->callee_to_caller);
	return w;
}

static void expect_refused(struct kunit *test, const struct wrapped *w)
{
	struct qsc_session_keys keys, untouched;

	memset(&keys, 0x5a, sizeof(keys));
	memset(&untouched, 0x5a, sizeof(untouched));
	KUNIT_EXPECT_EQ(test, qsc_session_open(&w->p, w->secret, &keys), -EBADMSG);
	KUNIT_EXPECT_MEMEQ(test, &keys, &untouched, sizeof(keys));
}

static void context_is_the_known_one(struct kunit *test)
{
	const struct qsc_test_session *v = test->param_value;
	struct wrapped *w = wrapped(test, v);
	u8 want[QSC_BINDING_MAX];
	struct qsc_binding b;

	qsc_bind_context(&b, &w->p.context);
	KUNIT_ASSERT_EQ(test, b.len, qsc_test_unhex(want, v->context));
	KUNIT_EXPECT_MEMEQ(test, b.bytes, want, b.len);
}

static void masters_are_the_known_ones(struct kunit *test)
{
	struct wrapped *w = wrapped(test, test->param_value);
	const struct qsc_suite_desc *suite = w->p.context.suite;
	struct qsc_session_keys keys;

	KUNIT_ASSERT_EQ(test, w->len, suite->key_len + suite->salt_len);
	KUNIT_ASSERT_EQ(test, qsc_session_open(&w->p, w->secret, &keys), 0);
	KUNIT_EXPECT_MEMEQ(test, keys.forth, w->want.forth, w->len);
	KUNIT_EXPECT_MEMEQ(test, keys.back, w->want.back, w->len);
}

static void every_part_of_the_context_is_bound(struct kunit *test)
{
	struct wrapped *w = wrapped(test, test->param_value);
	struct qsc_context *c = &w->p.context;
	const struct qsc_context good = *c;

	c->call_id = "another";
	expect_refused(test, w);
	*c = good;
	c->role = good.role == QSC_ROLE_CALLER ? QSC_ROLE_CALLEE : QSC_ROLE_CALLER;
	expect_refused(test, w);
	*c = good;
	c->caller = good.callee;
	c->callee = good.caller;
	expect_refused(test, w);
	*c = good;
	c->callee = "mallory";
	expect_refused(test, w);
	*c = good;
	c->suite = qsc_suite_by_id(good.suite->id == 1 ? 2 : 1);
	expect_refused(test, w);
	*c = good;
	c->epoch++;
	expect_refused(test, w);
	*c = good;
	c->epoch--;
	expect_refused(test, w);
}

static void changed_key_or_secret_is_refused(struct kunit *test)
{
	struct wrapped *w = wrapped(test, test->param_value);
	struct qsc_session_keys keys;
	u32 i;

	for (i = 0; i < sizeof(w->wrapped); i++) {
		w->wrapped[i] ^= 1 << i % 8;
		expect_refused(test, w);
		w->wrapped[i] ^= 1 << i % 8;
	}
	for (i = 0; i < sizeof(w->secret); i++) {
		w->secret[i] ^= 1 << i % 8;
		expect_refused(test, w);
		w->secret[i] ^= 1 << i % 8;
	}
	KUNIT_EXPECT_EQ(test, qsc_session_open(&w->p, w->secret, &keys), 0);
}

static void copy_secret(u8 (*secrets)[QSC_TEST_SECRET_LEN], const u8 *from)
{
	memcpy(secrets, from, QSC_TEST_SECRET_LEN);
}

/* Where what it leaves on the stack can be seen. */
static noinline int open_further_down(const struct wrapped *w, struct qsc_session_keys *keys)
{
	u8 room[QSC_TEST_ROOM];
	int err;

	barrier_data(room);
	err = qsc_session_open(&w->p, w->secret, keys);
	barrier_data(room);
	return err;
}

/* The first halves of distribution key, exporter, wrapping key, session key, masters. */
#define SECRETS 6

static void secrets_of(struct kunit *test, const struct wrapped *w,
		       const struct qsc_test_session *v, u8 (*secrets)[QSC_TEST_SECRET_LEN])
{
	u8 bytes[32];
	int i;

	copy_secret(&secrets[0], w->secret);
	copy_secret(&secrets[1], w->secret + QSC_DIST_LEN);
	qsc_test_unhex(bytes, v->wrap);
	copy_secret(&secrets[2], bytes);
	qsc_test_unhex(bytes, v->session);
	copy_secret(&secrets[3], bytes);
	memzero_explicit(bytes, sizeof(bytes));
	copy_secret(&secrets[4], w->want.forth);
	copy_secret(&secrets[5], w->want.back);
	for (i = 0; i < SECRETS; i++)
		qsc_test_need_dead_stack(test, secrets[i]);
}

/* Returns what qsc_session_open() did. */
static int expect_nothing_left(struct kunit *test, const struct wrapped *w,
			       const struct qsc_test_session *v)
{
	struct qsc_test_watch watch = { .nr = SECRETS };
	u8(*secrets)[QSC_TEST_SECRET_LEN];
	struct qsc_session_keys *keys;
	int i, err;

	secrets = kunit_kzalloc(test, SECRETS * QSC_TEST_SECRET_LEN, GFP_KERNEL);
	keys = kunit_kzalloc(test, sizeof(*keys), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, secrets);
	KUNIT_ASSERT_NOT_NULL(test, keys);
	secrets_of(test, w, v, secrets);

	watch.secrets = secrets;
	qsc_test_watch_start(test, &watch);
	err = open_further_down(w, keys);
	for (i = 0; i < SECRETS; i++)
		KUNIT_EXPECT_FALSE_MSG(test, qsc_test_on_dead_stack(secrets[i]), "secret %d", i);
	KUNIT_EXPECT_EQ(test, watch.found, 0);
	qsc_test_watch_stop(&watch);
	return err;
}

static void nothing_is_left_in_memory_or_on_the_stack(struct kunit *test)
{
	const struct qsc_test_session *v = &qsc_test_sessions[0];

	KUNIT_EXPECT_EQ(test, expect_nothing_left(test, wrapped(test, v), v), 0);
}

/* Nothing is derived then, so nothing is written over what was there. */
static void nothing_is_left_of_a_session_that_does_not_open(struct kunit *test)
{
	const struct qsc_test_session *v = &qsc_test_sessions[0];
	struct wrapped *w = wrapped(test, v);

	w->wrapped[0] ^= 1;
	KUNIT_EXPECT_EQ(test, expect_nothing_left(test, w, v), -EBADMSG);
}

static struct kunit_case session_cases[] = {
	KUNIT_CASE_PARAM(context_is_the_known_one, session_gen_params),
	KUNIT_CASE_PARAM(masters_are_the_known_ones, session_gen_params),
	KUNIT_CASE_PARAM(every_part_of_the_context_is_bound, session_gen_params),
	KUNIT_CASE_PARAM(changed_key_or_secret_is_refused, session_gen_params),
	KUNIT_CASE(nothing_is_left_in_memory_or_on_the_stack),
	KUNIT_CASE(nothing_is_left_of_a_session_that_does_not_open),
	{},
};

static struct kunit_suite session_suite = {
	.name = "qsc_session",
	.test_cases = session_cases,
};

kunit_test_suite(session_suite);
