// SPDX-License-Identifier: GPL-2.0
/* Calls and keys that come and go while packets look for them. */

#include <linux/bitmap.h>
#include <linux/slab.h>
#include <linux/stringify.h>

#include "../erase.h"
#include "calls.h"
#include "threads.h"

#define REKEYS 250
#define OVERLAP_MS 600000

/* A call that one thread gives keys while another looks at them as a packet does. */
struct rekeying {
	struct qsc_stream *s;
	u32 overlap_ms;
	bool ended;
	u32 looks;
	u32 none; /* looks that found no key */
	u32 apart; /* looks that found one, but not the one before it */
	int err;
};

static void look(struct rekeying *r)
{
	struct qsc_key *cur, *old;

	rcu_read_lock();
	cur = rcu_dereference(r->s->cur);
	/* Pairs with the rcu_assign_pointer() of @cur in publish(). */
	smp_rmb();
	old = rcu_dereference(r->s->old);
	if (!cur)
		r->none++;
	else if (r->overlap_ms && cur->generation > 1 &&
		 (!old || old->generation + 1 < cur->generation))
		r->apart++;
	rcu_read_unlock();
	WRITE_ONCE(r->looks, r->looks + 1);
}

/* The other thread is awake around each key. */
static void rekey(struct rekeying *r)
{
	char mki[] = "a";
	u32 i, looks;

	for (i = 1; i <= REKEYS && !r->err; i++) {
		mki[0] = 'a' + i % 8;
		looks = READ_ONCE(r->looks);
		while (READ_ONCE(r->looks) == looks)
			cond_resched();
		r->err = qsc_test_install("a", r->s->dir, i, mki, r->overlap_ms);
	}
	WRITE_ONCE(r->ended, true);
}

static void rekey_or_look(void *shared, int number)
{
	struct rekeying *r = shared;

	if (!number) {
		rekey(r);
		return;
	}
	while (!READ_ONCE(r->ended)) {
		look(r);
		cond_resched();
	}
}

