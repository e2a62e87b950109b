/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The parts of a registration that its writer and its reader share. */
#ifndef _QSC_KEYS_QREG_H
#define _QSC_KEYS_QREG_H

#include "keys_internal.h"

#define QSC_QREG_MAGIC "QSCREG1\n"
#define QSC_QREG_MAGIC_LEN 8
#define QSC_QREG_SALT 16
#define QSC_QREG_HEAD_MAX (QSC_QREG_MAGIC_LEN + 8 + 2 + QSC_KEYS_ID_MAX + 1 + 4 + QSC_QREG_SALT)
#define QSC_QREG_COUNT_MAX (QSC_KEYS_SLOT_MAX + 1)

/* A record on the disk: nonce, ciphertext, tag. Record 0 has one key. */
#define QSC_QREG_RECORD(keys) (QSC_GCM_NONCE + (size_t)(keys)*QSC_KEYS_LEN + QSC_GCM_TAG)

/* What all records are sealed with. */
struct qsc_qreg_seal {
	uint8_t key[QSC_KEYS_LEN];
	uint8_t aad[32 + 4]; /* SHA-256 of the header, number of the next record */
	uint32_t record;
};

int qsc_qreg_seal_init(struct qsc_qreg_seal *seal, const uint8_t *registration_key,
		       const uint8_t *head, size_t len, const uint8_t *salt);
/* The AAD and the nonce of the next record */
void qsc_qreg_seal_next(struct qsc_qreg_seal *seal, uint8_t nonce[QSC_GCM_NONCE]);

#endif /* _QSC_KEYS_QREG_H */
