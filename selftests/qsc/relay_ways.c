// SPDX-License-Identifier: GPL-2.0
/*
 * What a relay does with packets besides passing them on: what is no media goes to
 * the local socket, headers are those of a socket, big packets are fragmented,
 * firewalls and routes are heeded, and erased is erased.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "craft.h"
#include "ends.h"

#define MTU		1500
#define TTL_SENT	77
#define TOS_SENT	0xb9		/* EF, and a congestion mark */
#define TOS_EXPECTED	0xb8
#define PLAIN_SSRCS	40		/* more than max_ssrcs */

static const uint8_t stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3 };

static bool v6(const struct ends *e)
{
	return e->end[0].opts.family == AF_INET6;
}

/* A socket of A on the port of leg 0. */
static int local_socket(struct ends *e)
{
	int fd = net_udp(SIDE_A, e->end[0].opts.family, end_leg_host(0), end_leg_port(0));

	net_connect(fd, e->end[0].opts.family, end_host(0), end_port(0));
	return fd;
}

static bool stun_comes_to_the_socket(struct ends *e)
{
	int fd = local_socket(e);
	uint8_t buf[64];
	bool good;

	send(e->end[0].fd, stun, sizeof(stun), 0);
	good = net_readable(fd, 1000) && recv(fd, buf, sizeof(buf), 0) == sizeof(stun) &&
	       ends_counted(e, 0, QSC_A_STATS_RX_PASSED, 1);
	send(fd, stun, sizeof(stun), 0);
	good = good && net_readable(e->end[0].fd, 1000) &&
	       recv(e->end[0].fd, buf, sizeof(buf), 0) == sizeof(stun) &&
	       ends_counted(e, 0, QSC_A_STATS_TX_PASSED, 1) && ends_heard(e, 1);
	close(fd);
	return good && ends_quiet(e);
}

static bool media_of_an_application_stays(struct ends *e)
{
	int fd = local_socket(e);
	struct packet pkt;
	bool good;

	ends_rtp(&pkt, 1, 160);
	send(fd, pkt.data, pkt.len, 0);
	good = ends_quiet(e) && ends_counted(e, 0, QSC_A_STATS_TX_DROP_PEER, 1) && ends_heard(e, 1);
	good = good && !net_stray(fd);
	close(fd);
	return good;
}

static void set_int(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		ksft_exit_fail_msg("socket option %d of %d\n", option, level);
}

struct header {
	int tos;
	int hops;
};

static void take_header(struct msghdr *msg, struct header *h)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS)
			h->tos = *CMSG_DATA(c);
		else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_TCLASS)
			memcpy(&h->tos, CMSG_DATA(c), sizeof(h->tos));
		else if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_TTL) ||
			 (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_HOPLIMIT))
			memcpy(&h->hops, CMSG_DATA(c), sizeof(h->hops));
	}
}

/* With which header what handset 0 sends comes to handset 1. */
static bool get_header(struct ends *e, uint16_t seq, struct header *h)
{
	uint8_t data[2048], control[256];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd = e->end[1].fd;
	struct packet pkt;

	*h = (struct header){ -1, -1 };
	set_int(fd, v6(e) ? SOL_IPV6 : SOL_IP, v6(e) ? IPV6_RECVTCLASS : IP_RECVTOS, 1);
	set_int(fd, v6(e) ? SOL_IPV6 : SOL_IP, v6(e) ? IPV6_RECVHOPLIMIT : IP_RECVTTL, 1);
	ends_rtp(&pkt, seq, 160);
	ends_send(e, 0, &pkt);
	if (!net_readable(fd, 1000) || recvmsg(fd, &msg, 0) < 0) {
		ksft_print_msg("nothing comes\n");
		return false;
	}
	take_header(&msg, h);
	return true;
}

static bool has_header(struct ends *e, uint16_t seq, int tos, int hops)
{
	struct header h;

	if (!get_header(e, seq, &h))
		return false;
	if (h.tos == tos && h.hops == hops)
		return true;
	ksft_print_msg("comes with TOS 0x%x and %d hops, not 0x%x and %d\n", h.tos, h.hops, tos,
		       hops);
	return false;
}

static void send_with(struct ends *e, int tos, int hops)
{
	int fd = e->end[0].fd;

	set_int(fd, v6(e) ? SOL_IPV6 : SOL_IP, v6(e) ? IPV6_TCLASS : IP_TOS, tos);
	set_int(fd, v6(e) ? SOL_IPV6 : SOL_IP, v6(e) ? IPV6_UNICAST_HOPS : IP_TTL, hops);
}