static void expect_no_gap(struct kunit *test, u8 dir, u32 overlap_ms)
{
	struct rekeying r = { .overlap_ms = overlap_ms };
	struct qsc_leg *leg;

	KUNIT_ASSERT_EQ(test, qsc_test_new_call("a", 5004), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", dir, 0, "z", 0), 0);
	leg = &qsc_test_find_call("a")->legs[0];
	r.s = dir == QSC_DIR_TX ? &leg->tx : &leg->rx;

	qsc_test_together(test, rekey_or_look, &r, 2);
	KUNIT_EXPECT_EQ(test, r.err, 0);
	KUNIT_EXPECT_EQ(test, r.none, 0);
	KUNIT_EXPECT_EQ(test, r.apart, 0);
	KUNIT_EXPECT_EQ(test, r.s->generations, REKEYS + 1);
	kunit_info(test, "%u looks\n", r.looks);
}

static void sending_key_is_replaced_without_a_gap(struct kunit *test)
{
	expect_no_gap(test, QSC_DIR_TX, 0);
}

static void receiving_key_is_replaced_without_a_gap(struct kunit *test)
{
	expect_no_gap(test, QSC_DIR_RX, 0);
}

static void key_before_a_new_key_is_found(struct kunit *test)
{
	expect_no_gap(test, QSC_DIR_RX, OVERLAP_MS);
}

/*
 * SSRCs that come with one key and are forgotten some keys later, to make room,
 * while other packets look them up without a lock.
 */
#define SSRCS_MAX 4
#define SSRCS_PER_KEY 2
#define KEYS_PER_SSRC 3
#define KEYS 100
#define SSRCS ((KEYS / KEYS_PER_SSRC + 1) * SSRCS_PER_KEY)

struct forgetting {
	struct qsc_leg *leg;
	bool ended;
	int err;
	atomic_t tries;
	atomic_t odd; /* verdicts that there is no reason for */
	DECLARE_BITMAP(received, SSRCS);
	u8 *packet[QSC_TEST_THREADS_MAX];
};

/* The two directions of the call have the same keys, though not at all times. */
static void rekey_both(struct forgetting *f)
{
	int tries;
	u32 i;

	for (i = 1; i <= KEYS && !f->err; i++) {
		tries = atomic_read(&f->tries);
		while (atomic_read(&f->tries) == tries)
			cond_resched();
		f->err = qsc_test_install("a", QSC_DIR_RX, i, NULL, 0);
		if (!f->err)
			f->err = qsc_test_install("a", QSC_DIR_TX, i, NULL, 0);
	}
	WRITE_ONCE(f->ended, true);
}

static bool may_be_sent(unsigned int verdict)
{
	return verdict == QSC_VERDICT_OK || verdict == QSC_TX_STAT(DROP_TX_REUSE) ||
	       verdict == QSC_TX_STAT(DROP_SSRC_FULL);
}

static bool may_be_received(unsigned int verdict)
{
	return verdict == QSC_VERDICT_OK || verdict == QSC_RX_STAT(DROP_AUTH) ||
	       verdict == QSC_RX_STAT(DROP_REPLAY) || verdict == QSC_RX_STAT(DROP_OLD) ||
	       verdict == QSC_RX_STAT(DROP_SSRC_FULL);
}

/* From one direction of the call into the other, as if it came back. */
static void send_and_receive(struct forgetting *f, u8 *p, u32 ssrc, u16 seq)
{
	u32 len = QSC_TEST_RTP_LEN + QSC_TAG_LEN;
	unsigned int verdict;

	qsc_test_make_rtp(p, ssrc, seq, QSC_TEST_RTP_LEN);
	verdict = qsc_test_protect(&f->leg->tx, QSC_PACKET_RTP, p, QSC_TEST_RTP_LEN);
	atomic_add(!may_be_sent(verdict), &f->odd);
	if (verdict != QSC_VERDICT_OK)
		return;
	verdict = qsc_test_unprotect(&f->leg->rx, QSC_PACKET_RTP, p, &len);
	atomic_add(!may_be_received(verdict), &f->odd);
	if (verdict == QSC_VERDICT_OK)
		set_bit(ssrc, f->received);
}

static u32 generation_of(struct qsc_stream *s)
{
	u32 generation;

	rcu_read_lock();
	generation = rcu_dereference(s->cur)->generation;
	rcu_read_unlock();
	return generation;
}

static void forget_or_send(void *shared, int number)
{
	struct forgetting *f = shared;
	u32 seq = 0, ssrc;

	if (!number) {
		rekey_both(f);
		return;
	}
	while (!READ_ONCE(f->ended)) {
		ssrc = generation_of(&f->leg->tx) / KEYS_PER_SSRC * SSRCS_PER_KEY;
		ssrc += seq % SSRCS_PER_KEY;
		send_and_receive(f, f->packet[number], ssrc, seq++);
		atomic_inc(&f->tries);
		cond_resched();
	}
}

static void ssrcs_of_old_keys_go_under_packets(struct kunit *test)
{
	struct forgetting f = {};
	u32 received;
	int i;

	for (i = 0; i < ARRAY_SIZE(f.packet); i++) {
		f.packet[i] = kunit_kzalloc(test, QSC_TEST_PACKET_MAX, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, f.packet[i]);
	}
	qsc_test_set_param(test, "max_ssrcs", __stringify(SSRCS_MAX));
	KUNIT_ASSERT_EQ(test, qsc_test_new_call("a", 5004), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_RX, 0, NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, qsc_test_install("a", QSC_DIR_TX, 0, NULL, 0), 0);
	f.leg = &qsc_test_find_call("a")->legs[0];

	qsc_test_together(test, forget_or_send, &f, 3);
	KUNIT_EXPECT_EQ(test, f.err, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f.odd), 0);
	KUNIT_EXPECT_LE(test, f.leg->tx.ssrcs.count, SSRCS_MAX);
	KUNIT_EXPECT_LE(test, f.leg->rx.ssrcs.count, SSRCS_MAX);
	/* More than there is room for at a time: some went. */
	received = bitmap_weight(f.received, SSRCS);
	KUNIT_EXPECT_GT(test, received, SSRCS_MAX);
	kunit_info(test, "%u SSRCs, %d packets\n", received, atomic_read(&f.tries));
}

