// SPDX-License-Identifier: GPL-2.0
/*
 * AEADs of the crypto API.
 *
 * On x86 before 7.0 the fused AES-NI/VAES gcm(aes) is registered as
 * asynchronous: a wrapper hands the request to cryptd when SIMD registers are
 * in use. Asking for a synchronous gcm(aes) selects the generic template over
 * ctr and ghash, which takes more than four times the instructions. So QSC
 * allocates the driver inside the wrapper, which is synchronous, calls it only
 * while crypto_simd_usable(), and has a small portable fallback for the rare
 * packet that arrives in a softirq on top of somebody's FPU section. No
 * request is ever queued and no cryptd transform holds a copy of a key.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "aead.h"

#include <crypto/aes.h>
#include <crypto/algapi.h>
#include <crypto/gf128mul.h>
#include <crypto/internal/aead.h>
#include <linux/err.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "compat.h"
#include "simd.h"
#include "stack.h"

#define GHASH_POWERS 8 /* that drivers with a place for them keep, at least */

bool qsc_simd = true;
module_param_named(simd, qsc_simd, bool, 0644);
MODULE_PARM_DESC(simd, "Use SIMD ciphers (default Y); N forces the slow portable fallback");

/*
 * Per-CPU working memory of one operation. In kmalloc memory because the
 * generic gcm template builds scatterlists over its request context. Used
 * only with BH disabled, hence by one packet at a time, which leaves nothing
 * of its key in it, nor the IV, of which the salt follows.
 */
struct qsc_aead_scratch {
	struct scatterlist one[1]; /* aad || data in one piece */
	struct scatterlist two[2]; /* aad, then data */
	u8 iv[16];
	u8 aad[QSC_AEAD_SPLIT_AAD];
	struct {
		struct aes_enckey aes;
		be128 h, acc;
		u8 ctr[AES_BLOCK_SIZE], ks[AES_BLOCK_SIZE];
	} soft;
	struct aead_request req; /* last: the transform's context follows */
};

/*
 * Transforms that keys for few packets share. They are keyed for a packet, with BH
 * disabled, and zero between packets.
 */
struct qsc_aead_shared {
	struct crypto_aead *tfm[__QSC_SUITE_MAX]; /* NULL: every key has its own */
};

/* What probing found for each suite. Written at load, then read-only. */
static struct {
	char driver[CRYPTO_MAX_ALG_NAME];
	bool present;
	bool fast;
	bool internal;
	bool shared;
} probed[__QSC_SUITE_MAX];

static DEFINE_PER_CPU(struct qsc_aead_shared, qsc_aead_shareds);

static DEFINE_PER_CPU(struct qsc_aead_scratch *, qsc_aead_scratches);
static u32 room; /* for a transform's context in each scratch; set at load */

static struct crypto_aead *alloc_tfm(const struct qsc_suite_desc *suite, bool internal,
				     bool *needs_simd)
{
	struct crypto_aead *tfm;

	*needs_simd = false;
	if (!suite->alg)
		return ERR_PTR(-ENOENT);
	if (internal && suite->internal) {
		tfm = crypto_alloc_aead(suite->internal, CRYPTO_ALG_INTERNAL,
					CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC);
		*needs_simd = !IS_ERR(tfm);
		/* A moment without memory is no reason for a slow cipher. */
		if (!IS_ERR(tfm) || PTR_ERR(tfm) == -ENOMEM)
			return tfm;
	}
	return crypto_alloc_aead(suite->alg, 0, CRYPTO_ALG_ASYNC);
}

/* A context without room for them, as that of 6.1 is. */
static bool keeps_no_powers(struct crypto_aead *tfm)
{
	return crypto_aead_alg(tfm)->base.cra_ctxsize <
	       sizeof(struct crypto_aes_ctx) + GHASH_POWERS * AES_BLOCK_SIZE;
}

static void describe(struct qsc_aead *a, struct crypto_aead *tfm, bool needs_simd)
{
	a->reqsize = crypto_aead_reqsize(tfm);
	a->needs_simd = needs_simd;
	a->on_stack = needs_simd && keeps_no_powers(tfm);
	a->leaves = a->reqsize || a->on_stack;
}

