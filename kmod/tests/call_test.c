// SPDX-License-Identifier: GPL-2.0
/* Calls and their keys, from the making of a call to its end. */

#include <linux/delay.h>
#include <linux/slab.h>

#include "../call.h"
#include "../erase.h"
#include "memory.h"
#include "pair.h"

#define SUITE QSC_SUITE_AEAD_AES_256_GCM

static struct qsc_net *table(void)
{
	return qsc_net_of(&init_net);
}

static int call_init(struct kunit *test)
{
	return table()->count ? -EBUSY : 0;
}

static void call_exit(struct kunit *test)
{
	qsc_test_fail_nth(0);
	qsc_test_set_param(test, "max_calls", "65536");
	qsc_test_set_param(test, "max_ssrcs", "32");
	qsc_flush_calls(table(), QSC_ERASE_REASON_FLUSH);
}

/* Addresses of the documentation, which nobody here has: 192.0.2.1 and 192.0.2.2 */
static void set_addrs(struct qsc_leg_params *leg, u16 port)
{
	qsc_addr_set_v4(&leg->local, htonl(0xc0000201), htons(port));
	qsc_addr_set_v4(&leg->remote, htonl(0xc0000202), htons(port));
}

static struct qsc_call_params params(const char *id, u16 port)
{
	struct qsc_call_params p = { .id = id, .window = QSC_WINDOW_DEFAULT };

	p.leg.suite = qsc_suite_by_id(SUITE);
	set_addrs(&p.leg, port);
	return p;
}

static int new_call(const char *id, u16 port)
{
	struct qsc_call_params p = params(id, port);

	return qsc_call_new(table(), &p, NULL);
}

static struct qsc_call *find(const char *id)
{
	struct qsc_call *call;

	mutex_lock(&table()->lock);
	call = qsc_call_find(table(), id);
	mutex_unlock(&table()->lock);
	return call;
}

static int install_on(const char *id, u8 dir, u8 seed, const char *mki, u32 overlap_ms, u8 leg,
		      u32 suite)
{
	u8 master[QSC_MASTER_KEY_MAX], salt[QSC_MASTER_SALT_MAX];
	struct qsc_key_params p = {
		.suite = qsc_suite_by_id(suite),
		.master = master,
		.salt = salt,
		.mki = mki,
		.mki_len = mki ? strlen(mki) : 0,
		.leg = leg,
		.dir = dir,
		.overlap_ms = overlap_ms,
	};

	memset(master, seed, sizeof(master));
	memset(salt, ~seed, sizeof(salt));
	return qsc_call_install(table(), id, &p, NULL);
}

static int install(const char *id, u8 dir, u8 seed, const char *mki, u32 overlap_ms)
{
	return install_on(id, dir, seed, mki, overlap_ms, 0, SUITE);
}

static struct qsc_key *key_in(struct qsc_key __rcu **slot)
{
	return rcu_dereference_protected(*slot, true);
}

/* A call with keys for both directions. */
static struct qsc_leg *secure_call(struct kunit *test, const char *id, u16 port, const char *mki)
{
	KUNIT_ASSERT_EQ(test, new_call(id, port), 0);
	KUNIT_ASSERT_EQ(test, install(id, QSC_DIR_TX, 1, mki, 0), 0);
	KUNIT_ASSERT_EQ(test, install(id, QSC_DIR_RX, 2, mki, 0), 0);
	return &find(id)->legs[0];
}

static void remember(struct kunit *test, struct qsc_test_key_memory *m, struct qsc_key __rcu **slot)
{
	struct qsc_key *key = key_in(slot);

	KUNIT_ASSERT_NOT_NULL(test, key);
	qsc_test_remember_key(test, m, key);
	KUNIT_ASSERT_GT(test, qsc_test_key_survivors(m), 0);
}

static bool table_is_empty(void)
{
	struct qsc_net *qn = table();
	bool empty;

	mutex_lock(&qn->lock);
	empty = !qn->count && !qn->hooked && xa_empty(&qn->by_number) &&
		list_empty(&qn->dead_keys) && list_empty(&qn->dead_calls) &&
		list_empty(&qn->bound) && !atomic_read(&qn->by_id.nelems);
	mutex_unlock(&qn->lock);
	return empty;
}

