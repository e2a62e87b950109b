/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of qsctl share. */
#ifndef _QSCTL_H
#define _QSCTL_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>
#include <qsc/qsc.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Exit codes. */
enum {
	QSCTL_OK = 0,
	QSCTL_USAGE = 1, /* the user's words or files are wrong */
	QSCTL_REFUSED = 2, /* the kernel said no */
	QSCTL_NO_HELPER = 3, /* qskeyd cannot be asked; its own codes begin at 10 */
};

struct qsctl {
	bool json;
	bool pretty;
	bool all; /* print counters that are zero, too */
	bool prometheus; /* print counters for Prometheus */
	bool verbose; /* say what was done */
	bool batch; /* stdin is not ours, and nothing may wait */
	const char *socket; /* of qskeyd */
	struct qsc_sock *sk; /* opened by the first command that needs it */
};

/* The words of a command line that are still to be read. */
struct words {
	int left;
	char **next;
};

struct command {
	const char *name;
	int (*run)(struct qsctl *ctl, struct words *words);
	const struct command *sub; /* instead of @run; ends with an empty name */
	const char *args;
	const char *description;
	const char *help; /* more lines for --help, or NULL */
};

/* commands.c, and one file per command */
extern const struct command qsctl_commands[];
extern const struct command call_commands[];
int run_command(struct qsctl *ctl, const struct command *table, const char *what,
		struct words *words);
const struct command *command_of(struct words *words);
int print_help(FILE *out, struct words *words);
int cmd_info(struct qsctl *ctl, struct words *words);
int cmd_call_add(struct qsctl *ctl, struct words *words);
int cmd_call_key(struct qsctl *ctl, struct words *words);
int cmd_call_del(struct qsctl *ctl, struct words *words);
int cmd_call_erase(struct qsctl *ctl, struct words *words);
int cmd_call_list(struct qsctl *ctl, struct words *words);
int cmd_call_show(struct qsctl *ctl, struct words *words);
int cmd_call_flush(struct qsctl *ctl, struct words *words);
int cmd_call_set(struct qsctl *ctl, struct words *words);
int cmd_call_start(struct qsctl *ctl, struct words *words);
int cmd_call_end(struct qsctl *ctl, struct words *words);
int cmd_call_rekey(struct qsctl *ctl, struct words *words);
extern const struct command card_commands[];
int cmd_card_list(struct qsctl *ctl, struct words *words);
int cmd_card_info(struct qsctl *ctl, struct words *words);
int cmd_card_unlock(struct qsctl *ctl, struct words *words);
int cmd_stats(struct qsctl *ctl, struct words *words);
int cmd_top(struct qsctl *ctl, struct words *words);
int cmd_monitor(struct qsctl *ctl, struct words *words);

/* receipt.c: what became of a call's keys */
int receipt_begin(struct qsctl *ctl);
int receipt_print(struct qsctl *ctl, const char *id);

/* batch.c */
int run_batch(struct qsctl *ctl, const char *path);

/* kernel.c: the handle, and its errors */
int kernel_open(struct qsctl *ctl);
void kernel_close(struct qsctl *ctl);
int kernel_refused(struct qsctl *ctl, const char *what, const char *id);

/* helper.c: qskeyd, and its errors */
#define QSKEYD_SOCKET "/run/qsc/qskeyd.sock"

int helper_open(struct qsctl *ctl, int *fd);
int helper_send(int fd, const char *text, size_t len);
int helper_receive(int fd, const char *what, struct json_object **answer);
int helper_ask(struct qsctl *ctl, const char *what, struct json_object *question,
	       struct json_object **answer);
const char *answer_text(struct json_object *obj, const char *name);
uint64_t answer_number(struct json_object *obj, const char *name);

/* complain.c */
void complain_at(const char *file, unsigned int line);
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* grammar.c: words into values; they complain themselves and return an exit code */
int find_word(const char *word, const char *const *names, size_t n);
int find_keyword(const char *word, const char *const *names, size_t n);
const char *next_word(struct words *words);
int need_word(struct words *words, const char *what, const char **word);
int need_id(struct words *words, const char **id);
int no_more_words(struct words *words);
int read_u32(const char *what, const char *text, uint32_t min, uint32_t max, const char *unit,
	     uint32_t *value);
