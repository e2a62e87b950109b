// SPDX-License-Identifier: GPL-2.0
/*
 * SRTP and SRTCP with AES-GCM against the vectors of RFC 7714 sections 16 and
 * 17, on this kernel's driver and on the portable fallback.
 */

#include <linux/slab.h>
#ifdef CONFIG_X86
#include <asm/fpu/api.h>
#endif

#include "../srtp.h"
#include "test.h"

#define PACKET_MAX 2048

struct vector {
	u32 suite;
	const char *key;
	const char *srtp; /* section 16.x.1: protected packet */
	const char *rtp_tag; /* section 16.x.3: tag of the packet as AAD */
	const char *srtcp; /* sections 17.1 and 17.2: protected packet */
	const char *rtcp_tag; /* sections 17.3 and 17.4: tag of packet and index as AAD */
};

#define SALT "517569642070726f2071756f" /* "Quid pro quo" */

/* "Gallia est omnis divisa in partes tres" */
#define RTP_HEADER "8040f17b8041f8d35501a0b2"
#define RTP_SSRC 0x5501a0b2
#define RTP_INDEX 0xf17b
#define RTP                                                                           \
	RTP_HEADER "47616c6c696120657374206f6d6e69732064697669736120696e207061727465" \
		   "732074726573"
#define SRTP_128                                                                      \
	RTP_HEADER "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b" \
		   "36de3adf8833899d7f27beb16a9152cf765ee4390cce"
#define SRTP_256                                                                      \
	RTP_HEADER "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f" \
		   "1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13"

/* The packet of 17.1 to 17.4; what introduces section 17 is another one. */
#define RTCP_HEADER "81c8000d4d617273"
#define RTCP_SSRC 0x4d617273
#define RTCP_INDEX 0x5d4
#define RTCP                                                                           \
	RTCP_HEADER "4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeef" \
		    "deadbeefdeadbeefdeadbeef"
#define SRTCP_128                                                                      \
	RTCP_HEADER "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda" \
		    "4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4"
#define SRTCP_256                                                                      \
	RTCP_HEADER "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be" \
		    "8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4"

static const struct vector aes_128 = {
	.suite = QSC_SUITE_AEAD_AES_128_GCM,
	.key = "000102030405060708090a0b0c0d0e0f",
	.srtp = SRTP_128,
	.rtp_tag = "22493f82d2bce397e9d79e3b19aa4216",
	.srtcp = SRTCP_128,
	.rtcp_tag = "841dd9683dd78ec92ae58790125f62b3",
};

static const struct vector aes_256 = {
	.suite = QSC_SUITE_AEAD_AES_256_GCM,
	.key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	.srtp = SRTP_256,
	.rtp_tag = "a866d5910f887463067ceefec45215d4",
	.srtcp = SRTCP_256,
	.rtcp_tag = "91db4afbfeee5a978fab4393ed2615fe",
};

struct run {
	const char *name;
	const struct vector *v;
	bool portable;
};

static const struct run runs[] = {
	{ "AEAD_AES_128_GCM, driver", &aes_128 },
	{ "AEAD_AES_256_GCM, driver", &aes_256 },
	{ "AEAD_AES_128_GCM, fallback", &aes_128, .portable = true },
	{ "AEAD_AES_256_GCM, fallback", &aes_256, .portable = true },
};

static void run_desc(const struct run *r, char *desc)
{
	strscpy(desc, r->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(run, runs, run_desc);

struct fixture {
	struct qsc_srtp c;
	bool ready;
	u8 *p; /* packet */
	u8 *want;
};

static int gcm_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->p = kunit_kzalloc(test, PACKET_MAX, GFP_KERNEL);
	f->want = kunit_kzalloc(test, PACKET_MAX, GFP_KERNEL);
	if (!f->p || !f->want)
		return -ENOMEM;
	test->priv = f;
	return 0;
}

static void gcm_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	if (f->ready)
		qsc_aead_destroy(&f->c.aead);
	qsc_test_set_param(test, "simd", "Y");
}

