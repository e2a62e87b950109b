/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_OPEN_H
#define _QSC_OPEN_H

#include <linux/types.h>

#define QSC_BOX_LEN_MAX 65536 /* bytes of each: associated data, and what is in a box */
#define QSC_BOX_KEY_LEN 32
#define QSC_BOX_TAG_LEN 16

/**
 * qsc_box_open() - open a message of a key that is used once (AES-256-GCM, nonce 0)
 * @key: QSC_BOX_KEY_LEN bytes; the caller wipes them
 * @aad: @aad_len bytes
 * @aad_len: at most QSC_BOX_LEN_MAX
 * @box: @len bytes of ciphertext, then the tag
 * @out: @len bytes, written on success only; the caller wipes them
 * @len: at most QSC_BOX_LEN_MAX
 *
 * Context: process, may sleep. All copies but @out are wiped.
 * Return: 0, -EBADMSG if key, associated data or message do not belong
 * together, or another errno.
 */
int qsc_box_open(const u8 key[QSC_BOX_KEY_LEN], const u8 *aad, u32 aad_len, const u8 *box, u8 *out,
		 u32 len);

#endif /* _QSC_OPEN_H */
