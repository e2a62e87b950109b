// SPDX-License-Identifier: GPL-2.0
/* How well packets come in, and how long the way to a peer and back takes. */

#include <linux/delay.h>
#include <linux/slab.h>

#include "../quality.h"
#include "../rtt.h"
#include "../srtp.h"
#include "test.h"

#define SR_LEN 28
#define RR_LEN 32 /* with one report */
#define NTP_MIDDLE 0x8899aabb
#define WAIT_MS 30

static void jitter_is_that_of_rfc_3550(struct kunit *test)
{
	const u32 clock = 8000, scale = qsc_quality_scale(clock);
	struct qsc_quality q = {};
	struct rnd_state rnd;
	u32 timestamp = 0, before, i;
	s64 jitter = 0, d;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 1000; i++) {
		before = q.transit;
		timestamp += qsc_test_below(&rnd, 400);
		qsc_quality_take(&q, scale, i, true, timestamp);
		if (!i)
			continue;
		d = (s32)(q.transit - before);
		jitter += (d < 0 ? -d : d) - ((jitter + 8) >> 4);
	}
	KUNIT_EXPECT_EQ(test, q.jitter, jitter);
	KUNIT_EXPECT_EQ(test, qsc_quality_jitter_us(&q, clock), (u32)(jitter >> 4) * 125);
	/* 0 to 399 ms/8, evenly, with packets that come at once: 25 ms on average */
	KUNIT_EXPECT_GT(test, qsc_quality_jitter_us(&q, clock), 15000);
	KUNIT_EXPECT_LT(test, qsc_quality_jitter_us(&q, clock), 40000);
}

static void transit_is_time_less_timestamp(struct kunit *test)
{
	static const u32 clocks[] = { 1, 8000, 48000, 90000, 1000000 };
	struct qsc_quality q;
	u32 i, low, high;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		q = (struct qsc_quality){};
		low = mul_u64_u64_div_u64(ktime_get_ns(), clocks[i], NSEC_PER_SEC);
		qsc_quality_take(&q, qsc_quality_scale(clocks[i]), 0, true, 12345);
		high = mul_u64_u64_div_u64(ktime_get_ns(), clocks[i], NSEC_PER_SEC);
		/* The scale leaves out less than 1/2^32 a nanosecond: a quarter of a unit
		 * each second.
		 */
		low -= low / (4 * clocks[i]) + 1;
		KUNIT_EXPECT_GE(test, (s32)(q.transit + 12345 - low), 0);
		KUNIT_EXPECT_LE(test, (s32)(q.transit + 12345 - high), 0);
	}
}

static void each_missing_packet_is_lost_once(struct kunit *test)
{
	static const u8 order[] = { 10, 11, 14, 13, 20, 9, 12 };
	struct qsc_quality q = {};
	u64 top = 0;
	u32 i;

	KUNIT_EXPECT_EQ(test, qsc_quality_lost(&q, 0), 0);
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		bool newest = order[i] >= top;

		top = max_t(u64, top, order[i] + 1);
		qsc_quality_take(&q, 1, order[i], newest, 0);
	}
	/* 15 to 19 */
	KUNIT_EXPECT_EQ(test, qsc_quality_lost(&q, top), 5);
	KUNIT_EXPECT_EQ(test, q.received, ARRAY_SIZE(order));
	/* 13, 9 and 12 */
	KUNIT_EXPECT_EQ(test, q.late, 3);
}

static u8 *make_sr(struct kunit *test, u32 len)
{
	u8 *p = kunit_kzalloc(test, len, GFP_KERNEL);
	u8 sr[SR_LEN] = { 0x80, 200, 0, SR_LEN / 4 - 1 };

	KUNIT_ASSERT_NOT_NULL(test, p);
	/* NTP seconds and fraction */
	put_unaligned_be32(0x11220000 | NTP_MIDDLE >> 16, sr + 8);
	put_unaligned_be32((u32)NTP_MIDDLE << 16, sr + 12);
	memcpy(p, sr, min_t(u32, len, SR_LEN));
	return p;
}

