// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What TLS asks while a connection is set up, in this order:
 *
 * ClientHello  login_hello(): is it meant for us? Look the key up, TLS waits.
 * identity     login_find_key(): reserve the key, or hand out a random one
 * binder       verified by OpenSSL: the client has that key
 * ALPN         login_select_alpn(): burn the key; from here on conn.c holds
 *              back what TLS wants to send until the burn is on disk
 *
 * After a HelloRetryRequest all but the look-up and the burn happens again.
 */
#include <stddef.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "conn.h"
#include "log.h"

static const unsigned char alpn[] = "\x09" QSC_KMS_ALPN;

#define ALPN_LEN (sizeof(alpn) - 1)

/* Record layer: an alert in clear, fatal; the last byte says which. */
static void send_alert(struct conn *conn, unsigned char what)
{
	unsigned char record[] = { 21, 3, 3, 0, 2, 2, what };

	(void)BIO_reset(conn->to_peer);
	conn->state = CONN_FINISH;
	(void)BIO_write(conn->to_peer, record, sizeof(record));
	conn_finish(conn);
}

static bool offers_alpn(SSL *ssl)
{
	const unsigned char *ext;
	size_t len;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
				       &ext, &len) ||
	    len < 2)
		return false;
	/* A list of names, each with its length in front. */
	for (size_t i = 2; i + ALPN_LEN <= len; i += 1U + ext[i])
		if (!memcmp(ext + i, alpn, ALPN_LEN))
			return true;
	return false;
}

/* The first identity, the only one that counts; its length or -1. */
static int first_identity(SSL *ssl, const unsigned char **id)
{
	const unsigned char *ext;
	size_t len, id_len;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &ext, &len) || len < 4)
		return -1;
	id_len = (size_t)ext[2] << 8 | ext[3];
	if (!id_len || id_len > len - 4)
		return -1;
	*id = ext + 4;
	return (int)id_len;
}

static void found(struct lookup *lookup)
{
	struct conn *conn = lookup->owner;

	conn->looked_up = true;
	if (lookup->keys && conn->state == CONN_LOOKUP)
		memcpy(conn->keys, lookup->keys, sizeof(*conn->keys));
	lookup_free_keys(lookup->keys);
	lookup->keys = NULL;
	if (conn->state == CONN_LOOKUP) {
		conn->state = CONN_HELLO;
		conn_go_on(conn);
	}
	conn_job_done(conn);
}

static int look_up(struct conn *conn, const unsigned char *id, int len)
{
	conn->lookup.svc = conn->svc;
	conn->lookup.owner = conn;
	conn->lookup.done = found;
	if (len != QSC_KEYS_KID) {
		conn->lookup.result = LOOKUP_UNKNOWN;
		conn->looked_up = true;
		return SSL_CLIENT_HELLO_SUCCESS;
	}
	memcpy(conn->lookup.kid, id, QSC_KEYS_KID);
	conn->state = CONN_LOOKUP;
	conn->jobs++;
	lookup_start(&conn->lookup);
	return SSL_CLIENT_HELLO_RETRY;
}

int login_hello(SSL *ssl, int *alert, void *arg)
{
	struct conn *conn = SSL_get_app_data(ssl);
	const unsigned char *id;
	int len;

	(void)arg;
	if (!offers_alpn(ssl)) {
		*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
		return SSL_CLIENT_HELLO_ERROR;
	}
	len = first_identity(ssl, &id);
	if (len < 0) {
		*alert = SSL_AD_HANDSHAKE_FAILURE;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (!conn->looked_up)
		return look_up(conn, id, len);
	if (conn->lookup.result == LOOKUP_FAILED) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* In a second ClientHello the key may be burnt already, by us. */
static bool may_use(struct conn *conn, const unsigned char *id, size_t len)
{
	struct lookup *l = &conn->lookup;

	if (!conn->looked_up || l->result != LOOKUP_FOUND || len != QSC_KEYS_KID ||
	    memcmp(id, l->kid, QSC_KEYS_KID))
		return false;
	if (conn->logged_in || conn->login_key.held)
		return true;
	if (reserve(conn->svc->reserved, &conn->login_key, l->card, l->slot))
		return true;
	l->result = LOOKUP_BURNT;
	return false;
}

static SSL_SESSION *make_session(SSL *ssl, const unsigned char *key)
{
	static const unsigned char suite[] = { 0x13, 0x02 }; /* TLS_AES_256_GCM_SHA384 */
	const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, suite);
	SSL_SESSION *session = SSL_SESSION_new();

	if (session && cipher && SSL_SESSION_set1_master_key(session, key, QSC_KEYS_LEN) &&
	    SSL_SESSION_set_cipher(session, cipher) &&
	    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION))
		return session;
	SSL_SESSION_free(session);
	return NULL;
}

