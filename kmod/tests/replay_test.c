// SPDX-License-Identifier: GPL-2.0
/* Index estimate and replay window against a model that remembers everything. */

#include <linux/bitmap.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../replay.h"
#include "../srtp.h"
#include "test.h"

#define SPAN BIT(22) /* indices that the model remembers */
#define STEPS 125000

struct model {
	u64 base; /* index of the first bit */
	u64 highest;
	u32 window;
	bool any;
	unsigned long *seen;
};

static enum qsc_replay_verdict model_check(const struct model *m, u64 index)
{
	if (!m->any || index > m->highest)
		return QSC_REPLAY_NEW;
	if (m->highest - index >= m->window)
		return QSC_REPLAY_OLD;
	return test_bit(index - m->base, m->seen) ? QSC_REPLAY_SEEN : QSC_REPLAY_NEW;
}

static enum qsc_replay_verdict model_commit(struct model *m, u64 index)
{
	enum qsc_replay_verdict verdict = model_check(m, index);

	if (verdict != QSC_REPLAY_NEW)
		return verdict;
	__set_bit(index - m->base, m->seen);
	if (!m->any || index > m->highest)
		m->highest = index;
	m->any = true;
	return verdict;
}

struct walk {
	u32 window;
	u64 base;
};

/* All sizes around a word, and starts around every edge of an index. */
static const struct walk walks[] = {
	{ 64, 0 },
	{ 65, 1 },
	{ 100, 0xffff },
	{ 127, BIT_ULL(31) - 1000 },
	{ 128, BIT_ULL(32) - 1000 },
	{ 129, 12345 },
	{ 1024, 0 },
	{ 1024, BIT_ULL(48) - SPAN },
	{ 4095, 0xfff0 },
	{ 16384, BIT_ULL(40) - 5 },
	{ 32767, 7 },
	{ 32768, 0x8000 },
};

static void walk_desc(const struct walk *w, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "window %u from %#llx", w->window, w->base);
}

KUNIT_ARRAY_PARAM(walk, walks, walk_desc);

static void start(struct qsc_replay *r, struct model *m, const struct walk *w)
{
	memset(r->map, 0, qsc_replay_words(w->window) * sizeof(long));
	bitmap_zero(m->seen, SPAN);
	qsc_replay_init(r, w->window, r->map);
	m->base = w->base;
	m->window = w->window;
	m->any = false;
}

/* Mostly onwards, often back into the window and to its edge, rarely far ahead. */
static u64 next_index(struct rnd_state *rnd, const struct model *m)
{
	u32 dice = qsc_test_below(rnd, 1000);
	s64 step;

	if (!m->any)
		return m->base + 2 * m->window;
	if (dice < 600)
		step = qsc_test_below(rnd, 4);
	else if (dice < 900)
		step = -(s64)qsc_test_below(rnd, m->window + 2);
	else if (dice < 995)
		step = (s64)qsc_test_below(rnd, 5) - m->window - 1;
	else
		step = qsc_test_below(rnd, 3 * m->window);
	return m->highest + step;
}

/*
 * A packet says the last 16 bits of its index only. They are enough as long as
 * it is less than 2^15 packets away from the highest; the first one has to be
 * told its ROC.
 */
static bool is_estimated(const struct qsc_replay *r, const struct model *m, u64 index)
{
	if (m->any && (index + 0x8000 <= m->highest || index >= m->highest + 0x8000))
		return true;
	return qsc_rtp_estimate(r->top, index >> 16, index) == index;
}

static void matches_model(struct kunit *test)
{
	const struct walk *w = test->param_value;
	struct qsc_replay r = {};
	struct rnd_state rnd;
	struct model m = {};
	u32 i, starts = 0;

	prandom_seed_state(&rnd, w->window ^ w->base);
	r.map = kunit_kzalloc(test, qsc_replay_words(w->window) * sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r.map);
	m.seen = vmalloc(BITS_TO_LONGS(SPAN) * sizeof(long));
	KUNIT_ASSERT_NOT_NULL(test, m.seen);
	start(&r, &m, w);

	for (i = 0; i < STEPS; i++) {
		u64 index = next_index(&rnd, &m);
		enum qsc_replay_verdict want = model_check(&m, index);

		if (index >= m.base + SPAN) {
			start(&r, &m, w);
			starts++;
			continue;
		}
		if (!is_estimated(&r, &m, index)) {
			KUNIT_FAIL(test, "step %u: estimate of %#llx, highest %#llx: %#llx", i,
				   index, m.highest, qsc_rtp_estimate(r.top, index >> 16, index));
			break;
		}
		if (qsc_replay_check(&r, index) != want) {
			KUNIT_FAIL(test, "step %u: check of %#llx, highest %#llx: not %d", i, index,
				   m.highest, want);
			break;
		}
		/* Not every packet that passes the check is authentic. */
		if (qsc_test_below(&rnd, 8) == 0)
			continue;
		model_commit(&m, index);
		if (qsc_replay_commit(&r, index) != want) {
			KUNIT_FAIL(test, "step %u: commit of %#llx: not %d", i, index, want);
			break;
		}
		if (r.top != (m.any ? m.highest + 1 : 0)) {
			KUNIT_FAIL(test, "step %u: top %#llx, highest %#llx", i, r.top, m.highest);
			break;
		}
	}
	kunit_info(test, "%u steps, %u starts\n", i, starts + 1);
	vfree(m.seen);
}

