/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_KDF_H
#define _QSC_KDF_H

#include <linux/types.h>

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
 * qsc_kdf_srtp() - derive one session value from a master key
 * @master: master key
 * @master_len: 16 (RFC 3711 section 4.3.3) or 32 bytes (RFC 6188 section 3)
 * @salt: master salt
 * @salt_len: 12 (RFC 7714 section 11, zero padded) or 14 bytes
 * @label: which value
 * @out: written
 * @out_len: bytes wanted, up to 2^16 blocks
 *
 * The key derivation rate is 0: the index does not enter.
 *
 * Context: any. Wipes its own intermediates.
 * Return: 0, or -EINVAL for a length that is not of those named.
 */
int qsc_kdf_srtp(const u8 *master, u32 master_len, const u8 *salt, u32 salt_len,
		 enum qsc_kdf_label label, u8 *out, u32 out_len);

#endif /* _QSC_KDF_H */
