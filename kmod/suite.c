// SPDX-License-Identifier: GPL-2.0
/* The suites, one row each. */

#include "suite.h"

#include <linux/kernel.h>

#include "cm.h"

static const struct qsc_suite_desc suites[] = {
	{
		.id = QSC_SUITE_AEAD_AES_256_GCM,
		.name = "AEAD_AES_256_GCM",
		.alg = "gcm(aes)",
		.internal = "__gcm(aes)",
		.key_len = 32,
		.salt_len = QSC_SALT_LEN,
		.tag_len = QSC_TAG_LEN,
	},
	{
		.id = QSC_SUITE_AEAD_AES_128_GCM,
		.name = "AEAD_AES_128_GCM",
		.alg = "gcm(aes)",
		.internal = "__gcm(aes)",
		.key_len = 16,
		.salt_len = QSC_SALT_LEN,
		.tag_len = QSC_TAG_LEN,
	},
	{
		.id = QSC_SUITE_AEAD_SM4_GCM,
		.name = "AEAD_SM4_GCM",
		.alg = "gcm(sm4)",
		.key_len = 16,
		.salt_len = QSC_SALT_LEN,
		.tag_len = QSC_TAG_LEN,
	},
	{
		.id = QSC_SUITE_AES_CM_128_HMAC_SHA1_80,
		.name = "AES_CM_128_HMAC_SHA1_80",
		.key_len = QSC_CM_KEY_LEN,
		.salt_len = QSC_CM_SALT_LEN,
		.tag_len = QSC_CM_TAG_LEN,
		.cm = true,
		.relay_only = true,
	},
	{
		.id = QSC_SUITE_PLAIN,
		.name = "plain",
		.relay_only = true,
	},
};

const struct qsc_suite_desc *qsc_suite_by_id(u32 id)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		if (suites[i].id == id)
			return &suites[i];
	return NULL;
}
