// SPDX-License-Identifier: GPL-2.0-only
/* What a refusal says of the attribute it is about: value, range, absence. */
#include <arpa/inet.h>
#include <errno.h>

#include <linux/netlink.h>

#include "test.h"

static struct qsc_sock sk;
static struct nl_msg *request, *ack;

static int start(void **state)
{
	struct nlmsgerr e = { .error = -EINVAL };

	(void)state;
	request = nlmsg_alloc_size(1024);
	genlmsg_put(request, 0, 0, 27, 0, 0, QSC_CMD_CALL_NEW, 1);
	ack = nlmsg_alloc_size(1024);
	memcpy(nlmsg_data(
		       nlmsg_put(ack, 0, 0, NLMSG_ERROR, sizeof(e), NLM_F_CAPPED | NLM_F_ACK_TLVS)),
	       &e, sizeof(e));
	nla_put_string(ack, NLMSGERR_ATTR_MSG, "no");
	return 0;
}

static int end(void **state)
{
	(void)state;
	nlmsg_free(request);
	nlmsg_free(ack);
	return 0;
}

/* The attribute that the request ends with, so that the ack can point at it. */
static uint32_t next_offset(void)
{
	return NLMSG_ALIGN(nlmsg_hdr(request)->nlmsg_len);
}

static void assert_says(const char *text)
{
	qsc_error_from_ack(&sk, -EINVAL, nlmsg_hdr(request), nlmsg_hdr(ack),
			   sizeof(struct nlmsgerr));
	assert_string_equal(sk.err.text, text);
}

static void put_range(int min_type, uint64_t min, int max_type, uint64_t max, bool wide)
{
	struct nlattr *nest = nla_nest_start(ack, NLMSGERR_ATTR_POLICY);

	if (min_type && wide)
		nla_put_u64(ack, min_type, min);
	else if (min_type)
		nla_put_u32(ack, min_type, (uint32_t)min);
	if (wide)
		nla_put_u64(ack, max_type, max);
	else
		nla_put_u32(ack, max_type, (uint32_t)max);
	nla_nest_end(ack, nest);
}

static void a_range_of_values_is_told(void **state)
{
	(void)state;
	nla_put_u32(ack, NLMSGERR_ATTR_OFFS, next_offset());
	nla_put_u32(request, QSC_A_CALL_WINDOW, 63);
	put_range(NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 64, NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 32768,
		  true);
	assert_says("no (window 63, allowed: 64..32768)");
	assert_string_equal(sk.err.attr, "window");
	assert_string_equal(sk.err.value, "63");
	assert_string_equal(sk.err.kernel, "no");
}

static void a_range_of_lengths_is_told(void **state)
{
	(void)state;
	nla_put_u32(ack, NLMSGERR_ATTR_OFFS, next_offset());
	nla_put(request, QSC_A_CALL_ID, 3, "a\033b");
	put_range(NL_POLICY_TYPE_ATTR_MIN_LENGTH, 1, NL_POLICY_TYPE_ATTR_MAX_LENGTH, 127, false);
	assert_says("no (id a?b, allowed: 1..127 bytes)");
}

static void a_largest_length_is_told(void **state)
{
	(void)state;
	nla_put_u32(ack, NLMSGERR_ATTR_OFFS, next_offset());
	nla_put_string(request, QSC_A_CALL_ID, "a");
	put_range(0, 0, NL_POLICY_TYPE_ATTR_MAX_LENGTH, 127, false);
	assert_says("no (id a, allowed: at most 127 bytes)");
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	nla_put_u32(ack, NLMSGERR_ATTR_MISS_TYPE, QSC_A_CALL_ID);
	assert_says("no (missing: id)");
	assert_string_equal(sk.err.attr, "id");
}

