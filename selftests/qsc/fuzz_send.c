// SPDX-License-Identifier: GPL-2.0
/* Brings the fuzzer's packets to the module, in all shapes. */
#include <errno.h>
#include <time.h> /* errqueue.h needs struct timespec */
#include <linux/errqueue.h>
#include <net/if.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "fuzz.h"

#define PAGE		4096
#define GSO_BYTES	(64 * 1024)

static const struct {
	enum side side;
	int host;
	uint16_t port;
	bool rtcp;		/* only where RTCP has a port of its own */
} ends[FUZZ_ENDS] = {
	[END_APP] = { SIDE_A, 1, APP_PORT },
	[END_APP_RTCP] = { SIDE_A, 1, APP_PORT + 1, true },
	[END_SELF] = { SIDE_A, 4, APP_PORT },
	[END_SELF_RTCP] = { SIDE_A, 4, APP_PORT + 1, true },
	[END_NOBODY_A] = { SIDE_A, 1, FUZZ_BYSTANDER },
	[END_PEER] = { SIDE_B, 2, PEER_PORT },
	[END_PEER_RTCP] = { SIDE_B, 2, PEER_PORT + 1, true },
	[END_HOST] = { SIDE_B, 3, PEER_PORT },
	[END_HOST_RTCP] = { SIDE_B, 3, PEER_PORT + 1, true },
	[END_PORT] = { SIDE_B, 2, OTHER_PORT },
	[END_NOBODY_B] = { SIDE_B, 2, FUZZ_BYSTANDER + 2000 },
};

