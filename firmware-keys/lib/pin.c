// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The PIN. A try is counted, durably, before anybody learns whether it was right. */
#include <errno.h>

#include "internal.h"

bool qsc_card_pin_ok(const char *pin, size_t len)
{
	if (len < QSC_CARD_PIN_MIN || len > QSC_CARD_PIN_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (pin[i] < '0' || pin[i] > '9')
			return false;
	return true;
}

int pin_set(struct qsc_card *card, const char *pin, size_t len)
{
	int err = qsc_hmac(card->pin_key, pin, len, card->state.pin);

	card->state.tries = err ? 0 : QSC_CARD_PIN_TRIES;
	return err;
}

static int not_a_pin(struct qsc_why *why)
{
	return qsc_why(why, -EINVAL, "a PIN has %d to %d digits and nothing else", QSC_CARD_PIN_MIN,
		       QSC_CARD_PIN_MAX);
}

static int store_tries(struct qsc_card *card, uint8_t tries, struct qsc_why *why)
{
	uint8_t before = card->state.tries;
	int err;

	card->state.tries = tries;
	err = card_write_state(card, why);
	if (err) {
		card->state.tries = tries < before ? tries : before;
		return err;
	}
	return card_sync(card, why);
}

static int check_state(const struct qsc_card *card, struct qsc_why *why)
{
	if (card->state.state == QSC_CARD_REVOKED)
		return qsc_why(why, -EKEYREVOKED, "%s was revoked: get another card", card->path);
	if (card->state.state != QSC_CARD_READY)
		return qsc_why(why, -ENOKEY, "%s is not loaded yet: personalise it", card->path);
	return card_check_failed(card, why);
}

static int blocked(const struct qsc_card *card, struct qsc_why *why)
{
	return qsc_why(why, -EPERM,
		       "the PIN of %s is blocked after %d wrong ones: set a new one with qspool "
		       "set-pin, or get another card",
		       card->path, QSC_CARD_PIN_TRIES);
}

int qsc_card_check_pin(struct qsc_card *card, const char *pin, size_t len, struct qsc_why *why)
{
	uint8_t mac[32];
	int err = check_state(card, why);
	bool right;

	if (err)
		return err;
	if (!qsc_card_pin_ok(pin, len))
		return not_a_pin(why);
	if (!card->state.tries)
		return blocked(card, why);
	err = store_tries(card, card->state.tries - 1, why);
	if (err)
		return err;
	qsc_card_step(card, QSC_STEP_PIN_COUNTED);
	if (qsc_hmac(card->pin_key, pin, len, mac))
		return qsc_why(why, -EIO, "cannot check the PIN: the crypto library failed");
	right = !CRYPTO_memcmp(mac, card->state.pin, sizeof(mac));
	OPENSSL_cleanse(mac, sizeof(mac));
	if (!right && !card->state.tries)
		return blocked(card, why);
	if (!right)
		return qsc_why(why, -EKEYREJECTED, "wrong PIN for %s: %u tries left", card->path,
			       card->state.tries);
	err = store_tries(card, QSC_CARD_PIN_TRIES, why);
	if (!err)
		qsc_card_step(card, QSC_STEP_PIN_CLEARED);
	return err;
}

int qsc_card_set_pin(struct qsc_card *card, const char *pin, size_t len, struct qsc_why *why)
{
	int err = check_state(card, why);

	if (err)
		return err;
	if (!qsc_card_pin_ok(pin, len))
		return not_a_pin(why);
	if (pin_set(card, pin, len))
		return qsc_why(why, -EIO, "cannot set the PIN: the crypto library failed");
	err = card_write_state(card, why);
	return err ? err : card_sync(card, why);
}
