// SPDX-License-Identifier: GPL-2.0
/* Key derivation: the AES-CM PRF of SRTP. */

#include "kdf.h"

#include <crypto/aes.h>
#include <linux/string.h>

#include "compat.h"

#define SALT_LEN 14 /* RFC 3711: 112 bits */
#define LABEL_AT 7 /* key_id = label || r; r is 48 bits and zero */

int qsc_kdf_srtp(const u8 *master, u32 master_len, const u8 *salt, u32 salt_len,
		 enum qsc_kdf_label label, u8 *out, u32 out_len)
{
	u8 block[AES_BLOCK_SIZE], x[AES_BLOCK_SIZE] = {};
	struct aes_enckey aes;
	u16 counter = 0;
	int err;

	if ((master_len != AES_KEYSIZE_128 && master_len != AES_KEYSIZE_256) || salt_len > SALT_LEN)
		return -EINVAL;
	err = aes_prepareenckey(&aes, master, master_len);
	if (err)
		goto out;

	memcpy(x, salt, salt_len);
	x[LABEL_AT] ^= label;
	while (out_len) {
		u32 n = min_t(u32, out_len, AES_BLOCK_SIZE);

		put_unaligned_be16(counter++, x + SALT_LEN);
		aes_encrypt(&aes, block, x);
		memcpy(out, block, n);
		out += n;
		out_len -= n;
	}
out:
	memzero_explicit(&aes, sizeof(aes));
	memzero_explicit(block, sizeof(block));
	memzero_explicit(x, sizeof(x));
	return err;
}
