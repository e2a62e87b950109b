// SPDX-License-Identifier: GPL-2.0
/* Headers, kinds of packets and packet indices. */

#include <linux/slab.h>

#include "../srtp.h"
#include "test.h"

#define LEN_MAX 64

/* RFC 3550 section 5.1, read slowly. */
static int model_header_len(const u8 *p, u32 len)
{
	bool extension = p[0] & 0x10;
	u32 csrcs = p[0] & 15;
	u32 at = 12 + csrcs * 4;

	if (extension) {
		if (at + 4 > len)
			return -EBADMSG;
		at += 4 + 4 * (p[at + 2] << 8 | p[at + 3]);
	}
	return at > len ? -EBADMSG : at;
}

/* The buffer has no byte more than the packet: KASAN sees a look past the end. */
static void header_fits_or_is_refused(struct kunit *test)
{
	static const u16 words[] = { 0, 1, 2, 3, 5, 8, 11, 12, 13, 0x100, 0xfffe, 0xffff };
	u32 len, first, i, tried = 0;

	for (len = 1; len <= LEN_MAX; len++) {
		u8 *p = kunit_kzalloc(test, len, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		for (first = 0; first < 256; first++) {
			for (i = 0; i < ARRAY_SIZE(words); i++) {
				u32 at = 12 + (first & 15) * 4;

				memset(p, 0xee, len);
				p[0] = first;
				if (at + 4 <= len)
					put_unaligned_be16(words[i], p + at + 2);
				if (qsc_rtp_header_len(p, len) != model_header_len(p, len)) {
					KUNIT_FAIL(test, "%u bytes, first %#x, words %u", len,
						   first, words[i]);
					return;
				}
				tried++;
			}
		}
		kunit_kfree(test, p);
	}
	kunit_info(test, "%u headers\n", tried);
}

static void header_of_the_longest_packet_fits(struct kunit *test)
{
	u32 len = 12 + 60 + 4 + 4 * 0xffff;
	u8 *p = kvzalloc(len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p[0] = 0x9f;
	put_unaligned_be16(0xffff, p + 12 + 60 + 2);
	KUNIT_EXPECT_EQ(test, qsc_rtp_header_len(p, len), len);
	KUNIT_EXPECT_EQ(test, qsc_rtp_header_len(p, len - 1), -EBADMSG);
	kvfree(p);
}

/* RFC 7983 section 7 and RFC 5761 section 4, without the inside of STUN and DTLS. */
static enum qsc_packet_kind model_kind(const u8 *p, u32 len, enum qsc_port_use use)
{
	bool rtcp;

	if (len < 8 || p[0] < 128 || p[0] > 191)
		return QSC_PACKET_OTHER;
	rtcp = p[1] >= 192 && p[1] <= 223;
	switch (use) {
	case QSC_PORT_RTP:
		return QSC_PACKET_RTP;
	case QSC_PORT_RTCP:
		return rtcp ? QSC_PACKET_RTCP : QSC_PACKET_OTHER;
	default:
		return rtcp ? QSC_PACKET_RTCP : QSC_PACKET_RTP;
	}
}

static void kind_follows_rfc_7983_and_5761(struct kunit *test)
{
	static const enum qsc_port_use uses[] = { QSC_PORT_RTP, QSC_PORT_RTCP, QSC_PORT_MUX };
	u32 len, first, second;
	int i;

	for (len = 0; len <= LEN_MAX; len++) {
		u8 *p = kunit_kzalloc(test, max(len, 1U), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		/* All second bytes where they matter, all first bytes always. */
		for (first = 0; first < 256; first++) {
			for (second = 0; second < 256; second += len < 8 || len > 9 ? 85 : 1) {
				if (len > 0)
					p[0] = first;
				if (len > 1)
					p[1] = second;
				for (i = 0; i < ARRAY_SIZE(uses); i++) {
					if (qsc_packet_classify(p, len, uses[i]) ==
					    model_kind(p, len, uses[i]))
						continue;
					KUNIT_FAIL(test, "%u bytes: %#x %#x on port %d", len, first,
						   second, uses[i]);
					return;
				}
			}
		}
		kunit_kfree(test, p);
	}
}

static enum qsc_packet_kind kind_everywhere(struct kunit *test, const u8 *p, u32 len)
{
	enum qsc_packet_kind kind = qsc_packet_classify(p, len, QSC_PORT_MUX);

	KUNIT_EXPECT_EQ(test, qsc_packet_classify(p, len, QSC_PORT_RTP), kind);
	KUNIT_EXPECT_EQ(test, qsc_packet_classify(p, len, QSC_PORT_RTCP), kind);
	return kind;
}

/* A STUN message of @len bytes, RFC 8489 section 5. */
static void make_stun(u8 *p, u32 len)
{
	memset(p, 0x5a, len);
	put_unaligned_be16(0x0001, p);
	put_unaligned_be16(len - 20, p + 2);
	put_unaligned_be32(0x2112a442, p + 4);
}

static void stun_needs_cookie_and_length(struct kunit *test)
{
	u8 p[LEN_MAX];
	u32 len, bit;

	for (len = 20; len <= LEN_MAX; len++) {
		make_stun(p, len);
		KUNIT_EXPECT_EQ(test, kind_everywhere(test, p, len),
				len % 4 ? QSC_PACKET_OTHER : QSC_PACKET_STUN);
	}
	/* Every bit of length and cookie counts, and the two top bits of the type. */
	for (bit = 0; bit < 64; bit++) {
		make_stun(p, 28);
		p[bit / 8] ^= 1 << bit % 8;
		if (bit / 8 == 1 || (bit / 8 == 0 && bit % 8 < 2))
			KUNIT_EXPECT_EQ(test, kind_everywhere(test, p, 28), QSC_PACKET_STUN);
		else
			KUNIT_EXPECT_NE(test, qsc_packet_classify(p, 28, QSC_PORT_MUX),
					QSC_PACKET_STUN);
	}
	/* It is as long as it says: what follows it could be anything. */
	make_stun(p, 28);
	for (len = 0; len <= LEN_MAX; len++)
		KUNIT_EXPECT_EQ(test, kind_everywhere(test, p, len),
				len == 28 ? QSC_PACKET_STUN : QSC_PACKET_OTHER);
}

static void dtls_needs_type_and_version(struct kunit *test)
{
	u32 first, major, minor;
	u8 p[13] = {};

	for (first = 0; first < 128; first++) {
		for (major = 252; major < 256; major++) {
			for (minor = 252; minor < 256; minor++) {
				bool dtls = first >= 20 && first <= 63 && major == 254 &&
					    (minor == 255 || minor == 253);

				p[0] = first;
				p[1] = major;
				p[2] = minor;
				KUNIT_EXPECT_EQ(test, kind_everywhere(test, p, sizeof(p)),
						dtls ? QSC_PACKET_DTLS : QSC_PACKET_OTHER);
				KUNIT_EXPECT_EQ(test, kind_everywhere(test, p, sizeof(p) - 1),
						QSC_PACKET_OTHER);
			}
		}
	}
}

static u64 distance(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

/*
 * RFC 3711 section 3.3.1: of the packets with this sequence number the one that
 * is nearest to the highest index; the same ROC if two are equally near.
 */
static u64 model_estimate(u64 highest, u16 seq)
{
	u64 roc = highest >> 16, best = roc << 16 | seq, v;

	for (v = roc ? roc - 1 : 0; v <= roc + 1; v++) {
		u64 index = v << 16 | seq;

		if (distance(index, highest) < distance(best, highest))
			best = index;
	}
	return best;
}

static void estimate_is_the_nearest_index(struct kunit *test)
{
	static const u32 rocs[] = { 0, 1, 0x7fffffff, U32_MAX };
	static const u16 lasts[] = { 0, 1, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0x8002, 0xfffe, 0xffff };
	u32 i, j, seq;

	for (i = 0; i < ARRAY_SIZE(rocs); i++) {
		for (j = 0; j < ARRAY_SIZE(lasts); j++) {
			u64 highest = (u64)rocs[i] << 16 | lasts[j];

			for (seq = 0; seq < 65536; seq++) {
				if (qsc_rtp_estimate(highest + 1, ~0, seq) ==
				    model_estimate(highest, seq))
					continue;
				KUNIT_FAIL(test, "highest %#llx, sequence number %#x", highest,
					   seq);
				return;
			}
		}
	}
}

static void first_packet_takes_the_given_roc(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, qsc_rtp_estimate(0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, qsc_rtp_estimate(0, 0, 0xffff), 0xffff);
	KUNIT_EXPECT_EQ(test, qsc_rtp_estimate(0, 7, 5), 0x70005);
	KUNIT_EXPECT_EQ(test, qsc_rtp_estimate(0, U32_MAX, 0xffff), QSC_RTP_INDEX_MAX);
}

static void no_packet_has_an_index_below_zero(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, qsc_rtp_estimate(1, 0, 0xffff), 0xffff);
	KUNIT_EXPECT_EQ(test, qsc_rtp_estimate(0x7fff, 0, 0xffff), 0xffff);
}

static void index_past_the_end_shows(struct kunit *test)
{
	u64 top = QSC_RTP_INDEX_MAX + 1;

	KUNIT_EXPECT_EQ(test, qsc_rtp_estimate(top, 0, 0xffff), QSC_RTP_INDEX_MAX);
	KUNIT_EXPECT_GT(test, qsc_rtp_estimate(top, 0, 0), QSC_RTP_INDEX_MAX);
}

/* A sender that loses and reorders up to 2^15 packets is followed through all wraps. */
static void estimate_follows_loss_and_reordering(struct kunit *test)
{
	u64 sent = 100, top = 0, index;
	struct rnd_state rnd;
	u32 i;

	prandom_seed_state(&rnd, 3711);
	for (i = 0; i < 1000000; i++) {
		u32 dice = qsc_test_below(&rnd, 100);

		if (dice < 80)
			sent += 1;
		else if (dice < 90)
			sent += qsc_test_below(&rnd, 0x7fff);
		index = sent;
		if (dice >= 95)
			index -= min_t(u64, qsc_test_below(&rnd, 0x8000), index);
		if (top && distance(index + 1, top) > 0x7fff)
			continue;
		if (qsc_rtp_estimate(top, 0, index) != index) {
			KUNIT_FAIL(test, "packet %u: %#llx after %#llx", i, index, top);
			return;
		}
		top = max(top, index + 1);
	}
	KUNIT_EXPECT_GT(test, top >> 16, 1000);
}

static void srtcp_word_is_flag_and_index(struct kunit *test)
{
	static const u32 indices[] = { 0, 1, 0x12345678, QSC_RTCP_INDEX_MAX };
	bool encrypted;
	u8 p[12] = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		put_unaligned_be32(indices[i], p + 8);
		KUNIT_EXPECT_EQ(test, qsc_rtcp_index(p, sizeof(p), &encrypted), indices[i]);
		KUNIT_EXPECT_FALSE(test, encrypted);
		put_unaligned_be32(indices[i] | 0x80000000, p + 8);
		KUNIT_EXPECT_EQ(test, qsc_rtcp_index(p, sizeof(p), &encrypted), indices[i]);
		KUNIT_EXPECT_TRUE(test, encrypted);
	}
}

static struct kunit_case srtp_cases[] = { KUNIT_CASE(header_fits_or_is_refused),
					  KUNIT_CASE(header_of_the_longest_packet_fits),
					  KUNIT_CASE(kind_follows_rfc_7983_and_5761),
					  KUNIT_CASE(stun_needs_cookie_and_length),
					  KUNIT_CASE(dtls_needs_type_and_version),
					  KUNIT_CASE(estimate_is_the_nearest_index),
					  KUNIT_CASE(first_packet_takes_the_given_roc),
					  KUNIT_CASE(no_packet_has_an_index_below_zero),
					  KUNIT_CASE(index_past_the_end_shows),
					  KUNIT_CASE(estimate_follows_loss_and_reordering),
					  KUNIT_CASE(srtcp_word_is_flag_and_index),
					  {} };

static struct kunit_suite srtp_suite = {
	.name = "qsc_srtp",
	.suite_init = qsc_test_suite_init,
	.test_cases = srtp_cases,
};

kunit_test_suite(srtp_suite);
