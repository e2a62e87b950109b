// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* How the records of a registration are sealed. */
#include <errno.h>

#include <openssl/sha.h>

#include "qreg.h"

int qsc_qreg_seal_init(struct qsc_qreg_seal *seal, const uint8_t *registration_key,
		       const uint8_t *head, size_t len, const uint8_t *salt)
{
	memset(seal, 0, sizeof(*seal));
	if (!SHA256(head, len, seal->aad))
		return -EIO;
	return qsc_keys_hkdf(registration_key, QSC_KEYS_LEN, salt, QSC_QREG_SALT, "qreg", 4,
			     seal->key, QSC_KEYS_LEN);
}

/* The key is this file's alone, so the number of a record is a good nonce. */
void qsc_qreg_seal_next(struct qsc_qreg_seal *seal, uint8_t nonce[QSC_GCM_NONCE])
{
	put_be32(seal->aad + 32, seal->record);
	memset(nonce, 0, QSC_GCM_NONCE);
	put_be32(nonce + QSC_GCM_NONCE - 4, seal->record);
	seal->record++;
}
