// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Writing a registration. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "qreg.h"

struct qsc_qreg_writer {
	struct qsc_qreg_seal seal;
	char *path;
	int fd;
	uint32_t left; /* keys still to come */
	uint32_t filled; /* keys in this chunk */
	uint8_t keys[QSC_QREG_CHUNK * QSC_KEYS_LEN];
	uint8_t record[QSC_QREG_RECORD(QSC_QREG_CHUNK)];
};

static bool head_ok(const struct qsc_qreg_head *head)
{
	return head->card <= QSC_KEYS_CARD_MAX && qsc_keys_subscriber_ok(head->subscriber) &&
	       qsc_profile_name(head->profile) && head->count && head->count <= QSC_QREG_COUNT_MAX;
}

static int put_record(struct qsc_qreg_writer *w, const uint8_t *keys, uint32_t n,
		      struct qsc_why *why)
{
	size_t len = (size_t)n * QSC_KEYS_LEN;
	int err;

	qsc_qreg_seal_next(&w->seal, w->record);
	err = qsc_gcm_seal(w->seal.key, w->record, w->seal.aad, sizeof(w->seal.aad), keys, len,
			   w->record + QSC_GCM_NONCE);
	if (err)
		return qsc_why(why, err, "cannot encrypt %s: the crypto library failed", w->path);
	return qsc_file_write(w->fd, w->path, w->record, QSC_QREG_RECORD(n), why);
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
		return qsc_why(why, -EIO, "cannot encrypt %s: the crypto library failed", w->path);
	return qsc_file_write(w->fd, w->path, bytes, len, why);
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
	if (!w || !(w->path = strdup(path))) {
		free(w);
		return qsc_why(why, -ENOMEM, "not enough memory for %s", path);
	}
	w->left = head->count;
	w->fd = qsc_file_create(path, O_WRONLY, why);
	if (w->fd < 0) {
		err = w->fd;
		free(w->path);
		free(w);
		return err;
	}
	err = put_head(w, registration_key, head, why);
	if (!err)
		err = put_record(w, revoke_key, 1, why);
	if (err)
		qsc_qreg_abandon(w);
	else
		*writer = w;
	return err;
}

int qsc_qreg_put(struct qsc_qreg_writer *w, const uint8_t *keys, uint32_t n, struct qsc_why *why)
{
	if (n > w->left)
		return qsc_why(why, -EINVAL, "%s: more keys than its header says", w->path);
	while (n) {
		uint32_t part = QSC_QREG_CHUNK - w->filled;
		int err;

		part = n < part ? n : part;
		memcpy(w->keys + w->filled * QSC_KEYS_LEN, keys, (size_t)part * QSC_KEYS_LEN);
		keys += (size_t)part * QSC_KEYS_LEN;
		n -= part;
		w->left -= part;
		w->filled += part;
		if (w->filled < QSC_QREG_CHUNK && w->left)
			continue;
		err = put_record(w, w->keys, w->filled, why);
		if (err)
			return err;
		w->filled = 0;
	}
	return 0;
}

int qsc_qreg_finish(struct qsc_qreg_writer *w, struct qsc_why *why)
{
	int fd = w->fd;

	if (w->left)
		return qsc_why(why, -EINVAL, "%s: %u keys less than its header says", w->path,
			       w->left);
	w->fd = -1;
	return qsc_file_finish(fd, w->path, why);
}

void qsc_qreg_abandon(struct qsc_qreg_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0) {
		close(w->fd);
		unlink(w->path);
	}
	free(w->path);
	OPENSSL_cleanse(w, sizeof(*w));
	free(w);
}
