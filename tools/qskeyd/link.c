// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* TLS by libevent and OpenSSL; what is ours is the key and the reading of errors. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>

#include "link.h"
#include "log.h"
#include "secmem.h"

#define ALPN "qsc-kms/1"
#define EXPORTER_LABEL "EXPORTER-qsc-dist"
#define LINE_MAX_BYTES 4096

struct link {
	struct bufferevent *bev;
	SSL *ssl; /* of @bev */
	const char *service;
	struct event *timer;
	uint8_t kid[QSC_KEYS_KID];
	uint8_t *auth; /* secret memory, until logged in */
	bool up;
	bool certificate; /* it has shown one */
	bool corked;
	const struct link_ops *ops;
	void *arg;
};

/* ------------------------------------------------------ what OpenSSL asks */

static int use_key(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
		   SSL_SESSION **session)
{
	static const unsigned char suite[] = { 0x13, 0x02 }; /* TLS_AES_256_GCM_SHA384 */
	const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, suite);
	struct link *link = SSL_get_app_data(ssl);

	*session = NULL;
	if (!link->auth || !cipher ||
	    (md && EVP_MD_get_type(md) != EVP_MD_get_type(SSL_CIPHER_get_handshake_digest(cipher))))
		return 0;
	*session = SSL_SESSION_new();
	if (*session && SSL_SESSION_set1_master_key(*session, link->auth, QSC_KEYS_LEN) &&
	    SSL_SESSION_set_cipher(*session, cipher) &&
	    SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION)) {
		*id = link->kid;
		*id_len = sizeof(link->kid);
		return 1;
	}
	SSL_SESSION_free(*session);
	*session = NULL;
	return 0;
}

/* No certificate is good enough: the service proves itself with the key. */
static int refuse_certificate(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct link *link = SSL_get_app_data(ssl);

	(void)arg;
	link->certificate = true;
	return 0;
}

static void cork(struct link *link, bool on)
{
	const int value = on;

	link->corked = on;
	setsockopt(bufferevent_getfd(link->bev), IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

/* The service has proved its key: our Finished follows, and goes with the first request. */
static void has_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
			void *arg)
{
	const uint8_t *message = data;

	(void)version;
	(void)arg;
	if (!sent && type == SSL3_RT_HANDSHAKE && len && *message == SSL3_MT_FINISHED)
		cork(SSL_get_app_data(ssl), true);
}

static void has_written(struct bufferevent *bev, void *arg)
{
	struct link *link = arg;

	(void)bev;
	if (link->corked && link->up)
		cork(link, false);
}

static bool configure(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, refuse_certificate, NULL);
	SSL_CTX_set_psk_use_session_callback(ctx, use_key);
	SSL_CTX_set_msg_callback(ctx, has_message);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384") == 1 &&
	       SSL_CTX_set1_groups_list(ctx, "X25519") == 1 &&
	       SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x09" ALPN, sizeof(ALPN)) == 0;
}

SSL_CTX *link_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx && !configure(ctx)) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

/* ------------------------------------------------------------------ endings */

static enum link_end not_the_service(struct link *link, const char *what, struct failure *why)
{
	failure(why, FAIL_NOT_THE_SERVICE, "%s %s: it is no key service, check \"service\"",
		link->service, what);
	return LINK_CUT;
}

static enum link_end by_alert(struct link *link, int alert, struct failure *why)
{
	switch (alert) {
	case SSL_AD_ILLEGAL_PARAMETER:
		failure(why, FAIL_LOGIN_REFUSED,
			"the key service at %s does not know this key: the card was revoked, or is "
			"not registered there; ask your carrier",
			link->service);
		return LINK_REFUSED;
	case SSL_AD_INTERNAL_ERROR:
		failure(why, FAIL_SERVICE, "the key service at %s is out of order: try again later",
			link->service);
		return LINK_CUT;
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		return not_the_service(link, "does not speak " ALPN, why);
	}
	return not_the_service(link, "does not take TLS 1.3 with a key instead of a certificate",
			       why);
}

static enum link_end explain(struct link *link, struct failure *why)
{
	unsigned long err = bufferevent_get_openssl_error(link->bev);
	int reason = ERR_GET_REASON(err);

