// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Writing a registration. */
#include <errno.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "chunks.h"
#include "qreg.h"

_Static_assert(QSC_QREG_CHUNK == QSC_CHUNK_KEYS, "chunks are what the format says");

struct qsc_qreg_writer {
	struct qsc_chunks chunks;
	struct qsc_qreg_seal seal;
	uint8_t record[QSC_QREG_RECORD(QSC_QREG_CHUNK)];
};

static bool head_ok(const struct qsc_qreg_head *head)
{
	return head->card <= QSC_KEYS_CARD_MAX && qsc_keys_subscriber_ok(head->subscriber) &&
	       qsc_profile_name(head->profile) && head->count && head->count <= QSC_QREG_COUNT_MAX;
}

static int put_record(struct qsc_chunks *chunks, const uint8_t *keys, uint32_t n,
		      struct qsc_why *why)
{
	struct qsc_qreg_writer *w = (struct qsc_qreg_writer *)chunks;

	qsc_qreg_seal_next(&w->seal, w->record);
	if (qsc_gcm_seal(w->seal.key, w->record, w->seal.aad, sizeof(w->seal.aad), keys,
			 (size_t)n * QSC_KEYS_LEN, w->record + QSC_GCM_NONCE))
		return qsc_chunks_crypto_failed(chunks, why);
	return qsc_file_write(chunks->fd, chunks->path, w->record, QSC_QREG_RECORD(n), why);
}

static int put_head(struct qsc_qreg_writer *w, const uint8_t *registration_key,
		    const struct qsc_qreg_head *head, struct qsc_why *why)
{
	uint8_t bytes[QSC_QREG_HEAD_MAX], salt[QSC_QREG_SALT], *p = bytes;
	size_t len = strlen(head->subscriber);

	if (RAND_bytes(salt, sizeof(salt)) != 1)
		return qsc_why(why, -EIO, "cannot get random numbers from the crypto library");
	p = put_bytes(p, QSC_QREG_MAGIC, QSC_QREG_MAGIC_LEN);
	p = put_be64(p, head->card);
	p = put_bytes(put_be16(p, (uint16_t)len), head->subscriber, len);
	*p++ = head->profile;
	p = put_be32(p, head->count);
	p = put_bytes(p, salt, sizeof(salt));
	len = (size_t)(p - bytes);
	if (qsc_qreg_seal_init(&w->seal, registration_key, bytes, len, salt))
		return qsc_chunks_crypto_failed(&w->chunks, why);
	return qsc_file_write(w->chunks.fd, w->chunks.path, bytes, len, why);
}

int qsc_qreg_create(struct qsc_qreg_writer **writer, const char *path,
		    const uint8_t registration_key[QSC_KEYS_LEN], const struct qsc_qreg_head *head,
		    const uint8_t revoke_key[QSC_KEYS_LEN], struct qsc_why *why)
{
	struct qsc_qreg_writer *w;
	int err;

	*writer = NULL;
	if (!head_ok(head))
		return qsc_why(why, -EINVAL, "%s: a value of its header is out of range", path);
	w = calloc(1, sizeof(*w));
	if (!w)
		return qsc_why(why, -ENOMEM, "not enough memory for %s", path);
	w->chunks.put_record = put_record;
	err = qsc_chunks_create(&w->chunks, path, head->count, why) ?:
		      put_head(w, registration_key, head, why)	    ?:
		      put_record(&w->chunks, revoke_key, 1, why);
	if (err)
		qsc_qreg_abandon(w);
	else
		*writer = w;
	return err;
}

int qsc_qreg_put(struct qsc_qreg_writer *w, const uint8_t *keys, uint32_t n, struct qsc_why *why)
{
	return qsc_chunks_put(&w->chunks, keys, n, why);
}

int qsc_qreg_finish(struct qsc_qreg_writer *w, struct qsc_why *why)
{
	return qsc_chunks_finish(&w->chunks, why);
}

void qsc_qreg_abandon(struct qsc_qreg_writer *w)
{
	if (w)
		qsc_chunks_free(&w->chunks, sizeof(*w));
}
