// SPDX-License-Identifier: GPL-2.0
/*
 * Packets whose allocations fail. The wire is a tun device that the test holds
 * the other end of: what is written there is received in the writer's own
 * context, which is where failures are injected, and what is read there is what
 * has left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "dut.h"
#include "fail.h"
#include "fix.h"
#include "knob.h"

#define ID		"fail"
#define BIG		5000	/* bytes of payload: more than a page */
#define WIRE_MAX	8192
#define SEGMENTS	8
#define SEGMENT		200
#define MTU		9000
#define FRAMES_MAX	16
#define RESULT		"without memory, dropped and counted: %s"

struct pkt_case {
	const char *name;
	int family;
	bool rx;
	bool known;		/* not the first packet of its SSRC */
	bool tapped;		/* somebody else holds the packet too */
	bool rtcp;
	bool zerocopy;
	bool segments;
	bool forged;
	int mki_len;
	int len;
	int packets;		/* that one operation makes; 0: 1 */
};

static const struct pkt_case cases[] = {
	{ "sent, first of an SSRC", AF_INET, .len = 100 },
	{ "sent, first of an SSRC, IPv6", AF_INET6, .len = 100 },
	{ "sent with an MKI of 128 bytes", AF_INET, .known = true, .mki_len = 128, .len = 100 },
	{ "sent, RTCP", AF_INET6, .rtcp = true, .len = 100 },
	{ "sent without copying", AF_INET, .known = true, .zerocopy = true, .len = 1000 },
	{ "sent, larger than a page", AF_INET, .known = true, .len = BIG },
	{ "sent, larger than a page, IPv6", AF_INET6, .known = true, .len = BIG, .mki_len = 4 },
	{ "sent in segments", AF_INET, .known = true, .segments = true, .len = SEGMENT,
	  .packets = SEGMENTS },
	{ "sent in segments, IPv6", AF_INET6, .known = true, .segments = true, .len = SEGMENT,
	  .packets = SEGMENTS },
	{ "received, first of an SSRC", AF_INET, .rx = true, .len = 100 },
	{ "received, first of an SSRC, IPv6", AF_INET6, .rx = true, .len = 100 },
	{ "received, RTCP", AF_INET, .rx = true, .rtcp = true, .len = 100 },
	{ "received beside a tap", AF_INET, .rx = true, .known = true, .tapped = true,
	  .len = 1000 },
	{ "received, larger than a page", AF_INET, .rx = true, .known = true, .len = BIG },
	{ "received, larger than a page, IPv6, RTCP", AF_INET6, .rx = true, .rtcp = true,
	  .tapped = true, .len = BIG },
	{ "received, forged, with an event", AF_INET, .rx = true, .known = true, .forged = true,
	  .len = 100 },
};

#define N_CASES ((int)(sizeof(cases) / sizeof(*cases)))

/* A packet larger than those of the other tests. */
struct big {
	uint8_t data[WIRE_MAX] __attribute__((aligned(8)));
	int len;
};

static struct {
	const struct pkt_case *c;
	struct qsc_sock *sk, *listener;
	int tun;
	int app;
	int tap;
	struct srtp_keys keys[2];	/* by direction, less one */
	srtp_t sender, receiver;
	uint16_t seq;
	struct big clear[SEGMENTS];
	struct big wire;		/* the IP packet that is received */
	uint64_t seen[QSC_A_STATS_PAD];	/* counters that a failure has moved */
} t;

/* ---------------------------------------------------------------- the wire */

static void open_tun(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	net_enter(SIDE_A);
	t.tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	strcpy(ifr.ifr_name, "wt");
	/* 6.1 takes UDP_SEGMENT only for a device that computes checksums. */
	if (t.tun < 0 || ioctl(t.tun, TUNSETIFF, &ifr) ||
	    ioctl(t.tun, TUNSETOFFLOAD, TUN_F_CSUM))
		ksft_exit_fail_msg("tun: %s\n", strerror(errno));
	if (net_sh(SIDE_A, "ip addr flush dev wa && ip link set wa down &&"
		   " ip link set wt mtu %d up && ip addr add 10.77.0.1/24 dev wt &&"
		   " ip -6 addr add fd77::1/64 dev wt nodad", MTU))
		ksft_exit_fail_msg("cannot configure tun\n");
}

