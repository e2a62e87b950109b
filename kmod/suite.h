/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_SUITE_H
#define _QSC_SUITE_H

#include <linux/types.h>
#include <linux/qsc.h>

#define QSC_SALT_LEN 12 /* RFC 7714 section 12: every AEAD suite */
#define QSC_TAG_LEN 16

/**
 * struct qsc_suite_desc - a row of the suite table
 * @id: QSC_SUITE_*
 * @name: SDP name (RFC 4568, RFC 7714 section 14.2)
 * @alg: name of the AEAD in the kernel crypto API, or NULL
 * @internal: name of the fused SIMD driver behind an asynchronous wrapper, or
 *	NULL. It may be called only while crypto_simd_usable(), so such a suite
 *	needs a portable fallback; aead.c has one for AES.
 * @key_len: bytes of the master key and of the session key; 0 for none
 * @salt_len: bytes of the master salt
 * @tag_len: bytes added to each packet
 * @cm: counter mode and HMAC, see cm.h
 * @relay_only: for legs of relay calls only
 */
struct qsc_suite_desc {
	u32 id;
	const char *name;
	const char *alg;
	const char *internal;
	u8 key_len;
	u8 salt_len;
	u8 tag_len;
	bool cm;
	bool relay_only;
};

/**
 * qsc_suite_by_id() - look a suite up
 * @id: QSC_SUITE_*
 *
 * Return: the row, static for the life of the module, or NULL.
 */
const struct qsc_suite_desc *qsc_suite_by_id(u32 id);

#endif /* _QSC_SUITE_H */
