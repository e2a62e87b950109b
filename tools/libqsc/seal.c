// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Sealing: key material crosses netlink only encrypted to a key pair of the
 * module's. kmod/seal.c has the other half and says why.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "internal.h"

#define KEY_LEN 32

static const char label[] = "qsc/1 seal";

/* X25519 of @mine with @theirs; @ours is the public half of @mine. */
static int agree(EVP_PKEY *mine, const uint8_t theirs[QSC_SEAL_PUBLIC_LEN],
		 uint8_t ours[QSC_SEAL_PUBLIC_LEN], uint8_t shared[KEY_LEN])
{
	size_t public_len = QSC_SEAL_PUBLIC_LEN, shared_len = KEY_LEN;
	EVP_PKEY *peer =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs, QSC_SEAL_PUBLIC_LEN);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
	bool good;

	good = peer && ctx && EVP_PKEY_get_raw_public_key(mine, ours, &public_len) > 0 &&
	       EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
	       EVP_PKEY_derive(ctx, shared, &shared_len) > 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return good ? 0 : -EIO;
}

static int derive(const uint8_t shared[KEY_LEN], const uint8_t salt[2 * QSC_SEAL_PUBLIC_LEN],
		  uint8_t key[KEY_LEN])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (void *)"SHA256", 6),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (void *)shared, KEY_LEN),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, 2 * QSC_SEAL_PUBLIC_LEN),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)label, sizeof(label) - 1),
		OSSL_PARAM_END,
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool good = ctx && EVP_KDF_derive(ctx, key, KEY_LEN, params) > 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return good ? 0 : -EIO;
}

static int encrypt(const uint8_t key[KEY_LEN], const void *aad, size_t aad_len, const void *plain,
		   size_t len, uint8_t *box)
{
	static const uint8_t nonce[12]; /* each key is used once */
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	bool good;

	good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) > 0 &&
	       EVP_EncryptUpdate(ctx, NULL, &n, aad, aad_len) > 0 &&
	       EVP_EncryptUpdate(ctx, box, &n, plain, len) > 0 &&
	       EVP_EncryptFinal_ex(ctx, box + n, &n) > 0 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, QSC_SEAL_TAG_LEN, box + len) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return good ? 0 : -EIO;
}

/*
 * Seal @len bytes to @theirs, bound to @aad. Writes the public half of @mine and
 * @len + QSC_SEAL_TAG_LEN bytes of box. @mine may seal one message.
 */
int qsc_seal_box(EVP_PKEY *mine, const uint8_t theirs[QSC_SEAL_PUBLIC_LEN], const void *aad,
		 size_t aad_len, const void *plain, size_t len, uint8_t ours[QSC_SEAL_PUBLIC_LEN],
		 uint8_t *box)
{
	uint8_t shared[KEY_LEN], salt[2 * QSC_SEAL_PUBLIC_LEN], key[KEY_LEN];
	int err;

	err = agree(mine, theirs, ours, shared);
	if (!err) {
		memcpy(salt, ours, QSC_SEAL_PUBLIC_LEN);
		memcpy(salt + QSC_SEAL_PUBLIC_LEN, theirs, QSC_SEAL_PUBLIC_LEN);
		err = derive(shared, salt, key);
	}
	if (!err)
		err = encrypt(key, aad, aad_len, plain, len, box);
	qsc_wipe(shared, sizeof(shared));
	qsc_wipe(key, sizeof(key));
	return err;
}

/* Add @plain as a nest @attr, sealed under a key pair that is forgotten at once. */
int qsc_seal_put(struct nl_msg *msg, int attr, const struct qsc_seal_key *to, const void *aad,
		 size_t aad_len, const void *plain, size_t len)
{
	uint8_t box[QSC_SEAL_BATCH_MAX], ours[QSC_SEAL_PUBLIC_LEN];
	struct nlattr *nest;
	EVP_PKEY *mine;
	int err;

	if (len + QSC_SEAL_TAG_LEN > sizeof(box))
		return -EMSGSIZE;
	mine = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	err = mine ? qsc_seal_box(mine, to->public, aad, aad_len, plain, len, ours, box) : -EIO;
	EVP_PKEY_free(mine); /* OpenSSL wipes private keys */
	if (err)
		return err;

	nest = nla_nest_start(msg, attr);
	if (!nest || nla_put_u32(msg, QSC_A_SEAL_ID, to->id) ||
	    nla_put(msg, QSC_A_SEAL_PUBLIC, sizeof(ours), ours) ||
	    nla_put(msg, QSC_A_SEAL_BOX, len + QSC_SEAL_TAG_LEN, box))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* What went wrong between the checks and the sending; returns @err. */
int qsc_seal_error(struct qsc_sock *sk, int err)
{
	if (err == -EMSGSIZE)
		return qsc_fail(sk, err, "the request is too long");
	if (err)
		return qsc_fail(sk, err, "OpenSSL cannot seal the key");
	return 0;
}

static int take_seal(struct qsc_reply *reply, void *arg)
{
	struct nlattr *nest = reply->attrs[QSC_A_CALL_SEAL], *tb[QSC_A_SEAL_MAX + 1];
	struct qsc_seal_key *key = arg;

	if (!nest || nla_parse_nested(tb, QSC_A_SEAL_MAX, nest, NULL) < 0 ||
	    !qsc_get_u32(tb[QSC_A_SEAL_ID]) || !tb[QSC_A_SEAL_PUBLIC] ||
	    nla_len(tb[QSC_A_SEAL_PUBLIC]) != QSC_SEAL_PUBLIC_LEN)
		return -EBADMSG;
	key->id = qsc_get_u32(tb[QSC_A_SEAL_ID]);
	memcpy(key->public, nla_data(tb[QSC_A_SEAL_PUBLIC]), QSC_SEAL_PUBLIC_LEN);
	return 0;
}

/* The module's sealing key: the one we have, until the module refuses it. */
int qsc_seal_get(struct qsc_sock *sk)
{
	int err;

	if (sk->seal.id)
		return 0;
	err = qsc_msg_send_id(sk, QSC_CMD_SEAL_GET, NULL, take_seal, &sk->seal);
	if (!err && !sk->seal.id)
		err = qsc_fail(sk, -EBADMSG, "the kernel gave no sealing key");
	return err;
}

static int run_once(struct qsc_sock *sk, int cmd, qsc_sealed_build build, const char *id,
		    const void *what)
{
	struct nl_msg *msg;
	int err;

	err = qsc_seal_get(sk);
	if (err)
		return err;
	msg = qsc_msg_new(sk, cmd, 0);
	if (!msg)
		return -ENOMEM;
	err = build(sk, msg, id, what, &sk->seal);
	if (!err)
		err = qsc_msg_run(sk, msg, NULL, NULL);
	qsc_msg_free(msg);
	return err;
}

/* Send a request with something sealed in it; once more if the key was gone. */
int qsc_seal_run(struct qsc_sock *sk, int cmd, qsc_sealed_build build, const char *id,
		 const void *what)
{
	int err = run_once(sk, cmd, build, id, what);

	if (err != -EKEYEXPIRED)
		return err;
	sk->seal.id = 0;
	return run_once(sk, cmd, build, id, what);
}
