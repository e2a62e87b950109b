// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The keys shared with whoever personalises cards. */
#include <errno.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "kit.h"

static const char *const names[] = { "kid-master", "registration-key" };

/* Of two that make a store at once, the first one's key stays. */
static int make_key(struct store *st, const struct vault *vault, const char *name)
{
	uint8_t key[VAULT_KEY], sealed[VAULT_SEALED_KEY];
	int err = -EIO;

	if (RAND_priv_bytes(key, sizeof(key)) == 1)
		err = vault_seal_named(vault, name, key, sealed);
	OPENSSL_cleanse(key, sizeof(key));
	if (!err)
		err = st->ops->put_meta(st, name, sealed, sizeof(sealed));
	return err == -EEXIST ? 0 : err;
}

int kit_make(struct store *st, const struct vault *vault, struct qsc_why *why)
{
	int err = make_key(st, vault, names[0]) ?: make_key(st, vault, names[1]);

	return err ? qsc_why(why, err, "%s", *st->error ? st->error : "the crypto library failed") :
		     0;
}

static int load_key(struct store *st, const struct vault *vault, const char *name, uint8_t *key,
		    struct qsc_why *why)
{
	uint8_t sealed[STORE_META_MAX];
	size_t len;
	int err;

	err = st->ops->get_meta(st, name, sealed, &len);
	if (err == -ENOENT)
		return qsc_why(why, err, "the store has no kit; qskmsd --init makes one");
	if (err)
		return qsc_why(why, err, "%s", st->error);
	if (len != VAULT_SEALED_KEY || vault_open_named(vault, name, sealed, key))
		return qsc_why(why, -EBADMSG,
			       "the master key does not fit this store: it is another store's");
	return 0;
}

int kit_load(struct qsc_kit **kit, struct store *st, const struct vault *vault, struct qsc_why *why)
{
	struct qsc_kit *k = OPENSSL_secure_zalloc(sizeof(*k));
	int err;

	if (!k)
		return qsc_why(why, -ENOMEM, "not enough memory for keys");
	err = load_key(st, vault, names[0], k->kid_master, why) ?:
		      load_key(st, vault, names[1], k->registration_key, why);
	if (err) {
		kit_free(k);
		return err;
	}
	*kit = k;
	return 0;
}

void kit_free(struct qsc_kit *kit)
{
	if (kit)
		OPENSSL_secure_clear_free(kit, sizeof(*kit));
}