static void call_with_keys_for_both_directions_is_secure(struct kunit *test)
{
	struct qsc_call *call;

	KUNIT_ASSERT_EQ(test, new_call("a", 5004), 0);
	call = find("a");
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_NEW);
	KUNIT_EXPECT_TRUE(test, table()->hooked);
	KUNIT_ASSERT_EQ(test, install("a", QSC_DIR_TX, 1, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_NEW);
	KUNIT_ASSERT_EQ(test, install("a", QSC_DIR_TX, 2, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_NEW);
	KUNIT_ASSERT_EQ(test, install("a", QSC_DIR_RX, 3, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_SECURE);
	KUNIT_EXPECT_EQ(test, qsc_delete_call(table(), "a"), 0);
	KUNIT_EXPECT_TRUE(test, table_is_empty());
}

static void new_call_needs_its_own_id_and_addresses(struct kunit *test)
{
	struct qsc_call_params p = params("c", 5006);
	struct qsc_net *qn = table();

	KUNIT_ASSERT_EQ(test, new_call("a", 5004), 0);
	KUNIT_EXPECT_EQ(test, new_call("a", 5006), -EEXIST);
	KUNIT_EXPECT_EQ(test, new_call("b", 5004), -EADDRINUSE);
	/* Its RTCP would be the RTP of the other: its RTP is not kept either. */
	p.leg.local_rtcp = htons(5004);
	p.leg.remote_rtcp = htons(5004);
	KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), -EADDRINUSE);
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, qsc_tuple_list(&qn->tuples, htons(5006)));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, qn->count, 1);
	KUNIT_EXPECT_NULL(test, find("b"));
	KUNIT_EXPECT_NULL(test, find("c"));
	KUNIT_EXPECT_EQ(test, atomic_read(&qn->by_id.nelems), 1);

	p.leg.local_rtcp = htons(5007);
	p.leg.remote_rtcp = htons(5007);
	KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), 0);
	KUNIT_EXPECT_EQ(test, find("c")->legs[0].nr_tuples, 2);
	KUNIT_EXPECT_EQ(test, qsc_delete_call(qn, "c"), 0);
	KUNIT_EXPECT_EQ(test, qsc_delete_call(qn, "c"), -ENOENT);
	KUNIT_EXPECT_EQ(test, qsc_delete_call(qn, "a"), 0);
	KUNIT_EXPECT_TRUE(test, table_is_empty());
}

static void full_table_takes_no_call(struct kunit *test)
{
	qsc_test_set_param(test, "max_calls", "2");
	KUNIT_EXPECT_EQ(test, new_call("a", 5004), 0);
	KUNIT_EXPECT_EQ(test, new_call("b", 5006), 0);
	KUNIT_EXPECT_EQ(test, new_call("c", 5008), -ENOSPC);
	KUNIT_EXPECT_EQ(test, qsc_delete_call(table(), "a"), 0);
	KUNIT_EXPECT_EQ(test, new_call("c", 5008), 0);
	KUNIT_EXPECT_EQ(test, table()->count, 2);
}

static void sending_key_is_replaced_at_once(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->tx.cur);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_TX, 3, "two", 60000), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, key_in(&leg->tx.old));
	KUNIT_EXPECT_EQ(test, key_in(&leg->tx.cur)->generation, 2);
}

static void receiving_key_without_an_mki_is_replaced_at_once(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, NULL);
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->rx.cur);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 3, NULL, 60000), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, key_in(&leg->rx.old));
	KUNIT_EXPECT_EQ(test, key_in(&leg->rx.cur)->generation, 2);
}

static void receiving_key_without_an_overlap_is_replaced_at_once(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->rx.cur);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 3, "two", 0), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NULL(test, key_in(&leg->rx.old));
}

static void old_receiving_key_lives_as_long_as_the_overlap(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_key *first = key_in(&leg->rx.cur);
	struct qsc_test_key_memory m;
	unsigned long end;

	remember(test, &m, &leg->rx.cur);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 3, "two", 1000), 0);
	end = first->expires;
	KUNIT_EXPECT_PTR_EQ(test, key_in(&leg->rx.old), first);
	KUNIT_EXPECT_EQ(test, key_in(&leg->rx.cur)->generation, 2);
	msleep(500);
	if (time_before(jiffies, end - HZ / 10))
		KUNIT_EXPECT_PTR_EQ(test, key_in(&leg->rx.old), first);
	while (time_before(jiffies, end + HZ) && key_in(&leg->rx.old))
		msleep(20);
	KUNIT_EXPECT_NULL(test, key_in(&leg->rx.old));
	/* Taken out; a grace period later it is gone. */
	while (time_before(jiffies, end + HZ) && qsc_test_key_survivors(&m))
		msleep(20);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_NOT_NULL(test, key_in(&leg->rx.cur));
}

