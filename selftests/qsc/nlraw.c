// SPDX-License-Identifier: GPL-2.0
/* Generic netlink made by hand. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "nlraw.h"

#define ANSWER_BYTES	65536
#define NOBODY		65534

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

static int open_socket(bool nobody)
{
	int fd;

	/* what counts is who has made the socket */
	if (nobody && seteuid(NOBODY))
		ksft_exit_fail_msg("seteuid: %s\n", strerror(errno));
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nobody && seteuid(0))
		ksft_exit_fail_msg("seteuid: %s\n", strerror(errno));
	if (fd < 0)
		ksft_exit_fail_msg("netlink socket: %s\n", strerror(errno));
	return fd;
}

void nlr_open(struct nlr_sock *s, enum side side, bool cap_ack, bool ext_ack, bool nobody)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(addr);
	int cap = cap_ack, ext = ext_ack;

	net_enter(side);
	s->cap_ack = cap_ack;
	s->ext_ack = ext_ack;
	s->nobody = nobody;
	s->fd = open_socket(nobody);
	if (bind(s->fd, (struct sockaddr *)&addr, len) ||
	    getsockname(s->fd, (struct sockaddr *)&addr, &len) ||
	    setsockopt(s->fd, SOL_NETLINK, NETLINK_CAP_ACK, &cap, sizeof(cap)) ||
	    setsockopt(s->fd, SOL_NETLINK, NETLINK_EXT_ACK, &ext, sizeof(ext)))
		ksft_exit_fail_msg("netlink socket: %s\n", strerror(errno));
	s->portid = addr.nl_pid;
}

void nlr_close(struct nlr_sock *s)
{
	close(s->fd);
	s->fd = -1;
}

void nlr_start(struct nlr_msg *m, uint16_t type, uint8_t cmd, uint16_t flags)
{
	memset(m, 0, offsetof(struct nlr_msg, node));
	m->nodes = 0;
	m->type = type;
	m->cmd = cmd;
	m->version = QSC_FAMILY_VERSION;
	m->flags = NLM_F_REQUEST | flags;
}

int nlr_put(struct nlr_msg *m, int parent, uint16_t type, const void *data, int len)
{
	struct nlr_node *n = &m->node[m->nodes];

	if (m->nodes == NL_NODES)
		return -1;
	memset(n, 0, offsetof(struct nlr_node, data));
	n->parent = parent;
	n->type = type;
	n->len = min(len, NL_DATA);
	memcpy(n->data, data, n->len);
	return m->nodes++;
}

int nlr_put_u8(struct nlr_msg *m, int parent, uint16_t type, uint8_t v)
{
	return nlr_put(m, parent, type, &v, sizeof(v));
}

int nlr_put_u16(struct nlr_msg *m, int parent, uint16_t type, uint16_t v)
{
	return nlr_put(m, parent, type, &v, sizeof(v));
}

int nlr_put_u32(struct nlr_msg *m, int parent, uint16_t type, uint32_t v)
{
	return nlr_put(m, parent, type, &v, sizeof(v));
}

int nlr_put_str(struct nlr_msg *m, int parent, uint16_t type, const char *v)
{
	return nlr_put(m, parent, type, v, strlen(v) + 1);
}

int nlr_nest(struct nlr_msg *m, int parent, uint16_t type)
{
	int i = nlr_put(m, parent, type | NLA_F_NESTED, "", 0);

	if (i >= 0)
		m->node[i].nest = true;
	return i;
}

static int flatten_nodes(const struct nlr_msg *m, int parent, uint8_t *buf, int size)
{
	const struct nlr_node *n;
	struct nlattr nla;
	int off = 0;
	int i, len;

	for (i = 0; i < m->nodes; i++) {
		n = &m->node[i];
		if (n->parent != parent || n->gone || size - off < NLA_HDRLEN + NL_DATA)
			continue;
		if (n->nest) {
			len = flatten_nodes(m, i, buf + off + NLA_HDRLEN,
					    size - off - NLA_HDRLEN);
		} else {
			len = n->len;
			memcpy(buf + off + NLA_HDRLEN, n->data, len);
		}
		memset(buf + off + NLA_HDRLEN + len, 0, NLA_ALIGN(len) - len);
		nla.nla_type = n->type;
		nla.nla_len = NLA_HDRLEN + len + n->lie;
		memcpy(buf + off, &nla, sizeof(nla));
		off += NLA_HDRLEN + NLA_ALIGN(len);
	}
	return off;
}

int nlr_flatten(const struct nlr_msg *m, uint32_t seq, uint8_t *buf, int size)
{
	struct genlmsghdr gh = { .cmd = m->cmd, .version = m->version, .reserved = m->reserved };
	struct nlmsghdr nh = {
		.nlmsg_type = m->type,
		.nlmsg_flags = m->flags,
		.nlmsg_seq = seq,
	};
	int len = NL_HDR + flatten_nodes(m, NL_ROOT, buf + NL_HDR, size - NL_HDR - m->tail);

	memset(buf + len, 0x5a, m->tail);
	len += m->tail;
	len = max(len - m->cut, NLMSG_HDRLEN);
	nh.nlmsg_len = len + m->len_lie;
	memcpy(buf + NLMSG_HDRLEN, &gh, sizeof(gh));
	memcpy(buf, &nh, sizeof(nh));
	return len;
}

/*
 * Without an address: to a message with one, netlink does not ask whether who
 * made the socket may do what it wants.
 */
int nlr_send(const struct nlr_sock *s, const void *buf, int len)
{
	return send(s->fd, buf, len, 0) < 0 ? -errno : 0;
}

