// SPDX-License-Identifier: GPL-2.0
/* One packet through one direction: what goes out, what comes in, what must not. */

#include <linux/slab.h>

#include "pair.h"

#define SSRC QSC_TEST_SSRC

static struct qsc_test_pair *start(struct kunit *test)
{
	return qsc_test_rekey(test, 1, NULL);
}

static void expect_round_trip(struct kunit *test, enum qsc_packet_kind kind, u32 len)
{
	struct qsc_test_pair *f = test->priv;
	u32 over = qsc_stream_overhead(qsc_test_cur(&f->tx), kind), n = len + over;
	u32 clear = kind == QSC_PACKET_RTP ? qsc_rtp_header_len(f->p, len) : QSC_RTCP_HEADER_LEN;

	memcpy(f->q, f->p, len);
	memset(f->p + len, 0xcc, over + 1);
	KUNIT_EXPECT_EQ(test, qsc_test_protect(&f->tx, kind, f->p, len), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, f->p[n], 0xcc);
	KUNIT_EXPECT_MEMEQ(test, f->p, f->q, clear);
	/* Eight bytes that are the same by chance come once in 2^64 tests. */
	if (len >= clear + 8)
		KUNIT_EXPECT_NE(test, memcmp(f->p + clear, f->q + clear, len - clear), 0);

	KUNIT_EXPECT_EQ(test, qsc_test_unprotect(&f->rx, kind, f->p, &n), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, n, len);
	KUNIT_EXPECT_MEMEQ(test, f->p, f->q, len);
}

/* Every header shape, every MKI length that matters. */
static void what_is_sent_arrives(struct kunit *test)
{
	static const u8 mki_lens[] = { 0, 1, 4, QSC_MKI_MAX };
	struct qsc_test_pair *f = test->priv;
	char mki[QSC_MKI_MAX + 1];
	u32 i, first, len;
	u16 seq = 65000;

	for (i = 0; i < ARRAY_SIZE(mki_lens); i++) {
		memset(mki, 'a' + i, mki_lens[i]);
		mki[mki_lens[i]] = 0;
		/* MKI lengths do not change within a call, but a stream does not mind. */
		qsc_test_rekey(test, i, mki_lens[i] ? mki : NULL);
		for (first = 0x80; first < 0xc0; first++) {
			len = 12 + (first & 15) * 4 + (first & 16 ? 4 + 4 * 3 : 0) + first % 50;
			qsc_test_make_rtp(f->p, SSRC, seq++, len);
			f->p[0] = first;
			if (first & 16)
				put_unaligned_be16(3, f->p + 12 + (first & 15) * 4 + 2);
			expect_round_trip(test, QSC_PACKET_RTP, len);
		}
		for (len = 8; len < 60; len++) {
			qsc_test_make_rtcp(f->p, SSRC, len);
			expect_round_trip(test, QSC_PACKET_RTCP, len);
		}
	}
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(RTP)), 4 * 64);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->rx, QSC_STAT(RTP)), 4 * 64);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(RTCP)), 4 * 52);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->rx, QSC_STAT(RTCP)), 4 * 52);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->rx, QSC_STAT(OCTETS)),
			qsc_test_stat(&f->tx, QSC_STAT(OCTETS)));
}

/* Gives an RTP header with room for an extension one of so many words. */
static void set_extension(u8 *p, u32 len, u16 words)
{
	u32 at = 12 + (p[0] & 15) * 4;

	if (len >= at + 4 && p[0] & 16)
		put_unaligned_be16(words, p + at + 2);
}

/*
 * What the hooks do with a payload: tell what it is, and protect it if it is
 * RTP or RTCP. The buffer has room for what RTCP needs, and not for a byte more.
 */
