// SPDX-License-Identifier: GPL-2.0
/* What was not sent with the key costs a look, and changes nothing. */

#include <linux/slab.h>

#include "pair.h"

#define SSRC QSC_TEST_SSRC
#define RTP_LEN (QSC_TEST_RTP_LEN + QSC_TAG_LEN)
#define RTCP_LEN (QSC_TEST_RTCP_LEN + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN)
#define MKI "mkey"
#define MKI_LEN 4

/* Every byte that a receiver keeps from packet to packet. */
struct snapshot {
	struct qsc_stream stream;
	struct qsc_key key;
	struct qsc_ssrc *entry;
	size_t entry_size;
	u8 *entry_copy;
};

static void take(struct kunit *test, struct snapshot *s, struct qsc_test_pair *f)
{
	u32 words = qsc_replay_words(QSC_WINDOW_DEFAULT) + qsc_replay_words(QSC_RTCP_WINDOW);

	memcpy(&s->stream, &f->rx, sizeof(s->stream));
	memcpy(&s->key, qsc_test_cur(&f->rx), sizeof(s->key));
	s->entry = qsc_ssrc_find(&f->rx.ssrcs, SSRC);
	if (!s->entry)
		return;
	s->entry_size = struct_size(s->entry, map, words);
	if (!s->entry_copy)
		s->entry_copy = kunit_kzalloc(test, s->entry_size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->entry_copy);
	memcpy(s->entry_copy, s->entry, s->entry_size);
}

static bool unchanged(const struct snapshot *s, struct qsc_test_pair *f)
{
	return !memcmp(&s->stream, &f->rx, sizeof(s->stream)) &&
	       !memcmp(&s->key, qsc_test_cur(&f->rx), sizeof(s->key)) &&
	       qsc_ssrc_find(&f->rx.ssrcs, SSRC) == s->entry &&
	       (!s->entry || !memcmp(s->entry_copy, s->entry, s->entry_size));
}

/* Without a byte of memory to allocate. */
static unsigned int receive_in(struct qsc_test_pair *f, enum qsc_packet_kind kind, u8 *copy,
			       const u8 *p, u32 len, bool *allocated)
{
	unsigned int verdict;

	memcpy(copy, p, len);
	qsc_test_fail_nth(1);
	verdict = qsc_test_unprotect(&f->rx, kind, copy, &len);
	*allocated = IS_ENABLED(CONFIG_FAILSLAB) && !qsc_test_fail_left();
	return verdict;
}

/* Also without room for a byte behind it. */
static unsigned int receive(struct kunit *test, struct qsc_test_pair *f, enum qsc_packet_kind kind,
			    const u8 *p, u32 len, bool *allocated)
{
	u8 *copy = kmalloc(max(len, 1U), GFP_KERNEL);
	unsigned int verdict;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	verdict = receive_in(f, kind, copy, p, len, allocated);
	kfree(copy);
	return verdict;
}

static void expect_refused(struct kunit *test, const struct snapshot *snap,
			   enum qsc_packet_kind kind, const u8 *p, u32 len, unsigned int want)
{
	struct qsc_test_pair *f = test->priv;
	unsigned int verdict;
	bool allocated;

	verdict = receive(test, f, kind, p, len, &allocated);
	KUNIT_EXPECT_EQ_MSG(test, verdict, want, "%u bytes", len);
	KUNIT_EXPECT_FALSE(test, allocated);
	KUNIT_EXPECT_TRUE_MSG(test, unchanged(snap, f), "%u bytes", len);
}

/* With an SSRC that the receiver knows, in the middle of its window, and a gap. */
static struct qsc_test_pair *start(struct kunit *test)
{
	struct qsc_test_pair *f = qsc_test_rekey(test, 1, NULL);
	u32 seq;

	for (seq = 1000; seq < 1100; seq++) {
		KUNIT_ASSERT_EQ(test, qsc_test_send_rtp(f, SSRC, seq), QSC_VERDICT_OK);
		KUNIT_ASSERT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
		KUNIT_ASSERT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
		KUNIT_ASSERT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
	}
	return f;
}

