// SPDX-License-Identifier: GPL-2.0
/* Calls and their keys, from the making of a call to its end. */

#include <linux/delay.h>
#include <linux/slab.h>

#include "../erase.h"
#include "calls.h"
#include "memory.h"

/* A call with keys for both directions. */
static struct qsc_leg *secure_call(struct kunit *test, const char *id, u16 port, const char *mki)
{
	KUNIT_ASSERT_EQ(test, qsc_test_new_call(id, port), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install(id, QSC_DIR_TX, 1, mki, 0), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install(id, QSC_DIR_RX, 2, mki, 0), 0);
	return &qsc_test_find_call(id)->legs[0];
}

static void remember(struct kunit *test, struct qsc_test_key_memory *m, struct qsc_key __rcu **slot)
{
	struct qsc_key *key = qsc_test_key_in(slot);

	KUNIT_ASSERT_NOT_NULL(test, key);
	qsc_test_remember_key(test, m, key);
	KUNIT_ASSERT_GT(test, qsc_test_key_survivors(m), 0);
}

static void call_with_keys_for_both_directions_is_secure(struct kunit *test)
{
	struct qsc_call *call;

	KUNIT_ASSERT_EQ(test, qsc_test_new_call("a", 5004), 0);
	call = qsc_test_find_call("a");
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_NEW);
	KUNIT_EXPECT_TRUE(test, qsc_test_table()->hooked);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 1, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_NEW);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 2, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_NEW);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_SECURE);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
	KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
}

static void new_call_needs_its_own_id_and_addresses(struct kunit *test)
{
	struct qsc_call_params p = qsc_test_call_params("c", 5006);
	struct qsc_net *qn = qsc_test_table();

	KUNIT_ASSERT_EQ(test, qsc_test_new_call("a", 5004), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_new_call("a", 5006), -EEXIST);
	KUNIT_EXPECT_EQ(test, qsc_test_new_call("b", 5004), -EADDRINUSE);
	/* Its RTCP would be the RTP of the other: its RTP is not kept either. */
	p.legs[0].local_rtcp = htons(5004);
	p.legs[0].remote_rtcp = htons(5004);
	KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), -EADDRINUSE);
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, qsc_tuple_list(&qn->tuples, htons(5006)));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, qn->count, 1);
	KUNIT_EXPECT_NULL(test, qsc_test_find_call("b"));
	KUNIT_EXPECT_NULL(test, qsc_test_find_call("c"));
	KUNIT_EXPECT_EQ(test, atomic_read(&qn->by_id.nelems), 1);

	p.legs[0].local_rtcp = htons(5007);
	p.legs[0].remote_rtcp = htons(5007);
	KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_find_call("c")->legs[0].nr_tuples, 2);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("c"), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("c"), -ENOENT);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
	KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
}

static void full_table_takes_no_call(struct kunit *test)
{
	qsc_test_set_param(test, "max_calls", "2");
	KUNIT_EXPECT_EQ(test, qsc_test_new_call("a", 5004), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_new_call("b", 5006), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_new_call("c", 5008), -ENOSPC);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_new_call("c", 5008), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_table()->count, 2);
}

static void set_closing(bool closing)
{
	struct qsc_net *qn = qsc_test_table();

	mutex_lock(&qn->lock);
	qn->closing = closing;
	mutex_unlock(&qn->lock);
}

static void namespace_that_goes_takes_no_call(struct kunit *test)
{
	int before = qsc_test_users();

	set_closing(true);
	KUNIT_EXPECT_EQ(test, qsc_test_new_call("a", 5004), -ENODEV);
	set_closing(false);
	KUNIT_EXPECT_EQ(test, qsc_test_users(), before);
	KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
}

static void port_takes_only_so_many_calls(struct kunit *test)
{
	struct qsc_call_params p = qsc_test_call_params(NULL, 5004);
	struct qsc_net *qn = qsc_test_table();
	char id[8];
	int i;

	p.id = id;
	for (i = 0; i < QSC_TUPLES_PER_PORT; i++) {
		snprintf(id, sizeof(id), "%d", i);
		p.legs[0].remote.port = htons(6000 + i);
		KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), 0);
	}
	strscpy(id, "more", sizeof(id));
	p.legs[0].remote.port = htons(6000 + i);
	KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, qn->count, QSC_TUPLES_PER_PORT);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("0"), 0);
	KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), 0);
}

static void sending_key_is_replaced_at_once(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->tx.cur);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 3, "two", 60000), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->tx.old));
	KUNIT_EXPECT_EQ(test, qsc_test_key_in(&leg->tx.cur)->generation, 2);
}

