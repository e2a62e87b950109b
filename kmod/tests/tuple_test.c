// SPDX-License-Identifier: GPL-2.0
/* From addresses to a leg. */

#include <linux/slab.h>

#include "../tuple.h"
#include "test.h"

#define PORT 5004

struct fixture {
	struct qsc_tuple_table table;
	struct qsc_tuple t[QSC_TUPLES_PER_PORT + 1];
};

static int tuple_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void tuple_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		qsc_tuple_table_destroy(&f->table);
}

/* 192.0.2.@n or 198.51.100.@n; 2001:db8::@n */
static struct qsc_addr v4(bool remote, u8 n, u16 port)
{
	struct qsc_addr a = {};

	qsc_addr_set_v4(&a, htonl((remote ? 0xc6336400 : 0xc0000200) | n), htons(port));
	return a;
}

static struct qsc_addr v6(bool remote, u8 n, u16 port)
{
	struct in6_addr ip = { .s6_addr32 = { htonl(0x20010db8), 0, 0, htonl(remote << 8 | n) } };
	struct qsc_addr a = {};

	qsc_addr_set_v6(&a, &ip, htons(port));
	return a;
}

static int add(struct fixture *f, int i, struct qsc_addr local, struct qsc_addr remote)
{
	f->t[i].local = local;
	f->t[i].remote = remote;
	return qsc_tuple_add(&f->table, &f->t[i]);
}

/* The tuple of a packet between the two, as the hooks look for it. */
static struct qsc_tuple *find(struct fixture *f, struct qsc_addr local, struct qsc_addr remote,
			      enum qsc_way way)
{
	const struct qsc_addr *src = way == QSC_WAY_OUT ? &local : &remote;
	const struct qsc_addr *dst = way == QSC_WAY_OUT ? &remote : &local;
	struct udphdr uh = { .source = src->port, .dest = dst->port };
	struct qsc_tuple *tuple = NULL;
	struct hlist_head *list;

	rcu_read_lock();
	list = qsc_tuple_list(&f->table, local.port);
	if (list && local.family == AF_INET) {
		struct iphdr ip = { .saddr = src->ip.s6_addr32[3], .daddr = dst->ip.s6_addr32[3] };

		tuple = qsc_tuple_find_v4(list, &ip, &uh, way);
	} else if (list) {
		struct ipv6hdr ip6 = { .saddr = src->ip, .daddr = dst->ip };

		tuple = qsc_tuple_find_v6(list, &ip6, &uh, way);
	}
	rcu_read_unlock();
	return tuple;
}

static struct qsc_tuple *find_half(struct fixture *f, struct qsc_addr local, struct qsc_addr remote)
{
	struct qsc_tuple *tuple = NULL;
	struct hlist_head *list;

	rcu_read_lock();
	list = qsc_tuple_list(&f->table, local.port);
	if (list)
		tuple = qsc_tuple_find_half(list, &local, &remote);
	rcu_read_unlock();
	return tuple;
}