static void any_byte_changed(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);
	unsigned int verdict;
	bool allocated;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, snap);
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtp(f, SSRC, 1100), QSC_VERDICT_OK);
	take(test, snap, f);
	for (i = 0; i < RTP_LEN * 8; i++) {
		f->p[i / 8] ^= 1 << i % 8;
		verdict = receive(test, f, QSC_PACKET_RTP, f->p, RTP_LEN, &allocated);
		KUNIT_EXPECT_NE_MSG(test, verdict, QSC_VERDICT_OK, "bit %u", i);
		KUNIT_EXPECT_FALSE(test, allocated);
		KUNIT_EXPECT_TRUE_MSG(test, unchanged(snap, f), "bit %u", i);
		f->p[i / 8] ^= 1 << i % 8;
	}
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);

	KUNIT_ASSERT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	take(test, snap, f);
	for (i = 0; i < RTCP_LEN * 8; i++) {
		f->p[i / 8] ^= 1 << i % 8;
		verdict = receive(test, f, QSC_PACKET_RTCP, f->p, RTCP_LEN, &allocated);
		KUNIT_EXPECT_NE_MSG(test, verdict, QSC_VERDICT_OK, "bit %u", i);
		KUNIT_EXPECT_FALSE(test, allocated);
		KUNIT_EXPECT_TRUE_MSG(test, unchanged(snap, f), "bit %u", i);
		f->p[i / 8] ^= 1 << i % 8;
	}
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
}

static void any_length_cut(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);
	u32 len;

	KUNIT_ASSERT_NOT_NULL(test, snap);
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtp(f, SSRC, 1100), QSC_VERDICT_OK);
	take(test, snap, f);
	for (len = 0; len < RTP_LEN; len++)
		expect_refused(test, snap, QSC_PACKET_RTP, f->p, len,
			       len < QSC_RTP_HEADER_LEN + QSC_TAG_LEN ? QSC_STAT(DROP_MALFORMED) :
									QSC_RX_STAT(DROP_AUTH));

	KUNIT_ASSERT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	take(test, snap, f);
	for (len = 0; len < RTCP_LEN; len++) {
		bool allocated;

		/* Where the index would be there is ciphertext now: anything may be wrong. */
		KUNIT_EXPECT_NE(test, receive(test, f, QSC_PACKET_RTCP, f->p, len, &allocated),
				QSC_VERDICT_OK);
		KUNIT_EXPECT_FALSE(test, allocated);
		KUNIT_EXPECT_TRUE(test, unchanged(snap, f));
	}
}

static unsigned int model_rtp_verdict(const u8 *p, u32 len)
{
	int hdr = len ? qsc_rtp_header_len(p, len) : -EBADMSG;

	return hdr < 0 || hdr + QSC_TAG_LEN > len ? QSC_STAT(DROP_MALFORMED) :
						    QSC_RX_STAT(DROP_AUTH);
}

/* What lies where an E flag would be says whether it is clear or forged. */
static bool is_model_rtcp_verdict(u32 len, unsigned int verdict)
{
	if (len < QSC_RTCP_HEADER_LEN + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN)
		return verdict == QSC_STAT(DROP_MALFORMED);
	return verdict == QSC_RX_STAT(DROP_AUTH) || verdict == QSC_RX_STAT(DROP_RTCP_CLEAR);
}

/* All first bytes, so all header shapes, at all lengths up to 64. */
static void any_header_on_any_length(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);
	u32 len, first;

	KUNIT_ASSERT_NOT_NULL(test, snap);
	qsc_test_make_rtp(f->p, SSRC, 1100, 64);
	take(test, snap, f);
	for (len = 0; len <= 64; len++) {
		u8 *copy = kunit_kzalloc(test, max(len, 1U), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, copy);
		for (first = 0; first < 256; first++) {
			unsigned int rtp, rtcp;
			bool allocated[2];

			f->p[0] = first;
			rtp = receive_in(f, QSC_PACKET_RTP, copy, f->p, len, &allocated[0]);
			rtcp = receive_in(f, QSC_PACKET_RTCP, copy, f->p, len, &allocated[1]);
			if (rtp == model_rtp_verdict(f->p, len) &&
			    is_model_rtcp_verdict(len, rtcp) && !allocated[0] && !allocated[1])
				continue;
			KUNIT_FAIL(test, "%u bytes from %#x: %u and %u", len, first, rtp, rtcp);
			return;
		}
		KUNIT_EXPECT_TRUE_MSG(test, unchanged(snap, f), "%u bytes", len);
		kunit_kfree(test, copy);
	}
}

static void an_unknown_sender(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, snap);
	take(test, snap, f);
	for (i = 0; i < 100; i++) {
		qsc_test_make_rtp(f->p, i, i, RTP_LEN);
		expect_refused(test, snap, QSC_PACKET_RTP, f->p, RTP_LEN, QSC_RX_STAT(DROP_AUTH));
		qsc_test_make_rtcp(f->p, i, RTCP_LEN);
		f->p[RTCP_LEN - 4] |= 0x80;
		expect_refused(test, snap, QSC_PACKET_RTCP, f->p, RTCP_LEN, QSC_RX_STAT(DROP_AUTH));
	}
	KUNIT_EXPECT_EQ(test, f->rx.ssrcs.count, 1);
}