static void receiving_key_without_an_mki_is_replaced_at_once(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, NULL);
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->rx.cur);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, NULL, 60000), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->rx.old));
	KUNIT_EXPECT_EQ(test, qsc_test_key_in(&leg->rx.cur)->generation, 2);
}

static void receiving_key_without_an_overlap_is_replaced_at_once(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->rx.cur);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, "two", 0), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->rx.old));
}

/* What the call's timer does; nobody has to wait for it. */
static void look_at_deadlines(struct qsc_call *call)
{
	call->timer.function(&call->timer);
	flush_work(&qsc_test_table()->reaper);
}

/* As if @seconds had passed since. */
static void backdate(unsigned long *since, u32 seconds)
{
	mutex_lock(&qsc_test_table()->lock);
	*since -= (unsigned long)seconds * HZ;
	mutex_unlock(&qsc_test_table()->lock);
}

static void old_receiving_key_lives_as_long_as_the_overlap(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_key *first = qsc_test_key_in(&leg->rx.cur);
	unsigned long before = jiffies;
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->rx.cur);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, "two", 600000), 0);
	KUNIT_ASSERT_PTR_EQ(test, qsc_test_key_in(&leg->rx.old), first);
	KUNIT_EXPECT_EQ(test, qsc_test_key_in(&leg->rx.cur)->generation, 2);
	KUNIT_EXPECT_TRUE(test,
			  time_in_range(first->expires, before + 600 * HZ, jiffies + 600 * HZ));
	KUNIT_EXPECT_EQ(test, leg->call->timer.expires, first->expires);

	look_at_deadlines(leg->call);
	KUNIT_ASSERT_PTR_EQ(test, qsc_test_key_in(&leg->rx.old), first);
	backdate(&first->expires, 600);
	look_at_deadlines(leg->call);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->rx.old));
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_in(&leg->rx.cur)->generation, 2);
}

static void third_key_ends_the_overlap_of_the_first(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_key *second;
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->rx.cur);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, "two", 60000), 0);
	KUNIT_EXPECT_GT(test, qsc_test_key_survivors(&m), 0);
	second = qsc_test_key_in(&leg->rx.cur);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 4, "six", 60000), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&leg->rx.old), second);
	KUNIT_EXPECT_EQ(test, qsc_test_key_in(&leg->rx.cur)->generation, 3);
}

static void key_that_does_not_fit_changes_nothing(struct kunit *test)
{
	static const struct qsc_roc rocs[] = { { 1, 1 }, { 2, 2 } };
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_key *tx = qsc_test_key_in(&leg->tx.cur), *rx = qsc_test_key_in(&leg->rx.cur);
	struct qsc_net *qn = qsc_test_table();
	struct qsc_test_master m;

	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 3, "one", 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, "one", 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, "four", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, qsc_test_install("b", QSC_DIR_RX, 3, "two", 0), -ENOENT);
	qsc_test_make_master(&m, QSC_DIR_RX, 3, "two", 0);
	m.p.leg = 1;
	KUNIT_EXPECT_EQ(test, qsc_call_install(qn, "a", &m.p, NULL), -ENOENT);
	qsc_test_make_master(&m, QSC_DIR_RX, 3, "two", 0);
	m.p.suite = qsc_suite_by_id(QSC_SUITE_AEAD_AES_128_GCM);
	KUNIT_EXPECT_EQ(test, qsc_call_install(qn, "a", &m.p, NULL), -EINVAL);
	/* More SSRCs than there is room for: neither they nor the key come in. */
	qsc_test_set_param(test, "max_ssrcs", "1");
	qsc_test_make_master(&m, QSC_DIR_RX, 3, "two", 0);
	m.p.rocs = rocs;
	m.p.nr_rocs = ARRAY_SIZE(rocs);
	KUNIT_EXPECT_EQ(test, qsc_call_install(qn, "a", &m.p, NULL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, leg->rx.ssrcs.count, 0);

	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&leg->tx.cur), tx);
	KUNIT_EXPECT_PTR_EQ(test, qsc_test_key_in(&leg->rx.cur), rx);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->rx.old));
	KUNIT_EXPECT_EQ(test, leg->tx.generations, 1);
	KUNIT_EXPECT_EQ(test, leg->rx.generations, 1);
	KUNIT_EXPECT_EQ(test, leg->call->state, QSC_CALL_STATE_SECURE);

	/* The name of the key in its overlap is taken as well. */
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 3, "two", 60000), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 4, "one", 0), -EEXIST);
}

