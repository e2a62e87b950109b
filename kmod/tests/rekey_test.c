// SPDX-License-Identifier: GPL-2.0
/* Sessions of calls: both directions at once, epoch by epoch, held back and activated. */

#include "../erase.h"
#include "../session.h"
#include "calls.h"
#include "memory.h"

/* What caller and callee of one call derive. */
static void make_keys(struct qsc_session_keys *keys, u8 seed)
{
	memset(keys->forth, seed, sizeof(keys->forth));
	memset(keys->back, ~seed, sizeof(keys->back));
}

static struct qsc_session_params params(const char *id, u8 role, u32 epoch)
{
	return (struct qsc_session_params){
		.context.call_id = id,
		.context.caller = "alice",
		.context.callee = "bob",
		.context.suite = qsc_suite_by_id(QSC_TEST_SUITE),
		.context.role = role,
		.context.epoch = epoch,
		.overlap_ms = QSC_OVERLAP_DEFAULT_MS,
	};
}

/* The keys of an epoch are made of its number. */
static int install(const struct qsc_session_params *p)
{
	struct qsc_session_keys keys;

	make_keys(&keys, 1 + p->context.epoch);
	return qsc_call_install_session(qsc_test_table(), p, &keys, NULL);
}

static int set(const char *id, u8 role, u32 epoch)
{
	struct qsc_session_params p = params(id, role, epoch);

	return install(&p);
}

static int hold(const char *id, u8 role, u32 epoch)
{
	struct qsc_session_params p = params(id, role, epoch);

	p.hold = true;
	return install(&p);
}

static int activate(const char *id)
{
	return qsc_call_activate(qsc_test_table(), id, 0, NULL);
}

/* A call of its own for each party. */
static void two_parties(struct kunit *test, struct qsc_leg **caller, struct qsc_leg **callee)
{
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("caller", 5004), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("callee", 5006), 0);
	*caller = &qsc_test_find_call("caller")->legs[0];
	*callee = &qsc_test_find_call("callee")->legs[0];
}

/* One packet there, and what becomes of it. */
static unsigned int carry(struct kunit *test, struct qsc_leg *from, struct qsc_leg *to, u16 seq)
{
	u8 *p = kunit_kzalloc(test, QSC_TEST_PACKET_MAX, GFP_KERNEL);
	u32 len = QSC_TEST_RTP_LEN;
	unsigned int verdict;

	KUNIT_ASSERT_NOT_NULL(test, p);
	qsc_test_make_rtp(p, QSC_TEST_SSRC, seq, len);
	verdict = qsc_test_protect(&from->tx, QSC_PACKET_RTP, p, len);
	if (verdict != QSC_VERDICT_OK)
		return verdict;
	len += qsc_stream_overhead(qsc_test_key_in(&from->tx.cur), QSC_PACKET_RTP);
	return qsc_test_unprotect(&to->rx, QSC_PACKET_RTP, p, &len);
}

static void parties_understand_each_other(struct kunit *test)
{
	struct qsc_leg *caller, *callee;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 0), 0);
	KUNIT_EXPECT_EQ(test, caller->call->state, QSC_CALL_STATE_SECURE);
	KUNIT_ASSERT_EQ(test, set("callee", QSC_ROLE_CALLEE, 0), 0);
	KUNIT_EXPECT_EQ(test, carry(test, caller, callee, 1), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 1), QSC_VERDICT_OK);
	/* Each direction has keys of its own. */
	KUNIT_EXPECT_EQ(test, carry(test, caller, caller, 2), QSC_RX_STAT(DROP_AUTH));
	KUNIT_EXPECT_EQ(test, carry(test, callee, callee, 2), QSC_RX_STAT(DROP_AUTH));
}

static void epoch_is_the_mki(struct kunit *test)
{
	static const u8 mki[] = { 0x01, 0x02, 0x03, 0x04 };
	struct qsc_leg *caller, *callee;
	struct qsc_key *key;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 0x01020304), 0);
	key = qsc_test_key_in(&caller->tx.cur);
	KUNIT_ASSERT_EQ(test, key->mki_len, sizeof(mki));
	KUNIT_EXPECT_MEMEQ(test, key->mki, mki, sizeof(mki));
	KUNIT_EXPECT_MEMEQ(test, qsc_test_key_in(&caller->rx.cur)->mki, mki, sizeof(mki));
}

