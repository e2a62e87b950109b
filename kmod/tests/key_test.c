// SPDX-License-Identifier: GPL-2.0
/* Keys: made from a master key, gone without a trace. */

#include <linux/slab.h>

#include "../aead.h"
#include "../kdf.h"
#include "../stack.h"
#include "memory.h"
#include "pair.h"

#define COUNT_128 "000102030405060708090a0b0c0d0e0f"
#define COUNT_256 COUNT_128 "101112131415161718191a1b1c1d1e1f"
#define SALT "a0a1a2a3a4a5a6a7a8a9aaab"

/* The session keys and salts of these master keys, as in kdf_test.c. */
struct vector {
	u32 suite;
	const char *master;
	const char *rtp_key;
	const char *rtp_salt;
	const char *rtcp_key;
	const char *rtcp_salt;
};

static const struct vector vectors[] = {
	{
		.suite = QSC_SUITE_AEAD_AES_128_GCM,
		.master = COUNT_128,
		.rtp_key = "077c6143cb221bc355ff23d5f984a16e",
		.rtp_salt = "9af3e95364ebac9c99c5a7c4",
		.rtcp_key = "615dcd9042600666f6fd4d9e4fe4519f",
		.rtcp_salt = "fcca937b9112a500dac72269",
	},
	{
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.master = COUNT_256,
		.rtp_key = "b7a435ce454463b760dc82c838468a115c699625af4b93a0f8220a2a6119c5d0",
		.rtp_salt = "944bd21c268a962cd09c674a",
		.rtcp_key = "3c90f52a0a13ff8a853397cadc245b9eac76b36edb4a6062bf624aa1174eebf2",
		.rtcp_salt = "258c540cf38ddd40848ceaed",
	},
};

