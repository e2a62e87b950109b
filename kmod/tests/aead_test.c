// SPDX-License-Identifier: GPL-2.0
/* What processors work on packets with keeps nothing of the packet's key. */

#include "../aead.h"

#include <crypto/aes.h>
#include <linux/bottom_half.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "../compat.h"
#include "test.h"

#define AAD_LEN 12
#define LEN 48
#define PATTERN 0x5e

/* What is no secret there: where the data is, the AAD, the request; less than a block between. */
#define OPEN_MOST                                                                            \
	(3 * sizeof(struct scatterlist) + QSC_AEAD_SPLIT_AAD + sizeof(struct aead_request) + \
	 AES_BLOCK_SIZE - 1)

struct secret {
	const char *name;
	u8 bytes[AES_BLOCK_SIZE];
	u32 len;
};

static void find_secrets(struct kunit *test, struct secret *secret, const u8 *key, struct qsc_iv iv)
{
	u8 zero[AES_BLOCK_SIZE] = {}, j0[AES_BLOCK_SIZE] = { [15] = 1 };
	struct aes_enckey aes;

	KUNIT_ASSERT_EQ(test, aes_prepareenckey(&aes, key, AES_KEYSIZE_128), 0);
	put_unaligned_be64(iv.high, j0);
	put_unaligned_be32(iv.low, j0 + 8);
	secret[0] = (struct secret){ "the key", .len = AES_BLOCK_SIZE };
	memcpy(secret[0].bytes, key, AES_BLOCK_SIZE);
	secret[1] = (struct secret){ "the IV", .len = QSC_IV_LEN };
	memcpy(secret[1].bytes, j0, QSC_IV_LEN);
	secret[2] = (struct secret){ "the hash key", .len = AES_BLOCK_SIZE };
	aes_encrypt(&aes, secret[2].bytes, zero);
	secret[3] = (struct secret){ "what hides the hash", .len = AES_BLOCK_SIZE };
	aes_encrypt(&aes, secret[3].bytes, j0);
}

/* The hash of a packet is secret, too: what hides it follows. */
static void find_hash(struct secret *secret, const u8 *mask, const u8 *tag)
{
	int i;

	*secret = (struct secret){ "the hash", .len = AES_BLOCK_SIZE };
	for (i = 0; i < AES_BLOCK_SIZE; i++)
		secret->bytes[i] = mask[i] ^ tag[i];
}

static void expect_nothing_left(struct kunit *test, const struct secret *secret, int n,
				const char *cipher)
{
	const u8 *scratch;
	size_t size;
	int cpu, i;
	bool left;

	for_each_possible_cpu(cpu) {
		scratch = qsc_aead_scratch(cpu, &size);
		for (i = 0; i < n; i++) {
			left = qsc_test_holds(scratch, size, secret[i].bytes, secret[i].len);
			KUNIT_EXPECT_FALSE_MSG(test, left, "%s, %s", cipher, secret[i].name);
		}
	}
}

static void encrypt_and_look(struct kunit *test, const struct qsc_suite_desc *suite)
{
	struct qsc_iv iv = { .high = 0x0123456789abcdef, .low = 0xfedcba98 };
	u8 *p = kunit_kzalloc(test, AAD_LEN + LEN + QSC_TAG_LEN, GFP_KERNEL);
	u8 key[AES_KEYSIZE_128];
	struct secret *secrets;
	struct qsc_aead a = {};
	int err;

	secrets = kunit_kzalloc(test, 5 * sizeof(*secrets), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, secrets);
	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(key, 0x6b, sizeof(key));
	find_secrets(test, secrets, key, iv);
	KUNIT_ASSERT_EQ(test, qsc_aead_init(&a, suite, key), 0);
	local_bh_disable();
	err = qsc_aead_encrypt(&a, iv, p, AAD_LEN, LEN);
	local_bh_enable();
	KUNIT_EXPECT_GE(test, err, 0);
	find_hash(&secrets[4], secrets[3].bytes, p + AAD_LEN + LEN);
	expect_nothing_left(test, secrets, 5, suite->alg);
	qsc_aead_destroy(&a);
}

static void packet_leaves_nothing_with_the_driver(struct kunit *test)
{
	encrypt_and_look(test, qsc_suite_by_id(QSC_SUITE_AEAD_AES_128_GCM));
}

static void packet_leaves_nothing_with_the_portable_cipher(struct kunit *test)
{
	qsc_test_set_param(test, "simd", "N");
	encrypt_and_look(test, qsc_suite_by_id(QSC_SUITE_AEAD_AES_128_GCM));
	qsc_test_set_param(test, "simd", "Y");
}

/* It keeps its working memory in that of the request. */
static void packet_leaves_nothing_with_the_generic_template(struct kunit *test)
{
	struct qsc_suite_desc suite = *qsc_suite_by_id(QSC_SUITE_AEAD_AES_128_GCM);
	struct qsc_aead a = {};
	u8 key[AES_KEYSIZE_128] = {};

	suite.alg = "gcm_base(ctr(aes-generic),ghash-generic)";
	suite.internal = NULL;
	if (qsc_aead_init(&a, &suite, key))
		kunit_skip(test, "this kernel has no %s", suite.alg);
	KUNIT_EXPECT_GT(test, a.reqsize, 0);
	qsc_aead_destroy(&a);
	encrypt_and_look(test, &suite);
}

