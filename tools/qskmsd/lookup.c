// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* From a kid to its keys; in the reader's thread. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <openssl/crypto.h>

#include "log.h"
#include "lookup.h"
#include "service.h"

struct chunk_keys {
	uint8_t card[VAULT_KEY];
	uint8_t pool[STORE_CHUNK_KEYS][VAULT_KEY];
};

void lookup_free_keys(struct lookup_keys *keys)
{
	if (keys)
		OPENSSL_secure_clear_free(keys, sizeof(*keys));
}

/* How many keys the chunk of @slot has: the last one may be short. */
static size_t keys_in_chunk(const struct card *card, uint32_t slot)
{
	uint32_t first = store_chunk_of(slot) * STORE_CHUNK_KEYS;

	return card->slots - first < STORE_CHUNK_KEYS ? card->slots - first : STORE_CHUNK_KEYS;
}

static int open_chunk(const struct vault *vault, const struct slot *slot, uint32_t index,
		      struct chunk_keys *keys)
{
	size_t n = keys_in_chunk(&slot->card, index);

	if (slot->chunk_len != n * VAULT_KEY + VAULT_TAG)
		return -EBADMSG;
	return vault_open_card_key(vault, &slot->card, keys->card) ?:
		       vault_open_chunk(keys->card, store_chunk_of(index), slot->chunk, n,
					keys->pool[0]);
}

static int derive(const uint8_t *pool_key, struct lookup *l)
{
	l->keys = OPENSSL_secure_malloc(sizeof(*l->keys));
	if (!l->keys)
		return -ENOMEM;
	return qsc_keys_auth(pool_key, l->kid, l->keys->auth) ?:
		       qsc_keys_dist(pool_key, l->kid, l->keys->dist);
}

/* Burnt keys take the same way as good ones, and so the same time. */
static enum lookup_result use_slot(struct lookup *l, const struct slot *slot)
{
	struct chunk_keys keys;
	int err;

	err = open_chunk(l->svc->vault, slot, l->slot, &keys);
	if (!err)
		err = derive(keys.pool[l->slot % STORE_CHUNK_KEYS], l);
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (err == -EBADMSG)
		log_error("the pool of card %llu in the store was damaged or changed",
			  (unsigned long long)l->card);
	if (!err && !slot->burnt)
		return LOOKUP_FOUND;
	lookup_free_keys(l->keys);
	l->keys = NULL;
	return err ? LOOKUP_FAILED : LOOKUP_BURNT;
}

static struct lookup *lookup_of(void *job)
{
	return (struct lookup *)((char *)job - offsetof(struct lookup, job));
}

static bool ask(struct store_job *job, struct question *question)
{
	struct lookup *l = lookup_of(job);

	if (qsc_kid_open(l->svc->kid, l->kid, &l->card, &l->slot))
		return false;
	question->kind = ASK_SLOT;
	question->card = l->card;
	question->index = l->slot;
	return true;
}

static void run(struct store_job *job, struct store *st, const struct question *answer)
{
	struct lookup *l = lookup_of(job);

	l->result = LOOKUP_UNKNOWN;
	if (!answer || answer->err == -ENOENT)
		return;
	l->result = LOOKUP_FAILED;
	if (answer->err) {
		log_error("%s", st->error);
		return;
	}
	l->profile = answer->slot.card.profile;
	memcpy(l->subscriber, answer->slot.card.subscriber, sizeof(l->subscriber));
	l->result = use_slot(l, &answer->slot);
}

static void done(struct job *job)
{
	struct lookup *l = lookup_of(job);

	l->done(l);
}

void lookup_start(struct lookup *l)
{
	l->keys = NULL;
	l->job.ask = ask;
	l->job.run = run;
	l->job.job.done = done;
	worker_submit(l->svc->reader, &l->job);
}