static void set_key(struct kunit *test, u32 suite, const u8 *key)
{
	const struct qsc_suite_desc *desc = qsc_suite_by_id(suite);
	struct fixture *f = test->priv;
	u8 salt[QSC_SALT_LEN];

	if (f->ready)
		qsc_aead_destroy(&f->c.aead);
	f->ready = false;
	KUNIT_ASSERT_EQ(test, qsc_aead_init(&f->c.aead, desc, key), 0);
	f->ready = true;
	qsc_test_unhex(salt, SALT);
	f->c.salt.high = get_unaligned_be64(salt);
	f->c.salt.low = get_unaligned_be32(salt + 8);
}

/*
 * A kernel whose own driver needs no SIMD registers never takes the fallback;
 * it is tested there as well.
 */
static void use_portable(struct kunit *test, const u8 *key)
{
	struct fixture *f = test->priv;

	f->c.aead.needs_simd = true;
	memcpy(f->c.aead.key, key, f->c.aead.key_len);
	qsc_test_set_param(test, "simd", "N");
}

static struct fixture *start(struct kunit *test)
{
	const struct run *r = test->param_value;
	u8 key[QSC_AEAD_KEY_MAX];

	qsc_test_unhex(key, r->v->key);
	set_key(test, r->v->suite, key);
	if (r->portable)
		use_portable(test, key);
	return test->priv;
}

/* What a good packet gives: the fallback says that it was at work. */
static int good(const struct run *r)
{
	return r->portable ? 1 : 0;
}

static int encrypt(struct fixture *f, struct qsc_iv iv, u8 *p, u32 aad_len, u32 len)
{
	int err;

	local_bh_disable();
	err = qsc_aead_encrypt(&f->c.aead, iv, p, aad_len, len);
	local_bh_enable();
	return err;
}

static int decrypt(struct fixture *f, struct qsc_iv iv, u8 *p, u32 aad_len, u32 len)
{
	int err;

	local_bh_disable();
	err = qsc_aead_decrypt(&f->c.aead, iv, p, aad_len, len);
	local_bh_enable();
	return err;
}

static int encrypt_split(struct fixture *f, struct qsc_iv iv, const u8 *aad, u8 *p, u32 len)
{
	int err;

	local_bh_disable();
	err = qsc_aead_encrypt_split(&f->c.aead, iv, aad, p, len);
	local_bh_enable();
	return err;
}

static int decrypt_split(struct fixture *f, struct qsc_iv iv, const u8 *aad, u8 *p, u32 len)
{
	int err;

	local_bh_disable();
	err = qsc_aead_decrypt_split(&f->c.aead, iv, aad, p, len);
	local_bh_enable();
	return err;
}

static int protect_rtp(struct fixture *f, u64 index, u32 len)
{
	int err;

	local_bh_disable();
	err = qsc_rtp_protect(&f->c, index, f->p, qsc_rtp_header_len(f->p, len), len);
	local_bh_enable();
	return err;
}

static int unprotect_rtp(struct fixture *f, u64 index, u32 len)
{
	int err;

	local_bh_disable();
	err = qsc_rtp_unprotect(&f->c, index, f->p, qsc_rtp_header_len(f->p, len), len);
	local_bh_enable();
	return err;
}

static int protect_rtcp(struct fixture *f, u32 index, u32 len)
{
	int err;

	local_bh_disable();
	err = qsc_rtcp_protect(&f->c, index, f->p, len);
	local_bh_enable();
	return err;
}

static int unprotect_rtcp(struct fixture *f, u32 len)
{
	int err;

	local_bh_disable();
	err = qsc_rtcp_unprotect(&f->c, f->p, len);
	local_bh_enable();
	return err;
}

static void rtp_is_protected_as_in_section_16(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct fixture *f = start(test);
	u32 len, srtp_len;

	len = qsc_test_unhex(f->p, RTP);
	srtp_len = qsc_test_unhex(f->want, r->v->srtp);
	KUNIT_ASSERT_EQ(test, srtp_len, len + QSC_TAG_LEN);
	KUNIT_EXPECT_EQ(test, protect_rtp(f, RTP_INDEX, len), good(r));
	KUNIT_EXPECT_MEMEQ(test, f->p, f->want, srtp_len);
}