static void vector_desc(const struct vector *v, char *desc)
{
	strscpy(desc, qsc_suite_by_id(v->suite)->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(vector, vectors, vector_desc);

static struct qsc_key *create(struct kunit *test, const struct vector *v)
{
	u8 master[QSC_MASTER_KEY_MAX], salt[QSC_MASTER_SALT_MAX];
	struct qsc_key_params p = {
		.suite = qsc_suite_by_id(v->suite),
		.master = master,
		.salt = salt,
		.dir = QSC_DIR_TX,
	};
	struct qsc_key *key;

	qsc_test_unhex(master, v->master);
	qsc_test_unhex(salt, SALT);
	key = qsc_key_create(&p);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	return key;
}

static void encrypt(struct kunit *test, const struct qsc_aead *a, u8 *p)
{
	struct qsc_iv iv = { .high = 1, .low = 2 };
	int err;

	memset(p, 0x33, 64 + QSC_TAG_LEN);
	local_bh_disable();
	err = qsc_aead_encrypt(a, iv, p, 16, 48);
	local_bh_enable();
	KUNIT_EXPECT_GE(test, err, 0);
}

static void expect_session(struct kunit *test, const struct qsc_srtp *c, u32 suite,
			   const char *key_hex, const char *salt_hex)
{
	u8 *p = kunit_kzalloc(test, 128, GFP_KERNEL), *q = kunit_kzalloc(test, 128, GFP_KERNEL);
	u8 key[QSC_AEAD_KEY_MAX], salt[QSC_SALT_LEN];
	struct qsc_aead want = {};

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, q);
	qsc_test_unhex(salt, salt_hex);
	KUNIT_EXPECT_EQ(test, c->salt.high, get_unaligned_be64(salt));
	KUNIT_EXPECT_EQ(test, c->salt.low, get_unaligned_be32(salt + 8));

	qsc_test_unhex(key, key_hex);
	KUNIT_ASSERT_EQ(test, qsc_aead_init(&want, qsc_suite_by_id(suite), key), 0);
	encrypt(test, &want, p);
	encrypt(test, &c->aead, q);
	qsc_aead_destroy(&want);
	KUNIT_EXPECT_MEMEQ(test, p, q, 64 + QSC_TAG_LEN);
}

static void session_keys_are_those_of_rfc_3711(struct kunit *test)
{
	const struct vector *v = test->param_value;
	struct qsc_key *key = create(test, v);

	expect_session(test, &key->rtp, v->suite, v->rtp_key, v->rtp_salt);
	expect_session(test, &key->rtcp, v->suite, v->rtcp_key, v->rtcp_salt);
	qsc_key_destroy(key);
}

static void key_runs_on_the_driver_that_is_shown(struct kunit *test)
{
	const struct vector *v = test->param_value;
	const char *want = qsc_aead_driver(qsc_suite_by_id(v->suite), NULL);
	struct qsc_key *key = create(test, v);

	KUNIT_EXPECT_STREQ(test, want,
			   crypto_tfm_alg_driver_name(crypto_aead_tfm(key->rtp.aead.tfm)));
	qsc_key_destroy(key);
}

static void destroyed_key_leaves_nothing(struct kunit *test)
{
	const struct vector *v = test->param_value;
	struct qsc_test_key_memory m;
	struct qsc_key *key;

	qsc_test_need_freed_memory(test);
	key = create(test, v);
	qsc_test_remember_key(test, &m, key);
	/* A key schedule at least, as a check of the check. */
	KUNIT_EXPECT_GT(test, qsc_test_key_survivors(&m), 10 * 16 / sizeof(u64));
	qsc_key_destroy(key);
	KUNIT_EXPECT_EQ(test, qsc_test_key_survivors(&m), 0);
}

static void destroyed_context_is_zero(struct kunit *test)
{
	u8 key[QSC_AEAD_KEY_MAX];
	struct qsc_aead a;

	memset(key, 0x5a, sizeof(key));
	memset(&a, 0xee, sizeof(a));
	KUNIT_ASSERT_EQ(test, qsc_aead_init(&a, qsc_suite_by_id(QSC_SUITE_AEAD_AES_256_GCM), key),
			0);
	qsc_aead_destroy(&a);
	KUNIT_EXPECT_NULL(test, memchr_inv(&a, 0, sizeof(a)));
}

/* Where what it leaves on the stack can be seen. */
static noinline struct qsc_key *create_further_down(struct qsc_key_params *p)
{
	struct qsc_key *key;
	u8 room[QSC_TEST_ROOM];

	barrier_data(room);
	key = qsc_key_create(p);
	barrier_data(room);
	return key;
}

static void making_a_key_leaves_nothing_on_the_stack(struct kunit *test)
{
	const struct vector *v = test->param_value;
	u8(*secrets)[QSC_AEAD_KEY_MAX] = kunit_kzalloc(test, 5 * sizeof(*secrets), GFP_KERNEL);
	u8 *salt = kunit_kzalloc(test, QSC_MASTER_SALT_MAX, GFP_KERNEL);
	struct qsc_key_params p = { .suite = qsc_suite_by_id(v->suite), .dir = QSC_DIR_TX };
	struct qsc_key *key;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, secrets);
	KUNIT_ASSERT_NOT_NULL(test, salt);
	qsc_test_unhex(secrets[0], v->master);
	qsc_test_unhex(secrets[1], v->rtp_key);
	qsc_test_unhex(secrets[2], v->rtcp_key);
	qsc_test_unhex(secrets[3], v->rtp_salt);
	qsc_test_unhex(secrets[4], v->rtcp_salt);
	qsc_test_unhex(salt, SALT);
	for (i = 0; i < 5; i++)
		qsc_test_need_dead_stack(test, secrets[i]);
	p.master = secrets[0];
	p.salt = salt;
	key = create_further_down(&p);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_FALSE_MSG(test, qsc_test_len_on_dead_stack(secrets[i], QSC_SALT_LEN),
				       "secret %d", i);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	qsc_key_destroy(key);
}

