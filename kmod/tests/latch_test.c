// SPDX-License-Identifier: GPL-2.0
/* Relay calls: their making, and where the peer of a leg is learnt to be. */

#include <linux/delay.h>

#include "../erase.h"
#include "../latch.h"
#include "../path.h"
#include "../stream.h"
#include "calls.h"

#define SSRC 0x5eed
#define PORT 5004

static struct qsc_addr from(u32 ip, u16 port)
{
	struct qsc_addr addr;

	qsc_addr_set_v4(&addr, htonl(ip), htons(port));
	return addr;
}

static void learns(struct qsc_leg_params *leg, u8 prefix, u32 window)
{
	const struct qsc_addr net = from(0xc0000200, 0);

	leg->remote = (struct qsc_addr){ .family = AF_INET };
	leg->learn.on = true;
	leg->learn.ip = net.ip;
	leg->learn.prefix = 96 + prefix;
	leg->learn.window = window;
}

/* From a secure leg to a plain one; which of them learn is up to the test. */
static struct qsc_call_params relay_params(const char *id, u16 port)
{
	struct qsc_call_params p = qsc_test_call_params(id, port);

	p.nr_legs = 2;
	p.legs[0].clock = 8000;
	p.legs[1] = p.legs[0];
	p.legs[1].suite = qsc_suite_by_id(QSC_SUITE_PLAIN);
	p.legs[1].local.port = htons(port + 2);
	return p;
}

static struct qsc_call *make(struct kunit *test, const struct qsc_call_params *p)
{
	KUNIT_ASSERT_EQ(test, qsc_call_new(qsc_test_table(), p, NULL), 0);
	return qsc_test_find_call(p->id);
}

static bool plain(struct qsc_tuple *tuple, u32 ip, u16 port)
{
	const struct qsc_addr addr = from(ip, port);
	bool good;

	local_bh_disable();
	rcu_read_lock();
	good = qsc_latch_plain(tuple, &addr);
	rcu_read_unlock();
	local_bh_enable();
	return good;
}

static void secure(struct qsc_tuple *tuple, enum qsc_packet_kind kind, u32 ssrc, u32 index,
		   u16 port)
{
	const struct qsc_addr addr = from(0xc0000202, port);

	local_bh_disable();
	rcu_read_lock();
	qsc_latch_secure(tuple, kind, ssrc, index, &addr);
	rcu_read_unlock();
	local_bh_enable();
}

/* Port of the remote in host byte order, 0 if there is none. */
static u16 remote_port(const struct qsc_tuple *tuple)
{
	struct qsc_path *path;
	u16 port = 0;

	rcu_read_lock();
	path = rcu_dereference(tuple->path);
	if (path)
		port = ntohs(path->remote.port);
	rcu_read_unlock();
	return port;
}

/* As if the packet of that index had come in and was good. */
static void came(struct kunit *test, struct qsc_stream *s, enum qsc_packet_kind kind, u64 index)
{
	struct qsc_ssrc *entry = qsc_ssrc_find(&s->ssrcs, SSRC);

	if (!entry) {
		entry = qsc_ssrc_alloc(SSRC, 0, QSC_WINDOW_DEFAULT, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, entry);
		spin_lock_bh(&s->lock);
		qsc_ssrc_link(&s->ssrcs, entry, 1);
		spin_unlock_bh(&s->lock);
	}
	spin_lock_bh(&s->lock);
	qsc_replay_commit(kind == QSC_PACKET_RTP ? &entry->rtp : &entry->rtcp, index);
	spin_unlock_bh(&s->lock);
}

static void plain_leg_learns_once_and_from_its_prefix(struct kunit *test)
{
	struct qsc_call_params p = relay_params("a", PORT);
	struct qsc_tuple *tuple;
	struct qsc_call *call;

	learns(&p.legs[1], 24, 3600);
	call = make(test, &p);
	tuple = &call->legs[1].tuples[0];
	KUNIT_EXPECT_FALSE(test, plain(tuple, 0xc0000302, 7000));
	KUNIT_EXPECT_FALSE(test, plain(tuple, 0x0a000001, 7000));
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 0);
	KUNIT_EXPECT_TRUE(test, plain(tuple, 0xc00002ff, 7000));
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 7000);
	KUNIT_EXPECT_FALSE(test, plain(tuple, 0xc00002ff, 7002));
	KUNIT_EXPECT_FALSE(test, plain(tuple, 0xc00002fe, 7000));
	KUNIT_EXPECT_TRUE(test, plain(tuple, 0xc00002ff, 7000));
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 7000);
}

