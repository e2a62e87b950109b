// SPDX-License-Identifier: GPL-2.0
/*
 * tell_secrets.so - for the key service of a test, by LD_PRELOAD: writes what
 * secrets.py needs to the file QSC_TELL_SECRETS. The service itself cannot: it
 * has no way to log a key, and that is to stay so.
 *
 *   key CONN KID			the card key that a client logs in with
 *   message CONN HEX			a message of a handshake, either way
 *   shared HEX				X25519's result; the next "log" is its connection's
 *   log CONN LABEL RANDOM HEX		a line of OpenSSL's key log
 *   random HEX				32 bytes from getrandom(): a session key
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <sys/random.h>

#define SESSION_KEY 32
#define LINE_MAX_BYTES 40960

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int output(void)
{
	const char *path = getenv("QSC_TELL_SECRETS");
	static int fd = -1;

	if (fd < 0 && path)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd;
}

static void *real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

static void tell(const char *what, const void *conn, const char *text, const void *bytes, size_t n)
{
	static char line[LINE_MAX_BYTES];
	size_t i;
	int len;

	pthread_mutex_lock(&lock);
	len = snprintf(line, sizeof(line), "%s", what);
	if (conn)
		len += snprintf(line + len, sizeof(line) - (size_t)len, " %p", conn);
	if (text)
		len += snprintf(line + len, sizeof(line) - (size_t)len, " %s", text);
	if (n)
		line[len++] = ' ';
	for (i = 0; i < n && (size_t)len + 3 < sizeof(line); i++)
		len += snprintf(line + len, 3, "%02x", ((const unsigned char *)bytes)[i]);
	line[len++] = '\n';
	if (write(output(), line, (size_t)len) != len)
		abort();
	pthread_mutex_unlock(&lock);
}

static void log_line(const SSL *ssl, const char *line)
{
	tell("log", ssl, line, NULL, 0);
}

static void message(int write_p, int version, int type, const void *buf, size_t len, SSL *ssl,
		    void *arg)
{
	(void)write_p;
	(void)version;
	(void)arg;
	if (type == SSL3_RT_HANDSHAKE)
		tell("message", ssl, NULL, buf, len);
}

SSL_CTX *SSL_CTX_new(const SSL_METHOD *method)
{
	SSL_CTX *(*next)(const SSL_METHOD *) = real("SSL_CTX_new");
	SSL_CTX *ctx = next(method);

	if (ctx) {
		SSL_CTX_set_keylog_callback(ctx, log_line);
		SSL_CTX_set_msg_callback(ctx, message);
	}
	return ctx;
}

static SSL_psk_find_session_cb_func find_session;

static int find_and_tell(SSL *ssl, const unsigned char *id, size_t len, SSL_SESSION **session)
{
	tell("key", ssl, NULL, id, len);
	return find_session(ssl, id, len, session);
}

void SSL_CTX_set_psk_find_session_callback(SSL_CTX *ctx, SSL_psk_find_session_cb_func cb)
{
	void (*next)(SSL_CTX *, SSL_psk_find_session_cb_func) =
		real("SSL_CTX_set_psk_find_session_callback");

	find_session = cb;
	next(ctx, find_and_tell);
}

int EVP_PKEY_derive(EVP_PKEY_CTX *ctx, unsigned char *key, size_t *len)
{
	int (*next)(EVP_PKEY_CTX *, unsigned char *, size_t *) = real("EVP_PKEY_derive");
	int ret = next(ctx, key, len);

	/* HKDF is called in the same way; secrets.py finds the right one. */
	if (ret > 0 && key && *len == 32)
		tell("shared", NULL, NULL, key, *len);
	return ret;
}

ssize_t getrandom(void *buffer, size_t length, unsigned int flags)
{
	ssize_t (*next)(void *, size_t, unsigned int) = real("getrandom");
	ssize_t n = next(buffer, length, flags);

	if (n == SESSION_KEY && length == SESSION_KEY)
		tell("random", NULL, NULL, buffer, SESSION_KEY);
	return n;
}