static void any_header_on_any_length_is_sent_or_refused(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	u32 len, first, sent = 0, n;

	for (len = 0; len <= 64; len++) {
		u8 *p = kunit_kzalloc(test, len + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN, GFP_KERNEL);
		u8 *copy = kunit_kzalloc(test, max(len, 1U), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_ASSERT_NOT_NULL(test, copy);
		for (first = 0; first < 512; first++) {
			/* Above 255 the second byte makes it RTCP. */
			enum qsc_packet_kind kind;
			unsigned int verdict;
			u8 header[12] = { first, first / 256 * 200 };

			put_unaligned_be16(++sent, header + 2);
			put_unaligned_be32(SSRC, header + (first < 256 ? 8 : 4));
			memset(p, 0, len);
			memcpy(p, header, min_t(u32, len, sizeof(header)));
			set_extension(p, len, (len + first) % 4);
			memcpy(copy, p, len);
			kind = qsc_packet_classify(p, len, QSC_PORT_MUX);
			if (kind != QSC_PACKET_RTP && kind != QSC_PACKET_RTCP)
				continue;
			verdict = qsc_test_protect(&f->tx, kind, p, len);
			if (kind == QSC_PACKET_RTP && qsc_rtp_header_len(copy, len) < 0) {
				KUNIT_ASSERT_EQ(test, verdict, QSC_STAT(DROP_MALFORMED));
				continue;
			}
			KUNIT_ASSERT_EQ_MSG(test, verdict, QSC_VERDICT_OK, "%u bytes from %#x", len,
					    first);
			n = len + qsc_stream_overhead(qsc_test_cur(&f->tx), kind);
			KUNIT_ASSERT_EQ(test, qsc_test_unprotect(&f->rx, kind, p, &n),
					QSC_VERDICT_OK);
			KUNIT_ASSERT_EQ(test, n, len);
			KUNIT_ASSERT_EQ(test, memcmp(p, copy, len), 0);
		}
		kunit_kfree(test, copy);
		kunit_kfree(test, p);
	}
}

static void no_index_is_sent_twice(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	u32 seq;

	for (seq = 100; seq < 3000; seq += 2)
		KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, seq), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2998), QSC_TX_STAT(DROP_TX_REUSE));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2997), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2997), QSC_TX_STAT(DROP_TX_REUSE));
	/* Too old to know whether it was sent. */
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2998 - QSC_WINDOW_DEFAULT),
			QSC_TX_STAT(DROP_TX_REUSE));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2999 - QSC_WINDOW_DEFAULT),
			QSC_VERDICT_OK);
	/* Another SSRC is another IV. */
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, ~SSRC, 2998), QSC_VERDICT_OK);
}

/* The same number 2^16 packets later is another packet. */
static void sequence_numbers_wrap(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	u32 i;

	for (i = 0; i < 3 * 65536; i += 1000) {
		KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, i), QSC_VERDICT_OK);
		KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	}
	KUNIT_EXPECT_EQ(test, qsc_ssrc_find(&f->tx.ssrcs, SSRC)->rtp.top >> 16, 2);
	KUNIT_EXPECT_EQ(test, qsc_ssrc_find(&f->rx.ssrcs, SSRC)->rtp.top >> 16, 2);
}

static void roc_goes_on_over_a_rekey(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	u32 i;

	for (i = 0; i < 70000; i += 5000) {
		KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, i), QSC_VERDICT_OK);
		KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	}
	qsc_test_rekey(test, 2, NULL);
	/* Neither does the window forget: the old index is not used with the new key. */
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 65000), QSC_TX_STAT(DROP_TX_REUSE));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, i), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_ssrc_find(&f->rx.ssrcs, SSRC)->rtp.top, i + 1);
	KUNIT_EXPECT_EQ(test, qsc_test_cur(&f->tx)->rtp_packets, 1);
	KUNIT_EXPECT_EQ(test, qsc_test_cur(&f->rx)->rtp_packets, 1);
}

static void no_packet_is_received_twice(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	u8 *first;

	first = kunit_kzalloc(test, QSC_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_VERDICT_OK);
	memcpy(first, f->p, QSC_TEST_PACKET_MAX);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_REPLAY));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, QSC_WINDOW_DEFAULT), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	memcpy(f->p, first, QSC_TEST_PACKET_MAX);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_REPLAY));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, QSC_WINDOW_DEFAULT + 1), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	memcpy(f->p, first, QSC_TEST_PACKET_MAX);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_OLD));

	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_RX_STAT(DROP_REPLAY));
}

static void mki_selects_the_key(struct kunit *test)
{
	struct qsc_test_pair *f = qsc_test_rekey(test, 1, "one");
	struct qsc_key *old_tx;

	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);

	/* The receiver has the second key while the sender still uses the first. */
	rcu_assign_pointer(f->rx.old, qsc_test_cur(&f->rx));
	qsc_test_put_key(&f->rx, qsc_test_key(test, QSC_TEST_SUITE, QSC_DIR_RX, 2, "two"));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_cur(&f->rx)->rtp_packets, 0);

	old_tx = qsc_test_put_key(&f->tx, qsc_test_key(test, QSC_TEST_SUITE, QSC_DIR_TX, 2, "two"));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 3), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_cur(&f->rx)->rtp_packets, 1);
	qsc_key_destroy(old_tx);

	/* The name of one key does not open what another one closed. */
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 4), QSC_VERDICT_OK);
	memcpy(f->p + QSC_TEST_RTP_LEN + QSC_TAG_LEN, "one", 3);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_AUTH));
	memcpy(f->p + QSC_TEST_RTP_LEN + QSC_TAG_LEN, "six", 3);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_MKI));

	/* The overlap is over. */
	qsc_key_destroy(rcu_replace_pointer(f->rx.old, NULL, true));
	memcpy(f->p + QSC_TEST_RTP_LEN + QSC_TAG_LEN, "one", 3);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_MKI));
	memcpy(f->p + QSC_TEST_RTP_LEN + QSC_TAG_LEN, "two", 3);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
}