int qsc_aead_init(struct qsc_aead *a, const struct qsc_suite_desc *suite, const u8 *key)
{
	struct crypto_aead *tfm;
	bool needs_simd;
	int err;

	/* What is not there is looked for in user space, several times a key. */
	tfm = alloc_tfm(suite, probed[suite->id].internal, &needs_simd);
	if (IS_ERR(tfm)) {
		err = PTR_ERR(tfm);
		goto err_key;
	}
	/* The driver that was probed may be gone by now, and another in its place. */
	err = crypto_aead_reqsize(tfm) > room ? -EOVERFLOW : 0;
	if (!err)
		err = crypto_aead_setkey(tfm, key, suite->key_len);
	if (!err)
		err = crypto_aead_setauthsize(tfm, suite->tag_len);
	if (err)
		goto err_tfm;
	a->tfm = tfm;
	describe(a, tfm, needs_simd);
	a->key_len = suite->key_len;
	if (needs_simd && key != a->key)
		memcpy(a->key, key, suite->key_len);
	return 0;

err_tfm:
	crypto_free_aead(tfm);
err_key:
	memzero_explicit(a->key, sizeof(a->key));
	return err;
}

static struct crypto_aead *shared_tfm(int cpu, u32 suite)
{
	return per_cpu(qsc_aead_shareds, cpu).tfm[suite];
}

int qsc_aead_init_shared(struct qsc_aead *a, const struct qsc_suite_desc *suite, const u8 *key)
{
	if (!probed[suite->id].shared)
		return qsc_aead_init(a, suite, key);
	a->tfm = NULL;
	describe(a, shared_tfm(raw_smp_processor_id(), suite->id), probed[suite->id].internal);
	a->leaves = true;
	a->suite = suite->id;
	a->key_len = suite->key_len;
	if (key != a->key)
		memcpy(a->key, key, suite->key_len);
	return 0;
}

void qsc_aead_destroy(struct qsc_aead *a)
{
	struct crypto_aead *tfm = a->tfm;

	/* A panic meanwhile shall not write to what is free. */
	WRITE_ONCE(a->tfm, NULL);
	crypto_free_aead(tfm);
	memzero_explicit(a, sizeof(*a));
}

static void wipe_tfm(struct crypto_aead *tfm)
{
	memzero_explicit(crypto_aead_ctx(tfm), crypto_aead_alg(tfm)->base.cra_ctxsize);
}

/* The parts of a template have keys of their own. */
static bool is_template(struct crypto_aead *tfm)
{
	return crypto_aead_alg(tfm)->base.cra_flags & CRYPTO_ALG_INSTANCE;
}

void qsc_aead_panic(struct qsc_aead *a)
{
	struct crypto_aead *tfm = READ_ONCE(a->tfm);

	memzero_explicit(a->key, sizeof(a->key));
	if (tfm && !is_template(tfm))
		wipe_tfm(tfm);
}

static void panic_shared(int cpu)
{
	u32 id;

	for (id = 0; id < __QSC_SUITE_MAX; id++)
		if (shared_tfm(cpu, id))
			wipe_tfm(shared_tfm(cpu, id));
}

void qsc_aead_panic_scratch(void)
{
	struct qsc_aead_scratch *s;
	int cpu;

	for_each_possible_cpu(cpu) {
		s = per_cpu(qsc_aead_scratches, cpu);
		memzero_explicit(s->iv, sizeof(s->iv));
		memzero_explicit(&s->soft, sizeof(s->soft));
		memzero_explicit(aead_request_ctx(&s->req), room);
		panic_shared(cpu);
	}
}

static void soft_ghash(struct qsc_aead_scratch *s, const u8 *p, u32 len)
{
	while (len) {
		u32 n = min_t(u32, len, AES_BLOCK_SIZE);

		crypto_xor((u8 *)&s->soft.acc, p, n);
		gf128mul_lle(&s->soft.acc, &s->soft.h);
		p += n;
		len -= n;
	}
}

