// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Taking connections, as many as there may be. */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <event2/listener.h>
#include <event2/util.h>

#include "conn.h"
#include "log.h"

#define BACKLOG 1024
#define RETRY_SECONDS 1

struct listener {
	struct evconnlistener *ev;
	struct event *retry;
	bool paused;
};

static void accepted(struct evconnlistener *ev, evutil_socket_t fd, struct sockaddr *addr, int len,
		     void *arg)
{
	struct service *svc = arg;

	(void)addr;
	(void)len;
	conn_new(svc, fd);
	if (svc->n_conns < svc->opts.max_connections)
		return;
	evconnlistener_disable(ev);
	svc->listener->paused = true;
}

/* Out of descriptors or memory, most likely: come back when there may be some. */
static void failed(struct evconnlistener *ev, void *arg)
{
	static const struct timeval soon = { .tv_sec = RETRY_SECONDS };
	struct service *svc = arg;

	log_error("cannot take a connection: %s", strerror(errno));
	evconnlistener_disable(ev);
	svc->listener->paused = true;
	event_add(svc->listener->retry, &soon);
}

void listener_resume(struct service *svc)
{
	struct listener *l = svc->listener;

	if (!l || !l->paused || event_pending(l->retry, EV_TIMEOUT, NULL) ||
	    svc->n_conns >= svc->opts.max_connections)
		return;
	l->paused = false;
	evconnlistener_enable(l->ev);
}

static void retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	listener_resume(arg);
}

/* The port may have been left to the kernel: say which one it is. */
static void say_address(struct service *svc)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);
	char host[64] = "?";
	unsigned int port = 0;

	if (getsockname(evconnlistener_get_fd(svc->listener->ev), (struct sockaddr *)&addr, &len))
		return;
	if (addr.ss_family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr;

		evutil_inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		port = ntohs(in6->sin6_port);
	} else if (addr.ss_family == AF_INET) {
		struct sockaddr_in *in4 = (struct sockaddr_in *)&addr;

		evutil_inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host));
		port = ntohs(in4->sin_port);
	}
	log_info("listening on %s port %u", host, port);
}

/* ADDR:PORT or [ADDR]:PORT, in numbers */
static struct addrinfo *parse(const char *text)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(text, ':'), *begin = text;
	struct addrinfo *addr;
	char host[64];
	size_t len;

	if (!colon || colon - text >= (int)sizeof(host))
		return NULL;
	len = (size_t)(colon - text);
	if (len > 2 && *text == '[' && text[len - 1] == ']') {
		begin++;
		len -= 2;
	}
	memcpy(host, begin, len);
	host[len] = '\0';
	return getaddrinfo(host, colon + 1, &hints, &addr) ? NULL : addr;
}

/*
 * A party that vanished in mid-call, without a word, is noticed within a minute or
 * two. Connections inherit what their listener has.
 */
static void set_up_socket(evutil_socket_t fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },   { SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 }, { IPPROTO_TCP, TCP_KEEPINTVL, 15 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 4 },   { IPPROTO_TCP, TCP_USER_TIMEOUT, 60000 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt((int)fd, options[i].level, options[i].name, &options[i].value,
			   sizeof(options[i].value));
}

int listener_start(struct service *svc)
{
	const unsigned int flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
				   LEV_OPT_REUSEABLE;
	struct addrinfo *addr = parse(svc->opts.listen);
	struct listener *l;

	if (!addr) {
		log_error("listen: \"%s\" is not 192.0.2.1:7780 or [2001:db8::1]:7780",
			  svc->opts.listen);
		return -EINVAL;
	}
	l = calloc(1, sizeof(*l));
	svc->listener = l;
	if (l) {
		l->retry = evtimer_new(svc->base, retry, svc);
		l->ev = evconnlistener_new_bind(svc->base, accepted, svc, flags, BACKLOG,
						addr->ai_addr, (int)addr->ai_addrlen);
	}
	freeaddrinfo(addr);
	if (!l || !l->ev || !l->retry) {
		log_error("cannot listen on %s: %s", svc->opts.listen, strerror(errno));
		return -EADDRNOTAVAIL;
	}
	set_up_socket(evconnlistener_get_fd(l->ev));
	evconnlistener_set_error_cb(l->ev, failed);
	say_address(svc);
	return 0;
}

void listener_stop(struct service *svc)
{
	struct listener *l = svc->listener;

	if (!l)
		return;
	if (l->ev)
		evconnlistener_free(l->ev);
	if (l->retry)
		event_free(l->retry);
	free(l);
	svc->listener = NULL;
}
