// SPDX-License-Identifier: GPL-2.0
/*
 * HKDF on the kernel's SHA-256 library, which works on memory of ours that can
 * be wiped; the crypto API's HMAC leaves its states on the stack.
 */

#include "hkdf.h"

#include <linux/bug.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "compat.h"

struct hmac {
	struct sha256_ctx inner;
	struct sha256_ctx outer;
	u8 block[SHA256_BLOCK_SIZE]; /* key and pad, then the inner hash */
};

/* RFC 2104: the two hashes, each begun with the key and its pad. */
static void hmac_begin(struct hmac *h, const u8 *key, u32 key_len)
{
	unsigned int i;

	memset(h->block, 0, sizeof(h->block));
	if (key_len > sizeof(h->block))
		sha256(key, key_len, h->block);
	else
		memcpy(h->block, key, key_len);

	for (i = 0; i < sizeof(h->block); i++)
		h->block[i] ^= 0x36;
	sha256_init(&h->inner);
	sha256_update(&h->inner, h->block, sizeof(h->block));
	for (i = 0; i < sizeof(h->block); i++)
		h->block[i] ^= 0x36 ^ 0x5c;
	sha256_init(&h->outer);
	sha256_update(&h->outer, h->block, sizeof(h->block));
}

/* The library wipes a hash when it is done. */
static void hmac_end(struct hmac *h, u8 out[SHA256_DIGEST_SIZE])
{
	sha256_final(&h->inner, h->block);
	sha256_update(&h->outer, h->block, SHA256_DIGEST_SIZE);
	sha256_final(&h->outer, out);
	memzero_explicit(h->block, sizeof(h->block));
}

void qsc_hkdf_extract(const u8 *salt, u32 salt_len, const u8 *ikm, u32 ikm_len, u8 prk[QSC_PRK_LEN])
{
	struct hmac h;

	hmac_begin(&h, salt, salt_len);
	sha256_update(&h.inner, ikm, ikm_len);
	hmac_end(&h, prk);
}

void qsc_hkdf_expand(const u8 prk[QSC_PRK_LEN], const u8 *info, u32 info_len, u8 *out, u32 out_len)
{
	u8 block[SHA256_DIGEST_SIZE];
	struct hmac h;
	u8 number = 0;

	if (WARN_ON_ONCE(out_len > QSC_HKDF_OUT_MAX))
		return;
	while (out_len) {
		u32 n = min_t(u32, out_len, sizeof(block));

		hmac_begin(&h, prk, QSC_PRK_LEN);
		if (number)
			sha256_update(&h.inner, block, sizeof(block));
		sha256_update(&h.inner, info, info_len);
		number++;
		sha256_update(&h.inner, &number, 1);
		hmac_end(&h, block);
		memcpy(out, block, n);
		out += n;
		out_len -= n;
	}
	memzero_explicit(block, sizeof(block));
}

void qsc_hkdf(const u8 *salt, u32 salt_len, const u8 *ikm, u32 ikm_len, const u8 *info,
	      u32 info_len, u8 *out, u32 out_len)
{
	u8 prk[QSC_PRK_LEN];

	qsc_hkdf_extract(salt, salt_len, ikm, ikm_len, prk);
	qsc_hkdf_expand(prk, info, info_len, out, out_len);
	memzero_explicit(prk, sizeof(prk));
}
