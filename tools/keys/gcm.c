// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* AES-256-GCM of whole messages. */
#include <errno.h>
#include <limits.h>

#include <openssl/evp.h>

#include "keys_internal.h"

static bool prepare(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce, const void *aad,
		    size_t aad_len, int encrypt)
{
	int n;

	return ctx && aad_len <= INT_MAX &&
	       EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, aad, (int)aad_len) == 1;
}

int qsc_gcm_seal(const uint8_t key[QSC_KEYS_LEN], const uint8_t nonce[QSC_GCM_NONCE],
		 const void *aad, size_t aad_len, const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ok = len <= INT_MAX && prepare(ctx, key, nonce, aad, aad_len, 1);
	int n;

	ok = ok && EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 &&
	     EVP_CipherFinal_ex(ctx, out + len, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, QSC_GCM_TAG, out + len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (ok)
		return 0;
	OPENSSL_cleanse(out, len + QSC_GCM_TAG);
	return -EIO;
}

/* @len is that of the plaintext; @in has the tag behind it. */
int qsc_gcm_open(const uint8_t key[QSC_KEYS_LEN], const uint8_t nonce[QSC_GCM_NONCE],
		 const void *aad, size_t aad_len, const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ok = len <= INT_MAX && prepare(ctx, key, nonce, aad, aad_len, 0);
	uint8_t tag[QSC_GCM_TAG];
	int n, err = -EIO;

	memcpy(tag, in + len, sizeof(tag));
	if (ok && EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, QSC_GCM_TAG, tag) == 1)
		err = EVP_CipherFinal_ex(ctx, out + len, &n) == 1 ? 0 : -EBADMSG;
	EVP_CIPHER_CTX_free(ctx);
	if (err)
		OPENSSL_cleanse(out, len);
	return err;
}
