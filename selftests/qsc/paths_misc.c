// SPDX-License-Identifier: GPL-2.0
/* Taps, loopback, and sockets of the other family. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "paths.h"

#define LO_PORT	4100

/*
 * A tap shares the packet's memory: it has to see what the wire carries, not
 * what the application gets.
 */
static enum path_result tap_of_receiver(struct fix *f)
{
	struct packet pkt, wire;
	bool good, cipher;
	char buf[4096];
	ssize_t len;
	int tap;

	path_packets(&pkt, 1, 100, 444);
	path_protect(f, &wire, &pkt, 1);
	tap = net_tap(SIDE_A);
	fix_send(f->peer, wire.data, wire.len);
	good = path_app_gets(f, &pkt, 1);
	cipher = false;
	while ((len = recv(tap, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		if (memmem(buf, len, wire.data, wire.len))
			cipher = true;
		else if (memmem(buf, len, MARKER, MARKER_LEN))
			good = false;
	close(tap);
	if (!good || !cipher)
		ksft_print_msg("the tap saw %s\n", cipher ? "clear" : "no SRTP");
	return path_good(good && cipher);
}

static enum path_result tap_of_sender(struct fix *f)
{
	struct packet pkt;
	unsigned int frames = 0;
	bool good, clear;
	int tap;

	tap = net_tap(SIDE_A);
	path_packets(&pkt, 1, 100, 444);
	fix_send(f->app, pkt.data, pkt.len);
	good = path_peer_gets(f, &pkt, 1);
	clear = net_tap_saw(tap, MARKER, MARKER_LEN, &frames);
	close(tap);
	return path_good(good && frames && !clear);
}

/* Two ends of a call on one machine, through lo. */
static void loopback_call(struct fix *f, const char *id, uint16_t from, uint16_t to)
{
	struct qsc_call_params params = { .id = id, .n_legs = 1 };
	union addr local = net_addr(f->family, 1, from);
	union addr remote = net_addr(f->family, 1, to);

	memcpy(&params.legs[0].local, &local, sizeof(local));
	memcpy(&params.legs[0].remote, &remote, sizeof(remote));
	if (qsc_call_new(f->sk, &params))
		ksft_exit_fail_msg("call new: %s\n", qsc_last_error(f->sk)->text);
}

static int tap_lo(void)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	int fd;

	net_enter(SIDE_A);
	ll.sll_ifindex = if_nametoindex("lo");
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		ksft_exit_fail_msg("AF_PACKET socket: %s\n", strerror(errno));
	return fd;
}

static enum path_result loopback(struct fix *f)
{
	struct packet pkt;
	unsigned int frames = 0;
	char buf[4096];
	bool clear;
	int a, b;
	int len;
	int tap;

	loopback_call(f, "lo-a", LO_PORT, LO_PORT + 2);
	loopback_call(f, "lo-b", LO_PORT + 2, LO_PORT);
	dut_key_ok(f->sk, "lo-a", QSC_DIR_TX, &f->tx);
	dut_key_ok(f->sk, "lo-b", QSC_DIR_RX, &f->tx);
	a = net_udp(SIDE_A, f->family, 1, LO_PORT);
	b = net_udp(SIDE_A, f->family, 1, LO_PORT + 2);
	net_connect(a, f->family, 1, LO_PORT + 2);
	tap = tap_lo();

	path_packets(&pkt, 1, 100, 444);
	fix_send(a, pkt.data, pkt.len);
	len = net_readable(b, 2000) ? recv(b, buf, sizeof(buf), 0) : -1;
	clear = net_tap_saw(tap, MARKER, MARKER_LEN, &frames);
	dut_del(f->sk, "lo-a");
	dut_del(f->sk, "lo-b");
	close(tap);
	close(a);
	close(b);
	if (len != pkt.len || memcmp(buf, pkt.data, len))
		ksft_print_msg("%d bytes arrived, which are not those sent\n", len);
	if (clear || !frames)
		ksft_print_msg("%u frames on lo, %s\n", frames, clear ? "in clear" : "none clear");
	return path_good(len == pkt.len && !memcmp(buf, pkt.data, len) && frames && !clear);
}

/* An IPv6 socket that talks IPv4. */
static enum path_result mapped(struct fix *f)
{
	struct sockaddr_in6 from = { .sin6_family = AF_INET6, .sin6_port = htons(APP_PORT) };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(PEER_PORT) };
	struct packet pkt, back, wire;
	int off = 0;

	inet_pton(AF_INET6, "::ffff:10.77.0.1", &from.sin6_addr);
	inet_pton(AF_INET6, "::ffff:10.77.0.2", &to.sin6_addr);
	close(f->app);
	net_enter(SIDE_A);
	f->app = socket(AF_INET6, SOCK_DGRAM, 0);
	setsockopt(f->app, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(f->app, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(f->app, (struct sockaddr *)&to, sizeof(to)))
		return path_errno("bind");
	path_packets(&pkt, 1, 100, 444);
	path_packets(&back, 1, 200, 333);
	path_protect(f, &wire, &back, 1);
	fix_send(f->app, pkt.data, pkt.len);
	fix_send(f->peer, wire.data, wire.len);
	return path_good(path_peer_gets(f, &pkt, 1) && path_app_gets(f, &back, 1));
}

/* Traffic beside the call is none of the module's business. */
static enum path_result other_sockets(struct fix *f)
{
	struct qsc_stats before[2], after[2];
	int tx = net_udp(SIDE_A, f->family, 1, APP_PORT + 10);
	int rx = net_udp(SIDE_B, f->family, 2, PEER_PORT + 10);
	const uint64_t none[] = { 0 };
	char buf[64];
	int len;

	fix_counters(f, before);
	net_connect(tx, f->family, 2, PEER_PORT + 10);
	fix_send(tx, "\x80 not of the call", 18);
	len = net_readable(rx, 2000) ? recv(rx, buf, sizeof(buf), 0) : -1;
	fix_counters(f, after);
	close(tx);
	close(rx);
	return path_good(len == 18 && !memcmp(buf, "\x80 not of the call", 18) &&
			 dut_stats_moved(&before[1], &after[1], none));
}

/*
 * A second call of the same local port with another peer: each packet finds
 * the keys of its own.
 */
static enum path_result shared_port(struct fix *f)
{
	struct qsc_call_params params = { .id = "second", .n_legs = 1 };
	union addr local = net_addr(f->family, 1, APP_PORT);
	union addr remote = net_addr(f->family, 2, OTHER_PORT);
	struct packet mine, other, wire;
	struct srtp_keys keys = f->tx;
	bool good;

	/* the second call has the keys of the first, the other way round */
	memcpy(&params.legs[0].local, &local, sizeof(local));
	memcpy(&params.legs[0].remote, &remote, sizeof(remote));
	if (qsc_call_new(f->sk, &params))
		ksft_exit_fail_msg("call new: %s\n", qsc_last_error(f->sk)->text);
	dut_key_ok(f->sk, "second", QSC_DIR_TX, &f->rx);
	dut_key_ok(f->sk, "second", QSC_DIR_RX, &keys);
	close(f->app);
	f->app = net_udp(SIDE_A, f->family, 1, APP_PORT);

	path_packets(&mine, 1, 100, 300);
	sendto(f->app, mine.data, mine.len, 0, &remote.sa, net_addr_len(&remote));
	wire.len = net_readable(f->stranger, 2000) ?
		   recv(f->stranger, wire.data, RTP_WIRE_MAX, 0) : 0;
	other = mine;
	if (ref_protect(f->sender, &f->rx, 0, &other))
		ksft_exit_fail_msg("libsrtp refused to protect\n");
	good = wire.len == other.len && !memcmp(wire.data, other.data, other.len);
	if (!good)
		ksft_print_msg("not the keys of the second call\n");

	remote = net_addr(f->family, 2, PEER_PORT);
	sendto(f->app, mine.data, mine.len, 0, &remote.sa, net_addr_len(&remote));
	good = path_peer_gets(f, &mine, 1) && good;
	dut_del(f->sk, "second");
	return path_good(good);
}

/*
 * A change of the master takes the addresses of IPv6 away; they come back a
 * little after they were added.
 */
static void vrf_addresses(const char *action, const char *table)
{
	net_sh(SIDE_A, "%s; ip -6 addr replace fd77::1/64 dev wa nodad;"
	       " ip -6 addr replace fd77::4/64 dev wa nodad;"
	       " for i in $(seq 50); do"
	       " ip -6 route show table %s type local | grep -q fd77::1 && break; sleep .1; done",
	       action, table);
}

static int vrf_socket(int family)
{
	union addr a = net_addr(family, 1, APP_PORT);
	int fd;

	net_enter(SIDE_A);
	fd = socket(family, SOCK_DGRAM, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "red", 3) ||
	    bind(fd, &a.sa, net_addr_len(&a)))
		ksft_exit_fail_msg("socket in a VRF: %s\n", strerror(errno));
	return fd;
}

/*
 * The hooks see what leaves by a VRF twice, once on its way into the VRF and
 * once on its way out: it must be protected once.
 */
static enum path_result vrf_with(struct fix *f, const char *qdisc)
{
	struct packet pkt[3], back[3], wire[3];
	bool good;
	int i;

