// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The connection: sockets, their options, the family's number. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/errno.h>

#include "internal.h"

/*
 * libnl's nl_socket_alloc() obeys $NLCB, which can make it print every message
 * to stderr, with the keys in it. Hence an explicit callback set.
 */
struct nl_sock *qsc_nl_socket(void)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	struct nl_sock *nl;

	if (!cb)
		return NULL;
	nl = nl_socket_alloc_cb(cb);
	nl_cb_put(cb);
	return nl;
}

/*
 * One datagram from the kernel into the caller's buffer. libnl's own receive
 * path copies messages into memory that it frees without wiping.
 */
ssize_t qsc_nl_recv(int fd, void *buf, size_t size, int flags)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr mh = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do {
		n = recvmsg(fd, &mh, flags);
		if (n < 0)
			return -errno;
	} while (from.nl_pid != 0); /* only the kernel speaks to us */
	return (mh.msg_flags & MSG_TRUNC) ? -EMSGSIZE : n;
}

static int set_option(struct qsc_sock *sk, int option)
{
	int one = 1;

	return setsockopt(nl_socket_get_fd(sk->req), SOL_NETLINK, option, &one, sizeof(one));
}

static int set_options(struct qsc_sock *sk)
{
	/* Without this the kernel would send a refused key back to us. */
	if (set_option(sk, NETLINK_CAP_ACK))
		return qsc_fail(sk, -errno, "this kernel cannot cap netlink acks");

	/* These only make errors better. */
	set_option(sk, NETLINK_EXT_ACK);
	set_option(sk, NETLINK_GET_STRICT_CHK);
	return 0;
}

static int resolve(struct qsc_sock *sk)
{
	int family = genl_ctrl_resolve(sk->req, QSC_FAMILY_NAME);

	if (family == -NLE_OBJ_NOTFOUND)
		return qsc_fail(sk, -ENOPROTOOPT,
				"the kernel has no '" QSC_FAMILY_NAME
				"' netlink family: load the module (modprobe qsc)");
	if (family < 0)
		return qsc_fail(sk, -EIO,
				"cannot look up the '" QSC_FAMILY_NAME "' netlink family: %s",
				nl_geterror(family));
	sk->family = family;
	return 0;
}

static int connect_sock(struct qsc_sock *sk)
{
	int err;

	sk->buf = malloc(QSC_RECV_MAX);
	sk->req = qsc_nl_socket();
	if (!sk->buf || !sk->req)
		return qsc_fail(sk, -ENOMEM, "out of memory");

	if (genl_connect(sk->req) < 0)
		return qsc_fail(sk, errno ? -errno : -EIO, "cannot open a generic netlink socket");
	err = resolve(sk);
	return err ? err : set_options(sk);
}

int qsc_open(struct qsc_sock **sk)
{
	*sk = calloc(1, sizeof(**sk));
	if (!*sk)
		return -ENOMEM;
	return connect_sock(*sk);
}

void qsc_close(struct qsc_sock *sk)
{
	if (!sk)
		return;
	if (sk->events)
		nl_socket_free(sk->events);
	if (sk->req)
		nl_socket_free(sk->req);
	if (sk->buf)
		qsc_wipe(sk->buf, QSC_RECV_MAX);
	free(sk->buf);
	free(sk);
}
