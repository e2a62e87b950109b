/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_SRTP_H
#define _QSC_SRTP_H

#include <linux/types.h>

#include "aead.h"
#include "cm.h"
#include "compat.h"

#define QSC_RTP_VERSION 2
#define QSC_RTP_HEADER_LEN 12
#define QSC_RTCP_HEADER_LEN 8
#define QSC_RTCP_INDEX_LEN 4 /* E flag and SRTCP index, RFC 3711 section 3.4 */
#define QSC_RTP_INDEX_MAX (BIT_ULL(48) - 1)
#define QSC_RTCP_INDEX_MAX (BIT_ULL(31) - 1)

enum qsc_packet_kind {
	QSC_PACKET_OTHER = 0,
	QSC_PACKET_RTP,
	QSC_PACKET_RTCP,
	QSC_PACKET_STUN,
	QSC_PACKET_DTLS,
};

/* What a UDP port carries. */
enum qsc_port_use {
	QSC_PORT_RTP,
	QSC_PORT_RTCP,
	QSC_PORT_MUX, /* RFC 5761 */
};

/**
 * struct qsc_srtp - crypto context of one direction of RTP or of RTCP
 * @aead: session key
 * @salt: session salt in the shape of an IV, for it is XORed into one
 * @cm: instead of both, for a suite that is no AEAD
 *
 * Read-only between creation and destruction.
 */
struct qsc_srtp {
	struct qsc_aead aead;
	struct qsc_iv salt;
	struct qsc_cm cm;
};

/**
 * qsc_suite_driver() - which driver a suite runs on
 * @suite: any suite with keys
 * @fast: set to whether it is not a slow one; may be NULL
 *
 * Return: driver name, static for the life of the module; NULL if this kernel
 * does not have the suite.
 */
const char *qsc_suite_driver(const struct qsc_suite_desc *suite, bool *fast);

/* The part of qsc_packet_classify() that is not RTP or RTCP. */
enum qsc_packet_kind qsc_packet_classify_other(const u8 *p, u32 len);

/**
 * qsc_packet_classify() - what a UDP payload is (RFC 7983, RFC 5761 section 4)
 * @p: payload
 * @len: bytes
 * @use: what its port carries
 *
 * STUN is recognised by its cookie and length, not by its first byte alone:
 * nothing else may pass in its name.
 */
static __always_inline enum qsc_packet_kind qsc_packet_classify(const u8 *p, u32 len,
								enum qsc_port_use use)
{
	if (unlikely(len < QSC_RTCP_HEADER_LEN || p[0] >> 6 != QSC_RTP_VERSION))
		return qsc_packet_classify_other(p, len);
	if (use == QSC_PORT_RTP)
		return QSC_PACKET_RTP;
	if (p[1] >= 192 && p[1] <= 223)
		return QSC_PACKET_RTCP;
	return use == QSC_PORT_MUX ? QSC_PACKET_RTP : QSC_PACKET_OTHER;
}

/**
 * qsc_rtp_header_len() - header, CSRCs and extension (RFC 3550 section 5)
 * @p: packet
 * @len: bytes in @p, at least one
 *
 * Return: bytes, at most @len; or -EBADMSG if the header does not fit.
 */
static __always_inline int qsc_rtp_header_len(const u8 *p, u32 len)
{
	u32 hdr = QSC_RTP_HEADER_LEN + (p[0] & 0x0f) * 4;

	if (unlikely(p[0] & 0x10)) {
		hdr += 4;
		if (len < hdr)
			return -EBADMSG;
		hdr += get_unaligned_be16(p + hdr - 2) * 4;
	}
	return unlikely(len < hdr) ? -EBADMSG : hdr;
}

/**
 * qsc_rtp_estimate() - 48-bit index of a packet (RFC 3711 section 3.3.1)
 * @top: highest index known plus one; 0 if none
 * @roc: roll-over counter of the first packet, used only if @top is 0
 * @seq: sequence number of the packet
 *
 * Return: index; QSC_RTP_INDEX_MAX + 1 or more if the 48 bits are used up.
 */
static __always_inline u64 qsc_rtp_estimate(u64 top, u32 roc, u16 seq)
{
	u64 highest, base;
	u16 last;

	if (unlikely(!top))
		return (u64)roc << 16 | seq;
	highest = top - 1;
	last = highest;
	base = highest - last;
	if (last < 0x8000) {
		/* Before the first wrap there is no ROC below. */
		if (unlikely(seq > last && seq - last > 0x8000 && base))
			base -= 0x10000;
	} else if (unlikely(last - 0x8000 > seq)) {
		base += 0x10000;
	}
	return base + seq;
}