/* Undone for whoever comes after. */
static void close_tun(void)
{
	close(t.tun);
	net_sh(SIDE_A, "ip link set wa up && ip addr add 10.77.0.1/24 dev wa &&"
	       " ip -6 addr add fd77::1/64 dev wa nodad");
}

static int ip_len(void)
{
	return t.c->family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
}

/* What libsrtp makes of the packet, in UDP and IP, as the peer would send it. */
static void make_wire(const struct big *clear)
{
	union addr from = net_addr(t.c->family, 2, PEER_PORT);
	union addr to = net_addr(t.c->family, 1, APP_PORT);
	uint8_t *udp = t.wire.data + ip_len();
	struct big srtp = *clear;
	struct iphdr ip4 = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };
	struct ip6_hdr ip6 = { .ip6_nxt = IPPROTO_UDP, .ip6_hlim = 64 };
	uint32_t sum = 0;
	int len, i;

	if (t.c->rtcp ? srtp_protect_rtcp(t.sender, srtp.data, &srtp.len) :
	    srtp_protect(t.sender, srtp.data, &srtp.len))
		ksft_exit_fail_msg("libsrtp refused to protect\n");
	if (t.c->forged)
		srtp.data[srtp.len - 1] ^= 1;
	len = sizeof(struct udphdr) + srtp.len;
	put16(udp, PEER_PORT);
	put16(udp + 2, APP_PORT);
	put16(udp + 4, len);
	put16(udp + 6, 0);
	memcpy(udp + 8, srtp.data, srtp.len);
	t.wire.len = ip_len() + len;
	if (t.c->family == AF_INET) {
		ip4.tot_len = htons(t.wire.len);
		ip4.saddr = from.in4.sin_addr.s_addr;
		ip4.daddr = to.in4.sin_addr.s_addr;
		memcpy(t.wire.data, &ip4, sizeof(ip4));
		for (i = 0; i < (int)sizeof(ip4); i += 2)
			sum += get16(t.wire.data + i);
		sum = (sum & 0xffff) + (sum >> 16);
		put16(t.wire.data + offsetof(struct iphdr, check), ~sum);
		return;
	}
	ip6.ip6_flow = htonl(6 << 28);
	ip6.ip6_plen = htons(len);
	ip6.ip6_src = from.in6.sin6_addr;
	ip6.ip6_dst = to.in6.sin6_addr;
	memcpy(t.wire.data, &ip6, sizeof(ip6));
	put16(udp + 6, ~net_udp_sum(t.wire.data));
}

/* UDP packets to the peer that have left; each has to be what was sent. */
static int frames_out(bool *good)
{
	static struct big got;
	uint8_t frame[WIRE_MAX + 100];
	int n = 0, hdr, proto, i;
	ssize_t len;

	while ((len = read(t.tun, frame, sizeof(frame))) > 0) {
		hdr = frame[0] >> 4 == 4 ? 20 : 40;
		proto = frame[0] >> 4 == 4 ? frame[9] : frame[6];
		if (memmem(frame, len, MARKER, MARKER_LEN)) {
			ksft_print_msg("a packet has left in clear\n");
			*good = false;
		}
		if (proto != IPPROTO_UDP || get16(frame + hdr + 2) != PEER_PORT)
			continue;
		n++;
		got.len = len - hdr - 8 - t.c->mki_len;
		memcpy(got.data, frame + hdr + 8, got.len);
		if (t.c->rtcp ? srtp_unprotect_rtcp(t.receiver, got.data, &got.len) :
		    srtp_unprotect(t.receiver, got.data, &got.len)) {
			ksft_print_msg("libsrtp refuses what has left\n");
			*good = false;
			continue;
		}
		for (i = 0; i < max(t.c->packets, 1); i++)
			if (got.len == t.clear[i].len &&
			    !memcmp(got.data, t.clear[i].data, got.len))
				break;
		if (i == max(t.c->packets, 1)) {
			ksft_print_msg("what has left is not what was sent\n");
			*good = false;
		}
	}
	return n;
}

