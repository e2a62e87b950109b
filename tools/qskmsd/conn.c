// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Connections: bytes in, through TLS, and out again. TLS works on memory, so
 * that what it wants to send can be held back: nothing of ours leaves before
 * the key of the login is burnt on disk.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/socket.h>

#include <event2/buffer.h>
#include <openssl/err.h>

#include "conn.h"
#include "log.h"

/* More than that unsent: the other side does not read. */
#define UNSENT_MAX 65536
#define UNREAD_MAX 16384
#define FLUSH_SECONDS 2

int64_t conn_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void conn_set_timer(struct conn *conn, unsigned int seconds)
{
	const struct timeval tv = { .tv_sec = seconds };

	event_add(conn->timer, &tv);
}

void conn_not_young(struct conn *conn)
{
	if (!conn->young)
		return;
	TAILQ_REMOVE(&conn->svc->young, conn, young_link);
	conn->young = false;
}

void conn_not_at_work(struct conn *conn)
{
	conn->svc->n_at_work -= conn->at_work;
	conn->at_work = false;
}

/*
 * For the burner: those that are slow do not keep the others waiting. Where many are
 * at work, as many come after them.
 */
bool conns_more_burns(void *arg, unsigned int waiting)
{
	struct service *svc = arg;
	int64_t too_old = conn_now_ms() - svc->opts.commit_wait_ms;
	struct conn *conn;

	if (svc->n_at_work >= waiting + svc->opts.commit_keys / 2)
		return true;
	while ((conn = TAILQ_FIRST(&svc->young)) && conn->accepted_ms < too_old)
		conn_not_young(conn);
	return conn;
}

static void leave_lists(struct conn *conn)
{
	struct service *svc = conn->svc;

	TAILQ_REMOVE(&svc->conns, conn, link);
	svc->n_conns--;
	conn_not_at_work(conn);
	listener_resume(svc);
	if (!conn->young)
		return;
	conn_not_young(conn);
	burner_poke(svc->burner);
}

/* Nothing is going to be handed out, nor pushed, to this one. */
static void wait_no_more(struct conn *conn)
{
	if (conn->parked)
		TAILQ_REMOVE(&conn->svc->parked, conn, parked_link);
	conn->parked = false;
	if (conn->held)
		held_release(conn);
	if (conn->live)
		live_leave(conn);
}

/*
 * Whoever closes a connection may be deep inside of what works on it: it is freed
 * when all of that has returned.
 */
static void bury(struct conn *conn)
{
	/* A burn that was under way until now kept its reservation. */
	release(&conn->login_key);
	release(&conn->dist_key);
	TAILQ_INSERT_TAIL(&conn->svc->dead, conn, link);
	event_active(conn->svc->reap, EV_TIMEOUT, 0);
}

void conns_reap(struct service *svc)
{
	struct conns dead = TAILQ_HEAD_INITIALIZER(dead);
	struct conn *conn, *next;

	TAILQ_CONCAT(&dead, &svc->dead, link);
	for (conn = TAILQ_FIRST(&dead); conn; conn = next) {
		next = TAILQ_NEXT(conn, link);
		free(conn);
	}
}

void conn_job_done(struct conn *conn)
{
	if (!--conn->jobs && conn->state == CONN_DEAD)
		bury(conn);
}

void conn_close(struct conn *conn)
{
	if (conn->state == CONN_DEAD)
		return;
	conn->state = CONN_DEAD;
	wait_no_more(conn);
	leave_lists(conn);
	event_free(conn->timer);
	bufferevent_free(conn->bev);
	SSL_free(conn->ssl);
	OPENSSL_secure_clear_free(conn->keys, sizeof(*conn->keys));
	conn->keys = NULL;
	if (!conn->jobs)
		bury(conn);
}

static void discard_unread(struct conn *conn)
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);

	evbuffer_drain(input, evbuffer_get_length(input));
}

/*
 * Bytes that were not read when a socket is closed make the kernel send RST,
 * which may overtake our last words. So wait for the other side's end, a while.
 */
