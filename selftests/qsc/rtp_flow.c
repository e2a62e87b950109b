// SPDX-License-Identifier: GPL-2.0
/*
 * Plain RTP between two applications that know nothing of the module, for the
 * shell tests.
 *
 *   rtp_flow [-c N] [-i US] [-s SSRC] [-w MS] [-n] NETNS LOCAL:PORT REMOTE:PORT ...
 *
 * Each three words are one application: its network namespace, its address,
 * and where it believes the other one to be. Each sends N packets (-c; 0: until
 * SIGTERM) with a marker and their number, each US microseconds (-i) after the
 * one before, and receives, up to MS milliseconds (-w) after the last. However
 * slow the machine is, that time is left to others. Prints what each got;
 * fails if one got a bad packet, or another number than was sent, unless -n,
 * which also waits for nothing after SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MARKER		"QSC-CLEAR-MARKER"
#define MARKER_LEN	16
#define RTP_HDR_LEN	12
#define PACKET_LEN	(RTP_HDR_LEN + MARKER_LEN + 4)
#define BUFFER_BYTES	(8 << 20)
#define ENDS_MAX	8

struct end {
	const char *ns;
	int fd;
	unsigned long received, bad;
};

static struct end ends[ENDS_MAX];
static int n_ends;
static unsigned long count = 100, interval_us = 1000, wait_ms = 3000;
static uint32_t ssrc = 0x51534301;
static bool no_matter;
static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

__attribute__((noreturn))
static void usage(void)
{
	fprintf(stderr, "usage: rtp_flow [-c N] [-i US] [-s SSRC] [-w MS] [-n] NETNS LOCAL:PORT REMOTE:PORT ...\n");
	exit(2);
}

__attribute__((noreturn))
static void fail(const char *what)
{
	fprintf(stderr, "rtp_flow: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* "192.0.2.1:5004" or "[2001:db8::1]:5004" */
static struct addrinfo *parse(char *text)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST };
	char *port = strrchr(text, ':');
	struct addrinfo *ai;
	char *host = text;

	if (!port)
		usage();
	*port++ = 0;
	if (*host == '[') {
		host++;
		host[strcspn(host, "]")] = 0;
	}
	if (getaddrinfo(host, port, &hints, &ai))
		usage();
	return ai;
}

static void enter(const char *ns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(path);
	close(fd);
}

static void open_end(struct end *e, char *ns, char *from, char *to)
{
	struct addrinfo *local = parse(from), *remote = parse(to);
	int bytes = BUFFER_BYTES;

	enter(ns);
	e->ns = ns;
	e->fd = socket(local->ai_family, SOCK_DGRAM, 0);
	if (e->fd < 0 || bind(e->fd, local->ai_addr, local->ai_addrlen))
		fail(from);
	if (connect(e->fd, remote->ai_addr, remote->ai_addrlen))
		fail(to);
	setsockopt(e->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static void send_one(struct end *e, unsigned long i)
{
	uint32_t number = htonl(i), id = htonl(ssrc);
	uint8_t p[PACKET_LEN] = { 0x80 };
	uint16_t seq = htons(i);

	memcpy(p + 2, &seq, 2);
	memcpy(p + 8, &id, 4);
	memcpy(p + RTP_HDR_LEN, MARKER, MARKER_LEN);
	memcpy(p + RTP_HDR_LEN + MARKER_LEN, &number, 4);
	/* what ICMP said of an earlier packet stops no real application either */
	if (send(e->fd, p, sizeof(p), 0) < 0)
		send(e->fd, p, sizeof(p), 0);
}

static void receive(struct end *e)
{
	uint8_t p[2048];
	ssize_t len;

	while ((len = recv(e->fd, p, sizeof(p), MSG_DONTWAIT)) >= 0) {
		e->received++;
		if (len != PACKET_LEN || p[0] != 0x80 ||
		    memcmp(p + RTP_HDR_LEN, MARKER, MARKER_LEN))
			e->bad++;
	}
}

static bool all_received(void)
{
	int i;

	for (i = 0; i < n_ends; i++)
		if (ends[i].received < count)
			return false;
	return true;
}

static void receive_until(uint64_t until, bool may_end)
{
	struct pollfd p[ENDS_MAX];
	uint64_t now;
	int i;

	for (i = 0; i < n_ends; i++)
		p[i] = (struct pollfd){ .fd = ends[i].fd, .events = POLLIN };
	for (now = now_us(); now < until; now = now_us()) {
		struct timespec left = { (until - now) / 1000000, (until - now) % 1000000 * 1000 };

		if (may_end && all_received())
			return;
		if (ppoll(p, n_ends, &left, NULL) < 0)
			return;
		for (i = 0; i < n_ends; i++)
			receive(&ends[i]);
	}
}

static unsigned long received(void)
{
	unsigned long n = 0;
	int i;

	for (i = 0; i < n_ends; i++)
		n += ends[i].received;
	return n;
}

/*
 * The first packet of each end goes alone: where two meet that are the first
 * of one connection, connection tracking on their way drops one.
 */
static void send_first(void)
{
	unsigned long before;
	uint64_t until;
	int i;

	for (i = 0; i < n_ends; i++) {
		before = received();
		until = now_us() + wait_ms * 1000;
		send_one(&ends[i], 0);
		while (!no_matter && !stopped && received() == before && now_us() < until)
			receive_until(now_us() + 1000, false);
	}
}

static unsigned long number_arg(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || !*text)
		usage();
	return n;
}

static void options(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "c:i:s:w:n")) != -1) {
		if (opt == 'c')
			count = number_arg(optarg);
		else if (opt == 'i')
			interval_us = number_arg(optarg);
		else if (opt == 's')
			ssrc = number_arg(optarg);
		else if (opt == 'w')
			wait_ms = number_arg(optarg);
		else if (opt == 'n')
			no_matter = true;
		else
			usage();
	}
	if (optind == argc || (argc - optind) % 3 || (argc - optind) / 3 > ENDS_MAX)
		usage();
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_signal };
	bool good = true;
	unsigned long n;
	int i;

	options(argc, argv);
	for (; optind < argc; optind += 3)
		open_end(&ends[n_ends++], argv[optind], argv[optind + 1], argv[optind + 2]);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);

	for (n = 0; !stopped && (!count || n < count); n++) {
		if (!n)
			send_first();
		for (i = 0; n && i < n_ends; i++)
			send_one(&ends[i], n);
		receive_until(now_us() + interval_us, false);
	}
	count = n;
	if (!stopped || !no_matter)
		receive_until(now_us() + wait_ms * 1000, true);
	for (i = 0; i < n_ends; i++) {
		printf("%s: sent %lu, received %lu, bad %lu\n", ends[i].ns, n, ends[i].received,
		       ends[i].bad);
		if (ends[i].bad || (!no_matter && ends[i].received != n))
			good = false;
	}
	return !good;
}
