/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * libqsckeys: the derivations and formats that card, key service and handset
 * have in common. Internal: linked statically, no stable interface.
 *
 * firmware-keys/vectors/qsc1.json has known answers for all derivations.
 * Conventions, unless a function says otherwise:
 *
 * - Numbers are big-endian in every format and derivation.
 * - A function that can fail returns 0 or a negative errno: -EINVAL for a value
 *   out of range, -EBADMSG for what does not authenticate, -ENOMEM, -EIO for a
 *   failure of the crypto library. Outputs are wiped on every error.
 * - Secrets on the way are wiped; outputs are the caller's to wipe.
 * - Any thread, no global state; an object belongs to one thread at a time.
 */
#ifndef _QSC_KEYS_H
#define _QSC_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QSC_KEYS_LEN 32 /* every key here, bytes */
#define QSC_KEYS_KID 16
#define QSC_KEYS_CORE 8 /* the part of a kid that a card stores */
#define QSC_KEYS_SEALED (QSC_KEYS_LEN + 16)
#define QSC_KEYS_CALL_ID_MAX 127
#define QSC_KEYS_ID_MAX 63
#define QSC_KEYS_CONTEXT_MAX (1 + 2 + QSC_KEYS_CALL_ID_MAX + 1 + 2 * (2 + QSC_KEYS_ID_MAX) + 8)
#define QSC_KEYS_SRTP_MAX 46 /* bytes of master key and salt */
#define QSC_KEYS_CARD_MAX 0xffffffffffULL /* card numbers have 40 bits, */
#define QSC_KEYS_SLOT_MAX 0xffffffU /* slot indices 24 */

/**
 * qsc_keys_wipe_freed() - let OpenSSL wipe whatever it frees from now on
 *
 * Return: 0, or -EBUSY if OpenSSL has been used already
 */
int qsc_keys_wipe_freed(void);

/* ------------------------------------------------------------- derivation */

/**
 * qsc_keys_hkdf() - HKDF of RFC 5869 with SHA-256, extract and expand
 * @ikm: input key, @ikm_len bytes
 * @salt: @salt_len bytes
 * @info: @info_len bytes
 * @out: @out_len bytes
 */
int qsc_keys_hkdf(const void *ikm, size_t ikm_len, const void *salt, size_t salt_len,
		  const void *info, size_t info_len, uint8_t *out, size_t out_len);

/**
 * qsc_keys_auth() - what logs in to the key service: the PSK of TLS
 * @pool_key: one key of the card
 * @kid: its name
 * @out: K_auth
 */
int qsc_keys_auth(const uint8_t pool_key[QSC_KEYS_LEN], const uint8_t kid[QSC_KEYS_KID],
		  uint8_t out[QSC_KEYS_LEN]);

/* The same for K_dist, under which a session key is delivered. */
int qsc_keys_dist(const uint8_t pool_key[QSC_KEYS_LEN], const uint8_t kid[QSC_KEYS_KID],
		  uint8_t out[QSC_KEYS_LEN]);

/**
 * qsc_keys_wrap() - the key that seals one session key for one party
 * @dist: K_dist
 * @exporter: X, from the TLS exporter with the call context
 * @out: K_wrap. It may ever seal one session key.
 */
int qsc_keys_wrap(const uint8_t dist[QSC_KEYS_LEN], const uint8_t exporter[QSC_KEYS_LEN],
		  uint8_t out[QSC_KEYS_LEN]);

/**
 * qsc_keys_suite_lengths() - master key and salt of a suite
 * @suite: number in the uapi header
 * @key_len: bytes, out
 * @salt_len: bytes, out
 *
 * Return: 0, or -EINVAL for an unknown suite
 */
int qsc_keys_suite_lengths(uint32_t suite, size_t *key_len, size_t *salt_len);

/**
 * qsc_keys_srtp() - SRTP master key and salt of one direction
 * @session: S
 * @call_id: of the call
 * @suite: number in the uapi header
 * @direction: 1 caller to callee, 2 callee to caller
 * @epoch: 0, and one more with every rekey; also the MKI, in four bytes
 * @out: the key, then the salt; the bytes behind them are zeroed
 */
int qsc_keys_srtp(const uint8_t session[QSC_KEYS_LEN], const char *call_id, uint32_t suite,
		  uint8_t direction, uint32_t epoch, uint8_t out[QSC_KEYS_SRTP_MAX]);

/* ------------------------------------------------------------------ calls */

enum qsc_keys_role {
	QSC_KEYS_CALLER = 1,
	QSC_KEYS_CALLEE = 2,
};

/**
 * struct qsc_keys_call - what a wrapped session key is bound to
 * @call_id: 1 to 127 printable ASCII characters (0x21 to 0x7e)
 * @role: whose copy this is
 * @caller: subscriber, 1 to 63 of [A-Za-z0-9+._@:-]
 * @callee: subscriber
 * @suite: number in the uapi header
 * @epoch: of the key
 */
