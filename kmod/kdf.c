// SPDX-License-Identifier: GPL-2.0
/* Key derivation: the AES-CM PRF of SRTP. */

#include "kdf.h"

#include <crypto/aes.h>
#include <linux/string.h>

#define LABEL_AT 7 /* key_id = label || r; r is 48 bits and zero */

int qsc_kdf_init(struct qsc_kdf *kdf, const u8 *master, u32 master_len, const u8 *salt,
		 u32 salt_len)
{
	int err = -EINVAL;

	if ((master_len == AES_KEYSIZE_128 || master_len == AES_KEYSIZE_256) &&
	    salt_len <= QSC_KDF_SALT_LEN)
		err = aes_prepareenckey(&kdf->aes, master, master_len);
	if (err) {
		qsc_kdf_destroy(kdf);
		return err;
	}
	memset(kdf->salt, 0, sizeof(kdf->salt));
	memcpy(kdf->salt, salt, salt_len);
	return 0;
}

void qsc_kdf_derive(const struct qsc_kdf *kdf, enum qsc_kdf_label label, u8 *out, u32 out_len)
{
	u8 block[AES_BLOCK_SIZE], x[AES_BLOCK_SIZE];
	u16 counter = 0;

	memcpy(x, kdf->salt, QSC_KDF_SALT_LEN);
	x[LABEL_AT] ^= label;
	while (out_len) {
		u32 n = min_t(u32, out_len, AES_BLOCK_SIZE);

		put_unaligned_be16(counter++, x + QSC_KDF_SALT_LEN);
		aes_encrypt(&kdf->aes, block, x);
		memcpy(out, block, n);
		out += n;
		out_len -= n;
	}
	memzero_explicit(block, sizeof(block));
	memzero_explicit(x, sizeof(x));
}

void qsc_kdf_destroy(struct qsc_kdf *kdf)
{
	memzero_explicit(kdf, sizeof(*kdf));
}