	if (net_sh(SIDE_A, "ip link add red type vrf table 77 2>/dev/null && ip link set red up"))
		return PATH_SKIP;
	vrf_addresses("ip link set wa master red", "77");
	net_sh(SIDE_A, "%s", qdisc);
	close(f->app);
	f->app = vrf_socket(f->family);
	net_connect(f->app, f->family, 2, PEER_PORT);
	path_packets(pkt, 3, 100, 300);
	path_packets(back, 3, 200, 300);
	path_protect(f, wire, back, 3);
	for (i = 0; i < 3; i++) {
		fix_send(f->app, pkt[i].data, pkt[i].len);
		fix_send(f->peer, wire[i].data, wire[i].len);
	}
	good = path_peer_gets(f, pkt, 3);
	good = path_app_gets(f, back, 3) && good;
	vrf_addresses("ip link del red", "local");
	return path_good(good);
}

static enum path_result vrf(struct fix *f)
{
	return vrf_with(f, "true");
}

/* With a queue, a VRF is a device of its own and not a short cut. */
static enum path_result vrf_queue(struct fix *f)
{
	return vrf_with(f, "tc qdisc add dev red root pfifo");
}

/*
 * A copy that the firewall makes goes through the hooks again. It may be lost,
 * as its index is used, but it must not be in clear, and the packet itself must
 * get through.
 */
static enum path_result duplicated(struct fix *f)
{
	bool v4 = f->family == AF_INET;
	struct packet pkt;
	bool good;