/* Packets that the application got, each the one that the peer sent. */
static int delivered(bool *good)
{
	static struct big got;
	int n = 0;

	while ((got.len = recv(t.app, got.data, sizeof(got.data), MSG_DONTWAIT)) >= 0) {
		n++;
		if (got.len != t.clear[0].len || memcmp(got.data, t.clear[0].data, got.len)) {
			ksft_print_msg("what is delivered is not what was sent\n");
			*good = false;
		}
	}
	return n;
}

/* ------------------------------------------------------------- the packets */

static void make_clear(struct big *p)
{
	struct packet hdr;
	int i, off = t.c->rtcp ? RTCP_HDR_LEN : RTP_HDR_LEN;

	gen_rtp_plain(&hdr, SSRC, t.seq++, "", 0);
	memcpy(p->data, hdr.data, RTP_HDR_LEN);
	if (t.c->rtcp) {
		memcpy(p->data, "\x80\xcc", 2);
		put16(p->data + 2, t.c->len / 4 - 1);
		put32(p->data + 4, SSRC);
	}
	for (i = off; i < t.c->len; i++)
		p->data[i] = MARKER[(i - off) % MARKER_LEN];
	p->len = t.c->len;
}

static void make(void)
{
	int i;

	for (i = 0; i < max(t.c->packets, 1); i++)
		make_clear(&t.clear[i]);
	if (t.c->rx)
		make_wire(&t.clear[0]);
}

static int send_segments(void)
{
	static uint8_t buf[SEGMENTS * SEGMENT];
	char control[CMSG_SPACE(sizeof(uint16_t))] = {};
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	uint16_t size = SEGMENT;
	int i;

	for (i = 0; i < SEGMENTS; i++)
		memcpy(buf + i * SEGMENT, t.clear[i].data, SEGMENT);
	cm->cmsg_level = SOL_UDP;
	cm->cmsg_type = UDP_SEGMENT;
	cm->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cm), &size, sizeof(size));
	return sendmsg(t.app, &msg, 0) < 0 ? errno : 0;
}

static int act(void)
{
	if (t.c->rx)
		return write(t.tun, t.wire.data, t.wire.len) < 0 ? errno : 0;
	if (t.c->segments)
		return send_segments();
	return send(t.app, t.clear[0].data, t.clear[0].len,
		    t.c->zerocopy ? MSG_ZEROCOPY : 0) < 0 ? errno : 0;
}