static void packet_finds_its_tuple_both_ways(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, add(f, 0, v4(false, 1, PORT), v4(true, 1, 7000)), 0);
	KUNIT_ASSERT_EQ(test, add(f, 1, v6(false, 1, PORT), v6(true, 1, 7000)), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(f, v4(false, 1, PORT), v4(true, 1, 7000), QSC_WAY_OUT),
			    &f->t[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(f, v4(false, 1, PORT), v4(true, 1, 7000), QSC_WAY_IN),
			    &f->t[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(f, v6(false, 1, PORT), v6(true, 1, 7000), QSC_WAY_OUT),
			    &f->t[1]);
	KUNIT_EXPECT_PTR_EQ(test, find(f, v6(false, 1, PORT), v6(true, 1, 7000), QSC_WAY_IN),
			    &f->t[1]);
}

static void every_part_of_both_addresses_counts(struct kunit *test)
{
	struct fixture *f = test->priv;
	enum qsc_way way;

	KUNIT_ASSERT_EQ(test, add(f, 0, v4(false, 1, PORT), v4(true, 1, 7000)), 0);
	KUNIT_ASSERT_EQ(test, add(f, 1, v6(false, 1, PORT), v6(true, 1, 7000)), 0);
	for (way = QSC_WAY_IN; way <= QSC_WAY_OUT; way++) {
		KUNIT_EXPECT_NULL(test, find(f, v4(false, 2, PORT), v4(true, 1, 7000), way));
		KUNIT_EXPECT_NULL(test, find(f, v4(false, 1, 5005), v4(true, 1, 7000), way));
		KUNIT_EXPECT_NULL(test, find(f, v4(false, 1, PORT), v4(true, 2, 7000), way));
		KUNIT_EXPECT_NULL(test, find(f, v4(false, 1, PORT), v4(true, 1, 7001), way));
		/* The same packet the wrong way round */
		KUNIT_EXPECT_NULL(test, find(f, v4(true, 1, PORT), v4(false, 1, 7000), way));
		KUNIT_EXPECT_NULL(test, find(f, v4(true, 1, 7000), v4(false, 1, PORT), way));
		KUNIT_EXPECT_NULL(test, find(f, v6(false, 2, PORT), v6(true, 1, 7000), way));
		KUNIT_EXPECT_NULL(test, find(f, v6(false, 1, 5005), v6(true, 1, 7000), way));
		KUNIT_EXPECT_NULL(test, find(f, v6(false, 1, PORT), v6(true, 2, 7000), way));
		KUNIT_EXPECT_NULL(test, find(f, v6(false, 1, PORT), v6(true, 1, 7001), way));
		KUNIT_EXPECT_NULL(test, find(f, v6(true, 1, 7000), v6(false, 1, PORT), way));
	}
}

/* Hosts accept it as a broadcast, and it is no packet of an IPv6 call. */
static void packet_from_nowhere_to_nowhere_finds_nothing(struct kunit *test)
{
	struct qsc_addr local = {}, remote = {};
	struct fixture *f = test->priv;

	qsc_addr_set_v4(&local, 0, htons(PORT));
	qsc_addr_set_v4(&remote, 0, htons(7000));
	KUNIT_ASSERT_EQ(test, add(f, 0, v6(false, 1, PORT), v6(true, 1, 7000)), 0);
	KUNIT_EXPECT_NULL(test, find(f, local, remote, QSC_WAY_IN));
	KUNIT_EXPECT_NULL(test, find(f, local, remote, QSC_WAY_OUT));
}

static void sixty_four_share_a_port_and_no_more(struct kunit *test)
{
	struct fixture *f = test->priv;
	const int max = QSC_TUPLES_PER_PORT;
	int i;

	KUNIT_ASSERT_EQ(test, max, 64);
	for (i = 0; i < max; i++)
		KUNIT_ASSERT_EQ(test, add(f, i, v4(false, i % 2, PORT), v4(true, i / 2, 7000)), 0);
	KUNIT_EXPECT_EQ(test, add(f, max, v4(false, 1, PORT), v4(true, 200, 7000)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, add(f, max, v6(false, 1, PORT), v6(true, 200, 7000)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, add(f, max, v4(false, 1, 5006), v4(true, 200, 7000)), 0);
	qsc_tuple_del(&f->t[max]);
	for (i = 0; i < max; i++) {
		KUNIT_EXPECT_PTR_EQ(test,
				    find(f, v4(false, i % 2, PORT), v4(true, i / 2, 7000),
					 i & 1 ? QSC_WAY_IN : QSC_WAY_OUT),
				    &f->t[i]);
		/* Taken is taken, also where there is no room. */
		KUNIT_EXPECT_EQ(test, add(f, max, v4(false, i % 2, PORT), v4(true, i / 2, 7000)),
				-EADDRINUSE);
	}
	qsc_tuple_del(&f->t[10]);
	KUNIT_EXPECT_NULL(test, find(f, v4(false, 0, PORT), v4(true, 5, 7000), QSC_WAY_IN));
	KUNIT_EXPECT_EQ(test, add(f, max, v4(false, 1, PORT), v4(true, 200, 7000)), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(f, v4(false, 1, PORT), v4(true, 200, 7000), QSC_WAY_IN),
			    &f->t[max]);
}

static void port_without_tuples_has_no_list(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 port, found = 0;

	KUNIT_ASSERT_EQ(test, add(f, 0, v4(false, 1, 0x1234), v4(true, 1, 7000)), 0);
	rcu_read_lock();
	for (port = 0; port < 65536; port++)
		found += !!qsc_tuple_list(&f->table, htons(port));
	KUNIT_EXPECT_NOT_NULL(test, qsc_tuple_list(&f->table, htons(0x1234)));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, found, 1);
	qsc_tuple_del(&f->t[0]);
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, qsc_tuple_list(&f->table, htons(0x1234)));
	rcu_read_unlock();
}

/* Neither a stranger on the call's address nor the call's remote elsewhere. */
static void half_of_the_addresses_is_enough_to_block(struct kunit *test)
{
	struct qsc_addr local = v4(false, 1, PORT), remote = v4(true, 1, 7000);
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, add(f, 0, local, remote), 0);
	KUNIT_EXPECT_PTR_EQ(test, find_half(f, local, v4(true, 2, 7000)), &f->t[0]);
	KUNIT_EXPECT_PTR_EQ(test, find_half(f, local, v4(true, 1, 7001)), &f->t[0]);
	KUNIT_EXPECT_PTR_EQ(test, find_half(f, v4(false, 2, PORT), remote), &f->t[0]);
	/* Same port, but neither address; and a port of no call */
	KUNIT_EXPECT_NULL(test, find_half(f, v4(false, 2, PORT), v4(true, 2, 7000)));
	KUNIT_EXPECT_NULL(test, find_half(f, v4(false, 2, PORT), v4(true, 1, 7001)));
	KUNIT_EXPECT_NULL(test, find_half(f, v4(false, 1, 5006), remote));

	/* Whose local address it is comes before whose remote. */
	KUNIT_ASSERT_EQ(test, add(f, 1, v4(false, 2, PORT), v4(true, 2, 7000)), 0);
	KUNIT_EXPECT_PTR_EQ(test, find_half(f, local, v4(true, 2, 7000)), &f->t[0]);
	KUNIT_EXPECT_PTR_EQ(test, find_half(f, v4(false, 2, PORT), remote), &f->t[1]);
	KUNIT_EXPECT_PTR_EQ(test, find_half(f, v6(false, 1, PORT), v6(true, 1, 7000)), NULL);
	KUNIT_ASSERT_EQ(test, add(f, 2, v6(false, 1, PORT), v6(true, 1, 7000)), 0);
	KUNIT_EXPECT_PTR_EQ(test, find_half(f, v6(false, 1, PORT), v6(true, 9, 7000)), &f->t[2]);
	KUNIT_EXPECT_PTR_EQ(test, find_half(f, v6(false, 9, PORT), v6(true, 1, 7000)), &f->t[2]);
}