static void soft_ctr(struct qsc_aead_scratch *s, u8 *p, u32 len)
{
	u32 counter = 2; /* 1 is for the tag */

	while (len) {
		u32 n = min_t(u32, len, AES_BLOCK_SIZE);

		memcpy(s->soft.ctr, s->iv, QSC_IV_LEN);
		put_unaligned_be32(counter++, s->soft.ctr + QSC_IV_LEN);
		aes_encrypt(&s->soft.aes, s->soft.ks, s->soft.ctr);
		crypto_xor(p, s->soft.ks, n);
		p += n;
		len -= n;
	}
}

static void soft_tag(struct qsc_aead_scratch *s, u32 aad_len, u32 len)
{
	be128 lengths = { cpu_to_be64((u64)aad_len * 8), cpu_to_be64((u64)len * 8) };

	soft_ghash(s, (u8 *)&lengths, sizeof(lengths));
	memcpy(s->soft.ctr, s->iv, QSC_IV_LEN);
	put_unaligned_be32(1, s->soft.ctr + QSC_IV_LEN);
	aes_encrypt(&s->soft.aes, s->soft.ks, s->soft.ctr);
	crypto_xor((u8 *)&s->soft.acc, s->soft.ks, QSC_TAG_LEN);
}

/* AES-GCM, NIST SP 800-38D, from the AES and GF(2^128) libraries: no tables. */
static int soft_crypt(struct qsc_aead_scratch *s, const struct qsc_aead *a, bool enc, const u8 *aad,
		      u32 aad_len, u8 *data, u32 len)
{
	int err;

	err = aes_prepareenckey(&s->soft.aes, a->key, a->key_len);
	if (err)
		goto out;
	memset(&s->soft.acc, 0, sizeof(s->soft.acc));
	memset(&s->soft.h, 0, sizeof(s->soft.h));
	aes_encrypt(&s->soft.aes, (u8 *)&s->soft.h, (u8 *)&s->soft.h);

	soft_ghash(s, aad, aad_len);
	if (enc)
		soft_ctr(s, data, len);
	soft_ghash(s, data, len);
	soft_tag(s, aad_len, len);

	err = 1;
	if (enc)
		memcpy(data + len, &s->soft.acc, QSC_TAG_LEN);
	else if (crypto_memneq(data + len, &s->soft.acc, QSC_TAG_LEN))
		err = -EBADMSG;
	else
		soft_ctr(s, data, len);
out:
	memzero_explicit(s->iv, sizeof(s->iv));
	memzero_explicit(&s->soft, sizeof(s->soft));
	/* The library has multiples of the hash so far on it, of which H follows. */
	qsc_stack_wipe_packet();
	return err;
}

static __always_inline void set_iv(struct qsc_aead_scratch *s, struct qsc_iv iv)
{
	put_unaligned_be64(iv.high, s->iv);
	put_unaligned_be32(iv.low, s->iv + 8);
}

static noinline struct crypto_aead *borrow_tfm(const struct qsc_aead *a)
{
	struct crypto_aead *tfm = this_cpu_ptr(&qsc_aead_shareds)->tfm[a->suite];
	int err;

	err = crypto_aead_setkey(tfm, a->key, a->key_len);
	if (!err)
		return tfm;
	wipe_tfm(tfm);
	return ERR_PTR(err);
}

/* The generic template leaves E(K, J0) in its request context. */
static noinline void wipe_rest(struct aead_request *req, const struct qsc_aead *a)
{
	memzero_explicit(aead_request_ctx(req), a->reqsize);
	if (!a->tfm)
		wipe_tfm(crypto_aead_reqtfm(req));
	/* Where a key is expanded, some of it may be there, too. */
	if (a->on_stack || !a->tfm)
		qsc_stack_wipe_packet();
}