int read_u64(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *value);
int read_u8(const char *what, const char *text, uint8_t min, uint8_t max, uint8_t *value);
int read_port(const char *what, const char *text, uint16_t *port);
int read_prefix(const char *what, const char *text, union qsc_addr *addr, uint8_t *bits);
int read_addr(const char *what, const char *text, union qsc_addr *addr);
int read_hex(const char *what, const char *text, uint8_t *bytes, size_t size, unsigned int *len);
int read_roc(const char *text, struct qsc_roc *roc);
int read_suite(const char *text, uint32_t *suite);

/* add.c, key.c: the grammars, apart from their effects */
#define QSCTL_CARD_MAX 0xffffffffffULL /* card numbers have 40 bits */

struct start_args {
	const char *peer;
	uint64_t card; /* 0: any */
};

int read_call(struct words *words, struct qsc_call_params *params, struct start_args *start);
struct key_args {
	const char *id;
	const char *file;
	bool has_mki;
	uint8_t mki[QSC_MKI_MAX];
	unsigned int mki_len;
};
int read_key_args(struct words *words, struct key_args *args, struct qsc_key *key);

/* secret.c */
void protect_process(void);
struct secret_form {
	const char *prompt;
	const char *missing; /* after "there is no" */
};

int read_secret_line(int fd, const char *name, const struct secret_form *form, char *line,
		     size_t size, size_t *len);

/* pinentry.c */
int ask_pinentry(const char *program, const char *text, char *pin, size_t size, size_t *len);

/* netns.c */
int enter_netns(const char *name);

/* hold.c: wait for a signal or for events */
struct waiter {
	int signals;
	int events;
};

enum wait_result {
	WAIT_EVENT,
	WAIT_SIGNAL,
	WAIT_TIMEOUT,
	WAIT_FAILED,
};

int waiter_init(struct waiter *waiter, int events);
void waiter_end(struct waiter *waiter);
enum wait_result waiter_wait(struct waiter *waiter, int timeout_ms);
int hold_call(struct qsctl *ctl, const char *id);

/* print.c: text */
enum paint {
	PAINT_NONE,
	PAINT_LABEL,
	PAINT_NAME,
	PAINT_GOOD,
	PAINT_WARN,
	PAINT_BAD,
};

int set_color(const char *when);
const char *paint(enum paint p);
enum paint state_paint(uint32_t state);
const char *name_or_number(const char *name, uint32_t number);
void format_addr(const union qsc_addr *addr, char *buf, size_t size);
void format_duration(uint64_t ms, char *buf, size_t size);
void format_printable(const char *text, char *buf, size_t size);
void format_time(uint64_t ns, char *buf, size_t size);
void format_key(const struct qsc_key_info *key, char *buf, size_t size);
void format_hex(const uint8_t *bytes, size_t len, char *buf, size_t size);
void print_field(int indent, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Four times for \xNN. */
#define PRINTABLE_ID_MAX (4 * QSC_CALL_ID_MAX + 1)
#define ADDR_TEXT_MAX 64
#define TIME_TEXT_MAX 64
#define KEY_TEXT_MAX 64
#define MKI_TEXT_MAX (2 * QSC_MKI_MAX + 1)

/* table.c */
#define TABLE_COLUMNS_MAX 8

struct table;
struct table *table_new(const char *const *headings, unsigned int columns);
int table_cell(struct table *table, enum paint p, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void table_clear(struct table *table);
void table_print(const struct table *table, FILE *out);
void table_free(struct table *table);

/* json.c */
struct json_object *json_call(const struct qsc_call *call);
struct json_object *json_call_stats(const struct qsc_call *call);
struct json_object *json_info(const struct qsc_info *info);
struct json_object *json_stats(const struct qsc_stats *stats);
struct json_object *json_event(const struct qsc_event *event);
struct json_object *json_keys(const struct qsc_key_info *keys, unsigned int n);
void json_put_time(struct json_object *obj, uint64_t ns);
void json_put(struct json_object *obj, const char *name, struct json_object *value);
void json_put_text(struct json_object *obj, const char *name, const char *text);
int json_print(struct qsctl *ctl, struct json_object *obj);

/* prometheus.c */
void print_prometheus(uint64_t calls, const struct qsc_stats *stats,
		      const struct qsc_erased *erased);

#endif /* _QSCTL_H */