static void sent_all(struct conn *conn)
{
	discard_unread(conn);
	if (shutdown(bufferevent_getfd(conn->bev), SHUT_WR))
		conn_close(conn);
}

/*
 * How much the socket takes at once: mostly all, and then it need not be watched
 * for room. What it refuses is queued, and libevent meets the error once more.
 */
static size_t send_now(struct conn *conn, const char *data, size_t len)
{
	ssize_t sent;

	if (evbuffer_get_length(bufferevent_get_output(conn->bev)))
		return 0;
	sent = send(bufferevent_getfd(conn->bev), data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent > 0 ? (size_t)sent : 0;
}

/* From TLS to the socket. */
static void flush(struct conn *conn)
{
	size_t sent;
	char *data;
	long len;

	if (conn->state == CONN_BURN || conn->state == CONN_DEAD)
		return;
	len = BIO_get_mem_data(conn->to_peer, &data);
	if (len > 0) {
		sent = send_now(conn, data, (size_t)len);
		if (sent < (size_t)len)
			bufferevent_write(conn->bev, data + sent, (size_t)len - sent);
		(void)BIO_reset(conn->to_peer);
	}
	if (evbuffer_get_length(bufferevent_get_output(conn->bev)) > UNSENT_MAX)
		conn_close(conn);
}

void conn_finish(struct conn *conn)
{
	if (conn->state == CONN_DEAD || conn->state == CONN_FLUSH)
		return;
	wait_no_more(conn);
	if (SSL_is_init_finished(conn->ssl))
		SSL_shutdown(conn->ssl);
	conn->state = CONN_FLUSH;
	flush(conn);
	if (conn->state == CONN_DEAD)
		return;
	conn_set_timer(conn, FLUSH_SECONDS);
	if (!evbuffer_get_length(bufferevent_get_output(conn->bev)))
		sent_all(conn);
}

/* @text is one line without its end. */
void conn_send_line(struct conn *conn, const char *text)
{
	char line[ANSWER_MAX + 1];
	int len = snprintf(line, sizeof(line), "%s\n", text);

	ERR_clear_error();
	if (len >= (int)sizeof(line) || SSL_write(conn->ssl, line, len) != len) {
		conn_close(conn);
		return;
	}
	flush(conn);
	if (conn->state == CONN_OPEN && !conn->live)
		conn_set_timer(conn, conn->svc->opts.idle_seconds);
}

static void feed(struct conn *conn)
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);
	char buf[4096];
	int n;

	while ((n = evbuffer_remove(input, buf, sizeof(buf))) > 0)
		if (BIO_write(conn->from_peer, buf, n) != n)
			return;
}