	if (net_sh(SIDE_A, "nft 'table %s d { chain c { type filter hook output priority 0;"
		   " udp dport %d dup to %s device wa; }; }' 2>/dev/null",
		   v4 ? "ip" : "ip6", PEER_PORT, v4 ? "10.77.0.3" : "fd77::3"))
		return PATH_SKIP;
	path_packets(&pkt, 1, 100, 300);
	fix_send(f->app, pkt.data, pkt.len);
	good = path_peer_gets(f, &pkt, 1);
	net_sh(SIDE_A, "nft delete table %s d", v4 ? "ip" : "ip6");
	return path_good(good);
}

/* One direction of a security association in transport mode, both sides. */
static int ipsec_one(const char *src, const char *dst, int spi)
{
	enum side s;
	int err = 0;

	for (s = SIDE_A; s <= SIDE_B; s++) {
		bool out = (s == SIDE_A) == (spi == 1);

		err |= net_sh(s, "ip xfrm state add src %s dst %s proto esp spi %d mode transport"
			      " aead 'rfc4106(gcm(aes))' 0x%040d 128 2>/dev/null &&"
			      " ip xfrm policy add src %s dst %s proto udp dir %s"
			      " tmpl src %s dst %s proto esp mode transport",
			      src, dst, spi, spi, src, dst, out ? "out" : "in", src, dst);
	}
	return err;
}

/* SRTP inside ESP: the module sees what is inside, in both directions. */
static enum path_result ipsec(struct fix *f)
{
	const char *a = f->family == AF_INET ? "10.77.0.1" : "fd77::1";
	const char *b = f->family == AF_INET ? "10.77.0.2" : "fd77::2";
	struct packet pkt[3], back[3], wire[3];
	unsigned int frames;
	bool good, clear;
	enum side s;
	int i;

