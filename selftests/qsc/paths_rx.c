// SPDX-License-Identifier: GPL-2.0
/* Ways in which SRTP comes. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "paths.h"

#define MANY	20

/* One send of the peer that arrives as one buffer with many packets in it. */
static bool peer_sends_segments(struct fix *f, const struct packet *wire, int n)
{
	static char buf[MANY * RTP_WIRE_MAX];
	int size = wire[0].len;
	int len = 0;
	int off = 0;
	bool good;
	int i;

	for (i = 0; i < n; i++) {
		memcpy(buf + len, wire[i].data, wire[i].len);
		len += wire[i].len;
	}
	setsockopt(f->peer, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
	good = send(f->peer, buf, len, 0) == len;
	setsockopt(f->peer, SOL_UDP, UDP_SEGMENT, &off, sizeof(off));
	return good;
}

static enum path_result gso_to(struct fix *f, bool gro_socket, int damaged)
{
	struct packet pkt[MANY], wire[MANY];
	int on = gro_socket;
	int n = MANY;

	setsockopt(f->app, SOL_UDP, UDP_GRO, &on, sizeof(on));
	path_packets(pkt, MANY, 100, 200);
	pkt[MANY - 1].len = 100;
	path_protect(f, wire, pkt, MANY);
	if (damaged) {
		wire[damaged].data[50] ^= 1;
		n--;
	}
	if (!peer_sends_segments(f, wire, MANY))
		return path_errno("send");
	if (damaged)
		memmove(&pkt[damaged], &pkt[damaged + 1], (n - damaged) * sizeof(*pkt));
	return path_good(path_app_gets(f, pkt, n));
}

static enum path_result gso(struct fix *f)
{
	return gso_to(f, false, 0);
}

static enum path_result gso_gro_socket(struct fix *f)
{
	return gso_to(f, true, 0);
}

static enum path_result gso_damaged(struct fix *f)
{
	return gso_to(f, true, 5);
}

/*
 * A veth polls after each packet, and GRO would end with each poll: let it go
 * on for a while. sysfs shows the namespace that mounted it.
 */
static void gro_timeout(int ns)
{
	net_sh(SIDE_A, "unshare -m sh -c 'mount -t sysfs sysfs /sys &&"
	       " echo %d >/sys/class/net/wa/gro_flush_timeout'", ns);
}

/*
 * The receiving interface puts packets together itself. A tap in A sees fewer
 * frames than were sent if it did; else the case proves nothing.
 */
static enum path_result gro(struct fix *f, const char *features)
{
	struct packet pkt[MANY], wire[MANY];
	static struct mmsghdr msg[MANY];
	static struct iovec iov[MANY];
	unsigned int frames = 0;
	int on = 1, off = 0;
	bool good;
	int tap;
	int i;

	if (net_sh(SIDE_A, "ethtool -K wa %s on >/dev/null 2>&1", features))
		return PATH_SKIP;
	/* a veth whose peer can segment does not expect anything to put together */
	net_sh(SIDE_B, "ethtool -K wb tso off >/dev/null 2>&1");
	gro_timeout(20000000);
	/* a list of packets is made only where no socket asks for one buffer */
	setsockopt(f->app, SOL_UDP, UDP_GRO, strstr(features, "list") ? &off : &on, sizeof(on));
	tap = net_tap(SIDE_A);
	path_packets(pkt, MANY, 100, 200);
	path_protect(f, wire, pkt, MANY);
	for (i = 0; i < MANY; i++) {
		iov[i] = (struct iovec){ wire[i].data, wire[i].len };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	if (sendmmsg(f->peer, msg, MANY, 0) != MANY)
		return path_errno("sendmmsg");
	good = path_app_gets(f, pkt, MANY);
	net_tap_saw(tap, MARKER, MARKER_LEN, &frames);
	ksft_print_msg("%d packets came as %u\n", MANY, frames);
	close(tap);
	gro_timeout(0);
	net_sh(SIDE_B, "ethtool -K wb tso on >/dev/null 2>&1");
	net_sh(SIDE_A, "ethtool -K wa %s off >/dev/null 2>&1", features);
	net_sh(SIDE_A, "ethtool -K wa gro off >/dev/null 2>&1");
	if (good && frames >= MANY)
		return PATH_SKIP;
	return path_good(good);
}

static enum path_result gro_buffer(struct fix *f)
{
	return gro(f, "gro");
}

static enum path_result gro_list(struct fix *f)
{
	return gro(f, "gro on rx-gro-list");
}

static enum path_result gro_forwarding(struct fix *f)
{
	return gro(f, "gro on rx-udp-gro-forwarding");
}

/*
 * What the peer sends without copying is its own memory, until somebody
 * copies it: decryption in place must not reach it.
 */
static enum path_result zerocopy(struct fix *f)
{
	struct packet pkt, wire;
	int on = 1;
	void *page;
	bool good;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	path_packets(&pkt, 1, 100, 1000);
	path_protect(f, &wire, &pkt, 1);
	memcpy(page, wire.data, wire.len);
	setsockopt(f->peer, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
	if (send(f->peer, page, wire.len, MSG_ZEROCOPY) != wire.len)
		return path_errno("send");
	good = path_app_gets(f, &pkt, 1);
	if (memcmp(page, wire.data, wire.len)) {
		ksft_print_msg("the peer's memory was written to\n");
		good = false;
	}
	munmap(page, 4096);
	return path_good(good);
}

static enum path_result sent_file(struct fix *f)
{
	struct packet pkt, wire;
	off_t offset = 0;
	char buf[4096];
	bool good;
	int fd;

	path_packets(&pkt, 1, 100, 1200);
	path_protect(f, &wire, &pkt, 1);
	fd = memfd_create("packet", 0);
	if (fd < 0 || write(fd, wire.data, wire.len) != wire.len)
		return path_errno("temporary file");
	if (sendfile(f->peer, fd, &offset, wire.len) != wire.len)
		return path_errno("sendfile");
	good = path_app_gets(f, &pkt, 1);
	if (pread(fd, buf, sizeof(buf), 0) != wire.len || memcmp(buf, wire.data, wire.len)) {
		ksft_print_msg("the peer's file was written to\n");
		good = false;
	}
	close(fd);
	return path_good(good);
}

static enum path_result fragments(struct fix *f)
{
	struct packet pkt, wire;
	struct craft c;

	path_packets(&pkt, 1, 100, RTP_HDR_LEN + 1392);
	path_protect(f, &wire, &pkt, 1);
	c = fix_craft(f, SIDE_B, &wire);
	if (craft_send_fragments(&c, 1304))
		return path_errno("send");
	return path_good(path_app_gets(f, &pkt, 1));
}

static enum path_result fragments_backwards(struct fix *f)
{
	struct packet pkt, wire;
	struct craft c;

	path_packets(&pkt, 1, 100, RTP_HDR_LEN + 1392);
	path_protect(f, &wire, &pkt, 1);
	c = fix_craft(f, SIDE_B, &wire);
	c.split = 1304;
	c.part = CRAFT_LAST;
	if (craft_send(&c))
		return path_errno("send");
	c.part = CRAFT_FIRST;
	if (craft_send(&c))
		return path_errno("send");
	return path_good(path_app_gets(f, &pkt, 1));
}

static enum path_result crafted(struct fix *f, bool options, bool no_checksum, int tail)
{
	struct packet pkt, wire;
	int on = 1;
	struct craft c;

	path_packets(&pkt, 1, 100, 333);
	path_protect(f, &wire, &pkt, 1);
	memset(wire.data + wire.len, 0xee, tail);
	c = fix_craft(f, SIDE_B, &wire);
	c.options = options;
	c.no_checksum = no_checksum;
	c.len += tail;
	c.udp_len_lie = -tail;
	if (no_checksum && f->family == AF_INET6)
		setsockopt(f->app, SOL_UDP, UDP_NO_CHECK6_RX, &on, sizeof(on));
	if (craft_send(&c))
		return path_errno("send");
	return path_good(path_app_gets(f, &pkt, 1));
}

static enum path_result ip_options(struct fix *f)
{
	return crafted(f, true, false, 0);
}

static enum path_result no_checksum(struct fix *f)
{
	return crafted(f, false, true, 0);
}

static enum path_result beyond_udp_length(struct fix *f)
{
	return crafted(f, false, false, 7);
}

/* Has a tap seen an ICMP error? */
static bool icmp_error(int tap)
{
	uint8_t buf[4096];
	bool seen = false;

	while (recv(tap, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		if ((buf[12] == 0x08 && buf[14 + 9] == IPPROTO_ICMP && buf[14 + 20] == 3) ||
		    (buf[12] == 0x86 && buf[14 + 6] == IPPROTO_ICMPV6 && buf[14 + 40] == 1))
			seen = true;
	return seen;
}

/* The error that says that nobody listens would quote what was decrypted. */
static enum path_result nobody_listens(struct fix *f)
{
	struct packet pkt[5], wire[5];
	int tap = net_tap(SIDE_B);
	bool error;
	int n;

	close(f->app);
	path_packets(pkt, 5, 100, 333);
	path_protect(f, wire, pkt, 5);
	for (n = 0; n < 5; n++) {
		send(f->peer, wire[n].data, wire[n].len, 0);
		usleep(20000);
	}
	f->app = net_udp(SIDE_A, f->family, 1, APP_PORT);
	error = icmp_error(tap);
	close(tap);
	if (error)
		ksft_print_msg("there was an ICMP error\n");
	return path_good(!error);
}

const struct path_case path_rx_cases[] = {
	{ "a buffer of many packets is taken apart", gso },
	{ "the same for a UDP_GRO socket", gso_gro_socket },
	{ "one damaged packet of many is lost alone", gso_damaged },
	{ "GRO to one buffer", gro_buffer },
	{ "GRO to a list", gro_list },
	{ "GRO for forwarding", gro_forwarding },
	{ "MSG_ZEROCOPY of the peer: its memory stays", zerocopy },
	{ "sendfile() of the peer: its file stays", sent_file },
	{ "fragments", fragments },
	{ "fragments, the last one first", fragments_backwards },
	{ "behind IP options", ip_options },
	{ "without a checksum", no_checksum },
	{ "with bytes beyond the UDP length", beyond_udp_length },
	{ "when nobody listens, no ICMP error quotes it", nobody_listens },
};

const int path_rx_count = sizeof(path_rx_cases) / sizeof(*path_rx_cases);
