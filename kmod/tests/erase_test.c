// SPDX-License-Identifier: GPL-2.0
/* What ends keys, as far as no event from outside is needed for it. */

#include <crypto/internal/aead.h>
#include <linux/string.h>

#include "../erase.h"
#include "../keymem.h"
#include "../panic.h"
#include "calls.h"

#define KEYS 4

/* A call with all keys that one may have: two receiving ones, one of them held. */
static struct qsc_leg *call_with_all_keys(struct kunit *test, struct qsc_key *keys[KEYS])
{
	struct qsc_session_params p = {
		.context.call_id = "a",
		.context.caller = "alice",
		.context.callee = "bob",
		.context.suite = qsc_suite_by_id(QSC_TEST_SUITE),
		.context.role = QSC_ROLE_CALLER,
		.overlap_ms = 60000,
	};
	struct qsc_session_keys masters;
	struct qsc_leg *leg;

	memset(&masters, 0x3c, sizeof(masters));
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("a", 5004), 0);
	KUNIT_ASSERT_EQ(test, qsc_call_install_session(qsc_test_table(), &p, &masters, NULL), 0);
	p.context.epoch = 1;
	p.hold = true;
	KUNIT_ASSERT_EQ(test, qsc_call_install_session(qsc_test_table(), &p, &masters, NULL), 0);
	leg = &qsc_test_find_call("a")->legs[0];
	keys[0] = qsc_test_key_in(&leg->tx.cur);
	keys[1] = qsc_test_key_in(&leg->rx.cur);
	keys[2] = qsc_test_key_in(&leg->rx.old);
	keys[3] = leg->parked;
	return leg;
}

static s64 erased(u8 reason)
{
	return atomic64_read(&qsc_test_table()->erased[reason]);
}

static void keys_that_are_erased_are_counted_by_reason(struct kunit *test)
{
	s64 rekeyed = erased(QSC_ERASE_REASON_REKEY), revoked = erased(QSC_ERASE_REASON_REVOKED);
	struct qsc_key *keys[KEYS];

	call_with_all_keys(test, keys);
	KUNIT_EXPECT_EQ(test, erased(QSC_ERASE_REASON_REKEY), rekeyed);
	KUNIT_EXPECT_EQ(test, qsc_call_activate(qsc_test_table(), "a", 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, erased(QSC_ERASE_REASON_REKEY), rekeyed + 1);
	KUNIT_EXPECT_EQ(test, qsc_erase_call(qsc_test_table(), "a", QSC_ERASE_REASON_REVOKED), 0);
	KUNIT_EXPECT_EQ(test, erased(QSC_ERASE_REASON_REVOKED), revoked + 3);
	KUNIT_EXPECT_EQ(test, qsc_erase_call(qsc_test_table(), "a", QSC_ERASE_REASON_REVOKED), 0);
	KUNIT_EXPECT_EQ(test, erased(QSC_ERASE_REASON_REVOKED), revoked + 3);
}

static void expect_zeroed(struct kunit *test, const struct qsc_srtp *c)
{
	const struct crypto_alg *alg;

	KUNIT_EXPECT_NULL(test, memchr_inv(c->aead.key, 0, sizeof(c->aead.key)));
	KUNIT_EXPECT_NULL(test, memchr_inv(&c->salt, 0, sizeof(c->salt)));
	if (!c->aead.tfm)
		return;
	alg = &crypto_aead_alg(c->aead.tfm)->base;
	/* Of a template only the parts have keys, and they are out of reach. */
	if (!(alg->cra_flags & CRYPTO_ALG_INSTANCE))
		KUNIT_EXPECT_NULL(test,
				  memchr_inv(crypto_aead_ctx(c->aead.tfm), 0, alg->cra_ctxsize));
}

static void panic_zeroes_keys_where_they_are(struct kunit *test)
{
	struct qsc_seal_offer offer;
	struct qsc_key *keys[KEYS];
	struct qsc_leg *leg;
	struct qsc_seal *seal;
	int i;

	if (!QSC_TEST_IS_COPY)
		kunit_skip(test, "somebody may use the keys");
	seal = &qsc_test_table()->seal;
	KUNIT_ASSERT_EQ(test, qsc_seal_get(seal, &offer), 0);
	leg = call_with_all_keys(test, keys);
	KUNIT_EXPECT_EQ(test, qsc_panic_wipe(), KEYS);
	KUNIT_EXPECT_NULL(test, memchr_inv(seal->keys, 0, sizeof(seal->keys)));
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->tx.cur));
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->rx.cur));
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->rx.old));
	leg->parked = NULL;
	for (i = 0; i < KEYS; i++) {
		expect_zeroed(test, &keys[i]->rtp);
		expect_zeroed(test, &keys[i]->rtcp);
		qsc_key_destroy(keys[i]);
	}
	KUNIT_EXPECT_TRUE(test, qsc_keymem_wait_gone());
}

static struct kunit_case erase_cases[] = { KUNIT_CASE(keys_that_are_erased_are_counted_by_reason),
					   KUNIT_CASE(panic_zeroes_keys_where_they_are),
					   {} };

static struct kunit_suite erase_suite = {
	.name = "qsc_erase",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_calls_init,
	.exit = qsc_test_calls_exit,
	.test_cases = erase_cases,
};

kunit_test_suite(erase_suite);
