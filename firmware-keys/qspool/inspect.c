// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * qspool inspect: what a file is. With its key all of it is read and checked;
 * without, only what its header says of itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "pool.h"
#include "qspool.h"
#include "report.h"

static int check_pool(struct pool *pool, struct qsc_why *why)
{
	uint8_t keys[POOL_CHUNK * QSC_KEYS_LEN];
	int n;

	do
		n = pool_next(pool, keys, why);
	while (n > 0);
	OPENSSL_cleanse(keys, sizeof(keys));
	return n;
}

static int inspect_pool(const struct args *args, struct report *r, struct qsc_why *why)
{
	const char *key_path = args->value[OPT_POOL_KEY];
	uint8_t key[QSC_KEYS_LEN];
	struct pool_info info;
	struct pool *pool;
	char bits[40];
	int err = 0;

	if (key_path)
		err = qsc_keyfile_read(key_path, QSC_KEYFILE_POOL, key, why);
	if (!err)
		err = pool_open(&pool, args->file, key_path ? key : NULL, &info, why);
	OPENSSL_cleanse(key, sizeof(key));
	if (err)
		return err;
	if (key_path)
		err = check_pool(pool, why);
	pool_close(pool);
	report_text(r, "type", "pool");
	report_hex(r, "id", info.id, sizeof(info.id));
	report_number(r, "keys", info.count);
	report_text(r, "source",
		    info.source == POOL_SOURCE_GETRANDOM ? "getrandom" : "device or file");
	snprintf(bits, sizeof(bits), "%g bits a byte", info.min_entropy / 1000.0);
	report_text(r, "min-entropy", bits);
	report_time(r, "made", info.made);
	if (info.used)
		report_number(r, "used-for-card", info.card);
	report_text(r, "check", !key_path ? "none without --pool-key" : err ? "damaged" : "good");
	return err;
}

static int describe_card(const struct args *args, struct qsc_card *card, struct report *r,
			 struct qsc_why *why)
{
	struct qsc_card_health health;
	struct qsc_card_info info;
	int err = qsc_card_examine(card, &health, why);

	if (err)
		return err;
	qsc_card_info(card, &info);
	report_number(r, "card", info.card);
	report_text(r, "state", qsc_card_state_name(info.state));
	report_text(r, "profile", info.profile ? qsc_profile_name(info.profile) : "none yet");
	report_number(r, "total", info.total);
	report_number(r, "remaining", info.remaining);
	report_number(r, "pin-tries", info.tries);
	report_number(r, "unwiped", health.unwiped);
	report_number(r, "damaged", health.damaged);
	report_text(r, "check", health.damaged ? "damaged" : "good");
	if (!health.damaged)
		return 0;
	return qsc_why(why, -EBADMSG,
		       "%s: %u slots from %u are damaged; they will not be given, the others will: "
		       "look after that disk",
		       args->file, health.damaged, health.first_damaged);
}

static int inspect_image(const struct args *args, struct report *r, struct qsc_why *why)
{
	const char *key_path = args->value[OPT_IMAGE_KEY];
	uint8_t key[QSC_KEYS_LEN];
	struct qsc_card *card = NULL;
	int err;

	report_text(r, "type", "card image");
	if (!key_path) {
		report_text(r, "check", "none without --image-key");
		return 0;
	}
	err = qsc_keyfile_read(key_path, QSC_KEYFILE_IMAGE, key, why);
	if (!err)
		err = qsc_card_open_to_look(&card, args->file, key, why);
	OPENSSL_cleanse(key, sizeof(key));
	if (!err)
		err = describe_card(args, card, r, why);
	qsc_card_close(card);
	return err;
}

static int check_registration(struct qsc_qreg_reader *reader, struct qsc_why *why)
{
	uint8_t keys[QSC_QREG_CHUNK * QSC_KEYS_LEN];
	int n;

	do
		n = qsc_qreg_next(reader, keys, why);
	while (n > 0);
	OPENSSL_cleanse(keys, sizeof(keys));
	return n;
}

static int inspect_registration(const struct args *args, struct report *r, struct qsc_why *why)
{
	const char *kit_path = args->value[OPT_KIT];
	struct qsc_qreg_reader *reader = NULL;
	uint8_t revoke_key[QSC_KEYS_LEN];
	struct qsc_qreg_head head;
	struct qsc_kit kit;
	int err;

	report_text(r, "type", "registration");
	if (!kit_path) {
		report_text(r, "check", "none without --kms-kit");
		return 0;
	}
	err = qsc_kit_read(kit_path, &kit, why);
	if (!err)
		err = qsc_qreg_open(&reader, args->file, kit.registration_key, &head, revoke_key,
				    why);
	OPENSSL_cleanse(&kit, sizeof(kit));
	OPENSSL_cleanse(revoke_key, sizeof(revoke_key));
	if (err)
		return err;
	err = check_registration(reader, why);
	qsc_qreg_close(reader);
	report_number(r, "card", head.card);
	report_text(r, "subscriber", head.subscriber);
	report_text(r, "profile", qsc_profile_name(head.profile));
	report_number(r, "keys", head.count);
	report_text(r, "check", err ? "damaged" : "good");
	return err;
}

static const struct {
	const char *magic;
	int (*inspect)(const struct args *args, struct report *r, struct qsc_why *why);
} kinds[] = {
	{ "QSCPOL1\n", inspect_pool },
	{ "QSCIMG1\n", inspect_image },
	{ "QSCREG1\n", inspect_registration },
};

static int inspect(const struct args *args, struct report *r, struct qsc_why *why)
{
	char magic[8] = "";
	int fd = open(args->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), n;

	if (fd < 0)
		return qsc_why(why, -errno, "cannot open %s: %s", args->file, strerror(errno));
	n = qsc_file_read(fd, args->file, magic, sizeof(magic), why);
	close(fd);
	if (n < 0)
		return n;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!memcmp(magic, kinds[i].magic, sizeof(magic)))
			return kinds[i].inspect(args, r, why);
	return qsc_why(why, -EBADMSG,
		       "%s is no pool, no card image and no registration, or its first bytes are "
		       "damaged",
		       args->file);
}

int command_inspect(const struct args *args)
{
	struct report report;
	struct qsc_why why;
	int err;

	if (!args->file)
		return complain("name the file to inspect");
	report_begin(&report, args->value[OPT_JSON]);
	err = inspect(args, &report, &why);
	report_end(&report);
	return err ? give_up(&why) : TOOL_OK;
}
