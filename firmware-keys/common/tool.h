/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the programs of the card have in common. */
#ifndef _QSC_CARD_TOOL_H
#define _QSC_CARD_TOOL_H

#include "card.h"

enum tool_exit {
	TOOL_OK = 0,
	TOOL_USAGE = 1, /* the command line */
	TOOL_FAILED = 2, /* a file, a disk, a card */
	TOOL_REFUSED = 3, /* a source of random numbers that fails its tests */
};

extern const char *tool_name;

/* One line on stderr, after the name of the program. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same; returns TOOL_USAGE. */
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Says @why; returns TOOL_FAILED. */
int give_up(const struct qsc_why *why);

/* A decimal number of @min to @max. False if @text is anything else. */
bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* No core dump, no ptrace by the same user, no swap, private files. */
void protect_process(void);

/* transport.c: what LOAD commands are sealed with, see Documentation/apdu.rst */
#define TRANSPORT_SALT 16
#define TRANSPORT_MAC 16
#define TRANSPORT_IDENTITY 96 /* bytes of the identity record */
#define TRANSPORT_SLOT 40 /* core and key */
#define TRANSPORT_SLOTS_MAX 800U /* in one command */

enum transport_record {
	TRANSPORT_BEGIN = 0,
	TRANSPORT_SLOTS = 1,
	TRANSPORT_FINISH = 2,
};

struct transport {
	uint8_t enc[QSC_KEYS_LEN];
	uint8_t mac[QSC_KEYS_LEN];
};

int transport_derive(struct transport *t, const uint8_t key[QSC_KEYS_LEN],
		     const uint8_t salt[TRANSPORT_SALT]);
/* AES-256-CBC in place; @len is a multiple of 16. */
int transport_crypt(const struct transport *t, enum transport_record record, uint32_t first,
		    uint8_t *data, size_t len, bool encrypt);
/* Over the header of the command and @len bytes of its data */
int transport_tag(const struct transport *t, enum transport_record record, const uint8_t *data,
		  size_t len, uint8_t tag[TRANSPORT_MAC]);

void transport_put_identity(const struct qsc_card_identity *id, uint32_t count,
			    uint8_t out[TRANSPORT_IDENTITY]);
/* False if a value is impossible. */
bool transport_get_identity(const uint8_t in[TRANSPORT_IDENTITY], struct qsc_card_identity *id,
			    uint32_t *count);

#endif /* _QSC_CARD_TOOL_H */
