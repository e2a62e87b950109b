// SPDX-License-Identifier: GPL-2.0
/*
 * What the commands that bring keys leave behind, before the end of each command
 * zeroes the stack: what they had in variables of their own is gone by then.
 */

#include "../nlkey.h"

#include "../netlink.h"
#include "../stack.h"
#include "calls.h"
#include "memory.h"
#include "vectors.h"

#define BYTES_MAX 256
#define SEAL_ID 7

/* There is no such call: a key gets as far as it can without one. */
struct request {
	struct sk_buff *skb;
	struct nlattr *attrs[QSC_A_CALL_MAX + 1];
	struct netlink_ext_ack extack;
	struct genl_info info;
};

static void nlkey_exit(struct kunit *test)
{
	qsc_seal_wipe(&qsc_test_table()->seal);
	qsc_test_calls_exit(test);
}

static void put_hex(struct kunit *test, struct sk_buff *skb, int attr, const char *hex)
{
	u8 bytes[BYTES_MAX];

	KUNIT_ASSERT_LE(test, strlen(hex), 2 * sizeof(bytes));
	KUNIT_EXPECT_EQ(test, nla_put(skb, attr, qsc_test_unhex(bytes, hex), bytes), 0);
}

static void put_sealed(struct kunit *test, struct sk_buff *skb, int attr, const char *public,
		       const char *box)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	KUNIT_ASSERT_NOT_NULL(test, nest);
	KUNIT_EXPECT_EQ(test, nla_put_u32(skb, QSC_A_SEAL_ID, SEAL_ID), 0);
	put_hex(test, skb, QSC_A_SEAL_PUBLIC, public);
	put_hex(test, skb, QSC_A_SEAL_BOX, box);
	nla_nest_end(skb, nest);
}

static void put_key(struct kunit *test, struct sk_buff *skb, const struct qsc_test_key_seal *v)
{
	struct nlattr *nest = nla_nest_start(skb, QSC_A_CALL_KEY);

	KUNIT_ASSERT_NOT_NULL(test, nest);
	KUNIT_EXPECT_EQ(test, nla_put_u32(skb, QSC_A_KEY_DIR, v->dir), 0);
	KUNIT_EXPECT_EQ(test, nla_put_u32(skb, QSC_A_KEY_SUITE, v->suite), 0);
	KUNIT_EXPECT_EQ(test, nla_put_u8(skb, QSC_A_KEY_LEG, v->leg), 0);
	put_sealed(test, skb, QSC_A_KEY_SEALED, v->client_public, v->box);
	nla_nest_end(skb, nest);
}

static void put_session(struct kunit *test, struct sk_buff *skb,
			const struct qsc_test_session_seal *v, const char *wrapped)
{
	const struct qsc_test_session *s = &qsc_test_sessions[v->session];
	struct nlattr *nest = nla_nest_start(skb, QSC_A_CALL_SESSION);

	KUNIT_ASSERT_NOT_NULL(test, nest);
	KUNIT_EXPECT_EQ(test, nla_put_u32(skb, QSC_A_SESSION_ROLE, s->role), 0);
	KUNIT_EXPECT_EQ(test, nla_put_u32(skb, QSC_A_SESSION_SUITE, s->suite), 0);
	KUNIT_EXPECT_EQ(test, nla_put_u32(skb, QSC_A_SESSION_EPOCH, s->epoch), 0);
	KUNIT_EXPECT_EQ(test, nla_put_string(skb, QSC_A_SESSION_CALLER, s->caller), 0);
	KUNIT_EXPECT_EQ(test, nla_put_string(skb, QSC_A_SESSION_CALLEE, s->callee), 0);
	put_hex(test, skb, QSC_A_SESSION_WRAPPED, wrapped);
	put_sealed(test, skb, QSC_A_SESSION_SEALED, v->client_public, v->box);
	nla_nest_end(skb, nest);
}

/* The first half of a request; the caller puts the rest of the attributes. */
static struct request *begin(struct kunit *test, u8 cmd, const char *id)
{
	struct request *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	void *hdr;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->skb);
	hdr = genlmsg_put(r->skb, 0, 0, &qsc_genl_family, 0, cmd);
	KUNIT_ASSERT_NOT_NULL(test, hdr);
	KUNIT_EXPECT_EQ(test, nla_put_string(r->skb, QSC_A_CALL_ID, id), 0);
	r->info.nlhdr = nlmsg_hdr(r->skb);
	r->info.genlhdr = nlmsg_data(r->info.nlhdr);
	r->info.attrs = r->attrs;
	r->info.extack = &r->extack;
	genl_info_net_set(&r->info, &init_net);
	return r;
}

static void finish(struct kunit *test, struct request *r)
{
	genlmsg_end(r->skb, genlmsg_data(r->info.genlhdr));
	KUNIT_ASSERT_EQ(test,
			nla_parse(r->attrs, QSC_A_CALL_MAX, genlmsg_data(r->info.genlhdr),
				  genlmsg_len(r->info.genlhdr), NULL, &r->extack),
			0);
}