static __always_inline int run_with(struct qsc_aead_scratch *s, const struct qsc_aead *a,
				    struct crypto_aead *tfm, bool enc, struct scatterlist *sg,
				    u32 aad_len, u32 len)
{
	struct aead_request *req = &s->req;
	int err;

	aead_request_set_tfm(req, tfm);
	aead_request_set_ad(req, aad_len);
	aead_request_set_crypt(req, sg, sg, enc ? len : len + QSC_TAG_LEN, s->iv);
	err = enc ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req);
	memzero_explicit(s->iv, sizeof(s->iv));
	if (unlikely(a->leaves))
		wipe_rest(req, a);
	return err;
}

static noinline int run_borrowed(struct qsc_aead_scratch *s, const struct qsc_aead *a, bool enc,
				 struct scatterlist *sg, u32 aad_len, u32 len)
{
	struct crypto_aead *tfm = borrow_tfm(a);

	if (!IS_ERR(tfm))
		return run_with(s, a, tfm, enc, sg, aad_len, len);
	memzero_explicit(s->iv, sizeof(s->iv));
	return PTR_ERR(tfm);
}

static __always_inline int run(struct qsc_aead_scratch *s, const struct qsc_aead *a, bool enc,
			       struct scatterlist *sg, u32 aad_len, u32 len)
{
	if (unlikely(!a->tfm))
		return run_borrowed(s, a, enc, sg, aad_len, len);
	return run_with(s, a, a->tfm, enc, sg, aad_len, len);
}

static __always_inline int crypt(const struct qsc_aead *a, bool enc, struct qsc_iv iv, u8 *p,
				 u32 aad_len, u32 len)
{
	struct qsc_aead_scratch *s = this_cpu_read(qsc_aead_scratches);

	set_iv(s, iv);
	if (a->needs_simd && unlikely(!qsc_simd_usable()))
		return soft_crypt(s, a, enc, p, aad_len, p + aad_len, len);
	sg_set_buf(s->one, p, aad_len + len + QSC_TAG_LEN);
	return run(s, a, enc, s->one, aad_len, len);
}

static int crypt_split(const struct qsc_aead *a, bool enc, struct qsc_iv iv, const u8 *aad,
		       u8 *data, u32 len)
{
	struct qsc_aead_scratch *s = this_cpu_read(qsc_aead_scratches);

	set_iv(s, iv);
	if (a->needs_simd && unlikely(!qsc_simd_usable()))
		return soft_crypt(s, a, enc, aad, QSC_AEAD_SPLIT_AAD, data, len);
	memcpy(s->aad, aad, QSC_AEAD_SPLIT_AAD);
	sg_set_buf(&s->two[0], s->aad, QSC_AEAD_SPLIT_AAD);
	sg_set_buf(&s->two[1], data, len + QSC_TAG_LEN);
	return run(s, a, enc, s->two, QSC_AEAD_SPLIT_AAD, len);
}

int qsc_aead_encrypt(const struct qsc_aead *a, struct qsc_iv iv, u8 *p, u32 aad_len, u32 len)
{
	return crypt(a, true, iv, p, aad_len, len);
}

int qsc_aead_decrypt(const struct qsc_aead *a, struct qsc_iv iv, u8 *p, u32 aad_len, u32 len)
{
	return crypt(a, false, iv, p, aad_len, len);
}

int qsc_aead_encrypt_split(const struct qsc_aead *a, struct qsc_iv iv, const u8 *aad, u8 *data,
			   u32 len)
{
	return crypt_split(a, true, iv, aad, data, len);
}

int qsc_aead_decrypt_split(const struct qsc_aead *a, struct qsc_iv iv, const u8 *aad, u8 *data,
			   u32 len)
{
	return crypt_split(a, false, iv, aad, data, len);
}

const char *qsc_aead_driver(const struct qsc_suite_desc *suite, bool *fast)
{
	if (!probed[suite->id].present)
		return NULL;
	if (fast)
		*fast = probed[suite->id].fast;
	return probed[suite->id].driver;
}

static void free_shared(int cpu)
{
	u32 id;

	for (id = 0; id < __QSC_SUITE_MAX; id++) {
		crypto_free_aead(shared_tfm(cpu, id));
		per_cpu(qsc_aead_shareds, cpu).tfm[id] = NULL;
	}
}

