// SPDX-License-Identifier: GPL-2.0
/*
 * AES_CM_128_HMAC_SHA1_80, for legs to endpoints that know nothing better. The cipher
 * is chosen as in aead.c: the driver inside the asynchronous wrapper, where there is
 * one, for what is synchronous begins and ends an FPU section for each block.
 */

#include "cm.h"

#include <crypto/aes.h>
#include <crypto/algapi.h>
#include <crypto/internal/hash.h>
#include <crypto/internal/skcipher.h>
#include <crypto/sha1.h>
#include <linux/err.h>
#include <linux/kmod.h>
#include <linux/percpu.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "compat.h"
#include "simd.h"
#include "stack.h"

#define CIPHER "ctr(aes)"
#define INTERNAL "__ctr(aes)"
#define MAC "hmac(sha1)"
#define IV_LEN AES_BLOCK_SIZE

/*
 * Per-CPU working memory of one operation, used with BH disabled only. Nothing of a
 * key stays in it: the state of the MAC follows from its key, and the IV has the salt.
 */
struct scratch {
	struct scatterlist sg;
	u8 iv[IV_LEN];
	u8 digest[SHA1_DIGEST_SIZE];
	struct {
		struct aes_enckey aes;
		u8 ks[AES_BLOCK_SIZE];
	} soft;
	struct skcipher_request *req;
	struct shash_desc *desc;
};

static DEFINE_PER_CPU(struct scratch *, scratches);
static u32 req_size, desc_size; /* with what the drivers need; set at load */
static char driver[2 * CRYPTO_MAX_ALG_NAME + 3]; /* names of both, with " + " */
static bool present, internal; /* what probing found; set at load */

static struct crypto_skcipher *alloc_cipher(bool inside, bool *needs_simd)
{
	struct crypto_skcipher *ctr;

	*needs_simd = false;
	if (inside) {
		ctr = crypto_alloc_skcipher(INTERNAL, CRYPTO_ALG_INTERNAL,
					    CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC);
		*needs_simd = !IS_ERR(ctr);
		/* A moment without memory is no reason for a slow cipher. */
		if (!IS_ERR(ctr) || PTR_ERR(ctr) == -ENOMEM)
			return ctr;
	}
	return crypto_alloc_skcipher(CIPHER, 0, CRYPTO_ALG_ASYNC);
}

static u32 req_size_of(struct crypto_skcipher *ctr)
{
	return sizeof(struct skcipher_request) + crypto_skcipher_reqsize(ctr);
}

static u32 desc_size_of(struct crypto_shash *mac)
{
	return sizeof(struct shash_desc) + crypto_shash_descsize(mac);
}

static int set_keys(struct crypto_skcipher *ctr, struct crypto_shash *mac, const u8 *key,
		    const u8 *auth)
{
	int err;

	/* The drivers that were probed may be gone by now, and others in their place. */
	if (req_size_of(ctr) > req_size || desc_size_of(mac) > desc_size)
		return -EOVERFLOW;
	err = crypto_skcipher_setkey(ctr, key, QSC_CM_KEY_LEN);
	if (err)
		return err;
	return crypto_shash_setkey(mac, auth, QSC_CM_AUTH_LEN);
}

int qsc_cm_init(struct qsc_cm *c, const u8 *key, const u8 *auth)
{
	struct crypto_skcipher *ctr;
	struct crypto_shash *mac;
	bool needs_simd;
	int err;

	ctr = alloc_cipher(internal, &needs_simd);
	if (IS_ERR(ctr)) {
		err = PTR_ERR(ctr);
		goto err_salt;
	}
	mac = crypto_alloc_shash(MAC, 0, 0);
	if (IS_ERR(mac)) {
		err = PTR_ERR(mac);
		goto err_ctr;
	}
	err = set_keys(ctr, mac, key, auth);
	if (err)
		goto err_mac;
	c->ctr = ctr;
	c->mac = mac;
	c->needs_simd = needs_simd;
	if (needs_simd)
		memcpy(c->key, key, QSC_CM_KEY_LEN);
	return 0;

err_mac:
	crypto_free_shash(mac);
err_ctr:
	crypto_free_skcipher(ctr);
err_salt:
	memzero_explicit(c, sizeof(*c));
	return err;
}