static void third_key_ends_the_overlap_of_the_first(struct kunit *test)
{
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_key *second;
	struct qsc_test_key_memory m;

	remember(test, &m, &leg->rx.cur);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 3, "two", 60000), 0);
	KUNIT_EXPECT_GT(test, qsc_test_key_survivors(&m), 0);
	second = key_in(&leg->rx.cur);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 4, "six", 60000), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
	KUNIT_EXPECT_PTR_EQ(test, key_in(&leg->rx.old), second);
	KUNIT_EXPECT_EQ(test, key_in(&leg->rx.cur)->generation, 3);
}

static void key_that_does_not_fit_changes_nothing(struct kunit *test)
{
	static const struct qsc_roc rocs[] = { { 1, 1 }, { 2, 2 } };
	struct qsc_key_params p = {};
	struct qsc_leg *leg = secure_call(test, "a", 5004, "one");
	struct qsc_key *tx = key_in(&leg->tx.cur), *rx = key_in(&leg->rx.cur);
	u8 zero[QSC_MASTER_KEY_MAX] = {};

	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_TX, 3, "one", 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 3, "one", 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 3, "four", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 3, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, install("b", QSC_DIR_RX, 3, "two", 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, install_on("a", QSC_DIR_RX, 3, "two", 0, 1, SUITE), -ENOENT);
	KUNIT_EXPECT_EQ(test,
			install_on("a", QSC_DIR_RX, 3, "two", 0, 0, QSC_SUITE_AEAD_AES_128_GCM),
			-EINVAL);
	/* More SSRCs than there is room for: neither they nor the key come in. */
	qsc_test_set_param(test, "max_ssrcs", "1");
	p.suite = leg->suite;
	p.master = zero;
	p.salt = zero;
	p.mki = "two";
	p.mki_len = 3;
	p.dir = QSC_DIR_RX;
	p.rocs = rocs;
	p.nr_rocs = 2;
	KUNIT_EXPECT_EQ(test, qsc_call_install(table(), "a", &p, NULL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, leg->rx.ssrcs.count, 0);

	KUNIT_EXPECT_PTR_EQ(test, key_in(&leg->tx.cur), tx);
	KUNIT_EXPECT_PTR_EQ(test, key_in(&leg->rx.cur), rx);
	KUNIT_EXPECT_NULL(test, key_in(&leg->rx.old));
	KUNIT_EXPECT_EQ(test, leg->tx.generations, 1);
	KUNIT_EXPECT_EQ(test, leg->rx.generations, 1);
	KUNIT_EXPECT_EQ(test, leg->call->state, QSC_CALL_STATE_SECURE);

	/* The name of the key in its overlap is taken as well. */
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 3, "two", 60000), 0);
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_RX, 4, "one", 0), -EEXIST);
}

/* Three keys: one sends, one receives, and one is in its overlap. */
static struct qsc_leg *call_with_three_keys(struct kunit *test, const char *id, u16 port,
					    struct qsc_test_key_memory *m)
{
	struct qsc_leg *leg = secure_call(test, id, port, "one");

	KUNIT_ASSERT_EQ(test, install(id, QSC_DIR_RX, 3, "two", 60000), 0);
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
	KUNIT_EXPECT_EQ(test, qsc_erase_call(table(), "a", QSC_ERASE_REASON_REQUEST), 0);
	KUNIT_EXPECT_EQ(test, survivors(m, 3), 0);
	KUNIT_EXPECT_PTR_EQ(test, leg->call, find("a"));
	KUNIT_EXPECT_EQ(test, leg->call->state, QSC_CALL_STATE_ERASED);
	KUNIT_EXPECT_EQ(test, leg->call->reason, QSC_ERASE_REASON_REQUEST);
	KUNIT_EXPECT_NULL(test, key_in(&leg->tx.cur));
	KUNIT_EXPECT_NULL(test, key_in(&leg->rx.cur));
	KUNIT_EXPECT_NULL(test, key_in(&leg->rx.old));
	KUNIT_EXPECT_TRUE(test, table()->hooked);
	rcu_read_lock();
	KUNIT_EXPECT_NOT_NULL(test, qsc_tuple_list(&table()->tuples, htons(5004)));
	rcu_read_unlock();

