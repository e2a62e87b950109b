// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * qspool personalise: a pool becomes a card and its twin at the key service.
 * Both are written or none; the pool is claimed for the card before, so that no
 * accident gives two cards the same keys.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "pool.h"
#include "qspool.h"
#include "target.h"

#define REQUIRED                                                                    \
	(1UL << OPT_POOL | 1UL << OPT_POOL_KEY | 1UL << OPT_KIT | 1UL << OPT_CARD | \
	 1UL << OPT_SUBSCRIBER | 1UL << OPT_PIN_FILE | 1UL << OPT_PROFILE |         \
	 1UL << OPT_REGISTRATION)

/* Everything that one card is made of and written to. */
struct work {
	struct qsc_kit kit;
	struct qsc_kid *kid;
	struct pool *pool;
	struct pool_info info;
	struct qsc_card_identity identity;
	struct qsc_qreg_head head;
	struct key_file key;
	struct target *target;
	struct qsc_qreg_writer *registration;
	bool image;
	uint8_t keys[POOL_CHUNK * QSC_KEYS_LEN];
	struct qsc_slot slots[POOL_CHUNK];
};

static int check_args(const struct args *args, struct work *w)
{
	const char *subscriber = args->value[OPT_SUBSCRIBER];
	const char *profile = args->value[OPT_PROFILE];
	uint64_t card;

	if (opt_require(args, REQUIRED) || opt_number(args, OPT_CARD, 0, QSC_KEYS_CARD_MAX, &card))
		return TOOL_USAGE;
	if (!qsc_keys_subscriber_ok(subscriber))
		return complain("--subscriber \"%s\": 1 to %d of A-Z a-z 0-9 + . _ @ : -",
				subscriber, QSC_KEYS_ID_MAX);
	w->identity.profile = (uint8_t)qsc_profile_by_name(profile);
	if (!w->identity.profile)
		return complain("--profile \"%s\": one-draw or two-draw", profile);
	w->image = args->value[OPT_IMAGE];
	if (w->image == !!args->value[OPT_LOAD_SCRIPT])
		return complain("give one of --image and --load-script");
	if (opt_require(args, 1UL << (w->image ? OPT_IMAGE_KEY : OPT_TRANSPORT_KEY)))
		return TOOL_USAGE;
	w->identity.card = card;
	w->head.card = card;
	w->head.profile = w->identity.profile;
	snprintf(w->head.subscriber, sizeof(w->head.subscriber), "%s", subscriber);
	return TOOL_OK;
}

/* What is read: kit, PIN, pool */
static int open_inputs(const struct args *args, struct work *w, struct qsc_why *why)
{
	uint8_t pool_key[QSC_KEYS_LEN];
	int err = qsc_kit_read(args->value[OPT_KIT], &w->kit, why);

	if (err)
		return err;
	if (qsc_kid_new(&w->kid, w->kit.kid_master) ||
	    qsc_kid_card_key(w->kid, w->identity.card, w->identity.kid_card) ||
	    RAND_bytes(w->identity.revoke_key, QSC_KEYS_LEN) != 1)
		return qsc_why(why, -EIO,
			       "cannot derive the keys of the card: the crypto library "
			       "failed");
	err = pin_read(args->value[OPT_PIN_FILE], w->identity.pin, why);
	if (!err)
		err = qsc_keyfile_read(args->value[OPT_POOL_KEY], QSC_KEYFILE_POOL, pool_key, why);
	if (!err)
		err = pool_open(&w->pool, args->value[OPT_POOL], pool_key, &w->info, why);
	OPENSSL_cleanse(pool_key, sizeof(pool_key));
	w->head.count = w->info.count;
	return err ? err : pool_claim(w->pool, w->identity.card, why);
}

static int open_outputs(const struct args *args, struct work *w, struct qsc_why *why)
{
	uint32_t count = w->info.count;
	int err;

	err = qsc_qreg_create(&w->registration, args->value[OPT_REGISTRATION],
			      w->kit.registration_key, &w->head, w->identity.revoke_key, why);
	if (err)
		return err;
	if (w->image) {
		err = key_file_get(&w->key, args->value[OPT_IMAGE_KEY], QSC_KEYFILE_IMAGE, why);
		if (!err)
			err = target_image(&w->target, args->value[OPT_IMAGE], w->key.key, count,
					   why);
	} else {
		err = qsc_keyfile_read(args->value[OPT_TRANSPORT_KEY], QSC_KEYFILE_TRANSPORT,
				       w->key.key, why);
		if (!err)
			err = target_script(&w->target, args->value[OPT_LOAD_SCRIPT], w->key.key,
					    count, why);
	}
	return err ? err : w->target->ops->begin(w->target, &w->identity, why);
}

static int put_chunk(struct work *w, uint32_t first, uint32_t n, struct qsc_why *why)
{
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++) {
		memcpy(w->slots[i].key, w->keys + (size_t)i * QSC_KEYS_LEN, QSC_KEYS_LEN);
		err = qsc_kid_core(w->kid, w->identity.card, first + i, w->slots[i].core);
	}
	if (err)
		return qsc_why(why, err, "cannot name the keys: the crypto library failed");
	err = w->target->ops->slots(w->target, w->slots, n, why);
	return err ? err : qsc_qreg_put(w->registration, w->keys, n, why);
}

static int copy(struct work *w, struct qsc_why *why)
{
	struct progress progress;
	uint32_t done = 0;
	int n, err = 0;

	progress_begin(&progress, "personalising", w->info.count);
	while (!err && (n = pool_next(w->pool, w->keys, why)) != 0) {
		err = n < 0 ? n : put_chunk(w, done, (uint32_t)n, why);
		done += n < 0 ? 0 : (uint32_t)n;
		progress_at(&progress, done);
	}
	progress_end(&progress);
	if (err)
		return err;
	/* The card last: it is the one that could be used without its twin. */
	err = qsc_qreg_finish(w->registration, why);
	return err ? err : w->target->ops->finish(w->target, why);
}

static void clean_up(const struct args *args, struct work *w, int err)
{
	bool registered = w->registration;

	qsc_qreg_abandon(w->registration);
	if (registered && err)
		unlink(args->value[OPT_REGISTRATION]);
	if (w->target)
		w->target->ops->abandon(w->target);
	if (err)
		key_file_take_back(&w->key);
	pool_close(w->pool);
	qsc_kid_free(w->kid);
	OPENSSL_cleanse(w, sizeof(*w));
}

int personalise_one(const struct args *args)
{
	static struct work work;
	struct qsc_why why;
	int err;

	if (check_args(args, &work))
		return TOOL_USAGE;
	err = open_inputs(args, &work, &why);
	if (!err)
		err = open_outputs(args, &work, &why);
	if (!err)
		err = copy(&work, &why);
	if (!err)
		printf("card %llu of %s: %u keys; give %s to qskms subscriber add\n",
		       (unsigned long long)work.identity.card, work.head.subscriber,
		       work.info.count, args->value[OPT_REGISTRATION]);
	clean_up(args, &work, err);
	return err ? give_up(&why) : TOOL_OK;
}

int command_personalise(const struct args *args)
{
	return args->value[OPT_BATCH] ? personalise_batch(args) : personalise_one(args);
}
