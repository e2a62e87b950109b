// SPDX-License-Identifier: GPL-2.0
/* Sealed messages: opened by who they are for, for what they are for, for a while. */

#include "../seal.h"

#include <linux/jiffies.h>

#include "../bind.h"
#include "../hkdf.h"
#include "../open.h"
#include "../session.h"
#include "../stack.h"
#include "memory.h"
#include "vectors.h"

#define PLAIN_MAX (QSC_SEAL_BOX_MAX - QSC_SEAL_TAG_LEN)

/* A vector in bytes. */
struct message {
	struct qsc_sealed sealed;
	u8 public[QSC_SEAL_PUBLIC_LEN];
	u8 box[QSC_SEAL_BOX_MAX];
	u8 plain[PLAIN_MAX];
	u8 aad[QSC_BINDING_MAX];
	u32 aad_len;
};

static struct qsc_seal *seal_of(struct kunit *test)
{
	return test->priv;
}

static int seal_init(struct kunit *test)
{
	struct qsc_seal *seal = kunit_kzalloc(test, sizeof(*seal), GFP_KERNEL);

	if (!seal)
		return -ENOMEM;
	qsc_seal_init(seal);
	test->priv = seal;
	return 0;
}

static void seal_exit(struct kunit *test)
{
	qsc_seal_destroy(seal_of(test));
}

static struct message *message(struct kunit *test, const char *public, const char *box,
			       const char *plain, const char *aad)
{
	struct message *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	qsc_test_unhex(m->public, public);
	qsc_test_unhex(m->box, box);
	m->aad_len = qsc_test_unhex(m->aad, aad);
	m->sealed = (struct qsc_sealed){
		.id = 7,
		.public = m->public,
		.box = m->box,
		.len = qsc_test_unhex(m->plain, plain),
	};
	return m;
}

/* The first vector, and its key planted. */
static struct message *first(struct kunit *test)
{
	const struct qsc_test_key_seal *v = &qsc_test_key_seals[0];

	qsc_test_plant_seal(seal_of(test), 7, v->module_secret, v->module_public);
	return message(test, v->client_public, v->box, v->plaintext, v->aad);
}

static int open(struct kunit *test, const struct message *m, u8 *out)
{
	memset(out, 0x5a, PLAIN_MAX);
	return qsc_seal_open(seal_of(test), &m->sealed, m->aad, m->aad_len, out);
}

static void expect_opens(struct kunit *test, const struct message *m)
{
	u8 out[PLAIN_MAX];

	KUNIT_EXPECT_EQ(test, open(test, m, out), 0);
	KUNIT_EXPECT_MEMEQ(test, out, m->plain, m->sealed.len);
}

/* And nothing comes out. */
static void expect_refused(struct kunit *test, const struct message *m, int err)
{
	u8 out[PLAIN_MAX], untouched[PLAIN_MAX];

	memset(untouched, 0x5a, sizeof(untouched));
	KUNIT_EXPECT_EQ(test, open(test, m, out), err);
	KUNIT_EXPECT_MEMEQ(test, out, untouched, sizeof(out));
}

static void opens_the_known_key(struct kunit *test)
{
	u8 mki[QSC_MKI_MAX];
	int i;

	for (i = 0; i < ARRAY_SIZE(qsc_test_key_seals); i++) {
		const struct qsc_test_key_seal *v = &qsc_test_key_seals[i];
		const struct qsc_key_params p = {
			.suite = qsc_suite_by_id(v->suite),
			.leg = v->leg,
			.dir = v->dir,
			.mki = mki,
			.mki_len = qsc_test_unhex(mki, v->mki),
		};
		struct qsc_binding b;
		struct message *m;

		qsc_test_plant_seal(seal_of(test), 7, v->module_secret, v->module_public);
		m = message(test, v->client_public, v->box, v->plaintext, v->aad);
		qsc_bind_key(&b, v->call_id, &p);
		KUNIT_ASSERT_EQ(test, b.len, m->aad_len);
		KUNIT_EXPECT_MEMEQ(test, b.bytes, m->aad, m->aad_len);
		expect_opens(test, m);
	}
}

static void opens_the_known_session(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(qsc_test_session_seals); i++) {
		const struct qsc_test_session_seal *v = &qsc_test_session_seals[i];
		const struct qsc_test_session *s = &qsc_test_sessions[v->session];
		const struct qsc_context c = {
			.call_id = s->call_id,
			.caller = s->caller,
			.callee = s->callee,
			.suite = qsc_suite_by_id(s->suite),
			.role = s->role,
			.epoch = s->epoch,
		};
		struct qsc_binding b;
		struct message *m;

		qsc_test_plant_seal(seal_of(test), 7, v->module_secret, v->module_public);
		m = message(test, v->client_public, v->box, v->plaintext, v->aad);
		qsc_bind_session(&b, &c);
		KUNIT_ASSERT_EQ(test, b.len, m->aad_len);
		KUNIT_EXPECT_MEMEQ(test, b.bytes, m->aad, m->aad_len);
		KUNIT_EXPECT_EQ(test, m->sealed.len, QSC_SESSION_SECRET_LEN);
		expect_opens(test, m);
	}
}

