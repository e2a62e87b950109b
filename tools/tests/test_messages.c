// SPDX-License-Identifier: GPL-2.0-only
/* Requests as they go to the kernel, and what is left of them afterwards. */
#include "messages.h"

/* The linker also sees the libraries' own references to them. */
#pragma GCC visibility push(default)
void __wrap_nlmsg_free(struct nl_msg *msg);
void __real_nlmsg_free(struct nl_msg *msg);
void __wrap_free(void *ptr);
void __real_free(void *ptr);
#pragma GCC visibility pop

static const unsigned char *watched; /* a handle's buffer */
static unsigned int freed;
static unsigned int freed_dirty;

/* Linked in place of nlmsg_free(): looks before it frees. */
void __wrap_nlmsg_free(struct nl_msg *msg)
{
	const unsigned char *mem = (const unsigned char *)nlmsg_hdr(msg);

	freed++;
	for (size_t i = 0; i < nlmsg_get_max_size(msg); i++) {
		if (mem[i]) {
			freed_dirty++;
			break;
		}
	}
	__real_nlmsg_free(msg);
}

void __wrap_free(void *ptr)
{
	for (size_t i = 0; ptr && ptr == watched && i < QSC_RECV_MAX; i++)
		freed_dirty += !!watched[i];
	freed += ptr && ptr == watched;
	__real_free(ptr);
}

static void a_key_request_holds_what_the_kernel_expects(void **state)
{
	struct nlattr *tb[QSC_A_KEY_MAX + 1], *roc[QSC_A_ROC_MAX + 1], *seal[QSC_A_SEAL_MAX + 1];
	struct qsc_sock *sk = sock_new();
	struct qsc_key key = a_key();
	struct qsc_reply reply;
	struct nl_msg *msg;

	(void)state;
	msg = qsc_msg_new(sk, QSC_CMD_KEY_SET, 0);
	assert_int_equal(qsc_key_build(sk, msg, "alice", &key, &a_seal), 0);
	parse_built(msg, &reply);
	assert_string_equal(nla_get_string(reply.attrs[QSC_A_CALL_ID]), "alice");
	assert_int_equal(nla_len(reply.attrs[QSC_A_CALL_ID]), 6);
	assert_int_equal(nla_parse_nested(tb, QSC_A_KEY_MAX, reply.attrs[QSC_A_CALL_KEY], NULL), 0);
	assert_int_equal(nla_len(tb[QSC_A_KEY_LEG]), 1);
	assert_int_equal(nla_get_u8(tb[QSC_A_KEY_LEG]), 1);
	assert_int_equal(nla_get_u32(tb[QSC_A_KEY_DIR]), QSC_DIR_RX);
	assert_int_equal(nla_get_u32(tb[QSC_A_KEY_SUITE]), QSC_SUITE_AEAD_AES_256_GCM);
	assert_int_equal(nla_len(tb[QSC_A_KEY_MKI]), 3);
	assert_int_equal(nla_parse_nested(seal, QSC_A_SEAL_MAX, tb[QSC_A_KEY_SEALED], NULL), 0);
	assert_int_equal(nla_get_u32(seal[QSC_A_SEAL_ID]), a_seal.id);
	assert_int_equal(nla_len(seal[QSC_A_SEAL_PUBLIC]), QSC_SEAL_PUBLIC_LEN);
	assert_int_equal(nla_len(seal[QSC_A_SEAL_BOX]), 32 + 12 + QSC_SEAL_TAG_LEN);
	assert_null(memmem(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, "MMMM", 4));
	assert_null(memmem(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, "SSSS", 4));
	assert_int_equal(nla_get_u32(tb[QSC_A_KEY_OVERLAP]), 0);
	/* the last of the two */
	assert_int_equal(nla_parse_nested(roc, QSC_A_ROC_MAX, tb[QSC_A_KEY_ROC], NULL), 0);
	assert_int_equal(nla_get_u32(roc[QSC_A_ROC_SSRC]), 0x22222222);
	assert_int_equal(nla_get_u32(roc[QSC_A_ROC_VALUE]), 2);
	qsc_msg_free(msg);
	qsc_close(sk);
}

static void the_largest_key_request_fits(void **state)
{
	struct qsc_sock *sk = sock_new();
	char id[QSC_CALL_ID_MAX + 1];
	struct qsc_key key = a_key();
	struct nl_msg *msg;

	(void)state;
	memset(id, 'x', QSC_CALL_ID_MAX);
	id[QSC_CALL_ID_MAX] = '\0';
	key.mki_len = QSC_MKI_MAX;
	key.n_rocs = QSC_KEY_ROC_MAX;
	msg = qsc_msg_new(sk, QSC_CMD_KEY_SET, 0);
	assert_int_equal(qsc_key_build(sk, msg, id, &key, &a_seal), 0);
	qsc_msg_free(msg);
	qsc_close(sk);
}

