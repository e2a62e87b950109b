// SPDX-License-Identifier: GPL-2.0
/* SRTP and SRTCP on buffers: formats, indices and IVs. No state, no locks. */

#include "srtp.h"

#include <linux/kernel.h>
#include <linux/string.h>

#define STUN_HEADER_LEN 20
#define STUN_COOKIE 0x2112a442 /* RFC 8489 section 5 */
#define DTLS_HEADER_LEN 13
#define RTCP_E_FLAG BIT(31)

const char *qsc_suite_driver(const struct qsc_suite_desc *suite, bool *fast)
{
	if (!suite->cm)
		return qsc_aead_driver(suite, fast);
	if (fast)
		*fast = false;
	return qsc_cm_driver();
}

static bool is_stun(const u8 *p, u32 len)
{
	u16 body;

	if (len < STUN_HEADER_LEN || p[0] > 3)
		return false;
	body = get_unaligned_be16(p + 2);
	return body % 4 == 0 && body + STUN_HEADER_LEN == len &&
	       get_unaligned_be32(p + 4) == STUN_COOKIE;
}

/* DTLS 1.0 and 1.2 records carry version 254.255 or 254.253. */
static bool is_dtls(const u8 *p, u32 len)
{
	return len >= DTLS_HEADER_LEN && p[0] >= 20 && p[0] <= 63 && p[1] == 254 &&
	       (p[2] == 255 || p[2] == 253);
}

enum qsc_packet_kind qsc_packet_classify_other(const u8 *p, u32 len)
{
	if (is_stun(p, len))
		return QSC_PACKET_STUN;
	if (is_dtls(p, len))
		return QSC_PACKET_DTLS;
	return QSC_PACKET_OTHER;
}

/* AAD of an encrypted packet: its first eight bytes and the index word. */
static void make_rtcp_aad(u8 *aad, const u8 *p, const u8 *word)
{
	memcpy(aad, p, QSC_RTCP_HEADER_LEN);
	memcpy(aad + QSC_RTCP_HEADER_LEN, word, QSC_RTCP_INDEX_LEN);
}

static_assert(QSC_RTCP_HEADER_LEN + QSC_RTCP_INDEX_LEN == QSC_AEAD_SPLIT_AAD);

int qsc_rtcp_protect(const struct qsc_srtp *c, u32 index, u8 *p, u32 len)
{
	struct qsc_iv iv = qsc_srtp_iv(c, qsc_rtcp_ssrc(p), index);
	u8 *word = p + len + QSC_TAG_LEN;
	u8 aad[QSC_AEAD_SPLIT_AAD];

	put_unaligned_be32(RTCP_E_FLAG | index, word);
	make_rtcp_aad(aad, p, word);
	return qsc_aead_encrypt_split(&c->aead, iv, aad, p + QSC_RTCP_HEADER_LEN,
				      len - QSC_RTCP_HEADER_LEN);
}

u32 qsc_rtcp_index(const u8 *p, u32 len, bool *encrypted)
{
	u32 word = get_unaligned_be32(p + len - QSC_RTCP_INDEX_LEN);

	*encrypted = word & RTCP_E_FLAG;
	return word & ~RTCP_E_FLAG;
}

int qsc_rtcp_unprotect(const struct qsc_srtp *c, u8 *p, u32 len)
{
	u8 aad[QSC_AEAD_SPLIT_AAD];
	bool encrypted;
	u32 index;

	index = qsc_rtcp_index(p, len, &encrypted);
	make_rtcp_aad(aad, p, p + len - QSC_RTCP_INDEX_LEN);
	len -= QSC_RTCP_HEADER_LEN + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN;
	return qsc_aead_decrypt_split(&c->aead, qsc_srtp_iv(c, qsc_rtcp_ssrc(p), index), aad,
				      p + QSC_RTCP_HEADER_LEN, len);
}

/* The ROC is authenticated but not sent. */
static __be32 roc_of(u64 index)
{
	return cpu_to_be32(index >> 16);
}

int qsc_rtp_protect_cm(const struct qsc_srtp *c, u64 index, u8 *p, u32 hdr, u32 len, u32 mki_len)
{
	return qsc_cm_protect(&c->cm, qsc_rtp_ssrc(p), index, p, hdr, len, roc_of(index),
			      p + len + mki_len);
}

int qsc_rtp_unprotect_cm(const struct qsc_srtp *c, u64 index, u8 *p, u32 hdr, u32 len, u32 mki_len)
{
	return qsc_cm_unprotect(&c->cm, qsc_rtp_ssrc(p), index, p, hdr, len, roc_of(index),
				p + len + mki_len);
}

int qsc_rtcp_protect_cm(const struct qsc_srtp *c, u32 index, u8 *p, u32 len, u32 mki_len)
{
	__be32 word = cpu_to_be32(RTCP_E_FLAG | index);

	put_unaligned(word, (__be32 *)(p + len));
	return qsc_cm_protect(&c->cm, qsc_rtcp_ssrc(p), index, p, QSC_RTCP_HEADER_LEN, len, word,
			      p + len + QSC_RTCP_INDEX_LEN + mki_len);
}

int qsc_rtcp_unprotect_cm(const struct qsc_srtp *c, u32 index, u8 *p, u32 len, u32 mki_len)
{
	__be32 word = get_unaligned((__be32 *)(p + len));

	return qsc_cm_unprotect(&c->cm, qsc_rtcp_ssrc(p), index, p, QSC_RTCP_HEADER_LEN, len, word,
				p + len + QSC_RTCP_INDEX_LEN + mki_len);
}