/* The GHASH key as the drivers of x86 keep it: doubled, its bytes in reverse order. */
static void find_h(struct kunit *test, const u8 *key, u8 h[QSC_TEST_SECRET_LEN],
		   u8 block[AES_BLOCK_SIZE])
{
	u8 zero[AES_BLOCK_SIZE] = {};
	struct aes_enckey aes;
	u64 high, low;
	bool carry;

	KUNIT_ASSERT_EQ(test, aes_prepareenckey(&aes, key, QSC_AEAD_KEY_MAX), 0);
	aes_encrypt(&aes, block, zero);
	high = get_unaligned_be64(block);
	low = get_unaligned_be64(block + 8);
	carry = high >> 63;
	high = high << 1 | low >> 63;
	low <<= 1;
	if (carry) {
		high ^= 0xc200000000000000;
		low ^= 1;
	}
	put_unaligned_le64(low, h);
	put_unaligned_le64(high, h + 8);
	memzero_explicit(&aes, sizeof(aes));
}

/* Where what it leaves on the stack can be seen. */
static noinline void encrypt_further_down(struct kunit *test, const struct qsc_aead *a, u8 *p)
{
	u8 room[QSC_TEST_ROOM];

	barrier_data(room);
	encrypt(test, a, p);
	barrier_data(room);
}

static void packet_leaves_no_ghash_key_on_the_stack(struct kunit *test)
{
	u8 *p = kunit_kzalloc(test, 128, GFP_KERNEL), *h = kunit_kzalloc(test, 32, GFP_KERNEL);
	u8 key[QSC_AEAD_KEY_MAX];
	struct qsc_aead a;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, h);
	memset(key, 0x6b, sizeof(key));
	find_h(test, key, h, h + 16);
	qsc_test_need_dead_stack(test, h);
	KUNIT_ASSERT_EQ(test, qsc_aead_init(&a, qsc_suite_by_id(QSC_SUITE_AEAD_AES_256_GCM), key),
			0);
	qsc_stack_wipe();
	encrypt_further_down(test, &a, p);
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(h));
	qsc_test_set_param(test, "simd", "N");
	encrypt_further_down(test, &a, p);
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(h + 16));
	qsc_test_set_param(test, "simd", "Y");
	kunit_info(test, "the driver %s powers\n", a.on_stack ? "does not keep" : "keeps");
	qsc_aead_destroy(&a);
}

/* Wrong in the key length, in the tag length and in the name of the cipher. */
static void what_cannot_be_set_up_is_refused_and_keeps_no_key(struct kunit *test)
{
	struct qsc_suite_desc suites[] = {
		*qsc_suite_by_id(QSC_SUITE_AEAD_AES_256_GCM),
		*qsc_suite_by_id(QSC_SUITE_AEAD_AES_256_GCM),
		*qsc_suite_by_id(QSC_SUITE_AEAD_AES_256_GCM),
	};
	static const int want[] = { -EINVAL, -EINVAL, -ENOENT };
	u8 master[QSC_MASTER_KEY_MAX], salt[QSC_MASTER_SALT_MAX] = {};
	struct qsc_key_params p = { .master = master, .salt = salt };
	struct qsc_aead a;
	int i;

	suites[0].key_len = 17;
	suites[1].tag_len = 3;
	suites[2].alg = "no-such-cipher";
	suites[2].internal = NULL;
	memset(master, 0x5a, sizeof(master));
	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		struct qsc_key *key;

		p.suite = &suites[i];
		key = qsc_key_create(&p);
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(key), want[i], "suite %d", i);
		memset(&a, 0, sizeof(a));
		memcpy(a.key, master, sizeof(a.key));
		KUNIT_EXPECT_EQ_MSG(test, qsc_aead_init(&a, &suites[i], a.key), want[i], "suite %d",
				    i);
		KUNIT_EXPECT_NULL(test, memchr_inv(&a, 0, sizeof(a)));
	}
}

/* As if the driver had been unloaded that the memory for requests was made for. */
static void driver_that_needs_more_room_is_refused(struct kunit *test)
{
	struct qsc_suite_desc suite = *qsc_suite_by_id(QSC_SUITE_AEAD_AES_128_GCM);
	const char *name = "rfc4106(gcm_base(ctr(aes-generic),ghash-generic))";
	struct crypto_aead *tfm;
	u8 key[20] = {};
	struct qsc_aead a = {};

	tfm = crypto_alloc_aead(name, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(tfm))
		kunit_skip(test, "this kernel has no such cipher: %ld", PTR_ERR(tfm));
	crypto_free_aead(tfm);
	suite.alg = name;
	suite.internal = NULL;
	suite.key_len = sizeof(key);
	KUNIT_EXPECT_EQ(test, qsc_aead_init(&a, &suite, key), -EOVERFLOW);
}

