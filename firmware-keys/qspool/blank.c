// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* qspool blank, qspool set-pin: images without a pool. */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "qspool.h"

int command_blank(const struct args *args)
{
	const char *path = args->value[OPT_IMAGE];
	struct key_file image_key = { 0 }, transport_key = { 0 };
	struct qsc_card *card = NULL;
	struct qsc_why why;
	uint64_t count;
	int err;

	if (opt_number(args, OPT_COUNT, 1, QSC_CARD_SLOTS_MAX, &count))
		return TOOL_USAGE;
	err = key_file_get(&image_key, args->value[OPT_IMAGE_KEY], QSC_KEYFILE_IMAGE, &why);
	if (!err)
		err = key_file_get(&transport_key, args->value[OPT_TRANSPORT_KEY],
				   QSC_KEYFILE_TRANSPORT, &why);
	if (!err)
		err = qsc_card_create(&card, path, image_key.key, (uint32_t)count,
				      transport_key.key, &why);
	qsc_card_close(card);
	if (err) {
		key_file_take_back(&transport_key);
		key_file_take_back(&image_key);
		return give_up(&why);
	}
	key_file_wipe(&transport_key);
	key_file_wipe(&image_key);
	printf("%s: room for %llu keys, waits for LOAD\n", path, (unsigned long long)count);
	return TOOL_OK;
}

int command_set_pin(const struct args *args)
{
	char pin[QSC_CARD_PIN_MAX + 1];
	struct qsc_card *card = NULL;
	uint8_t key[QSC_KEYS_LEN];
	struct qsc_why why;
	int err;

	err = qsc_keyfile_read(args->value[OPT_IMAGE_KEY], QSC_KEYFILE_IMAGE, key, &why);
	if (!err)
		err = pin_read(args->value[OPT_PIN_FILE], pin, &why);
	if (!err)
		err = qsc_card_open(&card, args->value[OPT_IMAGE], key, &why);
	if (!err)
		err = qsc_card_set_pin(card, pin, strlen(pin), &why);
	qsc_card_close(card);
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(pin, sizeof(pin));
	return err ? give_up(&why) : TOOL_OK;
}