static void table_follows_a_model(struct kunit *test)
{
	const int max = QSC_TUPLES_PER_PORT;
	struct fixture *f = test->priv;
	struct rnd_state rnd;
	bool in[64] = {};
	int step, i;

	/* The bits of i say which address, which port and which IP version. */
	prandom_seed_state(&rnd, 7983);
	KUNIT_ASSERT_EQ(test, max, ARRAY_SIZE(in));
	for (step = 0; step < 20000; step++) {
		struct qsc_addr local, remote;

		i = qsc_test_below(&rnd, 64);
		local = i & 32 ? v6(false, i & 1, PORT + (i & 2)) :
				 v4(false, i & 1, PORT + (i & 2));
		remote = i & 32 ? v6(true, i >> 2 & 1, 7000 + (i >> 3 & 3)) :
				  v4(true, i >> 2 & 1, 7000 + (i >> 3 & 3));
		if (find(f, local, remote, step & 1) != (in[i] ? &f->t[i] : NULL)) {
			KUNIT_FAIL(test, "step %d: %d", step, i);
			return;
		}
		if (in[i])
			qsc_tuple_del(&f->t[i]);
		else
			KUNIT_ASSERT_EQ(test, add(f, i, local, remote), 0);
		in[i] = !in[i];
	}
}

static struct kunit_case tuple_cases[] = { KUNIT_CASE(packet_finds_its_tuple_both_ways),
					   KUNIT_CASE(every_part_of_both_addresses_counts),
					   KUNIT_CASE(packet_from_nowhere_to_nowhere_finds_nothing),
					   KUNIT_CASE(sixty_four_share_a_port_and_no_more),
					   KUNIT_CASE(port_without_tuples_has_no_list),
					   KUNIT_CASE(half_of_the_addresses_is_enough_to_block),
					   KUNIT_CASE(table_follows_a_model),
					   {} };

static struct kunit_suite tuple_suite = {
	.name = "qsc_tuple",
	.suite_init = qsc_test_suite_init,
	.init = tuple_init,
	.exit = tuple_exit,
	.test_cases = tuple_cases,
};

kunit_test_suite(tuple_suite);
