/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the tests of the card's commands share. Include first, once per program. */
#ifndef _QSC_APPLET_TEST_H
#define _QSC_APPLET_TEST_H

#include "card_test.h"

#include "qsvsim.h"

#define CARD_SLOTS 20

static struct applet applet;

/* Instead of the C library's: these tests need no real disk. */
int fdatasync(int fildes)
{
	(void)fildes;
	return 0;
}

/* Status word of a command in hexadecimal; blanks are skipped. */
static inline unsigned int run(const char *hex)
{
	static uint8_t command[1024];
	size_t len = 0;

	for (; *hex; hex++) {
		char byte[] = { hex[0], hex[1], 0 };

		if (*hex == ' ')
			continue;
		command[len++] = (uint8_t)strtoul(byte, NULL, 16);
		hex++;
	}
	applet_process(&applet, command, len);
	return get_be16(applet.answer + applet.len - 2);
}

static inline unsigned int run_bytes(const uint8_t *command, size_t len)
{
	applet_process(&applet, command, len);
	return get_be16(applet.answer + applet.len - 2);
}

#define SELECT "00a40400 05 f051534301"
#define VERIFY "00200081 06 313233343536"
#define WRONG "00200081 06 303030303030"
#define DRAW_AUTH "80320100 00"
#define INFO "80ca00fe 00"

static inline void start(uint32_t slots, unsigned int profile)
{
	applet_init(&applet, make_card(slots, profile));
}

static inline void start_verified(uint32_t slots, unsigned int profile)
{
	start(slots, profile);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run(VERIFY), 0x9000);
}

static inline int end(void **state)
{
	applet_reset(&applet);
	qsc_card_close(applet.card);
	applet.card = NULL;
	return remove_file(state);
}

static inline uint32_t left(void)
{
	return remaining(applet.card);
}

#endif /* _QSC_APPLET_TEST_H */