struct qsc_keys_call {
	char call_id[QSC_KEYS_CALL_ID_MAX + 1];
	uint8_t role;
	char caller[QSC_KEYS_ID_MAX + 1];
	char callee[QSC_KEYS_ID_MAX + 1];
	uint32_t suite;
	uint32_t epoch;
};

bool qsc_keys_call_id_ok(const char *call_id);
bool qsc_keys_subscriber_ok(const char *id);

/**
 * qsc_keys_call_encode() - the call context, the bytes for exporter and AAD
 * @call: what to encode
 * @out: at least %QSC_KEYS_CONTEXT_MAX bytes
 *
 * Return: how many bytes, or -EINVAL if a field breaks its rule
 */
int qsc_keys_call_encode(const struct qsc_keys_call *call, uint8_t out[QSC_KEYS_CONTEXT_MAX]);

/**
 * qsc_keys_call_decode() - read a call context
 * @context: @len bytes, all of which must be used
 * @call: out, zeroed on errors
 *
 * Return: 0, or -EINVAL for anything that qsc_keys_call_encode() cannot make
 */
int qsc_keys_call_decode(const uint8_t *context, size_t len, struct qsc_keys_call *call);

/**
 * qsc_keys_seal_session() - wrap a session key for one party
 * @wrap: K_wrap, used for nothing else: the nonce is zero
 * @call: becomes the AAD
 * @session: S
 * @out: ciphertext and tag
 */
int qsc_keys_seal_session(const uint8_t wrap[QSC_KEYS_LEN], const struct qsc_keys_call *call,
			  const uint8_t session[QSC_KEYS_LEN], uint8_t out[QSC_KEYS_SEALED]);

/* Unwrap, which only tests and tools do: in a call the kernel does it. */
int qsc_keys_open_session(const uint8_t wrap[QSC_KEYS_LEN], const struct qsc_keys_call *call,
			  const uint8_t sealed[QSC_KEYS_SEALED], uint8_t session[QSC_KEYS_LEN]);

/* ------------------------------------------------------------------- kids */

/* The carrier's view of kids: which card, which slot. */
struct qsc_kid;

/**
 * qsc_kid_new() - prepare for making and reading kids
 * @kid: out, NULL on errors; qsc_kid_free() wipes it
 * @master: KID_MASTER
 */
int qsc_kid_new(struct qsc_kid **kid, const uint8_t master[QSC_KEYS_LEN]);
void qsc_kid_free(struct qsc_kid *kid);

/**
 * qsc_kid_card_key() - KID_CARD, with which a card completes its kids
 * @kid: from qsc_kid_new()
 * @card: number, at most %QSC_KEYS_CARD_MAX
 * @out: the key
 */
int qsc_kid_card_key(const struct qsc_kid *kid, uint64_t card, uint8_t out[QSC_KEYS_LEN]);

/**
 * qsc_kid_core() - what the card stores of the kid of one slot
 * @kid: from qsc_kid_new()
 * @card: number, at most %QSC_KEYS_CARD_MAX
 * @slot: index, at most %QSC_KEYS_SLOT_MAX
 * @core: out
 */
int qsc_kid_core(struct qsc_kid *kid, uint64_t card, uint32_t slot, uint8_t core[QSC_KEYS_CORE]);

/**
 * qsc_kid_complete() - the kid that belongs to a core
 * @card_key: KID_CARD
 * @core: of the slot
 * @out: the kid: core, then mac
 */
int qsc_kid_complete(const uint8_t card_key[QSC_KEYS_LEN], const uint8_t core[QSC_KEYS_CORE],
		     uint8_t out[QSC_KEYS_KID]);

/**
 * qsc_kid_open() - whose key a kid names
 * @kid: from qsc_kid_new()
 * @id: the kid, from anybody
 * @card: out
 * @slot: out
 *
 * Takes the same time for forged kids and for real ones.
 *
 * Return: 0, -EBADMSG for a kid that the carrier did not make, -EIO
 */
int qsc_kid_open(struct qsc_kid *kid, const uint8_t id[QSC_KEYS_KID], uint64_t *card,
		 uint32_t *slot);

/**
 * qsc_ff1() - format-preserving encryption FF1 of NIST SP 800-38G with AES-256
 * @key: 32 bytes
 * @radix: 2 to 65536
 * @tweak: @tweak_len bytes, at most 32
 * @digits: @n digits below @radix, replaced. Half of them must fit 63 bits.
 * @encrypt: or decrypt
 */
int qsc_ff1(const uint8_t key[QSC_KEYS_LEN], uint32_t radix, const uint8_t *tweak, size_t tweak_len,
	    uint16_t *digits, unsigned int n, bool encrypt);

