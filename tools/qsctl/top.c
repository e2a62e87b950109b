// SPDX-License-Identifier: GPL-2.0-only
/* qsctl top: on a terminal a table that keeps up, otherwise one after the other. */
#include <ctype.h>
#include <ncurses.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ncurses has a macro of this name. */
#undef OK
#include "top.h"

#define LINE_MAX_LEN 160
#define SECONDS_DEFAULT 2

struct top {
	struct qsctl *ctl;
	uint32_t every_s;
	uint32_t count; /* looks still wanted, 0 = no limit */
	enum top_order order;
	struct top_table tables[2]; /* this look and the one before */
	int now;
};

static int look(struct top *top)
{
	int err;

	top->now = !top->now;
	/* The one before is searched by call. */
	top_sort(&top->tables[!top->now], TOP_BY_CALL);
	err = top_look(top->ctl->sk, &top->tables[top->now], &top->tables[!top->now]);
	top_sort(&top->tables[top->now], top->order);
	return err;
}

static bool is_last(struct top *top)
{
	return top->count && !--top->count;
}

static void print_table(const struct top_table *table)
{
	char line[LINE_MAX_LEN];

	top_format(NULL, line, sizeof(line));
	puts(line);
	for (size_t i = 0; i < table->n; i++) {
		top_format(&table->rows[i], line, sizeof(line));
		puts(line);
	}
	fflush(stdout);
}

static int print_tables(struct top *top)
{
	const struct timespec pause = { .tv_sec = top->every_s };

	for (;;) {
		if (look(top))
			return kernel_refused(top->ctl, "top", NULL);
		print_table(&top->tables[top->now]);
		if (is_last(top))
			return QSCTL_OK;
		nanosleep(&pause, NULL);
		putchar('\n');
	}
}

static void draw(const struct top *top)
{
	const struct top_table *table = &top->tables[top->now];
	char line[LINE_MAX_LEN];
	size_t shown;

	erase();
	mvprintw(0, 0, "qsctl top: %zu leg%s, every %u s; q quits; sort: c p d l j", table->n,
		 table->n == 1 ? "" : "s", top->every_s);
	top_format(NULL, line, sizeof(line));
	attron(A_REVERSE);
	mvprintw(1, 0, "%.*s", COLS, line);
	attroff(A_REVERSE);
	shown = LINES > 2 ? LINES - 2 : 0;
	for (size_t i = 0; i < table->n && i < shown; i++) {
		top_format(&table->rows[i], line, sizeof(line));
		mvprintw(i + 2, 0, "%.*s", COLS, line);
	}
	refresh();
}

/* Returns whether to go on. */
static bool take_key(struct top *top, int key)
{
	static const char orders[] = {
		[TOP_BY_CALL] = 'c', [TOP_BY_PACKETS] = 'p', [TOP_BY_DROPS] = 'd',
		[TOP_BY_LOSS] = 'l', [TOP_BY_JITTER] = 'j',
	};
	const char *at;

	if (key == KEY_RESIZE) {
		draw(top);
		return true;
	}
	if (tolower(key) == 'q')
		return false;
	at = memchr(orders, tolower(key), sizeof(orders));
	if (at) {
		top->order = at - orders;
		top_sort(&top->tables[top->now], top->order);
		draw(top);
	}
	return true;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Keys, until the next look is due. */
static bool take_keys(struct top *top)
{
	int64_t until = now_ms() + 1000LL * top->every_s, left;
	int key;

	while ((left = until - now_ms()) > 0) {
		timeout(left);
		key = getch();
		if (key != ERR && !take_key(top, key))
			return false;
	}
	return true;
}

static int draw_tables(struct top *top)
{
	SCREEN *screen = newterm(NULL, stdout, stdin);
	int err;

	if (!screen)
		return print_tables(top);
	cbreak();
	noecho();
	curs_set(0);
	for (;;) {
		err = look(top);
		if (err)
			break;
		draw(top);
		if (is_last(top) || !take_keys(top))
			break;
	}
	endwin();
	delscreen(screen);
	/* Not before: it would go with the screen. */
	return err ? kernel_refused(top->ctl, "top", NULL) : QSCTL_OK;
}

/* [every SEC] [count N] */
static int read_words(struct words *words, struct top *top)
{
	static const char *const keywords[] = { "every", "count" };
	const char *word, *value;
	int kw, ret;

	while ((word = next_word(words))) {
		kw = find_keyword(word, keywords, ARRAY_SIZE(keywords));
		if (kw < 0 || need_word(words, keywords[kw], &value))
			return QSCTL_USAGE;
		if (kw == 0)
			ret = read_u32("every", value, 1, 60, "seconds", &top->every_s);
		else
			ret = read_u32("count", value, 1, UINT32_MAX, "looks", &top->count);
		if (ret)
			return ret;
	}
	return QSCTL_OK;
}

int cmd_top(struct qsctl *ctl, struct words *words)
{
	struct top top = { .ctl = ctl, .every_s = SECONDS_DEFAULT, .order = TOP_BY_PACKETS };
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	int ret;

	if (read_words(words, &top))
		return QSCTL_USAGE;
	if (ctl->json)
		return complain("top prints no JSON: see stats legs");
	if (kernel_open(ctl))
		return QSCTL_REFUSED;
	ret = terminal ? draw_tables(&top) : print_tables(&top);
	top_free(&top.tables[0]);
	top_free(&top.tables[1]);
	return ret;
}
