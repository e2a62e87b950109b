// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Keys as lines of text. */
#include <openssl/evp.h>

#include "keytext.h"

void qsc_keytext_put(char **p, const char *label, const uint8_t key[QSC_KEYS_LEN])
{
	*p = stpcpy(*p, label);
	*p += EVP_EncodeBlock((uint8_t *)*p, key, QSC_KEYS_LEN);
	*(*p)++ = '\n';
}

bool qsc_keytext_skip(const char **p, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*p, text, len))
		return false;
	*p += len;
	return true;
}

bool qsc_keytext_get(const char **p, const char *label, uint8_t key[QSC_KEYS_LEN])
{
	uint8_t again[QSC_KEYTEXT_KEY + 1], raw[33];
	bool ok = qsc_keytext_skip(p, label) && strnlen(*p, QSC_KEYTEXT_KEY) == QSC_KEYTEXT_KEY &&
		  EVP_DecodeBlock(raw, (const uint8_t *)*p, QSC_KEYTEXT_KEY) == sizeof(raw) &&
		  EVP_EncodeBlock(again, raw, QSC_KEYS_LEN) == QSC_KEYTEXT_KEY &&
		  !CRYPTO_memcmp(again, *p, QSC_KEYTEXT_KEY) && (*p)[QSC_KEYTEXT_KEY] == '\n';

	if (ok) {
		memcpy(key, raw, QSC_KEYS_LEN);
		*p += QSC_KEYTEXT_KEY + 1;
	}
	OPENSSL_cleanse(raw, sizeof(raw));
	OPENSSL_cleanse(again, sizeof(again));
	return ok;
}
