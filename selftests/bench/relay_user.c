// SPDX-License-Identifier: GPL-2.0
/*
 * A relay in user space with no more than it takes: packets of one call in one
 * direction, as many as there are at a time.
 *
 *   relay_user [--in SUITE KEY] [--out SUITE KEY] ADDR:PORT ADDR:PORT ADDR:PORT
 *
 * From the first address through the second one to the third. With --in it
 * unprotects, with --out it protects; keys and salts are in hex. Says "ready" once
 * it would miss nothing. bench/peers has the libsrtp2 it is linked to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <srtp2/srtp.h>

#define BATCH		64
#define PACKET_MAX	2048

struct relay {
	int in, out;
	srtp_t unprotect, protect;	/* NULL if plain */
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	uint8_t data[BATCH][PACKET_MAX];
};

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "relay_user: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static struct sockaddr_in parse_addr(char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	char *colon = text ? strchr(text, ':') : NULL;

	if (!colon)
		die("three times ADDR:PORT are needed");
	*colon = '\0';
	a.sin_port = htons(atoi(colon + 1));
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		die("%s is not an address", text);
	return a;
}

static int udp(struct sockaddr_in at)
{
	static const int size = 1 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

static const struct suite {
	const char *name;
	size_t key_len;		/* with the salt */
	void (*policy)(srtp_crypto_policy_t *policy);
} suites[] = {
	{ "AEAD_AES_256_GCM", 44, srtp_crypto_policy_set_aes_gcm_256_16_auth },
	{ "AEAD_AES_128_GCM", 28, srtp_crypto_policy_set_aes_gcm_128_16_auth },
	{ "AES_CM_128_HMAC_SHA1_80", 30, srtp_crypto_policy_set_rtp_default },
};

static const struct suite *find_suite(const char *name)
{
	size_t i;

	for (i = 0; name && i < sizeof(suites) / sizeof(*suites); i++) {
		if (!strcmp(suites[i].name, name))
			return &suites[i];
	}
	die("%s is not a suite", name ? name : "nothing");
}

static srtp_t open_srtp(const char *name, const char *hex, srtp_ssrc_type_t type)
{
	const struct suite *suite = find_suite(name);
	srtp_policy_t policy = { .ssrc.type = type };
	uint8_t key[SRTP_MAX_KEY_LEN];
	srtp_t srtp;
	size_t i;

	if (!hex || strlen(hex) != 2 * suite->key_len)
		die("a key of %s has %zu bytes", name, suite->key_len);
	for (i = 0; i < suite->key_len; i++) {
		if (sscanf(hex + 2 * i, "%2hhx", &key[i]) != 1)
			die("%s is not hex", hex);
	}
	suite->policy(&policy.rtp);
	suite->policy(&policy.rtcp);
	policy.key = key;
	policy.window_size = 128;
	if (srtp_create(&srtp, &policy))
		die("srtp_create: no %s", name);
	return srtp;
}

/* Packets that libsrtp refuses are not sent. */
static int work(struct relay *r, int received)
{
	int i, n = 0;

	for (i = 0; i < received; i++) {
		int len = r->msg[i].msg_len;
		void *data = r->data[i];

		if (r->unprotect && srtp_unprotect(r->unprotect, data, &len))
			continue;
		if (r->protect && srtp_protect(r->protect, data, &len))
			continue;
		r->iov[n++] = (struct iovec){ data, len };
	}
	return n;
}

static void relay(struct relay *r)
{
	int i, n, sent;

	for (;;) {
		for (i = 0; i < BATCH; i++)
			r->iov[i] = (struct iovec){ r->data[i], sizeof(r->data[i]) };
		n = recvmmsg(r->in, r->msg, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0)
			die("receive: %s", strerror(errno));
		n = work(r, n);
		for (i = 0; i < n; i += sent) {
			sent = sendmmsg(r->out, r->msg + i, n - i, 0);
			if (sent < 0)
				die("send: %s", strerror(errno));
		}
	}
}

int main(int argc, char **argv)
{
	struct relay *r = calloc(1, sizeof(*r));
	struct sockaddr_in to;
	int i;

	if (!r || srtp_init())
		die("no memory, or no libsrtp");
	for (argv++; argc > 3 && *argv && !strncmp(*argv, "--", 2); argv += 3) {
		if (!strcmp(*argv, "--in"))
			r->unprotect = open_srtp(argv[1], argv[2], ssrc_any_inbound);
		else if (!strcmp(*argv, "--out"))
			r->protect = open_srtp(argv[1], argv[2], ssrc_any_outbound);
		else
			die("unknown: %s", *argv);
	}
	r->in = udp(parse_addr(argv[0]));
	r->out = udp(parse_addr(argv[1]));
	to = parse_addr(argv[2]);
	if (connect(r->out, (struct sockaddr *)&to, sizeof(to)))
		die("connect: %s", strerror(errno));
	for (i = 0; i < BATCH; i++) {
		r->msg[i].msg_hdr.msg_iov = &r->iov[i];
		r->msg[i].msg_hdr.msg_iovlen = 1;
	}
	mlockall(MCL_CURRENT);
	printf("ready\n");
	fflush(stdout);
	relay(r);
}
