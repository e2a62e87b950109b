/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_KDF_H
#define _QSC_KDF_H

#include <linux/types.h>

#include "compat.h"

#define QSC_KDF_SALT_LEN 14 /* RFC 3711: 112 bits */

/* RFC 3711 section 4.3.1 */
enum qsc_kdf_label {
	QSC_KDF_RTP_ENCRYPTION = 0,
	QSC_KDF_RTP_AUTH = 1,
	QSC_KDF_RTP_SALT = 2,
	QSC_KDF_RTCP_ENCRYPTION = 3,
	QSC_KDF_RTCP_AUTH = 4,
	QSC_KDF_RTCP_SALT = 5,
};

/**
 * struct qsc_kdf - the AES-CM PRF of SRTP, keyed with a master key
 * @salt: master salt, padded with zeros
 * @keyed: the cipher of the module is this one's until qsc_kdf_destroy()
 */
struct qsc_kdf {
	u8 salt[QSC_KDF_SALT_LEN];
	bool keyed;
};

/**
 * qsc_kdf_init() - take a master key
 * @kdf: written
 * @master: master key
 * @master_len: 16 (RFC 3711 section 4.3.3) or 32 bytes (RFC 6188 section 3)
 * @salt: master salt
 * @salt_len: 12 (RFC 7714 section 11, zero padded) or 14 bytes
 *
 * One at a time, in the whole module: nothing in between qsc_kdf_init() and
 * qsc_kdf_destroy() may wait for anything.
 *
 * Context: process, may sleep.
 * Return: 0, or -EINVAL for a length that is not of those named; then @kdf holds
 * nothing.
 */
int qsc_kdf_init(struct qsc_kdf *kdf, const u8 *master, u32 master_len, const u8 *salt,
		 u32 salt_len);

/**
 * qsc_kdf_derive() - derive one session value
 * @kdf: master key
 * @label: which value
 * @out: written
 * @out_len: bytes wanted, up to 2^16 blocks
 *
 * The key derivation rate is 0: the index does not enter.
 *
 * Context: as above. Wipes its own intermediates.
 */
void qsc_kdf_derive(const struct qsc_kdf *kdf, enum qsc_kdf_label label, u8 *out, u32 out_len);

/**
 * qsc_kdf_destroy() - wipe the master key
 * @kdf: from qsc_kdf_init(), also if that failed
 */
void qsc_kdf_destroy(struct qsc_kdf *kdf);

/* Zero the master key of a derivation under way; the other CPUs have stopped. */
void qsc_kdf_panic(void);

/* What the master key is expanded in, and how large that is: for tests. */
u8 *qsc_kdf_cipher(size_t *size);

int qsc_kdf_module_init(void);
void qsc_kdf_module_exit(void);

#endif /* _QSC_KDF_H */
