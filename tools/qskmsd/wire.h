/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#ifndef _QSKMSD_WIRE_H
#define _QSKMSD_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

#include <event2/event.h>

/**
 * struct wire_ops - what a connection wants to know of its socket
 * @readable: wire_read() has something, or the other side's end
 * @written: all that had to wait for room has been sent
 * @failed: it could not be
 */
struct wire_ops {
	void (*readable)(void *arg);
	void (*written)(void *arg);
	void (*failed)(void *arg);
};

struct wire;

/**
 * wire_new() - take over a connected socket
 * @base: the event loop, whose thread calls all of this
 * @fd: the socket, non-blocking; closed by wire_free(), not if this fails
 * @ops: called from the event loop, and never by a function of this file
 * @arg: for them
 *
 * One system call to read and one to send: bufferevents ask how much there is first.
 *
 * Return: a wire that tells when it is readable, or NULL for want of memory
 */
struct wire *wire_new(struct event_base *base, evutil_socket_t fd, const struct wire_ops *ops,
		      void *arg);

void wire_free(struct wire *wire);

/**
 * wire_read() - what has come
 * @buf: room for @size bytes
 *
 * Return: how many bytes; 0: none now; -1: none any more
 */
ssize_t wire_read(struct wire *wire, void *buf, size_t size);

/*
 * Whether to tell when it is readable: what nobody has read stays with the kernel. To
 * say again what was said costs no system call.
 */
void wire_listen(struct wire *wire, bool on);

/**
 * wire_send() - send, and queue what the kernel has no room for
 *
 * Return: false if the connection is lost
 */
bool wire_send(struct wire *wire, const void *data, size_t len);

/* How many bytes are queued. */
size_t wire_unsent(const struct wire *wire);

/* After the last byte. Return: false if the connection is lost */
bool wire_end(struct wire *wire);

#endif /* _QSKMSD_WIRE_H */
