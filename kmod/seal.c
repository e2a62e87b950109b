// SPDX-License-Identifier: GPL-2.0
/*
 * Sealed key ingress. Netlink copies requests to places where nobody wipes
 * them: error acks, nlmon taps, requests refused before a handler sees them.
 * So keys cross it only encrypted to a key pair that is soon gone.
 *
 * X25519 (RFC 7748) of a fresh client key and ours, HKDF-SHA256 with both
 * public keys as salt, AES-256-GCM with nonce 0: each such key is used once.
 */

#include "seal.h"

#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/string.h>

#include "erase.h"
#include "hkdf.h"
#include "open.h"

#define LIFE (QSC_SEAL_LIFE_SEC * HZ)

static const char seal_label[] = "qsc/1 seal";

static void wipe_key(struct qsc_seal_key *key)
{
	memzero_explicit(key, sizeof(*key));
}

static bool is_older(const struct qsc_seal_key *key, unsigned long age)
{
	return time_after_eq(jiffies, key->made + age);
}

static void expire(struct qsc_seal *seal)
{
	unsigned int i;

	lockdep_assert_held(&seal->lock);
	for (i = 0; i < ARRAY_SIZE(seal->keys); i++)
		if (seal->keys[i].id && is_older(&seal->keys[i], LIFE))
			wipe_key(&seal->keys[i]);
}

static unsigned long time_left(const struct qsc_seal_key *key)
{
	return is_older(key, LIFE) ? 0 : key->made + LIFE - jiffies;
}

/* For the older key; when it is gone, it is the other one's turn. */
static void arm(struct qsc_seal *seal)
{
	const struct qsc_seal_key *key = seal->keys[1].id ? &seal->keys[1] : &seal->keys[0];

	if (key->id)
		schedule_delayed_work(&seal->expiry, time_left(key));
}

static void expiry_work(struct work_struct *work)
{
	struct qsc_seal *seal = container_of(work, struct qsc_seal, expiry.work);

	mutex_lock(&seal->lock);
	expire(seal);
	arm(seal);
	mutex_unlock(&seal->lock);
}

void qsc_seal_init(struct qsc_seal *seal)
{
	mutex_init(&seal->lock);
	INIT_DELAYED_WORK(&seal->expiry, expiry_work);
}

void qsc_seal_panic(struct qsc_seal *seal)
{
	wipe_key(&seal->keys[0]);
	wipe_key(&seal->keys[1]);
}

void qsc_seal_wipe(struct qsc_seal *seal)
{
	mutex_lock(&seal->lock);
	qsc_seal_panic(seal);
	mutex_unlock(&seal->lock);
}

void qsc_seal_destroy(struct qsc_seal *seal)
{
	cancel_delayed_work_sync(&seal->expiry);
	qsc_seal_wipe(seal);
	mutex_destroy(&seal->lock);
}

static int rotate(struct qsc_seal *seal)
{
	struct qsc_seal_key *key = &seal->keys[0];

	seal->keys[1] = *key;
	curve25519_generate_secret(key->secret);
	if (!curve25519_generate_public(key->public, key->secret)) {
		wipe_key(key);
		return -EIO;
	}
	key->made = jiffies;
	key->id = ++seal->last_id ?: ++seal->last_id;
	arm(seal);
	return 0;
}

int qsc_seal_get(struct qsc_seal *seal, struct qsc_seal_offer *offer)
{
	const struct qsc_seal_key *key = &seal->keys[0];
	int err;

	/* At boot: a key from a generator that is not seeded would be no secret. */
	err = wait_for_random_bytes();
	if (err)
		return err;
	mutex_lock(&seal->lock);
	expire(seal);
	/* However many ask: one key pair in half a life. */
	if (qsc_erase_is_shut())
		err = -EBUSY;
	else if (!key->id || is_older(key, LIFE / 2))
		err = rotate(seal);
	offer->id = key->id;
	offer->seconds = time_left(key) / HZ;
	memcpy(offer->public, key->public, sizeof(offer->public));
	mutex_unlock(&seal->lock);
	return err;
}

/*
 * The key of one message, from our half and the client's: first the secret that they
 * share, then what is made of it, in one place.
 */
static int agree(struct qsc_seal *seal, const struct qsc_sealed *msg, u8 key[QSC_BOX_KEY_LEN])
{
	u8 salt[2 * CURVE25519_KEY_SIZE];
	const struct qsc_seal_key *ours;
	int err = -EKEYEXPIRED;

	BUILD_BUG_ON(QSC_BOX_KEY_LEN != CURVE25519_KEY_SIZE);
	mutex_lock(&seal->lock);
	expire(seal);
	ours = seal->keys[0].id == msg->id ? &seal->keys[0] : &seal->keys[1];
	if (!msg->id || ours->id != msg->id)
		goto out;
	/* False for a point of small order: the result would be known. */
	err = -EKEYREJECTED;
	if (!curve25519(key, ours->secret, msg->public))
		goto out;
	memcpy(salt, msg->public, CURVE25519_KEY_SIZE);
	memcpy(salt + CURVE25519_KEY_SIZE, ours->public, CURVE25519_KEY_SIZE);
	qsc_hkdf(salt, sizeof(salt), key, CURVE25519_KEY_SIZE, (const u8 *)seal_label,
		 sizeof(seal_label) - 1, key, QSC_BOX_KEY_LEN);
	err = 0;
out:
	mutex_unlock(&seal->lock);
	return err;
}

int qsc_seal_open(struct qsc_seal *seal, const struct qsc_sealed *msg, const u8 *aad, u32 aad_len,
		  u8 *out)
{
	u8 key[QSC_BOX_KEY_LEN];
	int err;

	err = agree(seal, msg, key);
	if (!err)
		err = qsc_box_open(key, aad, aad_len, msg->box, out, msg->len);
	memzero_explicit(key, sizeof(key));
	return err;
}