static inline u16 qsc_rtp_seq(const u8 *p)
{
	return get_unaligned_be16(p + 2);
}

static inline u32 qsc_rtp_ssrc(const u8 *p)
{
	return get_unaligned_be32(p + 8);
}

static inline u32 qsc_rtcp_ssrc(const u8 *p)
{
	return get_unaligned_be32(p + 4);
}

/* RFC 7714 section 8.1 (RTP) and 9.1 (RTCP); both have this shape. */
static __always_inline struct qsc_iv qsc_srtp_iv(const struct qsc_srtp *c, u32 ssrc, u64 index)
{
	return (struct qsc_iv){
		.high = c->salt.high ^ ((u64)ssrc << 16 | index >> 32),
		.low = c->salt.low ^ (u32)index,
	};
}

/**
 * qsc_rtp_protect() - RTP to SRTP, in place (RFC 7714 section 8)
 * @c: crypto context
 * @index: 48-bit index, reserved: never used before with this key and SSRC
 * @p: packet, with QSC_TAG_LEN bytes of room behind it
 * @hdr: from qsc_rtp_header_len()
 * @len: bytes of the packet
 *
 * Context: BH disabled.
 * Return: see qsc_aead_encrypt(). The packet has grown by QSC_TAG_LEN.
 */
static __always_inline int qsc_rtp_protect(const struct qsc_srtp *c, u64 index, u8 *p, u32 hdr,
					   u32 len)
{
	return qsc_aead_encrypt(&c->aead, qsc_srtp_iv(c, qsc_rtp_ssrc(p), index), p, hdr,
				len - hdr);
}

/**
 * qsc_rtp_unprotect() - SRTP to RTP, in place
 * @c: crypto context
 * @index: estimated index
 * @p: packet, without MKI
 * @hdr: from qsc_rtp_header_len()
 * @len: bytes, at least @hdr + QSC_TAG_LEN
 *
 * Context: BH disabled.
 * Return: see qsc_aead_decrypt(). The packet has shrunk by QSC_TAG_LEN.
 */
static __always_inline int qsc_rtp_unprotect(const struct qsc_srtp *c, u64 index, u8 *p, u32 hdr,
					     u32 len)
{
	return qsc_aead_decrypt(&c->aead, qsc_srtp_iv(c, qsc_rtp_ssrc(p), index), p, hdr,
				len - hdr - QSC_TAG_LEN);
}

/**
 * qsc_rtcp_protect() - RTCP to SRTCP, in place (RFC 7714 section 9)
 * @c: crypto context
 * @index: 31-bit index, reserved
 * @p: packet, with QSC_TAG_LEN + QSC_RTCP_INDEX_LEN bytes of room behind it
 * @len: bytes of the packet, at least QSC_RTCP_HEADER_LEN
 *
 * Context: BH disabled.
 * Return: see qsc_aead_encrypt().
 */
int qsc_rtcp_protect(const struct qsc_srtp *c, u32 index, u8 *p, u32 len);

/**
 * qsc_rtcp_index() - E flag and index of an SRTCP packet
 * @p: packet, without MKI
 * @len: bytes, at least QSC_RTCP_INDEX_LEN
 * @encrypted: set to the E flag
 *
 * Return: index.
 */
u32 qsc_rtcp_index(const u8 *p, u32 len, bool *encrypted);

/**
 * qsc_rtcp_unprotect() - SRTCP with E set to RTCP, in place
 * @c: crypto context
 * @p: packet, without MKI
 * @len: bytes, at least QSC_RTCP_HEADER_LEN + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN
 *
 * Context: BH disabled.
 * Return: see qsc_aead_decrypt().
 */
int qsc_rtcp_unprotect(const struct qsc_srtp *c, u8 *p, u32 len);

/*
 * The same for suites that are no AEAD (RFC 3711 section 3.1 and 3.4): there the MKI
 * comes before the tag. @len is without both, and without the index of SRTCP; the
 * caller writes the MKI.
 */
int qsc_rtp_protect_cm(const struct qsc_srtp *c, u64 index, u8 *p, u32 hdr, u32 len, u32 mki_len);
int qsc_rtp_unprotect_cm(const struct qsc_srtp *c, u64 index, u8 *p, u32 hdr, u32 len, u32 mki_len);
int qsc_rtcp_protect_cm(const struct qsc_srtp *c, u32 index, u8 *p, u32 len, u32 mki_len);
int qsc_rtcp_unprotect_cm(const struct qsc_srtp *c, u32 index, u8 *p, u32 len, u32 mki_len);

#endif /* _QSC_SRTP_H */
