// SPDX-License-Identifier: GPL-2.0
/*
 * Sends packets through whatever relays them, receives them, and says what a
 * packet took from one send() to the end of its recv():
 *
 *   relay_pump --from NETNS ADDR:PORT --via ADDR:PORT --to NETNS ADDR:PORT
 *	[--in SUITE] [--out SUITE] [--key-out HEX]
 *	[--burst N] [--count N] [--payload N]
 *
 * From the namespaces of the sender and of the receiver; sent to VIA. With --in
 * the packets are protected before, with --out unprotected afterwards, by libsrtp,
 * with the master keys that --print-key prints for "in" and "out", or with that of
 * --key-out. Every packet has to come as it was sent, once and in order. Prints
 * one number: nanoseconds a packet, which under QEMU's -icount is the instructions
 * of the machine.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/qsc.h>
#include <qsc/qsc.h>

#include "../lib/ksft.h"
#include "srtp_ref.h"

#define SSRC		0x51534301
#define BURST_MAX	64
#define PACKET_MAX	512
#define KEY_IN		0x11	/* the first byte of a key; the others count up */
#define KEY_OUT		0x91
#define RECEIVE_S	5

struct pump {
	const char *from, *to;	/* namespaces */
	struct sockaddr_in source, via, sink;
	int in, out;		/* enum qsc_suite, 0 for plain */
	const char *key_out;	/* in hex, or NULL */
	int burst, count, payload;
	int tx, rx;		/* sockets */
	struct mmsghdr *send, *recv;
};

#define die(...) ksft_exit_fail_msg(__VA_ARGS__)

static int number(const char *text)
{
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 10);
	if (end == text || *end || n > INT_MAX)
		die("%s is not a number\n", text);
	return n;
}

static void parse_addr(const char *text, struct sockaddr_in *a)
{
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN];

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		die("%s is not ADDR:PORT\n", text);
	memcpy(host, text, colon - text);
	host[colon - text] = '\0';
	a->sin_family = AF_INET;
	a->sin_port = htons(number(colon + 1));
	if (inet_pton(AF_INET, host, &a->sin_addr) != 1)
		die("%s is not an address\n", host);
}

static int parse_suite(const char *text)
{
	int suite = qsc_suite_by_name(text);

	if (!suite)
		die("%s is not a suite\n", text);
	return suite == QSC_SUITE_PLAIN ? 0 : suite;
}

static void fixed_key(struct srtp_keys *keys, int suite, uint8_t first)
{
	unsigned int key_len, salt_len, i;
	struct srtp_master *m = &keys->gen[0];

	memset(keys, 0, sizeof(*keys));
	qsc_suite_lengths(suite, &key_len, &salt_len);
	keys->gens = 1;
	keys->window = QSC_WINDOW_DEFAULT;
	m->suite = suite;
	m->key_len = key_len;
	m->salt_len = salt_len;
	for (i = 0; i < key_len; i++)
		m->key[i] = first + i;
	for (i = 0; i < salt_len; i++)
		m->salt[i] = first + key_len + i;
}

/* What --print-key would print. */
static void parse_key(struct srtp_keys *keys, const char *hex)
{
	struct srtp_master *m = &keys->gen[0];
	uint8_t both[KEY_MAX + SALT_MAX];
	char digits[3] = "", *end;
	int i, len = m->key_len + m->salt_len;

	if ((int)strlen(hex) != 2 * len)
		die("%s is not %d bytes in hex\n", hex, len);
	for (i = 0; i < len; i++) {
		memcpy(digits, hex + 2 * i, 2);
		both[i] = strtoul(digits, &end, 16);
		if (end != digits + 2)
			die("%s is not hex\n", hex);
	}
	memcpy(m->key, both, m->key_len);
	memcpy(m->salt, both + m->key_len, m->salt_len);
}

/* Key and salt in hex. */
static void print_key(const char *which, int suite)
{
	struct srtp_keys keys;
	int i;

	fixed_key(&keys, suite, strcmp(which, "in") ? KEY_OUT : KEY_IN);
	for (i = 0; i < keys.gen[0].key_len; i++)
		printf("%02x", keys.gen[0].key[i]);
	for (i = 0; i < keys.gen[0].salt_len; i++)
		printf("%02x", keys.gen[0].salt[i]);
	printf("\n");
}