static void plain_leg_does_not_learn_after_its_window(struct kunit *test)
{
	struct qsc_call_params p = relay_params("a", PORT);
	struct qsc_call *call;

	learns(&p.legs[1], 0, 1);
	call = make(test, &p);
	call->created -= HZ;
	KUNIT_EXPECT_FALSE(test, plain(&call->legs[1].tuples[0], 0xc0000202, 7000));
	call->created += 10 * HZ;
	KUNIT_EXPECT_TRUE(test, plain(&call->legs[1].tuples[0], 0xc0000202, 7000));
}

static void only_the_newest_packet_moves_the_remote(struct kunit *test)
{
	struct qsc_call_params p = relay_params("a", PORT);
	struct qsc_tuple *tuple;
	struct qsc_stream *s;

	learns(&p.legs[0], 0, 0);
	tuple = &make(test, &p)->legs[0].tuples[0];
	s = &tuple->leg->rx;
	/* Of an SSRC that never came in: that cannot have authenticated. */
	secure(tuple, QSC_PACKET_RTP, SSRC, 7, 7000);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 0);

	came(test, s, QSC_PACKET_RTP, 0x10007);
	secure(tuple, QSC_PACKET_RTP, SSRC, 7, 7000);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 7000);
	came(test, s, QSC_PACKET_RTP, 0x10009);
	secure(tuple, QSC_PACKET_RTP, SSRC, 9, 7001);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 7001);
	/* A late one, by which somebody else might be meant. */
	came(test, s, QSC_PACKET_RTP, 0x10008);
	secure(tuple, QSC_PACKET_RTP, SSRC, 8, 7002);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 7001);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s->stats.n[QSC_RX_STAT(LATCHED)]), 2);
	KUNIT_EXPECT_TRUE(test, test_bit(QSC_TELL_LATCH, &s->tell));
}

static void rtcp_moves_the_remote_of_its_own_port_or_before_any_rtp(struct kunit *test)
{
	struct qsc_call_params p = relay_params("a", PORT);
	struct qsc_tuple *tuple;
	struct qsc_stream *s;

	learns(&p.legs[0], 0, 0);
	tuple = &make(test, &p)->legs[0].tuples[0];
	s = &tuple->leg->rx;
	came(test, s, QSC_PACKET_RTCP, 3);
	secure(tuple, QSC_PACKET_RTCP, SSRC, 3, 7000);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 7000);
	atomic64_inc(&s->stats.n[QSC_RX_STAT(RTP)]);
	came(test, s, QSC_PACKET_RTCP, 4);
	secure(tuple, QSC_PACKET_RTCP, SSRC, 4, 7001);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 7000);

	p = relay_params("b", PORT + 10);
	learns(&p.legs[0], 0, 0);
	p.legs[0].local_rtcp = htons(PORT + 11);
	tuple = &make(test, &p)->legs[0].tuples[1];
	s = &tuple->leg->rx;
	atomic64_inc(&s->stats.n[QSC_RX_STAT(RTP)]);
	came(test, s, QSC_PACKET_RTCP, 4);
	secure(tuple, QSC_PACKET_RTCP, SSRC, 4, 7003);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 7003);
	KUNIT_EXPECT_EQ(test, remote_port(&tuple->leg->tuples[0]), 0);
}

