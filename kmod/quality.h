/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_QUALITY_H
#define _QSC_QUALITY_H

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/types.h>

/**
 * struct qsc_quality - how well the packets of one SSRC come in
 * @first: index of the first packet
 * @received: packets, each index once
 * @late: of these, such as a newer one was there before
 * @transit: of the last packet: arrival less RTP timestamp, in RTP units
 * @jitter: interarrival jitter (RFC 3550 section 6.4.1) in 1/16 RTP units
 *
 * All under the stream's lock.
 */
struct qsc_quality {
	u64 first;
	u64 received;
	u32 late;
	u32 transit;
	u32 jitter;
};

/**
 * qsc_quality_scale() - what makes RTP units of nanoseconds
 * @clock: RTP clock rate in Hz, 1 to QSC_CLOCK_MAX
 *
 * Return: units in a nanosecond, in 1/2^32.
 */
static inline u32 qsc_quality_scale(u32 clock)
{
	return div_u64((u64)clock << 32, NSEC_PER_SEC);
}

/**
 * qsc_quality_take() - a packet has come in
 * @q: of its SSRC
 * @scale: from qsc_quality_scale()
 * @index: of the packet
 * @newest: no newer one came before
 * @timestamp: RTP timestamp
 *
 * Context: the stream's lock is held.
 */
static __always_inline void qsc_quality_take(struct qsc_quality *q, u32 scale, u64 index,
					     bool newest, u32 timestamp)
{
	u32 transit = mul_u64_u32_shr(ktime_get_ns(), scale, 32) - timestamp;
	s32 d = transit - q->transit;

	q->transit = transit;
	if (unlikely(!q->received++)) {
		q->first = index;
		return;
	}
	if (unlikely(!newest)) {
		q->late++;
		if (index < q->first)
			q->first = index;
	}
	/* RFC 3550 appendix A.8 */
	q->jitter += abs(d) - ((q->jitter + 8) >> 4);
}

/**
 * qsc_quality_lost() - packets that did not come
 * @q: of an SSRC
 * @top: highest index that came plus one
 *
 * Return: less than 0 never: each index counts once.
 */
static inline u64 qsc_quality_lost(const struct qsc_quality *q, u64 top)
{
	return q->received ? top - q->first - q->received : 0;
}

/**
 * qsc_quality_jitter_us() - interarrival jitter in microseconds
 * @q: of an SSRC
 * @clock: RTP clock rate in Hz
 */
static inline u32 qsc_quality_jitter_us(const struct qsc_quality *q, u32 clock)
{
	return div_u64((u64)(q->jitter >> 4) * USEC_PER_SEC, clock);
}

#endif /* _QSC_QUALITY_H */
