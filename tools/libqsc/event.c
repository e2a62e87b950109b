// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Events of the multicast group, on a socket of their own. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>

#include "internal.h"

/* No event is near this size. */
#define EVENT_MAX 8192

/* Come back to the caller now and then, however fast events come. */
#define DATAGRAMS_MAX 64

/* Room for a flush of a few thousand calls before events are lost. */
#define EVENT_BUFFER (4 << 20)

/* Past net.core.rmem_max if we may, and who hears events usually may. */
static void enlarge_buffer(struct nl_sock *nl)
{
	int size = EVENT_BUFFER;

	if (setsockopt(nl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		nl_socket_set_buffer_size(nl, EVENT_BUFFER, 0);
}

/* All on the new socket: on the other one answers may still be on their way. */
static int join(struct qsc_sock *sk)
{
	int group, err;

	if (genl_connect(sk->events) < 0)
		return qsc_fail(sk, errno ? -errno : -EIO, "cannot open a generic netlink socket");
	group = genl_ctrl_resolve_grp(sk->events, QSC_FAMILY_NAME, QSC_MCGRP_EVENTS);
	if (group < 0)
		return qsc_fail(sk, -ENOPROTOOPT,
				"the module has no multicast group '" QSC_MCGRP_EVENTS "': %s",
				nl_geterror(group));
	enlarge_buffer(sk->events);
	if (nl_socket_add_membership(sk->events, group) < 0) {
		err = errno ? -errno : -EIO;
		if (err == -EPERM)
			return qsc_fail(sk, err,
					"permission denied: events need CAP_NET_ADMIN "
					"in the network namespace");
		return qsc_fail(sk, err, "cannot subscribe to events: %s", strerror(-err));
	}
	return 0;
}

int qsc_subscribe(struct qsc_sock *sk)
{
	int err;

	if (sk->events)
		return 0;
	qsc_error_clear(sk);
	sk->events = qsc_nl_socket();
	if (!sk->events)
		return qsc_fail(sk, -ENOMEM, "out of memory");
	err = join(sk);
	if (err) {
		nl_socket_free(sk->events);
		sk->events = NULL;
	}
	return err;
}

int qsc_event_fd(const struct qsc_sock *sk)
{
	return sk->events ? nl_socket_get_fd(sk->events) : -EBADF;
}

static void add_leg(struct qsc_event *event, struct nlattr *nest)
{
	struct nlattr *tb[QSC_A_LEG_MAX + 1];
	uint32_t index;

	event->leg = -1;
	if (!nest || nla_parse_nested(tb, QSC_A_LEG_MAX, nest, NULL) < 0)
		return;
	index = qsc_get_u32(tb[QSC_A_LEG_INDEX]);
	if (index <= UINT8_MAX)
		event->leg = index;
	qsc_get_addr(&event->remote, tb[QSC_A_LEG_REMOTE_ADDR], tb[QSC_A_LEG_REMOTE_PORT]);
	event->remote_rtcp = qsc_get_port(tb[QSC_A_LEG_REMOTE_RTCP_PORT]);
}

/* Of a kernel that knows more keys, the first ones. */
static unsigned int event_keys(struct nlmsghdr *nlh, struct qsc_key_info keys[QSC_EVENT_KEYS_MAX])
{
	struct genlmsghdr *genl = nlmsg_data(nlh);
	struct nlattr *attr;
	unsigned int n = 0;
	int rem;

	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0), rem)
		if (nla_type(attr) == QSC_A_CALL_KEY && n < QSC_EVENT_KEYS_MAX &&
		    !qsc_parse_key(attr, &keys[n]))
			n++;
	return n;
}

/* What is erased without having been replaced is a whole call's. */
static void add_keys(struct qsc_event *event, const struct qsc_key_info *keys, unsigned int n)
{
	if (event->type == QSC_CMD_ERASED_NTF) {
		event->keys = keys;
		event->n_keys = n;
	}
	if (n && (event->type != QSC_CMD_ERASED_NTF || event->reason == QSC_ERASE_REASON_REKEY))
		event->key = keys;
}

int qsc_parse_event(struct nlmsghdr *nlh, qsc_event_cb cb, void *arg)
{
	char id[QSC_CALL_ID_MAX + 1] = "";
	struct qsc_event event = { .call_id = id };
	struct qsc_key_info keys[QSC_EVENT_KEYS_MAX];
	struct qsc_reply reply;
	struct nlattr **attrs = reply.attrs;

	if (qsc_msg_parse(nlh, &reply))
		return -EBADMSG;
	if (attrs[QSC_A_CALL_ID])
		nla_strlcpy(id, attrs[QSC_A_CALL_ID], sizeof(id));
	event.type = ((struct genlmsghdr *)nlmsg_data(nlh))->cmd;
	event.time_ns = qsc_get_u64(attrs[QSC_A_CALL_TIME]);
	event.state = qsc_get_u32(attrs[QSC_A_CALL_STATE]);
	event.flags = qsc_get_u32(attrs[QSC_A_CALL_FLAGS]);
	event.reason = qsc_get_u32(attrs[QSC_A_CALL_REASON]);
	event.count = qsc_get_u64(attrs[QSC_A_CALL_COUNT]);
	add_leg(&event, attrs[QSC_A_CALL_LEG]);
	add_keys(&event, keys, event_keys(nlh, keys));
	return cb(&event, arg);
}

static int wait_readable(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int n = poll(&pfd, 1, timeout_ms);

	return n < 0 ? -errno : n;
}

/* Hand out the events of one datagram; the number of them, or an error. */
static int read_datagram(struct qsc_sock *sk, qsc_event_cb cb, void *arg)
{
	unsigned char buf[EVENT_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	int err, len, events = 0;

	len = qsc_nl_recv(qsc_event_fd(sk), buf, sizeof(buf), MSG_DONTWAIT);
	if (len < 0)
		return len;
	for (; nlmsg_ok(nlh, len); nlh = nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type != sk->family)
			continue;
		err = qsc_parse_event(nlh, cb, arg);
		if (err < 0)
			return err;
		events++;
	}
	return events;
}

int qsc_event_wait(struct qsc_sock *sk, int timeout_ms, qsc_event_cb cb, void *arg)
{
	int events = 0;
	int n;

	if (!sk->events)
		return qsc_fail(sk, -EBADF, "not subscribed to events");
	qsc_error_clear(sk);
	n = wait_readable(qsc_event_fd(sk), timeout_ms);
	if (n <= 0)
		return n;

	for (int i = 0; i < DATAGRAMS_MAX; i++) {
		n = read_datagram(sk, cb, arg);
		if (n == -EAGAIN)
			break;
		if (n == -ENOBUFS)
			return qsc_fail(sk, n,
					"events were lost: they came faster than they were "
					"read");
		if (n < 0)
			return n;
		events += n;
	}
	return events;
}
