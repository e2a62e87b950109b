// SPDX-License-Identifier: GPL-2.0
/*
 * What is made in several steps, with each of its allocations failing in turn:
 * it is refused for want of memory, and nothing is left behind. What is lost
 * altogether kmemleak finds.
 */

#include <crypto/internal/aead.h>
#include <linux/slab.h>

#include "../erase.h"
#include "../kdf.h"
#include "../session.h"
#include "calls.h"
#include "memory.h"
#include "vectors.h"

#define SEED 0xa7
#define ALLOCATIONS_MAX 1000

static int fail_init(struct kunit *test)
{
	int err = qsc_test_calls_init(test);

	if (!err)
		qsc_test_set_param(test, "max_ssrcs", "1024");
	return err;
}

#define ROUNDS 3

/* What is made, with each of its allocations failing in turn. */
struct trial {
	int (*make)(void *arg);
	void (*check)(struct kunit *test, void *arg, int err);
	void *arg;
	u32 refused; /* times that it could not be made */
	u32 survived; /* times that it could, without one of them */
};

/*
 * Some failures are survived, such as that of an allocation for debugging: then
 * there has to be a whole thing. @make is called with nothing made, and @check
 * leaves nothing.
 */
static void fail_in_turn(struct kunit *test, struct trial *t)
{
	u32 left = 0, n;
	int err;

	for (n = 1; !left && n < ALLOCATIONS_MAX; n++) {
		qsc_test_fail_nth(n);
		err = t->make(t->arg);
		left = qsc_test_fail_left();
		KUNIT_EXPECT_TRUE_MSG(test, !err || err == -ENOMEM, "%d without allocation %u", err,
				      n);
		t->refused += !!err;
		t->survived += !err && !left;
		t->check(test, t->arg, err);
	}
	KUNIT_EXPECT_GT(test, left, 0);
	KUNIT_EXPECT_EQ(test, err, 0);
}

/*
 * What the kernel allocates for debugging, and to have some in store, is not
 * the same each time: which allocation is the nth is not either. Some rounds
 * reach those that one has missed.
 */
static void fail_each(struct kunit *test, int (*make)(void *arg),
		      void (*check)(struct kunit *test, void *arg, int err), void *arg)
{
	struct trial t = { .make = make, .check = check, .arg = arg };
	int i;

	for (i = 0; i < ROUNDS; i++)
		fail_in_turn(test, &t);
	KUNIT_EXPECT_GT(test, t.refused, 0);
	kunit_info(test, "refused %u times, survived %u times\n", t.refused, t.survived);
}

static int make_ssrc(void *arg)
{
	struct qsc_ssrc **s = arg;

	*s = qsc_ssrc_alloc(1, 2, QSC_WINDOW_MAX, GFP_KERNEL);
	return *s ? 0 : -ENOMEM;
}

static void check_ssrc(struct kunit *test, void *arg, int err)
{
	struct qsc_ssrc **s = arg;

	kfree(*s);
}

static void ssrc(struct kunit *test)
{
	struct qsc_ssrc *s;

	qsc_test_need_failslab(test);
	fail_each(test, make_ssrc, check_ssrc, &s);
}

/* Three SSRCs that the stream does not know yet. */
struct rocs {
	struct qsc_stream *s;
	struct qsc_roc roc[3];
	u32 count;
};

static void other_rocs(struct rocs *r)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(r->roc); i++)
		r->roc[i].ssrc += ARRAY_SIZE(r->roc);
}

static int make_rocs(void *arg)
{
	struct rocs *r = arg;

	other_rocs(r);
	return qsc_stream_add_rocs(r->s, r->roc, ARRAY_SIZE(r->roc));
}

static void check_rocs(struct kunit *test, void *arg, int err)
{
	struct rocs *r = arg;

	if (!err)
		r->count += ARRAY_SIZE(r->roc);
	KUNIT_EXPECT_EQ(test, r->s->ssrcs.count, r->count);
}