static void changed_message_is_refused(struct kunit *test)
{
	struct message *m = first(test);
	u32 i;

	for (i = 0; i < m->sealed.len + QSC_SEAL_TAG_LEN; i++) {
		m->box[i] ^= 1 << i % 8;
		expect_refused(test, m, -EBADMSG);
		m->box[i] ^= 1 << i % 8;
	}
	for (i = 0; i < m->aad_len; i++) {
		m->aad[i] ^= 1 << i % 8;
		expect_refused(test, m, -EBADMSG);
		m->aad[i] ^= 1 << i % 8;
	}
	m->aad_len--;
	expect_refused(test, m, -EBADMSG);
	m->aad_len++;
	m->public[5] ^= 1;
	expect_refused(test, m, -EBADMSG);
	m->public[5] ^= 1;
	expect_opens(test, m);
}

static void message_to_another_key_is_refused(struct kunit *test)
{
	const struct qsc_test_key_seal *other = &qsc_test_key_seals[1];
	struct message *m = first(test);

	m->sealed.id = 8;
	expect_refused(test, m, -EKEYEXPIRED);
	m->sealed.id = 0;
	expect_refused(test, m, -EKEYEXPIRED);
	m->sealed.id = 7;
	qsc_test_plant_seal(seal_of(test), 7, other->module_secret, other->module_public);
	expect_refused(test, m, -EBADMSG);
}

/* RFC 7748 section 6.1: the result would be all zero, whatever our secret is. */
static void point_of_small_order_is_refused(struct kunit *test)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct message *m = first(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		qsc_test_unhex(m->public, points[i]);
		expect_refused(test, m, -EKEYREJECTED);
	}
}

/* As if @seconds had passed since the key pairs were made. */
static void age(struct qsc_seal *seal, u32 seconds)
{
	unsigned int i;

	mutex_lock(&seal->lock);
	for (i = 0; i < ARRAY_SIZE(seal->keys); i++)
		if (seal->keys[i].id)
			seal->keys[i].made -= (unsigned long)seconds * HZ;
	mutex_unlock(&seal->lock);
}

static bool is_zero(struct qsc_seal *seal)
{
	return !memchr_inv(seal->keys, 0, sizeof(seal->keys));
}

static void get(struct kunit *test, struct qsc_seal_offer *offer)
{
	u8 public[CURVE25519_KEY_SIZE];

	KUNIT_ASSERT_EQ(test, qsc_seal_get(seal_of(test), offer), 0);
	KUNIT_EXPECT_NE(test, offer->id, 0);
	KUNIT_EXPECT_GE(test, offer->seconds, QSC_SEAL_LIFE_SEC / 2 - 5);
	KUNIT_EXPECT_LE(test, offer->seconds, QSC_SEAL_LIFE_SEC);
	KUNIT_ASSERT_TRUE(test, curve25519_generate_public(public, seal_of(test)->keys[0].secret));
	KUNIT_EXPECT_MEMEQ(test, offer->public, public, sizeof(public));
}

static void all_who_ask_get_one_key_in_half_its_life(struct kunit *test)
{
	struct qsc_seal_offer a, b;
	int i;

	KUNIT_EXPECT_TRUE(test, is_zero(seal_of(test)));
	get(test, &a);
	for (i = 0; i < 1000; i++) {
		KUNIT_ASSERT_EQ(test, qsc_seal_get(seal_of(test), &b), 0);
		KUNIT_ASSERT_EQ(test, b.id, a.id);
	}
	age(seal_of(test), QSC_SEAL_LIFE_SEC / 2 - 5);
	get(test, &b);
	KUNIT_EXPECT_EQ(test, b.id, a.id);
	age(seal_of(test), 5);
	get(test, &b);
	KUNIT_EXPECT_NE(test, b.id, a.id);
	KUNIT_EXPECT_NE(test, memcmp(b.public, a.public, sizeof(a.public)), 0);
	KUNIT_EXPECT_EQ(test, seal_of(test)->keys[1].id, a.id);
}

static void key_opens_until_its_life_is_over(struct kunit *test)
{
	struct message *m = first(test);
	struct qsc_seal_offer offer;

	age(seal_of(test), QSC_SEAL_LIFE_SEC / 2);
	get(test, &offer);
	expect_opens(test, m);
	age(seal_of(test), QSC_SEAL_LIFE_SEC / 2 - 5);
	expect_opens(test, m);
	age(seal_of(test), 5);
	expect_refused(test, m, -EKEYEXPIRED);
	KUNIT_EXPECT_EQ(test, seal_of(test)->keys[1].id, 0);
}

static void key_is_wiped_when_its_life_is_over(struct kunit *test)
{
	struct qsc_seal *seal = seal_of(test);
	struct qsc_seal_offer offer;

	get(test, &offer);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&seal->expiry));
	age(seal, QSC_SEAL_LIFE_SEC / 2);
	get(test, &offer);
	age(seal, QSC_SEAL_LIFE_SEC / 2);
	/* Nobody asks, nobody opens. */
	flush_delayed_work(&seal->expiry);
	KUNIT_EXPECT_NULL(test, memchr_inv(&seal->keys[1], 0, sizeof(seal->keys[1])));
	KUNIT_EXPECT_EQ(test, seal->keys[0].id, offer.id);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&seal->expiry));
	age(seal, QSC_SEAL_LIFE_SEC / 2);
	flush_delayed_work(&seal->expiry);
	KUNIT_EXPECT_TRUE(test, is_zero(seal));
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&seal->expiry));
}

