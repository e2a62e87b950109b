// SPDX-License-Identifier: GPL-2.0-only
/* The way to qskeyd: a JSON object a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "qsctl.h"

#define ANSWER_MAX (1 << 20)
#define ANSWER_DEPTH 4
/* What qskeyd may ask this program to end with; see qsctl(8). */
#define EXIT_MAX 99

static int no_helper(const char *path, int err)
{
	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
		complain("qskeyd does not run (nobody answers at %s): start it (systemctl start "
			 "qskeyd), or name its socket with --socket",
			 path);
		break;
	case EACCES:
	case EPERM:
		complain("you may not talk to qskeyd (%s): become root, or a member of the "
			 "socket's group",
			 path);
		break;
	default:
		complain("cannot connect to qskeyd at %s: %s", path, strerror(err));
	}
	return QSCTL_NO_HELPER;
}

int helper_open(struct qsctl *ctl, int *fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = ctl->socket ? ctl->socket : QSKEYD_SOCKET;
	int err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return complain("socket: \"%s\" is longer than %zu bytes", path,
				sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return no_helper(path, errno);
	if (!connect(*fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return QSCTL_OK;
	err = errno;
	close(*fd);
	return no_helper(path, err);
}

int helper_send(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len; text += n, len -= (size_t)n) {
		n = send(fd, text, len, MSG_NOSIGNAL);
		if (n >= 0)
			continue;
		n = 0;
		if (errno == EINTR)
			continue;
		complain("cannot write to qskeyd: %s", strerror(errno));
		return QSCTL_NO_HELPER;
	}
	return QSCTL_OK;
}

static char *read_line(int fd)
{
	char *line = malloc(ANSWER_MAX);
	size_t len = 0;
	ssize_t n;

	while (line && len < ANSWER_MAX - 1) {
		n = recv(fd, line + len, ANSWER_MAX - 1 - len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		line[len] = '\0';
		if (line[len - 1] == '\n')
			return line;
	}
	free(line);
	return NULL;
}

static struct json_object *parse(const char *line)
{
	struct json_tokener *tok = json_tokener_new_ex(ANSWER_DEPTH);
	struct json_object *obj = NULL;

	if (tok)
		obj = json_tokener_parse_ex(tok, line, (int)strlen(line));
	if (tok)
		json_tokener_free(tok);
	if (json_object_is_type(obj, json_type_object))
		return obj;
	json_object_put(obj);
	return NULL;
}

const char *answer_text(struct json_object *obj, const char *name)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}

uint64_t answer_number(struct json_object *obj, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(obj, name, &value) ? json_object_get_uint64(value) : 0;
}

static int refused(const char *what, struct json_object *obj)
{
	uint64_t status = answer_number(obj, "exit");

	complain("%s: %s", what, answer_text(obj, "detail"));
	return status > 0 && status <= EXIT_MAX ? (int)status : QSCTL_REFUSED;
}

/* An answer that says yes; it is the caller's to put. */
int helper_receive(int fd, const char *what, struct json_object **answer)
{
	char *line = read_line(fd);
	struct json_object *value;
	int ret;

	*answer = line ? parse(line) : NULL;
	free(line);
	if (!*answer) {
		complain("%s: qskeyd ended in the middle of it", what);
		return QSCTL_NO_HELPER;
	}
	if (json_object_object_get_ex(*answer, "ok", &value) && json_object_get_boolean(value))
		return QSCTL_OK;
	ret = refused(what, *answer);
	json_object_put(*answer);
	*answer = NULL;
	return ret;
}

/* Takes @question. */
int helper_ask(struct qsctl *ctl, const char *what, struct json_object *question,
	       struct json_object **answer)
{
	const char *text = json_object_to_json_string_ext(question, JSON_C_TO_STRING_PLAIN);
	int fd = -1, ret;

	*answer = NULL;
	ret = helper_open(ctl, &fd);
	if (!ret) {
		ret = helper_send(fd, text, strlen(text)) || helper_send(fd, "\n", 1) ?
			      QSCTL_NO_HELPER :
			      helper_receive(fd, what, answer);
		close(fd);
	}
	json_object_put(question);
	return ret;
}
