// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealing: as the known answers have it, bound to what it is for, and to a key
 * of the module's that may be gone by the time the request gets there.
 */
#include <errno.h>

#include "script.h"
#include "vectors.h"

#define KEY_LEN 32
#define SECRET "one-time secret!one-time secret!"

static struct qsc_session session_of(struct json_object *v)
{
	struct qsc_session s = {
		.role = (uint32_t)num(v, "role"),
		.caller = string(v, "caller"),
		.callee = string(v, "callee"),
		.suite = (uint32_t)num(v, "suite"),
		.epoch = (uint32_t)num(v, "epoch"),
	};

	hex(v, "dist", s.dist, sizeof(s.dist));
	hex(v, "exporter", s.exporter, sizeof(s.exporter));
	hex(v, "wrapped", s.wrapped, sizeof(s.wrapped));
	return s;
}

static void check_box(struct json_object *v, const struct qsc_binding *b)
{
	uint8_t client[KEY_LEN], module[KEY_LEN], plain[QSC_SEAL_BOX_MAX], want[QSC_BINDING_MAX];
	uint8_t public[QSC_SEAL_PUBLIC_LEN], box[QSC_SEAL_BOX_MAX];
	size_t len = hex(v, "plaintext", plain, sizeof(plain));
	EVP_PKEY *mine;

	assert_int_equal(hex(v, "aad", want, sizeof(want)), b->len);
	assert_memory_equal(b->bytes, want, b->len);
	hex(v, "client_secret", client, sizeof(client));
	hex(v, "module_public", module, sizeof(module));
	mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, client, sizeof(client));
	assert_non_null(mine);
	assert_int_equal(qsc_seal_box(mine, module, b->bytes, b->len, plain, len, public, box), 0);
	EVP_PKEY_free(mine);
	hex(v, "client_public", want, sizeof(want));
	assert_memory_equal(public, want, sizeof(public));
	assert_int_equal(hex(v, "box", want, sizeof(want)), len + QSC_SEAL_TAG_LEN);
	assert_memory_equal(box, want, len + QSC_SEAL_TAG_LEN);
}

static void check_key(struct json_object *v)
{
	struct qsc_key key = {
		.leg = (uint8_t)num(v, "leg"),
		.dir = (uint32_t)num(v, "dir"),
		.suite = (uint32_t)num(v, "suite"),
	};
	struct qsc_binding b;

	key.mki_len = (unsigned int)hex(v, "mki", key.mki, sizeof(key.mki));
	qsc_bind_key(&b, string(v, "call_id"), &key);
	check_box(v, &b);
}

static void check_session(struct json_object *v)
{
	struct json_object *sessions = member(all, "sessions");
	struct json_object *entry = json_object_array_get_idx(sessions, num(v, "session"));
	struct qsc_session s = session_of(entry);
	struct qsc_binding b;

	qsc_bind_session(&b, string(entry, "call_id"), &s);
	check_box(v, &b);
}

static void keys_are_sealed_as_the_known_answers_are(void **state)
{
	(void)state;
	each("key_seals", check_key);
}

static void sessions_are_sealed_as_the_known_answers_are(void **state)
{
	(void)state;
	each("session_seals", check_session);
}

static struct qsc_session a_session(void)
{
	struct qsc_session s = {
		.leg = 1,
		.role = QSC_ROLE_CALLEE,
		.caller = "alice",
		.callee = "bob",
		.suite = QSC_SUITE_AEAD_AES_128_GCM,
		.epoch = 3,
		.hold = true,
		.has_overlap = true,
		.overlap_ms = 500,
		.dist = SECRET,
		.exporter = SECRET,
		.wrapped = "wrapped wrapped wrapped wrapped wrapped wrapped",
	};

	return s;
}

/* What the requests were, and the last one's boxes. */
static struct {
	int cmd[8];
	uint32_t id[8];
	unsigned int n;
	uint8_t public[8][QSC_SEAL_PUBLIC_LEN];
	bool secret;
} seen;

static struct nlattr *sealed_in(struct qsc_reply *r)
{
	struct nlattr *tb[QSC_A_SESSION_MAX + 1];

	if (!r->attrs[QSC_A_CALL_SESSION])
		return NULL;
	nla_parse_nested(tb, QSC_A_SESSION_MAX, r->attrs[QSC_A_CALL_SESSION], NULL);
	return tb[QSC_A_SESSION_SEALED];
}