/* Three keys: one sends, one receives, and one is in its overlap. */
static struct qsc_leg *call_with_three_keys(struct kunit *test, const char *id, u16 port,
					    struct qsc_test_key_memory *m)
{
	struct qsc_leg *leg = secure_call(test, id, port, "one");

	KUNIT_ASSERT_EQ(test, qsc_test_install(id, QSC_DIR_RX, 3, "two", 60000), 0);
	remember(test, &m[0], &leg->tx.cur);
	remember(test, &m[1], &leg->rx.cur);
	remember(test, &m[2], &leg->rx.old);
	return leg;
}

static u32 survivors(const struct qsc_test_key_memory *m, int n)
{
	u32 sum = 0;

	while (n--)
		sum += qsc_test_key_survivors(&m[n]);
	return sum;
}

static void erased_call_has_no_keys_and_goes_on_blocking(struct kunit *test)
{
	struct qsc_test_key_memory m[3];
	struct qsc_leg *leg;

	qsc_test_need_freed_memory(test);
	leg = call_with_three_keys(test, "a", 5004, m);
	KUNIT_EXPECT_EQ(test, qsc_erase_call(qsc_test_table(), "a", QSC_ERASE_REASON_REQUEST), 0);
	KUNIT_EXPECT_EQ(test, survivors(m, 3), 0);
	KUNIT_EXPECT_PTR_EQ(test, leg->call, qsc_test_find_call("a"));
	KUNIT_EXPECT_EQ(test, leg->call->state, QSC_CALL_STATE_ERASED);
	KUNIT_EXPECT_EQ(test, leg->call->reason, QSC_ERASE_REASON_REQUEST);
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->tx.cur));
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->rx.cur));
	KUNIT_EXPECT_NULL(test, qsc_test_key_in(&leg->rx.old));
	KUNIT_EXPECT_TRUE(test, qsc_test_table()->hooked);
	rcu_read_lock();
	KUNIT_EXPECT_NOT_NULL(test, qsc_tuple_list(&qsc_test_table()->tuples, htons(5004)));
	rcu_read_unlock();

	/* It stays so. */
	KUNIT_EXPECT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 3, "two", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, qsc_erase_call(qsc_test_table(), "a", QSC_ERASE_REASON_TIMEOUT), 0);
	KUNIT_EXPECT_EQ(test, leg->call->reason, QSC_ERASE_REASON_REQUEST);
	KUNIT_EXPECT_EQ(test, qsc_erase_call(qsc_test_table(), "b", QSC_ERASE_REASON_REQUEST),
			-ENOENT);
}

static void deleted_call_leaves_no_key(struct kunit *test)
{
	struct qsc_test_key_memory m[3];

	qsc_test_need_freed_memory(test);
	call_with_three_keys(test, "a", 5004, m);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
	KUNIT_EXPECT_EQ(test, survivors(m, 3), 0);
	KUNIT_EXPECT_NULL(test, qsc_test_find_call("a"));
	KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
}

static void flushed_table_leaves_no_key(struct kunit *test)
{
	struct qsc_test_key_memory m[5][3];
	static const char *const ids[] = { "a", "b", "c", "d", "e" };
	int i;

	qsc_test_need_freed_memory(test);
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		call_with_three_keys(test, ids[i], 5004 + 2 * i, m[i]);
	KUNIT_EXPECT_EQ(test, qsc_flush_calls(qsc_test_table(), QSC_ERASE_REASON_FLUSH), 5);
	KUNIT_EXPECT_EQ(test, survivors(m[0], 15), 0);
	KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
	KUNIT_EXPECT_EQ(test, qsc_flush_calls(qsc_test_table(), QSC_ERASE_REASON_FLUSH), 0);
}

static void lifetime_ends_with_the_keys(struct kunit *test)
{
	struct qsc_call_params p = qsc_test_call_params("a", 5004);
	struct qsc_test_key_memory m;
	struct qsc_call *call;

	p.lifetime = 3600;
	KUNIT_ASSERT_EQ(test, qsc_call_new(qsc_test_table(), &p, NULL), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 1, NULL, 0), 0);
	call = qsc_test_find_call("a");
	remember(test, &m, &call->legs[0].tx.cur);
	KUNIT_EXPECT_EQ(test, call->timer.expires, call->created + 3600 * HZ);
	backdate(&call->created, 3500);
	look_at_deadlines(call);
	KUNIT_ASSERT_EQ(test, call->state, QSC_CALL_STATE_NEW);

	backdate(&call->created, 100);
	look_at_deadlines(call);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_ERASED);
	KUNIT_EXPECT_EQ(test, call->reason, QSC_ERASE_REASON_LIFETIME);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
}

