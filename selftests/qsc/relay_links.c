// SPDX-License-Identifier: GPL-2.0
/*
 * Relay calls over bridges, VLANs and neighbours that do not answer; a call that is
 * made once more in the middle of a conversation; DTLS beside media.
 */
#include <unistd.h>

#include "../lib/ksft.h"
#include "ends.h"

static const uint8_t dtls[32] = { 22, 254, 253 };

static void must(enum side side, const char *command)
{
	if (net_sh(side, "%s", command))
		ksft_exit_fail_msg("failed: %s\n", command);
}

/* The addresses of a side move from one device to another. */
static void move(enum side side, const char *from, const char *to)
{
	int host, first = side == SIDE_A ? 1 : 2, other = side == SIDE_A ? 4 : 3;
	int hosts[] = { first, other };
	unsigned int i;

	if (net_sh(side, "ip addr flush dev %s scope global && ip link set %s up", from, to))
		ksft_exit_fail_msg("no addresses\n");
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		host = hosts[i];
		if (net_sh(side, "ip addr add 10.77.0.%d/24 dev %s &&"
			   " ip addr add fd77::%x/64 dev %s nodad", host, to, host, to))
			ksft_exit_fail_msg("no address\n");
	}
}

static void make_bridge(void)
{
	must(SIDE_A, "ip link add br0 type bridge && ip link set wa master br0");
	move(SIDE_A, "wa", "br0");
}

static void remove_bridge(void)
{
	move(SIDE_A, "br0", "wa");
	must(SIDE_A, "ip link del br0");
}

static void make_vlan(void)
{
	must(SIDE_A, "ip link add link wa name va type vlan id 7");
	must(SIDE_B, "ip link add link wb name vb type vlan id 7");
	move(SIDE_A, "wa", "va");
	move(SIDE_B, "wb", "vb");
}

static void remove_vlan(void)
{
	move(SIDE_A, "va", "wa");
	move(SIDE_B, "vb", "wb");
	must(SIDE_A, "ip link del va");
	must(SIDE_B, "ip link del vb");
}

/* Whom ARP or neighbour discovery does not find it gives up soon. */
static void be_impatient(void)
{
	must(SIDE_A, "for ip in ipv4 ipv6; do sysctl -qw net.$ip.neigh.wa.retrans_time_ms=20"
	     " net.$ip.neigh.wa.mcast_solicit=1 net.$ip.neigh.wa.ucast_solicit=1; done");
}

static bool both_hear(struct ends *e)
{
	struct packet pkt;
	bool good;

	good = ends_heard(e, 1) && ends_heard(e, 2);
	gen_rtp_plain(&pkt, ENDS_SSRC + 1, 1, "back", 4);
	ends_send(e, 1, &pkt);
	good = good && ends_gets(e, 0, &pkt);
	gen_rtcp(&pkt, &e->rng, ENDS_SSRC);
	ends_send(e, 0, &pkt);
	return good && ends_gets(e, 1, &pkt) && ends_quiet(e);
}

/* A packet waits for the answer, for a while. What comes in goes on coming in. */
static bool neighbour_comes_back(struct ends *e)
{
	const bool v6 = e->end[0].opts.family == AF_INET6;
	const char *ip = v6 ? "fd77::3/64" : "10.77.0.3/24";
	bool good = ends_heard(e, 1);

	net_sh(SIDE_B, "ip addr del %s dev wb", ip);
	net_sh(SIDE_A, "ip neigh flush dev wa");
	good = good && ends_unheard(e, 2) && ends_unheard(e, 3);
	usleep(300000);
	good = good && ends_quiet(e) && ends_counted(e, 0, QSC_A_STATS_RX_RTP, 3) &&
	       ends_counted(e, 1, QSC_A_STATS_TX_RTP, 3);
	net_sh(SIDE_B, "ip addr add %s dev wb %s", ip, v6 ? "nodad" : "");
	net_sh(SIDE_A, "ip neigh flush dev wa");
	return good && ends_heard(e, 4);
}

static bool goes_on_when_made_again(struct ends *e)
{
	uint32_t i;

	for (i = 65000; i < 65536 + 500; i += 50)
		if (!ends_heard(e, i))
			return false;
	ends_remake(e, 1);
	for (; i < 65536 + 1000; i += 50)
		if (!ends_heard(e, i))
			return false;
	return true;
}

static int local_socket(struct ends *e)
{
	return net_udp(SIDE_A, e->end[0].opts.family, end_leg_host(0), end_leg_port(0));
}

/* The handset sends a record: does the application on the leg's port get it? */
static bool gets_dtls(struct ends *e)
{
	int fd = local_socket(e);
	uint8_t buf[64];
	bool gets;

	send(e->end[0].fd, dtls, sizeof(dtls), 0);
	gets = net_readable(fd, 100) && recv(fd, buf, sizeof(buf), 0) == sizeof(dtls);
	close(fd);
	return gets && ends_quiet(e);
}

static bool dtls_comes_to_the_socket(struct ends *e)
{
	return gets_dtls(e) && ends_counted(e, 0, QSC_A_STATS_RX_PASSED, 1) && ends_heard(e, 1);
}

static bool dtls_needs_the_flag(struct ends *e)
{
	return !gets_dtls(e) && ends_counted(e, 0, QSC_A_STATS_RX_DROP_NOT_RTP, 1) &&
	       ends_heard(e, 1);
}

static const struct test {
	const char *name;
	bool (*run)(struct ends *e);
	void (*before)(void);
	void (*after)(void);
	uint32_t call_flags;
	uint32_t suites[ENDS]; /* 0: the default */
} tests[] = {
	{ "over a bridge", both_hear, make_bridge, remove_bridge },
	{ "over a VLAN", both_hear, make_vlan, remove_vlan },
	{ "a neighbour that is gone comes back", neighbour_comes_back, be_impatient },
	{ "a call that is made again goes on", goes_on_when_made_again },
	{ "a call with a plain leg that is made again goes on", goes_on_when_made_again,
	  .suites = { QSC_SUITE_PLAIN } },
	{ "DTLS comes to the local socket", dtls_comes_to_the_socket,
	  .call_flags = QSC_CALL_FLAGS_DTLS },
	{ "DTLS needs the flag", dtls_needs_the_flag },
};

#define N_TESTS		(int)(sizeof(tests) / sizeof(tests[0]))

static void run(struct ends *e, const struct test *t, int family)
{
	const struct end_opts opts[ENDS] = {
		{ .family = family, .suite = t->suites[0], .call_flags = t->call_flags },
		{ .family = family, .suite = t->suites[1] },
	};
	bool good;

	if (t->before)
		t->before();
	ends_open(e, opts);
	good = t->run(e);
	ends_close(e);
	if (t->after)
		t->after();
	ksft_test_result(good, "IPv%d %s\n", family == AF_INET ? 4 : 6, t->name);
}

int main(void)
{
	static struct ends e;
	int i;

	ends_start(&e);
	ksft_set_plan(2 * N_TESTS);
	for (i = 0; i < N_TESTS; i++) {
		run(&e, &tests[i], AF_INET);
		run(&e, &tests[i], AF_INET6);
	}
	ksft_finished();
}
