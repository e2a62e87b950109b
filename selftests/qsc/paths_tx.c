// SPDX-License-Identifier: GPL-2.0
/* Ways in which an application sends. */
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "paths.h"

#define SEGMENTS	20
#define SEGMENT_LEN	200
#define LAST_LEN	120

/* One send that the kernel cuts into packets. */
static bool send_segments(int fd, const struct packet *pkt, int n)
{
	static char buf[PACKETS_MAX * RTP_WIRE_MAX];
	char control[CMSG_SPACE(sizeof(uint16_t))] = {};
	struct iovec iov = { buf, 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	uint16_t size = pkt[0].len;
	int i;

	for (i = 0; i < n; i++) {
		memcpy(buf + iov.iov_len, pkt[i].data, pkt[i].len);
		iov.iov_len += pkt[i].len;
	}
	cm->cmsg_level = SOL_UDP;
	cm->cmsg_type = UDP_SEGMENT;
	cm->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cm), &size, sizeof(size));
	return sendmsg(fd, &msg, 0) == (ssize_t)iov.iov_len;
}

static enum path_result segments(struct fix *f)
{
	struct packet pkt[SEGMENTS];

	path_packets(pkt, SEGMENTS, 100, SEGMENT_LEN);
	pkt[SEGMENTS - 1].len = LAST_LEN;
	if (!send_segments(f->app, pkt, SEGMENTS))
		return path_errno("send");
	return path_good(path_peer_gets(f, pkt, SEGMENTS));
}

static enum path_result large_segments(struct fix *f)
{
	struct packet pkt[40];

	path_packets(pkt, 40, 100, 1400);
	if (!send_segments(f->app, pkt, 40))
		return path_errno("send");
	return path_good(path_peer_gets(f, pkt, 40));
}

/* Each part is judged for itself. */
static enum path_result bad_segment(struct fix *f)
{
	struct packet pkt[SEGMENTS];

	path_packets(pkt, SEGMENTS, 100, SEGMENT_LEN);
	memcpy(pkt[7].data + 2, pkt[6].data + 2, 2);
	if (!send_segments(f->app, pkt, SEGMENTS))
		return path_errno("send");
	memmove(&pkt[7], &pkt[8], (SEGMENTS - 8) * sizeof(*pkt));
	return path_good(path_peer_gets(f, pkt, SEGMENTS - 1));
}

static enum path_result segments_after_erasure(struct fix *f)
{
	struct qsc_stats before[2], after[2];
	const uint64_t want[] = { QSC_A_STATS_TX_DROP_ERASED, SEGMENTS, 0 };
	struct packet pkt[SEGMENTS];

	fix_erase(f);
	fix_counters(f, before);
	path_packets(pkt, SEGMENTS, 100, SEGMENT_LEN);
	if (!send_segments(f->app, pkt, SEGMENTS))
		return path_errno("send");
	usleep(10000);
	fix_counters(f, after);
	return path_good(dut_stats_moved(&before[0], &after[0], want) && !net_stray(f->peer));
}

static void *map_page(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		ksft_exit_fail_msg("out of memory\n");
	return p;
}

static bool unchanged(const void *now, const struct packet *was, const char *what)
{
	if (!memcmp(now, was->data, was->len))
		return true;
	ksft_print_msg("%s was written to\n", what);
	return false;
}

static bool zerocopy_done(int fd)
{
	struct pollfd p = { .fd = fd };
	char control[256];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };

	return poll(&p, 1, 2000) > 0 && recvmsg(fd, &msg, MSG_ERRQUEUE) >= 0;
}

static enum path_result zerocopy(struct fix *f)
{
	struct packet pkt;
	void *page = map_page();
	int on = 1;
	bool good;

