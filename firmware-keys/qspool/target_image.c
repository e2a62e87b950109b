// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A card image as the target. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target.h"

struct image {
	struct target target;
	struct qsc_card *card;
	char *path;
	bool finished;
};

static int image_begin(struct target *target, const struct qsc_card_identity *identity,
		       struct qsc_why *why)
{
	return qsc_card_load_begin(((struct image *)target)->card, identity, why);
}

static int image_slots(struct target *target, const struct qsc_slot *slots, uint32_t n,
		       struct qsc_why *why)
{
	return qsc_card_load_slots(((struct image *)target)->card, slots, n, why);
}

static int image_finish(struct target *target, struct qsc_why *why)
{
	struct image *image = (struct image *)target;
	int err = qsc_card_load_finish(image->card, why);

	image->finished = !err;
	return err;
}

static void image_abandon(struct target *target)
{
	struct image *image = (struct image *)target;

	qsc_card_close(image->card);
	if (!image->finished)
		unlink(image->path);
	free(image->path);
	free(image);
}

static const struct target_ops image_ops = {
	image_begin,
	image_slots,
	image_finish,
	image_abandon,
};

int target_image(struct target **target, const char *path, const uint8_t key[QSC_KEYS_LEN],
		 uint32_t count, struct qsc_why *why)
{
	struct image *image = calloc(1, sizeof(*image));
	int err = -ENOMEM;

	*target = NULL;
	if (image)
		image->path = strdup(path);
	if (image && image->path)
		err = qsc_card_create(&image->card, path, key, count, NULL, why);
	else
		qsc_why(why, err, "not enough memory for %s", path);
	if (err) {
		if (image)
			free(image->path);
		free(image);
		return err;
	}
	image->target.ops = &image_ops;
	*target = &image->target;
	return 0;
}
