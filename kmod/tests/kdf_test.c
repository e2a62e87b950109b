// SPDX-License-Identifier: GPL-2.0
/* Key derivation against the vectors of the RFCs. */

#include "../kdf.h"
#include "memory.h"
#include "test.h"

#define OUT_MAX 96

struct vector {
	const char *name;
	const char *master;
	const char *salt;
	enum qsc_kdf_label label;
	const char *out;
};

#define RFC3711_MASTER "e1f97a0d3e018be0d64fa32c06de4139"
#define RFC3711_SALT "0ec675ad498afeebb6960b3aabe6"
#define RFC3711_AUTH                                                       \
	"cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbce" \
	"e049646c43d9327ad175578ef72270986371c10c9a369ac2f94a8c5fbcdddc25" \
	"6d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2"
#define RFC6188_MASTER "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6"
#define RFC6188_SALT "3b04803de51ee7c96423ab5b78d2"
#define COUNT_128 "000102030405060708090a0b0c0d0e0f"
#define COUNT_256 COUNT_128 "101112131415161718191a1b1c1d1e1f"
#define GCM_SALT "a0a1a2a3a4a5a6a7a8a9aaab"

/* Where no RFC has a vector, it was computed with OpenSSL's AES-CTR. */
static const struct vector vectors[] = {
	{ "RFC 3711 B.3 cipher key", RFC3711_MASTER, RFC3711_SALT, QSC_KDF_RTP_ENCRYPTION,
	  "c61e7a93744f39ee10734afe3ff7a087" },
	{ "RFC 3711 B.3 cipher salt", RFC3711_MASTER, RFC3711_SALT, QSC_KDF_RTP_SALT,
	  "30cbbc08863d8c85d49db34a9ae1" },
	{ "RFC 3711 B.3 auth key", RFC3711_MASTER, RFC3711_SALT, QSC_KDF_RTP_AUTH, RFC3711_AUTH },
	{ "RTCP cipher key", RFC3711_MASTER, RFC3711_SALT, QSC_KDF_RTCP_ENCRYPTION,
	  "4c1aa45a81f73d61c800bbb00fbb1eaa" },
	{ "RTCP auth key", RFC3711_MASTER, RFC3711_SALT, QSC_KDF_RTCP_AUTH,
	  "8d54534feb49ae8e7993a6bd0b844fc323a93dfd" },
	{ "RTCP cipher salt", RFC3711_MASTER, RFC3711_SALT, QSC_KDF_RTCP_SALT,
	  "9581c7ad87b3e530bf3e4454a8b3" },
	{ "RFC 6188 7.2 cipher key", RFC6188_MASTER, RFC6188_SALT, QSC_KDF_RTP_ENCRYPTION,
	  "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4" },
	{ "RFC 6188 7.2 cipher salt", RFC6188_MASTER, RFC6188_SALT, QSC_KDF_RTP_SALT,
	  "fa31791685ca444a9e07c6c64e93" },
	{ "RFC 6188 7.2 auth key", RFC6188_MASTER, RFC6188_SALT, QSC_KDF_RTP_AUTH,
	  "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05" },
	{ "AES-128, 12 bytes of salt, RTP key", COUNT_128, GCM_SALT, QSC_KDF_RTP_ENCRYPTION,
	  "077c6143cb221bc355ff23d5f984a16e" },
	{ "AES-128, 12 bytes of salt, RTP salt", COUNT_128, GCM_SALT, QSC_KDF_RTP_SALT,
	  "9af3e95364ebac9c99c5a7c4" },
	{ "AES-128, 12 bytes of salt, RTCP key", COUNT_128, GCM_SALT, QSC_KDF_RTCP_ENCRYPTION,
	  "615dcd9042600666f6fd4d9e4fe4519f" },
	{ "AES-128, 12 bytes of salt, RTCP salt", COUNT_128, GCM_SALT, QSC_KDF_RTCP_SALT,
	  "fcca937b9112a500dac72269" },
	{ "AES-256, 12 bytes of salt, RTP key", COUNT_256, GCM_SALT, QSC_KDF_RTP_ENCRYPTION,
	  "b7a435ce454463b760dc82c838468a115c699625af4b93a0f8220a2a6119c5d0" },
	{ "AES-256, 12 bytes of salt, RTP salt", COUNT_256, GCM_SALT, QSC_KDF_RTP_SALT,
	  "944bd21c268a962cd09c674a" },
	{ "AES-256, 12 bytes of salt, RTCP key", COUNT_256, GCM_SALT, QSC_KDF_RTCP_ENCRYPTION,
	  "3c90f52a0a13ff8a853397cadc245b9eac76b36edb4a6062bf624aa1174eebf2" },
	{ "AES-256, 12 bytes of salt, RTCP salt", COUNT_256, GCM_SALT, QSC_KDF_RTCP_SALT,
	  "258c540cf38ddd40848ceaed" },
};