/*
 * The table: on each of four ports one call that stays and up to four guests.
 * These are called "0" to "31"; any two have the same addresses, so that one of
 * them at most is there.
 */
#define PORTS 4
#define GUESTS 32
#define FIRST_PORT 5004
#define OPERATIONS 2000 /* by each thread that has them come and go */

struct table {
	struct qsc_net *qn;
	atomic_t working;
	atomic_t present[GUESTS]; /* by what the table said */
	atomic_t odd; /* answers that there is no reason for */
	atomic_t missed; /* look-ups that did not find a call that stays */
	atomic_t wrong; /* look-ups that found another call */
	atomic_t found; /* look-ups of guests that found one */
	u8 *packet[QSC_TEST_THREADS_MAX];
};

static u16 port_of(u32 guest)
{
	return FIRST_PORT + guest % PORTS;
}

static u16 remote_port_of(u32 guest)
{
	return 7001 + guest % (GUESTS / 2);
}

static struct qsc_call_params guest_params(const char *id, u32 guest)
{
	struct qsc_call_params p = qsc_test_call_params(id, port_of(guest));

	p.legs[0].remote.port = htons(remote_port_of(guest));
	return p;
}

static int come(struct table *t, const char *id, u32 guest)
{
	struct qsc_call_params p = guest_params(id, guest);
	int err = qsc_call_new(t->qn, &p, NULL);

	if (!err)
		atomic_inc(&t->present[guest]);
	return err == -EEXIST || err == -EADDRINUSE ? 0 : err;
}

static int go(struct table *t, const char *id, u32 guest)
{
	int err = qsc_test_delete_call(id);

	if (!err)
		atomic_dec(&t->present[guest]);
	return err == -ENOENT ? 0 : err;
}

/* One that was erased takes no key. */
static int get_key(const char *id, u8 dir, u8 seed)
{
	int err = qsc_test_install(id, dir, seed, NULL, 0);

	return err == -ENOENT || err == -EINVAL ? 0 : err;
}

static int lose_keys(struct table *t, const char *id)
{
	int err = qsc_erase_call(t->qn, id, QSC_ERASE_REASON_REQUEST);

	return err == -ENOENT ? 0 : err;
}

static void come_and_go(struct table *t, int number)
{
	struct rnd_state rnd;
	char id[8];
	int err, i;

	prandom_seed_state(&rnd, 6479 + number);
	for (i = 0; i < OPERATIONS; i++) {
		u32 guest = qsc_test_below(&rnd, GUESTS), dice = qsc_test_below(&rnd, 100);

		snprintf(id, sizeof(id), "%u", guest);
		if (dice < 45)
			err = come(t, id, guest);
		else if (dice < 75)
			err = go(t, id, guest);
		else if (dice < 95)
			err = get_key(id, dice % 2 ? QSC_DIR_TX : QSC_DIR_RX, dice);
		else
			err = lose_keys(t, id);
		if (err)
			atomic_inc(&t->odd);
		cond_resched();
	}
	atomic_dec(&t->working);
}

/* As the hook does it, and with all that the hook looks at. */
static void send_on(struct table *t, struct qsc_tuple *tuple, u8 *packet, u16 seq)
{
	struct qsc_leg *leg = tuple->leg;
	unsigned int verdict;
	struct qsc_key *key;

	if (leg != &leg->call->legs[0] || leg->call->net != t->qn)
		atomic_inc(&t->wrong);
	key = rcu_dereference(leg->tx.cur);
	if (!key)
		return;
	qsc_test_make_rtp(packet, 1, seq, QSC_TEST_RTP_LEN);
	verdict = qsc_stream_protect(&leg->tx, key, QSC_PACKET_RTP, packet, QSC_TEST_RTP_LEN);
	if (verdict != QSC_VERDICT_OK && verdict != QSC_TX_STAT(DROP_TX_REUSE))
		atomic_inc(&t->odd);
}

