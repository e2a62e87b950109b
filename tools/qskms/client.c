// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Talking to the service over its socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "qskms.h"

/* A page of cards is below 200 kB. */
#define ANSWER_MAX (1 << 20)

static int cannot_connect(const struct qskms *q)
{
	const char *remedy = "";

	if (errno == ENOENT || errno == ECONNREFUSED)
		remedy = ": is qskmsd running?";
	else if (errno == EACCES)
		remedy = ": run qskms as root, or as a member of its --admin-group";
	complain("cannot talk to the service at %s: %s%s", q->socket, strerror(errno), remedy);
	return QSKMS_REFUSED;
}

static int dial(struct qskms *q)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (q->fd >= 0)
		return QSKMS_OK;
	if (strlen(q->socket) >= sizeof(addr.sun_path))
		return complain("%s is too long for a socket", q->socket);
	memcpy(addr.sun_path, q->socket, strlen(q->socket) + 1);
	q->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (q->fd < 0 || connect(q->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return cannot_connect(q);
	return QSKMS_OK;
}

void hang_up(struct qskms *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}

static int lost(void)
{
	complain("the service hung up%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
	return QSKMS_REFUSED;
}

/* The descriptor goes with the first byte. */
static ssize_t send_with(int fd, const char *data, size_t len, int file)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (char *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (file >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &file, sizeof(file));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static int send_line(struct qskms *q, const char *text, int file)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len) {
		n = send_with(q->fd, text, len, file);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lost();
		file = -1;
		text += n;
		len -= (size_t)n;
	}
	return QSKMS_OK;
}

static int read_line(struct qskms *q, char *line, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		errno = 0;
		n = read(q->fd, line + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return lost();
		len += (size_t)n;
		if (line[len - 1] != '\n')
			continue;
		line[len - 1] = '\0';
		return QSKMS_OK;
	}
	complain("the service's answer is too long");
	return QSKMS_REFUSED;
}

int ask_raw(struct qskms *q, struct json_object *request, int file, char *line, size_t size)
{
	const char *text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
	int ret;

	ret = dial(q) ?: send_line(q, text, file) ?: send_line(q, "\n", -1);
	json_object_put(request);
	return ret ? ret : read_line(q, line, size);
}

static int check(struct json_object *answer)
{
	struct json_object *ok;

	if (json_object_object_get_ex(answer, "ok", &ok) && json_object_get_boolean(ok))
		return QSKMS_OK;
	complain("%s", text_of(answer, "error"));
	return QSKMS_REFUSED;
}

int ask(struct qskms *q, struct json_object *request, int file, struct json_object **answer)
{
	char *line = malloc(ANSWER_MAX);
	int ret;

	*answer = NULL;
	if (!line) {
		json_object_put(request);
		return complain("not enough memory");
	}
	ret = ask_raw(q, request, file, line, ANSWER_MAX);
	if (!ret) {
		*answer = json_tokener_parse(line);
		ret = check(*answer);
	}
	free(line);
	return ret;
}