static void initial_rocs(struct kunit *test)
{
	struct rocs r = { .roc = { { 1 }, { 2 }, { 3 } } };

	qsc_test_need_failslab(test);
	r.s = kunit_kzalloc(test, sizeof(*r.s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r.s);
	qsc_stream_init(r.s, QSC_DIR_RX, QSC_WINDOW_DEFAULT);
	fail_each(test, make_rocs, check_rocs, &r);
	qsc_ssrc_free_all(&r.s->ssrcs);
}

/* The secrets of the key: master key and session keys. */
static void find_out(struct kunit *test, const struct qsc_key_params *p,
		     u8 (*secrets)[QSC_TEST_SECRET_LEN])
{
	const struct qsc_suite_desc *suite = p->suite;
	struct qsc_kdf kdf;
	int err;

	memcpy(secrets[0], p->master, QSC_TEST_SECRET_LEN);
	err = qsc_kdf_init(&kdf, p->master, suite->key_len, p->salt, suite->salt_len);
	KUNIT_ASSERT_EQ(test, err, 0);
	qsc_kdf_derive(&kdf, QSC_KDF_RTP_ENCRYPTION, secrets[1], QSC_TEST_SECRET_LEN);
	qsc_kdf_derive(&kdf, QSC_KDF_RTCP_ENCRYPTION, secrets[2], QSC_TEST_SECRET_LEN);
	qsc_kdf_destroy(&kdf);
}

#define SECRETS 3

/* A key that is made again and again, and one of the same kind that stays. */
struct keys {
	struct qsc_test_master m;
	struct qsc_key *key;
	struct qsc_key *other;
	int users;
};

static struct crypto_alg *alg_of(const struct qsc_key *key)
{
	const struct qsc_srtp *c = &key->rtp;
	struct crypto_tfm *tfm;

	tfm = c->cm.ctr ? crypto_skcipher_tfm(c->cm.ctr) : crypto_aead_tfm(c->aead.tfm);
	return tfm->__crt_alg;
}

static int make_key(void *arg)
{
	struct keys *k = arg;

	k->key = qsc_key_create(&k->m.p);
	return PTR_ERR_OR_ZERO(k->key);
}

/* Whole also means: the cipher that others have, not a slow one. */
static void check_key(struct kunit *test, void *arg, int err)
{
	struct keys *k = arg;

	if (!err) {
		KUNIT_EXPECT_PTR_EQ(test, alg_of(k->key), alg_of(k->other));
		qsc_key_destroy(k->key);
	}
	KUNIT_EXPECT_EQ(test, refcount_read(&alg_of(k->other)->cra_refcnt), k->users);
}

static void fail_key(struct kunit *test, u32 suite)
{
	u8 secrets[SECRETS][QSC_TEST_SECRET_LEN], *p;
	struct qsc_test_watch w = { .secrets = secrets, .nr = SECRETS };
	struct keys k = {};

	qsc_test_need_failslab(test);
	qsc_test_make_master(&k.m, QSC_DIR_TX, SEED, "mki", 0);
	k.m.p.suite = qsc_suite_by_id(suite);
	find_out(test, &k.m.p, secrets);
	k.other = qsc_test_key(test, suite, QSC_DIR_TX, 1, NULL);
	k.users = refcount_read(&alg_of(k.other)->cra_refcnt);
	p = kunit_kzalloc(test, 100, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	memcpy(p + 37, secrets[1], QSC_TEST_SECRET_LEN);

	qsc_test_watch_start(test, &w);
	fail_each(test, make_key, check_key, &k);
	KUNIT_EXPECT_EQ(test, w.found, 0);
	/* It would have been seen. */
	kunit_kfree(test, p);
	KUNIT_EXPECT_EQ(test, w.found, 1);
	qsc_test_watch_stop(&w);
	qsc_key_destroy(k.other);
}

static void key(struct kunit *test)
{
	fail_key(test, QSC_TEST_SUITE);
}

/* Its RTCP has ciphers of its own. */
static void key_of_a_legacy_leg(struct kunit *test)
{
	fail_key(test, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
}

/* A call on ports of its own, so that these need memory too. */
struct new_call {
	u16 port;
	u32 others;
	int users;
};

static int make_call(void *arg)
{
	struct new_call *c = arg;
	struct qsc_call_params p;

	c->port += 2;
	p = qsc_test_call_params("a", c->port);
	p.legs[0].local_rtcp = htons(c->port + 1);
	p.legs[0].remote_rtcp = htons(c->port + 1);
	p.lifetime = 3600;
	return qsc_call_new(qsc_test_table(), &p, NULL);
}

static bool has_tuples(u16 port)
{
	bool has;

	rcu_read_lock();
	has = qsc_tuple_list(&qsc_test_table()->tuples, htons(port));
	rcu_read_unlock();
	return has;
}

static void check_call(struct kunit *test, void *arg, int err)
{
	struct qsc_net *qn = qsc_test_table();
	struct new_call *c = arg;

	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), err ? -ENOENT : 0);
	KUNIT_EXPECT_EQ(test, qn->count, c->others);
	KUNIT_EXPECT_EQ(test, qsc_test_users(), c->users);
	KUNIT_EXPECT_EQ(test, qsc_test_table_is_empty(), !c->others);
	KUNIT_EXPECT_FALSE(test, has_tuples(c->port));
	KUNIT_EXPECT_FALSE(test, has_tuples(c->port + 1));
}

static void first_call(struct kunit *test)
{
	struct new_call c = { .port = 6000, .users = qsc_test_users() };

	qsc_test_need_failslab(test);
	fail_each(test, make_call, check_call, &c);
}

static void second_call(struct kunit *test)
{
	struct new_call c = { .port = 6100, .others = 1 };

	qsc_test_need_failslab(test);
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("b", 5004), 0);
	c.users = qsc_test_users();
	fail_each(test, make_call, check_call, &c);
	KUNIT_EXPECT_NOT_NULL(test, qsc_test_find_call("b"));
	KUNIT_EXPECT_TRUE(test, has_tuples(5004));
}