static void a_packet_of_another_key(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);
	struct qsc_key *key;

	KUNIT_ASSERT_NOT_NULL(test, snap);
	key = qsc_test_key(test, QSC_TEST_SUITE, QSC_DIR_TX, 2, NULL);
	qsc_key_destroy(qsc_test_put_key(&f->tx, key));
	take(test, snap, f);
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtp(f, SSRC, 1100), QSC_VERDICT_OK);
	expect_refused(test, snap, QSC_PACKET_RTP, f->p, RTP_LEN, QSC_RX_STAT(DROP_AUTH));
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	expect_refused(test, snap, QSC_PACKET_RTCP, f->p, RTCP_LEN, QSC_RX_STAT(DROP_AUTH));
}

/* RTP and RTCP have keys of their own: one does not pass for the other. */
static void a_packet_of_the_other_kind(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, snap);
	take(test, snap, f);
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtp(f, SSRC, 1100), QSC_VERDICT_OK);
	KUNIT_EXPECT_NE(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
	KUNIT_EXPECT_TRUE(test, unchanged(snap, f));
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	expect_refused(test, snap, QSC_PACKET_RTP, f->p, RTCP_LEN, QSC_RX_STAT(DROP_AUTH));
}

static void a_repeated_packet(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, snap);
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtp(f, SSRC, 1100), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	take(test, snap, f);
	expect_refused(test, snap, QSC_PACKET_RTP, f->p, RTP_LEN, QSC_RX_STAT(DROP_REPLAY));
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_ASSERT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
	take(test, snap, f);
	expect_refused(test, snap, QSC_PACKET_RTCP, f->p, RTCP_LEN, QSC_RX_STAT(DROP_REPLAY));
}

static void another_mki(struct kunit *test)
{
	struct qsc_test_pair *f = qsc_test_rekey(test, 1, MKI);
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);
	u32 len = RTP_LEN + MKI_LEN, i;

	KUNIT_ASSERT_NOT_NULL(test, snap);
	KUNIT_ASSERT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_VERDICT_OK);
	take(test, snap, f);
	for (i = 0; i < MKI_LEN * 8; i++) {
		f->p[RTP_LEN + i / 8] ^= 1 << i % 8;
		expect_refused(test, snap, QSC_PACKET_RTP, f->p, len, QSC_RX_STAT(DROP_MKI));
		f->p[RTP_LEN + i / 8] ^= 1 << i % 8;
	}
	for (i = 0; i < QSC_RTP_HEADER_LEN + QSC_TAG_LEN; i++)
		KUNIT_EXPECT_NE(test, qsc_test_unprotect(&f->rx, QSC_PACKET_RTP, f->p, &i),
				QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
}

/* RFC 7714 section 9.3: authentic, but in clear. Nobody agreed to that. */
static void srtcp_that_is_not_encrypted(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct qsc_srtp *c = &qsc_test_cur(&f->tx)->rtcp;
	struct snapshot *snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);
	const u32 len = QSC_TEST_RTCP_LEN, index = 5000;
	u8 *aad = f->q;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, snap);
	qsc_test_make_rtcp(f->p, SSRC, len);
	memcpy(aad, f->p, len);
	put_unaligned_be32(index, aad + len);
	local_bh_disable();
	err = qsc_aead_encrypt(&c->aead, qsc_srtp_iv(c, SSRC, index), aad, len + QSC_RTCP_INDEX_LEN,
			       0);
	local_bh_enable();
	KUNIT_ASSERT_EQ(test, err, 0);
	memcpy(f->p + len, aad + len + QSC_RTCP_INDEX_LEN, QSC_TAG_LEN);
	put_unaligned_be32(index, f->p + len + QSC_TAG_LEN);

	take(test, snap, f);
	expect_refused(test, snap, QSC_PACKET_RTCP, f->p, RTCP_LEN, QSC_RX_STAT(DROP_RTCP_CLEAR));
}

static struct kunit_case forged_cases[] = { KUNIT_CASE(any_byte_changed),
					    KUNIT_CASE(any_length_cut),
					    KUNIT_CASE(any_header_on_any_length),
					    KUNIT_CASE(an_unknown_sender),
					    KUNIT_CASE(a_packet_of_another_key),
					    KUNIT_CASE(a_packet_of_the_other_kind),
					    KUNIT_CASE(a_repeated_packet),
					    KUNIT_CASE(another_mki),
					    KUNIT_CASE(srtcp_that_is_not_encrypted),
					    {} };

static struct kunit_suite forged_suite = {
	.name = "qsc_forged_changes_nothing",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_pair_init,
	.exit = qsc_test_pair_exit,
	.test_cases = forged_cases,
};

kunit_test_suite(forged_suite);