/* Where what they leave on the stack can be seen. */
static noinline int take_further_down(int (*command)(struct sk_buff *skb, struct genl_info *info),
				      struct request *r)
{
	u8 room[QSC_TEST_ROOM];
	int err;

	barrier_data(room);
	err = command(r->skb, &r->info);
	barrier_data(room);
	return err;
}

/* Ends the request, too; returns what the command did. */
static int expect_nothing_left(struct kunit *test, struct request *r,
			       int (*command)(struct sk_buff *skb, struct genl_info *info),
			       u8 (*secrets)[QSC_TEST_SECRET_LEN], int n)
{
	int i, err;

	finish(test, r);
	for (i = 0; i < n; i++)
		qsc_test_need_dead_stack(test, secrets[i]);
	qsc_stack_wipe();
	err = take_further_down(command, r);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_FALSE_MSG(test, qsc_test_on_dead_stack(secrets[i]), "secret %d", i);
	nlmsg_free(r->skb);
	return err;
}

static void copy_secret(u8 (*secret)[QSC_TEST_SECRET_LEN], const char *hex)
{
	u8 bytes[BYTES_MAX];

	qsc_test_unhex(bytes, hex);
	memcpy(secret, bytes, sizeof(*secret));
	memzero_explicit(bytes, sizeof(bytes));
}

static u8 (*alloc_secrets(struct kunit *test, int n))[QSC_TEST_SECRET_LEN]
{
	u8(*secrets)[QSC_TEST_SECRET_LEN] = kunit_kzalloc(test, n * sizeof(*secrets), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, secrets);
	return secrets;
}

static void key_is_not_left_on_the_stack(struct kunit *test)
{
	const struct qsc_test_key_seal *v = &qsc_test_key_seals[0];
	u8(*secrets)[QSC_TEST_SECRET_LEN] = alloc_secrets(test, 1);
	struct request *r;
	int i, err;

	qsc_test_plant_seal(&qsc_test_table()->seal, SEAL_ID, v->module_secret, v->module_public);
	copy_secret(&secrets[0], v->plaintext);
	for (i = 0; i < QSC_TEST_LOOKS; i++) {
		r = begin(test, QSC_CMD_KEY_SET, v->call_id);
		put_key(test, r->skb, v);
		err = expect_nothing_left(test, r, qsc_nl_key_set, secrets, 1);
		KUNIT_EXPECT_EQ(test, err, -ENOENT);
	}
}

/* Takes a session, sealed as @v is, with this @wrapped key. */
static void expect_no_session_left(struct kunit *test, const struct qsc_test_session_seal *v,
				   const char *wrapped, int want)
{
	const struct qsc_test_session *s = &qsc_test_sessions[v->session];
	u8(*secrets)[QSC_TEST_SECRET_LEN] = alloc_secrets(test, 5);
	struct request *r;
	int i, err;

	qsc_test_plant_seal(&qsc_test_table()->seal, SEAL_ID, v->module_secret, v->module_public);
	copy_secret(&secrets[0], s->dist);
	copy_secret(&secrets[1], s->exporter);
	copy_secret(&secrets[2], s->session);
	copy_secret(&secrets[3], s->caller_to_callee);
	copy_secret(&secrets[4], s->callee_to_caller);
	for (i = 0; i < QSC_TEST_LOOKS; i++) {
		r = begin(test, QSC_CMD_SESSION_SET, s->call_id);
		put_session(test, r->skb, v, wrapped);
		err = expect_nothing_left(test, r, qsc_nl_session_set, secrets, 5);
		KUNIT_EXPECT_EQ(test, err, want);
	}
}

static void session_is_not_left_on_the_stack(struct kunit *test)
{
	const struct qsc_test_session_seal *v = &qsc_test_session_seals[0];

	expect_no_session_left(test, v, qsc_test_sessions[v->session].wrapped, -ENOENT);
}

/* Then the command ends at once, and nothing is written over what was there. */
static void session_that_does_not_open_is_not_left_on_the_stack(struct kunit *test)
{
	const struct qsc_test_session_seal *v = &qsc_test_session_seals[0];

	expect_no_session_left(test, v, qsc_test_sessions[v->session + 1].wrapped, -EBADMSG);
}

static struct kunit_case nlkey_cases[] = {
	KUNIT_CASE(key_is_not_left_on_the_stack),
	KUNIT_CASE(session_is_not_left_on_the_stack),
	KUNIT_CASE(session_that_does_not_open_is_not_left_on_the_stack),
	{},
};

static struct kunit_suite nlkey_suite = {
	.name = "qsc_nlkey",
	.init = qsc_test_calls_init,
	.exit = nlkey_exit,
	.test_cases = nlkey_cases,
};

kunit_test_suite(nlkey_suite);
