// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Lines in, and lines out. A client has one request at a time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include <openssl/crypto.h>

#include "control.h"
#include "log.h"
#include "secmem.h"
#include "unix_socket.h"

#define CLIENTS_MAX 256

LIST_HEAD(clients, client);

struct control {
	const struct control_env *env;
	struct event *event;
	int fd;
	char *path;
	unsigned int n;
	struct clients clients;
};

/* Several controls are not needed: the list is for the end of the one. */
static struct control *the_control;

void client_free(struct client *client)
{
	secmem_put(client->pin);
	free(client->views);
	free(client);
}

/* With a card at work for it, the rest is for card_done(). */
static void close_client(struct client *client)
{
	LIST_REMOVE(client, link);
	the_control->n--;
	call_abandon(client->env->calls, &client->waiter);
	event_free(client->readable);
	event_free(client->writable);
	close(client->fd);
	free(client->out);
	OPENSSL_secure_clear_free(client->in, REQUEST_MAX);
	client->dead = true;
	if (!client->card_busy)
		client_free(client);
}

/* The first line that is there is done, and gone. Whether there was one */
static bool take_line(struct client *client)
{
	char *end = memchr(client->in, '\n', client->in_len);
	size_t len, rest;
	char *line;

	line = end ? OPENSSL_secure_malloc(REQUEST_MAX) : NULL;
	if (!line)
		return false;
	len = (size_t)(end - client->in);
	rest = client->in_len - len - 1;
	memcpy(line, client->in, len);
	memmove(client->in, end + 1, rest);
	OPENSSL_cleanse(client->in + rest, len + 1);
	client->in_len = rest;
	client->busy = true;
	if (client->pin_follows)
		control_pin(client, line, len);
	else
		control_request(client, line, len);
	OPENSSL_secure_clear_free(line, REQUEST_MAX);
	return true;
}

static void next_lines(struct client *client)
{
	while (!client->busy && take_line(client))
		;
	/* Too long, or no memory for it */
	if (!client->busy && client->in_len == REQUEST_MAX)
		close_client(client);
}

static void can_read(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	ssize_t n = -1;

	(void)what;
	errno = ENOBUFS;
	if (client->in_len < REQUEST_MAX)
		n = recv(fd, client->in + client->in_len, REQUEST_MAX - client->in_len,
			 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_client(client);
		return;
	}
	client->in_len += (size_t)n;
	next_lines(client);
}

static void can_write(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	ssize_t n;

	(void)what;
	n = send(fd, client->out + client->out_sent, client->out_len - client->out_sent,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		close_client(client);
		return;
	}
	client->out_sent += (size_t)n;
	if (client->out_sent < client->out_len)
		return;
	event_del(client->writable);
	free(client->out);
	client->out = NULL;
	client->busy = false;
	next_lines(client);
}

void client_answer(struct client *client, struct json_object *obj)
{
	const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	int len = -1;

	if (!client->dead && !client->out)
		len = asprintf(&client->out, "%s\n", json_object_to_json_string_ext(obj, flags));
	json_object_put(obj);
	if (len < 0) {
		client->out = NULL;
		return;
	}
	client->out_len = (size_t)len;
	client->out_sent = 0;
	event_add(client->writable, NULL);
}

void client_refuse(struct client *client, const struct failure *why)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "ok", json_object_new_boolean(false));
	json_object_object_add(obj, "error", json_object_new_string(failure_name(why->code)));
	json_object_object_add(obj, "detail", json_object_new_string(why->text));
	json_object_object_add(obj, "exit", json_object_new_int(failure_exit(why->code)));
	client_answer(client, obj);
}

static struct client *make_client(struct control *control, int fd)
{
	struct ucred cred = { .pid = -1, .uid = (uid_t)-1 };
	struct client *client = calloc(1, sizeof(*client));
	socklen_t len = sizeof(cred);

	if (!client)
		return NULL;
	client->env = control->env;
	client->fd = fd;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		client->uid = cred.uid;
		client->pid = cred.pid;
	}
	client->in = OPENSSL_secure_zalloc(REQUEST_MAX);
	client->readable =
		event_new(control->env->base, fd, EV_READ | EV_PERSIST, can_read, client);
	client->writable =
		event_new(control->env->base, fd, EV_WRITE | EV_PERSIST, can_write, client);
	if (client->in && client->readable && client->writable &&
	    !event_add(client->readable, NULL))
		return client;
	if (client->readable)
		event_free(client->readable);
	if (client->writable)
		event_free(client->writable);
	OPENSSL_secure_free(client->in);
	free(client);
	return NULL;
}

static void can_accept(evutil_socket_t fd, short what, void *arg)
{
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control *control = arg;
	struct client *client = NULL;

	(void)what;
	if (peer < 0)
		return;
	if (control->n < CLIENTS_MAX)
		client = make_client(control, peer);
	if (!client) {
		log_warn("too many clients at %s", control->path);
		close(peer);
		return;
	}
	control->n++;
	LIST_INSERT_HEAD(&control->clients, client, link);
}

struct control *control_start(const struct control_env *env, const char *path, const char *group)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	the_control = control;
	LIST_INIT(&control->clients);
	control->env = env;
	control->path = strdup(path);
	control->fd = unix_socket_listen(path, group);
	if (control->fd < 0) {
		log_error("socket %s: %s", path,
			  control->fd == -EADDRINUSE ? "another qskeyd answers there" :
						       strerror(-control->fd));
		free(control->path);
		free(control);
		return NULL;
	}
	control->event =
		event_new(env->base, control->fd, EV_READ | EV_PERSIST, can_accept, control);
	if (control->event && !event_add(control->event, NULL))
		return control;
	control_stop(control);
	return NULL;
}

void control_stop(struct control *control)
{
	struct client *client, *next;

	if (!control)
		return;
	for (client = LIST_FIRST(&control->clients); client; client = next) {
		next = LIST_NEXT(client, link);
		close_client(client);
	}
	if (control->event)
		event_free(control->event);
	close(control->fd);
	unlink(control->path);
	free(control->path);
	free(control);
}
