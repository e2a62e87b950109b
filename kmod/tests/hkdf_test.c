// SPDX-License-Identifier: GPL-2.0
/* HKDF (RFC 5869) and X25519 (RFC 7748), against the vectors of their RFCs. */

#include "../hkdf.h"

#include <crypto/algapi.h>
#include <crypto/curve25519.h>

#include "../compat.h"
#include "../stack.h"
#include "memory.h"
#include "test.h"
#include "vectors.h"

#define BYTES_MAX 96

struct hkdf_vector {
	const char *name;
	const char *ikm;
	const char *salt;
	const char *info;
	const char *prk;
	const char *okm;
};

#define IKM_22 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define OKM_1                                                              \
	"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf" \
	"34007208d5b887185865"
#define IKM_2                                                              \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
	"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f" \
	"404142434445464748494a4b4c4d4e4f"
#define SALT_2                                                             \
	"606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f" \
	"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f" \
	"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define INFO_2                                                             \
	"b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf" \
	"d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef" \
	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define OKM_2                                                              \
	"b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c" \
	"59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71" \
	"cc30c58179ec3e87c14c01d5c1f3434f1d87"
#define OKM_3                                                              \
	"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d" \
	"9d201395faa4b61a96c8"

/* RFC 5869 appendix A; the others there are for SHA-1. */
static const struct hkdf_vector hkdf_vectors[] = {
	{
		.name = "A.1",
		.ikm = IKM_22,
		.salt = "000102030405060708090a0b0c",
		.info = "f0f1f2f3f4f5f6f7f8f9",
		.prk = "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
		.okm = OKM_1,
	},
	{
		.name = "A.2, long",
		.ikm = IKM_2,
		.salt = SALT_2,
		.info = INFO_2,
		.prk = "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
		.okm = OKM_2,
	},
	{
		.name = "A.3, without salt and info",
		.ikm = IKM_22,
		.salt = "",
		.info = "",
		.prk = "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
		.okm = OKM_3,
	},
};

static void hkdf_desc(const struct hkdf_vector *v, char *desc)
{
	strscpy(desc, v->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(hkdf, hkdf_vectors, hkdf_desc);

static void hkdf_is_that_of_rfc_5869(struct kunit *test)
{
	u8 ikm[BYTES_MAX], salt[BYTES_MAX], info[BYTES_MAX], want[BYTES_MAX], got[BYTES_MAX];
	const struct hkdf_vector *v = test->param_value;
	u32 ikm_len = qsc_test_unhex(ikm, v->ikm), salt_len = qsc_test_unhex(salt, v->salt);
	u32 info_len = qsc_test_unhex(info, v->info), len;
	u8 prk[QSC_PRK_LEN];

	qsc_hkdf_extract(salt, salt_len, ikm, ikm_len, prk);
	qsc_test_unhex(want, v->prk);
	KUNIT_EXPECT_MEMEQ(test, prk, want, QSC_PRK_LEN);

	len = qsc_test_unhex(want, v->okm);
	memset(got, 0x5a, sizeof(got));
	qsc_hkdf_expand(prk, info, info_len, got, len);
	KUNIT_EXPECT_MEMEQ(test, got, want, len);
	KUNIT_EXPECT_EQ(test, got[len], 0x5a);

	memset(got, 0x5a, sizeof(got));
	qsc_hkdf(salt, salt_len, ikm, ikm_len, info, info_len, got, len);
	KUNIT_EXPECT_MEMEQ(test, got, want, len);
	KUNIT_EXPECT_EQ(test, got[len], 0x5a);
}

/* Where what it leaves on the stack can be seen. */
static noinline void hkdf_further_down(const u8 *ikm, u8 *out, u32 len)
{
	u8 room[QSC_TEST_ROOM];

	barrier_data(room);
	qsc_hkdf((const u8 *)"salt", 4, ikm, 32, (const u8 *)"info", 4, out, len);
	barrier_data(room);
}

static void hkdf_wipes_its_stack(struct kunit *test)
{
	u8 *ikm = kunit_kzalloc(test, 32, GFP_KERNEL), *out = kunit_kzalloc(test, 64, GFP_KERNEL);
	u8 *prk = kunit_kzalloc(test, QSC_PRK_LEN, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ikm);
	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_ASSERT_NOT_NULL(test, prk);
	memset(ikm, 0xc3, 32);
	qsc_test_need_dead_stack(test, ikm);

	hkdf_further_down(ikm, out, 64);
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(ikm));
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(out));
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(out + 32));
	qsc_hkdf_extract((const u8 *)"salt", 4, ikm, 32, prk);
	qsc_test_need_dead_stack(test, prk);
	hkdf_further_down(ikm, out, 64);
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(prk));
}

