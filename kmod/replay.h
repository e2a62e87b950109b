/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_REPLAY_H
#define _QSC_REPLAY_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

/**
 * struct qsc_replay - sliding window over packet indices (RFC 6479)
 * @top: highest committed index plus one; 0 before the first
 * @window: how far below the highest an index may be, in packets
 * @mask: words in @map less one; a power of two less one
 * @map: ring of bits, one per index
 *
 * The owner serialises qsc_replay_commit(). qsc_replay_check() may also run
 * without the owner's lock, as a first look: a stale answer is corrected by
 * the commit, which checks again.
 */
struct qsc_replay {
	u64 top;
	u32 window;
	u32 mask;
	unsigned long *map;
};

enum qsc_replay_verdict {
	QSC_REPLAY_NEW = 0,
	QSC_REPLAY_SEEN,
	QSC_REPLAY_OLD,
};

/**
 * qsc_replay_words() - size of the ring for a window
 * @window: packets, QSC_WINDOW_MIN to QSC_WINDOW_MAX
 *
 * One word more than the window fills, so that clearing ahead of the newest
 * index never touches an index that is still inside.
 *
 * Return: words of unsigned long, a power of two.
 */
u32 qsc_replay_words(u32 window);

/**
 * qsc_replay_init() - start with nothing seen
 * @r: window
 * @window: packets
 * @map: qsc_replay_words(@window) zeroed words, living as long as @r
 */
void qsc_replay_init(struct qsc_replay *r, u32 window, unsigned long *map);

static inline unsigned long *qsc_replay_word(const struct qsc_replay *r, u64 index)
{
	return &r->map[(index / BITS_PER_LONG) & r->mask];
}

/* Forgets what the ring says of the words between the top and @index. */
void qsc_replay_clear(struct qsc_replay *r, u64 index);

/**
 * qsc_replay_check() - was this index seen, or is it too old to tell
 * @r: window
 * @index: packet index
 *
 * Context: any; needs no lock.
 */
static __always_inline enum qsc_replay_verdict qsc_replay_check(const struct qsc_replay *r,
								u64 index)
{
	u64 top = READ_ONCE(r->top);

	if (likely(index >= top))
		return QSC_REPLAY_NEW;
	if (top - index > r->window)
		return QSC_REPLAY_OLD;
	if (READ_ONCE(*qsc_replay_word(r, index)) & BIT(index % BITS_PER_LONG))
		return QSC_REPLAY_SEEN;
	return QSC_REPLAY_NEW;
}

/**
 * qsc_replay_commit() - check an index and mark it as seen
 * @r: window
 * @index: packet index
 *
 * Context: the owner's lock is held.
 * Return: as qsc_replay_check(); marks only on QSC_REPLAY_NEW.
 */
static __always_inline enum qsc_replay_verdict qsc_replay_commit(struct qsc_replay *r, u64 index)
{
	enum qsc_replay_verdict verdict = qsc_replay_check(r, index);
	unsigned long *word = qsc_replay_word(r, index);

	if (unlikely(verdict != QSC_REPLAY_NEW))
		return verdict;
	if (likely(index >= r->top)) {
		/* The next index mostly lies in the same word. */
		if (unlikely(index / BITS_PER_LONG != (r->top - 1) / BITS_PER_LONG))
			qsc_replay_clear(r, index);
		WRITE_ONCE(r->top, index + 1);
	}
	WRITE_ONCE(*word, *word | BIT(index % BITS_PER_LONG));
	return QSC_REPLAY_NEW;
}

#endif /* _QSC_REPLAY_H */