static void look(struct nlmsghdr *nlh)
{
	struct nlattr *seal[QSC_A_SEAL_MAX + 1], *nest;
	struct qsc_reply r;

	assert_true(seen.n < 8);
	assert_int_equal(qsc_msg_parse(nlh, &r), 0);
	seen.cmd[seen.n] = genlmsg_hdr(nlh)->cmd;
	seen.secret = seen.secret || memmem(nlh, nlh->nlmsg_len, SECRET, 8);
	nest = sealed_in(&r);
	if (nest) {
		nla_parse_nested(seal, QSC_A_SEAL_MAX, nest, NULL);
		seen.id[seen.n] = nla_get_u32(seal[QSC_A_SEAL_ID]);
		memcpy(seen.public[seen.n], nla_data(seal[QSC_A_SEAL_PUBLIC]), QSC_SEAL_PUBLIC_LEN);
	}
	seen.n++;
}

static struct qsc_sock *watched_sock(void)
{
	script_reset();
	memset(&seen, 0, sizeof(seen));
	script.on_send = look;
	return script_sock();
}

static void a_session_request_holds_what_the_kernel_expects(void **state)
{
	static const struct qsc_seal_key to = { .id = 77, .public = { 9 } };
	struct nlattr *tb[QSC_A_SESSION_MAX + 1], *seal[QSC_A_SEAL_MAX + 1];
	struct qsc_sock *sk = watched_sock();
	struct qsc_session s = a_session();
	struct qsc_reply r;
	struct nl_msg *msg;

	(void)state;
	msg = qsc_msg_new(sk, QSC_CMD_SESSION_SET, 0);
	assert_int_equal(qsc_session_build(sk, msg, "call", &s, &to), 0);
	assert_int_equal(qsc_msg_parse(nlmsg_hdr(msg), &r), 0);
	assert_string_equal(nla_get_string(r.attrs[QSC_A_CALL_ID]), "call");
	assert_int_equal(nla_parse_nested(tb, QSC_A_SESSION_MAX, r.attrs[QSC_A_CALL_SESSION], NULL),
			 0);
	assert_int_equal(nla_get_u8(tb[QSC_A_SESSION_LEG]), 1);
	assert_int_equal(nla_get_u32(tb[QSC_A_SESSION_ROLE]), QSC_ROLE_CALLEE);
	assert_string_equal(nla_get_string(tb[QSC_A_SESSION_CALLER]), "alice");
	assert_string_equal(nla_get_string(tb[QSC_A_SESSION_CALLEE]), "bob");
	assert_int_equal(nla_get_u32(tb[QSC_A_SESSION_SUITE]), QSC_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(nla_get_u32(tb[QSC_A_SESSION_EPOCH]), 3);
	assert_int_equal(nla_len(tb[QSC_A_SESSION_WRAPPED]), QSC_WRAPPED_LEN);
	assert_memory_equal(nla_data(tb[QSC_A_SESSION_WRAPPED]), s.wrapped, QSC_WRAPPED_LEN);
	assert_non_null(tb[QSC_A_SESSION_HOLD]);
	assert_int_equal(nla_get_u32(tb[QSC_A_SESSION_OVERLAP]), 500);
	nla_parse_nested(seal, QSC_A_SEAL_MAX, tb[QSC_A_SESSION_SEALED], NULL);
	assert_int_equal(nla_get_u32(seal[QSC_A_SEAL_ID]), 77);
	assert_int_equal(nla_len(seal[QSC_A_SEAL_BOX]), QSC_SEAL_BOX_MAX);
	assert_null(memmem(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, SECRET, 8));
	qsc_msg_free(msg);
	assert_int_equal(script.freed_dirty, 0);
	qsc_close(sk);
}

static void a_sealing_key_is_used_until_it_is_refused(void **state)
{
	struct qsc_sock *sk = watched_sock();
	struct qsc_session s = a_session();

	(void)state;
	script_seal(5);
	script_ack();
	script_ack();
	script_refuse(EKEYEXPIRED, NULL, -1);
	script_seal(6);
	script_ack();
	assert_int_equal(qsc_session_set(sk, "call", &s), 0);
	assert_int_equal(qsc_session_set(sk, "call", &s), 0);
	assert_int_equal(qsc_session_set(sk, "call", &s), 0);
	assert_int_equal(qsc_last_error(sk)->code, 0);
	assert_int_equal(script_left(), 0);
	assert_int_equal(seen.n, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(seen.cmd[i],
				 i == 0 || i == 4 ? QSC_CMD_SEAL_GET : QSC_CMD_SESSION_SET);
	assert_int_equal(seen.id[1], 5);
	assert_int_equal(seen.id[3], 5);
	assert_int_equal(seen.id[5], 6);
	/* a key pair of our own for each message */
	assert_memory_not_equal(seen.public[1], seen.public[2], QSC_SEAL_PUBLIC_LEN);
	assert_memory_not_equal(seen.public[3], seen.public[5], QSC_SEAL_PUBLIC_LEN);
	assert_false(seen.secret);
	assert_int_equal(script.freed_dirty, 0);
	qsc_close(sk);
}

static void a_sealing_key_that_is_refused_twice_is_an_error(void **state)
{
	struct qsc_sock *sk = watched_sock();
	struct qsc_session s = a_session();

	(void)state;
	script_seal(5);
	script_refuse(EKEYEXPIRED, "ask for a new sealing key", -1);
	script_seal(6);
	script_refuse(EKEYEXPIRED, "ask for a new sealing key", -1);
	assert_int_equal(qsc_session_set(sk, "call", &s), -EKEYEXPIRED);
	assert_string_equal(qsc_last_error(sk)->text, "ask for a new sealing key");
	assert_int_equal(seen.n, 4);
	assert_int_equal(script.freed_dirty, 0);
	qsc_close(sk);
}

static void an_answer_without_a_sealing_key_is_malformed(void **state)
{
	struct qsc_sock *sk = watched_sock();
	struct qsc_session s = a_session();
	struct nlattr *nest;
	struct nl_msg *msg;

	(void)state;
	script_reply(QSC_CMD_SEAL_GET);
	script_ack();
	assert_int_equal(qsc_session_set(sk, "call", &s), -EBADMSG);
	script_reset();
	msg = script_reply(QSC_CMD_SEAL_GET);
	nest = nla_nest_start(msg, QSC_A_CALL_SEAL);
	nla_put_u32(msg, QSC_A_SEAL_ID, 1);
	nla_put(msg, QSC_A_SEAL_PUBLIC, 31, "0123456789012345678901234567890");
	nla_nest_end(msg, nest);
	script_ack();
	assert_int_equal(qsc_session_set(sk, "call", &s), -EBADMSG);
	script_reset();
	script_ack(); /* and no reply before it */
	assert_int_equal(qsc_session_set(sk, "call", &s), -EBADMSG);
	assert_string_equal(qsc_last_error(sk)->text, "the kernel gave no sealing key");
	qsc_close(sk);
}

static void parties_without_a_name_are_not_sent(void **state)
{
	struct qsc_sock *sk = watched_sock();
	struct qsc_session s = a_session();
	char name[QSC_PARTY_ID_MAX + 2];

	(void)state;
	s.caller = NULL;
	assert_int_equal(qsc_session_set(sk, "call", &s), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text, "the caller's name is empty");
	s = a_session();
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	s.callee = name;
	assert_int_equal(qsc_session_set(sk, "call", &s), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text,
			    "the callee's name is 64 bytes long, at most 63 are allowed");
	assert_int_equal(qsc_session_set(sk, NULL, &s), -EINVAL);
	assert_int_equal(seen.n, 0);
	qsc_close(sk);
}

static void to_activate_names_the_leg(void **state)
{
	struct qsc_sock *sk = watched_sock();

	(void)state;
	script_ack();
	script_refuse(ENOKEY, "no sending key waits", -1);
	assert_int_equal(qsc_session_activate(sk, "call", 1), 0);
	assert_int_equal(qsc_session_activate(sk, "call", 1), -ENOKEY);
	assert_int_equal(qsc_session_activate(sk, "", 1), -EINVAL);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.cmd[0], QSC_CMD_SESSION_ACTIVATE);
	qsc_close(sk);
}

static void a_session_struct_is_zero_after_its_wipe(void **state)
{
	static const struct qsc_session zero;
	struct qsc_session s = a_session();

	(void)state;
	qsc_session_wipe(&s);
	assert_memory_equal(&s, &zero, sizeof(s));
}

static int unload(void **state)
{
	script_reset();
	return vectors_unload(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_sealed_as_the_known_answers_are),
		cmocka_unit_test(sessions_are_sealed_as_the_known_answers_are),
		cmocka_unit_test(a_session_request_holds_what_the_kernel_expects),
		cmocka_unit_test(a_sealing_key_is_used_until_it_is_refused),
		cmocka_unit_test(a_sealing_key_that_is_refused_twice_is_an_error),
		cmocka_unit_test(an_answer_without_a_sealing_key_is_malformed),
		cmocka_unit_test(parties_without_a_name_are_not_sent),
		cmocka_unit_test(to_activate_names_the_leg),
		cmocka_unit_test(a_session_struct_is_zero_after_its_wipe),
	};

	return cmocka_run_group_tests_name("seal", tests, vectors_load, unload);
}