/* What an HMAC (RFC 2104) of "info" and the number of the first block has in between. */
struct between {
	u8 pad[QSC_TEST_SECRET_LEN]; /* the outer one, with half of the key */
	u8 digest[SHA256_DIGEST_SIZE]; /* of the inner hash */
	u8 state[QSC_TEST_SECRET_LEN]; /* half of the outer hash's, after the pad */
};

static void find_between(struct between *b, const u8 key[QSC_PRK_LEN])
{
	u8 pad[SHA256_BLOCK_SIZE];
	struct sha256_ctx hash;
	u32 i;

	memset(pad, 0x36, sizeof(pad));
	crypto_xor(pad, key, QSC_PRK_LEN);
	sha256_init(&hash);
	sha256_update(&hash, pad, sizeof(pad));
	sha256_update(&hash, (const u8 *)"info\1", 5);
	sha256_final(&hash, b->digest);

	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	memcpy(b->pad, pad, sizeof(b->pad));
	sha256_init(&hash);
	sha256_update(&hash, pad, sizeof(pad));
	memcpy(b->state, &hash, sizeof(b->state));
	memzero_explicit(&hash, sizeof(hash));
	memzero_explicit(pad, sizeof(pad));
}

/* Where what it leaves on the stack can be seen. */
static noinline void expand_further_down(const u8 prk[QSC_PRK_LEN], u8 *out, u32 len)
{
	u8 room[QSC_TEST_ROOM];

	barrier_data(room);
	qsc_hkdf_expand(prk, (const u8 *)"info", 4, out, len);
	barrier_data(room);
}

static void hmac_wipes_its_stack(struct kunit *test)
{
	u8 *prk = kunit_kzalloc(test, QSC_PRK_LEN, GFP_KERNEL);
	u8 *out = kunit_kzalloc(test, 32, GFP_KERNEL);
	struct between *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, prk);
	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_ASSERT_NOT_NULL(test, b);
	memset(prk, 0xc3, QSC_PRK_LEN);
	find_between(b, prk);
	qsc_test_need_dead_stack(test, b->pad);
	qsc_test_need_dead_stack(test, b->digest);
	qsc_test_need_dead_stack(test, b->state);
	for (i = 0; i < QSC_TEST_LOOKS; i++) {
		qsc_stack_wipe();
		expand_further_down(prk, out, 32);
		KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(b->pad));
		KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(b->digest));
		KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(b->state));
	}
}

static void key_that_wraps_is_the_known_one(struct kunit *test)
{
	u8 dist[QSC_DIST_LEN], exporter[QSC_EXPORTER_LEN], want[32], got[32];
	int i;

	for (i = 0; i < ARRAY_SIZE(qsc_test_sessions); i++) {
		qsc_test_unhex(dist, qsc_test_sessions[i].dist);
		qsc_test_unhex(exporter, qsc_test_sessions[i].exporter);
		qsc_test_unhex(want, qsc_test_sessions[i].wrap);
		qsc_hkdf(exporter, sizeof(exporter), dist, sizeof(dist), (const u8 *)"wrap", 4, got,
			 sizeof(got));
		KUNIT_EXPECT_MEMEQ(test, got, want, sizeof(want));
	}
}

/* RFC 7748 section 5.2: scalar, u-coordinate, result. */
static const char *const x25519_vectors[][3] = {
	{
		"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
	},
	{
		"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
		"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
		"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
	},
};

static void x25519_is_that_of_rfc_7748(struct kunit *test)
{
	u8 scalar[CURVE25519_KEY_SIZE], u[CURVE25519_KEY_SIZE], want[CURVE25519_KEY_SIZE];
	u8 got[CURVE25519_KEY_SIZE];
	int i;

	for (i = 0; i < ARRAY_SIZE(x25519_vectors); i++) {
		qsc_test_unhex(scalar, x25519_vectors[i][0]);
		qsc_test_unhex(u, x25519_vectors[i][1]);
		qsc_test_unhex(want, x25519_vectors[i][2]);
		curve25519_clamp_secret(scalar);
		KUNIT_EXPECT_TRUE(test, curve25519(got, scalar, u));
		KUNIT_EXPECT_MEMEQ(test, got, want, sizeof(want));
	}
}

static struct kunit_case hkdf_cases[] = {
	KUNIT_CASE_PARAM(hkdf_is_that_of_rfc_5869, hkdf_gen_params),
	KUNIT_CASE(hkdf_wipes_its_stack),
	KUNIT_CASE(hmac_wipes_its_stack),
	KUNIT_CASE(key_that_wraps_is_the_known_one),
	KUNIT_CASE(x25519_is_that_of_rfc_7748),
	{},
};

static struct kunit_suite hkdf_suite = {
	.name = "qsc_hkdf",
	.test_cases = hkdf_cases,
};

kunit_test_suite(hkdf_suite);