static void without_a_key_nothing_arrives(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);

	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_VERDICT_OK);
	qsc_key_destroy(rcu_replace_pointer(f->rx.cur, NULL, true));
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_STAT(DROP_NO_KEY));
}

/* A full table keeps what it has, for to forget it would be to use an index again. */
static void full_table_drops_new_ssrcs(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	u32 i;

	qsc_test_set_param(test, "max_ssrcs", "4");
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC + i, 1), QSC_VERDICT_OK);
		KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	}
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC + 4, 1), QSC_TX_STAT(DROP_SSRC_FULL));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC + 4), QSC_TX_STAT(DROP_SSRC_FULL));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC + i, 1),
				QSC_TX_STAT(DROP_TX_REUSE));

	/* The receiver has fewer places than the sender. */
	qsc_test_set_param(test, "max_ssrcs", "5");
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC + 4, 1), QSC_VERDICT_OK);
	qsc_test_set_param(test, "max_ssrcs", "4");
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_SSRC_FULL));
	KUNIT_EXPECT_EQ(test, f->rx.ssrcs.count, 4);
	KUNIT_EXPECT_PTR_EQ(test, qsc_ssrc_find(&f->rx.ssrcs, SSRC + 4), NULL);
}

/* One generation back may be in its overlap; two back has no key any more. */
static void only_ssrcs_of_dead_keys_are_evicted(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);

	qsc_test_set_param(test, "max_ssrcs", "2");
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 1, 1), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 2, 1), QSC_VERDICT_OK);
	qsc_test_rekey(test, 2, NULL);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 3, 1), QSC_TX_STAT(DROP_SSRC_FULL));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 2, 2), QSC_VERDICT_OK);
	qsc_test_rekey(test, 3, NULL);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 3, 1), QSC_VERDICT_OK);
	KUNIT_EXPECT_PTR_EQ(test, qsc_ssrc_find(&f->tx.ssrcs, 1), NULL);
	KUNIT_EXPECT_NOT_NULL(test, qsc_ssrc_find(&f->tx.ssrcs, 2));
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 1, 1), QSC_TX_STAT(DROP_SSRC_FULL));
	KUNIT_EXPECT_EQ(test, f->tx.ssrcs.count, 2);
}

/* As a rekey with an MKI: the receiver keeps the old key for a while. */
static void rekey_with_overlap(struct kunit *test, u8 seed, const char *mki)
{
	struct qsc_test_pair *f = test->priv;
	struct qsc_key *old = rcu_dereference_protected(f->rx.old, true);

	if (old)
		qsc_key_destroy(old);
	old = qsc_test_put_key(&f->rx, qsc_test_key(test, QSC_TEST_SUITE, QSC_DIR_RX, seed, mki));
	rcu_assign_pointer(f->rx.old, old);
	qsc_key_destroy(qsc_test_put_key(&f->tx, qsc_test_key(test, QSC_TEST_SUITE, QSC_DIR_TX,
							      seed, mki)));
}

/* Else its SSRC is evicted while the newer key lives, and packets come twice. */
static void late_packet_of_the_old_key_does_not_age_its_ssrc(struct kunit *test)
{
	struct qsc_test_pair *f = qsc_test_rekey(test, 1, "1");
	u32 len = QSC_TEST_RTP_LEN + QSC_TAG_LEN + 1;
	u8 *late = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, late);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 1, 1), QSC_VERDICT_OK);
	memcpy(late, f->p, len);
	rekey_with_overlap(test, 2, "2");
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 1, 2), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_unprotect(&f->rx, QSC_PACKET_RTP, late, &len),
			QSC_VERDICT_OK);

	rekey_with_overlap(test, 3, "3");
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 2, 1), QSC_VERDICT_OK);
	qsc_test_set_param(test, "max_ssrcs", "1");
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_SSRC_FULL));
	KUNIT_EXPECT_NOT_NULL(test, qsc_ssrc_find(&f->rx.ssrcs, 1));
}