/* ------------------------------------------------------------ sealed draws */

#define QSC_KEYS_POINT 65 /* of P-256, uncompressed: 04 || X || Y */
#define QSC_KEYS_SEALED_DRAW (QSC_KEYS_LEN + 16)

/* A key pair of P-256 for one agreement. */
struct qsc_ephemeral;

/**
 * qsc_ephemeral_new() - a fresh pair
 * @out: NULL on errors; qsc_ephemeral_free() wipes it
 */
int qsc_ephemeral_new(struct qsc_ephemeral **out);
void qsc_ephemeral_free(struct qsc_ephemeral *e); /* NULL is allowed */

/* The public half: %QSC_KEYS_POINT bytes */
const uint8_t *qsc_ephemeral_public(const struct qsc_ephemeral *e);

/**
 * qsc_ephemeral_agree() - ECDH; the private half is wiped, whatever comes of it
 * @e: of this side, not used before
 * @theirs: the other side's public half, from anybody
 * @shared: out, the X coordinate
 *
 * Return: 0, -EINVAL if @theirs is no point of the curve, -EIO
 */
int qsc_ephemeral_agree(struct qsc_ephemeral *e, const uint8_t theirs[QSC_KEYS_POINT],
			uint8_t shared[QSC_KEYS_LEN]);

/**
 * struct qsc_draw_names - all that is known of a sealed draw, and bound to it
 * @reader: public half of whoever asked
 * @chip: public half of the card's
 * @card: number
 * @purpose: P1 of DRAW
 * @index: of the slot
 * @kid: of the key
 * @remaining: slots left
 */
struct qsc_draw_names {
	uint8_t reader[QSC_KEYS_POINT];
	uint8_t chip[QSC_KEYS_POINT];
	uint64_t card;
	uint8_t purpose;
	uint32_t index;
	uint8_t kid[QSC_KEYS_KID];
	uint32_t remaining;
};

/**
 * qsc_keys_seal_draw() - a pool key on its way out of the card
 * @shared: what qsc_ephemeral_agree() gave, for this draw only
 * @names: of the draw
 * @key: the pool key
 * @out: ciphertext and tag
 */
int qsc_keys_seal_draw(const uint8_t shared[QSC_KEYS_LEN], const struct qsc_draw_names *names,
		       const uint8_t key[QSC_KEYS_LEN], uint8_t out[QSC_KEYS_SEALED_DRAW]);

/* Open it. -EBADMSG if it, or one of @names, is not what the card has sealed. */
int qsc_keys_open_draw(const uint8_t shared[QSC_KEYS_LEN], const struct qsc_draw_names *names,
		       const uint8_t sealed[QSC_KEYS_SEALED_DRAW], uint8_t key[QSC_KEYS_LEN]);

/* -------------------------------------------------------------- revocation */

/* Card number, then MAC: the data of the card's REVOKE command. */
#define QSC_KEYS_REVOKE_TOKEN (8 + 32)

/**
 * qsc_keys_revoke_token() - what ends one card for good
 * @revoke_key: the card's
 * @card: its number
 * @out: u64 card number || HMAC-SHA256(revoke key, "qsc/1 revoke" || u64 card number)
 */
int qsc_keys_revoke_token(const uint8_t revoke_key[QSC_KEYS_LEN], uint64_t card,
			  uint8_t out[QSC_KEYS_REVOKE_TOKEN]);

/* ------------------------------------------------------------------- files */

/**
 * struct qsc_why - why something failed, for people
 * @text: one line with names, values and the remedy; never a secret
 */
struct qsc_why {
	char text[640];
};

