/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two network namespaces and the wire between them, in one process:
 *
 *   +-- A, 10.77.0.1, fd77::1 --+         +-- B, 10.77.0.2, fd77::2 --+
 *   |  the application and QSC  | wa - wb |  the peer: sees SRTP      |
 *   +---------------------------+         +---------------------------+
 *
 * Also addresses .3 and ::3 in B, for what does not come from the peer, and .4
 * and ::4 in A, for what is not meant for the call.
 */
#ifndef _QSC_NET_H
#define _QSC_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum side {
	SIDE_A,
	SIDE_B,
	SIDES,
};

union addr {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/*
 * Make the namespaces, or end the test with a reason. They go away when the
 * process does, whatever it dies of.
 */
void net_up(void);

/*
 * Stay on one CPU: packets that are sent from two can overtake each other in
 * the softirqs of the veth.
 */
void net_pin(void);
/* Likewise this thread, on the @nth CPU; a machine with less begins again at the first. */
void net_pin_to(unsigned int nth);

/*
 * Wait until what was sent from this CPU has been taken from its queue: one that
 * is full (net.core.netdev_max_backlog) loses the next packet.
 */
void net_drain(void);

/* Enter a namespace: sockets opened from now on belong to it. */
void net_enter(enum side side);

/* Run a shell command in a namespace; %-formatted. Returns its exit status. */
__attribute__((format(printf, 2, 3)))
int net_sh(enum side side, const char *fmt, ...);

/* Host parts 1 and 4 are A, 2 and 3 are B; 0 is any address. */
union addr net_addr(int family, int host, uint16_t port);
socklen_t net_addr_len(const union addr *a);

/* A UDP socket of a side, bound to a host part and port, with large buffers. */
int net_udp(enum side side, int family, int host, uint16_t port);
void net_connect(int fd, int family, int host, uint16_t port);

/* Raw packets of a side's wire, from now on: a tap. */
int net_tap(enum side side);
int net_tap_on(enum side side, const char *device);

/* Wait for a datagram; false after the timeout. */
bool net_readable(int fd, int timeout_ms);

/* Is there a datagram although there should not be one? Discards it. */
bool net_stray(int fd);

/* Read all that a tap saw; true if @marker was in it. Counts frames in *frames. */
bool net_tap_saw(int tap, const void *marker, int marker_len, unsigned int *frames);

/* Index of the side's end of the wire. */
int net_ifindex(enum side side);

/* One's complement sum over the UDP datagram of an IP packet; 0xffff if right. */
uint16_t net_udp_sum(const uint8_t *ip);

/* The part of it that is no packet: what stands for it until a device sums up. */
uint16_t net_pseudo_sum(const uint8_t *ip);

#endif /* _QSC_NET_H */
