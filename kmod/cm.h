/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_CM_H
#define _QSC_CM_H

#include <crypto/hash.h>
#include <crypto/skcipher.h>
#include <linux/types.h>

#include "suite.h"

#define QSC_CM_KEY_LEN 16
#define QSC_CM_TAG_LEN 10
#define QSC_CM_SALT_LEN 14
#define QSC_CM_AUTH_LEN 20 /* key of HMAC-SHA1, RFC 3711 section 4.2.1 */

/**
 * struct qsc_cm - AES in counter mode and HMAC-SHA1 (RFC 3711 section 4), one key
 * @ctr: holds the expanded encryption key; NULL for other suites
 * @mac: holds the authentication key
 * @needs_simd: @ctr may be called only while qsc_simd_usable()
 * @key: the encryption key again, for the portable fallback
 * @salt: session salt
 *
 * For legacy legs of relay calls. Read-only from qsc_cm_init() to
 * qsc_cm_destroy(): any number of CPUs may use it at once.
 */
struct qsc_cm {
	struct crypto_skcipher *ctr;
	struct crypto_shash *mac;
	bool needs_simd;
	u8 key[QSC_CM_KEY_LEN];
	u8 salt[QSC_CM_SALT_LEN];
};

/**
 * qsc_cm_init() - expand the session keys
 * @c: zeroed, but for @c->salt
 * @key: QSC_CM_KEY_LEN bytes; the caller wipes them
 * @auth: QSC_CM_AUTH_LEN bytes; likewise
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno; on error @c holds no key.
 */
int qsc_cm_init(struct qsc_cm *c, const u8 *key, const u8 *auth);

/**
 * qsc_cm_destroy() - wipe the keys and release what holds them
 * @c: nobody uses it any more
 *
 * Context: process, may sleep.
 */
void qsc_cm_destroy(struct qsc_cm *c);

/**
 * qsc_cm_panic() - zero what is ours of a key
 * @c: nothing uses it any more, but qsc_cm_destroy() may
 *
 * What the parts of a template expand is in transforms of the crypto API.
 */
void qsc_cm_panic(struct qsc_cm *c);

/**
 * qsc_cm_protect() - encrypt in place and make the tag
 * @c: keys
 * @ssrc: of the packet
 * @index: 48-bit index for SRTP, 31-bit index for SRTCP
 * @p: packet
 * @hdr: bytes of it that stay in clear
 * @len: bytes to encrypt and authenticate, @hdr included
 * @tail: what the tag covers behind these: the ROC, or the word with E and index
 * @tag: written, QSC_CM_TAG_LEN bytes
 *
 * Context: BH disabled. Allocates nothing, always synchronous.
 * Return: 0, 1 if the portable fallback had to do it, or a negative errno.
 */
int qsc_cm_protect(const struct qsc_cm *c, u32 ssrc, u64 index, u8 *p, u32 hdr, u32 len,
		   __be32 tail, u8 *tag);

/**
 * qsc_cm_unprotect() - check the tag and decrypt in place
 * @c: keys
 * @ssrc: of the packet
 * @index: index
 * @p: packet
 * @hdr: bytes of it that are in clear
 * @len: bytes that are authenticated, without @tail
 * @tail: see qsc_cm_protect()
 * @tag: QSC_CM_TAG_LEN bytes
 *
 * Context: as qsc_cm_protect().
 * Return: as qsc_cm_protect(); -EBADMSG if the tag does not match, then the packet is
 * as it was.
 */
int qsc_cm_unprotect(const struct qsc_cm *c, u32 ssrc, u64 index, u8 *p, u32 hdr, u32 len,
		     __be32 tail, const u8 *tag);

/* Zero what packets were worked on with; the other CPUs have stopped. */
void qsc_cm_panic_scratch(void);

/**
 * qsc_cm_scratch() - what packets are worked on with, for tests
 * @cpu: processor
 * @size: set to its bytes; those of requests to the crypto API are elsewhere
 */
u8 *qsc_cm_scratch(int cpu, size_t *size);

/**
 * qsc_cm_driver() - which drivers the suite runs on
 *
 * Return: names of the cipher's and the MAC's, static; NULL if this kernel lacks one of
 * the two.
 */
const char *qsc_cm_driver(void);

int qsc_cm_module_init(void);
void qsc_cm_module_exit(void);

#endif /* _QSC_CM_H */
