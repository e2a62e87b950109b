/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_STATS_H
#define _QSC_STATS_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/qsc.h>

/*
 * Counters of one direction. A counter's place is its netlink attribute less
 * the first of its direction, so uapi/linux/qsc.h is the only table. The first
 * ones mean the same in both directions (QSC_STAT) and code that serves both
 * uses these; QSC_STAT(RTP) is 0 and doubles as the verdict "not dropped".
 */
#define QSC_TX_STAT(name) (QSC_A_STATS_TX_##name - QSC_A_STATS_TX_RTP)
#define QSC_RX_STAT(name) (QSC_A_STATS_RX_##name - QSC_A_STATS_RX_RTP)
#define QSC_STAT(name) QSC_TX_STAT(name)

#define QSC_TX_STATS (QSC_A_STATS_RX_RTP - QSC_A_STATS_TX_RTP)
#define QSC_RX_STATS (QSC_A_STATS_PAD - QSC_A_STATS_RX_RTP)
#define QSC_DIR_STATS QSC_RX_STATS

#define QSC_VERDICT_OK 0

/* Nothing to count a drop under is the counter of good packets. */
static_assert(!QSC_TX_STAT(RTP) && !QSC_RX_STAT(RTP));
static_assert(QSC_DIR_STATS >= QSC_TX_STATS);
static_assert(QSC_TX_STAT(DROP_FRAGMENT) == QSC_RX_STAT(DROP_FRAGMENT));

/**
 * struct qsc_stats - counters of one direction of a leg
 * @n: by QSC_TX_STAT() or QSC_RX_STAT()
 *
 * The packet and octet counters are written under the stream's lock with plain
 * stores, which costs nothing as the lock's cache line is owned anyway; the
 * rare ones (passed, copies, drops) are atomic increments without it. There is
 * no per-CPU copy: 50,000 calls times CPUs times counters would be far more
 * memory than a stream's own cache line is contention, for a stream comes in
 * on one CPU at a time.
 */
struct qsc_stats {
	atomic64_t n[QSC_DIR_STATS];
};

static inline void qsc_stat_inc(struct qsc_stats *s, unsigned int i)
{
	atomic64_inc(&s->n[i]);
}

/* The stream's lock is held. */
static inline void qsc_stat_add_locked(struct qsc_stats *s, unsigned int i, u64 n)
{
	atomic64_set(&s->n[i], atomic64_read(&s->n[i]) + n);
}

#endif /* _QSC_STATS_H */
