// SPDX-License-Identifier: GPL-2.0
/* What netlink is answered, in messages of any size: all of it, or an error. */

#include <linux/jiffies.h>
#include <linux/skbuff.h>

#include "../erase.h"
#include "../nlattr.h"
#include "calls.h"

#define ID "all-that-a-call-can-have"
#define ROOM_MOST 4096

static int put_call(struct sk_buff *msg)
{
	struct qsc_net *qn = qsc_test_table();
	int err;

	mutex_lock(&qn->lock);
	err = qsc_nl_put_call(msg, qsc_call_find(qn, ID));
	mutex_unlock(&qn->lock);
	return err;
}

static int put_call_stats(struct sk_buff *msg)
{
	struct qsc_net *qn = qsc_test_table();
	int err;

	mutex_lock(&qn->lock);
	err = qsc_nl_put_call_stats(msg, qsc_call_find(qn, ID));
	mutex_unlock(&qn->lock);
	return err;
}

static int put_info(struct sk_buff *msg)
{
	struct qsc_net *qn = qsc_test_table();
	int err;

	mutex_lock(&qn->lock);
	err = qsc_nl_put_info(msg, qn);
	mutex_unlock(&qn->lock);
	return err;
}

static int put_seal(struct sk_buff *msg)
{
	static const struct qsc_seal_offer offer = { .id = 1, .seconds = 60 };

	return qsc_nl_put_seal(msg, &offer);
}

/* What @put says to a message of so many bytes, and in @used how many it took. */
static int put_into(struct kunit *test, int (*put)(struct sk_buff *msg), u32 room, u32 *used)
{
	struct sk_buff *msg = alloc_skb(room, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	skb_reserve(msg, skb_tailroom(msg) - room);
	err = put(msg);
	*used = msg->len;
	kfree_skb(msg);
	return err;
}

static void expect_all_or_an_error(struct kunit *test, int (*put)(struct sk_buff *msg))
{
	u32 room, used, all;

	KUNIT_ASSERT_EQ(test, put_into(test, put, ROOM_MOST, &all), 0);
	for (room = 0; room < all; room += sizeof(u32)) {
		KUNIT_EXPECT_EQ_MSG(test, put_into(test, put, room, &used), -EMSGSIZE,
				    "%u of %u bytes", room, all);
		KUNIT_EXPECT_LE(test, used, room);
	}
	KUNIT_EXPECT_EQ(test, put_into(test, put, all, &used), 0);
	KUNIT_EXPECT_EQ(test, used, all);
}

/* An owner, a role, IPv6, RTCP ports of its own, a packet, three keys with MKIs. */
static struct qsc_call *make_call(struct kunit *test)
{
	struct qsc_call_params p = qsc_test_call_params(ID, 5004);
	struct in6_addr here = { { { 0x20, 1, 0xd, 0xb8, [15] = 1 } } };
	struct in6_addr there = { { { 0x20, 1, 0xd, 0xb8, [15] = 2 } } };
	struct qsc_call *call;

	p.flags = QSC_CALL_FLAGS_BOUND;
	p.owner = 4711;
	p.role = QSC_ROLE_CALLER;
	qsc_addr_set_v6(&p.legs[0].local, &here, htons(5004));
	qsc_addr_set_v6(&p.legs[0].remote, &there, htons(5004));
	p.legs[0].local_rtcp = htons(5005);
	p.legs[0].remote_rtcp = htons(5005);
	KUNIT_ASSERT_EQ(test, qsc_call_new(qsc_test_table(), &p, NULL), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install(ID, QSC_DIR_TX, 1, "one", 0), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install(ID, QSC_DIR_RX, 2, "one", 0), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install(ID, QSC_DIR_RX, 3, "two", 60000), 0);
	call = qsc_test_find_call(ID);
	KUNIT_ASSERT_NOT_NULL(test, qsc_test_key_in(&call->legs[0].rx.old));
	call->legs[0].rx.last = jiffies;
	call->legs[0].rx.active = true;
	return call;
}

static void call_is_told_whole_or_not_at_all(struct kunit *test)
{
	make_call(test);
	expect_all_or_an_error(test, put_call);
}

static void erased_call_is_told_whole_or_not_at_all(struct kunit *test)
{
	make_call(test);
	KUNIT_ASSERT_EQ(test, qsc_erase_call(qsc_test_table(), ID, QSC_ERASE_REASON_REQUEST), 0);
	expect_all_or_an_error(test, put_call);
}

static void counters_are_told_whole_or_not_at_all(struct kunit *test)
{
	make_call(test);
	expect_all_or_an_error(test, put_call_stats);
}

static void info_is_told_whole_or_not_at_all(struct kunit *test)
{
	expect_all_or_an_error(test, put_info);
}

static void sealing_key_is_told_whole_or_not_at_all(struct kunit *test)
{
	expect_all_or_an_error(test, put_seal);
}

static struct kunit_case answer_cases[] = { KUNIT_CASE(call_is_told_whole_or_not_at_all),
					    KUNIT_CASE(erased_call_is_told_whole_or_not_at_all),
					    KUNIT_CASE(counters_are_told_whole_or_not_at_all),
					    KUNIT_CASE(info_is_told_whole_or_not_at_all),
					    KUNIT_CASE(sealing_key_is_told_whole_or_not_at_all),
					    {} };

static struct kunit_suite answer_suite = {
	.name = "qsc_answer",
	.init = qsc_test_calls_init,
	.exit = qsc_test_calls_exit,
	.test_cases = answer_cases,
};

kunit_test_suite(answer_suite);