static void free_scratches(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		free_shared(cpu);
		kfree(per_cpu(qsc_aead_scratches, cpu));
		per_cpu(qsc_aead_scratches, cpu) = NULL;
	}
}

static size_t scratch_size(void)
{
	return sizeof(struct qsc_aead_scratch) + room;
}

u8 *qsc_aead_scratch(int cpu, size_t *size)
{
	*size = scratch_size();
	return (u8 *)per_cpu(qsc_aead_scratches, cpu);
}

u8 *qsc_aead_shared(int cpu, const struct qsc_suite_desc *suite, size_t *size)
{
	struct crypto_aead *tfm = shared_tfm(cpu, suite->id);

	if (!tfm)
		return NULL;
	*size = crypto_aead_alg(tfm)->base.cra_ctxsize;
	return crypto_aead_ctx(tfm);
}

/* The driver that was probed, or none: there may be another one by now. */
static int alloc_shared(int cpu, const struct qsc_suite_desc *suite)
{
	struct crypto_aead *tfm;
	bool needs_simd;
	int err;

	tfm = alloc_tfm(suite, probed[suite->id].internal, &needs_simd);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = -EAGAIN;
	if (!strcmp(crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm)), probed[suite->id].driver))
		err = crypto_aead_setauthsize(tfm, suite->tag_len);
	if (err) {
		crypto_free_aead(tfm);
		return err;
	}
	per_cpu(qsc_aead_shareds, cpu).tfm[suite->id] = tfm;
	return 0;
}

static int alloc_shareds(int cpu)
{
	u32 id;
	int err;

	for (id = 1; id < __QSC_SUITE_MAX; id++) {
		err = probed[id].shared ? alloc_shared(cpu, qsc_suite_by_id(id)) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int alloc_scratches(void)
{
	int cpu, err;

	for_each_possible_cpu(cpu) {
		struct qsc_aead_scratch *s;

		s = kzalloc_node(scratch_size(), GFP_KERNEL, cpu_to_node(cpu));
		if (!s) {
			free_scratches();
			return -ENOMEM;
		}
		sg_init_table(s->one, ARRAY_SIZE(s->one));
		sg_init_table(s->two, ARRAY_SIZE(s->two));
		aead_request_set_callback(&s->req, 0, NULL, NULL);
		per_cpu(qsc_aead_scratches, cpu) = s;
		err = alloc_shareds(cpu);
		if (err) {
			free_scratches();
			return err;
		}
	}
	return 0;
}

/* Finds the driver of a suite and how large a request it needs. */
static int probe(const struct qsc_suite_desc *suite)
{
	struct crypto_aead *tfm;
	const char *driver;
	bool needs_simd;

	tfm = alloc_tfm(suite, true, &needs_simd);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	driver = crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm));
	room = max(room, crypto_aead_reqsize(tfm));
	strscpy(probed[suite->id].driver, driver, sizeof(probed[suite->id].driver));
	probed[suite->id].present = true;
	probed[suite->id].internal = needs_simd;
	probed[suite->id].fast = !strstr(driver, "ghash-generic");
	/* A template allocates memory to take a key, and may wait for that. */
	probed[suite->id].shared = !is_template(tfm);
	crypto_free_aead(tfm);
	if (!probed[suite->id].fast && suite->internal)
		pr_warn("%s runs on the slow driver %s: packets will cost several times more\n",
			suite->name, driver);
	return 0;
}

int qsc_aead_module_init(void)
{
	int err;
	u32 id;

	/* Without udev nothing has loaded the CPU's own AES driver yet. */
	request_module("crypto-aes");
	room = 0;
	for (id = 1; id < __QSC_SUITE_MAX; id++) {
		err = probe(qsc_suite_by_id(id));
		if (err == -ENOMEM)
			return err;
	}
	if (!probed[QSC_SUITE_AEAD_AES_256_GCM].present) {
		pr_err("this kernel has no gcm(aes): enable CONFIG_CRYPTO_GCM and CONFIG_CRYPTO_AES\n");
		return -ENOENT;
	}
	return alloc_scratches();
}

void qsc_aead_module_exit(void)
{
	free_scratches();
}