static void vector_desc(const struct vector *v, char *desc)
{
	strscpy(desc, v->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(vector, vectors, vector_desc);

static void derives_the_vector(struct kunit *test)
{
	u8 master[32], salt[14], want[OUT_MAX], out[OUT_MAX];
	const struct vector *v = test->param_value;
	u32 master_len, salt_len, len, n;
	struct qsc_kdf kdf;

	master_len = qsc_test_unhex(master, v->master);
	salt_len = qsc_test_unhex(salt, v->salt);
	len = qsc_test_unhex(want, v->out);

	KUNIT_ASSERT_EQ(test, qsc_kdf_init(&kdf, master, master_len, salt, salt_len), 0);
	/* Any shorter value is the start of the longer one, and nothing behind it changes. */
	for (n = 0; n <= len; n++) {
		memset(out, 0xcc, sizeof(out));
		qsc_kdf_derive(&kdf, v->label, out, n);
		KUNIT_EXPECT_MEMEQ(test, out, want, n);
		KUNIT_EXPECT_PTR_EQ(test, memchr_inv(out + n, 0xcc, sizeof(out) - n), NULL);
	}
	qsc_kdf_destroy(&kdf);
}

#define SALT_LEN 12

/* Where what it leaves on the stack can be seen. */
static noinline int derive_further_down(struct qsc_kdf *kdf, const u8 *master, const u8 *salt,
					u8 *out, u32 len)
{
	u8 room[QSC_TEST_ROOM];
	int err;

	barrier_data(room);
	err = qsc_kdf_init(kdf, master, 32, salt, SALT_LEN);
	if (!err)
		qsc_kdf_derive(kdf, QSC_KDF_RTP_ENCRYPTION, out, len);
	barrier_data(room);
	return err;
}

static void wipes_its_stack(struct kunit *test)
{
	u8 *master = kunit_kzalloc(test, 32, GFP_KERNEL),
	   *out = kunit_kzalloc(test, 16, GFP_KERNEL), *x = kunit_kzalloc(test, 16, GFP_KERNEL);
	struct qsc_kdf kdf;

	KUNIT_ASSERT_NOT_NULL(test, master);
	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_ASSERT_NOT_NULL(test, x);
	qsc_test_unhex(master, RFC6188_MASTER);
	/* What the first block is made of: the salt, for the label and the counter are zero. */
	memset(x, 0x6d, SALT_LEN);

	qsc_test_need_dead_stack(test, master);
	qsc_test_need_dead_stack(test, x);

	/* Not ended yet: that would write over what is left. */
	KUNIT_EXPECT_EQ(test, derive_further_down(&kdf, master, x, out, 16), 0);
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(master));
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(out));
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(x));
	qsc_kdf_destroy(&kdf);
}

static void cipher_keeps_no_key(struct kunit *test)
{
	static const u8 key[AES_KEYSIZE_256] = { 1 };
	struct qsc_kdf kdf;
	size_t size;
	u8 *cipher = qsc_kdf_cipher(&size);

	KUNIT_ASSERT_EQ(test, qsc_kdf_init(&kdf, key, sizeof(key), key, SALT_LEN), 0);
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(cipher, 0, size));
	qsc_kdf_destroy(&kdf);
	KUNIT_EXPECT_NULL(test, memchr_inv(cipher, 0, size));

	/* A panic in the midst of a derivation */
	KUNIT_ASSERT_EQ(test, qsc_kdf_init(&kdf, key, sizeof(key), key, SALT_LEN), 0);
	qsc_kdf_panic();
	KUNIT_EXPECT_NULL(test, memchr_inv(cipher, 0, size));
	qsc_kdf_destroy(&kdf);
}

static void refuses_other_lengths(struct kunit *test)
{
	static const struct qsc_kdf nothing;
	static const u8 key[64] = { 1 };
	struct qsc_kdf kdf;
	u32 len;
	int err;

	for (len = 0; len <= sizeof(key); len++) {
		err = qsc_kdf_init(&kdf, key, len, key, SALT_LEN);
		KUNIT_EXPECT_EQ(test, err, len == 16 || len == 32 ? 0 : -EINVAL);
		qsc_kdf_destroy(&kdf);
		KUNIT_EXPECT_MEMEQ(test, &kdf, &nothing, sizeof(kdf));
	}
	for (len = QSC_KDF_SALT_LEN + 1; len <= sizeof(key); len++) {
		KUNIT_EXPECT_EQ(test, qsc_kdf_init(&kdf, key, 16, key, len), -EINVAL);
		KUNIT_EXPECT_MEMEQ(test, &kdf, &nothing, sizeof(kdf));
	}
}

static struct kunit_case kdf_cases[] = {
	KUNIT_CASE_PARAM(derives_the_vector, vector_gen_params),
	KUNIT_CASE(wipes_its_stack),
	KUNIT_CASE(cipher_keeps_no_key),
	KUNIT_CASE(refuses_other_lengths),
	{},
};

static struct kunit_suite kdf_suite = {
	.name = "qsc_kdf",
	.suite_init = qsc_test_suite_init,
	.test_cases = kdf_cases,
};

kunit_test_suite(kdf_suite);
