// SPDX-License-Identifier: GPL-2.0-only
/* qsctl card list, info, unlock */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "qsctl.h"

#define PIN_SIZE 64

static struct json_object *question(const char *op, uint64_t card)
{
	struct json_object *obj = json_object_new_object();

	json_put(obj, "op", json_object_new_string(op));
	if (card)
		json_put(obj, "card", json_object_new_uint64(card));
	return obj;
}

static const char *usable(struct json_object *card, enum paint *p)
{
	const char *error = answer_text(card, "error");

	*p = *error ? PAINT_WARN : PAINT_GOOD;
	return *error ? error : "ready";
}

static int add_row(struct table *table, struct json_object *card)
{
	char where[512];
	enum paint p;
	const char *state = usable(card, &p);

	format_printable(answer_text(card, "where"), where, sizeof(where));
	if (!answer_number(card, "card"))
		return table_cell(table, PAINT_NONE, "-") || table_cell(table, p, "%s", state) ||
		       table_cell(table, PAINT_NONE, "-") || table_cell(table, PAINT_NONE, "-") ||
		       table_cell(table, PAINT_NONE, "-") ||
		       table_cell(table, PAINT_NONE, "%s", where);
	return table_cell(table, PAINT_NAME, "%llu",
			  (unsigned long long)answer_number(card, "card")) ||
	       table_cell(table, p, "%s", state) ||
	       table_cell(table, PAINT_NONE, "%llu",
			  (unsigned long long)answer_number(card, "remaining")) ||
	       table_cell(table, PAINT_NONE, "%llu",
			  (unsigned long long)answer_number(card, "total")) ||
	       table_cell(table, PAINT_NONE, "%llu",
			  (unsigned long long)answer_number(card, "pin_tries")) ||
	       table_cell(table, PAINT_NONE, "%s", where);
}

static int print_list(struct json_object *cards)
{
	static const char *const headings[] = { "CARD", "STATE",     "KEYS LEFT",
						"OF",	"PIN TRIES", "WHERE" };
	struct table *table = table_new(headings, ARRAY_SIZE(headings));
	size_t n = json_object_array_length(cards);
	int err = table ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++)
		err = add_row(table, json_object_array_get_idx(cards, i));
	if (!err)
		table_print(table, stdout);
	table_free(table);
	if (!err)
		return QSCTL_OK;
	complain("out of memory");
	return QSCTL_REFUSED;
}

int cmd_card_list(struct qsctl *ctl, struct words *words)
{
	struct json_object *answer, *cards;
	int ret;

	if (no_more_words(words))
		return QSCTL_USAGE;
	ret = helper_ask(ctl, "card list", question("card-list", 0), &answer);
	if (ret)
		return ret;
	if (json_object_object_get_ex(answer, "cards", &cards) &&
	    json_object_is_type(cards, json_type_array))
		ret = ctl->json ? json_print(ctl, json_object_get(cards)) : print_list(cards);
	json_object_put(answer);
	return ret;
}

static void print_card(struct json_object *card)
{
	const char *detail = answer_text(card, "detail");
	char where[512];

	format_printable(answer_text(card, "where"), where, sizeof(where));
	printf("card %s%llu%s\n", paint(PAINT_NAME),
	       (unsigned long long)answer_number(card, "card"), paint(PAINT_NONE));
	print_field(2, "where", "%s", where);
	print_field(2, "state", "%s", answer_text(card, "state"));
	if (*answer_text(card, "profile"))
		print_field(2, "profile", "%s", answer_text(card, "profile"));
	print_field(2, "keys", "%llu left of %llu",
		    (unsigned long long)answer_number(card, "remaining"),
		    (unsigned long long)answer_number(card, "total"));
	print_field(2, "PIN tries", "%llu left",
		    (unsigned long long)answer_number(card, "pin_tries"));
	if (*detail)
		print_field(2, "problem", "%s", detail);
}

