// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A socket: bytes in, bytes out, and those that wait for room. */
#include <errno.h>
#include <stdlib.h>

#include <sys/socket.h>

#include <event2/buffer.h>

#include "wire.h"

struct wire {
	evutil_socket_t fd;
	struct event *readable;
	struct event *writable; /* pending while there is something in @unsent */
	struct evbuffer *unsent;
	const struct wire_ops *ops;
	void *arg;
};

static bool try_later(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static void can_read(evutil_socket_t fd, short what, void *arg)
{
	struct wire *wire = arg;

	(void)fd;
	(void)what;
	wire->ops->readable(wire->arg);
}

static void can_write(evutil_socket_t fd, short what, void *arg)
{
	struct wire *wire = arg;

	(void)what;
	if (evbuffer_write(wire->unsent, fd) < 0 && !try_later()) {
		event_del(wire->writable);
		wire->ops->failed(wire->arg);
		return;
	}
	if (evbuffer_get_length(wire->unsent))
		return;
	event_del(wire->writable);
	wire->ops->written(wire->arg);
}

struct wire *wire_new(struct event_base *base, evutil_socket_t fd, const struct wire_ops *ops,
		      void *arg)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		return NULL;
	wire->fd = fd;
	wire->ops = ops;
	wire->arg = arg;
	wire->unsent = evbuffer_new();
	wire->readable = event_new(base, fd, EV_READ | EV_PERSIST, can_read, wire);
	wire->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, can_write, wire);
	if (wire->unsent && wire->readable && wire->writable && !event_add(wire->readable, NULL))
		return wire;
	wire->fd = -1;
	wire_free(wire);
	return NULL;
}

void wire_free(struct wire *wire)
{
	if (!wire)
		return;
	if (wire->readable)
		event_free(wire->readable);
	if (wire->writable)
		event_free(wire->writable);
	if (wire->unsent)
		evbuffer_free(wire->unsent);
	if (wire->fd >= 0)
		evutil_closesocket(wire->fd);
	free(wire);
}

ssize_t wire_read(struct wire *wire, void *buf, size_t size)
{
	ssize_t n = recv(wire->fd, buf, size, MSG_DONTWAIT);

	if (n > 0)
		return n;
	return n < 0 && try_later() ? 0 : -1;
}

void wire_listen(struct wire *wire, bool on)
{
	if (on)
		event_add(wire->readable, NULL);
	else
		event_del(wire->readable);
}

/* How much the kernel takes at once: mostly all. Behind what waits: nothing. */
static ssize_t send_now(struct wire *wire, const void *data, size_t len)
{
	ssize_t sent;

	if (wire_unsent(wire))
		return 0;
	sent = send(wire->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent < 0 && try_later() ? 0 : sent;
}

bool wire_send(struct wire *wire, const void *data, size_t len)
{
	ssize_t sent = send_now(wire, data, len);

	if (sent < 0)
		return false;
	if ((size_t)sent == len)
		return true;
	return !evbuffer_add(wire->unsent, (const char *)data + sent, len - (size_t)sent) &&
	       !event_add(wire->writable, NULL);
}

size_t wire_unsent(const struct wire *wire)
{
	return evbuffer_get_length(wire->unsent);
}

bool wire_end(struct wire *wire)
{
	return !shutdown(wire->fd, SHUT_WR);
}
