// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reading a registration. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "qreg.h"

struct qsc_qreg_reader {
	struct qsc_qreg_seal seal;
	char *path;
	int fd;
	uint32_t left;
	uint8_t record[QSC_QREG_RECORD(QSC_QREG_CHUNK)];
};

static int malformed(const struct qsc_qreg_reader *r, struct qsc_why *why, const char *what)
{
	return qsc_why(why, -EBADMSG,
		       "%s: %s: it was damaged or is no registration; get it again from whoever "
		       "personalised the card",
		       r->path, what);
}

static int take(struct qsc_qreg_reader *r, uint8_t **p, size_t len, struct qsc_why *why)
{
	int n = qsc_file_read(r->fd, r->path, *p, len, why);

	if (n < 0)
		return n;
	if ((size_t)n != len)
		return malformed(r, why, "it ends too early");
	*p += len;
	return 0;
}

static int get_record(struct qsc_qreg_reader *r, uint8_t *keys, uint32_t n, struct qsc_why *why)
{
	uint32_t record = r->seal.record;
	uint8_t *p = r->record, nonce[QSC_GCM_NONCE];
	int err = take(r, &p, QSC_QREG_RECORD(n), why);

	if (err)
		return err;
	/* The nonce is as authentic as the rest: it is what it has to be. */
	qsc_qreg_seal_next(&r->seal, nonce);
	err = memcmp(nonce, r->record, sizeof(nonce)) ? -EBADMSG : 0;
	if (!err)
		err = qsc_gcm_open(r->seal.key, nonce, r->seal.aad, sizeof(r->seal.aad),
				   r->record + QSC_GCM_NONCE, (size_t)n * QSC_KEYS_LEN, keys);
	if (!err)
		return 0;
	if (err != -EBADMSG)
		return qsc_why(why, err, "cannot decrypt %s: the crypto library failed", r->path);
	if (!record)
		return malformed(r, why,
				 "its first record does not authenticate with this registration "
				 "key: it was made with another kit");
	return qsc_why(
		why, err,
		"%s: the record of slots %u to %u does not authenticate: it was damaged; get "
		"it again from whoever personalised the card",
		r->path, (record - 1) * QSC_QREG_CHUNK, (record - 1) * QSC_QREG_CHUNK + n - 1);
}

/* Reads the header into @bytes; its length is added up in @len. */
static int get_head(struct qsc_qreg_reader *r, uint8_t bytes[QSC_QREG_HEAD_MAX], size_t *len,
		    struct qsc_qreg_head *head, struct qsc_why *why)
{
	uint8_t *p = bytes;
	unsigned int id_len;
	int err;

	err = take(r, &p, QSC_QREG_MAGIC_LEN + 8 + 2, why);
	if (err)
		return err;
	if (memcmp(bytes, QSC_QREG_MAGIC, QSC_QREG_MAGIC_LEN))
		return malformed(r, why, "it does not begin with QSCREG1");
	head->card = get_be64(bytes + QSC_QREG_MAGIC_LEN);
	id_len = get_be16(p - 2);
	if (id_len > QSC_KEYS_ID_MAX)
		return malformed(r, why, "the name of its subscriber is too long");
	err = take(r, &p, id_len + 1 + 4 + QSC_QREG_SALT, why);
	if (err)
		return err;
	*len = (size_t)(p - bytes);
	p -= 1 + 4 + QSC_QREG_SALT;
	memcpy(head->subscriber, p - id_len, id_len);
	head->profile = *p;
	head->count = get_be32(p + 1);
	if (head->card > QSC_KEYS_CARD_MAX || !qsc_keys_subscriber_ok(head->subscriber) ||
	    strlen(head->subscriber) != id_len || !qsc_profile_name(head->profile) ||
	    !head->count || head->count > QSC_QREG_COUNT_MAX)
		return malformed(r, why, "a value of its header is out of range");
	return 0;
}

static int begin(struct qsc_qreg_reader *r, const uint8_t *registration_key,
		 struct qsc_qreg_head *head, uint8_t *revoke_key, struct qsc_why *why)
{
	uint8_t bytes[QSC_QREG_HEAD_MAX] = { 0 };
	size_t len = 0;
	int err;

	err = get_head(r, bytes, &len, head, why);
	if (err)
		return err;
	r->left = head->count;
	if (qsc_qreg_seal_init(&r->seal, registration_key, bytes, len, bytes + len - QSC_QREG_SALT))
		return qsc_why(why, -EIO, "cannot decrypt %s: the crypto library failed", r->path);
	return get_record(r, revoke_key, 1, why);
}

int qsc_qreg_open_fd(struct qsc_qreg_reader **reader, int fd, const char *name,
		     const uint8_t registration_key[QSC_KEYS_LEN], struct qsc_qreg_head *head,
		     uint8_t revoke_key[QSC_KEYS_LEN], struct qsc_why *why)
{
	struct qsc_qreg_reader *r = calloc(1, sizeof(*r));
	int err = -ENOMEM;

	*reader = NULL;
	memset(head, 0, sizeof(*head));
	memset(revoke_key, 0, QSC_KEYS_LEN);
	if (r)
		r->path = strdup(name);
	if (!r || !r->path) {
		free(r);
		close(fd);
		return qsc_why(why, err, "not enough memory for %s", name);
	}
	r->fd = fd;
	err = begin(r, registration_key, head, revoke_key, why);
	if (err) {
		memset(head, 0, sizeof(*head));
		qsc_qreg_close(r);
	} else {
		*reader = r;
	}
	return err;
}

int qsc_qreg_open(struct qsc_qreg_reader **reader, const char *path,
		  const uint8_t registration_key[QSC_KEYS_LEN], struct qsc_qreg_head *head,
		  uint8_t revoke_key[QSC_KEYS_LEN], struct qsc_why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return qsc_qreg_open_fd(reader, fd, path, registration_key, head, revoke_key, why);
	*reader = NULL;
	memset(head, 0, sizeof(*head));
	memset(revoke_key, 0, QSC_KEYS_LEN);
	return qsc_why(why, -errno, "cannot open %s: %s", path, strerror(errno));
}

int qsc_qreg_next(struct qsc_qreg_reader *r, uint8_t *keys, struct qsc_why *why)
{
	uint32_t n = min_u32(r->left, QSC_QREG_CHUNK);
	uint8_t more;
	int err;

	if (!n) {
		err = qsc_file_read(r->fd, r->path, &more, 1, why);
		return err > 0 ? malformed(r, why, "there is something behind its end") : err;
	}
	err = get_record(r, keys, n, why);
	if (err) {
		/* Those of the chunk before are there. */
		OPENSSL_cleanse(keys, QSC_QREG_CHUNK * QSC_KEYS_LEN);
		return err;
	}
	r->left -= n;
	return (int)n;
}

void qsc_qreg_close(struct qsc_qreg_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	free(r->path);
	OPENSSL_cleanse(r, sizeof(*r));
	free(r);
}