static void no_memory_for_an_ssrc_drops_and_changes_nothing(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);

	qsc_test_need_failslab(test);
	qsc_test_fail_nth(1);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_TX_STAT(DROP_NO_MEMORY));
	qsc_test_fail_nth(1);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_TX_STAT(DROP_NO_MEMORY));
	qsc_test_fail_nth(0);
	KUNIT_EXPECT_EQ(test, f->tx.ssrcs.count, 0);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(RTP)), 0);

	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_VERDICT_OK);
	qsc_test_fail_nth(1);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_NO_MEMORY));
	qsc_test_fail_nth(0);
	KUNIT_EXPECT_EQ(test, f->rx.ssrcs.count, 0);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
}

/* A transform that was never given a key fails, and nothing else does. */
static struct crypto_aead *break_cipher(struct kunit *test, struct qsc_aead *a)
{
	struct crypto_aead *tfm = crypto_alloc_aead("gcm(aes)", 0, CRYPTO_ALG_ASYNC);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tfm);
	swap(a->tfm, tfm);
	return tfm;
}

static void mend_cipher(struct qsc_aead *a, struct crypto_aead *tfm)
{
	swap(a->tfm, tfm);
	crypto_free_aead(tfm);
}

static void failed_encryption_uses_the_index_up(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct qsc_key *key = qsc_test_cur(&f->tx);
	struct crypto_aead *tfm;

	tfm = break_cipher(test, &key->rtp.aead);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_TX_STAT(DROP_CRYPTO));
	mend_cipher(&key->rtp.aead, tfm);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(RTP)), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(OCTETS)), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_TX_STAT(DROP_TX_REUSE));

	tfm = break_cipher(test, &key->rtcp.aead);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_TX_STAT(DROP_CRYPTO));
	mend_cipher(&key->rtcp.aead, tfm);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(RTCP)), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(OCTETS)), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(f->p + QSC_TEST_RTCP_LEN + QSC_TAG_LEN),
			0x80000001);
}

static void failed_decryption_is_no_forgery(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);
	struct qsc_key *key = qsc_test_cur(&f->rx);
	struct crypto_aead *tfm;

	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_VERDICT_OK);
	tfm = break_cipher(test, &key->rtp.aead);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_CRYPTO));
	mend_cipher(&key->rtp.aead, tfm);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
}

static void fallback_is_counted(struct kunit *test)
{
	struct qsc_test_pair *f = start(test);

	if (!qsc_test_cur(&f->tx)->rtp.aead.needs_simd)
		kunit_skip(test, "the driver of this kernel needs no fallback");
	qsc_test_set_param(test, "simd", "N");
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 1), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtcp(f, SSRC), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTCP), QSC_VERDICT_OK);
	qsc_test_set_param(test, "simd", "Y");
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, SSRC, 2), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(NOSIMD)), 2);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->rx, QSC_STAT(NOSIMD)), 2);
	KUNIT_EXPECT_EQ(test, qsc_test_stat(&f->tx, QSC_STAT(RTP)), 2);
}

static struct kunit_case stream_cases[] = {
	KUNIT_CASE(what_is_sent_arrives),
	KUNIT_CASE(any_header_on_any_length_is_sent_or_refused),
	KUNIT_CASE(no_index_is_sent_twice),
	KUNIT_CASE(sequence_numbers_wrap),
	KUNIT_CASE(roc_goes_on_over_a_rekey),
	KUNIT_CASE(no_packet_is_received_twice),
	KUNIT_CASE(mki_selects_the_key),
	KUNIT_CASE(without_a_key_nothing_arrives),
	KUNIT_CASE(full_table_drops_new_ssrcs),
	KUNIT_CASE(only_ssrcs_of_dead_keys_are_evicted),
	KUNIT_CASE(late_packet_of_the_old_key_does_not_age_its_ssrc),
	KUNIT_CASE(no_memory_for_an_ssrc_drops_and_changes_nothing),
	KUNIT_CASE(failed_encryption_uses_the_index_up),
	KUNIT_CASE(failed_decryption_is_no_forgery),
	KUNIT_CASE(fallback_is_counted),
	{}
};

static struct kunit_suite stream_suite = {
	.name = "qsc_stream",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_pair_init,
	.exit = qsc_test_pair_exit,
	.test_cases = stream_cases,
};

kunit_test_suite(stream_suite);
