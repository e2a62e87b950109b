// SPDX-License-Identifier: GPL-2.0-only
/* What libqsc makes of the kernel's refusals. */
#include "messages.h"

static void a_refusal_names_the_attribute_and_the_value_sent(void **state)
{
	struct qsc_sock *sk = sock_to_nlctrl();
	const struct qsc_error *e = qsc_last_error(sk);
	struct nl_msg *msg = qsc_msg_new(sk, CTRL_CMD_GETFAMILY, 0);

	(void)state;
	/* nlctrl takes our call-id for its family number, which has two bytes */
	nla_put(msg, QSC_A_CALL_ID, 1, "a");
	assert_int_equal(qsc_msg_run(sk, msg, NULL, NULL), -ERANGE);
	qsc_msg_free(msg);
	assert_int_equal(e->code, -ERANGE);
	assert_string_equal(e->attr, "id");
	assert_string_equal(e->value, "a");
	assert_true(e->kernel[0]);
	assert_non_null(strstr(e->text, e->kernel));
	assert_non_null(strstr(e->text, "(id a"));
	qsc_close(sk);
}

/* A made-up refusal: @offset points into @request. */
static void refuse_at(struct qsc_sock *sk, struct nl_msg *request, const void *where,
		      const char *text)
{
	struct nl_msg *ack = nlmsg_alloc_size(1024);
	struct nlmsghdr *req = nlmsg_hdr(request);
	struct nlmsgerr e = { .error = -EINVAL };
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(ack, 0, 0, NLMSG_ERROR, sizeof(e), NLM_F_CAPPED | NLM_F_ACK_TLVS);
	memcpy(nlmsg_data(nlh), &e, sizeof(e));
	nla_put_string(ack, NLMSGERR_ATTR_MSG, text);
	nla_put_u32(ack, NLMSGERR_ATTR_OFFS, (const char *)where - (const char *)req);
	qsc_error_from_ack(sk, -EINVAL, req, nlh, sizeof(e));
	nlmsg_free(ack);
}

static void nested_attributes_are_named_with_their_nests(void **state)
{
	struct nlattr *tb[QSC_A_LEG_MAX + 1];
	struct qsc_call_params p = a_call();
	struct qsc_sock *sk = sock_new();
	struct qsc_reply reply;
	struct nl_msg *msg;

	(void)state;
	msg = qsc_msg_new(sk, QSC_CMD_CALL_NEW, 0);
	assert_int_equal(qsc_call_build(sk, msg, &p), 0);
	parse_built(msg, &reply);
	nla_parse_nested(tb, QSC_A_LEG_MAX, reply.attrs[QSC_A_CALL_LEG], NULL);
	refuse_at(sk, msg, tb[QSC_A_LEG_REMOTE_PORT], "no good");
	assert_string_equal(qsc_last_error(sk)->text, "no good (leg remote-port 6004)");
	refuse_at(sk, msg, tb[QSC_A_LEG_LOCAL_ADDR], "no good");
	assert_string_equal(qsc_last_error(sk)->text, "no good (leg local-addr 192.0.2.1)");
	refuse_at(sk, msg, tb[QSC_A_LEG_SUITE], "no good");
	assert_string_equal(qsc_last_error(sk)->text, "no good (leg suite AEAD_AES_128_GCM)");
	refuse_at(sk, msg, reply.attrs[QSC_A_CALL_LEG], "no good");
	assert_string_equal(qsc_last_error(sk)->text, "no good (leg)");
	qsc_msg_free(msg);
	qsc_close(sk);
}

static void a_kernel_without_words_gets_ours(void **state)
{
	struct qsc_sock *sk = sock_new();
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_CALL_NEW, 0);

	(void)state;
	refuse_at(sk, msg, (char *)nlmsg_hdr(msg) + 100000, "");
	assert_string_equal(qsc_last_error(sk)->text, strerror(EINVAL));
	assert_string_equal(qsc_last_error(sk)->kernel, "");
	qsc_msg_free(msg);
	qsc_close(sk);
}

static void key_bytes_never_get_into_errors(void **state)
{
	struct nlattr *tb[QSC_A_KEY_MAX + 1], *seal[QSC_A_SEAL_MAX + 1];
	struct qsc_sock *sk = sock_new();
	struct qsc_key key = a_key();
	struct qsc_reply reply;
	struct nl_msg *msg;

	(void)state;
	msg = qsc_msg_new(sk, QSC_CMD_KEY_SET, 0);
	assert_int_equal(qsc_key_build(sk, msg, "alice", &key, &a_seal), 0);
	parse_built(msg, &reply);
	nla_parse_nested(tb, QSC_A_KEY_MAX, reply.attrs[QSC_A_CALL_KEY], NULL);
	nla_parse_nested(seal, QSC_A_SEAL_MAX, tb[QSC_A_KEY_SEALED], NULL);
	refuse_at(sk, msg, tb[QSC_A_KEY_SEALED], "is odd");
	assert_string_equal(qsc_last_error(sk)->text, "is odd (key sealed)");
	assert_string_equal(qsc_last_error(sk)->value, "");
	refuse_at(sk, msg, seal[QSC_A_SEAL_BOX], "wrong length");
	assert_string_equal(qsc_last_error(sk)->text, "wrong length (key sealed box)");
	assert_string_equal(qsc_last_error(sk)->value, "");
	refuse_at(sk, msg, tb[QSC_A_KEY_MKI], "is taken");
	assert_string_equal(qsc_last_error(sk)->text, "is taken (key mki 010203)");
	/* an offset into the middle of an attribute, as from a broken kernel */
	refuse_at(sk, msg, (char *)nla_data(seal[QSC_A_SEAL_BOX]) + 4, "odd");
	assert_string_equal(qsc_last_error(sk)->text, "odd");
	assert_string_equal(qsc_last_error(sk)->attr, "");
	refuse_at(sk, msg, (char *)nlmsg_hdr(msg) + 100000, "far");
	assert_string_equal(qsc_last_error(sk)->text, "far");
	qsc_msg_free(msg);
	qsc_close(sk);
}

static void call_ids_of_wrong_length_are_refused_with_the_length(void **state)
{
	struct qsc_sock *sk = sock_new();
	char id[200];

	(void)state;
	assert_int_equal(qsc_call_del(sk, NULL), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text, "the call-id is empty");
	memset(id, 'x', sizeof(id));
	id[128] = '\0';
	assert_int_equal(qsc_call_del(sk, id), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text,
			    "the call-id is 128 bytes long, at most 127 are allowed");
	qsc_close(sk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_names_the_attribute_and_the_value_sent),
		cmocka_unit_test(nested_attributes_are_named_with_their_nests),
		cmocka_unit_test(a_kernel_without_words_gets_ours),
		cmocka_unit_test(key_bytes_never_get_into_errors),
		cmocka_unit_test(call_ids_of_wrong_length_are_refused_with_the_length),
	};

	return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
