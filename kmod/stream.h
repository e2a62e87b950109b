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
	return key->overhead + (kind == QSC_PACKET_RTCP ? QSC_RTCP_INDEX_LEN : 0);
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

/**
 * qsc_stream_take_plain() - take one packet in that is not protected
 * @s: receiving direction of a plain leg
 * @kind: QSC_PACKET_RTP or QSC_PACKET_RTCP
 * @p: packet; if RTP, with a whole header
 * @len: bytes
 *
 * Context: BH disabled, RCU read lock.
 */
void qsc_stream_take_plain(struct qsc_stream *s, enum qsc_packet_kind kind, const u8 *p, u32 len);

/**
 * qsc_stream_send_plain() - count one packet that leaves unprotected
 * @s: sending direction of a plain leg
 * @kind: QSC_PACKET_RTP or QSC_PACKET_RTCP
 * @len: bytes
 *
 * Context: as above.
 */
void qsc_stream_send_plain(struct qsc_stream *s, enum qsc_packet_kind kind, u32 len);

/**
 * qsc_stream_rtcp_index() - SRTCP index of a packet as it came in
 * @key: of its direction
 * @p: packet, MKI included
 * @len: bytes
 *
 * Return: index; anything if the packet is too short.
 */
static inline u32 qsc_stream_rtcp_index(const struct qsc_key *key, const u8 *p, u32 len)
{
	bool encrypted;

	u32 behind = key->cm ? key->overhead : key->mki_len;

	if (len < QSC_RTCP_INDEX_LEN + behind)
		return 0;
	return qsc_rtcp_index(p, len - behind, &encrypted);
}

/**
 * qsc_stream_is_newest() - did nothing newer come in from the source of a packet
 * @s: receiving direction
 * @kind: QSC_PACKET_RTP or QSC_PACKET_RTCP
 * @ssrc: of a packet that authenticated
 * @index: low 16 bits of its index for RTP, its SRTCP index for RTCP
 *
 * Context: @s->lock is held.
 */
bool qsc_stream_is_newest(const struct qsc_stream *s, enum qsc_packet_kind kind, u32 ssrc,
			  u32 index);

#endif /* _QSC_STREAM_H */