	/* It stays so. */
	KUNIT_EXPECT_EQ(test, install("a", QSC_DIR_TX, 3, "two", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, qsc_erase_call(table(), "a", QSC_ERASE_REASON_TIMEOUT), 0);
	KUNIT_EXPECT_EQ(test, leg->call->reason, QSC_ERASE_REASON_REQUEST);
	KUNIT_EXPECT_EQ(test, qsc_erase_call(table(), "b", QSC_ERASE_REASON_REQUEST), -ENOENT);
}

static void deleted_call_leaves_no_key(struct kunit *test)
{
	struct qsc_test_key_memory m[3];

	qsc_test_need_freed_memory(test);
	call_with_three_keys(test, "a", 5004, m);
	KUNIT_EXPECT_EQ(test, qsc_delete_call(table(), "a"), 0);
	KUNIT_EXPECT_EQ(test, survivors(m, 3), 0);
	KUNIT_EXPECT_NULL(test, find("a"));
	KUNIT_EXPECT_TRUE(test, table_is_empty());
}

static void flushed_table_leaves_no_key(struct kunit *test)
{
	struct qsc_test_key_memory m[5][3];
	static const char *const ids[] = { "a", "b", "c", "d", "e" };
	int i;

	qsc_test_need_freed_memory(test);
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		call_with_three_keys(test, ids[i], 5004 + 2 * i, m[i]);
	KUNIT_EXPECT_EQ(test, qsc_flush_calls(table(), QSC_ERASE_REASON_FLUSH), 5);
	KUNIT_EXPECT_EQ(test, survivors(m[0], 15), 0);
	KUNIT_EXPECT_TRUE(test, table_is_empty());
	KUNIT_EXPECT_EQ(test, qsc_flush_calls(table(), QSC_ERASE_REASON_FLUSH), 0);
}

/* Waits until a second after the deadline: that long it may take. */
static void wait_for_erasure(struct kunit *test, const struct qsc_call *call, unsigned long end)
{
	while (time_before(jiffies, end + HZ) && READ_ONCE(call->state) != QSC_CALL_STATE_ERASED)
		msleep(20);
	KUNIT_EXPECT_EQ(test, call->state, QSC_CALL_STATE_ERASED);
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, end));
	flush_work(&table()->reaper);
}

static void lifetime_ends_with_the_keys(struct kunit *test)
{
	struct qsc_call_params p = params("a", 5004);
	struct qsc_test_key_memory m;
	struct qsc_call *call;

	p.lifetime = 1;
	KUNIT_ASSERT_EQ(test, qsc_call_new(table(), &p, NULL), 0);
	KUNIT_ASSERT_EQ(test, install("a", QSC_DIR_TX, 1, NULL, 0), 0);
	call = find("a");
	remember(test, &m, &call->legs[0].tx.cur);
	wait_for_erasure(test, call, call->created + HZ);
	KUNIT_EXPECT_EQ(test, call->reason, QSC_ERASE_REASON_LIFETIME);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
}

static void packets_put_the_timeout_off(struct kunit *test)
{
	u8 *packet = kunit_kzalloc(test, QSC_TEST_PACKET_MAX, GFP_KERNEL);
	struct qsc_call_params p = params("a", 5004);
	unsigned long last = 0;
	unsigned int verdict;
	struct qsc_call *call;
	int seq;

	KUNIT_ASSERT_NOT_NULL(test, packet);
	p.timeout = 2;
	KUNIT_ASSERT_EQ(test, qsc_call_new(table(), &p, NULL), 0);
	call = find("a");
	KUNIT_EXPECT_FALSE(test, qsc_call_last_packet(call, &last));
	KUNIT_ASSERT_EQ(test, install("a", QSC_DIR_TX, 1, NULL, 0), 0);
	last = call->keyed;
	for (seq = 0; seq < 8; seq++) {
		msleep(500);
		if (time_after(jiffies, last + 3 * HZ / 2))
			kunit_skip(test, "this machine sleeps too long");
		qsc_test_make_rtp(packet, 1, seq, 172);
		verdict = qsc_test_protect(&call->legs[0].tx, QSC_PACKET_RTP, packet, 172);
		KUNIT_EXPECT_EQ(test, verdict, QSC_VERDICT_OK);
		KUNIT_EXPECT_TRUE(test, qsc_call_last_packet(call, &last));
	}
	wait_for_erasure(test, call, last + 2 * HZ);
	KUNIT_EXPECT_EQ(test, call->reason, QSC_ERASE_REASON_TIMEOUT);
}

static struct kunit_case call_cases[] = {
	KUNIT_CASE(call_with_keys_for_both_directions_is_secure),
	KUNIT_CASE(new_call_needs_its_own_id_and_addresses),
	KUNIT_CASE(full_table_takes_no_call),
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
	KUNIT_CASE(packets_put_the_timeout_off),
	{}
};

static struct kunit_suite call_suite = {
	.name = "qsc_call",
	.init = call_init,
	.exit = call_exit,
	.test_cases = call_cases,
};

kunit_test_suite(call_suite);