static void rtp_is_unprotected_as_in_section_16(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct fixture *f = start(test);
	u32 len, srtp_len;

	srtp_len = qsc_test_unhex(f->p, r->v->srtp);
	len = qsc_test_unhex(f->want, RTP);
	KUNIT_EXPECT_EQ(test, unprotect_rtp(f, RTP_INDEX, srtp_len), good(r));
	KUNIT_EXPECT_MEMEQ(test, f->p, f->want, len);
}

static void rtcp_is_protected_as_in_section_17(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct fixture *f = start(test);
	u32 len, srtcp_len;

	len = qsc_test_unhex(f->p, RTCP);
	srtcp_len = qsc_test_unhex(f->want, r->v->srtcp);
	KUNIT_ASSERT_EQ(test, srtcp_len, len + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN);
	KUNIT_EXPECT_EQ(test, protect_rtcp(f, RTCP_INDEX, len), good(r));
	KUNIT_EXPECT_MEMEQ(test, f->p, f->want, srtcp_len);
}

static void rtcp_is_unprotected_as_in_section_17(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct fixture *f = start(test);
	u32 len, srtcp_len;

	srtcp_len = qsc_test_unhex(f->p, r->v->srtcp);
	len = qsc_test_unhex(f->want, RTCP);
	KUNIT_EXPECT_EQ(test, unprotect_rtcp(f, srtcp_len), good(r));
	KUNIT_EXPECT_MEMEQ(test, f->p, f->want, len);
}

static void expect_tag(struct kunit *test, struct qsc_iv iv, u32 len, const char *hex)
{
	const struct run *r = test->param_value;
	struct fixture *f = test->priv;

	qsc_test_unhex(f->want, hex);
	KUNIT_EXPECT_EQ(test, encrypt(f, iv, f->p, len, 0), good(r));
	KUNIT_EXPECT_MEMEQ(test, f->p + len, f->want, QSC_TAG_LEN);
	KUNIT_EXPECT_EQ(test, decrypt(f, iv, f->p, len, 0), good(r));
}

/* Sections 16.1.3 to 17.4 also authenticate without encrypting. */
static void tag_alone_is_as_in_section_16_and_17(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct fixture *f = start(test);
	u32 len;

	len = qsc_test_unhex(f->p, RTP);
	expect_tag(test, qsc_srtp_iv(&f->c, RTP_SSRC, RTP_INDEX), len, r->v->rtp_tag);
	len = qsc_test_unhex(f->p, RTCP);
	put_unaligned_be32(RTCP_INDEX, f->p + len);
	expect_tag(test, qsc_srtp_iv(&f->c, RTCP_SSRC, RTCP_INDEX), len + QSC_RTCP_INDEX_LEN,
		   r->v->rtcp_tag);
}

/* Header, ciphertext and tag: there is no bit that may change. */
static void rtp_with_any_bit_changed_is_forged(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct fixture *f = start(test);
	u32 len, bit;

	len = qsc_test_unhex(f->want, r->v->srtp);
	for (bit = 0; bit < len * 8; bit++) {
		memcpy(f->p, f->want, len);
		f->p[bit / 8] ^= 1 << bit % 8;
		/* What moves the end of the header behind the tag is not for here. */
		if (qsc_rtp_header_len(f->p, len - QSC_TAG_LEN) < 0)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, unprotect_rtp(f, RTP_INDEX, len), -EBADMSG, "bit %u",
				    bit);
	}
	memcpy(f->p, f->want, len);
	KUNIT_EXPECT_EQ(test, unprotect_rtp(f, RTP_INDEX, len), good(r));
}