/* A call that has two receiving keys and gets another one. */
struct rekeyed {
	struct qsc_test_master m;
	struct rocs rocs;
	struct qsc_stream *s;
	struct qsc_key *cur;
	struct qsc_key *old;
	u32 generations;
};

static int make_generation(void *arg)
{
	static const char *const mkis[] = { "a", "b", "c" };
	struct rekeyed *r = arg;

	other_rocs(&r->rocs);
	r->m.p.mki = mkis[r->generations % 3];
	return qsc_call_install(qsc_test_table(), "a", &r->m.p, NULL);
}

static void check_generation(struct kunit *test, void *arg, int err)
{
	struct rekeyed *r = arg;

	if (!err) {
		r->old = r->cur;
		r->cur = qsc_test_key_in(&r->s->cur);
		r->generations++;
	}
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&r->s->cur), r->cur);
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&r->s->old), r->old);
	KUNIT_EXPECT_EQ(test, r->s->generations, r->generations);
	check_rocs(test, &r->rocs, err);
}

static void next_key(struct kunit *test)
{
	struct rekeyed r = { .rocs.roc = { { 1 }, { 2 }, { 3 } } };
	u8 secrets[SECRETS][QSC_TEST_SECRET_LEN];
	struct qsc_test_watch w = { .secrets = secrets, .nr = SECRETS };
	int i;

	qsc_test_need_failslab(test);
	qsc_test_make_master(&r.m, QSC_DIR_RX, SEED, "a", 600000);
	r.m.p.rocs = r.rocs.roc;
	r.m.p.nr_rocs = ARRAY_SIZE(r.rocs.roc);
	find_out(test, &r.m.p, secrets);
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("a", 5004), 0);
	r.s = &qsc_test_find_call("a")->legs[0].rx;
	r.rocs.s = r.s;
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, make_generation(&r), 0);
		check_generation(test, &r, 0);
	}

	qsc_test_watch_start(test, &w);
	fail_each(test, make_generation, check_generation, &r);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
	KUNIT_EXPECT_EQ(test, w.found, 0);
	qsc_test_watch_stop(&w);
}

/* A session key that is unwrapped again and again. */
struct unwrapped {
	struct qsc_session_params p;
	u8 wrapped[QSC_WRAPPED_LEN];
	u8 secret[QSC_SESSION_SECRET_LEN];
	struct qsc_session_keys keys;
};

static int make_unwrapped(void *arg)
{
	struct unwrapped *u = arg;

	memset(&u->keys, 0, sizeof(u->keys));
	return qsc_session_open(&u->p, u->secret, &u->keys);
}

static void check_unwrapped(struct kunit *test, void *arg, int err)
{
	struct unwrapped *u = arg;

	KUNIT_EXPECT_EQ(test, !memchr_inv(&u->keys, 0, sizeof(u->keys)), !!err);
}

static void session_key(struct kunit *test)
{
	const struct qsc_test_session *v = &qsc_test_sessions[0];
	u8 secrets[SECRETS][QSC_TEST_SECRET_LEN], bytes[QSC_MASTER_MAX];
	struct qsc_test_watch w = { .secrets = secrets, .nr = SECRETS };
	struct unwrapped *u = kunit_kzalloc(test, sizeof(*u), GFP_KERNEL);

	qsc_test_need_failslab(test);
	KUNIT_ASSERT_NOT_NULL(test, u);
	u->p.context.call_id = v->call_id;
	u->p.context.caller = v->caller;
	u->p.context.callee = v->callee;
	u->p.context.suite = qsc_suite_by_id(v->suite);
	u->p.context.role = v->role;
	u->p.context.epoch = v->epoch;
	u->p.wrapped = u->wrapped;
	qsc_test_unhex(u->wrapped, v->wrapped);
	qsc_test_unhex(u->secret, v->dist);
	qsc_test_unhex(u->secret + QSC_DIST_LEN, v->exporter);
	qsc_test_unhex(bytes, v->session);
	memcpy(secrets[0], bytes, QSC_TEST_SECRET_LEN);
	qsc_test_unhex(bytes, v->wrap);
	memcpy(secrets[1], bytes, QSC_TEST_SECRET_LEN);
	qsc_test_unhex(bytes, v->caller_to_callee);
	memcpy(secrets[2], bytes, QSC_TEST_SECRET_LEN);

	qsc_test_watch_start(test, &w);
	fail_each(test, make_unwrapped, check_unwrapped, u);
	KUNIT_EXPECT_EQ(test, w.found, 0);
	qsc_test_watch_stop(&w);
}

