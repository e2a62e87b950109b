// SPDX-License-Identifier: GPL-2.0
/*
 * The replay window against a list of what was seen, and the estimate of a
 * packet's index against the text of RFC 3711.
 *
 * Input: window (2 bytes), then moves: op, argument (1, 2 or 6 bytes).
 */
#include "fuzz.h"
#include "replay.h"
#include "srtp.h"

#define MOVES_MAX 512

struct model {
	u32 window;
	u64 top; /* highest plus one */
	u64 seen[MOVES_MAX];
	unsigned int n;
};

static enum qsc_replay_verdict model_check(const struct model *m, u64 index)
{
	if (index >= m->top)
		return QSC_REPLAY_NEW;
	if (index + m->window < m->top)
		return QSC_REPLAY_OLD;
	for (unsigned int i = 0; i < m->n; i++)
		if (m->seen[i] == index)
			return QSC_REPLAY_SEEN;
	return QSC_REPLAY_NEW;
}

static void model_commit(struct model *m, u64 index)
{
	m->seen[m->n++] = index;
	if (index >= m->top)
		m->top = index + 1;
}

/*
 * RFC 3711 section 3.3.1, with numbers that can be negative: the v of ROC - 1,
 * ROC and ROC + 1 that brings the index nearest to the highest one.
 */
static u64 model_estimate(u64 top, u32 roc, u16 seq)
{
	int64_t highest = (int64_t)top - 1, best = -1;

	if (!top)
		return (u64)roc << 16 | seq;
	for (int64_t v = (highest >> 16) - 1; v <= (highest >> 16) + 1; v++) {
		int64_t index = v * 65536 + seq;

		if (v >= 0 && (best < 0 || llabs(index - highest) < llabs(best - highest)))
			best = index;
	}
	return best;
}

static u64 next_index(struct input *in, u64 top)
{
	u8 op = take_u8(in);

	switch (op % 6) {
	case 0: /* the next one, or one a little ahead */
		return top + (op >> 4);
	case 1: /* some back */
		op = take_u8(in);
		return op < top ? top - 1 - op : 0;
	case 2:
		op = take_u8(in);
		return top + 8 * op;
	case 3: {
		u16 back = take_u16(in);

		return back < top ? top - 1 - back : 0;
	}
	case 4:
		return top + take_u16(in);
	default:
		return take(in, 6);
	}
}

static void check_estimate(u64 top, u32 roc, u16 seq)
{
	u64 mine = qsc_rtp_estimate(top, roc, seq), rfc = model_estimate(top, roc, seq);

	CHECK((u16)mine == seq);
	/* Between two that are equally near, the RFC takes the one in ROC. */
	if (top && llabs((int64_t)mine - (int64_t)top + 1) == 0x8000)
		CHECK(llabs((int64_t)rfc - (int64_t)top + 1) == 0x8000);
	else
		CHECK(mine == rfc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct model m = { 0 };
	struct qsc_replay r;
	unsigned long *map;
	u32 words;

	m.window = QSC_WINDOW_MIN + take_u16(&in) % (QSC_WINDOW_MAX - QSC_WINDOW_MIN + 1);
	words = qsc_replay_words(m.window);
	CHECK(words * 64 >= m.window + 64 && !(words & (words - 1)));
	map = calloc(words, sizeof(*map));
	qsc_replay_init(&r, m.window, map);
	while (in.left && m.n < MOVES_MAX) {
		u64 index = next_index(&in, m.top) & QSC_RTP_INDEX_MAX;
		enum qsc_replay_verdict verdict = model_check(&m, index);

		check_estimate(m.top, (u32)index, (u16)(index >> 8));
		CHECK(qsc_replay_check(&r, index) == verdict);
		CHECK(qsc_replay_commit(&r, index) == verdict);
		if (verdict == QSC_REPLAY_NEW)
			model_commit(&m, index);
		CHECK(r.top == m.top);
	}
	free(map);
	return 0;
}