static void expect_shared_zero(struct kunit *test, const struct qsc_suite_desc *suite)
{
	size_t size = 0;
	int cpu;
	u8 *p;

	for_each_possible_cpu(cpu) {
		p = qsc_aead_shared(cpu, suite, &size);
		if (p)
			KUNIT_EXPECT_NULL_MSG(test, memchr_inv(p, 0, size), "processor %d", cpu);
	}
}

static void encrypt_split(struct kunit *test, const struct qsc_aead *a, u8 *p)
{
	struct qsc_iv iv = { .high = 0x0123456789abcdef, .low = 0xfedcba98 };
	int err;

	memset(p, PATTERN, AAD_LEN + LEN);
	local_bh_disable();
	err = qsc_aead_encrypt_split(a, iv, p, p + AAD_LEN, LEN);
	local_bh_enable();
	KUNIT_EXPECT_GE(test, err, 0);
}

/* What its own transform makes, one of the processor's makes, and keeps nothing. */
static void compare_shared(struct kunit *test, u32 id)
{
	const struct qsc_suite_desc *suite = qsc_suite_by_id(id);
	u8 *p = kunit_kzalloc(test, AAD_LEN + LEN + QSC_TAG_LEN, GFP_KERNEL);
	u8 *q = kunit_kzalloc(test, AAD_LEN + LEN + QSC_TAG_LEN, GFP_KERNEL);
	struct qsc_aead own = {}, shared = {};
	u8 key[QSC_AEAD_KEY_MAX];

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, q);
	memset(key, 0x6b, sizeof(key));
	KUNIT_ASSERT_EQ(test, qsc_aead_init(&own, suite, key), 0);
	KUNIT_ASSERT_EQ(test, qsc_aead_init_shared(&shared, suite, key), 0);
	encrypt_split(test, &own, p);
	encrypt_split(test, &shared, q);
	KUNIT_EXPECT_MEMEQ(test, p, q, AAD_LEN + LEN + QSC_TAG_LEN);
	expect_shared_zero(test, suite);
	qsc_aead_destroy(&own);
	qsc_aead_destroy(&shared);
	KUNIT_EXPECT_NULL(test, memchr_inv(&shared, 0, sizeof(shared)));
}

static void shared_transform_keeps_no_key(struct kunit *test)
{
	compare_shared(test, QSC_SUITE_AEAD_AES_128_GCM);
	compare_shared(test, QSC_SUITE_AEAD_AES_256_GCM);
	qsc_test_set_param(test, "simd", "N");
	compare_shared(test, QSC_SUITE_AEAD_AES_256_GCM);
	qsc_test_set_param(test, "simd", "Y");
}

static size_t nr_kept(const u8 *p, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < size; i++)
		n += p[i] == PATTERN;
	return n;
}

/* A key that is there for a packet, as a stop in its midst would leave it. */
static void panic_zeroes_shared_transforms(struct kunit *test)
{
	const struct qsc_suite_desc *suite = qsc_suite_by_id(QSC_SUITE_AEAD_AES_256_GCM);
	size_t size;
	int cpu;
	u8 *p;

	if (!qsc_aead_shared(0, suite, &size))
		kunit_skip(test, "keys are not shared with this driver");
	local_bh_disable();
	for_each_possible_cpu(cpu) {
		p = qsc_aead_shared(cpu, suite, &size);
		memset(p, PATTERN, size);
	}
	qsc_aead_panic_scratch();
	local_bh_enable();
	expect_shared_zero(test, suite);
}

/* As if packets had been worked on everywhere when the others were stopped. */
static void panic_zeroes_what_packets_are_worked_on_with(struct kunit *test)
{
	u8 *scratch, *saved;
	size_t size, kept;
	int cpu;

	for_each_possible_cpu(cpu) {
		scratch = qsc_aead_scratch(cpu, &size);
		saved = kmemdup(scratch, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, saved);
		local_bh_disable();
		memset(scratch, PATTERN, size);
		qsc_aead_panic_scratch();
		kept = nr_kept(scratch, size);
		memcpy(scratch, saved, size);
		local_bh_enable();
		kfree_sensitive(saved);
		KUNIT_EXPECT_LE_MSG(test, kept, OPEN_MOST, "processor %d", cpu);
	}
}

static struct kunit_case aead_cases[] = {
	KUNIT_CASE(packet_leaves_nothing_with_the_driver),
	KUNIT_CASE(packet_leaves_nothing_with_the_portable_cipher),
	KUNIT_CASE(packet_leaves_nothing_with_the_generic_template),
	KUNIT_CASE(shared_transform_keeps_no_key),
	KUNIT_CASE(panic_zeroes_shared_transforms),
	KUNIT_CASE(panic_zeroes_what_packets_are_worked_on_with),
	{},
};

static struct kunit_suite aead_suite = {
	.name = "qsc_aead",
	.suite_init = qsc_test_suite_init,
	.test_cases = aead_cases,
};

kunit_test_suite(aead_suite);
