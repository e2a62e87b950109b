// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Key pairs of P-256 that live for one agreement. */
#include <errno.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "keys_internal.h"

#define UNCOMPRESSED 4

int qsc_ephemeral_take(struct qsc_ephemeral **out, EVP_PKEY *key)
{
	struct qsc_ephemeral *e = key ? calloc(1, sizeof(*e)) : NULL;
	size_t len = 0;

	*out = NULL;
	if (e &&
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, e->public_point,
					    QSC_KEYS_POINT, &len) == 1 &&
	    len == QSC_KEYS_POINT) {
		e->key = key;
		*out = e;
		return 0;
	}
	free(e);
	EVP_PKEY_free(key);
	return -EIO;
}

int qsc_ephemeral_new(struct qsc_ephemeral **out)
{
	return qsc_ephemeral_take(out, EVP_EC_gen("P-256"));
}

const uint8_t *qsc_ephemeral_public(const struct qsc_ephemeral *e)
{
	return e->public_point;
}

void qsc_ephemeral_free(struct qsc_ephemeral *e)
{
	if (!e)
		return;
	EVP_PKEY_free(e->key);
	free(e);
}

/* NULL unless it is a point of the curve: that is all there is to check, its cofactor is 1. */
static EVP_PKEY *read_point(EVP_PKEY *mine, const uint8_t point[QSC_KEYS_POINT])
{
	EVP_PKEY *theirs = point[0] == UNCOMPRESSED ? EVP_PKEY_new() : NULL;

	if (theirs && EVP_PKEY_copy_parameters(theirs, mine) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(theirs, point, QSC_KEYS_POINT) == 1)
		return theirs;
	EVP_PKEY_free(theirs);
	return NULL;
}

static bool agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t shared[QSC_KEYS_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
	size_t len = QSC_KEYS_LEN;
	bool ok;

	/* What a further validation would look at costs as much as the agreement. */
	ok = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
	     EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 &&
	     EVP_PKEY_derive(ctx, shared, &len) == 1 && len == QSC_KEYS_LEN;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

int qsc_ephemeral_agree(struct qsc_ephemeral *e, const uint8_t theirs[QSC_KEYS_POINT],
			uint8_t shared[QSC_KEYS_LEN])
{
	EVP_PKEY *point = e->key ? read_point(e->key, theirs) : NULL;
	int err = -EINVAL;

	if (point)
		err = agree(e->key, point, shared) ? 0 : -EIO;
	EVP_PKEY_free(point);
	EVP_PKEY_free(e->key);
	e->key = NULL;
	if (err)
		OPENSSL_cleanse(shared, QSC_KEYS_LEN);
	return err;
}