/* A report on what @lsr names, which its sender has held for so long. */
static void make_rr(u8 *p, u32 lsr, u32 held_ms)
{
	memset(p, 0, RR_LEN);
	p[0] = 0x81;
	p[1] = 201;
	p[3] = RR_LEN / 4 - 1;
	put_unaligned_be32(lsr, p + 24);
	put_unaligned_be32(held_ms * 65536 / 1000, p + 28);
}

static u32 elapsed_us(u64 since)
{
	return div_u64(ktime_get_ns() - since, 1000);
}

static void answered_report_shows_the_round_trip(struct kunit *test)
{
	struct qsc_rtt r = {};
	u64 begin = ktime_get_ns();
	u8 rr[RR_LEN];

	qsc_rtt_sent(&r, make_sr(test, SR_LEN), SR_LEN);
	KUNIT_EXPECT_EQ(test, r.sr, NTP_MIDDLE);
	msleep(WAIT_MS);
	make_rr(rr, NTP_MIDDLE, 0);
	qsc_rtt_received(&r, rr, RR_LEN);
	KUNIT_EXPECT_GE(test, r.us, 1000 * WAIT_MS);
	KUNIT_EXPECT_LE(test, r.us, elapsed_us(begin));

	make_rr(rr, NTP_MIDDLE, WAIT_MS);
	qsc_rtt_received(&r, rr, RR_LEN);
	/* What the peer held it for is not on the way; 16 us are its resolution. */
	KUNIT_EXPECT_LE(test, r.us, elapsed_us(begin) - 1000 * WAIT_MS + 16);
}

static void report_on_something_else_shows_nothing(struct kunit *test)
{
	struct qsc_rtt r = {};
	u8 rr[RR_LEN];

	make_rr(rr, 0, 0);
	qsc_rtt_received(&r, rr, RR_LEN);
	qsc_rtt_sent(&r, make_sr(test, SR_LEN), SR_LEN);
	make_rr(rr, NTP_MIDDLE + 1, 0);
	qsc_rtt_received(&r, rr, RR_LEN);
	/* Held for longer than it is since it was sent: that cannot be. */
	make_rr(rr, NTP_MIDDLE, 60000);
	qsc_rtt_received(&r, rr, RR_LEN);
	KUNIT_EXPECT_EQ(test, r.us, 0);
}

/* Each length, in a buffer with no byte more: KASAN sees a look past the end. */
static void cut_off_report_is_not_read_past_its_end(struct kunit *test)
{
	u32 sr, rr, len;
	u8 *p, *compound;

	compound = make_sr(test, SR_LEN + RR_LEN);
	make_rr(compound + SR_LEN, NTP_MIDDLE, 0);
	for (len = 1; len <= SR_LEN + RR_LEN; len++) {
		struct qsc_rtt r = {}, answer = { .sr = NTP_MIDDLE, .sent = 1 };

		p = kunit_kzalloc(test, len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memcpy(p, compound, len);
		qsc_rtt_sent(&r, p, len);
		sr = r.sr;
		qsc_rtt_received(&answer, p, len);
		rr = answer.us;
		KUNIT_EXPECT_EQ(test, sr, len < SR_LEN ? 0 : NTP_MIDDLE);
		KUNIT_EXPECT_EQ(test, rr != 0, len == SR_LEN + RR_LEN);
		kunit_kfree(test, p);
	}
}

static struct kunit_case cases[] = { KUNIT_CASE(jitter_is_that_of_rfc_3550),
				     KUNIT_CASE(transit_is_time_less_timestamp),
				     KUNIT_CASE(each_missing_packet_is_lost_once),
				     KUNIT_CASE(answered_report_shows_the_round_trip),
				     KUNIT_CASE(report_on_something_else_shows_nothing),
				     KUNIT_CASE(cut_off_report_is_not_read_past_its_end),
				     {} };

static struct kunit_suite suite = {
	.name = "qsc_quality",
	.suite_init = qsc_test_suite_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
