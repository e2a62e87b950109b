// SPDX-License-Identifier: GPL-2.0
/* AES_CM_128_HMAC_SHA1_80 against vectors, and against changed packets. */

#include <crypto/internal/hash.h>
#include <crypto/internal/skcipher.h>
#include <linux/slab.h>

#include "../kdf.h"
#include "../srtp.h"
#include "test.h"

#define PACKET_MAX 64

struct cm_test {
	struct qsc_cm c;
	bool made;
	u8 p[PACKET_MAX];
	u8 was[PACKET_MAX];
};

static int init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct cm_test), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void forget(struct cm_test *t)
{
	if (t->made)
		qsc_cm_destroy(&t->c);
	t->made = false;
}

static void clean_up(struct kunit *test)
{
	qsc_test_fail_nth(0);
	qsc_test_set_param(test, "simd", "Y");
	forget(test->priv);
}

static int try_key(struct cm_test *t, const char *key, const char *salt, const char *auth)
{
	u8 k[QSC_CM_KEY_LEN], a[QSC_CM_AUTH_LEN];
	int err;

	qsc_test_unhex(t->c.salt, salt);
	qsc_test_unhex(k, key);
	qsc_test_unhex(a, auth);
	err = qsc_cm_init(&t->c, k, a);
	t->made = !err;
	return err;
}

#define NO_AUTH "0000000000000000000000000000000000000000"

/* All that is secret of a context in one call, for the session keys are in RFC 3711 B.3. */
static struct cm_test *make(struct kunit *test, const char *key, const char *salt, const char *auth)
{
	struct cm_test *t = test->priv;

	if (!qsc_cm_driver())
		kunit_skip(test, "this kernel lacks the suite");
	KUNIT_ASSERT_EQ(test, try_key(t, key, salt, auth), 0);
	return t;
}

