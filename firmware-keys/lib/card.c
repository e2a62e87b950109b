// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Making, opening and closing of images. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include "internal.h"

static struct qsc_card *new_card(const char *path, struct qsc_why *why)
{
	struct qsc_card *card = calloc(1, sizeof(*card));

	if (card) {
		card->fd = -1;
		card->path = strdup(path);
	}
	if (card && card->path)
		return card;
	free(card);
	qsc_why(why, -ENOMEM, "not enough memory for %s", path);
	return NULL;
}

void qsc_card_close(struct qsc_card *card)
{
	if (!card)
		return;
	/* The zeroising of the last draw; if it fails, opening makes it good. */
	if (card->dirty)
		card_sync(card, NULL);
	if (card->fd >= 0)
		close(card->fd);
	EVP_CIPHER_CTX_free(card->slot_cipher);
	free(card->map);
	free(card->path);
	OPENSSL_cleanse(card, sizeof(*card));
	free(card);
}

const char *qsc_card_state_name(unsigned int state)
{
	static const char *const names[] = {
		[QSC_CARD_LOADING] = "loading",
		[QSC_CARD_READY] = "ready",
		[QSC_CARD_REVOKED] = "revoked",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

void qsc_card_info(const struct qsc_card *card, struct qsc_card_info *info)
{
	bool loaded = card->state.state != QSC_CARD_LOADING;

	*info = (struct qsc_card_info){
		.card = loaded ? card->identity.card : 0,
		.state = card->state.state,
		.profile = loaded ? card->identity.profile : 0,
		.tries = card->state.tries,
		.total = card->total,
		.remaining = card->state.state == QSC_CARD_READY ? card->total - card->used : 0,
	};
}

static int random_start(struct qsc_card *card, const uint8_t *image_key, struct qsc_why *why)
{
	if (RAND_bytes(card->salt, sizeof(card->salt)) != 1 ||
	    RAND_bytes(card->identity.pool_key, QSC_KEYS_LEN) != 1 ||
	    card_derive_keys(card, image_key) || slot_prepare(card))
		return qsc_why(why, -EIO, "cannot begin %s: the crypto library failed", card->path);
	return 0;
}

static int write_blank(struct qsc_card *card, struct qsc_why *why)
{
	int err = card_reserve(card, why);

	if (!err)
		err = card_write_identity(card, why);
	if (!err)
		err = card_write_state(card, why);
	for (uint32_t i = 0; i < card->map_sectors && !err; i++)
		err = map_write(card, i, why);
	if (!err)
		err = card_sync(card, why);
	return err ? err : qsc_file_sync_folder(card->path, why);
}

int qsc_card_create(struct qsc_card **out, const char *path, const uint8_t image_key[QSC_KEYS_LEN],
		    uint32_t slots, const uint8_t transport_key[QSC_KEYS_LEN], struct qsc_why *why)
{
	struct qsc_card *card;
	int err;

	*out = NULL;
	if (!slots || slots > QSC_CARD_SLOTS_MAX)
		return qsc_why(why, -EINVAL, "%s: %u slots: a card has 1 to %u", path, slots,
			       QSC_CARD_SLOTS_MAX);
	card = new_card(path, why);
	if (!card)
		return -ENOMEM;
	card->total = slots;
	card->map_sectors = map_sectors_for(slots);
	card->state.state = QSC_CARD_LOADING;
	if (transport_key) {
		card->identity.has_transport = true;
		memcpy(card->identity.transport_key, transport_key, QSC_KEYS_LEN);
	}
	err = qsc_file_create(path, O_RDWR, why);
	if (err < 0)
		goto out;
	card->fd = err;
	err = card_lock(card, why);
	if (!err)
		err = random_start(card, image_key, why);
	if (!err)
		err = map_new(card);
	if (!err)
		err = write_blank(card, why);
	if (err)
		unlink(path);
out:
	if (err < 0)
		qsc_card_close(card);
	else
		*out = card;
	return err < 0 ? err : 0;
}

static int open_file(struct qsc_card *card, struct qsc_why *why)
{
	int flags = card->look_only ? O_RDONLY : O_RDWR;
	struct stat st;

	card->fd = open(card->path, flags | O_CLOEXEC | O_NONBLOCK);
	if (card->fd < 0 && errno == EROFS)
		return qsc_why(why, -EROFS,
			       "%s is on a read-only disk: a card must be able to burn keys; make "
			       "the disk writable",
			       card->path);
	if (card->fd < 0)
		return qsc_why(why, -errno, "cannot open the card image %s: %s", card->path,
			       strerror(errno));
	if (fstat(card->fd, &st))
		return qsc_why(why, -errno, "cannot examine %s: %s", card->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return qsc_why(why, -EINVAL, "%s is not a regular file: name a card image",
			       card->path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return qsc_why(why, -EPERM,
			       "%s is open to others than its owner (mode %04o): chmod 600 it",
			       card->path, st.st_mode & 07777);
	return card->look_only ? 0 : card_lock(card, why);
}

static int check_size(struct qsc_card *card, struct qsc_why *why)
{
	uint64_t want = slot_offset(card, card->total);
	struct stat st;

	if (fstat(card->fd, &st))
		return qsc_why(why, -errno, "cannot examine %s: %s", card->path, strerror(errno));
	if ((uint64_t)st.st_size == want)
		return 0;
	return qsc_why(
		why, -EBADMSG,
		"%s has %lld bytes, an image of %u slots has %llu: it was %s, so replace the "
		"card",
		card->path, (long long)st.st_size, card->total, (unsigned long long)want,
		(uint64_t)st.st_size < want ? "cut short" : "appended to");
}

static int check_values(const struct qsc_card *card, struct qsc_why *why)
{
	if (qsc_card_state_name(card->state.state) && card->state.tries <= QSC_CARD_PIN_TRIES &&
	    (card->state.state == QSC_CARD_LOADING || qsc_profile_name(card->identity.profile)))
		return 0;
	return qsc_why(why, -EBADMSG, "%s was made by a newer version of these tools: update them",
		       card->path);
}

static int read_all(struct qsc_card *card, const uint8_t *image_key, struct qsc_why *why)
{
	uint8_t heads[2 * SECTOR];
	int err = card_read(card, 0, heads, sizeof(heads), why);

	if (!err)
		err = card_parse_clear(card, heads, why);
	if (!err && card_derive_keys(card, image_key))
		err = qsc_why(why, -EIO, "cannot open %s: the crypto library failed", card->path);
	if (!err)
		err = card_parse_heads(card, heads, why);
	if (!err)
		err = check_values(card, why);
	if (!err)
		err = check_size(card, why);
	if (!err)
		err = map_read_all(card, why);
	if (!err && slot_prepare(card))
		err = qsc_why(why, -EIO, "cannot open %s: the crypto library failed", card->path);
	return err;
}

static int open_card(struct qsc_card **out, const char *path, const uint8_t *image_key,
		     bool look_only, struct qsc_why *why)
{
	struct qsc_card *card = new_card(path, why);
	int err;

	*out = NULL;
	if (!card)
		return -ENOMEM;
	card->look_only = look_only;
	err = open_file(card, why);
	if (!err)
		err = read_all(card, image_key, why);
	if (!err && !look_only)
		err = card_recover(card, why);
	if (err)
		qsc_card_close(card);
	else
		*out = card;
	return err;
}

int qsc_card_open(struct qsc_card **out, const char *path, const uint8_t image_key[QSC_KEYS_LEN],
		  struct qsc_why *why)
{
	return open_card(out, path, image_key, false, why);
}

int qsc_card_open_to_look(struct qsc_card **out, const char *path,
			  const uint8_t image_key[QSC_KEYS_LEN], struct qsc_why *why)
{
	return open_card(out, path, image_key, true, why);
}