static bool dscp_goes_along_and_a_hop_goes(struct ends *e)
{
	send_with(e, TOS_SENT, TTL_SENT);
	return has_header(e, 1, TOS_EXPECTED, TTL_SENT - 1);
}

static bool dscp_and_ttl_are_set(struct ends *e)
{
	send_with(e, TOS_SENT, TTL_SENT);
	return has_header(e, 1, 10 << 2, 9);
}

static bool last_hop_ends_here(struct ends *e)
{
	send_with(e, 0, 1);
	return ends_unheard(e, 1) && ends_counted(e, 0, QSC_A_STATS_RX_DROP_HOPS, 1);
}

/* A packet of handset 0, with the checksum that @like says. */
static void send_crafted(struct ends *e, struct packet *pkt, uint16_t seq, struct craft like)
{
	like.side = SIDE_B;
	like.family = e->end[0].opts.family;
	like.from = end_host(0);
	like.to = end_leg_host(0);
	like.sport = end_port(0);
	like.dport = end_leg_port(0);
	ends_rtp(pkt, seq, 160);
	like.data = pkt->data;
	like.len = pkt->len;
	if (craft_send(&like))
		ksft_exit_fail_msg("a raw socket does not send\n");
}

/* What a device of this machine makes later comes with none yet, unlike this. */
static bool checksum_goes_along(struct ends *e)
{
	struct packet pkt;

	send_crafted(e, &pkt, 1, (struct craft){ 0 });
	return ends_gets(e, 1, &pkt);
}

static bool no_checksum_goes_along(struct ends *e)
{
	struct packet pkt;

	send_crafted(e, &pkt, 1, (struct craft){ .no_checksum = true });
	return ends_gets(e, 1, &pkt);
}

/* It was not what was sent; encrypted, nobody could tell any more. */
static bool damaged_is_not_encrypted(struct ends *e)
{
	struct packet pkt;

	send_crafted(e, &pkt, 1, (struct craft){ .bad_checksum = true });
	return ends_quiet(e) && ends_counted(e, 0, QSC_A_STATS_RX_DROP_CHECKSUM, 1) && ends_heard(e, 1);
}

static void filter_reverse_path(bool on)
{
	net_sh(SIDE_A, "echo %d >/proc/sys/net/ipv4/conf/all/rp_filter", on);
}

/* Of a handset that is elsewhere, as A sees it. */
static bool reverse_path_is_filtered(struct ends *e)
{
	struct packet pkt;
	bool good;

	if (net_sh(SIDE_A, "ip route add 10.77.0.2/32 dev lo"))
		ksft_exit_fail_msg("no route\n");
	ends_rtp(&pkt, 1, 160);
	ends_send(e, 0, &pkt);
	good = ends_gets(e, 1, &pkt);
	filter_reverse_path(true);
	ends_rtp(&pkt, 2, 160);
	ends_send(e, 0, &pkt);
	good = ends_quiet(e) && good;
	net_sh(SIDE_A, "ip route del 10.77.0.2/32 dev lo");
	ends_rtp(&pkt, 3, 160);
	ends_send(e, 0, &pkt);
	good = ends_gets(e, 1, &pkt) && good;
	filter_reverse_path(false);
	return good;
}

/* The greatest packet that comes in whole: with a tag it does not go out whole. */
static bool too_big_is_fragmented(struct ends *e)
{
	int len = MTU - (v6(e) ? 40 : 20) - 8 - RTP_HDR_LEN;
	struct packet pkt;

	ends_rtp(&pkt, 1, len);
	ends_send(e, 0, &pkt);
	if (!ends_gets(e, 1, &pkt) || !ends_counted(e, 1, QSC_A_STATS_TX_FRAGMENTED, 1))
		return false;
	ends_rtp(&pkt, 2, len - 16);
	ends_send(e, 0, &pkt);
	return ends_gets(e, 1, &pkt) && ends_counted(e, 1, QSC_A_STATS_TX_FRAGMENTED, 1);
}

static const char *leg_net(const struct ends *e)
{
	return v6(e) ? "fd77::1/128" : "10.77.0.1/32";
}

static bool fragments_come_in(struct ends *e)
{
	struct packet pkt;

	/* of the route: a device would not take what comes back whole */
	if (net_sh(SIDE_B, "ip route add %s dev wb mtu lock 1280", leg_net(e)))
		ksft_exit_fail_msg("no route\n");
	ends_rtp(&pkt, 1, RTP_PAYLOAD_MAX);
	ends_send(e, 0, &pkt);
	net_sh(SIDE_B, "ip route del %s", leg_net(e));
	return ends_gets(e, 1, &pkt) && ends_heard(e, 2);
}

