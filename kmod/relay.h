/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_RELAY_H
#define _QSC_RELAY_H

#include "call.h"
#include "skb.h"

/**
 * qsc_relay() - take a packet of one leg, send it from the other
 * @net: namespace
 * @u: packet with its payload found; BH may be on
 * @in: tuple of its addresses, or of its local one if the leg learns the remote
 * @kind: QSC_PACKET_RTP or QSC_PACKET_RTCP
 *
 * Context: RCU read lock.
 * Return: NF_DROP, counted, or NF_STOLEN: the packet is on its way.
 */
unsigned int qsc_relay(struct net *net, struct qsc_udp *u, struct qsc_tuple *in,
		       enum qsc_packet_kind kind);

#endif /* _QSC_RELAY_H */
