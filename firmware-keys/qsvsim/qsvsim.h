/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The virtual SIM: commands come in, a card in a file answers. */
#ifndef _QSVSIM_H
#define _QSVSIM_H

#include <signal.h>

#include "tool.h"

#define APDU_MAX 65535 /* what vpcd can carry */

enum sw {
	SW_OK = 0x9000,
	SW_REVOKED = 0x6283,
	SW_PIN_TRIES = 0x63c0, /* and the tries */
	SW_BURN_FAILED = 0x6581,
	SW_LENGTH = 0x6700,
	SW_SECURITY = 0x6982,
	SW_PIN_BLOCKED = 0x6983,
	SW_TOKEN_INVALID = 0x6984,
	SW_CONDITIONS = 0x6985,
	SW_DATA = 0x6a80,
	SW_NO_APPLET = 0x6a82,
	SW_NO_SLOT = 0x6a83,
	SW_EMPTY = 0x6a84,
	SW_P1P2 = 0x6a86,
	SW_NO_DATA = 0x6a88,
	SW_LE = 0x6c00, /* and the right one */
	SW_INS = 0x6d00,
	SW_CLA = 0x6e00,
	SW_UNKNOWN = 0x6f00,
};

/* A command of ISO 7816-4, short or extended */
struct apdu {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t lc; /* 0: no data */
	size_t ne; /* bytes that the reader takes, 0: none */
};

/* False if @len bytes are no command. */
bool apdu_parse(struct apdu *apdu, const uint8_t *bytes, size_t len);

/* What one power cycle of the card remembers. */
struct applet {
	struct qsc_card *card;
	bool selected;
	bool verified;
	bool drawn; /* the answer holds a key */
	struct qsc_ephemeral *ephemeral; /* for the next sealed draw, or NULL */
	bool loading;
	struct transport transport;
	uint8_t answer[APDU_MAX];
	size_t len;
};

void applet_init(struct applet *applet, struct qsc_card *card);
/* Power off, reset */
void applet_reset(struct applet *applet);
/* applet->answer is data and status word. */
void applet_process(struct applet *applet, const uint8_t *command, size_t len);
/* Wipe what was answered. */
void applet_forget(struct applet *applet);
/* Between two commands: what the next one would have to wait for */
void applet_prepare(struct applet *applet);

/* To be used by commands: append to the answer. */
uint8_t *applet_reserve(struct applet *applet, size_t len);
void applet_put(struct applet *applet, uint8_t tag, const void *value, uint8_t len);
void applet_put_u32(struct applet *applet, uint8_t tag, uint32_t value);
/* An answer has a length that is known before the command does anything. */
enum sw applet_check_ne(const struct apdu *apdu, uint8_t len);
unsigned int applet_state(const struct applet *applet);
/* What the library says, for the log: its texts hold no secrets. */
enum sw applet_failed(const struct qsc_why *why);

/* draw.c */
enum sw command_draw(struct applet *applet, const struct apdu *apdu);

/* load.c */
enum sw command_load(struct applet *applet, const struct apdu *apdu);

/* vpcd.c */
extern const uint8_t qsvsim_atr[];
extern const size_t qsvsim_atr_len;

/**
 * struct vpcd - where pcscd waits for the card
 * @host: IPv4 address
 * @port: of vpcd
 * @once: end when pcscd hangs up
 * @stop: set by a signal
 * @unblocked: signal mask while it waits
 */
struct vpcd {
	const char *host;
	uint16_t port;
	bool once;
	volatile sig_atomic_t *stop;
	sigset_t unblocked;
};

/* Until a signal comes, or pcscd hangs up. Returns an exit status. */
int vpcd_serve(const struct vpcd *vpcd, struct applet *applet);

#endif /* _QSVSIM_H */