/* Of RTP, from the master key of RFC 3711 B.3 */
static struct cm_test *make_rtp(struct kunit *test)
{
	return make(test, "c61e7a93744f39ee10734afe3ff7a087", "30cbbc08863d8c85d49db34a9ae1",
		    "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
}

static struct cm_test *make_rtcp(struct kunit *test)
{
	return make(test, "4c1aa45a81f73d61c800bbb00fbb1eaa", "9581c7ad87b3e530bf3e4454a8b3",
		    "8d54534feb49ae8e7993a6bd0b844fc323a93dfd");
}

static int protect(struct cm_test *t, u32 ssrc, u64 index, u32 hdr, u32 len, u32 tail)
{
	int err;

	local_bh_disable();
	err = qsc_cm_protect(&t->c, ssrc, index, t->p, hdr, len, cpu_to_be32(tail), t->p + len);
	local_bh_enable();
	return err;
}

static int unprotect(struct cm_test *t, u32 ssrc, u64 index, u32 hdr, u32 len, u32 tail)
{
	int err;

	local_bh_disable();
	err = qsc_cm_unprotect(&t->c, ssrc, index, t->p, hdr, len, cpu_to_be32(tail), t->p + len);
	local_bh_enable();
	return err;
}

static void expect(struct kunit *test, const u8 *got, const char *hex)
{
	u8 want[PACKET_MAX];

	KUNIT_EXPECT_MEMEQ(test, got, want, qsc_test_unhex(want, hex));
}

static void key_stream_is_that_of_rfc_3711_b2(struct kunit *test)
{
	struct cm_test *t = make(test, "2b7e151628aed2a6abf7158809cf4f3c",
				 "f0f1f2f3f4f5f6f7f8f9fafbfcfd", NO_AUTH);

	KUNIT_EXPECT_EQ(test, protect(t, 0, 0, 0, 48, 0), 0);
	expect(test, t->p, "e03ead0935c95e80e166b16dd92b4eb4");
	expect(test, t->p + 16, "d23513162b02d0f72a43a2fe4a5f97ab");
	expect(test, t->p + 32, "41e95b3bb0a2e8dd477901e4fca894c0");
}

/* Where the processor's cipher cannot be called, what stands in for it says so. */
static void portable_cipher_is_the_same(struct kunit *test)
{
	struct cm_test *t = make_rtp(test);
	u32 len = 12 + 37;
	int stands_in = t->c.needs_simd;
	u8 clear[PACKET_MAX];

	memset(t->p, 0x5a, sizeof(t->p));
	memcpy(clear, t->p, len);
	KUNIT_ASSERT_EQ(test, protect(t, 7, 0x51234, 12, len, 5), 0);
	memcpy(t->was, t->p, sizeof(t->p));

	qsc_test_set_param(test, "simd", "N");
	KUNIT_EXPECT_EQ(test, unprotect(t, 7, 0x51234, 12, len, 5), stands_in);
	KUNIT_EXPECT_MEMEQ(test, t->p, clear, len);
	KUNIT_EXPECT_EQ(test, protect(t, 7, 0x51234, 12, len, 5), stands_in);
	KUNIT_EXPECT_MEMEQ(test, t->p, t->was, sizeof(t->p));
}

/* The first of its round keys is the key. */
static void packet_leaves_nothing_with_the_portable_cipher(struct kunit *test)
{
	struct cm_test *t = make_rtp(test);
	const u8 *scratch;
	size_t size;
	int cpu;

	if (!t->c.needs_simd)
		kunit_skip(test, "nothing has to stand in for this driver");
	qsc_test_set_param(test, "simd", "N");
	KUNIT_ASSERT_GE(test, protect(t, 7, 0x51234, 12, 12 + 37, 5), 0);
	for_each_possible_cpu(cpu) {
		scratch = qsc_cm_scratch(cpu, &size);
		KUNIT_EXPECT_FALSE(test, qsc_test_holds(scratch, size, t->c.key, sizeof(t->c.key)));
		/* of the keystream, as the payload was zero */
		KUNIT_EXPECT_FALSE(test, qsc_test_holds(scratch, size, t->p + 28, 16));
		KUNIT_EXPECT_FALSE(test, qsc_test_holds(scratch, size, t->c.salt, 4));
	}
}

/* The packets that libsrtp's own tests have. */
static void rtp_packet_is_that_of_libsrtp(struct kunit *test)
{
	struct cm_test *t = make_rtp(test);
	u32 len = qsc_test_unhex(t->p, "800f1234decafbadcafebabeabababababababababababababababab");

	KUNIT_EXPECT_EQ(test, protect(t, 0xcafebabe, 0x1234, 12, len, 0), 0);
	expect(test, t->p,
	       "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
	KUNIT_EXPECT_EQ(test, unprotect(t, 0xcafebabe, 0x1234, 12, len, 0), 0);
	expect(test, t->p, "800f1234decafbadcafebabeabababababababababababababababab");
}

static void rtcp_packet_is_that_of_libsrtp(struct kunit *test)
{
	static const char clear[] = "81c8000bcafebabeabababababababababababababababab";
	struct cm_test *t = make_rtcp(test);
	struct qsc_srtp *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	u32 len = qsc_test_unhex(t->p, clear);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->cm = t->c;
	local_bh_disable();
	err = qsc_rtcp_protect_cm(c, 1, t->p, len, 0);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, err, 0);
	expect(test, t->p,
	       "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798");
	local_bh_disable();
	err = qsc_rtcp_unprotect_cm(c, 1, t->p, len, 0);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, err, 0);
	expect(test, t->p, clear);
}

/* The roll-over counter is not in the packet, but the tag covers it. */
static void packet_of_another_roll_over_is_refused(struct kunit *test)
{
	struct cm_test *t = make_rtp(test);

	KUNIT_ASSERT_EQ(test, protect(t, 1, 0x10000, 12, 32, 1), 0);
	KUNIT_EXPECT_EQ(test, unprotect(t, 1, 0x10000, 12, 32, 0), -EBADMSG);
	KUNIT_EXPECT_EQ(test, unprotect(t, 1, 0x10000, 12, 32, 1), 0);
}

static void changed_packet_is_refused_and_left_as_it_is(struct kunit *test)
{
	struct cm_test *t = make_rtp(test);
	u32 len = 32, bits = 8 * (len + QSC_CM_TAG_LEN), bit;

	KUNIT_ASSERT_EQ(test, protect(t, 7, 9, 12, len, 0), 0);
	for (bit = 0; bit < bits; bit++) {
		t->p[bit / 8] ^= 1 << bit % 8;
		memcpy(t->was, t->p, sizeof(t->p));
		KUNIT_EXPECT_EQ(test, unprotect(t, 7, 9, 12, len, 0), -EBADMSG);
		KUNIT_EXPECT_MEMEQ(test, t->p, t->was, sizeof(t->p));
		t->p[bit / 8] ^= 1 << bit % 8;
	}
	KUNIT_EXPECT_EQ(test, unprotect(t, 7, 9, 12, len, 0), 0);
}

