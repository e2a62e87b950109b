/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the files of libqsckeys, and those of the card, have in common. */
#ifndef _QSC_KEYS_INTERNAL_H
#define _QSC_KEYS_INTERNAL_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/types.h>

#include "keys.h"

#define QSC_AES_BLOCK 16
#define QSC_GCM_NONCE 12
#define QSC_GCM_TAG 16

/* gcm.c: AES-256-GCM; the tag follows the ciphertext. In place is allowed. */
int qsc_gcm_seal(const uint8_t key[QSC_KEYS_LEN], const uint8_t nonce[QSC_GCM_NONCE],
		 const void *aad, size_t aad_len, const uint8_t *in, size_t len, uint8_t *out);
int qsc_gcm_open(const uint8_t key[QSC_KEYS_LEN], const uint8_t nonce[QSC_GCM_NONCE],
		 const void *aad, size_t aad_len, const uint8_t *in, size_t len, uint8_t *out);

/* cbc.c: AES-256-CBC in place, without padding; @len is a multiple of a block */
int qsc_cbc(const uint8_t key[QSC_KEYS_LEN], const uint8_t iv[QSC_AES_BLOCK], uint8_t *data,
	    size_t len, bool encrypt);

/* hmac.c: HMAC-SHA256 */
int qsc_hmac(const uint8_t key[QSC_KEYS_LEN], const void *data, size_t len, uint8_t out[32]);

/* ephemeral.c */
struct qsc_ephemeral {
	EVP_PKEY *key; /* NULL once it was used */
	uint8_t public_point[QSC_KEYS_POINT];
};

/* A pair that exists already, which is freed on errors. */
int qsc_ephemeral_take(struct qsc_ephemeral **out, EVP_PKEY *key);

/* file.c */
/* @access: O_WRONLY or O_RDWR */
int qsc_file_create(const char *path, int access, struct qsc_why *why);
int qsc_file_write(int fd, const char *path, const void *data, size_t len, struct qsc_why *why);
int qsc_file_finish(int fd, const char *path, struct qsc_why *why);
/* The name of @path, in its folder, is on the disk. */
int qsc_file_sync_folder(const char *path, struct qsc_why *why);
/* How many bytes there were, @len unless the file ends before, or an errno. */
int qsc_file_read(int fd, const char *path, void *data, size_t len, struct qsc_why *why);

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint8_t *put_be16(uint8_t *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static inline uint8_t *put_be32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static inline uint8_t *put_be64(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static inline uint8_t *put_bytes(uint8_t *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

static inline uint16_t get_be16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t get_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t get_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

#endif /* _QSC_KEYS_INTERNAL_H */
