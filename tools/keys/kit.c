// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The kit: two keys as text, so that it survives being carried about. */
#include <errno.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "keys_internal.h"

#define BASE64_KEY 44 /* 32 bytes with padding */

static const char first_line[] = "qsc-kms-kit 1\n";
static const char kid_line[] = "kid-master: ";
static const char registration_line[] = "registration-key: ";

#define KIT_LEN                                                                          \
	(sizeof(first_line) - 1 + sizeof(kid_line) - 1 + sizeof(registration_line) - 1 + \
	 2 * (BASE64_KEY + 1))

/* Canonical Base64 of 32 bytes, and the newline */
static bool get_key(const char *text, uint8_t key[QSC_KEYS_LEN])
{
	uint8_t again[BASE64_KEY + 1], raw[33];
	bool ok = EVP_DecodeBlock(raw, (const uint8_t *)text, BASE64_KEY) == sizeof(raw) &&
		  EVP_EncodeBlock(again, raw, QSC_KEYS_LEN) == BASE64_KEY &&
		  !CRYPTO_memcmp(again, text, BASE64_KEY) && text[BASE64_KEY] == '\n';

	if (ok)
		memcpy(key, raw, QSC_KEYS_LEN);
	OPENSSL_cleanse(raw, sizeof(raw));
	OPENSSL_cleanse(again, sizeof(again));
	return ok;
}

static bool skip(const char **p, const char *label)
{
	size_t len = strlen(label);
	bool same = !memcmp(*p, label, len);

	*p += len;
	return same;
}

static bool parse(const char *text, struct qsc_kit *kit)
{
	const char *p = text;
	bool ok = skip(&p, first_line) && skip(&p, kid_line) && get_key(p, kit->kid_master);

	p += BASE64_KEY + 1;
	return ok && skip(&p, registration_line) && get_key(p, kit->registration_key);
}

int qsc_kit_read(const char *path, struct qsc_kit *kit, struct qsc_why *why)
{
	char text[KIT_LEN + 1];
	int n = qsc_secret_read(path, text, sizeof(text), why);
	int err = n < 0 && n != -EFBIG ? n : 0;

	if (!err && (n != KIT_LEN || !parse(text, kit)))
		err = qsc_why(why, -EINVAL,
			      "%s is no key service kit, or a damaged one: export it again with "
			      "qskms kit",
			      path);
	OPENSSL_cleanse(text, sizeof(text));
	if (err)
		OPENSSL_cleanse(kit, sizeof(*kit));
	return err;
}

static char *put_line(char *p, const char *label, const uint8_t *key)
{
	p = stpcpy(p, label);
	p += EVP_EncodeBlock((uint8_t *)p, key, QSC_KEYS_LEN);
	*p++ = '\n';
	return p;
}

int qsc_kit_write(const char *path, const struct qsc_kit *kit, struct qsc_why *why)
{
	char text[KIT_LEN + 1];
	char *p = stpcpy(text, first_line);
	int err;

	p = put_line(p, kid_line, kit->kid_master);
	put_line(p, registration_line, kit->registration_key);
	err = qsc_secret_write(path, text, KIT_LEN, why);
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}
