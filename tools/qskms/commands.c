// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What qskms can do. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sys/random.h>

#include <openssl/crypto.h>

#include "libqsc/internal.h"
#include "qskms.h"
#include "qskmsd/vault.h"

static struct json_object *request(const char *op)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "op", json_object_new_string(op));
	return obj;
}

static struct json_object *named_request(const char *op, const char *name)
{
	struct json_object *obj = request(op);

	json_object_object_add(obj, "name", json_object_new_string(name));
	return obj;
}

static int cmd_master_key(struct qskms *q, int argc, char **argv)
{
	uint8_t key[QSC_KEYS_LEN];
	struct qsc_why why;
	int err;

	(void)q;
	(void)argc;
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return complain("no random numbers: %s", strerror(errno));
	err = qsc_keyfile_write(argv[0], VAULT_KEYFILE, key, &why);
	OPENSSL_cleanse(key, sizeof(key));
	return err ? complain("%s", why.text) : QSKMS_OK;
}

/* The value of a member that holds a key: nothing of it is left in json-c. */
static bool take_key(const char *line, const char *name, uint8_t *key)
{
	char form[64];
	const char *text;

	snprintf(form, sizeof(form), "\"%s\":\"", name);
	text = strstr(line, form);
	return text && !qsc_base64_decode(text + strlen(form), strcspn(text + strlen(form), "\""),
					  key, QSC_KEYS_LEN);
}

static int write_kit(const char *line, const char *path)
{
	struct qsc_why why;
	struct qsc_kit kit;
	int err;

	if (!take_key(line, "kid_master", kit.kid_master) ||
	    !take_key(line, "registration_key", kit.registration_key)) {
		complain("the service's answer is no kit");
		return QSKMS_REFUSED;
	}
	err = qsc_kit_write(path, &kit, &why);
	OPENSSL_cleanse(&kit, sizeof(kit));
	return err ? complain("%s", why.text) : QSKMS_OK;
}

static int cmd_kit(struct qskms *q, int argc, char **argv)
{
	char line[1024];
	int ret;

	(void)argc;
	ret = ask_raw(q, request("kit"), -1, line, sizeof(line)) ?: write_kit(line, argv[0]);
	OPENSSL_cleanse(line, sizeof(line));
	return ret;
}

static int add_one(struct qskms *q, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct json_object *answer;
	int ret;

	if (fd < 0)
		return complain("cannot open %s: %s", path, strerror(errno));
	ret = ask(q, named_request("add", path), fd, &answer);
	close(fd);
	if (!ret && q->json)
		print_json(q, answer);
	else if (!ret)
		printf("added card %lld of %s, %lld keys\n", (long long)int_of(answer, "card"),
		       text_of(answer, "subscriber"), (long long)int_of(answer, "keys"));
	json_object_put(answer);
	return ret;
}

/* All that can be added are; the worst result counts. */
static int cmd_add(struct qskms *q, int argc, char **argv)
{
	int ret = QSKMS_OK;

	for (int i = 0; i < argc; i++) {
		int one = add_one(q, argv[i]);

		if (one > ret)
			ret = one;
		if (one == QSKMS_REFUSED && q->fd < 0)
			break;
	}
	return ret;
}

static void print_page(struct qskms *q, struct json_object *cards, bool first)
{
	size_t n = json_object_array_length(cards);

	if (first && n && !q->json)
		print_cards_head();
	for (size_t i = 0; i < n; i++) {
		struct json_object *card = json_object_array_get_idx(cards, i);

		if (q->json)
			print_json(q, card);
		else
			print_card_row(card);
	}
}

/* A million cards are many pages; with -j each card is one object. */
static int cmd_list(struct qskms *q, int argc, char **argv)
{
	struct json_object *answer, *ask_for, *cards;
	int64_t after = -1;
	bool more = true;
	size_t n;

	(void)argc;
	(void)argv;
	for (bool first = true; more; first = false) {
		ask_for = request("list");
		json_object_object_add(ask_for, "after", json_object_new_int64(after));
		if (ask(q, ask_for, -1, &answer)) {
			json_object_put(answer);
			return QSKMS_REFUSED;
		}
		json_object_object_get_ex(answer, "cards", &cards);
		print_page(q, cards, first);
		n = json_object_array_length(cards);
		more = n && int_of(answer, "more");
		if (n)
			after = int_of(json_object_array_get_idx(cards, n - 1), "card");
		json_object_put(answer);
	}
	return QSKMS_OK;
}

static int show(struct qskms *q, struct json_object *ask_for)
{
	struct json_object *answer;
	int ret = ask(q, ask_for, -1, &answer);

	if (!ret && q->json)
		print_json(q, answer);
	else if (!ret)
		print_fields(answer);
	json_object_put(answer);
	return ret;
}

static int cmd_status(struct qskms *q, int argc, char **argv)
{
	(void)argc;
	return show(q, named_request("status", argv[0]));
}

static int cmd_revoke(struct qskms *q, int argc, char **argv)
{
	(void)argc;
	return show(q, named_request("revoke", argv[0]));
}

static int cmd_stats(struct qskms *q, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return show(q, request("stats"));
}

static const struct command subscriber_commands[] = {
	{ "add", cmd_add, NULL, 1, -1, "FILE.qreg...", "add cards from their registrations" },
	{ "list", cmd_list, NULL, 0, 0, "", "list the cards" },
	{ "status", cmd_status, NULL, 1, 1, "SUBSCRIBER|card:NUMBER",
	  "one card, and how many of its keys are left" },
	{ "revoke", cmd_revoke, NULL, 1, 1, "SUBSCRIBER|card:NUMBER",
	  "end a card for good, and print the token that ends the card itself" },
	{ 0 },
};

const struct command qskms_commands[] = {
	{ "subscriber", NULL, subscriber_commands, 0, 0, "COMMAND ...", "subscribers' cards" },
	{ "kit", cmd_kit, NULL, 1, 1, "FILE", "export what personalising cards needs" },
	{ "stats", cmd_stats, NULL, 0, 0, "", "counters of the service" },
	{ "master-key", cmd_master_key, NULL, 1, 1, "FILE",
	  "make a master key for a new store (needs no service)" },
	{ 0 },
};
