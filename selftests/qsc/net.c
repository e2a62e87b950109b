// SPDX-License-Identifier: GPL-2.0
/* Two network namespaces and the wire between them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "net.h"

#define BUFFER_BYTES (16 << 20)

static int ns_fd[SIDES] = { -1, -1 };
static const char * const wire[SIDES] = { "wa", "wb" };

/*
 * The namespaces have no name: the open descriptors keep them, so nothing is
 * left behind when the test is killed.
 */
static void new_ns(enum side side)
{
	if (unshare(CLONE_NEWNET))
		ksft_exit_skip("needs root to make a network namespace\n");
	ns_fd[side] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ns_fd[side] < 0)
		ksft_exit_fail_msg("/proc/self/ns/net: %s\n", strerror(errno));
}

void net_pin_to(unsigned int nth)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(nth % sysconf(_SC_NPROCESSORS_ONLN), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		ksft_exit_fail_msg("sched_setaffinity: %s\n", strerror(errno));
}

void net_pin(void)
{
	net_pin_to(sched_getcpu());
}

void net_enter(enum side side)
{
	if (setns(ns_fd[side], CLONE_NEWNET))
		ksft_exit_fail_msg("setns: %s\n", strerror(errno));
}

int net_sh(enum side side, const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	net_enter(side);
	status = system(cmd); /* NOLINT(cert-env33-c): sh is what is wanted */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void must(enum side side, const char *cmd)
{
	if (net_sh(side, "%s", cmd))
		ksft_exit_fail_msg("failed: %s\n", cmd);
}

/* Carrier comes at once, routes and neighbours a little later. */
static void warm_up(int family, int from_host, int to_host)
{
	union addr to = net_addr(family, to_host, 9);
	int tx = net_udp(SIDE_A, family, from_host, 9);
	int rx = net_udp(SIDE_B, family, to_host, 9);
	int tries = 100;

	do {
		sendto(tx, "x", 1, 0, &to.sa, net_addr_len(&to));
	} while (!net_readable(rx, 50) && --tries);
	if (!tries)
		ksft_exit_fail_msg("no packet gets from A to B\n");
	close(tx);
	close(rx);
}

void net_drain(void)
{
	warm_up(AF_INET, 1, 2);
}

/*
 * What asks for a neighbour is not to be what a test loses, nor what has to wait until a
 * slow machine has asked again.
 */
static void keep_neighbours(enum side side)
{
	must(side, "ip neigh | grep lladdr | while read -r addr _ dev _ mac _; do"
	     " ip neigh replace $addr dev $dev lladdr $mac nud permanent || exit; done");
}

void net_up(void)
{
	char cmd[128];

	new_ns(SIDE_B);
	new_ns(SIDE_A);
	snprintf(cmd, sizeof(cmd),
		 "ip link add wa type veth peer name wb netns /proc/%d/fd/%d",
		 getpid(), ns_fd[SIDE_B]);
	must(SIDE_A, cmd);
	must(SIDE_A, "ip link set lo up; ip addr add 10.77.0.1/24 dev wa &&"
	     " ip addr add 10.77.0.4/24 dev wa &&"
	     " ip -6 addr add fd77::4/64 dev wa nodad &&"
	     " ip -6 addr add fd77::1/64 dev wa nodad && ip link set wa up");
	must(SIDE_B, "ip link set lo up; ip addr add 10.77.0.2/24 dev wb &&"
	     " ip addr add 10.77.0.3/24 dev wb &&"
	     " ip -6 addr add fd77::2/64 dev wb nodad &&"
	     " ip -6 addr add fd77::3/64 dev wb nodad && ip link set wb up");
	warm_up(AF_INET, 1, 2);
	warm_up(AF_INET, 4, 3);
	warm_up(AF_INET6, 1, 2);
	warm_up(AF_INET6, 4, 3);
	keep_neighbours(SIDE_A);
	keep_neighbours(SIDE_B);
}

union addr net_addr(int family, int host, uint16_t port)
{
	union addr a = {};
	char text[16];

	a.sa.sa_family = family;
	if (!host) {
		a.in4.sin_port = htons(port);
		return a;
	}
	if (family == AF_INET) {
		a.in4.sin_port = htons(port);
		a.in4.sin_addr.s_addr = htonl(0x0a4d0000 | host);
	} else {
		a.in6.sin6_port = htons(port);
		snprintf(text, sizeof(text), "fd77::%x", host);
		inet_pton(AF_INET6, text, &a.in6.sin6_addr);
	}
	return a;
}

socklen_t net_addr_len(const union addr *a)
{
	return a->sa.sa_family == AF_INET ? sizeof(a->in4) : sizeof(a->in6);
}

int net_udp(enum side side, int family, int host, uint16_t port)
{
	union addr a = net_addr(family, host, port);
	int bytes = BUFFER_BYTES;
	int fd;

	net_enter(side);
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, &a.sa, net_addr_len(&a)))
		ksft_exit_fail_msg("UDP socket: %s\n", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	return fd;
}

void net_connect(int fd, int family, int host, uint16_t port)
{
	union addr a = net_addr(family, host, port);

	if (connect(fd, &a.sa, net_addr_len(&a)))
		ksft_exit_fail_msg("connect: %s\n", strerror(errno));
}

int net_ifindex(enum side side)
{
	net_enter(side);
	return if_nametoindex(wire[side]);
}

int net_tap_on(enum side side, const char *device)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	int bytes = BUFFER_BYTES;
	int fd;

	net_enter(side);
	ll.sll_ifindex = if_nametoindex(device);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		ksft_exit_fail_msg("AF_PACKET socket: %s\n", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	return fd;
}

int net_tap(enum side side)
{
	return net_tap_on(side, wire[side]);
}

bool net_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) > 0 && (p.revents & POLLIN);
}

bool net_stray(int fd)
{
	char buf[16];

	return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0;
}

bool net_tap_saw(int tap, const void *marker, int marker_len, unsigned int *frames)
{
	static char buf[1 << 17];
	bool seen = false;
	ssize_t len;

	for (;;) {
		len = recv(tap, buf, sizeof(buf), MSG_DONTWAIT);
		if (len < 0)
			return seen;
		if (frames)
			++*frames;
		if (memmem(buf, len, marker, marker_len))
			seen = true;
	}
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, int len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Where the UDP header is. */
static int udp_at(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? (ip[0] & 15) * 4 : 40;
}

static int udp_len(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? (ip[2] << 8 | ip[3]) - udp_at(ip) : ip[4] << 8 | ip[5];
}

uint16_t net_pseudo_sum(const uint8_t *ip)
{
	const bool v4 = ip[0] >> 4 == 4;

	return fold(IPPROTO_UDP + udp_len(ip) + sum16(0, ip + (v4 ? 12 : 8), v4 ? 8 : 32));
}

uint16_t net_udp_sum(const uint8_t *ip)
{
	return fold(net_pseudo_sum(ip) + sum16(0, ip + udp_at(ip), udp_len(ip)));
}
