// SPDX-License-Identifier: GPL-2.0
/* Two CPUs at one stream. */

#include <linux/bitmap.h>
#include <linux/slab.h>

#include "pair.h"
#include "threads.h"

#define SSRC QSC_TEST_SSRC
#define PACKETS 4096
#define PACKET_LEN 16
#define ROOM 64 /* for a packet, protected */
#define FIRST (65536 - PACKETS / 2) /* wraps half way */

struct kind {
	const char *name;
	enum qsc_packet_kind kind;
	u32 per_ssrc; /* packets of one SSRC before the next */
};

static const struct kind kinds[] = {
	{ "RTP of one SSRC", QSC_PACKET_RTP, PACKETS },
	{ "RTP of many SSRCs", QSC_PACKET_RTP, 16 },
	{ "RTCP of one SSRC", QSC_PACKET_RTCP, PACKETS },
	{ "RTCP of many SSRCs", QSC_PACKET_RTCP, 16 },
};

static void kind_desc(const struct kind *k, char *desc)
{
	strscpy(desc, k->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_desc);

/*
 * Packets that two threads handle. A ticket says which one is next. Where the
 * packet itself says what its index is there are two tickets for each, so that
 * both threads want the same one, mostly at the same time.
 */
struct packets {
	struct qsc_test_pair *f;
	const struct kind *k;
	atomic_t ticket;
	unsigned long *done; /* one bit a packet */
	atomic_t again; /* done before */
	atomic_t old; /* refused for coming late */
	atomic_t odd; /* refused for a wrong reason */
	u8 *room[2];
	u8 *ready; /* PACKETS of ROOM bytes, protected */
};

static struct packets *start(struct kunit *test)
{
	struct packets *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->k = test->param_value;
	s->done = kunit_kcalloc(test, BITS_TO_LONGS(PACKETS), sizeof(long), GFP_KERNEL);
	s->ready = kunit_kcalloc(test, PACKETS, ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->done);
	KUNIT_ASSERT_NOT_NULL(test, s->ready);
	for (i = 0; i < ARRAY_SIZE(s->room); i++) {
		s->room[i] = kunit_kzalloc(test, ROOM, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, s->room[i]);
	}
	qsc_test_set_param(test, "max_ssrcs", "1024");
	s->f = test->priv;
	/* However long one thread sleeps, what it comes with is not too old. */
	s->f->tx.window = QSC_WINDOW_MAX;
	s->f->rx.window = QSC_WINDOW_MAX;
	qsc_test_rekey(test, 1, NULL);
	return s;
}

static void make_packet(const struct packets *s, u8 *p, u32 i)
{
	u32 ssrc = SSRC + i / s->k->per_ssrc;

	if (s->k->kind == QSC_PACKET_RTP)
		qsc_test_make_rtp(p, ssrc, FIRST + i, PACKET_LEN);
	else
		qsc_test_make_rtcp(p, ssrc, PACKET_LEN);
}

/* Which packet came out: with RTCP the stream says so. */
static u32 number_of(const struct packets *s, const u8 *p, u32 i)
{
	u32 ssrc = i / s->k->per_ssrc;
	bool encrypted;

	if (s->k->kind == QSC_PACKET_RTP)
		return i;
	return ssrc * s->k->per_ssrc +
	       qsc_rtcp_index(p, PACKET_LEN + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN, &encrypted);
}

static void note(struct packets *s, u32 i)
{
	if (i >= PACKETS)
		atomic_inc(&s->odd);
	else if (test_and_set_bit(i, s->done))
		atomic_inc(&s->again);
}

static void send(void *shared, int number)
{
	struct packets *s = shared;
	u32 tickets = s->k->kind == QSC_PACKET_RTP ? 2 : 1, i;
	u8 *p = s->room[number];
	unsigned int verdict;

	while ((i = atomic_fetch_inc(&s->ticket) / tickets) < PACKETS) {
		make_packet(s, p, i);
		verdict = qsc_test_protect(&s->f->tx, s->k->kind, p, PACKET_LEN);
		if (verdict == QSC_VERDICT_OK)
			note(s, number_of(s, p, i));
		else if (verdict != QSC_TX_STAT(DROP_TX_REUSE))
			atomic_inc(&s->odd);
		cond_resched();
	}
}

static u64 packets_of(const struct qsc_key *key, enum qsc_packet_kind kind)
{
	return kind == QSC_PACKET_RTP ? key->rtp_packets : key->rtcp_packets;
}

static void no_index_is_sent_twice(struct kunit *test)
{
	struct packets *s = start(test);
	bool rtp = s->k->kind == QSC_PACKET_RTP;

	qsc_test_together(test, send, s, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->again), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->odd), 0);
	KUNIT_EXPECT_TRUE(test, bitmap_full(s->done, PACKETS));
	KUNIT_EXPECT_EQ(test, s->f->tx.ssrcs.count, PACKETS / s->k->per_ssrc);
	/* What is counted under the lock is counted right. */
	KUNIT_EXPECT_EQ(test, packets_of(qsc_test_cur(&s->f->tx), s->k->kind), PACKETS);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&s->f->tx, rtp ? QSC_STAT(RTP) : QSC_STAT(RTCP)),
			PACKETS);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&s->f->tx, QSC_STAT(OCTETS)), PACKETS * PACKET_LEN);
}