/* A call that gets one epoch after the other, each held back. */
struct epochs {
	struct qsc_session_params p;
	struct qsc_session_keys keys;
	struct qsc_leg *leg;
	struct qsc_key *parked;
	struct qsc_key *rx;
	u32 epoch;
};

static int make_epoch(void *arg)
{
	struct epochs *e = arg;

	e->p.context.epoch = e->epoch + 1;
	return qsc_call_install_session(qsc_test_table(), &e->p, &e->keys, NULL);
}

static void check_epoch(struct kunit *test, void *arg, int err)
{
	struct epochs *e = arg;

	if (!err) {
		e->epoch++;
		KUNIT_EXPECT_PTR_NE(test, e->leg->parked, e->parked);
		KUNIT_EXPECT_PTR_NE(test, qsc_test_key_in(&e->leg->rx.cur), e->rx);
		e->parked = e->leg->parked;
		e->rx = qsc_test_key_in(&e->leg->rx.cur);
	}
	KUNIT_EXPECT_EQ(test, e->leg->epoch, e->epoch);
	KUNIT_EXPECT_PTR_EQ(test, e->leg->parked, e->parked);
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&e->leg->rx.cur), e->rx);
}

static void next_session(struct kunit *test)
{
	struct epochs e = {
		.p.context.call_id = "a",
		.p.context.caller = "alice",
		.p.context.callee = "bob",
		.p.context.suite = qsc_suite_by_id(QSC_TEST_SUITE),
		.p.context.role = QSC_ROLE_CALLER,
		.p.hold = true,
	};

	qsc_test_need_failslab(test);
	memset(&e.keys, SEED, sizeof(e.keys));
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("a", 5004), 0);
	e.leg = &qsc_test_find_call("a")->legs[0];
	KUNIT_ASSERT_EQ(test, make_epoch(&e), 0);
	check_epoch(test, &e, 0);
	fail_each(test, make_epoch, check_epoch, &e);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
}

static int make_ciphers(void *arg)
{
	return qsc_aead_module_init();
}

static void check_ciphers(struct kunit *test, void *arg, int err)
{
	if (!err)
		qsc_aead_module_exit();
}

/* What the module does when it is loaded, as far as it can be done again. */
static void ciphers_of_the_module(struct kunit *test)
{
	qsc_test_need_failslab(test);
	if (!QSC_TEST_IS_COPY)
		kunit_skip(test, "somebody may use the ciphers");
	qsc_aead_module_exit();
	fail_each(test, make_ciphers, check_ciphers, NULL);
	KUNIT_ASSERT_EQ(test, qsc_aead_module_init(), 0);
}

static int make_tables(void *arg)
{
	return qsc_call_module_init();
}

static void check_tables(struct kunit *test, void *arg, int err)
{
	if (!err)
		qsc_call_module_exit();
}

static void tables_of_the_namespaces(struct kunit *test)
{
	qsc_test_need_failslab(test);
	if (!QSC_TEST_IS_COPY)
		kunit_skip(test, "somebody may use the tables");
	qsc_call_module_exit();
	fail_each(test, make_tables, check_tables, NULL);
	KUNIT_ASSERT_EQ(test, qsc_call_module_init(), 0);
	KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
}

static struct kunit_case fail_cases[] = { KUNIT_CASE(ssrc),
					  KUNIT_CASE(initial_rocs),
					  KUNIT_CASE(key),
					  KUNIT_CASE(key_of_a_legacy_leg),
					  KUNIT_CASE(first_call),
					  KUNIT_CASE(second_call),
					  KUNIT_CASE(next_key),
					  KUNIT_CASE(session_key),
					  KUNIT_CASE(next_session),
					  KUNIT_CASE(ciphers_of_the_module),
					  KUNIT_CASE(tables_of_the_namespaces),
					  {} };

static struct kunit_suite fail_suite = {
	.name = "qsc_without_memory_there_is_nothing",
	.suite_init = qsc_test_suite_init,
	.init = fail_init,
	.exit = qsc_test_calls_exit,
	.test_cases = fail_cases,
};

kunit_test_suite(fail_suite);