static const char *dst_of(const struct ends *e)
{
	return v6(e) ? "fd77::3/128" : "10.77.0.3/32";
}

static bool routes_are_heeded(struct ends *e)
{
	bool good = ends_heard(e, 1);

	net_sh(SIDE_A, "ip route add unreachable %s", dst_of(e));
	good = good && ends_unheard(e, 2) && ends_counted(e, 1, QSC_A_STATS_TX_DROP_NO_ROUTE, 1);
	net_sh(SIDE_A, "ip route del unreachable %s", dst_of(e));
	return good && ends_heard(e, 3);
}

static bool link_comes_back(struct ends *e)
{
	bool good = ends_heard(e, 1);

	net_sh(SIDE_B, "ip link set wb down");
	net_sh(SIDE_B, "ip link set wb up");
	/* which IPv6 addresses do not survive */
	net_sh(SIDE_B, "ip addr add fd77::2/64 dev wb nodad; ip addr add fd77::3/64 dev wb nodad");
	return good && ends_heard(e, 3);
}

/* A chain at @hook drops what @match says of @port. */
static bool chain_has_its_say(struct ends *e, const char *hook, const char *match, unsigned int port)
{
	bool good = ends_heard(e, 1);

	if (net_sh(SIDE_A, "nft -f - <<-END\n"
		   "add table inet t\n"
		   "add chain inet t c { type filter hook %s priority 0; }\n"
		   "add rule inet t c udp %s %u drop\n"
		   "END", hook, match, port))
		ksft_exit_fail_msg("nft does not work\n");
	good = good && ends_unheard(e, 2);
	net_sh(SIDE_A, "nft delete table inet t");
	return good && ends_heard(e, 3);
}

static bool firewall_has_its_say(struct ends *e)
{
	return chain_has_its_say(e, "input", "dport", end_leg_port(0));
}

static bool output_chain_sees_it(struct ends *e)
{
	return chain_has_its_say(e, "output", "sport", end_leg_port(1));
}

static bool connections_are_tracked(struct ends *e)
{
	bool good;

	if (net_sh(SIDE_A, "nft -f - <<-END\n"
		   "add table inet t\n"
		   "add chain inet t in { type filter hook input priority 0; policy drop; }\n"
		   "add rule inet t in meta l4proto ipv6-icmp accept\n"
		   "add rule inet t in udp dport %u accept\n"
		   "add rule inet t in ct state established accept\n"
		   "END", end_leg_port(0)))
		ksft_exit_fail_msg("nft does not work\n");
	/* the way back of leg 1 is open because leg 1 has sent */
	good = ends_heard(e, 1);
	if (good) {
		struct packet pkt;

		gen_rtp_plain(&pkt, ENDS_SSRC + 1, 1, "back", 4);
		ends_send(e, 1, &pkt);
		good = ends_gets(e, 0, &pkt);
	}
	net_sh(SIDE_A, "nft delete table inet t");
	return good;
}

static bool nothing_after_erasure(struct ends *e)
{
	bool good = ends_heard(e, 1);

	if (qsc_key_erase(e->sk, RELAY))
		ksft_exit_fail_msg("key erase: %s\n", qsc_last_error(e->sk)->text);
	return good && ends_unheard(e, 2) &&
	       ends_counted(e, 0, QSC_A_STATS_RX_DROP_ERASED, 1);
}

static bool rollover_is_carried(struct ends *e)
{
	uint32_t i;

	for (i = 65000; i < 65536 + 500; i += 7)
		if (!ends_heard(e, i))
			return false;
	return true;
}

struct quality {
	struct qsc_quality q;
	unsigned int n;
};

static int take_quality(const struct qsc_call *call, void *arg)
{
	struct quality *quality = arg;

	quality->n = call->legs[0].n_quality;
	if (quality->n)
		quality->q = call->legs[0].quality[0];
	return 0;
}

static bool quality_is_told(struct ends *e)
{
	static const uint16_t seqs[] = { 11, 10, 13, 12, 17, 18 };
	struct quality quality = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++)
		if (!ends_heard(e, seqs[i]))
			return false;
	if (qsc_call_stats(e->sk, RELAY, take_quality, &quality))
		ksft_exit_fail_msg("stats: %s\n", qsc_last_error(e->sk)->text);
	if (quality.n == 1 && quality.q.ssrc == ENDS_SSRC && quality.q.packets == 6 &&
	    quality.q.lost == 3 && quality.q.late == 2)
		return true;
	ksft_print_msg("%u streams, %llu packets, %llu lost, %u late\n", quality.n,
		       (unsigned long long)quality.q.packets,
		       (unsigned long long)quality.q.lost, quality.q.late);
	return false;
}