static void open_end(struct fuzz *f, int i)
{
	struct fuzz_end *e = &f->end[i];
	int family = f->cfg->family;
	int on = 1, off = 0;

	e->side = ends[i].side;
	e->host = ends[i].host;
	e->port = ends[i].port;
	e->wants = 0;
	e->lent = 0;
	e->fd = -1;
	if (ends[i].rtcp && !f->cfg->rtcp_port)
		return;
	e->fd = net_udp(e->side, family, e->host, e->port);
	setsockopt(e->fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
	/* raw packets without a checksum are part of it */
	if (family == AF_INET6)
		setsockopt(e->fd, SOL_UDP, UDP_NO_CHECK6_RX, &on, sizeof(on));
	/* each packet for itself, however it came */
	setsockopt(e->fd, SOL_UDP, UDP_GRO, &off, sizeof(off));
}

/* What comes out of A; not what B sends, for a tap makes copies of that. */
static int open_tap(enum side side)
{
	int tap = net_tap(side);
	int on = 1;

	if (setsockopt(tap, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
		ksft_exit_fail_msg("PACKET_IGNORE_OUTGOING: %s\n", strerror(errno));
	return tap;
}

/*
 * A veth polls after each packet, and GRO would end with each poll: let it go
 * on for a while. sysfs shows the namespace that mounted it.
 */
static void set_gro(const struct fuzz *f, bool on)
{
	net_sh(SIDE_B, "ethtool -K wb tso %s >/dev/null 2>&1", on ? "off" : "on");
	net_sh(SIDE_A, "ethtool -K wa %s %s >/dev/null 2>&1", f->cfg->gro, on ? "on" : "off");
	net_sh(SIDE_A, "unshare -m sh -c 'mount -t sysfs sysfs /sys &&"
	       " echo %d >/sys/class/net/wa/gro_flush_timeout'", on ? 2000000 : 0);
	if (!on)
		net_sh(SIDE_A, "ethtool -K wa gro off >/dev/null 2>&1");
}

void fuzz_open(struct fuzz *f)
{
	int i;

	for (i = 0; i < FUZZ_ENDS; i++)
		open_end(f, i);
	f->tap = open_tap(SIDE_B);
	f->gro_tap = -1;
	if (f->cfg->gro) {
		set_gro(f, true);
		f->gro_tap = open_tap(SIDE_A);
	}
}

void fuzz_close(struct fuzz *f)
{
	int i;

	for (i = 0; i < FUZZ_ENDS; i++)
		if (f->end[i].fd >= 0)
			close(f->end[i].fd);
	close(f->tap);
	if (!f->cfg->gro)
		return;
	close(f->gro_tap);
	set_gro(f, false);
}

static struct fuzz_end *end_in_a(struct fuzz *f, const struct fuzz_item *it)
{
	switch (it->place) {
	case AT_SELF:
		return &f->end[END_SELF + it->ch];
	case AT_NOBODY:
		return &f->end[END_NOBODY_A];
	default:
		return &f->end[END_APP + it->ch];
	}
}

static struct fuzz_end *end_in_b(struct fuzz *f, const struct fuzz_item *it)
{
	switch (it->place) {
	case AT_PORT:
		return &f->end[END_PORT];
	case AT_HOST:
		return &f->end[END_HOST + it->ch];
	case AT_NOBODY:
		return &f->end[END_NOBODY_B];
	default:
		return &f->end[END_PEER + it->ch];
	}
}

struct fuzz_end *fuzz_from(struct fuzz *f, enum fuzz_way way, const struct fuzz_item *it)
{
	return way == FUZZ_TX ? end_in_a(f, it) : end_in_b(f, it);
}

struct fuzz_end *fuzz_to(struct fuzz *f, enum fuzz_way way, const struct fuzz_item *it)
{
	return way == FUZZ_TX ? end_in_b(f, it) : end_in_a(f, it);
}

/* The one error that an application is told of. */
static void sent(struct fuzz *f, const struct fuzz_item *it, int err)
{
	bool too_big = it->fate == QSC_A_STATS_TX_DROP_TOO_BIG;

	if (err != (too_big ? EMSGSIZE : 0))
		fuzz_fail(f, it, "the sender was told: %s\n", strerror(err));
}

static void send_many(struct fuzz *f, int fd, union addr *to, struct fuzz_item *it, int n)
{
	static struct mmsghdr msg[FUZZ_BATCH];
	static struct iovec iov[FUZZ_BATCH];
	int i, ret;

	for (i = 0; i < n; i++) {
		iov[i] = (struct iovec){ it[i].pkt.data, it[i].pkt.len };
		msg[i].msg_hdr = (struct msghdr){ .msg_name = to,
						  .msg_namelen = net_addr_len(to),
						  .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	for (i = 0; i < n; i += ret) {
		ret = sendmmsg(fd, msg + i, n - i, 0);
		if (ret > 0)
			continue;
		sent(f, &it[i], errno);
		ret = 1;
	}
}

static void send_segments(struct fuzz *f, int fd, union addr *to, struct fuzz_item *it, int n)
{
	static uint8_t buf[GSO_BYTES];
	char control[CMSG_SPACE(sizeof(uint16_t))] = {};
	struct iovec iov = { buf, 0 };
	struct msghdr msg = {
		.msg_name = to, .msg_namelen = net_addr_len(to),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	uint16_t size = it[0].pkt.len;
	int i;

	for (i = 0; i < n; i++) {
		memcpy(buf + iov.iov_len, it[i].pkt.data, it[i].pkt.len);
		iov.iov_len += it[i].pkt.len;
	}
	cm->cmsg_level = SOL_UDP;
	cm->cmsg_type = UDP_SEGMENT;
	cm->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cm), &size, sizeof(size));
	if (sendmsg(fd, &msg, 0) != (ssize_t)iov.iov_len)
		fuzz_fail(f, it, "send of %d segments: %s\n", n, strerror(errno));
}

/* A page for each packet of a batch. */
static uint8_t *page_of(const struct fuzz *f, const struct fuzz_item *it)
{
	static uint8_t *pages;

	if (!pages)
		pages = mmap(NULL, FUZZ_BATCH * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return pages + (it - f->item) * PAGE;
}

static void send_zerocopy(struct fuzz *f, struct fuzz_end *from, union addr *to,
			  struct fuzz_item *it)
{
	uint8_t *page = page_of(f, it);
	int err = 0;

	memcpy(page, it->pkt.data, it->pkt.len);
	if (sendto(from->fd, page, it->pkt.len, MSG_ZEROCOPY, &to->sa, net_addr_len(to)) < 0)
		err = errno;
	sent(f, it, err);
	from->lent += !err && it->pkt.len;
}

/* How many packets of a sender are let go; 0: none so far. */
static unsigned int let_go(int fd)
{
	char control[256];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct sock_extended_err ee;
	struct cmsghdr *cm;

	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return 0;
	cm = CMSG_FIRSTHDR(&msg);
	if (!cm)
		return 0;
	memcpy(&ee, CMSG_DATA(cm), sizeof(ee));
	return ee.ee_origin == SO_EE_ORIGIN_ZEROCOPY ? ee.ee_data - ee.ee_info + 1 : 0;
}

void fuzz_settle(struct fuzz *f, const struct fuzz_item *it, int n)
{
	int tries = FUZZ_TIMEOUT_MS;
	struct fuzz_end *e;
	unsigned int back;
	int i;

	for (e = f->end; e < f->end + FUZZ_ENDS; e++)
		while (e->lent && tries) {
			back = let_go(e->fd);
			e->lent -= min(back, e->lent);
			if (!back && tries--)
				usleep(1000);
		}
	if (!tries)
		fuzz_fail(f, n == 1 ? it : NULL, "somebody keeps memory of a sender\n");
	for (i = 0; i < n; i++)
		if (it[i].shape == SHAPE_ZEROCOPY &&
		    memcmp(page_of(f, &it[i]), it[i].pkt.data, it[i].pkt.len))
			fuzz_fail(f, &it[i], "the sender's memory was written to\n");
}

static void send_corked(struct fuzz *f, int fd, union addr *to, struct fuzz_item *it)
{
	int cut = it->pkt.len / 3;
	int err = 0;

	if (sendto(fd, it->pkt.data, cut, MSG_MORE, &to->sa, net_addr_len(to)) < 0 ||
	    sendto(fd, it->pkt.data + cut, it->pkt.len - cut, 0, &to->sa, net_addr_len(to)) < 0)
		err = errno;
	sent(f, it, err);
}

static void send_unfragmented(struct fuzz *f, int fd, union addr *to, struct fuzz_item *it, int n)
{
	bool v4 = f->cfg->family == AF_INET;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	int option = v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER;
	int on = IP_PMTUDISC_DO, off = IP_PMTUDISC_WANT;
	int i;

	setsockopt(fd, level, option, &on, sizeof(on));
	/* sendmmsg() does not tell of an error until the packet is sent again */
	for (i = 0; i < n; i++)
		send_many(f, fd, to, &it[i], 1);
	setsockopt(fd, level, option, &off, sizeof(off));
}

static struct craft craft(struct fuzz *f, enum fuzz_way way, const struct fuzz_item *it)
{
	const struct fuzz_end *from = fuzz_from(f, way, it), *to = fuzz_to(f, way, it);

	return (struct craft){
		.side = from->side,
		.family = f->cfg->family,
		.from = from->host,
		.to = to->host,
		.sport = from->port,
		.dport = to->port,
		.data = it->pkt.data,
		.len = it->pkt.len,
		.options = it->options,
		.no_checksum = it->no_checksum,
	};
}

static void send_raw(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it)
{
	static uint8_t tailed[RTP_WIRE_MAX + FUZZ_TAIL_MAX];
	struct craft c = craft(f, way, it);
	int i;

	switch (it->lie) {
	case LIE_TAIL:
		memcpy(tailed, it->pkt.data, it->pkt.len);
		for (i = 0; i < it->lie_bytes; i++)
			tailed[it->pkt.len + i] = MARKER[i % MARKER_LEN];
		c.data = tailed;
		c.len += it->lie_bytes;
		c.udp_len_lie = -it->lie_bytes;
		break;
	case LIE_BEYOND:
		c.udp_len_lie = it->lie_bytes;
		break;
	case LIE_STUB:
		c.udp_len_lie = -8 - it->pkt.len + it->lie_bytes % 8;
		break;
	default:
		break;
	}
	sent(f, it, craft_send(&c));
}

static void send_fragments(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it)
{
	struct craft c = craft(f, way, it);

	c.id = ++f->fragment_id ? f->fragment_id : ++f->fragment_id;
	c.split = it->split;
	c.part = it->backwards ? CRAFT_LAST : CRAFT_FIRST;
	sent(f, it, craft_send(&c));
	/* one that the module dropped has no other half */
	if (it->fate == QSC_A_STATS_TX_DROP_FRAGMENT)
		return;
	c.part = it->backwards ? CRAFT_FIRST : CRAFT_LAST;
	sent(f, it, craft_send(&c));
}

void fuzz_send(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it, int n)
{
	struct fuzz_end *from = fuzz_from(f, way, it), *end = fuzz_to(f, way, it);
	union addr to = net_addr(f->cfg->family, end->host, end->port);
	int i;

	switch (it->shape) {
	case SHAPE_GSO:
		send_segments(f, from->fd, &to, it, n);
		return;
	case SHAPE_DF:
		send_unfragmented(f, from->fd, &to, it, n);
		return;
	case SHAPE_MMSG:
		send_many(f, from->fd, &to, it, n);
		return;
	default:
		break;
	}
	for (i = 0; i < n; i++) {
		if (it[i].shape == SHAPE_ZEROCOPY)
			send_zerocopy(f, from, &to, &it[i]);
		else if (it[i].shape == SHAPE_CORK)
			send_corked(f, from->fd, &to, &it[i]);
		else if (it[i].shape == SHAPE_FRAGMENTS)
			send_fragments(f, way, &it[i]);
		else
			send_raw(f, way, &it[i]);
	}
}
