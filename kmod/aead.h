/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_AEAD_H
#define _QSC_AEAD_H

#include <linux/types.h>
#include <crypto/aead.h>

#include "suite.h"

#define QSC_IV_LEN 12
#define QSC_AEAD_KEY_MAX 32
#define QSC_AEAD_SPLIT_AAD 12

/**
 * struct qsc_iv - 96-bit IV
 * @high: its first eight bytes as a big-endian number
 * @low: the other four
 */
struct qsc_iv {
	u64 high;
	u32 low;
};

/**
 * struct qsc_aead - one session key, ready to use
 * @tfm: transform that holds the expanded key; always completes synchronously.
 *	NULL if the key is expanded for each packet, in one of the CPU
 * @reqsize: bytes that the transform keeps in a request, wiped after each packet
 * @suite: QSC_SUITE_*, of a key that has no transform
 * @key_len: bytes in @key
 * @needs_simd: the transform may be called only while crypto_simd_usable()
 * @on_stack: it works out the powers of the GHASH key for each packet, and
 *	leaves them on the stack
 * @leaves: something is to be wiped after each packet
 * @key: the key again, for the portable fallback and for whom it is expanded each time
 *
 * Read-only from qsc_aead_init() to qsc_aead_destroy(): any number of CPUs may
 * use it at once.
 */
struct qsc_aead {
	struct crypto_aead *tfm;
	u16 reqsize;
	u8 suite;
	u8 key_len;
	bool needs_simd;
	bool on_stack;
	bool leaves;
	u8 key[QSC_AEAD_KEY_MAX] __aligned(8);
};

/**
 * qsc_aead_init() - expand a session key
 * @a: uninitialised
 * @suite: an AEAD suite
 * @key: @suite->key_len bytes, of which the caller wipes its copy; or @a->key itself
 *
 * Context: process, may sleep.
 * Return: 0, -ENOENT if this kernel lacks the algorithm, or another errno; on
 * error @a holds no key bytes.
 */
int qsc_aead_init(struct qsc_aead *a, const struct qsc_suite_desc *suite, const u8 *key);

/**
 * qsc_aead_init_shared() - take a session key for few packets
 * @a: uninitialised
 * @suite: an AEAD suite
 * @key: as for qsc_aead_init()
 *
 * What it takes to expand a key is less than what it takes to have a transform, and
 * far less than the memory of one: so each packet does it, in a transform of its CPU,
 * which is zeroed afterwards. Where a driver would sleep for that, as templates do, it
 * is the same as qsc_aead_init().
 *
 * Context and return: as qsc_aead_init().
 */
int qsc_aead_init_shared(struct qsc_aead *a, const struct qsc_suite_desc *suite, const u8 *key);

/**
 * qsc_aead_destroy() - wipe the key and release the transform
 * @a: nobody uses it any more (a grace period has passed)
 *
 * Context: process, may sleep.
 */
void qsc_aead_destroy(struct qsc_aead *a);

/**
 * qsc_aead_panic() - zero the key where it is
 * @a: initialised; nothing uses it any more, but qsc_aead_destroy() may
 *
 * The expanded key stays if the transform is a template: its parts are known to
 * the crypto API only.
 *
 * Context: any; takes no lock.
 */
void qsc_aead_panic(struct qsc_aead *a);

/**
 * qsc_aead_panic_scratch() - zero what packets were worked on with
 *
 * Context: any; the other CPUs have stopped.
 */
void qsc_aead_panic_scratch(void);

/**
 * qsc_aead_scratch() - what a processor works on packets with, for the tests
 * @cpu: a possible one
 * @size: set to its bytes
 *
 * Context: any; BH disabled to write to it.
 * Return: the memory; it stays until the module goes.
 */
u8 *qsc_aead_scratch(int cpu, size_t *size);

/**
 * qsc_aead_shared() - where a processor expands keys for a packet, for the tests
 * @cpu: a possible one
 * @suite: an AEAD suite
 * @size: set to its bytes
 *
 * Return: the memory; it stays until the module goes. NULL if keys are not shared.
 */
u8 *qsc_aead_shared(int cpu, const struct qsc_suite_desc *suite, size_t *size);

/**
 * qsc_aead_encrypt() - encrypt in place (RFC 5116) and write the tag
 * @a: key
 * @iv: as two integers, so that it travels in registers
 * @p: associated data, then plaintext, then room for the tag; linear, DMA-able
 *	memory (not the stack)
 * @aad_len: bytes of associated data
 * @len: bytes of plaintext
 *
 * Context: BH disabled. Allocates nothing, never sleeps, always synchronous.
 * Return: 0 or a negative errno; 1 if the portable fallback did it.
 */
int qsc_aead_encrypt(const struct qsc_aead *a, struct qsc_iv iv, u8 *p, u32 aad_len, u32 len);

/**
 * qsc_aead_decrypt() - check the tag and decrypt in place
 * @a: key
 * @iv: IV
 * @p: associated data, then ciphertext, then the tag
 * @aad_len: bytes of associated data
 * @len: bytes of ciphertext without the tag
 *
 * Context: as qsc_aead_encrypt().
 * Return: 0 (1 by the fallback), -EBADMSG if the tag does not match (the data
 * is then garbage), or another errno.
 */
int qsc_aead_decrypt(const struct qsc_aead *a, struct qsc_iv iv, u8 *p, u32 aad_len, u32 len);

/**
 * qsc_aead_encrypt_split() - qsc_aead_encrypt() with the AAD somewhere else
 * @a: key
 * @iv: IV
 * @aad: QSC_AEAD_SPLIT_AAD bytes, anywhere
 * @data: plaintext, then room for the tag
 * @len: bytes of plaintext
 */
int qsc_aead_encrypt_split(const struct qsc_aead *a, struct qsc_iv iv, const u8 *aad, u8 *data,
			   u32 len);

/**
 * qsc_aead_decrypt_split() - qsc_aead_decrypt() with the AAD somewhere else
 * @a: key
 * @iv: IV
 * @aad: QSC_AEAD_SPLIT_AAD bytes, anywhere
 * @data: ciphertext, then the tag
 * @len: bytes of ciphertext without the tag
 */
int qsc_aead_decrypt_split(const struct qsc_aead *a, struct qsc_iv iv, const u8 *aad, u8 *data,
			   u32 len);

/**
 * qsc_aead_driver() - which driver a suite runs on
 * @suite: any suite
 * @fast: set to whether it is not the slow generic template; may be NULL
 *
 * Return: driver name, static for the life of the module; NULL if this kernel
 * does not have the suite.
 */
const char *qsc_aead_driver(const struct qsc_suite_desc *suite, bool *fast);

int qsc_aead_module_init(void);
void qsc_aead_module_exit(void);

#endif /* _QSC_AEAD_H */