static struct qsc_tuple *look_up(struct table *t, u16 port, u16 remote_port)
{
	struct udphdr uh = { .source = htons(port), .dest = htons(remote_port) };
	struct iphdr ip = { .saddr = htonl(0xc0000201), .daddr = htonl(0xc0000202) };
	struct hlist_head *list = qsc_tuple_list(&t->qn->tuples, uh.source);

	return list ? qsc_tuple_find_v4(list, &ip, &uh, QSC_WAY_OUT) : NULL;
}

static void send_packets(struct table *t, int number)
{
	struct qsc_tuple *tuple;
	u32 guest, i = 0;

	while (atomic_read(&t->working)) {
		guest = i++ % GUESTS;
		local_bh_disable();
		rcu_read_lock();
		tuple = look_up(t, port_of(guest), port_of(guest));
		if (!tuple || tuple->leg->call->id[0] != 'x')
			atomic_inc(&t->missed);
		tuple = look_up(t, port_of(guest), remote_port_of(guest));
		if (tuple) {
			atomic_inc(&t->found);
			if (ntohs(tuple->remote.port) != remote_port_of(guest))
				atomic_inc(&t->wrong);
			send_on(t, tuple, t->packet[number], i);
		}
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
}

static void come_and_go_or_send(void *shared, int number)
{
	if (number < 2)
		come_and_go(shared, number);
	else
		send_packets(shared, number);
}

static struct table *fill(struct kunit *test)
{
	struct table *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	char id[] = "x0";
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->qn = qsc_test_table();
	atomic_set(&t->working, 2);
	for (i = 0; i < ARRAY_SIZE(t->packet); i++) {
		t->packet[i] = kunit_kzalloc(test, QSC_TEST_PACKET_MAX, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, t->packet[i]);
	}
	for (i = 0; i < PORTS; i++) {
		id[1] = '0' + i;
		KUNIT_ASSERT_EQ(test, qsc_test_new_call(id, FIRST_PORT + i), 0);
	}
	return t;
}

static void calls_come_and_go_under_packets(struct kunit *test)
{
	int before = qsc_test_users(), i, present, sum = 0;
	struct table *t = fill(test);
	char id[8];

	qsc_test_together(test, come_and_go_or_send, t, 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->odd), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->missed), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->wrong), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&t->found), 0);
	for (i = 0; i < GUESTS; i++) {
		present = atomic_read(&t->present[i]);
		snprintf(id, sizeof(id), "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, present, !!qsc_test_find_call(id), "call %d", i);
		sum += present;
	}
	KUNIT_EXPECT_EQ(test, t->qn->count, PORTS + sum);
	kunit_info(test, "%d calls left, %d found\n", sum, atomic_read(&t->found));

	KUNIT_EXPECT_EQ(test, qsc_flush_calls(t->qn, QSC_ERASE_REASON_FLUSH), PORTS + sum);
	KUNIT_EXPECT_TRUE(test, qsc_test_table_is_empty());
	KUNIT_EXPECT_EQ(test, qsc_test_users(), before);
}

static struct kunit_case churn_cases[] = { KUNIT_CASE(sending_key_is_replaced_without_a_gap),
					   KUNIT_CASE(receiving_key_is_replaced_without_a_gap),
					   KUNIT_CASE(key_before_a_new_key_is_found),
					   KUNIT_CASE(ssrcs_of_old_keys_go_under_packets),
					   KUNIT_CASE(calls_come_and_go_under_packets),
					   {} };

static struct kunit_suite churn_suite = {
	.name = "qsc_churn",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_calls_init,
	.exit = qsc_test_calls_exit,
	.test_cases = churn_cases,
};

kunit_test_suite(churn_suite);