static void defaults_are_left_to_the_kernel(void **state)
{
	struct qsc_call_params p = a_call();
	struct qsc_sock *sk = sock_new();
	struct qsc_key key = a_key();
	struct nlattr *tb[QSC_A_LEG_MAX + 1], *kb[QSC_A_KEY_MAX + 1];
	struct qsc_reply reply;
	struct nl_msg *msg;

	(void)state;
	p.flags = 0;
	p.timeout_s = 0;
	p.legs[0].suite = 0;
	p.legs[0].local_rtcp = 0;
	p.legs[0].remote_rtcp = 0;
	msg = qsc_msg_new(sk, QSC_CMD_CALL_NEW, 0);
	assert_int_equal(qsc_call_build(sk, msg, &p), 0);
	parse_built(msg, &reply);
	assert_null(reply.attrs[QSC_A_CALL_FLAGS]);
	assert_null(reply.attrs[QSC_A_CALL_ROLE]);
	assert_null(reply.attrs[QSC_A_CALL_TIMEOUT]);
	assert_null(reply.attrs[QSC_A_CALL_LIFETIME]);
	assert_null(reply.attrs[QSC_A_CALL_WINDOW]);
	nla_parse_nested(tb, QSC_A_LEG_MAX, reply.attrs[QSC_A_CALL_LEG], NULL);
	assert_null(tb[QSC_A_LEG_SUITE]);
	assert_null(tb[QSC_A_LEG_LOCAL_RTCP_PORT]);
	assert_null(tb[QSC_A_LEG_REMOTE_RTCP_PORT]);
	qsc_msg_free(msg);

	key.mki_len = 0;
	key.has_overlap = false;
	key.n_rocs = 0;
	msg = qsc_msg_new(sk, QSC_CMD_KEY_SET, 0);
	assert_int_equal(qsc_key_build(sk, msg, "x", &key, &a_seal), 0);
	parse_built(msg, &reply);
	nla_parse_nested(kb, QSC_A_KEY_MAX, reply.attrs[QSC_A_CALL_KEY], NULL);
	assert_null(kb[QSC_A_KEY_MKI]);
	assert_null(kb[QSC_A_KEY_OVERLAP]);
	assert_null(kb[QSC_A_KEY_ROC]);
	qsc_msg_free(msg);
	qsc_close(sk);
}

static int compare_call(const struct qsc_call *call, void *arg)
{
	const struct qsc_call_params *p = arg;

	assert_string_equal(call->id, p->id);
	assert_int_equal(call->flags, p->flags);
	assert_int_equal(call->timeout_s, p->timeout_s);
	assert_false(call->has_idle);
	assert_int_equal(call->n_legs, 1);
	assert_int_equal(call->legs[0].suite, p->legs[0].suite);
	assert_int_equal(call->legs[0].local_rtcp, p->legs[0].local_rtcp);
	assert_int_equal(call->legs[0].remote_rtcp, p->legs[0].remote_rtcp);
	assert_memory_equal(&call->legs[0].local.in4, &p->legs[0].local.in4,
			    sizeof(struct sockaddr_in));
	assert_memory_equal(&call->legs[0].remote.in4, &p->legs[0].remote.in4,
			    sizeof(struct sockaddr_in));
	return -ESTALE;
}

/* Requests and replies share their attributes, so one can be read as the other. */
static void a_call_reads_back_as_it_was_written(void **state)
{
	struct qsc_call_params p = a_call();
	struct qsc_sock *sk = sock_new();
	struct qsc_reply reply;
	struct nl_msg *msg;

	(void)state;
	msg = qsc_msg_new(sk, QSC_CMD_CALL_NEW, 0);
	assert_int_equal(qsc_call_build(sk, msg, &p), 0);
	parse_built(msg, &reply);
	assert_int_equal(qsc_parse_call(&reply, compare_call, &p), -ESTALE);
	qsc_msg_free(msg);
	qsc_close(sk);
}

static int compare_keys(const struct qsc_call *call, void *arg)
{
	(void)arg;
	assert_int_equal(call->legs[0].n_keys, 3);
	assert_int_equal(call->legs[0].keys[0].generation, 1);
	assert_int_equal(call->legs[0].keys[2].generation, 3);
	assert_int_equal(call->legs[0].keys[1].mki_len, 2);
	assert_int_equal(call->legs[1].n_keys, 0);
	assert_int_equal(call->legs[1].index, 1);
	assert_true(call->legs[1].stats->count[QSC_A_STATS_RX_RTP] == 0x1122334455667788);
	return 0;
}

