// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * LOAD commands as the target, for a card with a chip: a command per line in
 * hexadecimal, as scriptor of pcsc-tools sends them. The keys in it are
 * encrypted under the transport key of that one card.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "keys_internal.h"
#include "target.h"

/* Slots in a command: even, so that they end with a block. */
#define SLOTS 512U
#define DATA_MAX (4 + SLOTS * TRANSPORT_SLOT + TRANSPORT_MAC)

struct script {
	struct target target;
	struct transport transport;
	uint8_t salt[TRANSPORT_SALT];
	char *path;
	int fd;
	uint32_t count;
	uint32_t first; /* of the next command */
	uint8_t data[DATA_MAX];
	char line[2 * (7 + DATA_MAX) + 1];
};

static char *put_hex(char *p, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		*p++ = digits[bytes[i] >> 4];
		*p++ = digits[bytes[i] & 15];
	}
	return p;
}

/* @len bytes of s->data; the tag is added. */
static int put_command(struct script *s, enum transport_record record, size_t len,
		       struct qsc_why *why)
{
	uint8_t head[7] = { 0x80, 0xe2, (uint8_t)record, 0 };
	size_t lc = len + TRANSPORT_MAC, head_len = 5;
	char *p;

	if (transport_tag(&s->transport, record, s->data, len, s->data + len))
		return qsc_why(why, -EIO, "cannot encrypt %s: the crypto library failed", s->path);
	if (lc < 256) {
		head[4] = (uint8_t)lc;
	} else {
		head_len = 7;
		put_be16(head + 5, (uint16_t)lc);
	}
	p = put_hex(s->line, head, head_len);
	p = put_hex(p, s->data, lc);
	*p++ = '\n';
	return qsc_file_write(s->fd, s->path, s->line, (size_t)(p - s->line), why);
}

static int script_begin(struct target *target, const struct qsc_card_identity *identity,
			struct qsc_why *why)
{
	static const char select_applet[] = "00A4040005F051534301\n";
	struct script *s = (struct script *)target;
	uint8_t *record = put_bytes(s->data, s->salt, TRANSPORT_SALT);
	int err = qsc_file_write(s->fd, s->path, select_applet, sizeof(select_applet) - 1, why);

	if (err)
		return err;
	transport_put_identity(identity, s->count, record);
	if (transport_crypt(&s->transport, TRANSPORT_BEGIN, 0, record, TRANSPORT_IDENTITY, true))
		return qsc_why(why, -EIO, "cannot encrypt %s: the crypto library failed", s->path);
	return put_command(s, TRANSPORT_BEGIN, TRANSPORT_SALT + TRANSPORT_IDENTITY, why);
}

static int put_slots(struct script *s, const struct qsc_slot *slots, uint32_t n,
		     struct qsc_why *why)
{
	uint8_t *begin = put_be32(s->data, s->first), *p = begin;
	size_t len;

	for (uint32_t i = 0; i < n; i++)
		p = put_bytes(put_bytes(p, slots[i].core, QSC_KEYS_CORE), slots[i].key,
			      QSC_KEYS_LEN);
	if (n % 2) {
		memset(p, 0, 8);
		p += 8;
	}
	len = (size_t)(p - begin);
	if (transport_crypt(&s->transport, TRANSPORT_SLOTS, s->first, begin, len, true))
		return qsc_why(why, -EIO, "cannot encrypt %s: the crypto library failed", s->path);
	s->first += n;
	return put_command(s, TRANSPORT_SLOTS, 4 + len, why);
}

static int script_slots(struct target *target, const struct qsc_slot *slots, uint32_t n,
			struct qsc_why *why)
{
	struct script *s = (struct script *)target;
	int err = 0;

	for (uint32_t at = 0; at < n && !err; at += SLOTS)
		err = put_slots(s, slots + at, n - at < SLOTS ? n - at : SLOTS, why);
	return err;
}

static int script_finish(struct target *target, struct qsc_why *why)
{
	struct script *s = (struct script *)target;
	int fd = s->fd, err;

	put_be32(s->data, s->count);
	err = put_command(s, TRANSPORT_FINISH, 4, why);
	if (err)
		return err;
	s->fd = -1;
	err = qsc_file_finish(fd, s->path, why);
	if (err)
		unlink(s->path);
	return err;
}

static void script_abandon(struct target *target)
{
	struct script *s = (struct script *)target;

	if (s->fd >= 0) {
		close(s->fd);
		unlink(s->path);
	}
	free(s->path);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

static const struct target_ops script_ops = {
	script_begin,
	script_slots,
	script_finish,
	script_abandon,
};

int target_script(struct target **target, const char *path, const uint8_t key[QSC_KEYS_LEN],
		  uint32_t count, struct qsc_why *why)
{
	struct script *s = calloc(1, sizeof(*s));
	int err = 0;

	*target = NULL;
	if (s)
		s->path = strdup(path);
	if (!s || !s->path) {
		free(s);
		return qsc_why(why, -ENOMEM, "not enough memory for %s", path);
	}
	s->target.ops = &script_ops;
	s->count = count;
	s->fd = -1;
	if (RAND_bytes(s->salt, sizeof(s->salt)) != 1 ||
	    transport_derive(&s->transport, key, s->salt))
		err = qsc_why(why, -EIO, "cannot begin %s: the crypto library failed", path);
	if (!err) {
		s->fd = qsc_file_create(path, O_WRONLY, why);
		err = s->fd < 0 ? s->fd : 0;
	}
	if (err)
		script_abandon(&s->target);
	else
		*target = &s->target;
	return err;
}
