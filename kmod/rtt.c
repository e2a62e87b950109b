// SPDX-License-Identifier: GPL-2.0
/* Round trips, from the reports that pass by. */

#include "rtt.h"

#include <linux/compiler.h>
#include <linux/ktime.h>

#include "srtp.h"

#define RTCP_SR 200
#define RTCP_RR 201
#define REPORT_LEN 24
#define SENDER_LEN 20 /* between header and reports of an SR */

/* One packet of a compound. Return: its bytes, 0 if there is none. */
static u32 packet_len(const u8 *p, u32 len)
{
	u32 n;

	if (len < QSC_RTCP_HEADER_LEN)
		return 0;
	n = (get_unaligned_be16(p + 2) + 1) * 4;
	return n > len ? 0 : n;
}

static void packet_sent(struct qsc_rtt *r, const u8 *p, u32 len)
{
	if (p[1] != RTCP_SR || len < QSC_RTCP_HEADER_LEN + SENDER_LEN)
		return;
	WRITE_ONCE(r->sr, get_unaligned_be32(p + QSC_RTCP_HEADER_LEN + 2));
	WRITE_ONCE(r->sent, ktime_get_ns());
}

/* @p: a report block, whose last words are LSR and DLSR, the latter in 1/65536 s. */
static void block_received(struct qsc_rtt *r, const u8 *p)
{
	u32 lsr = get_unaligned_be32(p + 16), dlsr = get_unaligned_be32(p + 20);
	u64 held = ((u64)dlsr * NSEC_PER_SEC) >> 16, sent = READ_ONCE(r->sent), now;

	if (!sent || lsr != READ_ONCE(r->sr))
		return;
	now = ktime_get_ns();
	if (now - sent < held)
		return;
	WRITE_ONCE(r->us, div_u64(now - sent - held, NSEC_PER_USEC));
}

static void packet_received(struct qsc_rtt *r, const u8 *p, u32 len)
{
	u32 at = QSC_RTCP_HEADER_LEN, n = p[0] & 31;

	if (p[1] == RTCP_SR)
		at += SENDER_LEN;
	else if (p[1] != RTCP_RR)
		return;
	for (; n && at + REPORT_LEN <= len; n--, at += REPORT_LEN)
		block_received(r, p + at);
}

void qsc_rtt_sent(struct qsc_rtt *r, const u8 *p, u32 len)
{
	u32 n;

	for (; (n = packet_len(p, len)); p += n, len -= n)
		packet_sent(r, p, n);
}

void qsc_rtt_received(struct qsc_rtt *r, const u8 *p, u32 len)
{
	u32 n;

	for (; (n = packet_len(p, len)); p += n, len -= n)
		packet_received(r, p, n);
}
