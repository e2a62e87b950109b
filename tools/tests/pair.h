/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* A key pair whose private half is known. To be included after cmocka.h. */
#ifndef _QSC_TESTS_PAIR_H
#define _QSC_TESTS_PAIR_H

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "keys_internal.h"

static inline struct qsc_ephemeral *test_pair(const uint8_t secret[QSC_KEYS_LEN],
					      const uint8_t point[QSC_KEYS_POINT])
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	BIGNUM *number = BN_bin2bn(secret, QSC_KEYS_LEN, NULL);
	struct qsc_ephemeral *pair;
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	assert_non_null(number);
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, QSC_KEYS_POINT);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, number);
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(number);
	assert_int_equal(qsc_ephemeral_take(&pair, key), 0);
	assert_memory_equal(qsc_ephemeral_public(pair), point, QSC_KEYS_POINT);
	return pair;
}

#endif /* _QSC_TESTS_PAIR_H */