/* A check, or a commit that is refused, leaves everything as it was. */
static void refusal_changes_nothing(struct kunit *test)
{
	u32 words = qsc_replay_words(QSC_WINDOW_MIN);
	unsigned long *map, *copy;
	struct qsc_replay r, before;
	u64 i;

	map = kunit_kcalloc(test, words, sizeof(*map), GFP_KERNEL);
	copy = kunit_kcalloc(test, words, sizeof(*map), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, map);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	qsc_replay_init(&r, QSC_WINDOW_MIN, map);
	for (i = 1000; i < 1200; i += 2)
		KUNIT_ASSERT_EQ(test, qsc_replay_commit(&r, i), QSC_REPLAY_NEW);

	before = r;
	memcpy(copy, map, words * sizeof(*map));
	for (i = 0; i < 1400; i++)
		qsc_replay_check(&r, i);
	for (i = 1000; i < 1200; i += 2)
		KUNIT_EXPECT_NE(test, qsc_replay_commit(&r, i), QSC_REPLAY_NEW);
	KUNIT_EXPECT_MEMEQ(test, &r, &before, sizeof(r));
	KUNIT_EXPECT_MEMEQ(test, map, copy, words * sizeof(*map));
}

static void accepts_exactly_the_window(struct kunit *test)
{
	static const u32 windows[] = { 64, 65, 127, 128, 1024, 32767, 32768 };
	const u64 highest = BIT_ULL(47);
	int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		u32 w = windows[i], words = qsc_replay_words(w);
		struct qsc_replay r;
		unsigned long *map;

		map = kunit_kcalloc(test, words, sizeof(*map), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, map);
		qsc_replay_init(&r, w, map);
		qsc_replay_commit(&r, highest);
		KUNIT_EXPECT_EQ(test, qsc_replay_commit(&r, highest), QSC_REPLAY_SEEN);
		KUNIT_EXPECT_EQ(test, qsc_replay_commit(&r, highest - w), QSC_REPLAY_OLD);
		KUNIT_EXPECT_EQ(test, qsc_replay_commit(&r, highest - w + 1), QSC_REPLAY_NEW);
		KUNIT_EXPECT_EQ(test, qsc_replay_commit(&r, highest - w + 1), QSC_REPLAY_SEEN);
		KUNIT_EXPECT_EQ(test, qsc_replay_commit(&r, 0), QSC_REPLAY_OLD);
	}
}

/* However far the jump, no bit of an earlier lap is taken for a packet. */
static void forgets_what_a_jump_leaves_behind(struct kunit *test)
{
	u32 words = qsc_replay_words(QSC_WINDOW_DEFAULT);
	u64 ring = (u64)words * BITS_PER_LONG;
	struct qsc_replay r;
	unsigned long *map;
	u64 jump, i;

	map = kunit_kcalloc(test, words, sizeof(*map), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, map);
	for (jump = 1; jump <= 3 * ring; jump += 61) {
		u64 old = 10 * ring, highest = old + jump;

		memset(map, 0, words * sizeof(*map));
		qsc_replay_init(&r, QSC_WINDOW_DEFAULT, map);
		for (i = old - QSC_WINDOW_DEFAULT + 1; i <= old; i++)
			qsc_replay_commit(&r, i);
		qsc_replay_commit(&r, highest);
		for (i = highest - QSC_WINDOW_DEFAULT + 1; i < highest; i++) {
			enum qsc_replay_verdict want = i <= old ? QSC_REPLAY_SEEN : QSC_REPLAY_NEW;

			if (qsc_replay_check(&r, i) != want) {
				KUNIT_FAIL(test, "jump %llu: %#llx is not %d", jump, i, want);
				return;
			}
		}
	}
}

static struct kunit_case replay_cases[] = { KUNIT_CASE_PARAM(matches_model, walk_gen_params),
					    KUNIT_CASE(refusal_changes_nothing),
					    KUNIT_CASE(accepts_exactly_the_window),
					    KUNIT_CASE(forgets_what_a_jump_leaves_behind),
					    {} };

static struct kunit_suite replay_suite = {
	.name = "qsc_replay",
	.suite_init = qsc_test_suite_init,
	.test_cases = replay_cases,
};

kunit_test_suite(replay_suite);
