// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A list of cards: there are few of them. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sys/queue.h>

#include "pins.h"
#include "secmem.h"

#define PIN_SIZE (QSC_CARD_PIN_MAX + 1)

struct entry {
	SLIST_ENTRY(entry) link;
	uint64_t card;
	bool good; /* else @pin was refused */
	char *pin; /* secret memory */
};

SLIST_HEAD(entries, entry);

struct pins {
	struct entries list;
	pthread_mutex_t lock;
	const char *file;
};

struct pins *pins_new(const char *file)
{
	struct pins *pins = calloc(1, sizeof(*pins));

	if (!pins)
		return NULL;
	SLIST_INIT(&pins->list);
	pthread_mutex_init(&pins->lock, NULL);
	pins->file = file;
	return pins;
}

static void drop(struct pins *pins, struct entry *e)
{
	SLIST_REMOVE(&pins->list, e, entry, link);
	secmem_put(e->pin);
	free(e);
}

void pins_free(struct pins *pins)
{
	if (!pins)
		return;
	while (!SLIST_EMPTY(&pins->list))
		drop(pins, SLIST_FIRST(&pins->list));
	pthread_mutex_destroy(&pins->lock);
	free(pins);
}

static struct entry *find(struct pins *pins, uint64_t card)
{
	struct entry *e;

	for (e = SLIST_FIRST(&pins->list); e; e = SLIST_NEXT(e, link))
		if (e->card == card)
			return e;
	return NULL;
}

/* @pin: a piece of secret memory, which is wiped whatever is in it */
static int read_file(const char *file, char *pin, struct qsc_why *why)
{
	int n = qsc_secret_read(file, pin, SECMEM_PIECE, why);

	if (n < 0)
		return n;
	while (n && (pin[n - 1] == '\n' || pin[n - 1] == '\r'))
		n--;
	if (qsc_card_pin_ok(pin, (size_t)n)) {
		memset(pin + n, 0, (size_t)(SECMEM_PIECE - n));
		return 0;
	}
	return qsc_why(why, -EINVAL, "%s: a PIN is %d to %d digits, and nothing else", file,
		       QSC_CARD_PIN_MIN, QSC_CARD_PIN_MAX);
}

/* The file may have a new PIN by now: compare before saying no. */
static int from_file(struct pins *pins, const struct entry *refused, char *pin, struct qsc_why *why)
{
	char *text;
	int err;

	if (!pins->file)
		return qsc_why(why, refused ? -EKEYREJECTED : -ENOKEY, "no PIN");
	text = secmem_get(SECMEM_PIECE);
	if (!text)
		return qsc_why(why, -ENOMEM, "not enough memory for secrets");
	err = read_file(pins->file, text, why);
	if (!err && refused && !strncmp(text, refused->pin, PIN_SIZE))
		err = -EKEYREJECTED;
	if (!err)
		memcpy(pin, text, PIN_SIZE);
	secmem_put(text);
	return err;
}

int pins_get(struct pins *pins, uint64_t card, char *pin, struct qsc_why *why)
{
	const struct entry *e;
	int err = 0;

	pthread_mutex_lock(&pins->lock);
	e = find(pins, card);
	if (e && e->good)
		memcpy(pin, e->pin, PIN_SIZE);
	else
		err = from_file(pins, e, pin, why);
	pthread_mutex_unlock(&pins->lock);
	return err;
}

static struct entry *add(struct pins *pins, uint64_t card)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->pin = secmem_get(PIN_SIZE);
	if (!e->pin) {
		free(e);
		return NULL;
	}
	e->card = card;
	SLIST_INSERT_HEAD(&pins->list, e, link);
	return e;
}

int pins_tried(struct pins *pins, uint64_t card, const char *pin, bool good)
{
	struct entry *e;

	pthread_mutex_lock(&pins->lock);
	e = find(pins, card);
	if (!e)
		e = add(pins, card);
	if (e) {
		memset(e->pin, 0, PIN_SIZE);
		memcpy(e->pin, pin, strnlen(pin, QSC_CARD_PIN_MAX));
		e->good = good;
	}
	pthread_mutex_unlock(&pins->lock);
	return e ? 0 : -ENOMEM;
}

bool pins_known_good(struct pins *pins, uint64_t card)
{
	const struct entry *e;
	bool good;

	pthread_mutex_lock(&pins->lock);
	e = find(pins, card);
	good = e && e->good;
	pthread_mutex_unlock(&pins->lock);
	return good;
}

void pins_forget(struct pins *pins, uint64_t card)
{
	struct entry *e;

	pthread_mutex_lock(&pins->lock);
	e = find(pins, card);
	if (e)
		drop(pins, e);
	pthread_mutex_unlock(&pins->lock);
}