static void first_packet_of_an_ssrc_takes_its_roc(struct kunit *test)
{
	static const struct qsc_roc rocs[] = { { QSC_TEST_SSRC, 5 }, { 7, U32_MAX } };
	struct qsc_test_pair *f = qsc_test_rekey(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, qsc_stream_add_rocs(&f->tx, rocs, ARRAY_SIZE(rocs)), 0);
	KUNIT_ASSERT_EQ(test, qsc_stream_add_rocs(&f->rx, rocs, 1), 0);
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, QSC_TEST_SSRC, 9), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_ssrc_find(&f->tx.ssrcs, QSC_TEST_SSRC)->rtp.top, 0x5000a);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_ssrc_find(&f->rx.ssrcs, QSC_TEST_SSRC)->rtp.top, 0x5000a);

	/* Who does not know the ROC cannot decrypt. */
	KUNIT_EXPECT_EQ(test, qsc_test_send_rtp(f, 7, 9), QSC_VERDICT_OK);
	KUNIT_EXPECT_EQ(test, qsc_test_arrive(f, QSC_PACKET_RTP), QSC_RX_STAT(DROP_AUTH));
}

static void rocs_are_added_all_or_none(struct kunit *test)
{
	static const struct qsc_roc rocs[] = { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 } };
	struct qsc_test_pair *f = qsc_test_rekey(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, qsc_stream_add_rocs(&f->tx, rocs + 3, 1), 0);
	KUNIT_EXPECT_EQ(test, qsc_stream_add_rocs(&f->tx, rocs, 4), -EEXIST);
	KUNIT_EXPECT_EQ(test, f->tx.ssrcs.count, 1);
	qsc_test_set_param(test, "max_ssrcs", "3");
	KUNIT_EXPECT_EQ(test, qsc_stream_add_rocs(&f->tx, rocs, 3), -ENOSPC);
	KUNIT_EXPECT_EQ(test, f->tx.ssrcs.count, 1);
	KUNIT_EXPECT_NULL(test, qsc_ssrc_find(&f->tx.ssrcs, 1));
	KUNIT_EXPECT_EQ(test, qsc_stream_add_rocs(&f->tx, rocs, 2), 0);
	KUNIT_EXPECT_EQ(test, qsc_stream_add_rocs(&f->tx, rocs, 0), 0);
	KUNIT_EXPECT_EQ(test, f->tx.ssrcs.count, 3);
}

static struct kunit_case key_cases[] = {
	KUNIT_CASE_PARAM(session_keys_are_those_of_rfc_3711, vector_gen_params),
	KUNIT_CASE_PARAM(key_runs_on_the_driver_that_is_shown, vector_gen_params),
	KUNIT_CASE_PARAM(destroyed_key_leaves_nothing, vector_gen_params),
	KUNIT_CASE_PARAM(making_a_key_leaves_nothing_on_the_stack, vector_gen_params),
	KUNIT_CASE(destroyed_context_is_zero),
	KUNIT_CASE(packet_leaves_no_ghash_key_on_the_stack),
	KUNIT_CASE(what_cannot_be_set_up_is_refused_and_keeps_no_key),
	KUNIT_CASE(driver_that_needs_more_room_is_refused),
	KUNIT_CASE(first_packet_of_an_ssrc_takes_its_roc),
	KUNIT_CASE(rocs_are_added_all_or_none),
	{}
};

static struct kunit_suite key_suite = {
	.name = "qsc_key",
	.suite_init = qsc_test_suite_init,
	.init = qsc_test_pair_init,
	.exit = qsc_test_pair_exit,
	.test_cases = key_cases,
};

kunit_test_suite(key_suite);