static void read_text(const struct nlmsghdr *nh, int off, struct nlr_answer *a)
{
	const uint8_t *p = (const uint8_t *)nh;
	const struct nlattr *nla;

	for (; off + NLA_HDRLEN <= (int)nh->nlmsg_len; off += NLA_ALIGN(nla->nla_len)) {
		nla = (const struct nlattr *)(p + off);
		if (nla->nla_len < NLA_HDRLEN || off + nla->nla_len > (int)nh->nlmsg_len)
			return;
		if ((nla->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
			snprintf(a->text, sizeof(a->text), "%.*s",
				 (int)nla->nla_len - NLA_HDRLEN, p + off + NLA_HDRLEN);
	}
}

/* An error and, unless it is capped, the request that it is about. */
static void read_ack(const struct nlmsghdr *nh, struct nlr_answer *a, const char *marker,
		     struct nlr_seen *seen)
{
	const struct nlmsgerr *e = NLMSG_DATA(nh);
	int end = NLMSG_HDRLEN + sizeof(*e);

	a->acks++;
	a->err = e->error;
	if (!(nh->nlmsg_flags & NLM_F_CAPPED))
		end = NLMSG_HDRLEN + sizeof(e->error) + NLMSG_ALIGN(e->msg.nlmsg_len);
	if (end > (int)nh->nlmsg_len)
		end = nh->nlmsg_len;
	if (marker && memmem(nh, end, marker, strlen(marker)))
		seen->echoed = true;
	if (marker && memmem((const char *)nh + end, nh->nlmsg_len - end, marker, strlen(marker)))
		seen->marker = true;
	if (nh->nlmsg_flags & NLM_F_ACK_TLVS)
		read_text(nh, end, a);
}

static void read_one(const struct nlmsghdr *nh, uint32_t seq, struct nlr_answer *a, int n,
		     const char *marker, struct nlr_seen *seen)
{
	if (nh->nlmsg_seq - seq >= (uint32_t)n) {
		seen->strange++;
		return;
	}
	a += nh->nlmsg_seq - seq;
	if (nh->nlmsg_type == NLMSG_ERROR) {
		read_ack(nh, a, marker, seen);
		return;
	}
	if (marker && memmem(nh, nh->nlmsg_len, marker, strlen(marker)))
		seen->marker = true;
	if (nh->nlmsg_type == NLMSG_DONE)
		a->dones++;
	else if (nh->nlmsg_type >= NLMSG_MIN_TYPE)
		a->replies++;
	else
		seen->strange++;
}

int nlr_read(const struct nlr_sock *s, uint32_t seq, struct nlr_answer *a, int n,
	    const char *marker, struct nlr_seen *seen)
{
	static uint8_t buf[ANSWER_BYTES] __attribute__((aligned(4)));
	struct nlmsghdr *nh;
	int len;

	memset(a, 0, n * sizeof(*a));
	for (;;) {
		len = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (len < 0)
			return errno == EAGAIN ? 0 : errno;
		for (nh = (struct nlmsghdr *)buf; NLMSG_OK(nh, (unsigned int)len);
		     nh = NLMSG_NEXT(nh, len))
			read_one(nh, seq, a, n, marker, seen);
	}
}

int nlr_request(const struct nlr_sock *s, const struct nlr_msg *m)
{
	static uint8_t buf[NL_BYTES];
	struct nlr_seen seen = {};
	struct nlr_answer a;
	int err;

	err = nlr_send(s, buf, nlr_flatten(m, 1, buf, sizeof(buf)));
	if (err)
		return err;
	err = nlr_read(s, 1, &a, 1, NULL, &seen);
	if (err)
		return -err;
	return a.acks ? a.err : 0;
}

/* The first attribute of a type, looked for down a chain of nests. */
static const struct nlattr *find(const uint8_t *p, int len, const uint16_t *path)
{
	const struct nlattr *nla;

	for (; len >= NLA_HDRLEN; p += NLA_ALIGN(nla->nla_len), len -= NLA_ALIGN(nla->nla_len)) {
		nla = (const struct nlattr *)p;
		if (nla->nla_len < NLA_HDRLEN || nla->nla_len > len)
			return NULL;
		if ((nla->nla_type & NLA_TYPE_MASK) != *path)
			continue;
		if (!path[1])
			return nla;
		return find(p + NLA_HDRLEN, nla->nla_len - NLA_HDRLEN, path + 1);
	}
	return NULL;
}

uint16_t nlr_family(enum side side, uint32_t *events)
{
	static const uint16_t family[] = { CTRL_ATTR_FAMILY_ID, 0 };
	static const uint16_t group[] = { CTRL_ATTR_MCAST_GROUPS, 1, CTRL_ATTR_MCAST_GRP_ID, 0 };
	static uint8_t buf[ANSWER_BYTES] __attribute__((aligned(4)));
	const struct nlattr *id, *grp;
	struct nlr_sock s;
	struct nlr_msg m;
	int len;

	nlr_open(&s, side, true, true, false);
	nlr_start(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	nlr_put_str(&m, NL_ROOT, CTRL_ATTR_FAMILY_NAME, QSC_FAMILY_NAME);
	nlr_send(&s, buf, nlr_flatten(&m, 1, buf, sizeof(buf)));
	len = recv(s.fd, buf, sizeof(buf), MSG_DONTWAIT);
	nlr_close(&s);
	if (len < (int)NL_HDR || ((struct nlmsghdr *)buf)->nlmsg_type == NLMSG_ERROR)
		ksft_exit_skip("the module is not loaded\n");
	id = find(buf + NL_HDR, len - NL_HDR, family);
	grp = find(buf + NL_HDR, len - NL_HDR, group);
	if (!id || !grp)
		ksft_exit_fail_msg("the family has no number or no events\n");
	if (events)
		memcpy(events, grp + 1, sizeof(*events));
	return *(const uint16_t *)(id + 1);
}
