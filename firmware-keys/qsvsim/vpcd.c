// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * vpcd, the virtual reader of pcscd: the card connects to it. A message is a
 * length of two bytes and a body; a body of one byte is about power.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "keys_internal.h"
#include "qsvsim.h"

/*
 * Direct convention, T=1. Historical bytes: card capabilities, of which it has
 * extended lengths, and the name of the issuer's data: "QSC1".
 */
const uint8_t qsvsim_atr[] = { 0x3b, 0x8a, 0x01, 0x80, 0x73, 0x00, 0x00,
			       0x40, 0x54, 0x51, 0x53, 0x43, 0x31, 0x1c };
const size_t qsvsim_atr_len = sizeof(qsvsim_atr);

enum {
	POWER_OFF = 0,
	POWER_ON = 1,
	POWER_RESET = 2,
	POWER_ATR = 4,
};

#define RETRY_MS 100

/* What came of waiting for pcscd. */
enum outcome {
	GOT_IT,
	HUNG_UP,
	STOPPED,
};

/* Signals come in here and nowhere else: none is lost between look and sleep. */
static enum outcome wait_for(const struct vpcd *vpcd, int fd, int timeout_ms)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	for (;;) {
		if (*vpcd->stop)
			return STOPPED;
		if (ppoll(&pfd, 1, timeout_ms < 0 ? NULL : &timeout, &vpcd->unblocked) >= 0)
			return GOT_IT;
		if (errno != EINTR)
			return HUNG_UP;
	}
}

static enum outcome receive(const struct vpcd *vpcd, int fd, uint8_t *out, size_t len)
{
	const int on = 1;

	while (len) {
		enum outcome outcome = wait_for(vpcd, fd, -1);
		ssize_t n;

		if (outcome != GOT_IT)
			return outcome;
		n = recv(fd, out, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return HUNG_UP;
		/*
		 * vpcd sends length and body in two segments; Nagle holds the
		 * second back until the first is acknowledged. The kernel
		 * forgets this option, so it is set every time.
		 */
		setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
		out += n;
		len -= (size_t)n;
	}
	return GOT_IT;
}

/* Length and body in one segment. */
static bool send_body(int fd, const uint8_t *body, size_t len)
{
	uint8_t message[2 + APDU_MAX], *p = message;
	bool ok = true;

	put_bytes(put_be16(p, (uint16_t)len), body, len);
	for (size_t left = len + 2; left && ok;) {
		ssize_t n = send(fd, p, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		ok = n > 0;
		if (ok) {
			p += n;
			left -= (size_t)n;
		}
	}
	OPENSSL_cleanse(message, len + 2);
	return ok;
}

static bool answer_control(int fd, struct applet *applet, uint8_t what)
{
	switch (what) {
	case POWER_ATR:
		return send_body(fd, qsvsim_atr, qsvsim_atr_len);
	case POWER_OFF:
	case POWER_ON:
	case POWER_RESET:
		applet_reset(applet);
		return true;
	default:
		return true;
	}
}

static bool answer(int fd, struct applet *applet, uint8_t *body, size_t len)
{
	bool ok;

	if (!len)
		return true;
	if (len == 1)
		return answer_control(fd, applet, body[0]);
	applet_process(applet, body, len);
	OPENSSL_cleanse(body, len); /* a PIN */
	if (applet->drawn)
		qsc_card_step(applet->card, QSC_STEP_ANSWER);
	ok = send_body(fd, applet->answer, applet->len);
	if (applet->drawn)
		qsc_card_step(applet->card, QSC_STEP_ANSWERED);
	applet_forget(applet);
	applet_prepare(applet);
	return ok;
}

static enum outcome serve(const struct vpcd *vpcd, int fd, struct applet *applet)
{
	static uint8_t body[APDU_MAX];
	uint8_t length[2];
	enum outcome outcome;

	for (;;) {
		outcome = receive(vpcd, fd, length, sizeof(length));
		if (outcome == GOT_IT)
			outcome = receive(vpcd, fd, body, get_be16(length));
		if (outcome == GOT_IT && !answer(fd, applet, body, get_be16(length)))
			outcome = HUNG_UP;
		if (outcome != GOT_IT)
			return outcome;
	}
}

static int connect_to(const struct vpcd *vpcd)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(vpcd->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0)
		return -1;
	inet_pton(AF_INET, vpcd->host, &to.sin_addr);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

/* pcscd may start after the card, and be started again. */
static int wait_for_reader(const struct vpcd *vpcd)
{
	bool said = false;

	for (;;) {
		int fd = connect_to(vpcd);

		if (fd >= 0)
			return fd;
		if (!said)
			say("waiting for pcscd (vpcd) at %s:%u", vpcd->host, vpcd->port);
		said = true;
		if (wait_for(vpcd, -1, RETRY_MS) == STOPPED)
			return -1;
	}
}

int vpcd_serve(const struct vpcd *vpcd, struct applet *applet)
{
	enum outcome outcome;
	int fd;

	do {
		fd = wait_for_reader(vpcd);
		if (fd < 0)
			return TOOL_OK;
		say("in the reader at %s:%u", vpcd->host, vpcd->port);
		outcome = serve(vpcd, fd, applet);
		close(fd);
		applet_reset(applet);
	} while (outcome == HUNG_UP && !vpcd->once);
	return TOOL_OK;
}