static void nobody_latches_without_memory_or_on_a_dead_call(struct kunit *test)
{
	struct qsc_call_params p = relay_params("a", PORT);
	struct qsc_tuple *tuple;
	struct qsc_call *call;
	bool good;

	learns(&p.legs[1], 0, 3600);
	call = make(test, &p);
	tuple = &call->legs[1].tuples[0];
	WRITE_ONCE(call->gone, true);
	KUNIT_EXPECT_FALSE(test, plain(tuple, 0xc0000202, 7000));
	WRITE_ONCE(call->gone, false);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 0);

	qsc_test_need_failslab(test);
	qsc_test_fail_nth(1);
	good = plain(tuple, 0xc0000202, 7000);
	KUNIT_EXPECT_EQ(test, qsc_test_fail_left(), 0);
	KUNIT_EXPECT_FALSE(test, good);
	KUNIT_EXPECT_EQ(test, remote_port(tuple), 0);
	KUNIT_EXPECT_TRUE(test, plain(tuple, 0xc0000202, 7000));
}

static void relay_has_its_hooks_as_long_as_there_is_one(struct kunit *test)
{
	struct qsc_call_params p = relay_params("a", PORT);
	struct qsc_net *qn = qsc_test_table();

	make(test, &p);
	KUNIT_EXPECT_EQ(test, qn->relays, 1);
	p = relay_params("b", PORT + 10);
	make(test, &p);
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("c", PORT + 20), 0);
	KUNIT_EXPECT_EQ(test, qn->relays, 2);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("b"), 0);
	KUNIT_EXPECT_EQ(test, qn->relays, 0);
	KUNIT_EXPECT_TRUE(test, qn->hooked);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("c"), 0);
	KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
}

/* Whose remote is to be learnt takes what comes for its address from anybody. */
static void address_that_learns_is_for_one_leg_only(struct kunit *test)
{
	struct qsc_call_params p = relay_params("a", PORT);
	struct qsc_net *qn = qsc_test_table();

	learns(&p.legs[0], 0, 0);
	make(test, &p);
	KUNIT_EXPECT_EQ(test, qsc_test_new_call("b", PORT), -EADDRINUSE);
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("c", PORT + 10), 0);
	p = relay_params("d", PORT + 8);
	learns(&p.legs[1], 0, 1);
	KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), -EADDRINUSE);
	/* Nor do both legs of one call share addresses. */
	p = relay_params("e", PORT + 20);
	p.legs[1].local.port = p.legs[0].local.port;
	KUNIT_EXPECT_EQ(test, qsc_call_new(qn, &p, NULL), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, qn->relays, 1);
	KUNIT_EXPECT_EQ(test, qn->count, 2);
}

/* Every allocation fails once; the table is as it was each time. */
static void relay_that_cannot_be_made_leaves_nothing(struct kunit *test)
{
	struct qsc_call_params p = relay_params("a", PORT);
	struct qsc_net *qn = qsc_test_table();
	unsigned int n, refused = 0;
	int err;

	p.legs[0].local_rtcp = htons(PORT + 1);
	p.legs[0].remote_rtcp = htons(PORT + 1);
	qsc_test_need_failslab(test);
	for (n = 1; n < 200; n++) {
		qsc_test_fail_nth(n);
		err = qsc_call_new(qn, &p, NULL);
		if (qsc_test_fail_left()) {
			KUNIT_EXPECT_EQ(test, err, 0);
			break;
		}
		if (!err)
			KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
		else
			refused++;
		KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
		KUNIT_EXPECT_EQ(test, qn->relays, 0);
	}
	/* The call, its number, three paths, hooks */
	KUNIT_EXPECT_GE(test, refused, 6);
	KUNIT_EXPECT_EQ(test, qsc_test_delete_call("a"), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(plain_leg_learns_once_and_from_its_prefix),
	KUNIT_CASE(plain_leg_does_not_learn_after_its_window),
	KUNIT_CASE(only_the_newest_packet_moves_the_remote),
	KUNIT_CASE(rtcp_moves_the_remote_of_its_own_port_or_before_any_rtp),
	KUNIT_CASE(nobody_latches_without_memory_or_on_a_dead_call),
	KUNIT_CASE(relay_has_its_hooks_as_long_as_there_is_one),
	KUNIT_CASE(address_that_learns_is_for_one_leg_only),
	KUNIT_CASE(relay_that_cannot_be_made_leaves_nothing),
	{}
};

static struct kunit_suite suite = {
	.name = "qsc_latch",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_calls_init,
	.exit = qsc_test_calls_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