/* Completions are of no interest, but they fill the socket. */
static void drop_completions(void)
{
	char control[256];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };

	while (recvmsg(t.app, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
		msg.msg_controllen = sizeof(control);
}

/* -------------------------------------------------------------- the rules */

static int listen_cb(const struct qsc_event *event, void *arg)
{
	(void)event;
	(void)arg;
	return 0;
}

static bool is_drop(int i)
{
	return i == QSC_A_STATS_TX_DROP_NO_MEMORY || i == QSC_A_STATS_TX_DROP_CRYPTO ||
	       i == QSC_A_STATS_RX_DROP_NO_MEMORY || i == QSC_A_STATS_RX_DROP_CRYPTO;
}

/* Where a packet without failures goes. */
static int usual(void)
{
	if (t.c->forged)
		return QSC_A_STATS_RX_DROP_AUTH;
	if (t.c->rtcp)
		return t.c->rx ? QSC_A_STATS_RX_RTCP : QSC_A_STATS_TX_RTCP;
	return t.c->rx ? QSC_A_STATS_RX_RTP : QSC_A_STATS_TX_RTP;
}

struct moved {
	int usual;
	int dropped;
	int other;
	int index_used;		/* dropped after its index was */
};

static struct moved moved_since(const struct qsc_stats *before)
{
	struct qsc_stats now;
	struct moved m = {};
	uint64_t n;
	int i;

	dut_stats(t.sk, ID, &now);
	for (i = 1; i < QSC_A_STATS_PAD; i++) {
		n = now.count[i] - before->count[i];
		switch (i) {
		case QSC_A_STATS_TX_OCTETS:
		case QSC_A_STATS_TX_COPIES:
		case QSC_A_STATS_TX_NOSIMD:
		case QSC_A_STATS_RX_OCTETS:
		case QSC_A_STATS_RX_COPIES:
		case QSC_A_STATS_RX_NOSIMD:
			continue;
		}
		if (i == usual())
			m.usual += n;
		else if (is_drop(i))
			m.dropped += n;
		else
			m.other += n;
		if (i == QSC_A_STATS_TX_DROP_CRYPTO && !t.c->rtcp)
			m.index_used += n;
		if (is_drop(i))
			t.seen[i] += n;
	}
	return m;
}

static void start_over(void)
{
	if (qsc_call_flush(t.sk, NULL))
		ksft_exit_fail_msg("flush: %s\n", qsc_last_error(t.sk)->text);
	dut_call(t.sk, &(struct dut_call){ .id = ID, .family = t.c->family });
	dut_key_ok(t.sk, ID, QSC_DIR_TX, &t.keys[0]);
	dut_key_ok(t.sk, ID, QSC_DIR_RX, &t.keys[1]);
}

/* libsrtp is told of no MKI: the test takes it off, and puts none on. */
static void open_srtp(void)
{
	struct srtp_keys tx = t.keys[0], rx = t.keys[1];

	tx.gen[0].mki_len = 0;
	t.receiver = ref_open(&tx, false);
	t.sender = ref_open(&rx, true);
}

static bool complain(unsigned int n, int err, const struct moved *m, int out)
{
	ksft_print_msg("%s, allocation %u: %s; %d counted as good, %d as dropped, %d otherwise; %d arrived\n",
		       t.c->name, n, err ? strerror(err) : "no error", m->usual, m->dropped,
		       m->other, out);
	return false;
}

/*
 * An operation is refused, or all of its packets are counted, each once. What
 * is counted as dropped has not arrived; what is counted as good may have got
 * lost later, where others had no memory for it.
 */
static bool judge(unsigned int n, int err, const struct moved *m, int out, bool failed)
{
	int all = max(t.c->packets, 1);
	int counted = m->usual + m->dropped;

	if (m->other || out > (t.c->forged ? 0 : m->usual))
		return complain(n, err, m, out);
	if (!failed)
		return !err && m->usual == all && out == (t.c->forged ? 0 : all) ?
		       true : complain(n, err, m, out);
	if (err && err != ENOMEM && err != ENOBUFS)
		return complain(n, err, m, out);
	/* refused before, or lost on its way to the hook */
	if (!counted)
		return err || t.c->rx ? true : complain(n, err, m, out);
	return counted == all ? true : complain(n, err, m, out);
}

/* What was dropped for want of memory is taken when it comes again. */
static bool again(unsigned int n)
{
	struct qsc_stats before;
	struct moved m;
	bool good = true;
	int err, out;

	dut_stats(t.sk, ID, &before);
	err = act();
	m = moved_since(&before);
	out = t.c->rx ? delivered(&good) : frames_out(&good);
	return judge(n, err, &m, out, false) && good;
}

static void run_one(unsigned int n, bool *failed, bool *good)
{
	struct qsc_stats before;
	struct moved m;
	int err, out;

	start_over();
	open_srtp();
	if (t.c->known) {
		make();
		*good = again(0) && *good;
	}
	make();
	dut_stats(t.sk, ID, &before);
	inj_start(n);
	err = act();
	*failed = inj_stop();
	m = moved_since(&before);
	out = t.c->rx ? delivered(good) : frames_out(good);
	*good = judge(n, err, &m, out, *failed) && *good;
	if (*good && *failed && !m.usual && !m.index_used)
		*good = again(n);
	drop_completions();
	srtp_dealloc(t.sender);
	srtp_dealloc(t.receiver);
	while (qsc_event_wait(t.listener, 0, listen_cb, NULL) > 0)
		;
}

static void open_case(void)
{
	int dont = IP_PMTUDISC_DONT, on = 1;
	struct rng rng;
	int i;

	rng_seed(&rng, t.c - cases + 1);
	memset(t.keys, 0, sizeof(t.keys));
	for (i = 0; i < 2; i++) {
		t.keys[i].gens = 1;
		t.keys[i].window = QSC_WINDOW_DEFAULT;
		master_random(&t.keys[i].gen[0], &rng, QSC_SUITE_AEAD_AES_256_GCM,
			      i ? 0 : t.c->mki_len);
	}
	t.app = net_udp(SIDE_A, t.c->family, 1, APP_PORT);
	net_connect(t.app, t.c->family, 2, PEER_PORT);
	setsockopt(t.app, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
	setsockopt(t.app, IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof(dont));
	if (t.c->tapped)
		t.tap = net_tap_on(SIDE_A, "wt");
}

static void run(const struct pkt_case *c)
{
	bool failed = true, good = true;
	unsigned int n;

	t.c = c;
	open_case();
	for (n = 1; good && failed && n < FAIL_MOST; n++)
		run_one(n, &failed, &good);
	close(t.app);
	if (c->tapped)
		close(t.tap);
	ksft_print_msg("%u allocations\n", n - 2);
	ksft_test_result(good && !failed, RESULT "\n", c->name);
}

static void tell_counters(void)
{
	static const struct {
		int counter;
		const char *who;
	} must[] = {
		{ QSC_A_STATS_TX_DROP_NO_MEMORY },
		{ QSC_A_STATS_RX_DROP_NO_MEMORY },
		{ QSC_A_STATS_TX_DROP_CRYPTO, "the cipher of this kernel needs no memory" },
		{ QSC_A_STATS_RX_DROP_CRYPTO, "the cipher of this kernel needs no memory" },
	};
	const char *name;
	size_t i;

	for (i = 0; i < sizeof(must) / sizeof(*must); i++) {
		name = qsc_stat_name(must[i].counter);
		if (!t.seen[must[i].counter] && must[i].who)
			ksft_test_result_skip("%s # SKIP %s\n", name, must[i].who);
		else
			ksft_test_result(t.seen[must[i].counter], "%s: %llu packets\n", name,
					 (unsigned long long)t.seen[must[i].counter]);
	}
}

int fail_packet_plan(void)
{
	int i, n = 0;

	for (i = 0; i < N_CASES; i++)
		n += ksft_wanted(RESULT, cases[i].name);
	return n == N_CASES ? n + 4 : n;
}

void fail_packet(void)
{
	int i;

	t.sk = dut_open(SIDE_A);
	t.listener = dut_open(SIDE_A);
	if (qsc_subscribe(t.listener))
		ksft_exit_fail_msg("subscribe: %s\n", qsc_last_error(t.listener)->text);
	knob_set("/sys/module/qsc/parameters/auth_fail_event", "1");
	open_tun();
	for (i = 0; i < N_CASES; i++)
		if (ksft_wanted(RESULT, cases[i].name))
			run(&cases[i]);
	if (fail_packet_plan() > N_CASES)
		tell_counters();
	close_tun();
	qsc_call_flush(t.sk, NULL);
	qsc_close(t.listener);
	qsc_close(t.sk);
}