	path_packets(&pkt, 1, 100, 1000);
	memcpy(page, pkt.data, pkt.len);
	if (setsockopt(f->app, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return path_errno("SO_ZEROCOPY");
	if (send(f->app, page, pkt.len, MSG_ZEROCOPY) != pkt.len)
		return path_errno("send");
	good = path_peer_gets(f, &pkt, 1);
	good = unchanged(page, &pkt, "the memory that was sent") && good;
	if (!zerocopy_done(f->app)) {
		ksft_print_msg("no completion\n");
		good = false;
	}
	munmap(page, 4096);
	return path_good(good);
}

static enum path_result zerocopy_segments(struct fix *f)
{
	struct packet pkt[3];
	char control[CMSG_SPACE(sizeof(uint16_t))] = {};
	void *page = map_page();
	struct iovec iov = { page, 3 * 500 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	uint16_t size = 500;
	int on = 1;
	bool good;
	int i;

	path_packets(pkt, 3, 100, size);
	for (i = 0; i < 3; i++)
		memcpy((char *)page + i * size, pkt[i].data, size);
	cm->cmsg_level = SOL_UDP;
	cm->cmsg_type = UDP_SEGMENT;
	cm->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cm), &size, sizeof(size));
	setsockopt(f->app, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
	if (sendmsg(f->app, &msg, MSG_ZEROCOPY) != 3 * size)
		return path_errno("send");
	good = path_peer_gets(f, pkt, 3);
	for (i = 0; i < 3; i++)
		good = unchanged((char *)page + i * size, &pkt[i],
				 "the memory that was sent") && good;
	munmap(page, 4096);
	return path_good(good);
}

/* A file, in the page cache only, with a packet in it. */
static int packet_file(const struct packet *pkt)
{
	int fd = memfd_create("packet", 0);

	if (fd < 0 || write(fd, pkt->data, pkt->len) != pkt->len)
		ksft_exit_fail_msg("temporary file: %s\n", strerror(errno));
	return fd;
}

static bool file_unchanged(int fd, const struct packet *pkt)
{
	char buf[4096];

	return pread(fd, buf, sizeof(buf), 0) == pkt->len &&
	       unchanged(buf, pkt, "the file that was sent");
}

static enum path_result sent_file(struct fix *f)
{
	struct packet pkt;
	off_t offset = 0;
	bool good;
	int fd;

	path_packets(&pkt, 1, 100, 1200);
	fd = packet_file(&pkt);
	if (sendfile(f->app, fd, &offset, pkt.len) != pkt.len)
		return path_errno("sendfile");
	good = path_peer_gets(f, &pkt, 1);
	good = file_unchanged(fd, &pkt) && good;
	close(fd);
	return path_good(good);
}

static enum path_result spliced_file(struct fix *f)
{
	struct packet pkt;
	off_t offset = 0;
	int pipe_fd[2];
	bool good;
	int fd;

	path_packets(&pkt, 1, 100, 1200);
	fd = packet_file(&pkt);
	if (pipe(pipe_fd) || splice(fd, &offset, pipe_fd[1], NULL, pkt.len, 0) != pkt.len ||
	    splice(pipe_fd[0], NULL, f->app, NULL, pkt.len, 0) != pkt.len)
		return path_errno("splice");
	good = path_peer_gets(f, &pkt, 1);
	good = file_unchanged(fd, &pkt) && good;
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	close(fd);
	return path_good(good);
}

static enum path_result spliced_memory(struct fix *f)
{
	struct packet pkt;
	struct iovec iov = { map_page(), 1200 };
	int pipe_fd[2];
	bool good;

	path_packets(&pkt, 1, 100, 1200);
	memcpy(iov.iov_base, pkt.data, pkt.len);
	if (pipe(pipe_fd) || vmsplice(pipe_fd[1], &iov, 1, 0) != pkt.len ||
	    splice(pipe_fd[0], NULL, f->app, NULL, pkt.len, 0) != pkt.len)
		return path_errno("splice");
	good = path_peer_gets(f, &pkt, 1);
	good = unchanged(iov.iov_base, &pkt, "the memory that was sent") && good;
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	munmap(iov.iov_base, 4096);
	return path_good(good);
}

static enum path_result corked(struct fix *f)
{
	struct packet pkt;

	path_packets(&pkt, 1, 100, 1100);
	if (send(f->app, pkt.data, 12, MSG_MORE) < 0 ||
	    send(f->app, pkt.data + 12, 500, MSG_MORE) < 0 ||
	    send(f->app, pkt.data + 512, pkt.len - 512, 0) < 0)
		return path_errno("send");
	return path_good(path_peer_gets(f, &pkt, 1));
}

static enum path_result scattered(struct fix *f)
{
	struct iovec iov[100];
	struct packet pkt;
	int i;

	path_packets(&pkt, 1, 100, 1100);
	for (i = 0; i < 100; i++)
		iov[i] = (struct iovec){ pkt.data + i * 11, 11 };
	if (writev(f->app, iov, 100) < 0)
		return path_errno("writev");
	return path_good(path_peer_gets(f, &pkt, 1));
}

static void allow_fragments(int fd)
{
	int dont = IP_PMTUDISC_DONT;

	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof(dont));
}

/* Fragments after encryption: it fits into the MTU before, but not after. */
static enum path_result just_too_big(struct fix *f)
{
	int mtu_payload = f->family == AF_INET ? 1472 : 1452;
	char payload[1500] = MARKER;
	struct packet pkt;