/* Sets @why, which may be NULL, and returns @err. */
int qsc_why(struct qsc_why *why, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * struct qsc_kit - what the key service shares with whoever personalises cards
 * @kid_master: KID_MASTER
 * @registration_key: REG_KEY, under which registrations travel
 */
struct qsc_kit {
	uint8_t kid_master[QSC_KEYS_LEN];
	uint8_t registration_key[QSC_KEYS_LEN];
};

/**
 * qsc_kit_read() - read a kit
 * @path: a regular file that only its owner may read
 * @kit: out
 * @why: out
 */
int qsc_kit_read(const char *path, struct qsc_kit *kit, struct qsc_why *why);

/* Write a kit to a new file of mode 0600, durably. -EEXIST if there is one. */
int qsc_kit_write(const char *path, const struct qsc_kit *kit, struct qsc_why *why);

/**
 * qsc_secret_read() - read a small file with a secret
 * @path: "-" is standard input; else a regular file that only its owner may
 *	read
 * @out: filled
 * @size: of @out
 * @why: out; -EFBIG if the file is larger than @size
 *
 * Return: how many bytes, or a negative errno
 */
int qsc_secret_read(const char *path, void *out, size_t size, struct qsc_why *why);

/* Write a new file of mode 0600, durably. -EEXIST if there is one. */
int qsc_secret_write(const char *path, const void *data, size_t size, struct qsc_why *why);

/* First words of key files */
#define QSC_KEYFILE_POOL "qsc-pool-key" /* of a .qpool file */
#define QSC_KEYFILE_IMAGE "qsc-image-key" /* of a card image */
#define QSC_KEYFILE_TRANSPORT "qsc-transport-key" /* of a card that is not loaded yet */

/**
 * qsc_keyfile_read() - read a file with one key
 * @path: a regular file that only its owner may read
 * @kind: what it has to be for, one of the above
 * @key: out
 * @why: out
 */
int qsc_keyfile_read(const char *path, const char *kind, uint8_t key[QSC_KEYS_LEN],
		     struct qsc_why *why);

/* Write one to a new file of mode 0600, durably. -EEXIST if there is one. */
int qsc_keyfile_write(const char *path, const char *kind, const uint8_t key[QSC_KEYS_LEN],
		      struct qsc_why *why);

/*
 * A registration (.qreg): the pool of one card on its way to the key service.
 * The format is in Documentation/pool-format.rst.
 */
#define QSC_QREG_CHUNK 1024U /* keys */

enum qsc_profile {
	QSC_PROFILE_ONE_DRAW = 1,
	QSC_PROFILE_TWO_DRAW = 2,
};

/* "one-draw", "two-draw"; NULL and 0 for others */
const char *qsc_profile_name(unsigned int profile);
unsigned int qsc_profile_by_name(const char *name);

/**
 * struct qsc_qreg_head - whose pool it is
 * @card: number
 * @subscriber: 1 to 63 of [A-Za-z0-9+._@:-]
 * @profile: enum qsc_profile
 * @count: keys, 1 to %QSC_KEYS_SLOT_MAX + 1
 */
struct qsc_qreg_head {
	uint64_t card;
	char subscriber[QSC_KEYS_ID_MAX + 1];
	uint8_t profile;
	uint32_t count;
};

struct qsc_qreg_writer;
struct qsc_qreg_reader;

/**
 * qsc_qreg_create() - begin a registration
 * @writer: out, NULL on errors
 * @path: a new file, mode 0600
 * @registration_key: REG_KEY
 * @head: whose
 * @revoke_key: of the card
 * @why: out
 */
int qsc_qreg_create(struct qsc_qreg_writer **writer, const char *path,
		    const uint8_t registration_key[QSC_KEYS_LEN], const struct qsc_qreg_head *head,
		    const uint8_t revoke_key[QSC_KEYS_LEN], struct qsc_why *why);

/* Append the keys of the next @n slots: any number, in order. */
int qsc_qreg_put(struct qsc_qreg_writer *writer, const uint8_t *keys, uint32_t n,
		 struct qsc_why *why);

/* Make it durable. -EINVAL if the header promised another number of keys. */
int qsc_qreg_finish(struct qsc_qreg_writer *writer, struct qsc_why *why);

/* Free. A registration that was not finished is removed. NULL is allowed. */
void qsc_qreg_abandon(struct qsc_qreg_writer *writer);

/**
 * qsc_qreg_open() - begin to read a registration
 * @reader: out, NULL on errors
 * @path: the file
 * @registration_key: REG_KEY
 * @head: out
 * @revoke_key: out, of the card
 * @why: out; -EBADMSG if it was changed or is under another registration key
 */
int qsc_qreg_open(struct qsc_qreg_reader **reader, const char *path,
		  const uint8_t registration_key[QSC_KEYS_LEN], struct qsc_qreg_head *head,
		  uint8_t revoke_key[QSC_KEYS_LEN], struct qsc_why *why);

/*
 * The same from a file that somebody else has opened. @fd is closed at the end,
 * and on errors; @name is what @why calls it.
 */
int qsc_qreg_open_fd(struct qsc_qreg_reader **reader, int fd, const char *name,
		     const uint8_t registration_key[QSC_KEYS_LEN], struct qsc_qreg_head *head,
		     uint8_t revoke_key[QSC_KEYS_LEN], struct qsc_why *why);

/**
 * qsc_qreg_next() - read the next chunk
 * @reader: from qsc_qreg_open()
 * @keys: out, %QSC_QREG_CHUNK keys of 32 bytes
 * @why: out
 *
 * Nothing may be kept of a registration before this has returned 0 at its end.
 *
 * Return: how many keys, 0 at the end, or a negative errno
 */
int qsc_qreg_next(struct qsc_qreg_reader *reader, uint8_t *keys, struct qsc_why *why);

void qsc_qreg_close(struct qsc_qreg_reader *reader);

#endif /* _QSC_KEYS_H */
