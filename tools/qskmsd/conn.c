// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Connections: bytes in, through TLS, and out again. TLS works on memory, so
 * that what it wants to send can be held back: nothing of ours leaves before
 * the key of the login is burnt on disk.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "conn.h"
#include "log.h"

/* More than that unsent: the other side does not read. */
#define UNSENT_MAX 65536
#define UNREAD_MAX 16384
#define FLUSH_SECONDS 2
/* Under load: so many burns wait, and the last client came so short a time ago. */
#define LOAD_BURNS 16
#define LOAD_MS 3

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
 * at work, as many come after them, and so do more while they come all the time.
 */
bool conns_more_burns(void *arg, unsigned int waiting)
{
	struct service *svc = arg;
	int64_t now = conn_now_ms(), too_old = now - svc->opts.commit_wait_ms;
	struct conn *conn;

	if (svc->n_at_work >= waiting + svc->opts.commit_keys / 2 ||
	    (waiting >= LOAD_BURNS && now - svc->accepted_ms <= LOAD_MS))
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
	wire_free(conn->wire);
	SSL_free(conn->ssl);
	OPENSSL_secure_clear_free(conn->keys, sizeof(*conn->keys));
	conn->keys = NULL;
	if (!conn->jobs)
		bury(conn);
}

/*
 * Bytes that were not read when a socket is closed make the kernel send RST,
 * which may overtake our last words. So wait for the other side's end, a while.
 */
static void sent_all(struct conn *conn)
{
	wire_listen(conn->wire, true);
	if (!wire_end(conn->wire))
		conn_close(conn);
}

/* From TLS to the socket. */
static void flush(struct conn *conn)
{
	char *data;
	long len;

	if (conn->state == CONN_BURN || conn->state == CONN_DEAD)
		return;
	len = BIO_get_mem_data(conn->to_peer, &data);
	if (len <= 0)
		return;
	if (!wire_send(conn->wire, data, (size_t)len) || wire_unsent(conn->wire) > UNSENT_MAX) {
		conn_close(conn);
		return;
	}
	(void)BIO_reset(conn->to_peer);
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
	if (!wire_unsent(conn->wire))
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

	if (conn->state == CONN_HELLO || conn->state == CONN_FINISH)
		handshake(conn);
	if (conn->state == CONN_OPEN)
		read_requests(conn);
	flush(conn);
	if (conn->state == CONN_DEAD)
		return;
	wire_listen(conn->wire, BIO_pending(conn->from_peer) < UNREAD_MAX);
	if (conn->state == CONN_BUSY && before != CONN_BUSY)
		conn_set_timer(conn, conn->svc->opts.login_seconds);
}

static void can_read(void *arg)
{
	struct conn *conn = arg;
	char buf[4096];
	ssize_t n;

	n = wire_read(conn->wire, buf, sizeof(buf));
	if (n < 0)
		conn_close(conn);
	/* What comes after our last words is of no interest. */
	if (n <= 0 || conn->state == CONN_FLUSH)
		return;
	if (BIO_write(conn->from_peer, buf, (int)n) == n)
		conn_go_on(conn);
	else
		conn_close(conn);
}

static void has_written(void *arg)
{
	struct conn *conn = arg;

	if (conn->state == CONN_FLUSH)
		sent_all(conn);
}

static void has_failed(void *arg)
{
	conn_close(arg);
}

static const struct wire_ops wire_ops = {
	.readable = can_read,
	.written = has_written,
	.failed = has_failed,
};

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
	if (conn->timer && conn->keys && make_tls(conn)) {
		conn->wire = wire_new(svc->base, fd, &wire_ops, conn);
		if (conn->wire)
			return conn;
		SSL_free(conn->ssl);
	}
	if (conn->timer)
		event_free(conn->timer);
	OPENSSL_secure_free(conn->keys);
	free(conn);
	return NULL;
}

void conn_new(struct service *svc, evutil_socket_t fd)
{
	struct conn *conn = make_conn(svc, fd);

	if (!conn) {
		log_error("not enough memory for a connection");
		evutil_closesocket(fd);
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
	svc->accepted_ms = conn->accepted_ms;
	conn_set_timer(conn, svc->opts.login_seconds);
}