	allow_fragments(f->app);
	gen_rtp_plain(&pkt, SSRC, 100, payload, mtu_payload - RTP_HDR_LEN - 4);
	fix_send(f->app, pkt.data, pkt.len);
	return path_good(path_peer_gets(f, &pkt, 1));
}

/* The socket makes a chain of packets of it. */
static enum path_result three_fragments(struct fix *f)
{
	static struct packet pkt;	/* its buffer is too small for this one */
	static uint8_t big[4096 + 16] __attribute__((aligned(8)));
	int len = 4000;
	int i;

	allow_fragments(f->app);
	for (i = 0; i < len; i += MARKER_LEN)
		memcpy(big + i, MARKER, MARKER_LEN);
	gen_rtp_plain(&pkt, SSRC, 100, "", 0);
	memcpy(big, pkt.data, RTP_HDR_LEN);
	fix_send(f->app, big, len);
	if (!net_readable(f->peer, 2000))
		return PATH_FAIL;
	len = recv(f->peer, big, sizeof(big), 0);
	if (srtp_unprotect(f->receiver, big, &len)) {
		ksft_print_msg("libsrtp refuses %d bytes\n", len);
		return PATH_FAIL;
	}
	return path_good(len == 4000 && !memcmp(big + 16, MARKER, MARKER_LEN) &&
			 !memcmp(big + 3984, MARKER, MARKER_LEN));
}

/* A UDP packet that the tap saw; -1 if there was none. Else its checksum. */
static int frame_checksum(struct fix *f, uint8_t **ip)
{
	static uint8_t buf[4096];
	ssize_t len;
	int off;

	*ip = buf + 14;
	while ((len = recv(f->tap, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		off = buf[12] == 0x08 ? 14 + 20 : 14 + 40;
		if (len < off + 8 || (buf[12] == 0x08 ? buf[14 + 9] : buf[14 + 6]) != IPPROTO_UDP)
			continue;
		return buf[off + 6] << 8 | buf[off + 7];
	}
	return -1;
}

static enum path_result checksum(struct fix *f)
{
	struct packet pkt;
	uint8_t *ip;
	int check;

	if (net_sh(SIDE_A, "ethtool -K wa tx off >/dev/null 2>&1"))
		return PATH_SKIP;
	path_packets(&pkt, 1, 100, 333);
	fix_send(f->app, pkt.data, pkt.len);
	if (!path_peer_gets(f, &pkt, 1))
		return PATH_FAIL;
	check = frame_checksum(f, &ip);
	net_sh(SIDE_A, "ethtool -K wa tx on >/dev/null 2>&1");
	if (check <= 0 || net_udp_sum(ip) != 0xffff)
		ksft_print_msg("checksum %04x, sum %04x\n", check, net_udp_sum(ip));
	return path_good(check > 0 && net_udp_sum(ip) == 0xffff);
}

/* A veth has nobody sum up: what a device would start from is still there. */
static enum path_result offloaded_checksum(struct fix *f)
{
	struct packet pkt;
	uint8_t *ip;
	int check;

	path_packets(&pkt, 1, 100, 333);
	fix_send(f->app, pkt.data, pkt.len);
	if (!path_peer_gets(f, &pkt, 1))
		return PATH_FAIL;
	check = frame_checksum(f, &ip);
	if (check < 0 || net_udp_sum(ip) == 0xffff)
		return PATH_SKIP;
	if (check != net_pseudo_sum(ip))
		ksft_print_msg("checksum %04x, expected %04x\n", check, net_pseudo_sum(ip));
	return path_good(check == net_pseudo_sum(ip));
}

static enum path_result no_checksum(struct fix *f)
{
	bool v4 = f->family == AF_INET;
	struct packet pkt;
	uint8_t *ip;
	int on = 1;
	int check;

	if (setsockopt(f->app, v4 ? SOL_SOCKET : SOL_UDP, v4 ? SO_NO_CHECK : UDP_NO_CHECK6_TX,
		       &on, sizeof(on)))
		return path_errno("SO_NO_CHECK");
	if (!v4)
		setsockopt(f->peer, SOL_UDP, UDP_NO_CHECK6_RX, &on, sizeof(on));
	path_packets(&pkt, 1, 100, 333);
	fix_send(f->app, pkt.data, pkt.len);
	if (!path_peer_gets(f, &pkt, 1))
		return PATH_FAIL;
	check = frame_checksum(f, &ip);
	if (check)
		ksft_print_msg("checksum %04x\n", check);
	return path_good(!check);
}

static enum path_result ip_options(struct fix *f)
{
	/* four no-operations; a destination header with nothing but padding */
	static const uint8_t v4[4] = { IPOPT_NOP, IPOPT_NOP, IPOPT_NOP, IPOPT_NOP };
	static const uint8_t v6[8] = { 0, 0, 1, 4 };
	struct packet pkt;
	int err;

	if (f->family == AF_INET)
		err = setsockopt(f->app, IPPROTO_IP, IP_OPTIONS, v4, sizeof(v4));
	else
		err = setsockopt(f->app, IPPROTO_IPV6, IPV6_DSTOPTS, v6, sizeof(v6));
	if (err)
		return path_errno("IP options");
	path_packets(&pkt, 1, 100, 333);
	fix_send(f->app, pkt.data, pkt.len);
	return path_good(path_peer_gets(f, &pkt, 1));
}

/* A raw socket sends what the application could: it is protected all the same. */
static enum path_result raw_socket(struct fix *f)
{
	struct packet pkt;
	struct craft c;

	path_packets(&pkt, 1, 100, 333);
	c = fix_craft(f, SIDE_A, &pkt);
	if (craft_send(&c))
		return path_errno("send");
	return path_good(path_peer_gets(f, &pkt, 1));
}

static enum path_result wildcard_socket(struct fix *f)
{
	union addr any = { .sa.sa_family = f->family };
	union addr to = net_addr(f->family, 2, PEER_PORT);
	struct packet pkt;

	close(f->app);
	net_enter(SIDE_A);
	f->app = socket(f->family, SOCK_DGRAM, 0);
	any.in4.sin_port = net_addr(AF_INET, 1, APP_PORT).in4.sin_port;
	if (bind(f->app, &any.sa, net_addr_len(&any)))
		return path_errno("bind");
	path_packets(&pkt, 1, 100, 333);
	if (sendto(f->app, pkt.data, pkt.len, 0, &to.sa, net_addr_len(&to)) < 0)
		return path_errno("send");
	return path_good(path_peer_gets(f, &pkt, 1));
}

const struct path_case path_tx_cases[] = {
	{ "UDP_SEGMENT is cut and protected", segments },
	{ "UDP_SEGMENT of 56,000 bytes", large_segments },
	{ "UDP_SEGMENT loses the one bad part only", bad_segment },
	{ "UDP_SEGMENT after erasure sends nothing", segments_after_erasure },
	{ "MSG_ZEROCOPY leaves the sender's memory alone", zerocopy },
	{ "MSG_ZEROCOPY with UDP_SEGMENT does too", zerocopy_segments },
	{ "sendfile() leaves the file alone", sent_file },
	{ "splice() from a file leaves it alone", spliced_file },
	{ "vmsplice() leaves the sender's memory alone", spliced_memory },
	{ "MSG_MORE makes one packet", corked },
	{ "writev() of a hundred pieces", scattered },
	{ "what outgrows the MTU is fragmented", just_too_big },
	{ "a datagram of three fragments", three_fragments },
	{ "the checksum is right without offload", checksum },
	{ "the checksum is right for a device that makes it", offloaded_checksum },
	{ "no checksum stays none", no_checksum },
	{ "behind IP options", ip_options },
	{ "from a raw socket", raw_socket },
	{ "from a socket bound to any address", wildcard_socket },
};

const int path_tx_count = sizeof(path_tx_cases) / sizeof(*path_tx_cases);
