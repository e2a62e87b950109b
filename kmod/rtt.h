/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_RTT_H
#define _QSC_RTT_H

#include <linux/types.h>

/**
 * struct qsc_rtt - the way to a peer and back, from its RTCP (RFC 3550 section 6.4.1)
 * @sr: middle 32 bits of the NTP time of the last sender report sent to the peer
 * @sent: when it was sent, nanoseconds of CLOCK_MONOTONIC; 0 for never
 * @us: the round trip in microseconds that the last answer to one showed
 *
 * Written by one packet at a time as good as always, and only a figure: plain
 * stores without a lock.
 */
struct qsc_rtt {
	u32 sr;
	u64 sent;
	u32 us;
};

/**
 * qsc_rtt_sent() - RTCP goes to the peer
 * @r: of the peer
 * @p: compound packet in clear
 * @len: bytes
 */
void qsc_rtt_sent(struct qsc_rtt *r, const u8 *p, u32 len);

/**
 * qsc_rtt_received() - RTCP came from the peer
 * @r: of the peer
 * @p: compound packet in clear
 * @len: bytes
 */
void qsc_rtt_received(struct qsc_rtt *r, const u8 *p, u32 len);

#endif /* _QSC_RTT_H */
