// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Cards into the store, and out of use. */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "import.h"

/* Keys on their way from the chunks of a registration to those of the store. */
struct mover {
	struct store *st;
	uint64_t card;
	uint8_t card_key[VAULT_KEY];
	uint8_t revoke_key[VAULT_KEY];
	uint8_t keys[STORE_CHUNK_KEYS][VAULT_KEY];
	uint32_t n; /* in keys */
	uint32_t chunk; /* that they will be */
	uint8_t read[QSC_QREG_CHUNK * VAULT_KEY];
};

static int put_chunk(struct mover *m, struct qsc_why *why)
{
	uint8_t sealed[STORE_CHUNK_MAX];
	int err;

	err = vault_seal_chunk(m->card_key, m->chunk, m->keys[0], m->n, sealed);
	if (err)
		return qsc_why(why, err, "the crypto library failed");
	err = m->st->ops->add_chunk(m->st, m->card, m->chunk, sealed, m->n * VAULT_KEY + VAULT_TAG);
	if (err)
		return qsc_why(why, err, "%s", m->st->error);
	m->chunk++;
	m->n = 0;
	return 0;
}

static int put_keys(struct mover *m, uint32_t n, struct qsc_why *why)
{
	const uint8_t *from = m->read;
	int err = 0;

	for (uint32_t i = 0; !err && i < n; i++, from += VAULT_KEY) {
		memcpy(m->keys[m->n++], from, VAULT_KEY);
		if (m->n == STORE_CHUNK_KEYS)
			err = put_chunk(m, why);
	}
	return err;
}

static int move_pool(struct mover *m, struct qsc_qreg_reader *reader, struct qsc_why *why)
{
	int n, err;

	while ((n = qsc_qreg_next(reader, m->read, why)) > 0) {
		err = put_keys(m, (uint32_t)n, why);
		if (err)
			return err;
	}
	if (n < 0)
		return n;
	return m->n ? put_chunk(m, why) : 0;
}

static int make_card_key(struct mover *m, const struct vault *vault, struct card *card,
			 struct qsc_why *why)
{
	if (RAND_priv_bytes(m->card_key, sizeof(m->card_key)) == 1 &&
	    !vault_seal_card_key(vault, card, m->card_key, card->key) &&
	    !vault_seal_revoke_key(m->card_key, m->revoke_key, card->revoke_key))
		return 0;
	return qsc_why(why, -EIO, "the crypto library failed");
}

static int add_card(struct store *st, const struct card *card, struct qsc_why *why)
{
	int err = st->ops->add_card(st, card);

	switch (err) {
	case 0:
		return 0;
	case -EEXIST:
		return qsc_why(why, err, "card %llu is in the store already",
			       (unsigned long long)card->number);
	case -EBUSY:
		return qsc_why(
			why, err,
			"%s has an active card already: revoke that one first, or use another "
			"name",
			card->subscriber);
	default:
		return qsc_why(why, err, "%s", st->error);
	}
}

static int add_all(struct mover *m, struct qsc_qreg_reader *reader, const struct card *card,
		   struct qsc_why *why)
{
	struct store *st = m->st;
	int err;

	if (st->ops->begin(st))
		return qsc_why(why, -EIO, "%s", st->error);
	err = add_card(st, card, why) ?: move_pool(m, reader, why);
	if (err) {
		st->ops->rollback(st);
		return err;
	}
	if (st->ops->commit(st))
		return qsc_why(why, -EIO, "%s", st->error);
	return 0;
}

static void describe(struct card *card, const struct qsc_qreg_head *head, int64_t when)
{
	memset(card, 0, sizeof(*card));
	card->number = head->card;
	memcpy(card->subscriber, head->subscriber, sizeof(card->subscriber));
	card->profile = head->profile;
	card->slots = head->count;
	card->state = CARD_ACTIVE;
	card->added = when;
	card->has_key = true;
}

int import_card(struct store *st, const struct vault *vault, const struct qsc_kit *kit, int fd,
		const char *name, int64_t when, struct card *card, struct qsc_why *why)
{
	struct qsc_qreg_reader *reader;
	struct qsc_qreg_head head;
	struct mover m = { .st = st };
	int err;

	err = qsc_qreg_open_fd(&reader, fd, name, kit->registration_key, &head, m.revoke_key, why);
	if (err)
		return err;
	describe(card, &head, when);
	m.card = card->number;
	err = make_card_key(&m, vault, card, why) ?: add_all(&m, reader, card, why);
	qsc_qreg_close(reader);
	OPENSSL_cleanse(&m, sizeof(m));
	return err;
}

int revoke_card(struct store *st, const struct vault *vault, struct card *card, int64_t when,
		struct qsc_why *why)
{
	uint8_t card_key[VAULT_KEY], revoke_key[VAULT_KEY];
	int err;

	err = card->has_key ? vault_open_card_key(vault, card, card_key) : -EBADMSG;
	if (!err)
		err = vault_open_revoke_key(card_key, card->revoke_key, revoke_key);
	if (!err)
		err = qsc_keys_revoke_token(revoke_key, card->number, card->token);
	OPENSSL_cleanse(card_key, sizeof(card_key));
	OPENSSL_cleanse(revoke_key, sizeof(revoke_key));
	/* Better revoked without a token than not at all. */
	card->token_len = err ? 0 : QSC_KEYS_REVOKE_TOKEN;
	err = st->ops->revoke(st, card->number, when, card->token, card->token_len);
	if (err == -ENOENT)
		return qsc_why(why, err, "card %llu was revoked already",
			       (unsigned long long)card->number);
	if (err)
		return qsc_why(why, err, "%s", st->error);
	card->state = CARD_REVOKED;
	card->revoked = when;
	card->has_key = false;
	return 0;
}