void qsc_cm_destroy(struct qsc_cm *c)
{
	struct crypto_skcipher *ctr = c->ctr;
	struct crypto_shash *mac = c->mac;

	/* A panic meanwhile shall not write to what is free. */
	WRITE_ONCE(c->ctr, NULL);
	WRITE_ONCE(c->mac, NULL);
	crypto_free_shash(mac);
	crypto_free_skcipher(ctr);
	memzero_explicit(c, sizeof(*c));
}

/* The parts of a template have keys of their own. */
static bool is_template(struct crypto_skcipher *ctr)
{
	return crypto_skcipher_alg(ctr)->base.cra_flags & CRYPTO_ALG_INSTANCE;
}

void qsc_cm_panic(struct qsc_cm *c)
{
	struct crypto_skcipher *ctr = READ_ONCE(c->ctr);
	struct crypto_shash *mac = READ_ONCE(c->mac);

	memzero_explicit(c->key, sizeof(c->key));
	memzero_explicit(c->salt, sizeof(c->salt));
	if (ctr && !is_template(ctr))
		memzero_explicit(crypto_skcipher_ctx(ctr),
				 crypto_skcipher_alg(ctr)->base.cra_ctxsize);
	/* HMAC is a template whose key, or what comes of it, it has itself. */
	if (mac)
		memzero_explicit(crypto_shash_ctx(mac), crypto_shash_alg(mac)->base.cra_ctxsize);
}

/* RFC 3711 section 4.1.1: salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16. */
static void make_iv(struct scratch *s, const struct qsc_cm *c, u32 ssrc, u64 index)
{
	u8 part[IV_LEN] = {};

	put_unaligned_be32(ssrc, part + 4);
	put_unaligned_be64(index << 16, part + 8);
	memcpy(s->iv, c->salt, QSC_CM_SALT_LEN);
	s->iv[14] = 0;
	s->iv[15] = 0;
	crypto_xor(s->iv, part, IV_LEN);
}

static int run_driver(struct scratch *s, const struct qsc_cm *c, u8 *p, u32 len)
{
	int err;

	sg_set_buf(&s->sg, p, len);
	skcipher_request_set_tfm(s->req, c->ctr);
	skcipher_request_set_crypt(s->req, &s->sg, &s->sg, len, s->iv);
	err = crypto_skcipher_encrypt(s->req);
	memzero_explicit(s->req->__ctx, req_size - sizeof(struct skcipher_request));
	return err;
}

/* RFC 3711 section 4.1.1: the last 16 bits count blocks. */
static int run_portable(struct scratch *s, const struct qsc_cm *c, u8 *p, u32 len)
{
	u16 block;
	int err;

	err = aes_prepareenckey(&s->soft.aes, c->key, QSC_CM_KEY_LEN);
	if (err)
		goto out;
	for (block = 0; len; block++) {
		u32 n = min_t(u32, len, AES_BLOCK_SIZE);

		put_unaligned_be16(block, s->iv + IV_LEN - sizeof(block));
		aes_encrypt(&s->soft.aes, s->soft.ks, s->iv);
		crypto_xor(p, s->soft.ks, n);
		p += n;
		len -= n;
	}
	err = 1;
out:
	memzero_explicit(&s->soft, sizeof(s->soft));
	qsc_stack_wipe_packet();
	return err;
}

static int run_cipher(struct scratch *s, const struct qsc_cm *c, u32 ssrc, u64 index, u8 *p,
		      u32 len)
{
	int err;

	make_iv(s, c, ssrc, index);
	if (c->needs_simd && unlikely(!qsc_simd_usable()))
		err = run_portable(s, c, p, len);
	else
		err = run_driver(s, c, p, len);
	memzero_explicit(s->iv, sizeof(s->iv));
	return err;
}

static int run_mac(struct scratch *s, const struct qsc_cm *c, const u8 *p, u32 len, __be32 tail)
{
	int err;

	s->desc->tfm = c->mac;
	err = crypto_shash_init(s->desc);
	if (!err)
		err = crypto_shash_update(s->desc, p, len);
	if (!err)
		err = crypto_shash_finup(s->desc, (u8 *)&tail, sizeof(tail), s->digest);
	memzero_explicit(s->desc, desc_size);
	return err;
}