static void what_is_missing_in_a_nest_is_named_with_it(void **state)
{
	struct nlattr *leg;

	(void)state;
	nla_put_u32(ack, NLMSGERR_ATTR_MISS_NEST, next_offset());
	leg = nla_nest_start(request, QSC_A_CALL_LEG);
	nla_put_u8(request, QSC_A_LEG_INDEX, 0);
	nla_nest_end(request, leg);
	nla_put_u32(ack, NLMSGERR_ATTR_MISS_TYPE, QSC_A_LEG_LOCAL_ADDR);
	assert_says("no (missing: leg local-addr)");
}

static void what_we_do_not_know_is_not_named(void **state)
{
	(void)state;
	nla_put_u32(ack, NLMSGERR_ATTR_MISS_NEST, next_offset());
	nla_put_u32(request, QSC_A_CALL_WINDOW, 1);
	nla_put_u32(ack, NLMSGERR_ATTR_MISS_TYPE, 5);
	assert_says("no");
	assert_string_equal(sk.err.attr, "");
}

/* An attribute of a leg with this value, and what is said of it */
static void assert_leg_value(int type, const void *value, int len, const char *says)
{
	struct nlattr *leg;

	end(NULL);
	start(NULL);
	leg = nla_nest_start(request, QSC_A_CALL_LEG);
	nla_put_u32(ack, NLMSGERR_ATTR_OFFS, next_offset());
	nla_put(request, type, len, value);
	nla_nest_end(request, leg);
	assert_says(says);
}

static void values_are_written_as_people_write_them(void **state)
{
	static const uint8_t v6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };
	uint32_t suite = QSC_SUITE_AEAD_SM4_GCM, unknown = 77;
	uint16_t port = htons(5004);
	uint8_t one = 1;

	(void)state;
	assert_leg_value(QSC_A_LEG_LOCAL_ADDR, v6, 16, "no (leg local-addr 2001:db8::1)");
	assert_leg_value(QSC_A_LEG_LOCAL_ADDR, "\300\0\2\1", 4, "no (leg local-addr 192.0.2.1)");
	assert_leg_value(QSC_A_LEG_LOCAL_ADDR, "\300\0\2", 3, "no (leg local-addr)");
	assert_leg_value(QSC_A_LEG_REMOTE_PORT, &port, 2, "no (leg remote-port 5004)");
	assert_leg_value(QSC_A_LEG_SUITE, &suite, 4, "no (leg suite AEAD_SM4_GCM)");
	assert_leg_value(QSC_A_LEG_SUITE, &unknown, 4, "no (leg suite 77)");
	assert_leg_value(QSC_A_LEG_INDEX, &one, 1, "no (leg index 1)");
	assert_leg_value(QSC_A_LEG_INDEX, "\1\2\3", 3, "no (leg index)");
}

static void without_words_of_the_kernel_there_are_ours(void **state)
{
	static const struct {
		int err;
		const char *says;
	} errors[] = {
		{ EPERM, "permission denied" },
		{ ENOENT, "no such call or leg" },
		{ EEXIST, "it exists already" },
		{ EADDRINUSE, "another call has these addresses" },
		{ EOPNOTSUPP, "cannot do that" },
		{ ENOSPC, "the table of calls is full" },
		{ EIO, "Input/output error" },
	};

	(void)state;
	nlmsg_hdr(ack)->nlmsg_flags = 0;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		qsc_error_from_ack(&sk, -errors[i].err, nlmsg_hdr(request), nlmsg_hdr(ack),
				   sizeof(struct nlmsgerr));
		assert_non_null(strstr(sk.err.text, errors[i].says));
		assert_int_equal(sk.err.code, -errors[i].err);
	}
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_of_values_is_told),
		cmocka_unit_test(a_range_of_lengths_is_told),
		cmocka_unit_test(a_largest_length_is_told),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(what_is_missing_in_a_nest_is_named_with_it),
		cmocka_unit_test(what_we_do_not_know_is_not_named),
		cmocka_unit_test(values_are_written_as_people_write_them),
		cmocka_unit_test(without_words_of_the_kernel_there_are_ours),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = end;
	}
	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
