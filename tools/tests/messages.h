/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to look at, without the module. Include first. */
#ifndef _QSC_TEST_MESSAGES_H
#define _QSC_TEST_MESSAGES_H

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

/* As the module gave it; any point is good. */
static const struct qsc_seal_key a_seal = { .id = 1, .public = { 9 } };

static inline struct qsc_sock *sock_new(void)
{
	struct qsc_sock *sk = calloc(1, sizeof(*sk));

	sk->buf = malloc(QSC_RECV_MAX);
	memset(sk->buf, 0, QSC_RECV_MAX);
	sk->req = qsc_nl_socket();
	sk->family = GENL_ID_CTRL;
	sk->seal = a_seal;
	assert_non_null(sk->req);
	return sk;
}

/* The kernel's "nlctrl" family, under our commands: it refuses them in its own words. */
static inline struct qsc_sock *sock_to_nlctrl(void)
{
	struct qsc_sock *sk = sock_new();
	int one = 1;
	int fd;

	assert_int_equal(genl_connect(sk->req), 0);
	fd = nl_socket_get_fd(sk->req);
	assert_int_equal(setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)), 0);
	return sk;
}

static inline struct qsc_key a_key(void)
{
	struct qsc_key key = {
		.leg = 1,
		.dir = QSC_DIR_RX,
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.mki_len = 3,
		.mki = { 1, 2, 3 },
		.master_len = 32,
		.salt_len = 12,
		.n_rocs = 2,
		.rocs = { { 0x11111111, 1 }, { 0x22222222, 2 } },
		.has_overlap = true,
		.overlap_ms = 0,
	};

	memset(key.master, 'M', 32);
	memset(key.salt, 'S', 12);
	return key;
}

static inline struct qsc_call_params a_call(void)
{
	struct qsc_call_params p = {
		.id = "alice",
		.flags = QSC_CALL_FLAGS_DTLS,
		.timeout_s = 30,
		.n_legs = 1,
		.legs[0].suite = QSC_SUITE_AEAD_AES_128_GCM,
		.legs[0].local_rtcp = 5005,
		.legs[0].remote_rtcp = 6005,
	};

	p.legs[0].local.in4.sin_family = AF_INET;
	p.legs[0].local.in4.sin_port = htons(5004);
	inet_pton(AF_INET, "192.0.2.1", &p.legs[0].local.in4.sin_addr);
	p.legs[0].remote.in4.sin_family = AF_INET;
	p.legs[0].remote.in4.sin_port = htons(6004);
	inet_pton(AF_INET, "192.0.2.2", &p.legs[0].remote.in4.sin_addr);
	return p;
}

static inline void parse_built(struct nl_msg *msg, struct qsc_reply *reply)
{
	nlmsg_hdr(msg)->nlmsg_type = GENL_ID_CTRL;
	assert_int_equal(qsc_msg_parse(nlmsg_hdr(msg), reply), 0);
}

#endif /* _QSC_TEST_MESSAGES_H */
