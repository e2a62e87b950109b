/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_LATCH_H
#define _QSC_LATCH_H

#include "call.h"

/**
 * qsc_latch_plain() - may a packet of a plain leg that learns its remote come in
 * @tuple: of the leg
 * @from: where it comes from
 *
 * Anybody can send plain packets. So the first from the prefix that the leg was
 * made with says where the remote is, within the leg's window, and never again.
 *
 * Context: BH disabled, RCU read lock.
 * Return: whether it comes from the remote.
 */
bool qsc_latch_plain(struct qsc_tuple *tuple, const struct qsc_addr *from);

/**
 * qsc_latch_secure() - a packet of a leg that learns its remote has authenticated
 * @tuple: of the leg
 * @kind: QSC_PACKET_RTP or QSC_PACKET_RTCP
 * @ssrc: of the packet
 * @index: see qsc_stream_is_newest()
 * @from: where it comes from
 *
 * If nothing newer has come from this source of media, its sender's address is the
 * remote from now on. Where one port carries RTP and RTCP, the two have no common
 * order: RTCP does so only as long as there was no RTP.
 *
 * Context: BH disabled, RCU read lock.
 */
void qsc_latch_secure(struct qsc_tuple *tuple, enum qsc_packet_kind kind, u32 ssrc, u32 index,
		      const struct qsc_addr *from);

#endif /* _QSC_LATCH_H */
