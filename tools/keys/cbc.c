// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* AES-256-CBC of whole blocks: what every Java Card has. */
#include <errno.h>
#include <limits.h>

#include <openssl/evp.h>

#include "keys_internal.h"

int qsc_cbc(const uint8_t key[QSC_KEYS_LEN], const uint8_t iv[QSC_AES_BLOCK], uint8_t *data,
	    size_t len, bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok;

	ok = ctx && !(len % QSC_AES_BLOCK) && len <= INT_MAX &&
	     EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, iv, encrypt) == 1 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	     EVP_CipherUpdate(ctx, data, &n, data, (int)len) == 1 && (size_t)n == len;
	EVP_CIPHER_CTX_free(ctx);
	if (ok)
		return 0;
	OPENSSL_cleanse(data, len);
	return -EIO;
}