/* In any order that the two of them may do the steps in, nothing is lost. */
static void rekey_loses_no_packet(struct kunit *test)
{
	struct qsc_leg *caller, *callee;
	u16 seq = 0;
	u32 epoch;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 0), 0);
	KUNIT_ASSERT_EQ(test, set("callee", QSC_ROLE_CALLEE, 0), 0);
	for (epoch = 1; epoch < 5; epoch++) {
		const char *a = epoch & 1 ? "caller" : "callee",
			   *b = epoch & 1 ? "callee" : "caller";
		const u8 role_a = epoch & 1 ? QSC_ROLE_CALLER : QSC_ROLE_CALLEE;
		const u8 role_b = epoch & 1 ? QSC_ROLE_CALLEE : QSC_ROLE_CALLER;
		int step;

		for (step = 0; step < 5; step++) {
			int err = step == 1 ? hold(a, role_a, epoch) :
				  step == 2 ? hold(b, role_b, epoch) :
				  step == 3 ? activate(b) :
				  step == 4 ? activate(a) :
					      0;

			KUNIT_ASSERT_EQ(test, err, 0);
			seq++;
			KUNIT_EXPECT_EQ(test, carry(test, caller, callee, seq), QSC_VERDICT_OK);
			KUNIT_EXPECT_EQ(test, carry(test, callee, caller, seq), QSC_VERDICT_OK);
		}
		KUNIT_EXPECT_EQ(test, qsc_test_key_in(&caller->tx.cur)->generation, epoch + 1);
		KUNIT_EXPECT_EQ(test, qsc_test_key_in(&callee->tx.cur)->generation, epoch + 1);
	}
}

static void held_key_is_not_used(struct kunit *test)
{
	struct qsc_leg *caller, *callee;
	struct qsc_key *key;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 0), 0);
	KUNIT_EXPECT_EQ(test, caller->call->state, QSC_CALL_STATE_NEW);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&caller->tx.cur));
	key = caller->parked;
	KUNIT_ASSERT_NOT_NULL(test, key);
	KUNIT_EXPECT_EQ(test, key->generation, 0);
	KUNIT_ASSERT_EQ(test, activate("caller"), 0);
	KUNIT_EXPECT_EQ(test, caller->call->state, QSC_CALL_STATE_SECURE);
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&caller->tx.cur), key);
	KUNIT_EXPECT_EQ(test, key->generation, 1);
	KUNIT_EXPECT_NULL(test, caller->parked);
	KUNIT_EXPECT_EQ(test, activate("caller"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, activate("nobody"), -ENOENT);
	KUNIT_EXPECT_EQ(test, qsc_call_activate(qsc_test_table(), "caller", 1, NULL), -ENOENT);
}

/* What the call's timer does, as if @seconds had passed since the overlap began. */
static void pass(struct qsc_leg *leg, u32 seconds)
{
	struct qsc_net *qn = leg->call->net;
	struct qsc_key *old;

	mutex_lock(&qn->lock);
	old = qsc_test_key_in(&leg->rx.old);
	if (old)
		old->expires -= (unsigned long)seconds * HZ;
	mutex_unlock(&qn->lock);
	leg->call->timer.function(&leg->call->timer);
	flush_work(&qn->reaper);
}

static void old_key_is_received_until_the_overlap_after_the_hold(struct kunit *test)
{
	struct qsc_leg *caller, *callee;
	struct qsc_key *old;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 0), 0);
	KUNIT_ASSERT_EQ(test, set("callee", QSC_ROLE_CALLEE, 0), 0);
	old = qsc_test_key_in(&caller->rx.cur);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 1), 0);
	KUNIT_ASSERT_PTR_EQ(test, qsc_test_key_in(&caller->rx.old), old);
	pass(caller, 3600);
	KUNIT_ASSERT_PTR_EQ(test, qsc_test_key_in(&caller->rx.old), old);
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 1), QSC_VERDICT_OK);

	KUNIT_ASSERT_EQ(test, activate("caller"), 0);
	KUNIT_ASSERT_PTR_EQ(test, qsc_test_key_in(&caller->rx.old), old);
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 2), QSC_VERDICT_OK);
	pass(caller, 3600);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&caller->rx.old));
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 3), QSC_RX_STAT(DROP_MKI));
}

static void hold_without_overlap_ends_the_old_key_when_it_ends(struct kunit *test)
{
	struct qsc_session_params p = params("caller", QSC_ROLE_CALLER, 1);
	struct qsc_leg *caller, *callee;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 0), 0);
	KUNIT_ASSERT_EQ(test, set("callee", QSC_ROLE_CALLEE, 0), 0);
	p.hold = true;
	p.overlap_ms = 0;
	KUNIT_ASSERT_EQ(test, install(&p), 0);
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 1), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, activate("caller"), 0);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&caller->rx.old));
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 2), QSC_RX_STAT(DROP_MKI));
}

