// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The operator's socket: lines in, with descriptors, and lines out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include <openssl/crypto.h>

#include "admin.h"
#include "log.h"
#include "unix_socket.h"

#define PASSED_MAX 4

LIST_HEAD(admin_conns, admin_conn);

struct admin {
	struct event *event;
	int fd;
	char *path;
	struct admin_conns conns;
};

static void drop_passed(struct admin_conn *conn)
{
	if (conn->passed >= 0)
		close(conn->passed);
	conn->passed = -1;
}

static void drop_out(struct admin_conn *conn)
{
	if (conn->out)
		OPENSSL_cleanse(conn->out, conn->out_len);
	free(conn->out);
	conn->out = NULL;
}

static void admin_close(struct admin_conn *conn)
{
	if (!conn->dead) {
		LIST_REMOVE(conn, link);
		event_free(conn->readable);
		event_free(conn->writable);
		close(conn->fd);
		drop_passed(conn);
		drop_out(conn);
	}
	conn->dead = true;
	if (!conn->busy)
		free(conn);
}

bool admin_gone(struct admin_conn *conn)
{
	conn->busy = false;
	if (!conn->dead)
		return false;
	free(conn);
	return true;
}

/* The first descriptor is for the request, further ones are a mistake. */
static void keep_passed(struct admin_conn *conn, struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			drop_passed(conn);
			conn->passed = fd;
		}
	}
}

static ssize_t receive(struct admin_conn *conn)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(PASSED_MAX * sizeof(int))];
	} control;
	struct iovec iov = { conn->line + conn->line_len, sizeof(conn->line) - conn->line_len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t n = recvmsg(conn->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n >= 0)
		keep_passed(conn, &msg);
	return n;
}

static void next_request(struct admin_conn *conn)
{
	char *end = memchr(conn->line, '\n', conn->line_len);
	char line[ADMIN_LINE_MAX];
	size_t len;

	if (!end) {
		if (conn->line_len == sizeof(conn->line))
			admin_close(conn);
		return;
	}
	len = (size_t)(end - conn->line);
	memcpy(line, conn->line, len);
	conn->line_len -= len + 1;
	memmove(conn->line, end + 1, conn->line_len);
	/* Nothing is read until this is answered. */
	event_del(conn->readable);
	admin_request(conn, line, len);
}

static void can_read(evutil_socket_t fd, short what, void *arg)
{
	struct admin_conn *conn = arg;
	ssize_t n = receive(conn);

	(void)fd;
	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		admin_close(conn);
		return;
	}
	conn->line_len += (size_t)n;
	next_request(conn);
}

static void can_write(evutil_socket_t fd, short what, void *arg)
{
	struct admin_conn *conn = arg;
	ssize_t n;

	(void)fd;
	(void)what;
	n = send(conn->fd, conn->out + conn->out_sent, conn->out_len - conn->out_sent,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		admin_close(conn);
		return;
	}
	conn->out_sent += (size_t)n;
	if (conn->out_sent < conn->out_len)
		return;
	event_del(conn->writable);
	drop_out(conn);
	drop_passed(conn);
	event_add(conn->readable, NULL);
	next_request(conn);
}

void admin_answer(struct admin_conn *conn, char *text)
{
	if (!text)
		text = strdup("{\"ok\":false,\"error\":\"not enough memory\"}\n");
	if (!text) {
		admin_close(conn);
		return;
	}
	conn->out = text;
	conn->out_len = strlen(text);
	conn->out_sent = 0;
	event_add(conn->writable, NULL);
}

static void can_accept(evutil_socket_t fd, short what, void *arg)
{
	struct service *svc = arg;
	struct admin_conn *conn;
	int peer = accept4((int)fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (peer < 0)
		return;
	conn = calloc(1, sizeof(*conn));
	if (!conn) {
		close(peer);
		return;
	}
	conn->svc = svc;
	conn->fd = peer;
	conn->passed = -1;
	conn->readable = event_new(svc->base, peer, EV_READ | EV_PERSIST, can_read, conn);
	conn->writable = event_new(svc->base, peer, EV_WRITE | EV_PERSIST, can_write, conn);
	if (!conn->readable || !conn->writable || event_add(conn->readable, NULL)) {
		if (conn->readable)
			event_free(conn->readable);
		if (conn->writable)
			event_free(conn->writable);
		close(peer);
		free(conn);
		return;
	}
	LIST_INSERT_HEAD(&svc->admin->conns, conn, link);
}

static int open_socket(struct service *svc)
{
	int fd = unix_socket_listen(svc->opts.admin, svc->opts.admin_group);

	if (fd < 0)
		return fd;
	svc->admin->fd = fd;
	svc->admin->path = strdup(svc->opts.admin);
	return 0;
}

int admin_start(struct service *svc)
{
	int err;

	svc->admin = calloc(1, sizeof(*svc->admin));
	if (!svc->admin)
		return -ENOMEM;
	LIST_INIT(&svc->admin->conns);
	svc->admin->fd = -1;
	err = open_socket(svc);
	if (err) {
		log_error("admin socket %s: %s", svc->opts.admin,
			  err == -EADDRINUSE ? "another service answers there" : strerror(-err));
		return err;
	}
	svc->admin->event =
		event_new(svc->base, svc->admin->fd, EV_READ | EV_PERSIST, can_accept, svc);
	if (!svc->admin->event || event_add(svc->admin->event, NULL))
		return -ENOMEM;
	return 0;
}

void admin_stop(struct service *svc)
{
	struct admin *admin = svc->admin;
	struct admin_conn *conn;

	if (!admin)
		return;
	while ((conn = LIST_FIRST(&admin->conns)))
		admin_close(conn); /* NOLINT(clang-analyzer-unix.Malloc): it is off the list */
	if (admin->event)
		event_free(admin->event);
	if (admin->fd >= 0)
		close(admin->fd);
	if (admin->path)
		unlink(admin->path);
	free(admin->path);
	free(admin);
	svc->admin = NULL;
}