static void packet_without_payload_is_only_authenticated(struct kunit *test)
{
	struct cm_test *t = make_rtp(test);
	u8 header[12];

	memset(t->p, 0x5a, sizeof(header));
	memcpy(header, t->p, sizeof(header));
	KUNIT_EXPECT_EQ(test, protect(t, 1, 1, 12, 12, 0), 0);
	KUNIT_EXPECT_MEMEQ(test, t->p, header, sizeof(header));
	KUNIT_EXPECT_EQ(test, unprotect(t, 1, 1, 12, 12, 0), 0);
	t->p[3] ^= 1;
	KUNIT_EXPECT_EQ(test, unprotect(t, 1, 1, 12, 12, 0), -EBADMSG);
}

/*
 * Is the MAC zero afterwards? Unlike after a panic it is freed, so it gets back of what
 * it is made.
 */
static bool panic_with(struct kunit *test, struct cm_test *t)
{
	u32 size = crypto_shash_alg(t->c.mac)->base.cra_ctxsize;
	u8 *ctx = crypto_shash_ctx(t->c.mac), *was;
	bool zero;

	was = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, was);
	memcpy(was, ctx, size);
	qsc_cm_panic(&t->c);
	zero = !memchr_inv(ctx, 0, size);
	memcpy(ctx, was, size);
	return zero;
}

static void panic_zeroes_the_mac(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, panic_with(test, make_rtp(test)));
}

static void panic_zeroes_the_cipher(struct kunit *test)
{
	struct cm_test *t = make_rtp(test);
	struct skcipher_alg *alg = crypto_skcipher_alg(t->c.ctr);

	if (alg->base.cra_flags & CRYPTO_ALG_INSTANCE)
		kunit_skip(test, "its parts have the key");
	KUNIT_EXPECT_NOT_NULL(test,
			      memchr_inv(crypto_skcipher_ctx(t->c.ctr), 0, alg->base.cra_ctxsize));
	panic_with(test, t);
	KUNIT_EXPECT_NULL(test,
			  memchr_inv(crypto_skcipher_ctx(t->c.ctr), 0, alg->base.cra_ctxsize));
	KUNIT_EXPECT_NULL(test, memchr_inv(t->c.key, 0, sizeof(t->c.key)));
	KUNIT_EXPECT_NULL(test, memchr_inv(t->c.salt, 0, sizeof(t->c.salt)));
}

/* No key stays where the next one who gets the memory could read it. */
static void key_that_cannot_be_made_leaves_nothing(struct kunit *test)
{
	static const struct qsc_cm nothing;
	struct cm_test *t = test->priv;
	unsigned int n;
	int err;

	if (!qsc_cm_driver())
		kunit_skip(test, "this kernel lacks the suite");
	qsc_test_need_failslab(test);
	for (n = 1; n < 64; n++) {
		qsc_test_fail_nth(n);
		err = try_key(t, "c61e7a93744f39ee10734afe3ff7a087", "30cbbc08863d8c85d49db34a9ae1",
			      "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
		if (qsc_test_fail_left()) {
			KUNIT_EXPECT_EQ(test, err, 0);
			KUNIT_EXPECT_GT(test, n, 2);
			return;
		}
		/* Some allocations are tried again in another way. */
		if (err)
			KUNIT_EXPECT_MEMEQ(test, &t->c, &nothing, sizeof(nothing));
		forget(t);
	}
	KUNIT_FAIL(test, "a key takes no end of allocations");
}

static struct kunit_case cases[] = { KUNIT_CASE(key_stream_is_that_of_rfc_3711_b2),
				     KUNIT_CASE(portable_cipher_is_the_same),
				     KUNIT_CASE(packet_leaves_nothing_with_the_portable_cipher),
				     KUNIT_CASE(rtp_packet_is_that_of_libsrtp),
				     KUNIT_CASE(rtcp_packet_is_that_of_libsrtp),
				     KUNIT_CASE(packet_of_another_roll_over_is_refused),
				     KUNIT_CASE(changed_packet_is_refused_and_left_as_it_is),
				     KUNIT_CASE(packet_without_payload_is_only_authenticated),
				     KUNIT_CASE(panic_zeroes_the_cipher),
				     KUNIT_CASE(panic_zeroes_the_mac),
				     KUNIT_CASE(key_that_cannot_be_made_leaves_nothing),
				     {} };

static struct kunit_suite suite = {
	.name = "qsc_cm",
	.suite_init = qsc_test_suite_init,
	.init = init,
	.exit = clean_up,
	.test_cases = cases,
};

kunit_test_suite(suite);
