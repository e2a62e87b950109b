// SPDX-License-Identifier: GPL-2.0
/*
 * Key derivation: the AES-CM PRF of SRTP. Calls are set up by the thousand, and most
 * of that would be AES in C: so it is a cipher of the crypto API, which has the
 * instructions of the CPU, one for all, since it would cost as much to make as to use.
 */

#include "kdf.h"

#include <crypto/aes.h>
#include <crypto/internal/cipher.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#define LABEL_AT 7 /* key_id = label || r; r is 48 bits and zero */

static struct crypto_cipher *aes;
static DEFINE_MUTEX(aes_lock); /* while there is a master key in @aes */

u8 *qsc_kdf_cipher(size_t *size)
{
	struct crypto_tfm *tfm = crypto_cipher_tfm(aes);

	*size = tfm->__crt_alg->cra_ctxsize;
	return crypto_tfm_ctx(tfm);
}

static void forget(void)
{
	size_t size;
	u8 *keys = qsc_kdf_cipher(&size);

	memzero_explicit(keys, size);
}

int qsc_kdf_init(struct qsc_kdf *kdf, const u8 *master, u32 master_len, const u8 *salt,
		 u32 salt_len)
{
	int err;

	memset(kdf, 0, sizeof(*kdf));
	if ((master_len != AES_KEYSIZE_128 && master_len != AES_KEYSIZE_256) ||
	    salt_len > QSC_KDF_SALT_LEN)
		return -EINVAL;

	mutex_lock(&aes_lock);
	err = crypto_cipher_setkey(aes, master, master_len);
	if (err) {
		forget();
		mutex_unlock(&aes_lock);
		return err;
	}
	memcpy(kdf->salt, salt, salt_len);
	kdf->keyed = true;
	return 0;
}

void qsc_kdf_derive(const struct qsc_kdf *kdf, enum qsc_kdf_label label, u8 *out, u32 out_len)
{
	u8 block[AES_BLOCK_SIZE], x[AES_BLOCK_SIZE];
	u16 counter = 0;

	lockdep_assert_held(&aes_lock);
	memcpy(x, kdf->salt, QSC_KDF_SALT_LEN);
	x[LABEL_AT] ^= label;
	while (out_len) {
		u32 n = min_t(u32, out_len, AES_BLOCK_SIZE);

		put_unaligned_be16(counter++, x + QSC_KDF_SALT_LEN);
		crypto_cipher_encrypt_one(aes, block, x);
		memcpy(out, block, n);
		out += n;
		out_len -= n;
	}
	memzero_explicit(block, sizeof(block));
	memzero_explicit(x, sizeof(x));
}

void qsc_kdf_destroy(struct qsc_kdf *kdf)
{
	if (kdf->keyed) {
		forget();
		mutex_unlock(&aes_lock);
	}
	memzero_explicit(kdf, sizeof(*kdf));
}

void qsc_kdf_panic(void)
{
	forget();
}

int qsc_kdf_module_init(void)
{
	aes = crypto_alloc_cipher("aes", 0, 0);
	return PTR_ERR_OR_ZERO(aes);
}

void qsc_kdf_module_exit(void)
{
	crypto_free_cipher(aes);
}

/* Of <crypto/internal/cipher.h>. MODULE_IMPORT_NS() took a word before 6.13. */
MODULE_INFO(import_ns, "CRYPTO_INTERNAL");
