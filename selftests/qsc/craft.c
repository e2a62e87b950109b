// SPDX-License-Identifier: GPL-2.0
/* IP packets made by hand. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "craft.h"

#define PACKET_MAX	4096
#define OPTIONS_LEN	8

static int put_udp(uint8_t *p, const struct craft *c)
{
	struct udphdr uh = {
		.source = htons(c->sport),
		.dest = htons(c->dport),
		.len = htons(sizeof(uh) + c->len + c->udp_len_lie),
	};

	memcpy(p, &uh, sizeof(uh));
	memcpy(p + sizeof(uh), c->data, c->len);
	return sizeof(uh) + c->len;
}

static uint16_t fragment_id(const struct craft *c)
{
	return c->id ? c->id : CRAFT_ID;
}

static int put_ip4(uint8_t *p, const struct craft *c, int payload, int offset)
{
	union addr from = net_addr(AF_INET, c->from, 0);
	union addr to = net_addr(AF_INET, c->to, 0);
	int options = c->options ? OPTIONS_LEN : 0;
	int hdr = sizeof(struct iphdr) + options;
	struct iphdr iph = {
		.version = 4,
		.ihl = hdr / 4,
		.tot_len = htons(hdr + payload),
		.id = htons(fragment_id(c)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = from.in4.sin_addr.s_addr,
		.daddr = to.in4.sin_addr.s_addr,
		.frag_off = htons(offset / 8 | (c->part == CRAFT_FIRST ? IP_MF : 0)),
	};

	memcpy(p, &iph, sizeof(iph));
	memset(p + sizeof(iph), IPOPT_NOP, options);
	return hdr;
}

static int put_ip6(uint8_t *p, const struct craft *c, int payload, int offset)
{
	union addr from = net_addr(AF_INET6, c->from, 0);
	union addr to = net_addr(AF_INET6, c->to, 0);
	/* PadN of four bytes fills the header of eight */
	uint8_t options[OPTIONS_LEN] = { IPPROTO_UDP, 0, 1, 4 };
	struct ip6_frag fh = {
		.ip6f_nxt = c->options ? IPPROTO_DSTOPTS : IPPROTO_UDP,
		.ip6f_offlg = htons(offset) | (c->part == CRAFT_FIRST ? IP6F_MORE_FRAG : 0),
		.ip6f_ident = htonl(fragment_id(c)),
	};
	int len = sizeof(struct ip6_hdr);
	struct ip6_hdr ip6 = {
		.ip6_flow = htonl(6 << 28),
		.ip6_nxt = c->part ? IPPROTO_FRAGMENT : fh.ip6f_nxt,
		.ip6_hlim = 64,
		.ip6_src = from.in6.sin6_addr,
		.ip6_dst = to.in6.sin6_addr,
	};

	if (c->part) {
		memcpy(p + len, &fh, sizeof(fh));
		len += sizeof(fh);
	}
	/* fragments are cut behind the options, which are in the first one */
	if (c->options && !offset) {
		memcpy(p + len, options, sizeof(options));
		len += sizeof(options);
	}
	ip6.ip6_plen = htons(len - sizeof(ip6) + payload);
	memcpy(p, &ip6, sizeof(ip6));
	return len;
}

/* The checksum of the whole datagram, whatever part of it is sent. */
static uint16_t checksum(const struct craft *c, const uint8_t *udp, int len)
{
	static uint8_t whole[PACKET_MAX];
	struct craft bare = *c;
	uint16_t sum;
	int hdr;

	/* what is beyond the UDP length does not belong to the datagram */
	if (c->udp_len_lie < 0)
		len += c->udp_len_lie;
	bare.options = false;
	bare.part = CRAFT_WHOLE;
	hdr = c->family == AF_INET ? put_ip4(whole, &bare, len, 0) :
	      put_ip6(whole, &bare, len, 0);
	memcpy(whole + hdr, udp, len);
	sum = ~net_udp_sum(whole);
	return htons(sum ? sum : 0xffff);
}

/* A test makes its namespaces once: the sockets stay open for the next packet. */
static int raw_socket(enum side side, int family)
{
	static int sockets[SIDES][2] = { { -1, -1 }, { -1, -1 } };
	int *fd = &sockets[side][family == AF_INET6];
	int on = 1;

	if (*fd >= 0)
		return *fd;
	net_enter(side);
	*fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (*fd < 0)
		ksft_exit_fail_msg("raw socket: %s\n", strerror(errno));
	/* connection tracking must not put our fragments together again */
	if (family == AF_INET)
		setsockopt(*fd, IPPROTO_IP, IP_NODEFRAG, &on, sizeof(on));
	return *fd;
}

static int send_raw(const struct craft *c, const uint8_t *p, int len)
{
	union addr to = net_addr(c->family, c->to, 0);
	int fd = raw_socket(c->side, c->family);

	return sendto(fd, p, len, 0, &to.sa, net_addr_len(&to)) < 0 ? errno : 0;
}

int craft_send(const struct craft *c)
{
	static uint8_t udp[PACKET_MAX], ip[PACKET_MAX];
	int len = put_udp(udp, c);
	int offset = 0;
	uint16_t sum;
	int hdr;

	if (!c->no_checksum) {
		sum = checksum(c, udp, len) ^ c->bad_checksum;
		memcpy(udp + offsetof(struct udphdr, check), &sum, 2);
	}
	if (c->part == CRAFT_LAST)
		offset = sizeof(struct udphdr) + c->split;
	if (c->part == CRAFT_FIRST)
		len = sizeof(struct udphdr) + c->split;
	len -= offset;
	if (c->family == AF_INET)
		hdr = put_ip4(ip, c, len, offset);
	else
		hdr = put_ip6(ip, c, len, offset + (c->options && offset ? OPTIONS_LEN : 0));
	memcpy(ip + hdr, udp + offset, len);
	return send_raw(c, ip, hdr + len);
}

int craft_send_fragments(struct craft *c, int split)
{
	int err;

	c->split = split;
	c->part = CRAFT_FIRST;
	err = craft_send(c);
	c->part = CRAFT_LAST;
	return err ? err : craft_send(c);
}
