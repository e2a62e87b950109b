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
#include "stack.h"

struct hmac {
	struct sha256_ctx inner;
	struct sha256_ctx outer;
};

/* RFC 2104: the two hashes, each begun with the key and its pad. */
static void hmac_begin(struct hmac *h, const u8 *key, u32 key_len)
{
	u8 pad[SHA256_BLOCK_SIZE] = {};
	unsigned int i;

	if (key_len > sizeof(pad))
		sha256(key, key_len, pad);
	else
		memcpy(pad, key, key_len);

	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	sha256_init(&h->inner);
	sha256_update(&h->inner, pad, sizeof(pad));
	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_init(&h->outer);
	sha256_update(&h->outer, pad, sizeof(pad));
	memzero_explicit(pad, sizeof(pad));
}

static void hmac_end(struct hmac *h, u8 out[SHA256_DIGEST_SIZE])
{
	u8 digest[SHA256_DIGEST_SIZE];

	sha256_final(&h->inner, digest);
	sha256_update(&h->outer, digest, sizeof(digest));
	sha256_final(&h->outer, out);
	memzero_explicit(digest, sizeof(digest));
	memzero_explicit(h, sizeof(*h));
}

void qsc_hkdf_extract(const u8 *salt, u32 salt_len, const u8 *ikm, u32 ikm_len, u8 prk[QSC_PRK_LEN])
{
	struct hmac h;

	hmac_begin(&h, salt, salt_len);
	sha256_update(&h.inner, ikm, ikm_len);
	hmac_end(&h, prk);
	qsc_stack_wipe();
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
	qsc_stack_wipe();
}

void qsc_hkdf(const u8 *salt, u32 salt_len, const u8 *ikm, u32 ikm_len, const u8 *info,
	      u32 info_len, u8 *out, u32 out_len)
{
	u8 prk[QSC_PRK_LEN];

	qsc_hkdf_extract(salt, salt_len, ikm, ikm_len, prk);
	qsc_hkdf_expand(prk, info, info_len, out, out_len);
	memzero_explicit(prk, sizeof(prk));
}
