// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The first two sectors: who the card is, and its state. Magic, salt and size
 * are in the clear and authenticated; the rest is encrypted.
 */
#include <errno.h>

#include <openssl/rand.h>

#include "internal.h"

#define CLEAR 32 /* bytes in the clear */
#define NONCE_AT CLEAR
#define BODY_AT (NONCE_AT + QSC_GCM_NONCE)

static const char *const magics[] = {
	[SECTOR_IDENTITY] = "QSCIMG1\n",
	[SECTOR_STATE] = "QSCSTA1\n",
};

static int derive(const uint8_t *image_key, const uint8_t *salt, const char *label, uint8_t *out)
{
	return qsc_keys_hkdf(image_key, QSC_KEYS_LEN, salt, SALT_LEN, label, strlen(label), out,
			     QSC_KEYS_LEN);
}

int card_derive_keys(struct qsc_card *card, const uint8_t *image_key)
{
	int err = derive(image_key, card->salt, "qsc/1 image head", card->head_key);

	if (!err)
		err = derive(image_key, card->salt, "qsc/1 image map", card->map_key);
	if (!err)
		err = derive(image_key, card->salt, "qsc/1 image pin", card->pin_key);
	return err;
}

static int write_sealed(struct qsc_card *card, enum sealed_sector which,
			const uint8_t body[SEALED_BODY], struct qsc_why *why)
{
	uint8_t sector[SECTOR] = { 0 }, *p = sector;

	p = put_bytes(p, magics[which], 8);
	p = put_bytes(p, card->salt, SALT_LEN);
	put_be32(p, card->total);
	if (RAND_bytes(sector + NONCE_AT, QSC_GCM_NONCE) != 1 ||
	    qsc_gcm_seal(card->head_key, sector + NONCE_AT, sector, CLEAR, body, SEALED_BODY,
			 sector + BODY_AT))
		return qsc_why(why, -EIO, "cannot encrypt %s: the crypto library failed",
			       card->path);
	return card_write(card, (uint64_t)which * SECTOR, sector, SECTOR, why);
}

int card_write_identity(struct qsc_card *card, struct qsc_why *why)
{
	uint8_t body[SEALED_BODY] = { 0 }, *p = body;
	const struct identity *id = &card->identity;
	int err;

	p = put_be64(p, id->card);
	*p++ = id->profile;
	*p++ = id->has_transport;
	p = body + 16;
	p = put_bytes(p, id->kid_card, QSC_KEYS_LEN);
	p = put_bytes(p, id->revoke_key, QSC_KEYS_LEN);
	p = put_bytes(p, id->pool_key, QSC_KEYS_LEN);
	put_bytes(p, id->transport_key, QSC_KEYS_LEN);
	err = write_sealed(card, SECTOR_IDENTITY, body, why);
	OPENSSL_cleanse(body, sizeof(body));
	return err;
}

int card_write_state(struct qsc_card *card, struct qsc_why *why)
{
	uint8_t body[SEALED_BODY] = { 0 };
	int err;

	body[0] = card->state.state;
	body[1] = card->state.tries;
	memcpy(body + 16, card->state.pin, sizeof(card->state.pin));
	err = write_sealed(card, SECTOR_STATE, body, why);
	OPENSSL_cleanse(body, sizeof(body));
	return err;
}

int card_parse_clear(struct qsc_card *card, const uint8_t head[SECTOR], struct qsc_why *why)
{
	if (memcmp(head, magics[SECTOR_IDENTITY], 7))
		return qsc_why(why, -EBADMSG,
			       "%s does not begin with QSCIMG1: it is no card image, or its first "
			       "bytes are damaged",
			       card->path);
	memcpy(card->salt, head + 8, SALT_LEN);
	card->total = get_be32(head + 8 + SALT_LEN);
	if (!card->total || card->total > QSC_CARD_SLOTS_MAX)
		return qsc_why(why, -EBADMSG,
			       "%s: bytes 24 to 27 are damaged: %u slots are impossible",
			       card->path, card->total);
	card->map_sectors = map_sectors_for(card->total);
	return 0;
}

static void parse_identity(struct identity *id, const uint8_t *body)
{
	id->card = get_be64(body);
	id->profile = body[8];
	id->has_transport = body[9];
	memcpy(id->kid_card, body + 16, QSC_KEYS_LEN);
	memcpy(id->revoke_key, body + 48, QSC_KEYS_LEN);
	memcpy(id->pool_key, body + 80, QSC_KEYS_LEN);
	memcpy(id->transport_key, body + 112, QSC_KEYS_LEN);
}

static void parse_state(struct state *state, const uint8_t *body)
{
	state->state = body[0];
	state->tries = body[1];
	memcpy(state->pin, body + 16, sizeof(state->pin));
}

static bool open_sealed(struct qsc_card *card, enum sealed_sector which, const uint8_t *sector,
			uint8_t body[SEALED_BODY])
{
	return !memcmp(sector, magics[which], 8) && !memcmp(sector + 8, card->salt, SALT_LEN) &&
	       !qsc_gcm_open(card->head_key, sector + NONCE_AT, sector, CLEAR, sector + BODY_AT,
			     SEALED_BODY, body);
}

/* With both sectors unreadable it is the key, with one it is that sector. */
static int refuse_heads(const struct qsc_card *card, bool identity_ok, bool state_ok,
			struct qsc_why *why)
{
	static const char replace[] =
		"the card has to be replaced: revoke it at the key service "
		"and personalise another; never bring back an old copy, which "
		"would give keys twice";

	if (!identity_ok && !state_ok)
		return qsc_why(why, -EBADMSG,
			       "%s does not open with this image key: name the key file that was "
			       "made with it; if this is the one, bytes 0 to 1023 are damaged and "
			       "%s",
			       card->path, replace);
	return qsc_why(why, -EBADMSG, "%s: bytes %s are damaged: %s", card->path,
		       identity_ok ? "512 to 1023 (state)" : "0 to 511 (identity)", replace);
}

int card_parse_heads(struct qsc_card *card, const uint8_t heads[2 * SECTOR], struct qsc_why *why)
{
	uint8_t identity[SEALED_BODY], state[SEALED_BODY];
	bool identity_ok = open_sealed(card, SECTOR_IDENTITY, heads, identity);
	bool state_ok = open_sealed(card, SECTOR_STATE, heads + SECTOR, state);
	int err = 0;

	if (identity_ok && state_ok) {
		parse_identity(&card->identity, identity);
		parse_state(&card->state, state);
	} else {
		err = refuse_heads(card, identity_ok, state_ok, why);
	}
	OPENSSL_cleanse(identity, sizeof(identity));
	OPENSSL_cleanse(state, sizeof(state));
	return err;
}
