// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* HMAC-SHA256 with a key of 32 bytes. */
#include <errno.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "keys_internal.h"

int qsc_hmac(const uint8_t key[QSC_KEYS_LEN], const void *data, size_t len, uint8_t out[32])
{
	if (HMAC(EVP_sha256(), key, QSC_KEYS_LEN, data, len, out, NULL))
		return 0;
	OPENSSL_cleanse(out, 32);
	return -EIO;
}