/* Takes @answer. */
static int tell(struct qsctl *ctl, struct json_object *answer)
{
	struct json_object *card;

	if (json_object_object_get_ex(answer, "card", &card)) {
		if (ctl->json)
			json_print(ctl, json_object_get(card));
		else
			print_card(card);
	}
	json_object_put(answer);
	return QSCTL_OK;
}

/* A number, if the next word looks like one */
static int read_card(struct words *words, uint64_t *card)
{
	*card = 0;
	if (!words->left || **words->next < '0' || **words->next > '9')
		return QSCTL_OK;
	return read_u64("card", next_word(words), 1, QSCTL_CARD_MAX, card);
}

int cmd_card_info(struct qsctl *ctl, struct words *words)
{
	struct json_object *answer;
	uint64_t card;
	int ret;

	if (read_card(words, &card) || no_more_words(words))
		return QSCTL_USAGE;
	ret = helper_ask(ctl, "card info", question("card-info", card), &answer);
	return ret ? ret : tell(ctl, answer);
}

/* --------------------------------------------------------------------- unlock */

struct unlock {
	uint64_t card;
	const char *file;
	const char *pinentry;
};

static int read_unlock(struct words *words, struct unlock *u)
{
	static const char *const keywords[] = { "file", "pinentry" };
	const char *word;

	memset(u, 0, sizeof(*u));
	if (read_card(words, &u->card))
		return QSCTL_USAGE;
	word = next_word(words);
	if (!word)
		return QSCTL_OK;
	switch (find_keyword(word, keywords, ARRAY_SIZE(keywords))) {
	case 0:
		if (need_word(words, "file", &u->file))
			return QSCTL_USAGE;
		break;
	case 1:
		word = next_word(words);
		u->pinentry = word ? word : "pinentry";
		break;
	default:
		return QSCTL_USAGE;
	}
	return no_more_words(words);
}

static int read_pin(const struct unlock *u, char *pin, size_t size, size_t *len)
{
	static const struct secret_form form = { "PIN (not shown): ", "PIN" };
	const char *name = u->file ? u->file : "standard input";
	int fd = STDIN_FILENO, ret;

	if (u->pinentry)
		return ask_pinentry(u->pinentry,
				    u->card ? "PIN of the SIM card for secure calls" :
					      "PIN of your SIM card for secure calls",
				    pin, size, len);
	if (u->file) {
		fd = open(u->file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return complain("cannot open %s: %s", name, strerror(errno));
	}
	ret = read_secret_line(fd, name, &form, pin, size, len);
	if (u->file)
		close(fd);
	return ret;
}

/* The PIN is not put into JSON, whose library keeps copies of what it reads. */
static int send_pin(struct qsctl *ctl, const struct unlock *u, char *pin, size_t len,
		    struct json_object **answer)
{
	struct json_object *obj = question("card-unlock", u->card);
	const char *text = json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN);
	int fd = -1, ret;

	pin[len++] = '\n';
	ret = helper_open(ctl, &fd);
	if (!ret) {
		ret = helper_send(fd, text, strlen(text)) || helper_send(fd, "\n", 1) ||
				      helper_send(fd, pin, len) ?
			      QSCTL_NO_HELPER :
			      helper_receive(fd, "card unlock", answer);
		close(fd);
	}
	json_object_put(obj);
	return ret;
}

int cmd_card_unlock(struct qsctl *ctl, struct words *words)
{
	struct json_object *answer = NULL;
	char pin[PIN_SIZE + 1];
	struct unlock u;
	size_t len = 0;
	int ret;

	protect_process();
	ret = read_unlock(words, &u);
	if (!ret && ctl->batch && !u.file)
		ret = complain("card unlock needs \"file PATH\" in a batch");
	if (!ret)
		ret = read_pin(&u, pin, PIN_SIZE, &len);
	if (!ret)
		ret = send_pin(ctl, &u, pin, len, &answer);
	explicit_bzero(pin, sizeof(pin));
	return ret ? ret : tell(ctl, answer);
}