static int udp_in(const char *netns, const struct sockaddr_in *at)
{
	static const int size = 1 << 24;
	struct timeval limit = { .tv_sec = RECEIVE_S };
	char path[128];
	int fd, ns;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	ns = open(path, O_RDONLY);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die("netns %s: %s\n", netns, strerror(errno));
	close(ns);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)at, sizeof(*at)))
		die("socket in %s: %s\n", netns, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

/* What is sent in packet @i, before it is protected. */
static void plain(const struct pump *p, int i, struct packet *pkt)
{
	uint8_t payload[PACKET_MAX];
	int n;

	for (n = 0; n < p->payload; n++)
		payload[n] = i + 7 * n;
	gen_rtp_plain(pkt, SSRC, i + 1, payload, p->payload);
}

static struct mmsghdr *buffers(int n)
{
	struct mmsghdr *msg = calloc(n, sizeof(*msg) + sizeof(struct iovec) + PACKET_MAX);
	struct iovec *iov;
	uint8_t *data;
	int i;

	if (!msg)
		die("out of memory\n");
	iov = (struct iovec *)(msg + n);
	data = (uint8_t *)(iov + n);
	for (i = 0; i < n; i++) {
		iov[i] = (struct iovec){ data + (size_t)i * PACKET_MAX, PACKET_MAX };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	/* No page of it is to be touched for the first time later on. */
	memset(data, 1, (size_t)n * PACKET_MAX);
	return msg;
}

static void prepare(struct pump *p)
{
	struct srtp_keys keys;
	static struct packet pkt;
	srtp_t srtp = NULL;
	int i;

	p->send = buffers(p->count);
	p->recv = buffers(p->count);
	if (p->in) {
		fixed_key(&keys, p->in, KEY_IN);
		srtp = ref_open(&keys, true);
	}
	for (i = 0; i < p->count; i++) {
		plain(p, i, &pkt);
		if (p->in && ref_protect(srtp, &keys, 0, &pkt))
			die("libsrtp refused to protect\n");
		memcpy(p->send[i].msg_hdr.msg_iov->iov_base, pkt.data, pkt.len);
		p->send[i].msg_hdr.msg_iov->iov_len = pkt.len;
	}
	if (connect(p->tx, (struct sockaddr *)&p->via, sizeof(p->via)))
		die("connect: %s\n", strerror(errno));
}

/*
 * There is one processor. No relay in user space is to run before all of a burst
 * is sent, nor the receiver before all of it is relayed: either would turn bursts
 * into single packets.
 */
static void before_others(bool yes)
{
	struct sched_param param = { .sched_priority = yes };

	if (sched_setscheduler(0, yes ? SCHED_FIFO : SCHED_IDLE, &param))
		die("scheduler: %s\n", strerror(errno));
}

static void exchange(struct pump *p, int at, int n)
{
	int done, got;

	before_others(true);
	for (done = 0; done < n; done += got) {
		got = sendmmsg(p->tx, p->send + at + done, n - done, 0);
		if (got < 0)
			die("packet %d: send: %s\n", at + done, strerror(errno));
	}
	before_others(false);
	for (done = 0; done < n; done += got) {
		got = recvmmsg(p->rx, p->recv + at + done, n - done, MSG_WAITFORONE, NULL);
		if (got < 0)
			die("packet %d: receive: %s\n", at + done, strerror(errno));
	}
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void verify(struct pump *p)
{
	static struct packet want, got;
	struct srtp_keys keys;
	srtp_t srtp = NULL;
	int i;

	if (p->out) {
		fixed_key(&keys, p->out, KEY_OUT);
		if (p->key_out)
			parse_key(&keys, p->key_out);
		srtp = ref_open(&keys, false);
	}
	for (i = 0; i < p->count; i++) {
		got.len = p->recv[i].msg_len;
		memcpy(got.data, p->recv[i].msg_hdr.msg_iov->iov_base, got.len);
		if (p->out && ref_unprotect(srtp, &keys, &got))
			die("packet %d: libsrtp refuses it\n", i);
		plain(p, i, &want);
		if (got.len != want.len || memcmp(got.data, want.data, want.len))
			die("packet %d: is not what was sent\n", i);
	}
}

/* The first third finds every cache and table cold. */
static void run(struct pump *p)
{
	int warm = p->count / 3 / p->burst * p->burst;
	uint64_t begin;
	int i;

	for (i = 0; i < warm; i += p->burst)
		exchange(p, i, p->burst);
	begin = now();
	for (; i < p->count; i += p->burst)
		exchange(p, i, p->burst);
	begin = now() - begin;
	verify(p);
	printf("%llu\n", (unsigned long long)begin / (p->count - warm));
}

static const char *next_word(char ***argv)
{
	const char *word = *++*argv;

	if (!word)
		die("a value is missing\n");
	return word;
}

int main(int argc, char **argv)
{
	static struct pump p = { .burst = 1, .count = 1536, .payload = 160 };
	const char *key = NULL, *word;

	(void)argc;
	while (*++argv) {
		word = *argv;
		if (!strcmp(word, "--from")) {
			p.from = next_word(&argv);
			parse_addr(next_word(&argv), &p.source);
		} else if (!strcmp(word, "--to")) {
			p.to = next_word(&argv);
			parse_addr(next_word(&argv), &p.sink);
		} else if (!strcmp(word, "--via")) {
			parse_addr(next_word(&argv), &p.via);
		} else if (!strcmp(word, "--in")) {
			p.in = parse_suite(next_word(&argv));
		} else if (!strcmp(word, "--out")) {
			p.out = parse_suite(next_word(&argv));
		} else if (!strcmp(word, "--key-out")) {
			p.key_out = next_word(&argv);
		} else if (!strcmp(word, "--burst")) {
			p.burst = number(next_word(&argv));
		} else if (!strcmp(word, "--count")) {
			p.count = number(next_word(&argv));
		} else if (!strcmp(word, "--payload")) {
			p.payload = number(next_word(&argv));
		} else if (!strcmp(word, "--print-key")) {
			key = next_word(&argv);
		} else {
			die("unknown: %s\n", word);
		}
	}
	if (key) {
		print_key(key, p.in ? p.in : p.out);
		return 0;
	}
	if (!p.from || !p.to || p.burst < 1 || p.burst > BURST_MAX || p.count < 3 * p.burst ||
	    p.count % p.burst || p.payload > PACKET_MAX - 64)
		die("--from, --to and --via are needed; --count is a multiple of --burst\n");
	if (srtp_init())
		die("srtp_init failed\n");
	p.tx = udp_in(p.from, &p.source);
	p.rx = udp_in(p.to, &p.sink);
	prepare(&p);
	run(&p);
	return 0;
}
