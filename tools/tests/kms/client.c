// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A subscriber, as the tests need one. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>
#include <openssl/err.h>
#include <qsc/qsc.h>

#include "client.h"
#include "libqsc/internal.h"

#define SERVICES_MAX 4

static struct sockaddr_in services[SERVICES_MAX];
static unsigned int n_services;
static SSL_CTX *ctx;

void client_add_address(const char *address)
{
	struct sockaddr_in *service = &services[n_services++];
	const char *colon = strrchr(address, ':');
	char host[64];

	if (!colon || colon - address >= (int)sizeof(host) || n_services > SERVICES_MAX)
		die("\"%s\" is not ADDR:PORT, or one too many", address);
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	service->sin_family = AF_INET;
	service->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, host, &service->sin_addr) != 1)
		die("\"%s\" is not ADDR:PORT", address);
}

static int use_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
		   SSL_SESSION **session)
{
	static const unsigned char suite_sha384[] = { 0x13, 0x02 }, suite_sha256[] = { 0x13, 0x01 };
	const struct login *how = SSL_get_app_data(ssl);
	const unsigned char *suite = suite_sha384;
	SSL_SESSION *s;

	*session = NULL;
	if (!how->psk)
		return 1;
	if (how->suites && strstr(how->suites, "SHA256"))
		suite = suite_sha256;
	(void)md;
	s = SSL_SESSION_new();
	if (!s || !SSL_SESSION_set1_master_key(s, how->psk, QSC_KEYS_LEN) ||
	    !SSL_SESSION_set_cipher(s, SSL_CIPHER_find(ssl, suite)) ||
	    !SSL_SESSION_set_protocol_version(s, TLS1_3_VERSION))
		die("no PSK session");
	if (how->early_data)
		SSL_SESSION_set_max_early_data(s, 1000);
	*session = s;
	*id = how->id;
	*id_len = how->id_len;
	return 1;
}

static const unsigned char alpn[] = "\x09qsc-kms/1";

/* Once, as qskeyd does it: not the clients are measured, but the service. */
void client_init(void)
{
	signal(SIGPIPE, SIG_IGN);
	ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx)
		die("no TLS");
	SSL_CTX_set_psk_use_session_callback(ctx, use_psk);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384");
	SSL_CTX_set1_groups_list(ctx, "X25519");
	SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1);
}

static void offer_alpn(SSL *ssl, const char *name)
{
	unsigned char list[256];

	list[0] = (unsigned char)strlen(name);
	memcpy(list + 1, name, list[0]);
	SSL_set_alpn_protos(ssl, list[0] ? list : NULL, list[0] ? 1U + list[0] : 0);
}

static void cork(int fd, int on)
{
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

/* The service has proved its key: our Finished, which follows, waits for a request. */
static void got_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
			void *arg)
{
	const uint8_t *message = data;

	(void)version;
	(void)arg;
	if (!sent && type == SSL3_RT_HANDSHAKE && len && *message == SSL3_MT_FINISHED)
		cork(SSL_get_fd(ssl), 1);
}

static void set_up(SSL *ssl, const struct login *how)
{
	SSL_set_app_data(ssl, (void *)how);
	if (how->then_asks)
		SSL_set_msg_callback(ssl, got_message);
	if (how->alpn)
		offer_alpn(ssl, how->alpn);
	if (how->suites)
		SSL_set_ciphersuites(ssl, how->suites);
	if (how->groups && !SSL_set1_groups_list(ssl, how->groups))
		die("no such group");
	if (how->tls12) {
		SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
		SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
	}
	if (how->no_dhe)
		SSL_set_options(ssl, SSL_OP_ALLOW_NO_DHE_KEX);
}

int client_connect(struct client *c)
{
	static atomic_uint turn;
	struct sockaddr_in *service = &services[turn++ % n_services];
	/* Longer than any machine takes; what never comes is a failure, not a hang. */
	const struct timeval patience = { .tv_sec = 300 };
	int one = 1;

	memset(c, 0, sizeof(*c));
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(c->fd, (struct sockaddr *)service, sizeof(*service)))
		return CLIENT_NO_SERVICE;
	return 0;
}

/* What ended the handshake, from the error queue */
static int reason(void)
{
	unsigned long err = ERR_peek_error();
	int why = ERR_GET_REASON(err);

	if (ERR_GET_LIB(err) == ERR_LIB_SSL && why >= SSL_AD_REASON_OFFSET &&
	    why < SSL_AD_REASON_OFFSET + 256)
		return why - SSL_AD_REASON_OFFSET;
	if (!err || why == SSL_R_UNEXPECTED_EOF_WHILE_READING || ERR_GET_LIB(err) == ERR_LIB_SYS)
		return CLIENT_CUT;
	return CLIENT_ODD;
}

int client_login(struct client *c, const struct login *how)
{
	size_t written;
	int ret;

	ERR_clear_error();
	ret = client_connect(c);
	if (ret)
		return ret;
	c->how = how;
	c->corked = how->then_asks;
	c->ssl = SSL_new(ctx);
	if (!c->ssl)
		die("no TLS connection");
	set_up(c->ssl, how);
	SSL_set_fd(c->ssl, c->fd);
	if (how->early_data)
		SSL_write_early_data(c->ssl, "early\n", 6, &written);
	ret = SSL_connect(c->ssl);
	if (ret == 1)
		return SSL_get_negotiated_group(c->ssl) == NID_X25519 ? 0 : CLIENT_ODD;
	return reason();
}

