/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_STREAM_H
#define _QSC_STREAM_H

#include "keyring.h"

/**
 * qsc_stream_overhead() - bytes that protecting a packet adds
 * @key: generation
 * @kind: QSC_PACKET_RTP or QSC_PACKET_RTCP
 */
static inline u32 qsc_stream_overhead(const struct qsc_key *key, enum qsc_packet_kind kind)
{
	return QSC_TAG_LEN + key->mki_len + (kind == QSC_PACKET_RTCP ? QSC_RTCP_INDEX_LEN : 0);
}

/**
 * qsc_stream_protect() - encrypt one packet in place
 * @s: sending direction
 * @key: generation, read from @s->cur in the same RCU section
 * @kind: QSC_PACKET_RTP or QSC_PACKET_RTCP
 * @p: packet, with qsc_stream_overhead() bytes of room behind it
 * @len: bytes
 *
 * Reserves the index under @s->lock before it encrypts, so that one (SSRC,
 * index) is never used twice, whatever the application sends.
 *
 * Context: BH disabled, RCU read lock.
 * Return: QSC_VERDICT_OK, or the QSC_TX_STAT() to count the drop under. On a
 * drop @p may be garbage.
 */
unsigned int qsc_stream_protect(struct qsc_stream *s, struct qsc_key *key,
				enum qsc_packet_kind kind, u8 *p, u32 len);

/**
 * qsc_stream_unprotect() - authenticate and decrypt one packet in place
 * @s: receiving direction
 * @kind: QSC_PACKET_RTP or QSC_PACKET_RTCP
 * @p: packet
 * @len: bytes; set to the bytes of the plain packet
 *
 * Estimates the index, looks at the replay window, authenticates, then looks
 * again and commits under @s->lock. A forged packet costs one pass of the
 * cipher at most, and changes nothing.
 *
 * Context: BH disabled, RCU read lock.
 * Return: QSC_VERDICT_OK, or the QSC_RX_STAT() to count the drop under. On a
 * drop @p may be garbage.
 */
unsigned int qsc_stream_unprotect(struct qsc_stream *s, enum qsc_packet_kind kind, u8 *p, u32 *len);

#endif /* _QSC_STREAM_H */