/* An epoch that one party has held and the other has not got at all. */
static void epoch_that_was_given_up_makes_room_for_the_next(struct kunit *test)
{
	struct qsc_leg *caller, *callee;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 0), 0);
	KUNIT_ASSERT_EQ(test, set("callee", QSC_ROLE_CALLEE, 0), 0);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 1), 0);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 2), 0);
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 1), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, carry(test, caller, callee, 1), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, hold("callee", QSC_ROLE_CALLEE, 2), 0);
	KUNIT_ASSERT_EQ(test, activate("callee"), 0);
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 2), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, activate("caller"), 0);
	KUNIT_EXPECT_EQ(test, carry(test, caller, callee, 2), QSC_VERDICT_OK);
	/* One that the peer has sent under is not given up. */
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 3), 0);
	KUNIT_ASSERT_EQ(test, set("callee", QSC_ROLE_CALLEE, 3), 0);
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 3), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 4), 0);
	KUNIT_EXPECT_EQ(test, carry(test, callee, caller, 4), QSC_VERDICT_OK);
}

static void session_that_does_not_fit_changes_nothing(struct kunit *test)
{
	struct qsc_call_params call = qsc_test_call_params("caller", 5004);
	struct qsc_key *tx, *rx, *parked;
	struct qsc_session_params p;
	struct qsc_leg *leg;

	call.role = QSC_ROLE_CALLER;
	KUNIT_ASSERT_EQ(test, qsc_call_new(qsc_test_table(), &call, NULL), 0);
	leg = &qsc_test_find_call("caller")->legs[0];
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 4), 0);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 5), 0);
	tx = qsc_test_key_in(&leg->tx.cur);
	rx = qsc_test_key_in(&leg->rx.cur);
	parked = leg->parked;

	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 5), -EEXIST);
	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 4), -EEXIST);
	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLEE, 6), -EINVAL);
	KUNIT_EXPECT_EQ(test, set("nobody", QSC_ROLE_CALLER, 6), -ENOENT);
	p = params("caller", QSC_ROLE_CALLER, 6);
	p.leg = 1;
	KUNIT_EXPECT_EQ(test, install(&p), -ENOENT);
	p = params("caller", QSC_ROLE_CALLER, 6);
	p.context.suite = qsc_suite_by_id(QSC_SUITE_AEAD_AES_128_GCM);
	KUNIT_EXPECT_EQ(test, install(&p), -EINVAL);

	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&leg->tx.cur), tx);
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&leg->rx.cur), rx);
	KUNIT_EXPECT_PTR_EQ(test, leg->parked, parked);
	KUNIT_EXPECT_EQ(test, leg->epoch, 5);
	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 6), 0);
}

/* A master key that came back under a new generation would count from zero again. */
static void epoch_is_never_installed_again(struct kunit *test)
{
	struct qsc_leg *caller, *callee;
	struct qsc_key *tx, *rx;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 5), 0);
	/* No key has its MKI any more, so that alone would not tell. */
	KUNIT_ASSERT_EQ(test, qsc_test_install("caller", QSC_DIR_TX, 1, "next", 0), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install("caller", QSC_DIR_RX, 2, "next", 0), 0);
	tx = qsc_test_key_in(&caller->tx.cur);
	rx = qsc_test_key_in(&caller->rx.cur);
	KUNIT_ASSERT_NULL(test, qsc_test_key_in(&caller->rx.old));

	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 5), -EEXIST);
	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 4), -EEXIST);
	KUNIT_EXPECT_EQ(test, hold("caller", QSC_ROLE_CALLER, 5), -EEXIST);
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&caller->tx.cur), tx);
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&caller->rx.cur), rx);
	KUNIT_EXPECT_NULL(test, caller->parked);
	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 6), 0);

	/* Nor does one that was held and never used. */
	KUNIT_ASSERT_EQ(test, hold("callee", QSC_ROLE_CALLEE, 5), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install("callee", QSC_DIR_RX, 2, "next", 0), 0);
	KUNIT_EXPECT_EQ(test, hold("callee", QSC_ROLE_CALLEE, 5), -EEXIST);
	KUNIT_EXPECT_EQ(test, set("callee", QSC_ROLE_CALLEE, 5), -EEXIST);
}