int qsc_cm_protect(const struct qsc_cm *c, u32 ssrc, u64 index, u8 *p, u32 hdr, u32 len,
		   __be32 tail, u8 *tag)
{
	struct scratch *s = this_cpu_read(scratches);
	int portable = 0, err;

	if (len > hdr)
		portable = run_cipher(s, c, ssrc, index, p + hdr, len - hdr);
	if (portable < 0)
		return portable;
	err = run_mac(s, c, p, len, tail);
	if (err)
		return err;
	memcpy(tag, s->digest, QSC_CM_TAG_LEN);
	return portable;
}

int qsc_cm_unprotect(const struct qsc_cm *c, u32 ssrc, u64 index, u8 *p, u32 hdr, u32 len,
		     __be32 tail, const u8 *tag)
{
	struct scratch *s = this_cpu_read(scratches);
	int err;

	err = run_mac(s, c, p, len, tail);
	if (err)
		return err;
	if (crypto_memneq(tag, s->digest, QSC_CM_TAG_LEN))
		return -EBADMSG;
	return len > hdr ? run_cipher(s, c, ssrc, index, p + hdr, len - hdr) : 0;
}

void qsc_cm_panic_scratch(void)
{
	struct scratch *s;
	int cpu;

	if (!present)
		return;
	for_each_possible_cpu(cpu) {
		s = per_cpu(scratches, cpu);
		memzero_explicit(s->iv, sizeof(s->iv));
		memzero_explicit(&s->soft, sizeof(s->soft));
		memzero_explicit(s->req, req_size);
		memzero_explicit(s->desc, desc_size);
	}
}

u8 *qsc_cm_scratch(int cpu, size_t *size)
{
	*size = sizeof(struct scratch);
	return (u8 *)per_cpu(scratches, cpu);
}

const char *qsc_cm_driver(void)
{
	return present ? driver : NULL;
}

/* Which drivers there are, and how much memory they want for a packet. */
static int probe(void)
{
	struct crypto_skcipher *ctr;
	struct crypto_shash *mac;

	ctr = alloc_cipher(true, &internal);
	if (IS_ERR(ctr))
		return PTR_ERR(ctr);
	mac = crypto_alloc_shash(MAC, 0, 0);
	if (IS_ERR(mac)) {
		crypto_free_skcipher(ctr);
		return PTR_ERR(mac);
	}
	req_size = req_size_of(ctr);
	desc_size = desc_size_of(mac);
	snprintf(driver, sizeof(driver), "%s + %s",
		 crypto_tfm_alg_driver_name(crypto_skcipher_tfm(ctr)),
		 crypto_shash_driver_name(mac));
	crypto_free_shash(mac);
	crypto_free_skcipher(ctr);
	return 0;
}

static void free_scratches(void)
{
	struct scratch *s;
	int cpu;

	for_each_possible_cpu(cpu) {
		s = per_cpu(scratches, cpu);
		per_cpu(scratches, cpu) = NULL;
		if (!s)
			continue;
		kfree(s->req);
		kfree(s->desc);
		kfree(s);
	}
}

static int alloc_scratch(int cpu)
{
	struct scratch *s = kzalloc_node(sizeof(*s), GFP_KERNEL, cpu_to_node(cpu));

	if (!s)
		return -ENOMEM;
	per_cpu(scratches, cpu) = s;
	s->req = kzalloc_node(req_size, GFP_KERNEL, cpu_to_node(cpu));
	s->desc = kzalloc_node(desc_size, GFP_KERNEL, cpu_to_node(cpu));
	if (!s->req || !s->desc)
		return -ENOMEM;
	sg_init_table(&s->sg, 1);
	skcipher_request_set_callback(s->req, 0, NULL, NULL);
	return 0;
}

/* A kernel may lack it: then the suite is refused. */
int qsc_cm_module_init(void)
{
	int cpu, err;

	present = false;
	/* What is built into a kernel hides what is a module, and quicker. */
	request_module("crypto-sha1");
	err = probe();
	if (err)
		return err == -ENOMEM ? err : 0;
	for_each_possible_cpu(cpu) {
		err = alloc_scratch(cpu);
		if (err) {
			free_scratches();
			return err;
		}
	}
	present = true;
	return 0;
}

void qsc_cm_module_exit(void)
{
	free_scratches();
}