static void wiped_keys_open_nothing(struct kunit *test)
{
	struct message *m = first(test);
	struct qsc_seal *seal = seal_of(test);
	struct qsc_seal_offer offer;

	seal->keys[1] = seal->keys[0];
	qsc_seal_wipe(seal);
	KUNIT_EXPECT_TRUE(test, is_zero(seal_of(test)));
	expect_refused(test, m, -EKEYEXPIRED);
	get(test, &offer);
}

/* Where what they leave on the stack can be seen. */
static noinline int open_further_down(struct kunit *test, const struct message *m, u8 *out)
{
	u8 room[QSC_TEST_ROOM];
	int err;

	barrier_data(room);
	err = open(test, m, out);
	barrier_data(room);
	return err;
}

static noinline int get_further_down(struct qsc_seal *seal, struct qsc_seal_offer *offer)
{
	u8 room[QSC_TEST_ROOM];
	int err;

	barrier_data(room);
	err = qsc_seal_get(seal, offer);
	barrier_data(room);
	return err;
}

/* The first half of what a message is sealed with; the label is written down again. */
static void box_key(const struct qsc_seal *seal, const struct message *m, const u8 *shared,
		    u8 half[QSC_TEST_SECRET_LEN])
{
	static const char label[] = "qsc/1 seal";
	u8 salt[2 * CURVE25519_KEY_SIZE], key[QSC_BOX_KEY_LEN];

	memcpy(salt, m->public, CURVE25519_KEY_SIZE);
	memcpy(salt + CURVE25519_KEY_SIZE, seal->keys[0].public, CURVE25519_KEY_SIZE);
	qsc_hkdf(salt, sizeof(salt), shared, CURVE25519_KEY_SIZE, (const u8 *)label,
		 sizeof(label) - 1, key, sizeof(key));
	memcpy(half, key, QSC_TEST_SECRET_LEN);
	memzero_explicit(key, sizeof(key));
}

static void nothing_is_left_on_the_stack(struct kunit *test)
{
	u8(*secrets)[QSC_TEST_SECRET_LEN] = kunit_kzalloc(test, sizeof(*secrets) * 4, GFP_KERNEL);
	u8 *shared = kunit_kzalloc(test, CURVE25519_KEY_SIZE, GFP_KERNEL);
	u8 *out = kunit_kzalloc(test, PLAIN_MAX, GFP_KERNEL);
	struct qsc_seal *seal = seal_of(test);
	struct qsc_seal_offer offer;
	struct message *m = first(test);
	int i, err;

	KUNIT_ASSERT_NOT_NULL(test, secrets);
	KUNIT_ASSERT_NOT_NULL(test, shared);
	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_ASSERT_TRUE(test, curve25519(shared, seal->keys[0].secret, m->public));
	memcpy(secrets[0], shared, QSC_TEST_SECRET_LEN);
	memcpy(secrets[1], seal->keys[0].secret, QSC_TEST_SECRET_LEN);
	memcpy(secrets[2], m->plain, QSC_TEST_SECRET_LEN);
	box_key(seal, m, shared, secrets[3]);
	for (i = 0; i < 4; i++)
		qsc_test_need_dead_stack(test, secrets[i]);
	qsc_stack_wipe();
	err = open_further_down(test, m, out);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_FALSE_MSG(test, qsc_test_on_dead_stack(secrets[i]), "secret %d", i);
	KUNIT_EXPECT_EQ(test, err, 0);

	qsc_seal_wipe(seal);
	qsc_stack_wipe();
	err = get_further_down(seal, &offer);
	memcpy(secrets[0], seal->keys[0].secret, QSC_TEST_SECRET_LEN);
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(secrets[0]));
	KUNIT_EXPECT_EQ(test, err, 0);
}

static struct kunit_case seal_cases[] = {
	KUNIT_CASE(opens_the_known_key),
	KUNIT_CASE(opens_the_known_session),
	KUNIT_CASE(changed_message_is_refused),
	KUNIT_CASE(message_to_another_key_is_refused),
	KUNIT_CASE(point_of_small_order_is_refused),
	KUNIT_CASE(all_who_ask_get_one_key_in_half_its_life),
	KUNIT_CASE(key_opens_until_its_life_is_over),
	KUNIT_CASE(key_is_wiped_when_its_life_is_over),
	KUNIT_CASE(wiped_keys_open_nothing),
	KUNIT_CASE(nothing_is_left_on_the_stack),
	{},
};

static struct kunit_suite seal_suite = {
	.name = "qsc_seal",
	.init = seal_init,
	.exit = seal_exit,
	.test_cases = seal_cases,
};

kunit_test_suite(seal_suite);
