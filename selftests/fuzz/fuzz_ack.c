// SPDX-License-Identifier: GPL-2.0
/*
 * Refusals: whatever a kernel says of a request, and of the place in it that it
 * did not like, no key byte of the request gets into the error, and what the
 * error says of an attribute is so.
 *
 * Input: which request, NLMSG_ERROR or NLMSG_DONE and flags, the message behind
 * its errno.
 */
#include <arpa/inet.h>
#include <errno.h>

#include <linux/netlink.h>

#include "answers.h"
#include "qsctl.h"

static struct qsc_key key;
static struct qsc_call_params call;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char why[160];

	(void)argc;
	(void)argv;
	CHECK(!qsc_sdes_parse(KEY_LINE, sizeof(KEY_LINE) - 2, &key, why, sizeof(why)));
	key.dir = QSC_DIR_TX;
	key.mki_len = 4;
	key.n_rocs = 2;
	key.rocs[1].ssrc = 0x12345678;
	call.id = "bob\033[2J";
	call.n_legs = 2;
	call.window = 1024;
	for (int i = 0; i < 2; i++) {
		call.legs[i].suite = QSC_SUITE_AEAD_AES_128_GCM;
		call.legs[i].local.in4.sin_family = AF_INET;
		call.legs[i].local.in4.sin_port = htons(5004);
		call.legs[i].remote.in4.sin_family = AF_INET;
	}
	call.legs[1].local.in6.sin6_family = AF_INET6;
	call.legs[1].remote.in6.sin6_family = AF_INET6;
	return 0;
}

static struct nl_msg *make_request(struct qsc_sock *sk, uint8_t which)
{
	struct nl_msg *msg;

	if (which & 1) {
		msg = qsc_msg_new(sk, QSC_CMD_KEY_SET, 0);
		CHECK(msg && !qsc_key_build(sk, msg, "alice", &key, &fuzz_seal));
	} else {
		msg = qsc_msg_new(sk, QSC_CMD_CALL_NEW, 0);
		CHECK(msg && !qsc_call_build(sk, msg, &call));
	}
	return msg;
}

/* "leg remote-port": words of the attributes, from the outside in. */
static void check_attr(const char *path)
{
	const struct qsc_attr_set *set = &qsc_call_attrs;
	const struct qsc_attr_desc *desc;
	char copy[64], *word, *save;

	snprintf(copy, sizeof(copy), "%s", path);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		unsigned int i = 0;

		for (; set && i < set->max; i++) {
			desc = qsc_attr_desc(set, i);
			if (desc && !strcmp(desc->name, word))
				break;
		}
		CHECK(set && i < set->max);
		set = set->attrs[i].nested;
	}
}

static void check_error(const struct qsc_error *e)
{
	char mention[128];

	CHECK(e->code == -EINVAL && e->text[0]);
	CHECK(strnlen(e->text, sizeof(e->text)) < sizeof(e->text));
	CHECK(strnlen(e->kernel, sizeof(e->kernel)) < sizeof(e->kernel));
	CHECK(strnlen(e->attr, sizeof(e->attr)) < sizeof(e->attr));
	CHECK(strnlen(e->value, sizeof(e->value)) < sizeof(e->value));
	CHECK(!has_key_in_it(e->text, strlen(e->text)));
	CHECK(!has_key_in_it(e->value, strlen(e->value)));
	CHECK(is_clean_text(e->value, strlen(e->value)));
	check_attr(e->attr);
	CHECK(!e->value[0] || e->attr[0]);
	CHECK(!e->attr[0] || strstr(e->text, e->attr));
	/* The kernel's text may end in anything; ours has its place behind it. */
	snprintf(mention, sizeof(mention), "%s %s", e->attr, e->value);
	CHECK(!e->value[0] || strstr(e->text, mention));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t which = take_u8(&in), flags = take_u8(&in);
	bool done = flags & 1;
	size_t payload = done ? sizeof(int) : sizeof(struct nlmsgerr);
	struct nlmsghdr *ack = calloc(1, NLMSG_LENGTH(payload) + in.left);
	struct qsc_sock *sk = answers_open(&in);
	struct nl_msg *request = make_request(sk, which);
	const uint8_t *rest;
	size_t n = take_span(&in, in.left, &rest);

	ack->nlmsg_len = NLMSG_LENGTH(payload) + n;
	ack->nlmsg_type = done ? NLMSG_DONE : NLMSG_ERROR;
	ack->nlmsg_flags = (flags & 2 ? 0 : NLM_F_ACK_TLVS) | (flags & 4 ? 0 : NLM_F_CAPPED);
	memcpy((char *)ack + NLMSG_LENGTH(payload), rest, n);
	if (!done && !(flags & 4))
		((struct nlmsgerr *)NLMSG_DATA(ack))->msg.nlmsg_len = flags << 2 | flags >> 6;
	CHECK(qsc_error_from_ack(sk, -EINVAL, nlmsg_hdr(request), ack, payload) == -EINVAL);
	check_error(qsc_last_error(sk));
	qsc_msg_free(request);
	answers_close(sk);
	free(ack);
	return 0;
}