static void session_and_other_keys_do_not_mix(struct kunit *test)
{
	struct qsc_leg *caller, *callee;

	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, qsc_test_install("caller", QSC_DIR_TX, 1, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 0), -EINVAL);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&caller->rx.cur));
	KUNIT_EXPECT_FALSE(test, caller->has_epoch);

	/* A key that came while another was parked. */
	KUNIT_ASSERT_EQ(test, hold("callee", QSC_ROLE_CALLEE, 0x61626364), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_install("callee", QSC_DIR_TX, 1, "abcd", 0), -EEXIST);
	KUNIT_ASSERT_EQ(test, qsc_test_install("callee", QSC_DIR_TX, 1, "another", 0), 0);
	KUNIT_EXPECT_EQ(test, activate("callee"), -EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, callee->parked);
}

static void remember_parked(struct kunit *test, struct qsc_test_key_memory *m, struct qsc_leg *leg)
{
	KUNIT_ASSERT_NOT_NULL(test, leg->parked);
	qsc_test_remember_key(test, m, leg->parked);
	KUNIT_ASSERT_GT(test, qsc_test_key_survivors(m), 0);
}

static void parked_key_dies_with_the_others(struct kunit *test)
{
	struct qsc_net *qn = qsc_test_table();
	struct qsc_leg *caller, *callee;
	struct qsc_test_key_memory m;

	qsc_test_need_freed_memory(test);
	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 0), 0);
	remember_parked(test, &m, caller);
	KUNIT_EXPECT_EQ(test, qsc_erase_call(qn, "caller", QSC_ERASE_REASON_REQUEST), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, caller->parked);
	KUNIT_EXPECT_EQ(test, activate("caller"), -EINVAL);
	KUNIT_EXPECT_EQ(test, set("caller", QSC_ROLE_CALLER, 1), -EINVAL);

	KUNIT_ASSERT_EQ(test, hold("callee", QSC_ROLE_CALLEE, 0), 0);
	remember_parked(test, &m, callee);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("callee"), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
}

static void parked_key_dies_when_a_newer_session_comes(struct kunit *test)
{
	struct qsc_leg *caller, *callee;
	struct qsc_test_key_memory m;

	qsc_test_need_freed_memory(test);
	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 0), 0);
	remember_parked(test, &m, caller);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 1), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	remember_parked(test, &m, caller);
	KUNIT_ASSERT_EQ(test, set("caller", QSC_ROLE_CALLER, 2), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, caller->parked);
}

static void flush_ends_parked_keys_and_sealing_keys(struct kunit *test)
{
	struct qsc_net *qn = qsc_test_table();
	struct qsc_leg *caller, *callee;
	struct qsc_test_key_memory m;
	struct qsc_seal_offer offer;

	qsc_test_need_freed_memory(test);
	two_parties(test, &caller, &callee);
	KUNIT_ASSERT_EQ(test, hold("caller", QSC_ROLE_CALLER, 0), 0);
	remember_parked(test, &m, caller);
	KUNIT_ASSERT_EQ(test, qsc_seal_get(&qn->seal, &offer), 0);
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(qn->seal.keys, 0, sizeof(qn->seal.keys)));
	KUNIT_EXPECT_EQ(test, qsc_flush_calls(qn, QSC_ERASE_REASON_FLUSH), 2);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(qn->seal.keys, 0, sizeof(qn->seal.keys)));
}

static struct kunit_case rekey_cases[] = {
	KUNIT_CASE(parties_understand_each_other),
	KUNIT_CASE(epoch_is_the_mki),
	KUNIT_CASE(rekey_loses_no_packet),
	KUNIT_CASE(held_key_is_not_used),
	KUNIT_CASE(old_key_is_received_until_the_overlap_after_the_hold),
	KUNIT_CASE(hold_without_overlap_ends_the_old_key_when_it_ends),
	KUNIT_CASE(epoch_that_was_given_up_makes_room_for_the_next),
	KUNIT_CASE(session_that_does_not_fit_changes_nothing),
	KUNIT_CASE(epoch_is_never_installed_again),
	KUNIT_CASE(session_and_other_keys_do_not_mix),
	KUNIT_CASE(parked_key_dies_with_the_others),
	KUNIT_CASE(parked_key_dies_when_a_newer_session_comes),
	KUNIT_CASE(flush_ends_parked_keys_and_sealing_keys),
	{},
};

static struct kunit_suite rekey_suite = {
	.name = "qsc_rekey",
	.init = qsc_test_calls_init,
	.exit = qsc_test_calls_exit,
	.test_cases = rekey_cases,
};

kunit_test_suite(rekey_suite);
