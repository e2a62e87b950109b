// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * TLS 1.3 with an external PSK and nothing else: no certificate, no ticket, no
 * early data, one ciphersuite (another hash would break the PSK), one group.
 */
#include "conn.h"

static bool configure(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_CLEANSE_PLAINTEXT);
	/* Buffers are wiped each time they are given back: not more than we ever send. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_send_fragment(ctx, ANSWER_MAX);
	/* Nothing between us and a subscriber takes this for TLS 1.2. */
	SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_client_hello_cb(ctx, login_hello, NULL);
	SSL_CTX_set_psk_find_session_callback(ctx, login_find_key);
	SSL_CTX_set_alpn_select_cb(ctx, login_select_alpn, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384") == 1 &&
	       SSL_CTX_set1_groups_list(ctx, "X25519") == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1;
}

SSL_CTX *tls_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx && !configure(ctx)) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}