	if (ipsec_one(a, b, 1) || ipsec_one(b, a, 2))
		return PATH_SKIP;
	path_packets(pkt, 3, 100, 300);
	path_packets(back, 3, 200, 300);
	path_protect(f, wire, back, 3);
	for (i = 0; i < 3; i++) {
		fix_send(f->app, pkt[i].data, pkt[i].len);
		fix_send(f->peer, wire[i].data, wire[i].len);
	}
	good = path_peer_gets(f, pkt, 3);
	good = path_app_gets(f, back, 3) && good;
	/* a tap sees ESP, and no UDP */
	frames = fix_frames(f, &clear);
	if (frames)
		ksft_print_msg("%u packets bypassed IPsec\n", frames);
	for (s = SIDE_A; s <= SIDE_B; s++)
		net_sh(s, "ip xfrm state flush; ip xfrm policy flush");
	return path_good(good && !frames && !clear);
}

/* Connection tracking sees each part of what was sent or came as one buffer. */
static enum path_result tracked_segments(struct fix *f)
{
	struct packet pkt[10], back[10], wire[10];
	int size = 200, off = 0;
	static char buf[10 * 400];
	bool good;
	int i;

	if (net_sh(SIDE_A, "nft 'table inet t {"
		   " chain i { type filter hook input priority 0; ct state established accept;"
		   "  udp dport %d ct state new drop; };"
		   " chain o { type filter hook output priority 0; ct state invalid drop; };"
		   " chain n { type nat hook postrouting priority 100; }; }' 2>/dev/null",
		   APP_PORT))
		return PATH_SKIP;
	path_packets(pkt, 10, 100, size);
	for (i = 0; i < 10; i++)
		memcpy(buf + i * size, pkt[i].data, size);
	setsockopt(f->app, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
	fix_send(f->app, buf, 10 * size);
	setsockopt(f->app, SOL_UDP, UDP_SEGMENT, &off, sizeof(off));
	good = path_peer_gets(f, pkt, 10);

	path_packets(back, 10, 200, size);
	path_protect(f, wire, back, 10);
	size = wire[0].len;
	for (i = 0; i < 10; i++)
		memcpy(buf + i * size, wire[i].data, size);
	setsockopt(f->peer, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
	fix_send(f->peer, buf, 10 * size);
	setsockopt(f->peer, SOL_UDP, UDP_SEGMENT, &off, sizeof(off));
	good = path_app_gets(f, back, 10) && good;
	net_sh(SIDE_A, "nft delete table inet t");
	return path_good(good);
}

const struct path_case path_misc_cases[] = {
	{ "a tap beside the receiver sees SRTP", tap_of_receiver },
	{ "a tap beside the sender sees SRTP", tap_of_sender },
	{ "both ends on one machine", loopback },
	{ "an IPv6 socket with an IPv4 address", mapped, AF_INET },
	{ "two calls on one local port", shared_port },
	{ "other sockets are left alone", other_sockets },
	{ "a packet that the firewall duplicates", duplicated },
	{ "segments under connection tracking", tracked_segments },
	{ "inside IPsec", ipsec },
	{ "through a VRF", vrf },
	{ "through a VRF with a queue", vrf_queue },
};

const int path_misc_count = sizeof(path_misc_cases) / sizeof(*path_misc_cases);