	if (link->certificate)
		return not_the_service(link,
				       "shows a certificate instead of proving that it knows "
				       "the key",
				       why);
	if (ERR_GET_LIB(err) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
		return by_alert(link, reason - SSL_AD_REASON_OFFSET, why);
	if (ERR_GET_LIB(err) == ERR_LIB_SSL && reason != SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return not_the_service(link, "does not speak TLS 1.3 as it should", why);
	failure(why, FAIL_SERVICE, "the key service at %s ended the connection: try again later",
		link->service);
	return LINK_CUT;
}

static void end(struct link *link, enum link_end how, const struct failure *why)
{
	bufferevent_disable(link->bev, EV_READ | EV_WRITE);
	event_del(link->timer);
	link->ops->down(link->arg, how, why);
}

static void timed_out(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct failure why;

	(void)fd;
	(void)what;
	failure(&why, FAIL_SERVICE, "the key service at %s does not answer: try again later",
		link->service);
	end(link, LINK_CUT, &why);
}

/* --------------------------------------------------------------------- life */

static bool is_the_service(struct link *link)
{
	const unsigned char *alpn;
	unsigned int len;

	SSL_get0_alpn_selected(link->ssl, &alpn, &len);
	return len == strlen(ALPN) && !memcmp(alpn, ALPN, len) &&
	       SSL_version(link->ssl) == TLS1_3_VERSION && SSL_session_reused(link->ssl);
}

static void logged_in(struct link *link)
{
	static const unsigned char zeros[QSC_KEYS_LEN];
	struct failure why;

	if (!is_the_service(link)) {
		end(link, not_the_service(link, "does not speak " ALPN, &why), &why);
		return;
	}
	SSL_SESSION_set1_master_key(SSL_get_session(link->ssl), zeros, sizeof(zeros));
	secmem_put(link->auth);
	link->auth = NULL;
	link->up = true;
	event_del(link->timer);
	link->ops->up(link->arg);
}

static void has_event(struct bufferevent *bev, short what, void *arg)
{
	struct link *link = arg;
	struct failure why = { FAIL_NONE, "" };
	enum link_end how;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		logged_in(link);
		return;
	}
	how = explain(link, &why);
	if (link->up) {
		how = LINK_USED;
		failure(&why, FAIL_SERVICE, "the key service at %s ended the connection",
			link->service);
	}
	end(link, how, &why);
}

/* One line a time: the owner may be gone after it, and we with him. */
static void can_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct link *link = arg;
	struct failure why;
	size_t len;
	char *line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);

	if (line) {
		if (evbuffer_get_length(in))
			bufferevent_trigger(bev, EV_READ,
					    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
		link->ops->line(link->arg, line, len);
		free(line);
		return;
	}
	if (evbuffer_get_length(in) <= LINE_MAX_BYTES)
		return;
	failure(&why, FAIL_SERVICE, "the key service at %s sends lines that are too long",
		link->service);
	end(link, LINK_USED, &why);
}

static SSL *make_ssl(SSL_CTX *tls, struct link *link)
{
	SSL *ssl = SSL_new(tls);

	if (ssl)
		SSL_set_app_data(ssl, link);
	return ssl;
}

struct link *link_new(struct event_base *base, SSL_CTX *tls, int fd, const char *service,
		      const uint8_t kid[QSC_KEYS_KID], const uint8_t auth[QSC_KEYS_LEN],
		      unsigned int seconds, const struct link_ops *ops, void *arg)
{
	const int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	const struct timeval limit = { .tv_sec = seconds };
	struct link *link = calloc(1, sizeof(*link));

	if (!link) {
		close(fd);
		return NULL;
	}
	link->service = service;
	link->ops = ops;
	link->arg = arg;
	memcpy(link->kid, kid, sizeof(link->kid));
	link->auth = secmem_get(QSC_KEYS_LEN);
	link->timer = evtimer_new(base, timed_out, link);
	link->ssl = make_ssl(tls, link);
	if (link->auth && link->timer && link->ssl) {
		memcpy(link->auth, auth, QSC_KEYS_LEN);
		link->bev = bufferevent_openssl_socket_new(base, fd, link->ssl,
							   BUFFEREVENT_SSL_CONNECTING, options);
	}
	if (!link->bev) {
		SSL_free(link->ssl);
		close(fd);
		link_free(link);
		return NULL;
	}
	bufferevent_setcb(link->bev, can_read, has_written, has_event, link);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	event_add(link->timer, &limit);
	return link;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	if (link->bev)
		bufferevent_free(link->bev);
	if (link->timer)
		event_free(link->timer);
	secmem_put(link->auth);
	free(link);
}

void link_send(struct link *link, const char *line)
{
	bufferevent_write(link->bev, line, strlen(line));
}

int link_export(struct link *link, const uint8_t *context, size_t len, uint8_t out[QSC_KEYS_LEN])
{
	return SSL_export_keying_material(link->ssl, out, QSC_KEYS_LEN, EXPORTER_LABEL,
					  strlen(EXPORTER_LABEL), context, len, 1) == 1 ?
		       0 :
		       -EIO;
}
