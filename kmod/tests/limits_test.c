// SPDX-License-Identifier: GPL-2.0
/* How long a key may be used: RFC 3711 section 9.2. */

#include "pair.h"

#define SSRC QSC_TEST_SSRC

static struct qsc_ssrc *entry_of(struct kunit *test, struct qsc_stream *s)
{
	struct qsc_ssrc *entry = qsc_ssrc_find(&s->ssrcs, SSRC);

	KUNIT_ASSERT_NOT_NULL(test, entry);
	return entry;
}

/* Both ends know the SSRC and have used the key for one packet of each kind. */
static struct qsc_test_pair *start(struct kunit *test)
{
	struct qsc_test_pair *f = qsc_test_rekey(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
	return f;
}

/* Was a rekey event asked for? Asks anew. */
static bool told(struct qsc_stream *s)
{
	return test_and_clear_bit(QSC_TELL_REKEY, &s->tell);
}

static void rtp_packets_of_a_key_end_at_2_to_the_48(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct qsc_key *key = qsc_test_cur(&f->tx);

	key->rtp_packets = BIT_ULL(48) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, key->rtp_packets, BIT_ULL(48));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 3), QSC_TX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, ~SSRC, 3), QSC_TX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, key->rtp_packets, BIT_ULL(48));
	/* SRTCP is counted for itself. */
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);

	f = qsc_test_rekey(test, 2, NULL);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 3), QSC_VERDICT_OK);
}

static void rtp_index_ends_at_2_to_the_48(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);

	entry_of(test, &f->tx)->rtp.top = BIT_ULL(48) - 2;
	entry_of(test, &f->rx)->rtp.top = BIT_ULL(48) - 2;
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 0xfffe), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 0xffff), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 0), QSC_TX_STAT(DROP_LIMIT));
	/* To try again is no way out; a new SSRC is one. */
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 0), QSC_TX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, entry_of(test, &f->tx)->rtp.top, BIT_ULL(48));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, ~SSRC, 0), QSC_VERDICT_OK);

	/* What claims to lie behind the end is dropped before any cryptography. */
	qsc_test_make_rtp(f->p, SSRC, 0, QSC_TEST_RTP_LEN);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, entry_of(test, &f->rx)->rtp.top, BIT_ULL(48));
}

static void rtcp_packets_of_a_key_end_at_2_to_the_31(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct qsc_key *key = qsc_test_cur(&f->tx);

	key->rtcp_packets = BIT_ULL(31) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_TX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, ~SSRC), QSC_TX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2), QSC_VERDICT_OK);
	f = qsc_test_rekey(test, 2, NULL);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
}

static void rtcp_index_ends_at_2_to_the_31(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);

	entry_of(test, &f->tx)->rtcp.top = BIT_ULL(31) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(f->p + QSC_TEST_RTCP_LEN + QSC_TAG_LEN), U32_MAX);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_RX_STAT(DROP_REPLAY));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_TX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, entry_of(test, &f->tx)->rtcp.top, BIT_ULL(31));
	/* The index does not start again with the next key: there is none left. */
	f = qsc_test_rekey(test, 2, NULL);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_TX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, ~SSRC), QSC_VERDICT_OK);
}

static void receiver_counts_as_the_sender_does(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct qsc_key *key = qsc_test_cur(&f->rx);
	u32 top = entry_of(test, &f->rx)->rtp.top;

	key->rtp_packets = BIT_ULL(48);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_LIMIT));
	KUNIT_EXPECT_EQ(test, entry_of(test, &f->rx)->rtp.top, top);
	key->rtp_packets = BIT_ULL(48) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);

	key->rtcp_packets = BIT_ULL(31);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_RX_STAT(DROP_LIMIT));
	key->rtcp_packets = BIT_ULL(31) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
}

/* Each of the four counts of one end at its half, and never twice for a key. */
static void event_comes_at_half_and_once(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct qsc_key *key = qsc_test_cur(&f->tx);

	KUNIT_EXPECT_FALSE(test, told(&f->tx));
	key->rtp_packets = BIT_ULL(47) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2), QSC_VERDICT_OK);
	KUNIT_EXPECT_FALSE(test, told(&f->tx));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 3), QSC_VERDICT_OK);
	KUNIT_EXPECT_TRUE(test, told(&f->tx));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 4), QSC_VERDICT_OK);
	KUNIT_EXPECT_FALSE(test, told(&f->tx));

	f = qsc_test_rekey(test, 2, NULL);
	entry_of(test, &f->tx)->rtp.top = BIT_ULL(47) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 0xffff), QSC_VERDICT_OK);
	KUNIT_EXPECT_FALSE(test, told(&f->tx));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 0), QSC_VERDICT_OK);
	KUNIT_EXPECT_TRUE(test, told(&f->tx));

	f = qsc_test_rekey(test, 3, NULL);
	entry_of(test, &f->tx)->rtp.top = 5;
	qsc_test_cur(&f->tx)->rtcp_packets = BIT_ULL(30) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_FALSE(test, told(&f->tx));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_TRUE(test, told(&f->tx));

	f = qsc_test_rekey(test, 4, NULL);
	entry_of(test, &f->tx)->rtcp.top = BIT_ULL(30) - 1;
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_FALSE(test, told(&f->tx));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_TRUE(test, told(&f->tx));
}

static void event_of_the_receiver_needs_an_authentic_packet(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);

	qsc_test_cur(&f->rx)->rtp_packets = BIT_ULL(47);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2), QSC_VERDICT_OK);
	f->p[QSC_TEST_RTP_LEN] ^= 1;
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_AUTH));
	KUNIT_EXPECT_FALSE(test, told(&f->rx));
	f->p[QSC_TEST_RTP_LEN] ^= 1;
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_TRUE(test, told(&f->rx));
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE(rtp_packets_of_a_key_end_at_2_to_the_48),
	KUNIT_CASE(rtp_index_ends_at_2_to_the_48),
	KUNIT_CASE(rtcp_packets_of_a_key_end_at_2_to_the_31),
	KUNIT_CASE(rtcp_index_ends_at_2_to_the_31),
	KUNIT_CASE(receiver_counts_as_the_sender_does),
	KUNIT_CASE(event_comes_at_half_and_once),
	KUNIT_CASE(event_of_the_receiver_needs_an_authentic_packet),
	{}
};

static struct kunit_suite limits_suite = {
	.name = "qsc_limits",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_pair_init,
	.exit = qsc_test_pair_exit,
	.test_cases = limits_cases,
};

kunit_test_suite(limits_suite);
