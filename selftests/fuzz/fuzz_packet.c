// SPDX-License-Identifier: GPL-2.0
/*
 * One packet: what it is taken for, where its header ends, and that SRTP and
 * SRTCP of it are what libsrtp makes of it, come back as they were, and do not
 * come back after a bit was flipped.
 *
 * Input: port use, flipped bit (2 bytes), packet.
 */
#include <srtp2/srtp.h>

#include "kdf.h"
#include "kernel/crypto.h"

#define PACKET_MAX 2048
#define RTCP_OVERHEAD (QSC_TAG_LEN + QSC_RTCP_INDEX_LEN)

static const u8 master[32 + 12] = "a master key of 32 bytes, and a salt of 12";
static struct qsc_key *key;
static srtp_t srtp;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	srtp_policy_t policy = { .window_size = 128, .ssrc.type = ssrc_any_outbound };
	struct qsc_key_params p = {
		.suite = qsc_suite_by_id(QSC_SUITE_AEAD_AES_256_GCM),
		.master = master,
		.salt = master + 32,
		.mki = master,
	};

	(void)argc;
	(void)argv;
	CHECK(!qsc_kdf_module_init());
	key = qsc_key_create(&p);
	CHECK(!IS_ERR(key));
	CHECK(srtp_init() == srtp_err_status_ok);
	srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
	srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
	policy.key = (u8 *)master;
	CHECK(srtp_create(&srtp, &policy) == srtp_err_status_ok);
	return 0;
}

/* RFC 3550 section 5.1 and 5.3.1, a field at a time; -1 if it does not fit. */
static int model_header_len(const u8 *p, u32 len)
{
	struct input in = { p, len };
	u8 first = take_u8(&in);
	const u8 *skipped;
	u32 words = 2 + (first & 15);

	if (len < 12 || take_span(&in, 3 + 4 * words, &skipped) != 3 + 4 * words)
		return -1;
	if (first >> 4 & 1) {
		if (in.left < 4)
			return -1;
		take_u16(&in);
		words = take_u16(&in);
		if (take_span(&in, 4 * words, &skipped) != 4 * words)
			return -1;
	}
	return (int)(in.p - p);
}

/* RFC 7983 section 7 with RFC 5761 section 4, as narrow as QSC takes it. */
static enum qsc_packet_kind model_kind(const u8 *p, u32 len, enum qsc_port_use use)
{
	static const u8 cookie[] = { 0x21, 0x12, 0xa4, 0x42 };
	u8 first = len ? p[0] : 0;

	if (len >= 8 && first >= 128 && first <= 191) {
		bool rtcp_type = p[1] >= 192 && p[1] <= 223;

		if (use == QSC_PORT_RTP || (use == QSC_PORT_MUX && !rtcp_type))
			return QSC_PACKET_RTP;
		return rtcp_type ? QSC_PACKET_RTCP : QSC_PACKET_OTHER;
	}
	if (len >= 20 && first <= 3 && !memcmp(p + 4, cookie, 4) && !(p[3] & 3) &&
	    p[2] * 256U + p[3] == len - 20)
		return QSC_PACKET_STUN;
	if (len >= 13 && first >= 20 && first <= 63 && p[1] == 0xfe &&
	    (p[2] == 0xff || p[2] == 0xfd))
		return QSC_PACKET_DTLS;
	return QSC_PACKET_OTHER;
}

/* What libsrtp makes of the packet as the first of a stream; its length or -1. */
static int reference(const u8 *p, u32 len, bool rtcp, u8 *out)
{
	srtp_err_status_t err;
	int n = (int)len;

	memcpy(out, p, len);
	err = rtcp ? srtp_protect_rtcp(srtp, out, &n) : srtp_protect(srtp, out, &n);
	/* So that the next packet is the first of its stream again */
	srtp_remove_stream(srtp, htonl(rtcp ? qsc_rtcp_ssrc(out) : qsc_rtp_ssrc(out)));
	return err == srtp_err_status_ok ? n : -1;
}

static void flip(u8 *p, u32 len, u16 bit)
{
	CHECK(len);
	p[bit / 8 % len] ^= 1U << bit % 8;
}

static bool rtp_opens(u8 *p, u32 len, u64 index)
{
	int hdr = qsc_rtp_header_len(p, len);

	if (hdr < 0 || hdr + QSC_TAG_LEN > (int)len)
		return false;
	return !qsc_rtp_unprotect(&key->rtp, index, p, hdr, len);
}

static void check_rtp(const u8 *p, u32 len, u16 bit)
{
	static u8 ref[PACKET_MAX + SRTP_MAX_TRAILER_LEN] __attribute__((aligned(8)));
	int hdr = qsc_rtp_header_len(p, len);
	int n = reference(p, len, false, ref);
	u64 index;
	u8 *out;

	CHECK(hdr == (model_header_len(p, len) < 0 ? -EBADMSG : model_header_len(p, len)));
	CHECK((hdr < 0) == (n < 0));
	if (hdr < 0)
		return;
	CHECK(hdr >= QSC_RTP_HEADER_LEN && hdr <= (int)len);

	index = qsc_rtp_estimate(0, 0, qsc_rtp_seq(p));
	out = exact_copy(p, len, QSC_TAG_LEN);
	CHECK(!qsc_rtp_protect(&key->rtp, index, out, hdr, len));
	CHECK(n == (int)len + QSC_TAG_LEN && !memcmp(out, ref, n));

	flip(ref, n, bit);
	CHECK(!rtp_opens(ref, n, index));
	CHECK(!rtp_opens(memcpy(ref, out, n), n, index ^ 1ULL << bit % 48));
	CHECK(rtp_opens(out, n, index));
	CHECK(!memcmp(out, p, len));
	free(out);
}

/* libsrtp's first SRTCP index is 1. */
static void check_rtcp(const u8 *p, u32 len, u16 bit)
{
	static u8 ref[PACKET_MAX + SRTP_MAX_TRAILER_LEN + 4] __attribute__((aligned(8)));
	int n = reference(p, len, true, ref);
	u8 *srtcp = exact_copy(p, len, RTCP_OVERHEAD);
	bool encrypted;

	CHECK(!qsc_rtcp_protect(&key->rtcp, 1, srtcp, len));
	CHECK(qsc_rtcp_index(srtcp, len + RTCP_OVERHEAD, &encrypted) == 1 && encrypted);
	CHECK(n == (int)len + RTCP_OVERHEAD && !memcmp(srtcp, ref, n));

	flip(ref, n, bit);
	CHECK(qsc_rtcp_unprotect(&key->rtcp, ref, n) == -EBADMSG);
	CHECK(!qsc_rtcp_unprotect(&key->rtcp, srtcp, n));
	CHECK(!memcmp(srtcp, p, len));
	free(srtcp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	enum qsc_port_use use = take_u8(&in) % 3;
	u16 bit = take_u16(&in);
	enum qsc_packet_kind kind;
	u32 len;
	u8 *p;

	if (in.left > PACKET_MAX)
		return -1;
	nonces_forget();
	len = in.left;
	p = exact_copy(in.p, len, 0);
	kind = qsc_packet_classify(p, len, use);
	CHECK(kind == model_kind(p, len, use));
	if (kind == QSC_PACKET_RTP)
		check_rtp(p, len, bit);
	else if (kind == QSC_PACKET_RTCP)
		check_rtcp(p, len, bit);
	free(p);
	return 0;
}
