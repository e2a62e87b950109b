// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * FF1 of NIST SP 800-38G, algorithms 7 and 8, for short inputs: a half fits a
 * machine word, so d is at most 12 and S is never longer than one block.
 * Names are those of the standard.
 */
#include <errno.h>

#include <openssl/evp.h>

#include "ff1.h"
#include "keys_internal.h"

#define BLOCK 16
#define ROUNDS 10
#define TWEAK_MAX 32
#define HALF_MAX (1ULL << 63) /* radix^v */

__extension__ typedef unsigned __int128 wide;

struct ff1 {
	EVP_CIPHER_CTX *aes;
	uint32_t radix;
	unsigned int u, v; /* digits of the halves */
	uint64_t mod_u, mod_v; /* radix^u, radix^v */
	unsigned int b, d;
	uint8_t p[BLOCK]; /* encrypted: the first block is the same in all rounds */
	uint8_t q[TWEAK_MAX + BLOCK];
	unsigned int q_len;
	uint8_t r[BLOCK];
	uint64_t num_a, num_b; /* the halves */
};

static bool cipher(EVP_CIPHER_CTX *aes, uint8_t block[BLOCK])
{
	int n;

	return EVP_EncryptUpdate(aes, block, &n, block, BLOCK) == 1 && n == BLOCK;
}

static bool power(uint32_t radix, unsigned int n, uint64_t *out)
{
	wide p = 1;

	while (n--) {
		p *= radix;
		if (p > HALF_MAX)
			return false;
	}
	*out = (uint64_t)p;
	return true;
}

static unsigned int bits(uint64_t v)
{
	unsigned int n = 0;

	for (; v; v >>= 1)
		n++;
	return n;
}

/* Steps 1 to 5 */
static int prepare(struct ff1 *f, const uint8_t *tweak, size_t tweak_len, unsigned int n)
{
	uint8_t *p = f->p;

	f->u = n / 2;
	f->v = n - f->u;
	if (f->radix < 2 || f->radix > 65536 || n < 2 || tweak_len > TWEAK_MAX ||
	    !power(f->radix, f->u, &f->mod_u) || !power(f->radix, f->v, &f->mod_v))
		return -EINVAL;
	f->b = (bits(f->mod_v - 1) + 7) / 8;
	f->d = 4 * ((f->b + 3) / 4) + 4;

	*p++ = 1;
	*p++ = 2;
	*p++ = 1;
	*p++ = (uint8_t)(f->radix >> 16);
	p = put_be16(p, (uint16_t)f->radix);
	*p++ = 10;
	*p++ = (uint8_t)f->u;
	p = put_be32(p, n);
	put_be32(p, (uint32_t)tweak_len);

	f->q_len = (unsigned int)(tweak_len + 1 + f->b + BLOCK - 1) / BLOCK * BLOCK;
	if (tweak_len)
		memcpy(f->q, tweak, tweak_len);
	return cipher(f->aes, f->p) ? 0 : -EIO;
}

/* Step 6, i to iv: y */
static int round_value(struct ff1 *f, unsigned int i, uint64_t half, wide *y)
{
	f->q[f->q_len - f->b - 1] = (uint8_t)i;
	for (unsigned int k = 1; k <= f->b; k++) {
		f->q[f->q_len - k] = (uint8_t)half;
		half >>= 8;
	}
	memcpy(f->r, f->p, BLOCK);
	for (unsigned int at = 0; at < f->q_len; at += BLOCK) {
		for (unsigned int k = 0; k < BLOCK; k++)
			f->r[k] ^= f->q[at + k];
		if (!cipher(f->aes, f->r))
			return -EIO;
	}
	*y = 0;
	for (unsigned int k = 0; k < f->d; k++)
		*y = *y << 8 | f->r[k];
	return 0;
}

static int rounds(struct ff1 *f, bool encrypt)
{
	for (unsigned int step = 0; step < ROUNDS; step++) {
		unsigned int i = encrypt ? step : ROUNDS - 1 - step;
		uint64_t mod = i % 2 ? f->mod_v : f->mod_u;
		uint64_t c;
		wide y;

		if (round_value(f, i, encrypt ? f->num_b : f->num_a, &y))
			return -EIO;
		if (encrypt) {
			c = (uint64_t)((f->num_a + y % mod) % mod);
			f->num_a = f->num_b;
			f->num_b = c;
		} else {
			c = (uint64_t)((f->num_b + (wide)mod - y % mod) % mod);
			f->num_b = f->num_a;
			f->num_a = c;
		}
	}
	return 0;
}

static uint64_t number(const uint16_t *digits, unsigned int n, uint32_t radix)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < n; i++)
		v = v * radix + digits[i];
	return v;
}

static void string(uint64_t v, uint16_t *digits, unsigned int n, uint32_t radix)
{
	while (n--) {
		digits[n] = (uint16_t)(v % radix);
		v /= radix;
	}
}

int qsc_ff1_run(EVP_CIPHER_CTX *aes, uint32_t radix, const uint8_t *tweak, size_t tweak_len,
		uint16_t *digits, unsigned int n, bool encrypt)
{
	struct ff1 f = { .aes = aes, .radix = radix };
	int err = prepare(&f, tweak, tweak_len, n);

	for (unsigned int i = 0; !err && i < n; i++)
		if (digits[i] >= radix)
			err = -EINVAL;
	if (!err) {
		f.num_a = number(digits, f.u, radix);
		f.num_b = number(digits + f.u, f.v, radix);
		err = rounds(&f, encrypt);
	}
	if (!err) {
		string(f.num_a, digits, f.u, radix);
		string(f.num_b, digits + f.u, f.v, radix);
	}
	OPENSSL_cleanse(&f, sizeof(f));
	return err;
}

EVP_CIPHER_CTX *qsc_ff1_key(const uint8_t key[32])
{
	EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();

	if (aes && EVP_EncryptInit_ex(aes, EVP_aes_256_ecb(), NULL, key, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(aes, 0) == 1)
		return aes;
	EVP_CIPHER_CTX_free(aes);
	return NULL;
}

int qsc_ff1(const uint8_t key[QSC_KEYS_LEN], uint32_t radix, const uint8_t *tweak, size_t tweak_len,
	    uint16_t *digits, unsigned int n, bool encrypt)
{
	EVP_CIPHER_CTX *aes = qsc_ff1_key(key);
	int err = aes ? qsc_ff1_run(aes, radix, tweak, tweak_len, digits, n, encrypt) : -ENOMEM;

	EVP_CIPHER_CTX_free(aes);
	if (err)
		OPENSSL_cleanse(digits, n * sizeof(*digits));
	return err;
}
