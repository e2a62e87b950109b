/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_HKDF_H
#define _QSC_HKDF_H

#include <linux/types.h>
#include <crypto/sha2.h>

#define QSC_PRK_LEN SHA256_DIGEST_SIZE
#define QSC_HKDF_OUT_MAX (255 * SHA256_DIGEST_SIZE)

/**
 * qsc_hkdf_extract() - HKDF-Extract with SHA-256 (RFC 5869 section 2.2)
 * @salt: @salt_len bytes
 * @salt_len: any
 * @ikm: input keying material
 * @ikm_len: any
 * @prk: written; the caller wipes it
 *
 * Context: any. Allocates nothing, wipes its own intermediates; what the library's
 * hash spills is left to qsc_stack_wipe().
 */
void qsc_hkdf_extract(const u8 *salt, u32 salt_len, const u8 *ikm, u32 ikm_len,
		      u8 prk[QSC_PRK_LEN]);

/**
 * qsc_hkdf_expand() - HKDF-Expand with SHA-256 (RFC 5869 section 2.3)
 * @prk: from qsc_hkdf_extract()
 * @info: @info_len bytes
 * @info_len: any
 * @out: written; the caller wipes it
 * @out_len: 0 to QSC_HKDF_OUT_MAX
 *
 * Context: as qsc_hkdf_extract().
 */
void qsc_hkdf_expand(const u8 prk[QSC_PRK_LEN], const u8 *info, u32 info_len, u8 *out, u32 out_len);

/* The one after the other; parameters as above. */
void qsc_hkdf(const u8 *salt, u32 salt_len, const u8 *ikm, u32 ikm_len, const u8 *info,
	      u32 info_len, u8 *out, u32 out_len);

#endif /* _QSC_HKDF_H */
