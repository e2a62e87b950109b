// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Names are looked up in a thread; addresses are tried one after the other. */
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "dial.h"
#include "thread.h"

/* A service that has gone without a word is noticed after three minutes. */
#define IDLE_SECONDS 60
#define PROBE_SECONDS 20
#define PROBES 6

struct dialer {
	struct event_base *base;
	struct thread *thread;
	const char *service;
	unsigned int seconds;
	char host[256];
	char port[6];
};

struct dial {
	struct job job; /* the look-up */
	struct dialer *dialer;
	void (*done)(void *arg, int fd, const struct failure *why);
	void *arg;
	bool looking_up;
	bool cancelled;
	int error; /* of getaddrinfo() */
	struct addrinfo *all;
	struct addrinfo *next;
	int fd;
	struct event *event;
	int last_errno;
};

static bool split(struct dialer *d)
{
	const char *colon = strrchr(d->service, ':'), *begin = d->service;
	size_t len;

	if (!colon || colon == begin || !colon[1] || strlen(colon + 1) >= sizeof(d->port) ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	len = (size_t)(colon - begin);
	if (*begin == '[' && begin[len - 1] == ']') {
		begin++;
		len -= 2;
	} else if (memchr(begin, ':', len)) {
		return false;
	}
	if (!len || len >= sizeof(d->host))
		return false;
	memcpy(d->host, begin, len);
	memcpy(d->port, colon + 1, strlen(colon + 1) + 1);
	return true;
}

static void look_up(void *arg, struct job_list *jobs)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct dialer *d = arg;
	struct job *job;

	for (job = STAILQ_FIRST(jobs); job; job = STAILQ_NEXT(job, link)) {
		struct dial *dial = (struct dial *)job;

		dial->error = getaddrinfo(d->host, d->port, &hints, &dial->all);
	}
}

int dialer_new(struct dialer **dialer, struct event_base *base, const char *service,
	       unsigned int seconds, struct failure *why)
{
	struct dialer *d = calloc(1, sizeof(*d));

	*dialer = d;
	if (!d)
		return failure(why, FAIL_INTERNAL, "not enough memory");
	d->base = base;
	d->service = service;
	d->seconds = seconds;
	if (!split(d))
		return failure(why, FAIL_BAD_REQUEST,
			       "service: \"%s\" is not kms.example.net:7780, 192.0.2.1:7780 or "
			       "[2001:db8::1]:7780",
			       service);
	d->thread = thread_start(base, "names", 1, look_up, d);
	return d->thread ? 0 : failure(why, FAIL_INTERNAL, "cannot start a thread");
}

void dialer_free(struct dialer *d)
{
	if (!d)
		return;
	thread_stop(d->thread);
	free(d);
}

const char *dialer_service(const struct dialer *d)
{
	return d->service;
}

static void free_dial(struct dial *dial)
{
	if (dial->event)
		event_free(dial->event);
	if (dial->fd >= 0)
		close(dial->fd);
	if (dial->all)
		freeaddrinfo(dial->all);
	free(dial);
}

static void end(struct dial *dial, int fd, const struct failure *why)
{
	void (*done)(void *arg, int result, const struct failure *reason) = dial->done;
	void *arg = dial->arg;

	dial->fd = -1;
	free_dial(dial);
	done(arg, fd, why);
}

static void unreachable(struct dial *dial)
{
	struct failure why;

	failure(&why, FAIL_UNREACHABLE,
		"the key service at %s cannot be reached (%s): is there a way to it, and does it run? "
		"No key was used",
		dial->dialer->service, strerror(dial->last_errno));
	end(dial, -1, &why);
}

static void try_next(struct dial *dial);

static void connected(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;
	socklen_t len = sizeof(int);
	int error = 0;

	if (what & EV_TIMEOUT)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	event_free(dial->event);
	dial->event = NULL;
	if (!error) {
		end(dial, dial->fd, NULL);
		return;
	}
	close(dial->fd);
	dial->fd = -1;
	dial->last_errno = error;
	try_next(dial);
}

static void set_options(int fd)
{
	const int one = 1, idle = IDLE_SECONDS, probe = PROBE_SECONDS, probes = PROBES;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe, sizeof(probe));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

/* 0 if the connection is on its way, or an errno */
static int try_one(struct dial *dial, const struct addrinfo *addr)
{
	const struct timeval limit = { .tv_sec = dial->dialer->seconds };

	dial->fd = socket(addr->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (dial->fd < 0)
		return errno;
	set_options(dial->fd);
	if (connect(dial->fd, addr->ai_addr, addr->ai_addrlen) && errno != EINPROGRESS)
		return errno;
	dial->event = event_new(dial->dialer->base, dial->fd, EV_WRITE, connected, dial);
	return dial->event && !event_add(dial->event, &limit) ? 0 : ENOMEM;
}

static void try_next(struct dial *dial)
{
	const struct addrinfo *addr;

	while ((addr = dial->next)) {
		int error;

		dial->next = addr->ai_next;
		error = try_one(dial, addr);
		if (!error)
			return;
		dial->last_errno = error;
		if (dial->fd >= 0)
			close(dial->fd);
		dial->fd = -1;
	}
	unreachable(dial);
}

static void looked_up(struct job *job)
{
	struct dial *dial = (struct dial *)job;
	struct failure why;

	dial->looking_up = false;
	if (dial->cancelled) {
		free_dial(dial);
		return;
	}
	if (dial->error) {
		failure(&why, FAIL_UNREACHABLE,
			"the name of the key service, %s, cannot be resolved (%s). No key was used",
			dial->dialer->host, gai_strerror(dial->error));
		end(dial, -1, &why);
		return;
	}
	dial->next = dial->all;
	try_next(dial);
}

struct dial *dial_start(struct dialer *d,
			void (*done)(void *arg, int fd, const struct failure *why), void *arg)
{
	struct dial *dial = calloc(1, sizeof(*dial));

	if (!dial)
		return NULL;
	dial->dialer = d;
	dial->done = done;
	dial->arg = arg;
	dial->fd = -1;
	dial->looking_up = true;
	dial->job.done = looked_up;
	thread_submit(d->thread, &dial->job);
	return dial;
}

void dial_cancel(struct dial *dial)
{
	if (dial->looking_up)
		dial->cancelled = true;
	else
		free_dial(dial);
}