int login_find_key(SSL *ssl, const unsigned char *id, size_t len, SSL_SESSION **session)
{
	struct conn *conn = SSL_get_app_data(ssl);
	unsigned char nobodys[QSC_KEYS_LEN];

	/* Who does not have the right key cannot tell whether there is one. */
	if (may_use(conn, id, len)) {
		*session = make_session(ssl, conn->keys->auth);
	} else {
		*session = NULL;
		if (RAND_priv_bytes(nobodys, sizeof(nobodys)) == 1)
			*session = make_session(ssl, nobodys);
		OPENSSL_cleanse(nobodys, sizeof(nobodys));
	}
	return *session ? 1 : 0;
}

static void accept_login(struct conn *conn)
{
	const struct lookup *l = &conn->lookup;

	conn->logged_in = true;
	conn->card = l->card;
	conn->profile = l->profile;
	memcpy(conn->subscriber, l->subscriber, sizeof(conn->subscriber));
	conn->has_dist = conn->profile == QSC_PROFILE_ONE_DRAW;
	conn->state = CONN_FINISH;
	conn_go_on(conn);
}

static void burnt(struct burn_request *burn, enum burn_result result)
{
	struct conn *conn = (struct conn *)((char *)burn - offsetof(struct conn, burn));

	release(&conn->login_key);
	if (conn->state == CONN_BURN) {
		switch (result) {
		case BURN_DONE:
			accept_login(conn);
			break;
		case BURN_GONE: /* what a wrong key gets */
			conn->svc->stats.refused_burnt++;
			send_alert(conn, SSL_AD_ILLEGAL_PARAMETER);
			break;
		case BURN_FAILED:
			conn->svc->stats.refused_store++;
			send_alert(conn, SSL_AD_INTERNAL_ERROR);
			break;
		}
	}
	conn_job_done(conn);
}

int login_select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		      const unsigned char *in, unsigned int in_len, void *arg)
{
	struct conn *conn = SSL_get_app_data(ssl);

	(void)in;
	(void)in_len;
	(void)arg;
	*out = alpn + 1;
	*out_len = ALPN_LEN - 1;
	if (conn->logged_in)
		return SSL_TLSEXT_ERR_OK;
	if (!conn->login_key.held)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	conn_not_young(conn);
	conn->state = CONN_BURN;
	conn->burn.card = conn->login_key.card;
	conn->burn.slot = conn->login_key.slot;
	conn->burn.done = burnt;
	conn->jobs++;
	burner_submit(conn->svc->burner, &conn->burn);
	return SSL_TLSEXT_ERR_OK;
}

/* Which counter a failed handshake belongs to */
static uint64_t *counter_for(struct conn *conn, unsigned long err)
{
	struct stats *stats = &conn->svc->stats;

	if (ERR_GET_REASON(err) == SSL_R_CALLBACK_FAILED)
		return conn->looked_up && conn->lookup.result == LOOKUP_FAILED ?
			       &stats->refused_store :
			       &stats->refused_hello;
	if (ERR_GET_REASON(err) != SSL_R_BINDER_DOES_NOT_VERIFY)
		return &stats->refused_other;
	switch (conn->lookup.result) {
	case LOOKUP_FOUND:
		return &stats->refused_key;
	case LOOKUP_BURNT:
		return &stats->refused_burnt;
	default:
		return &stats->refused_unknown;
	}
}

void login_failed(struct conn *conn, unsigned long err)
{
	(*counter_for(conn, err))++;
	log_debug("login failed: %s",
		  ERR_reason_error_string(err) ? ERR_reason_error_string(err) : "TLS");
	/* A burn under way keeps its reservation. */
	if (conn->state == CONN_BURN)
		return;
	release(&conn->login_key);
	conn_not_young(conn);
	burner_poke(conn->svc->burner);
}

/* The handshake is complete: the client has proved its key a second time. */
void login_ended(struct conn *conn)
{
	static const unsigned char zeros[QSC_KEYS_LEN];

	if (!conn->logged_in || !SSL_session_reused(conn->ssl)) {
		conn_close(conn);
		return;
	}
	OPENSSL_cleanse(conn->keys->auth, sizeof(conn->keys->auth));
	SSL_SESSION_set1_master_key(SSL_get_session(conn->ssl), zeros, sizeof(zeros));
	if (conn->profile != QSC_PROFILE_ONE_DRAW)
		OPENSSL_cleanse(conn->keys->dist, sizeof(conn->keys->dist));
	conn->svc->stats.logins++;
	conn->state = CONN_OPEN;
	log_debug("%s logged in with card %llu", conn->subscriber, (unsigned long long)conn->card);
}