/* Nothing is refused for it: on a plain leg an SSRC is only looked at. */
static bool any_number_of_ssrcs_passes(struct ends *e)
{
	struct packet pkt;
	int i;

	for (i = 0; i < PLAIN_SSRCS; i++) {
		gen_rtp_plain(&pkt, ENDS_SSRC + i, 1, "one of many", 11);
		ends_send(e, 0, &pkt);
		if (!ends_gets(e, 1, &pkt))
			return false;
	}
	return true;
}

static const struct test {
	const char *name;
	bool (*run)(struct ends *e);
	uint32_t suites[ENDS];	/* 0: the default */
	uint8_t ttl;
	int dscp;
	int family;		/* 0: both */
} tests[] = {
	{ "STUN comes to the local socket, and goes", stun_comes_to_the_socket },
	{ "media of a local application stays", media_of_an_application_stays },
	{ "DSCP goes along, a hop goes", dscp_goes_along_and_a_hop_goes },
	{ "DSCP and TTL are as set", dscp_and_ttl_are_set, .ttl = 9, .dscp = 10 },
	{ "the last hop ends here", last_hop_ends_here },
	{ "a checksum goes along", checksum_goes_along, { QSC_SUITE_PLAIN, QSC_SUITE_PLAIN } },
	{ "no checksum goes along", no_checksum_goes_along,
	  { QSC_SUITE_PLAIN, QSC_SUITE_PLAIN }, .family = AF_INET },
	{ "a damaged packet is not encrypted", damaged_is_not_encrypted, { QSC_SUITE_PLAIN } },
	{ "the reverse path is filtered where it has to be", reverse_path_is_filtered,
	  { QSC_SUITE_PLAIN }, .family = AF_INET },
	{ "too big a packet is fragmented", too_big_is_fragmented, { QSC_SUITE_PLAIN } },
	{ "fragments come in", fragments_come_in },
	{ "routes are heeded", routes_are_heeded },
	{ "a link comes back", link_comes_back },
	{ "a firewall has its say", firewall_has_its_say },
	{ "the output chain sees it", output_chain_sees_it },
	{ "connections are tracked", connections_are_tracked },
	{ "nothing after erasure", nothing_after_erasure },
	{ "nothing after erasure, plain", nothing_after_erasure,
	  { QSC_SUITE_PLAIN, QSC_SUITE_PLAIN } },
	{ "the roll-over is carried", rollover_is_carried },
	{ "the roll-over is carried from plain", rollover_is_carried, { QSC_SUITE_PLAIN } },
	{ "quality is told", quality_is_told },
	{ "quality is told, plain", quality_is_told, { QSC_SUITE_PLAIN, QSC_SUITE_PLAIN } },
	{ "any number of SSRCs passes from plain to plain", any_number_of_ssrcs_passes,
	  { QSC_SUITE_PLAIN, QSC_SUITE_PLAIN } },
};

#define N_TESTS		(int)(sizeof(tests) / sizeof(tests[0]))

static bool is_for(const struct test *t, int family)
{
	return !t->family || t->family == family;
}

static void run(struct ends *e, const struct test *t, int family)
{
	const struct end_opts opts[ENDS] = {
		{ .family = family, .suite = t->suites[0] },
		{ .family = family, .suite = t->suites[1], .ttl = t->ttl, .dscp = t->dscp },
	};
	const char *ip = family == AF_INET ? "IPv4" : "IPv6";
	bool good;

	if (!is_for(t, family) || !ksft_wanted("%s %s", ip, t->name))
		return;
	ends_open(e, opts);
	good = t->run(e);
	ends_close(e);
	ksft_test_result(good, "%s %s\n", ip, t->name);
}

static int count(void)
{
	int i, n = 0;

	for (i = 0; i < N_TESTS; i++)
		n += (is_for(&tests[i], AF_INET) && ksft_wanted("IPv4 %s", tests[i].name)) +
		     (is_for(&tests[i], AF_INET6) && ksft_wanted("IPv6 %s", tests[i].name));
	return n;
}

int main(void)
{
	static struct ends e;
	int i;

	ends_start(&e);
	ksft_set_plan(count());
	for (i = 0; i < N_TESTS; i++) {
		run(&e, &tests[i], AF_INET);
		run(&e, &tests[i], AF_INET6);
	}
	ksft_finished();
}
