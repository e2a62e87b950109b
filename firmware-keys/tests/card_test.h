/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the unit tests of the card share. Include first: cmocka wants its order. */
#ifndef _QSC_CARD_TEST_H
#define _QSC_CARD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/internal.h"

#define TEST_CARD 8986
#define TEST_PIN "123456"

static char folder[32];
static char path[64];
static struct qsc_why why;
static const uint8_t image_key[QSC_KEYS_LEN] = "an image key of thirty-two bytes";
static const uint8_t revoke_key[QSC_KEYS_LEN] = "a revoke key of 32 bytes, or so.";

static inline void assert_says(const char *part)
{
	if (!strstr(why.text, part))
		fail_msg("\"%s\" does not say \"%s\"", why.text, part);
}

static inline void assert_zero(const void *p, size_t len)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], 0);
}

/* What is in slot @index of every test card. */
static inline void test_slot(uint32_t index, struct qsc_slot *slot)
{
	memset(slot, 0x5a, sizeof(*slot));
	put_be32(slot->core, index ^ 0xc0ffee);
	put_be32(slot->key, index ^ 0xdeadbeef);
}

static inline void assert_test_key(const struct qsc_draw *draw)
{
	struct qsc_slot slot;

	test_slot(draw->index, &slot);
	assert_memory_equal(draw->key, slot.key, QSC_KEYS_LEN);
	assert_memory_equal(draw->kid, slot.core, QSC_KEYS_CORE);
}

static inline void test_identity(struct qsc_card_identity *id, unsigned int profile)
{
	*id = (struct qsc_card_identity){ .card = TEST_CARD,
					  .profile = (uint8_t)profile,
					  .pin = TEST_PIN,
					  .kid_card = "kid card" };
	memcpy(id->revoke_key, revoke_key, QSC_KEYS_LEN);
}

static inline void load_slots(struct qsc_card *card, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct qsc_slot slot;

		test_slot(i, &slot);
		assert_int_equal(qsc_card_load_slots(card, &slot, 1, &why), 0);
	}
}

/* A card that is ready, and open. */
static inline struct qsc_card *make_card(uint32_t slots, unsigned int profile)
{
	struct qsc_card_identity id;
	struct qsc_card *card;

	unlink(path);
	test_identity(&id, profile);
	assert_int_equal(qsc_card_create(&card, path, image_key, slots, NULL, &why), 0);
	assert_int_equal(qsc_card_load_begin(card, &id, &why), 0);
	load_slots(card, slots);
	assert_int_equal(qsc_card_load_finish(card, &why), 0);
	return card;
}

static inline struct qsc_card *open_again(struct qsc_card *card)
{
	qsc_card_close(card);
	if (qsc_card_open(&card, path, image_key, &why))
		fail_msg("%s", why.text);
	return card;
}

static inline uint32_t remaining(const struct qsc_card *card)
{
	struct qsc_card_info info;

	qsc_card_info(card, &info);
	return info.remaining;
}

/* In memory where there is some: thousands of images are written. */
static inline int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s/qsc-card.XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/card", folder);
	return 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static inline int remove_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

#endif /* _QSC_CARD_TEST_H */