static void receive(void *shared, int number)
{
	struct packets *s = shared;
	u8 *p = s->room[number];
	unsigned int verdict;
	u32 i, len;

	while ((i = atomic_fetch_inc(&s->ticket) / 2) < PACKETS) {
		len = PACKET_LEN + qsc_stream_overhead(qsc_test_cur(&s->f->tx), s->k->kind);
		memcpy(p, s->ready + i * ROOM, len);
		verdict = qsc_test_unprotect(&s->f->rx, s->k->kind, p, &len);
		if (verdict == QSC_VERDICT_OK)
			note(s, i);
		else if (verdict == QSC_RX_STAT(DROP_OLD))
			atomic_inc(&s->old);
		else if (verdict != QSC_RX_STAT(DROP_REPLAY))
			atomic_inc(&s->odd);
		cond_resched();
	}
}

static void no_packet_is_received_twice(struct kunit *test)
{
	struct packets *s = start(test);
	struct qsc_stream *rx = &s->f->rx;
	u32 i, received;

	for (i = 0; i < PACKETS; i++) {
		u8 *p = s->ready + i * ROOM;

		make_packet(s, p, i);
		KUNIT_ASSERT_EQ(test, qsc_test_protect(&s->f->tx, s->k->kind, p, PACKET_LEN),
				QSC_VERDICT_OK);
	}
	qsc_test_together(test, receive, s, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->again), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->odd), 0);
	/* The window of SRTCP is a small one: a thread that slept may be too late. */
	received = bitmap_weight(s->done, PACKETS);
	if (s->k->kind == QSC_PACKET_RTP || s->k->per_ssrc <= QSC_RTCP_WINDOW)
		KUNIT_EXPECT_EQ(test, atomic_read(&s->old), 0);
	KUNIT_EXPECT_GE(test, received + atomic_read(&s->old) / 2, PACKETS);
	KUNIT_EXPECT_EQ(test, rx->ssrcs.count, PACKETS / s->k->per_ssrc);
	KUNIT_EXPECT_EQ(test, packets_of(qsc_test_cur(rx), s->k->kind), received);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(rx, QSC_STAT(OCTETS)), received * PACKET_LEN);
}

static struct kunit_case race_cases[] = { KUNIT_CASE_PARAM(no_index_is_sent_twice, kind_gen_params),
					  KUNIT_CASE_PARAM(no_packet_is_received_twice,
							   kind_gen_params),
					  {} };

static struct kunit_suite race_suite = {
	.name = "qsc_race",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_pair_init,
	.exit = qsc_test_pair_exit,
	.test_cases = race_cases,
};

kunit_test_suite(race_suite);