static void handshake(struct conn *conn)
{
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(conn->ssl);
	if (ret == 1) {
		login_ended(conn);
		if (conn->state == CONN_OPEN)
			conn_set_timer(conn, conn->svc->opts.idle_seconds);
		return;
	}
	switch (SSL_get_error(conn->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_CLIENT_HELLO_CB:
		return;
	}
	login_failed(conn, ERR_peek_error());
	/* With a burn under way nothing may be said yet, not even an alert. */
	if (conn->state == CONN_BURN)
		conn_close(conn);
	else
		conn_finish(conn);
}

static void take_line(struct conn *conn, size_t len)
{
	struct refusal no;
	int err;

	err = request_parse(conn->line, len, &conn->req, &no);
	conn->line_len -= len + 1;
	memmove(conn->line, conn->line + len + 1, conn->line_len);
	if (!err) {
		conn_request(conn);
		return;
	}
	conn_refuse(conn, no.code, no.detail);
	/* Who cannot write JSON may be anywhere in the middle of something. */
	if (!strcmp(no.code, "malformed"))
		conn_finish(conn);
}

/* More of a line; false if there is none now, or never will be. */
static bool read_more(struct conn *conn)
{
	size_t room = sizeof(conn->line) - conn->line_len;
	int n;

	if (!room) {
		conn_refuse(conn, "malformed", "the line is too long");
		conn_finish(conn);
		return false;
	}
	ERR_clear_error();
	n = SSL_read(conn->ssl, conn->line + conn->line_len, (int)room);
	if (n > 0) {
		conn->line_len += (size_t)n;
		return true;
	}
	if (SSL_get_error(conn->ssl, n) != SSL_ERROR_WANT_READ)
		conn_close(conn);
	return false;
}

static void read_requests(struct conn *conn)
{
	char *end;

	while (conn->state == CONN_OPEN) {
		end = memchr(conn->line, '\n', conn->line_len);
		if (end)
			take_line(conn, (size_t)(end - conn->line));
		else if (!read_more(conn))
			break;
	}
}

void conn_go_on(struct conn *conn)
{
	enum conn_state before = conn->state;

	if (conn->state == CONN_HELLO || conn->state == CONN_FINISH) {
		feed(conn);
		handshake(conn);
	}
	if (conn->state == CONN_OPEN) {
		feed(conn);
		read_requests(conn);
	}
	flush(conn);
	if (conn->state == CONN_BUSY && before != CONN_BUSY)
		conn_set_timer(conn, conn->svc->opts.login_seconds);
}

static void can_read(struct bufferevent *bev, void *arg)
{
	struct conn *conn = arg;

	(void)bev;
	if (conn->state == CONN_FLUSH)
		discard_unread(conn);
	else
		conn_go_on(conn);
}

static void has_written(struct bufferevent *bev, void *arg)
{
	struct conn *conn = arg;

	(void)bev;
	if (conn->state == CONN_FLUSH)
		sent_all(conn);
}

static void has_ended(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	conn_close(arg);
}

static void timed_out(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	if (conn->held) {
		held_give_up(conn, "the caller has not asked for a key to call you with");
		return;
	}
	if (conn->state != CONN_FLUSH)
		conn->svc->stats.timeouts++;
	conn_close(conn);
}

static bool make_tls(struct conn *conn)
{
	conn->ssl = SSL_new(conn->svc->tls);
	conn->from_peer = BIO_new(BIO_s_mem());
	conn->to_peer = BIO_new(BIO_s_mem());
	if (!conn->ssl || !conn->from_peer || !conn->to_peer) {
		SSL_free(conn->ssl);
		BIO_free(conn->from_peer);
		BIO_free(conn->to_peer);
		return false;
	}
	BIO_set_mem_eof_return(conn->from_peer, -1);
	SSL_set_bio(conn->ssl, conn->from_peer, conn->to_peer);
	SSL_set_app_data(conn->ssl, conn);
	SSL_set_accept_state(conn->ssl);
	return true;
}

static struct conn *make_conn(struct service *svc, evutil_socket_t fd)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->svc = svc;
	conn->state = CONN_HELLO;
	conn->timer = evtimer_new(svc->base, timed_out, conn);
	conn->keys = OPENSSL_secure_zalloc(sizeof(*conn->keys));
	conn->bev = bufferevent_socket_new(svc->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (conn->timer && conn->keys && conn->bev && make_tls(conn))
		return conn;
	if (conn->timer)
		event_free(conn->timer);
	OPENSSL_secure_free(conn->keys);
	if (conn->bev) {
		bufferevent_free(conn->bev);
		fd = -1;
	}
	free(conn);
	if (fd < 0)
		return NULL;
	evutil_closesocket(fd);
	return NULL;
}

void conn_new(struct service *svc, evutil_socket_t fd)
{
	struct conn *conn = make_conn(svc, fd);

	if (!conn) {
		log_error("not enough memory for a connection");
		return;
	}
	svc->stats.connections++;
	svc->n_conns++;
	svc->n_at_work++;
	conn->at_work = true;
	TAILQ_INSERT_TAIL(&svc->conns, conn, link);
	TAILQ_INSERT_TAIL(&svc->young, conn, young_link);
	conn->young = true;
	conn->accepted_ms = conn_now_ms();
	bufferevent_setcb(conn->bev, can_read, has_written, has_ended, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, UNREAD_MAX);
	bufferevent_enable(conn->bev, EV_READ);
	conn_set_timer(conn, svc->opts.login_seconds);
}