static void rtp_with_another_index_is_forged(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct fixture *f = start(test);
	u32 len, bit;

	len = qsc_test_unhex(f->want, r->v->srtp);
	for (bit = 0; bit < 48; bit++) {
		memcpy(f->p, f->want, len);
		KUNIT_EXPECT_EQ_MSG(test, unprotect_rtp(f, RTP_INDEX ^ BIT_ULL(bit), len), -EBADMSG,
				    "bit %u", bit);
	}
}

static void rtcp_with_any_bit_changed_is_forged(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct fixture *f = start(test);
	u32 len, bit;

	len = qsc_test_unhex(f->want, r->v->srtcp);
	for (bit = 0; bit < len * 8; bit++) {
		memcpy(f->p, f->want, len);
		f->p[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_EQ_MSG(test, unprotect_rtcp(f, len), -EBADMSG, "bit %u", bit);
	}
	memcpy(f->p, f->want, len);
	KUNIT_EXPECT_EQ(test, unprotect_rtcp(f, len), good(r));
}

/* RFC 8998 appendix A.1 */
#define SM4_KEY "0123456789abcdeffedcba9876543210"
#define SM4_IV_HIGH 0x0000123456780000
#define SM4_IV_LOW 0x0000abcd
#define SM4_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define SM4_PLAIN                                                          \
	"aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd" \
	"eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
#define SM4_CIPHER                                                         \
	"17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735" \
	"d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d" \
	"83de3541e4c2b58177e065a9bf7b62ec"

static void sm4_is_as_in_rfc_8998(struct kunit *test)
{
	struct qsc_iv iv = { .high = SM4_IV_HIGH, .low = SM4_IV_LOW };
	struct fixture *f = test->priv;
	u8 key[QSC_AEAD_KEY_MAX];
	u32 aad, len;

	if (!qsc_aead_driver(qsc_suite_by_id(QSC_SUITE_AEAD_SM4_GCM), NULL))
		kunit_skip(test, "this kernel has no gcm(sm4)");
	qsc_test_unhex(key, SM4_KEY);
	set_key(test, QSC_SUITE_AEAD_SM4_GCM, key);
	aad = qsc_test_unhex(f->p, SM4_AAD);
	len = qsc_test_unhex(f->p + aad, SM4_PLAIN);
	qsc_test_unhex(f->want, SM4_AAD SM4_CIPHER);
	KUNIT_EXPECT_EQ(test, encrypt(f, iv, f->p, aad, len), 0);
	KUNIT_EXPECT_MEMEQ(test, f->p, f->want, aad + len + QSC_TAG_LEN);
	KUNIT_EXPECT_EQ(test, decrypt(f, iv, f->p, aad, len), 0);
	qsc_test_unhex(f->want, SM4_AAD SM4_PLAIN);
	KUNIT_EXPECT_MEMEQ(test, f->p, f->want, aad + len);
}

/* Every length, so every way in which a driver splits blocks. */
static void driver_and_fallback_agree(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 key[QSC_AEAD_KEY_MAX];
	struct rnd_state rnd;
	u32 len, suite, aad;

	prandom_seed_state(&rnd, 7714);
	for (len = 0; len < 600; len += 1 + len / 150) {
		struct qsc_iv iv = { .high = prandom_u32_state(&rnd), .low = len };
		u32 total;

		suite = len % 2 ? QSC_SUITE_AEAD_AES_128_GCM : QSC_SUITE_AEAD_AES_256_GCM;
		aad = 12 + 4 * qsc_test_below(&rnd, 17);
		total = aad + len + QSC_TAG_LEN;
		prandom_bytes_state(&rnd, key, sizeof(key));
		prandom_bytes_state(&rnd, f->p, total);
		memcpy(f->want, f->p, total);

		set_key(test, suite, key);
		KUNIT_EXPECT_EQ(test, encrypt(f, iv, f->p, aad, len), 0);
		use_portable(test, key);
		KUNIT_EXPECT_EQ(test, encrypt(f, iv, f->want, aad, len), 1);
		KUNIT_EXPECT_MEMEQ(test, f->p, f->want, total);

		KUNIT_EXPECT_EQ(test, decrypt(f, iv, f->p, aad, len), 1);
		qsc_test_set_param(test, "simd", "Y");
		KUNIT_EXPECT_EQ(test, decrypt(f, iv, f->want, aad, len), 0);
		KUNIT_EXPECT_MEMEQ(test, f->p, f->want, aad + len);
	}
}

static void split_and_linear_agree(struct kunit *test)
{
	const struct run *r = test->param_value;
	struct qsc_iv iv = { .high = 1, .low = 2 };
	struct fixture *f = start(test);
	struct rnd_state rnd;
	u8 aad[12];
	u32 len;

	prandom_seed_state(&rnd, 5116);
	for (len = 1; len < 200; len++) {
		prandom_bytes_state(&rnd, f->p, 12 + len);
		memcpy(aad, f->p, 12);
		memcpy(f->want, f->p + 12, len);
		KUNIT_EXPECT_EQ(test, encrypt(f, iv, f->p, 12, len), good(r));
		KUNIT_EXPECT_EQ(test, encrypt_split(f, iv, aad, f->want, len), good(r));
		KUNIT_EXPECT_MEMEQ(test, f->p + 12, f->want, len + QSC_TAG_LEN);
		KUNIT_EXPECT_EQ(test, decrypt_split(f, iv, aad, f->p + 12, len), good(r));
		KUNIT_EXPECT_EQ(test, decrypt_split(f, iv, aad, f->p + 12, len), -EBADMSG);
	}
}

/* As on top of somebody who uses SIMD registers: what the fallback is for. */
static void packet_in_an_fpu_section_takes_the_fallback(struct kunit *test)
{
#ifdef CONFIG_X86
	struct fixture *f = test->priv;
	u8 key[QSC_AEAD_KEY_MAX];
	int err;

	qsc_test_unhex(key, aes_256.key);
	set_key(test, aes_256.suite, key);
	if (!f->c.aead.needs_simd)
		kunit_skip(test, "the driver of this kernel needs no fallback");
	qsc_test_unhex(f->p, RTP);
	kernel_fpu_begin();
	err = protect_rtp(f, RTP_INDEX, strlen(RTP) / 2);
	kernel_fpu_end();
	KUNIT_EXPECT_EQ(test, err, 1);
	qsc_test_unhex(f->want, aes_256.srtp);
	KUNIT_EXPECT_MEMEQ(test, f->p, f->want, strlen(aes_256.srtp) / 2);
#else
	kunit_skip(test, "only on x86");
#endif
}

static struct kunit_case gcm_cases[] = {
	KUNIT_CASE_PARAM(rtp_is_protected_as_in_section_16, run_gen_params),
	KUNIT_CASE_PARAM(rtp_is_unprotected_as_in_section_16, run_gen_params),
	KUNIT_CASE_PARAM(rtcp_is_protected_as_in_section_17, run_gen_params),
	KUNIT_CASE_PARAM(rtcp_is_unprotected_as_in_section_17, run_gen_params),
	KUNIT_CASE_PARAM(tag_alone_is_as_in_section_16_and_17, run_gen_params),
	KUNIT_CASE_PARAM(rtp_with_any_bit_changed_is_forged, run_gen_params),
	KUNIT_CASE_PARAM(rtp_with_another_index_is_forged, run_gen_params),
	KUNIT_CASE_PARAM(rtcp_with_any_bit_changed_is_forged, run_gen_params),
	KUNIT_CASE_PARAM(split_and_linear_agree, run_gen_params),
	KUNIT_CASE(sm4_is_as_in_rfc_8998),
	KUNIT_CASE(driver_and_fallback_agree),
	KUNIT_CASE(packet_in_an_fpu_section_takes_the_fallback),
	{}
};

static struct kunit_suite gcm_suite = {
	.name = "qsc_gcm",
	.suite_init = qsc_test_suite_init,
	.init = gcm_init,
	.exit = gcm_exit,
	.test_cases = gcm_cases,
};

kunit_test_suite(gcm_suite);