/* The timer itself; how late a busy machine may be is not for here. */
static void end_of_the_lifetime_comes_by_itself(struct kunit *test)
{
	struct qsc_call_params p = qsc_test_call_params("a", 5004);
	struct qsc_call *call;
	unsigned long end;

	p.lifetime = 1;
	KUNIT_ASSERT_EQ(test, qsc_call_new(qsc_test_table(), &p, NULL), 0);
	call = qsc_test_find_call("a");
	end = jiffies + 60 * HZ;
	while (time_before(jiffies, end) && READ_ONCE(call->state) != QSC_CALL_STATE_ERASED)
		msleep(20);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_ERASED);
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, call->created + HZ));
}

static void packets_put_the_timeout_off(struct kunit *test)
{
	u8 *packet = kunit_kzalloc(test, QSC_TEST_PACKET_MAX, GFP_KERNEL);
	struct qsc_call_params p = qsc_test_call_params("a", 5004);
	unsigned long last = 0;
	struct qsc_call *call;
	struct qsc_stream *tx;

	KUNIT_ASSERT_NOT_NULL(test, packet);
	p.timeout = 600;
	KUNIT_ASSERT_EQ(test, qsc_call_new(qsc_test_table(), &p, NULL), 0);
	call = qsc_test_find_call("a");
	tx = &call->legs[0].tx;
	look_at_deadlines(call);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 1, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, call->timer.expires, call->keyed + 600 * HZ);
	KUNIT_EXPECT_FALSE(test, qsc_call_last_packet(call, &last));

	/* The key is old, but a packet is not. */
	backdate(&call->keyed, 1000);
	qsc_test_make_rtp(packet, 1, 1, QSC_TEST_RTP_LEN);
	KUNIT_EXPECT_EQ(test, qsc_test_protect(tx, QSC_PACKET_RTP, packet, QSC_TEST_RTP_LEN),
			QSC_VERDICT_OK);
	KUNIT_EXPECT_TRUE(test, qsc_call_last_packet(call, &last));
	KUNIT_EXPECT_EQ(test, last, tx->last);
	look_at_deadlines(call);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_NEW);
	KUNIT_EXPECT_EQ(test, call->timer.expires, last + 600 * HZ);

	/* The other way round: a rekey gives it time as well. */
	backdate(&tx->last, 1000);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 2, NULL, 0), 0);
	look_at_deadlines(call);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_NEW);
	KUNIT_EXPECT_EQ(test, call->timer.expires, call->keyed + 600 * HZ);

	backdate(&call->keyed, 600);
	look_at_deadlines(call);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_ERASED);
	KUNIT_EXPECT_EQ(test, call->reason, QSC_ERASE_REASON_TIMEOUT);
}

static struct kunit_case call_cases[] = {
	KUNIT_CASE(call_with_keys_for_both_directions_is_secure),
	KUNIT_CASE(new_call_needs_its_own_id_and_addresses),
	KUNIT_CASE(full_table_takes_no_call),
	KUNIT_CASE(namespace_that_goes_takes_no_call),
	KUNIT_CASE(port_takes_only_so_many_calls),
	KUNIT_CASE(sending_key_is_replaced_at_once),
	KUNIT_CASE(receiving_key_without_an_mki_is_replaced_at_once),
	KUNIT_CASE(receiving_key_without_an_overlap_is_replaced_at_once),
	KUNIT_CASE(old_receiving_key_lives_as_long_as_the_overlap),
	KUNIT_CASE(third_key_ends_the_overlap_of_the_first),
	KUNIT_CASE(key_that_does_not_fit_changes_nothing),
	KUNIT_CASE(erased_call_has_no_keys_and_goes_on_blocking),
	KUNIT_CASE(deleted_call_leaves_no_key),
	KUNIT_CASE(flushed_table_leaves_no_key),
	KUNIT_CASE(lifetime_ends_with_the_keys),
	KUNIT_CASE(end_of_the_lifetime_comes_by_itself),
	KUNIT_CASE(packets_put_the_timeout_off),
	{}
};

static struct kunit_suite call_suite = {
	.name = "qsc_call",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_calls_init,
	.exit = qsc_test_calls_exit,
	.test_cases = call_cases,
};

kunit_test_suite(call_suite);