void client_close(struct client *c)
{
	if (c->ssl && SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	c->ssl = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

bool client_send(struct client *c, const void *data, size_t len)
{
	bool ok;

	ERR_clear_error();
	ok = !len || SSL_write(c->ssl, data, (int)len) == (int)len;
	if (c->corked)
		cork(c->fd, 0);
	c->corked = false;
	return ok;
}

const char *client_receive(struct client *c)
{
	static __thread char line[sizeof(c->line)];
	char *end;
	int n;

	while (!(end = memchr(c->line, '\n', c->len))) {
		ERR_clear_error();
		n = SSL_read(c->ssl, c->line + c->len, (int)(sizeof(c->line) - c->len));
		if (n <= 0)
			return NULL;
		c->len += (size_t)n;
	}
	memcpy(line, c->line, (size_t)(end - c->line));
	line[end - c->line] = '\0';
	c->len -= (size_t)(end + 1 - c->line);
	memmove(c->line, end + 1, c->len);
	return line;
}

const char *client_ask(struct client *c, const char *line)
{
	const char *answer;
	char text[4096];

	snprintf(text, sizeof(text), "%s\n", line);
	if (!client_send(c, text, strlen(text)))
		return NULL;
	while ((answer = client_receive(c)) && !strncmp(answer, "{\"event\"", 8))
		if (c->event)
			c->event(answer);
	return answer;
}

static void request_text(const struct qsc_keys_call *call, const uint8_t *dist_kid, char *text,
			 size_t size)
{
	bool caller = call->role == QSC_KEYS_CALLER;
	char hex[2 * QSC_KEYS_KID + 1] = "";

	for (int i = 0; dist_kid && i < QSC_KEYS_KID; i++)
		sprintf(hex + 2 * i, "%02x", dist_kid[i]);
	snprintf(text, size,
		 "{\"op\":\"call-key\",\"call\":\"%s\",\"role\":\"%s\",\"peer\":\"%s\","
		 "\"suite\":\"%s\",\"epoch\":%u%s%s%s}",
		 call->call_id, caller ? "caller" : "callee", caller ? call->callee : call->caller,
		 qsc_suite_name(call->suite), call->epoch, dist_kid ? ",\"dist-kid\":\"" : "", hex,
		 dist_kid ? "\"" : "");
}

static int unwrap(struct client *c, const uint8_t *dist, const struct qsc_keys_call *call,
		  const char *wrapped, uint8_t *session)
{
	static const char label[] = "EXPORTER-qsc-dist";
	uint8_t context[QSC_KEYS_CONTEXT_MAX], exported[QSC_KEYS_LEN], key[QSC_KEYS_LEN];
	uint8_t sealed[QSC_KEYS_SEALED];
	int len = qsc_keys_call_encode(call, context);

	if (len < 0 || qsc_base64_decode(wrapped, strlen(wrapped), sealed, sizeof(sealed)) ||
	    SSL_export_keying_material(c->ssl, exported, sizeof(exported), label, strlen(label),
				       context, (size_t)len, 1) != 1 ||
	    qsc_keys_wrap(dist, exported, key) || qsc_keys_open_session(key, call, sealed, session))
		return -3;
	return 0;
}

/* Who changes a single word of what was agreed on gets no key. */
static void try_other_contexts(struct client *c, const uint8_t *dist,
			       const struct qsc_keys_call *call, const char *wrapped)
{
	struct qsc_keys_call others[6];
	uint8_t session[QSC_KEYS_LEN];

	for (int i = 0; i < 6; i++)
		others[i] = *call;
	others[0].call_id[0] ^= 1;
	others[1].role ^= QSC_KEYS_CALLER ^ QSC_KEYS_CALLEE;
	others[2].suite ^= 3;
	others[3].epoch++;
	others[4].callee[strlen(call->callee) - 1] ^= 1;
	memcpy(others[5].caller, call->callee, sizeof(call->callee));
	memcpy(others[5].callee, call->caller, sizeof(call->caller));
	for (int i = 0; i < 6; i++)
		if (!unwrap(c, dist, &others[i], wrapped, session))
			die("a session key opens with changed context %d", i);
}

int client_unwrap(struct client *c, const uint8_t *dist, const struct qsc_keys_call *call,
		  const char *answer, uint8_t *session, char *error)
{
	struct json_object *obj = json_tokener_parse(answer), *field;
	int ret = -1;

	snprintf(error, 64, "no JSON");
	if (json_object_object_get_ex(obj, "wrapped", &field)) {
		ret = unwrap(c, dist, call, json_object_get_string(field), session);
		if (c->strict)
			try_other_contexts(c, dist, call, json_object_get_string(field));
		snprintf(error, 64, "%s", ret ? "does not open" : "");
	} else if (json_object_object_get_ex(obj, "error", &field)) {
		snprintf(error, 64, "%s", json_object_get_string(field));
	}
	json_object_put(obj);
	return ret;
}

int client_call_key(struct client *c, const uint8_t *dist, const uint8_t *dist_kid,
		    const struct qsc_keys_call *call, uint8_t *session, char *error)
{
	const char *answer;
	char text[1024];

	error[0] = '\0';
	request_text(call, dist_kid, text, sizeof(text));
	answer = client_ask(c, text);
	return answer ? client_unwrap(c, dist, call, answer, session, error) : -2;
}
