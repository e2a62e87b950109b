/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the files of qskms share. */
#ifndef _QSKMS_H
#define _QSKMS_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

/* Exit codes */
enum {
	QSKMS_OK = 0,
	QSKMS_USAGE = 1, /* the words or files are wrong */
	QSKMS_REFUSED = 2, /* the service said no, or is not there */
};

struct qskms {
	bool json;
	bool pretty;
	const char *socket;
	int fd; /* of the service, -1 before the first request */
};

struct command {
	const char *name;
	/* @argc words after the command's own */
	int (*run)(struct qskms *q, int argc, char **argv);
	const struct command *sub; /* instead of @run; ends with an empty name */
	int min; /* words; */
	int max; /* -1: any number */
	const char *args;
	const char *help;
};

/* commands.c */
extern const struct command qskms_commands[];

/* print.c */
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int print_json(const struct qskms *q, struct json_object *obj);
void print_cards_head(void);
void print_card_row(struct json_object *card);
void print_fields(struct json_object *obj);
const char *text_of(struct json_object *obj, const char *name);
int64_t int_of(struct json_object *obj, const char *name);

/*
 * client.c: one request, one answer. @file is a descriptor to pass along, or
 * -1; @answer is the caller's. Returns an exit code, having complained.
 */
int ask(struct qskms *q, struct json_object *request, int file, struct json_object **answer);

/* The same, but for an answer with secrets: a line in @line, the caller's to wipe. */
int ask_raw(struct qskms *q, struct json_object *request, int file, char *line, size_t size);
void hang_up(struct qskms *q);

#endif /* _QSKMS_H */