static void all_legs_keys_and_counters_of_a_reply_are_read(void **state)
{
	struct qsc_sock *sk = sock_new();
	struct nlattr *leg, *nest;
	struct qsc_reply reply;
	struct nl_msg *msg;

	(void)state;
	msg = qsc_msg_new(sk, QSC_CMD_CALL_GET, 0);
	nla_put_string(msg, QSC_A_CALL_ID, "x");
	leg = nla_nest_start(msg, QSC_A_CALL_LEG);
	for (uint32_t i = 1; i <= 3; i++) {
		nest = nla_nest_start(msg, QSC_A_LEG_KEY);
		nla_put_u32(msg, QSC_A_KEY_GENERATION, i);
		nla_put(msg, QSC_A_KEY_MKI, 2, "\1\2");
		nla_nest_end(msg, nest);
	}
	nla_nest_end(msg, leg);
	leg = nla_nest_start(msg, QSC_A_CALL_LEG);
	nla_put_u8(msg, QSC_A_LEG_INDEX, 1);
	nest = nla_nest_start(msg, QSC_A_LEG_STATS);
	nla_put_u64(msg, QSC_A_STATS_RX_RTP, 0x1122334455667788);
	nla_put_u64(msg, QSC_A_STATS_MAX + 5, 1); /* of a newer kernel */
	nla_nest_end(msg, nest);
	nla_nest_end(msg, leg);
	parse_built(msg, &reply);
	assert_int_equal(qsc_parse_call(&reply, compare_keys, NULL), 0);
	qsc_msg_free(msg);
	qsc_close(sk);
}

static int never_called(const struct qsc_call *call, void *arg)
{
	(void)call;
	(void)arg;
	fail_msg("called for a malformed reply");
	return 0;
}

static void malformed_replies_are_refused(void **state)
{
	struct qsc_sock *sk = sock_new();
	struct qsc_reply reply;
	struct nl_msg *msg;

	(void)state;
	msg = qsc_msg_new(sk, QSC_CMD_CALL_GET, 0);
	parse_built(msg, &reply);
	assert_int_equal(qsc_parse_call(&reply, never_called, NULL), -EBADMSG);

	/* more legs than a call can have */
	nla_put_string(msg, QSC_A_CALL_ID, "x");
	for (int i = 0; i < QSC_LEGS_MAX + 1; i++) {
		struct nlattr *leg = nla_nest_start(msg, QSC_A_CALL_LEG);

		nla_put_u8(msg, QSC_A_LEG_INDEX, i);
		nla_nest_end(msg, leg);
	}
	parse_built(msg, &reply);
	assert_int_equal(qsc_parse_call(&reply, never_called, NULL), -EBADMSG);
	qsc_msg_free(msg);
	qsc_close(sk);
}

static void messages_are_zero_when_they_are_freed(void **state)
{
	struct qsc_sock *sk = sock_new();
	struct qsc_key key = a_key();
	struct nl_msg *msg;

	(void)state;
	freed = freed_dirty = 0;
	msg = qsc_msg_new(sk, QSC_CMD_KEY_SET, 0);
	assert_int_equal(qsc_key_build(sk, msg, "alice", &key, &a_seal), 0);
	qsc_msg_free(msg);
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
	qsc_close(sk);
}

static void keys_are_wiped_when_the_request_cannot_be_built(void **state)
{
	struct qsc_sock *sk = sock_new();
	struct qsc_key key = a_key();

	(void)state;
	freed = freed_dirty = 0;
	/* a point of small order: nothing can be sealed to it */
	memset(sk->seal.public, 0, sizeof(sk->seal.public));
	assert_int_equal(qsc_key_set(sk, "alice", &key), -EIO);
	assert_string_equal(qsc_last_error(sk)->text, "OpenSSL cannot seal the key");
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
	qsc_close(sk);
}

static void a_key_that_does_not_fit_its_suite_is_not_sent(void **state)
{
	struct qsc_sock *sk = sock_new();
	struct qsc_key key = a_key();

	(void)state;
	freed = freed_dirty = 0;
	assert_int_equal(qsc_key_set(sk, "", &key), -EINVAL);
	key.master_len = 16;
	key.salt_len = 28; /* together as long as they should be */
	assert_int_equal(qsc_key_set(sk, "alice", &key), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text,
			    "master key and salt have 16 and 28 bytes, AEAD_AES_256_GCM needs 32 "
			    "and 12");
	key = a_key();
	key.suite = QSC_SUITE_MAX + 1;
	assert_int_equal(qsc_key_set(sk, "alice", &key), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text, "there is no suite number 6");
	assert_int_equal(freed, 0);
	qsc_close(sk);
}

