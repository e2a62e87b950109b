// SPDX-License-Identifier: GPL-2.0
/*
 * All the ways in which packets reach the module: whatever way an application
 * sends, the wire carries SRTP that libsrtp understands, and memory and files
 * that were sent from stay as they were; whatever way SRTP comes, the
 * application gets what libsrtp protected.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "paths.h"

#define TIMEOUT_MS 2000

void path_packets(struct packet *pkt, int n, uint16_t seq, int len)
{
	static char payload[RTP_PAYLOAD_MAX];
	int i;

	for (i = 0; i + MARKER_LEN <= RTP_PAYLOAD_MAX; i += MARKER_LEN)
		memcpy(payload + i, MARKER, MARKER_LEN);
	for (i = 0; i < n; i++)
		gen_rtp_plain(&pkt[i], SSRC, seq + i, payload, len - RTP_HDR_LEN);
}

static bool same(const struct packet *want, const void *got, int len, int i)
{
	if (len == want->len && !memcmp(want->data, got, len))
		return true;
	ksft_print_msg("packet %d: %d bytes that are not the %d sent\n", i, len, want->len);
	return false;
}

bool path_peer_gets(struct fix *f, const struct packet *pkt, int n)
{
	struct packet got = {};
	int i;

	for (i = 0; i < n; i++) {
		if (!net_readable(f->peer, TIMEOUT_MS)) {
			ksft_print_msg("the peer got %d of %d packets\n", i, n);
			return false;
		}
		got.len = recv(f->peer, got.data, RTP_WIRE_MAX, 0);
		if (got.len < 0 || ref_unprotect(f->receiver, &f->tx, &got)) {
			ksft_print_msg("packet %d: libsrtp refuses it\n", i);
			return false;
		}
		if (!same(&pkt[i], got.data, got.len, i))
			return false;
	}
	usleep(5000);
	if (!net_stray(f->peer))
		return true;
	ksft_print_msg("the peer got more than %d packets\n", n);
	return false;
}

bool path_app_gets(struct fix *f, const struct packet *pkt, int n)
{
	char buf[4096];
	ssize_t len;
	int i;

	for (i = 0; i < n; i++) {
		if (!net_readable(f->app, TIMEOUT_MS)) {
			ksft_print_msg("the application got %d of %d packets\n", i, n);
			return false;
		}
		len = recv(f->app, buf, sizeof(buf), 0);
		if (!same(&pkt[i], buf, len, i))
			return false;
	}
	usleep(5000);
	if (!net_stray(f->app))
		return true;
	ksft_print_msg("the application got more than %d packets\n", n);
	return false;
}

void path_protect(struct fix *f, struct packet *wire, const struct packet *pkt, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		wire[i] = pkt[i];
		if (ref_protect(f->sender, &f->rx, 0, &wire[i]))
			ksft_exit_fail_msg("libsrtp refused to protect\n");
	}
}

bool path_wire_clean(struct fix *f)
{
	bool clear;

	fix_frames(f, &clear);
	if (clear)
		ksft_print_msg("the wire carried a packet in clear\n");
	return !clear;
}

enum path_result path_errno(const char *what)
{
	ksft_print_msg("%s: %s\n", what, strerror(errno));
	return PATH_FAIL;
}

static const char *version(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static void run(const struct path_case *c, int family)
{
	static const struct fix_opts opts;
	const char *ip = version(family);
	enum path_result result;
	static struct fix f;

	fix_open(&f, family, &opts);
	result = c->run(&f);
	if (!path_wire_clean(&f))
		result = PATH_FAIL;
	fix_close(&f);
	if (result == PATH_SKIP)
		ksft_test_result_skip("%s %s # SKIP this kernel does not do it\n", ip, c->name);
	else
		ksft_test_result(result == PATH_PASS, "%s %s\n", ip, c->name);
}

static int each(const struct path_case *c, int n, bool count_only)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int total = 0;
	int i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < 2; j++) {
			if (c[i].only_family && c[i].only_family != families[j])
				continue;
			if (!ksft_wanted("%s %s", version(families[j]), c[i].name))
				continue;
			total++;
			if (!count_only)
				run(&c[i], families[j]);
		}
	}
	return total;
}

int main(void)
{
	ksft_print_header();
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	net_pin();
	net_up();
	qsc_close(dut_open(SIDE_A));
	ksft_set_plan(each(path_tx_cases, path_tx_count, true) +
		      each(path_rx_cases, path_rx_count, true) +
		      each(path_misc_cases, path_misc_count, true));
	each(path_tx_cases, path_tx_count, false);
	each(path_rx_cases, path_rx_count, false);
	each(path_misc_cases, path_misc_count, false);
	ksft_finished();
}
