// SPDX-License-Identifier: GPL-2.0
/* The ciphers under the module's files: OpenSSL in the place of kmod/aead.c. */
#include <openssl/evp.h>
#include <sanitizer/asan_interface.h>

#include "crypto.h"
#include "kdf.h"
#include "keymem.h"

#define NONCES_MAX 1024

struct nonce {
	u8 key[QSC_AEAD_KEY_MAX];
	struct qsc_iv iv;
};

static struct nonce nonces[NONCES_MAX];
static unsigned int n_nonces;

void nonces_forget(void)
{
	n_nonces = 0;
}

/* The worst that can happen to GCM: two messages under one key and nonce. */
static void check_nonce_is_new(const struct qsc_aead *a, struct qsc_iv iv)
{
	for (unsigned int i = 0; i < n_nonces; i++)
		CHECK(nonces[i].iv.high != iv.high || nonces[i].iv.low != iv.low ||
		      memcmp(nonces[i].key, a->key, sizeof(a->key)));
	CHECK(n_nonces < NONCES_MAX);
	memcpy(nonces[n_nonces].key, a->key, sizeof(a->key));
	nonces[n_nonces++].iv = iv;
}

int qsc_aead_init(struct qsc_aead *a, const struct qsc_suite_desc *suite, const u8 *key)
{
	a->key_len = suite->key_len;
	/* It may be there already. */
	memmove(a->key, key, suite->key_len);
	return 0;
}

int qsc_aead_init_shared(struct qsc_aead *a, const struct qsc_suite_desc *suite, const u8 *key)
{
	return qsc_aead_init(a, suite, key);
}

void qsc_aead_destroy(struct qsc_aead *a)
{
	explicit_bzero(a, sizeof(*a));
}

/* Whether the tag was right; @dir is OpenSSL's: 1 encrypts. */
static bool gcm(const struct qsc_aead *a, struct qsc_iv iv, int dir, const u8 *aad, u32 aad_len,
		u8 *data, u32 len)
{
	static EVP_CIPHER_CTX *ctx;
	u8 bytes[QSC_IV_LEN];
	int n;

	if (!ctx)
		ctx = EVP_CIPHER_CTX_new();
	put_unaligned_be32(iv.high >> 32, bytes);
	put_unaligned_be32(iv.high, bytes + 4);
	put_unaligned_be32(iv.low, bytes + 8);
	CHECK(EVP_CipherInit_ex(ctx, a->key_len == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm(), NULL,
				a->key, bytes, dir) == 1);
	CHECK(EVP_CipherUpdate(ctx, NULL, &n, aad, aad_len) == 1);
	CHECK(EVP_CipherUpdate(ctx, data, &n, data, len) == 1);
	if (!dir)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, QSC_TAG_LEN, data + len);
	if (EVP_CipherFinal_ex(ctx, data + len, &n) != 1)
		return false;
	if (dir)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, QSC_TAG_LEN, data + len);
	return true;
}

/* OpenSSL is not instrumented: it would go beyond an end unseen. */
static void check_memory(const u8 *p, u32 len)
{
	CHECK(!__asan_region_is_poisoned((void *)p, len));
}

int qsc_aead_encrypt_split(const struct qsc_aead *a, struct qsc_iv iv, const u8 *aad, u8 *data,
			   u32 len)
{
	check_memory(data, len + QSC_TAG_LEN);
	check_nonce_is_new(a, iv);
	CHECK(gcm(a, iv, 1, aad, QSC_AEAD_SPLIT_AAD, data, len));
	return 0;
}

int qsc_aead_decrypt_split(const struct qsc_aead *a, struct qsc_iv iv, const u8 *aad, u8 *data,
			   u32 len)
{
	check_memory(data, len + QSC_TAG_LEN);
	return gcm(a, iv, 0, aad, QSC_AEAD_SPLIT_AAD, data, len) ? 0 : -EBADMSG;
}

int qsc_aead_encrypt(const struct qsc_aead *a, struct qsc_iv iv, u8 *p, u32 aad_len, u32 len)
{
	check_memory(p, aad_len + len + QSC_TAG_LEN);
	check_nonce_is_new(a, iv);
	CHECK(gcm(a, iv, 1, p, aad_len, p + aad_len, len));
	return 0;
}

int qsc_aead_decrypt(const struct qsc_aead *a, struct qsc_iv iv, u8 *p, u32 aad_len, u32 len)
{
	check_memory(p, aad_len + len + QSC_TAG_LEN);
	return gcm(a, iv, 0, p, aad_len, p + aad_len, len) ? 0 : -EBADMSG;
}

/* NOLINTBEGIN(misc-unused-parameters): these only have to be there */

const char *qsc_aead_driver(const struct qsc_suite_desc *suite, bool *fast)
{
	if (fast)
		*fast = true;
	return "openssl";
}

const char *qsc_cm_driver(void)
{
	return NULL;
}

/* No key of that suite is made: legs of relay calls alone have it. */
int qsc_cm_init(struct qsc_cm *c, const u8 *key, const u8 *auth)
{
	return -ENOENT;
}

void qsc_cm_destroy(struct qsc_cm *c)
{
}

int qsc_cm_protect(const struct qsc_cm *c, u32 ssrc, u64 index, u8 *p, u32 hdr, u32 len,
		   __be32 tail, u8 *tag)
{
	return -ENOENT;
}

int qsc_cm_unprotect(const struct qsc_cm *c, u32 ssrc, u64 index, u8 *p, u32 hdr, u32 len,
		     __be32 tail, const u8 *tag)
{
	return -ENOENT;
}

/* NOLINTEND(misc-unused-parameters) */

struct qsc_key *qsc_keymem_get(void)
{
	return calloc(1, sizeof(struct qsc_key));
}

void qsc_keymem_list(struct qsc_key *key)
{
	assert(!key->all.next);
}

void qsc_keymem_put(struct qsc_key *key)
{
	free(key);
}

struct crypto_cipher *crypto_alloc_cipher(const char *name, u32 type, u32 mask)
{
	static const struct crypto_alg alg = { .cra_ctxsize = sizeof(AES_KEY) };
	static struct crypto_cipher one = { .tfm.__crt_alg = &alg };

	return !strcmp(name, "aes") && !type && !mask ? &one : ERR_PTR(-ENOENT);
}

void crypto_free_cipher(struct crypto_cipher *cipher)
{
	memset(cipher, 0xee, sizeof(*cipher));
}

int crypto_cipher_setkey(struct crypto_cipher *cipher, const u8 *key, unsigned int len)
{
	return AES_set_encrypt_key(key, len * 8, &cipher->tfm.key) ? -EINVAL : 0;
}

void crypto_cipher_encrypt_one(struct crypto_cipher *cipher, u8 *out, const u8 *in)
{
	AES_encrypt(in, out, &cipher->tfm.key);
}

struct qsc_key *make_key(struct qsc_key_params *p, u8 secret)
{
	u8 master[QSC_AEAD_KEY_MAX], salt[QSC_SALT_LEN];
	static bool started;
	struct qsc_key *key;

	if (!started)
		CHECK(!qsc_kdf_module_init());
	started = true;
	memset(master, secret, sizeof(master));
	memset(salt, ~secret, sizeof(salt));
	p->master = master;
	p->salt = salt;
	key = qsc_key_create(p);
	CHECK(!IS_ERR(key));
	return key;
}
