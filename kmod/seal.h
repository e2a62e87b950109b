/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_SEAL_H
#define _QSC_SEAL_H

#include <crypto/curve25519.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* A key pair is handed out for half its life, and good for the other half. */
#define QSC_SEAL_LIFE_SEC 60

/**
 * struct qsc_seal_key - a key pair that clients seal to
 * @id: names it in requests; 0 for none
 * @made: jiffies
 * @secret: X25519 private key
 * @public: X25519 public key
 *
 * All fields: the lock of struct qsc_seal.
 */
struct qsc_seal_key {
	u32 id;
	unsigned long made;
	u8 secret[CURVE25519_KEY_SIZE];
	u8 public[CURVE25519_KEY_SIZE];
};

/**
 * struct qsc_seal - the sealing keys of a network namespace
 * @lock: serialises all below; may sleep
 * @keys: the one that is handed out, then the one before it; @lock
 * @last_id: of the newest key; @lock
 * @expiry: wipes what is too old, also when nobody asks any more
 *
 * There is no key until a client asks for one.
 */
struct qsc_seal {
	struct mutex lock; /* key pairs */
	struct qsc_seal_key keys[2];
	u32 last_id;
	struct delayed_work expiry;
};

/**
 * struct qsc_sealed - a message sealed to one of the keys
 * @id: which key
 * @public: X25519 public key that the client made for this message
 * @box: @len bytes of ciphertext, then a tag of QSC_BOX_TAG_LEN bytes
 * @len: bytes of plaintext
 */
struct qsc_sealed {
	u32 id;
	const u8 *public;
	const u8 *box;
	u32 len;
};

/**
 * struct qsc_seal_offer - a key to seal to
 * @id: names it
 * @seconds: how long it will be good
 * @public: X25519 public key
 */
struct qsc_seal_offer {
	u32 id;
	u32 seconds;
	u8 public[CURVE25519_KEY_SIZE];
};

/**
 * qsc_seal_init() - start without keys
 * @seal: zeroed
 */
void qsc_seal_init(struct qsc_seal *seal);

/**
 * qsc_seal_wipe() - forget all key pairs; later ones are made anew
 * @seal: sealing keys
 *
 * Context: process, may sleep.
 */
void qsc_seal_wipe(struct qsc_seal *seal);

/**
 * qsc_seal_panic() - the same, whoever holds the lock
 * @seal: sealing keys
 *
 * Context: any; the other CPUs have stopped.
 */
void qsc_seal_panic(struct qsc_seal *seal);

/**
 * qsc_seal_destroy() - the same, for good
 * @seal: nobody uses it any more
 *
 * Context: process, may sleep.
 */
void qsc_seal_destroy(struct qsc_seal *seal);

/**
 * qsc_seal_get() - the key to seal to now
 * @seal: sealing keys
 * @offer: set
 *
 * Context: process, may sleep.
 * Return: 0, -EBUSY while the machine goes to sleep or down, or another errno.
 */
int qsc_seal_get(struct qsc_seal *seal, struct qsc_seal_offer *offer);

/**
 * qsc_seal_open() - open a sealed message
 * @seal: sealing keys
 * @msg: message
 * @aad: what it is bound to
 * @aad_len: bytes of @aad
 * @out: @msg->len bytes, written on success only; the caller wipes them
 *
 * Context: process, may sleep.
 * Return: 0, -EKEYEXPIRED if its key is gone, -EKEYREJECTED if the client's
 * public key is of small order, -EBADMSG if it was not sealed to this key and
 * for @aad, or another errno.
 */
int qsc_seal_open(struct qsc_seal *seal, const struct qsc_sealed *msg, const u8 *aad, u32 aad_len,
		  u8 *out);

#endif /* _QSC_SEAL_H */