static void keys_are_wiped_when_the_request_cannot_be_sent(void **state)
{
	struct qsc_sock *sk = sock_new(); /* not connected */
	struct qsc_key key = a_key();

	(void)state;
	freed = freed_dirty = 0;
	assert_true(qsc_key_set(sk, "alice", &key) < 0);
	assert_non_null(strstr(qsc_last_error(sk)->text, "cannot send"));
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
	qsc_close(sk);
}

static void keys_are_wiped_when_the_kernel_refuses(void **state)
{
	struct qsc_sock *sk = sock_to_nlctrl();
	struct qsc_key key = a_key();

	(void)state;
	freed = freed_dirty = 0;
	assert_int_equal(qsc_key_set(sk, "alice", &key), -EOPNOTSUPP);
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
	for (size_t i = 0; i < QSC_RECV_MAX; i++)
		assert_int_equal(sk->buf[i], 0);
	qsc_close(sk);
}

/* As the beginning of an answer that is too long for it. */
static void what_was_received_is_wiped_at_the_end(void **state)
{
	struct qsc_sock *sk = sock_new();

	(void)state;
	freed = freed_dirty = 0;
	memset(sk->buf, 'M', QSC_RECV_MAX);
	watched = sk->buf;
	qsc_close(sk);
	watched = NULL;
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
}

static void nlcb_does_not_make_libnl_print_keys(void **state)
{
	struct capture out, err;
	struct qsc_key key = a_key();
	struct qsc_sock *sk;

	(void)state;
	setenv("NLCB", "debug", 1);
	capture_begin(&out, &stdout);
	capture_begin(&err, &stderr);
	sk = sock_to_nlctrl();
	qsc_key_set(sk, "alice", &key);
	qsc_close(sk);
	capture_end(&err);
	capture_end(&out);
	unsetenv("NLCB");
	assert_int_equal(out.len, 0);
	assert_int_equal(err.len, 0);
	free(out.text);
	free(err.text);
}

static void a_key_struct_is_zero_after_its_wipe(void **state)
{
	static const struct qsc_key zero;
	struct qsc_key key = a_key();

	(void)state;
	qsc_key_wipe(&key);
	assert_memory_equal(&key, &zero, sizeof(key));
}

static int take_event(const struct qsc_event *event, void *arg)
{
	(void)arg;
	assert_int_equal(event->type, QSC_CMD_ERASED_NTF);
	assert_string_equal(event->call_id, "bob");
	assert_int_equal(event->reason, QSC_ERASE_REASON_REKEY);
	assert_int_equal(event->leg, -1);
	assert_int_equal(event->n_keys, 1);
	assert_ptr_equal(event->key, event->keys);
	assert_int_equal(event->key->generation, 7);
	return -ESTALE;
}

static void an_event_is_read_with_its_key(void **state)
{
	struct qsc_sock *sk = sock_new();
	struct nlattr *nest;
	struct nl_msg *msg;

	(void)state;
	msg = qsc_msg_new(sk, QSC_CMD_ERASED_NTF, 0);
	nla_put_string(msg, QSC_A_CALL_ID, "bob");
	nla_put_u32(msg, QSC_A_CALL_REASON, QSC_ERASE_REASON_REKEY);
	nest = nla_nest_start(msg, QSC_A_CALL_KEY);
	nla_put_u32(msg, QSC_A_KEY_GENERATION, 7);
	nla_nest_end(msg, nest);
	nlmsg_hdr(msg)->nlmsg_type = sk->family;
	assert_int_equal(qsc_parse_event(nlmsg_hdr(msg), take_event, NULL), -ESTALE);
	qsc_msg_free(msg);
	qsc_close(sk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_request_holds_what_the_kernel_expects),
		cmocka_unit_test(the_largest_key_request_fits),
		cmocka_unit_test(defaults_are_left_to_the_kernel),
		cmocka_unit_test(a_call_reads_back_as_it_was_written),
		cmocka_unit_test(all_legs_keys_and_counters_of_a_reply_are_read),
		cmocka_unit_test(malformed_replies_are_refused),
		cmocka_unit_test(messages_are_zero_when_they_are_freed),
		cmocka_unit_test(keys_are_wiped_when_the_request_cannot_be_built),
		cmocka_unit_test(a_key_that_does_not_fit_its_suite_is_not_sent),
		cmocka_unit_test(keys_are_wiped_when_the_request_cannot_be_sent),
		cmocka_unit_test(keys_are_wiped_when_the_kernel_refuses),
		cmocka_unit_test(what_was_received_is_wiped_at_the_end),
		cmocka_unit_test(nlcb_does_not_make_libnl_print_keys),
		cmocka_unit_test(a_key_struct_is_zero_after_its_wipe),
		cmocka_unit_test(an_event_is_read_with_its_key),
	};

	return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
