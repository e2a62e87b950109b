// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Sealing: key material crosses netlink only encrypted to a key pair of the
 * module's. kmod/seal.c has the other half and says why.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "internal.h"

#define KEY_LEN 32

static const char label[] = "qsc/1 seal";

/* X25519 of a key pair made here with @theirs; @ours is its public half. */
static int agree(const uint8_t theirs[QSC_SEAL_PUBLIC_LEN], uint8_t ours[QSC_SEAL_PUBLIC_LEN],
		 uint8_t shared[KEY_LEN])
{
	size_t public_len = QSC_SEAL_PUBLIC_LEN, shared_len = KEY_LEN;
	EVP_PKEY *mine = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs,
						     QSC_SEAL_PUBLIC_LEN);
	EVP_PKEY_CTX *ctx = mine ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
	bool good;

	good = peer && ctx && EVP_PKEY_get_raw_public_key(mine, ours, &public_len) > 0 &&
	       EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
	       EVP_PKEY_derive(ctx, shared, &shared_len) > 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(mine); /* OpenSSL wipes private keys */
	return good ? 0 : -EIO;
}

static int derive(const uint8_t shared[KEY_LEN], const uint8_t salt[2 * QSC_SEAL_PUBLIC_LEN],
		  uint8_t key[KEY_LEN])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 6),
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
 * Seal @len bytes to @theirs, bound to @aad. Writes the public key that goes
 * with the message, and @len + QSC_SEAL_TAG_LEN bytes of box.
 */
int qsc_seal_box(const uint8_t theirs[QSC_SEAL_PUBLIC_LEN], const void *aad, size_t aad_len,
		 const void *plain, size_t len, uint8_t ours[QSC_SEAL_PUBLIC_LEN], uint8_t *box)
{
	uint8_t shared[KEY_LEN], salt[2 * QSC_SEAL_PUBLIC_LEN], key[KEY_LEN];
	int err;

	err = agree(theirs, ours, shared);
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
