/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel whose answers a test writes down beforehand. Linked in place of the
 * few functions through which libqsc and qsctl reach the real one, see
 * tools/Makefile.
 */
#ifndef _QSC_TESTS_SCRIPT_H
#define _QSC_TESTS_SCRIPT_H

#include "test.h"

#define SCRIPT_FAMILY 27

struct script {
	void (*on_send)(struct nlmsghdr *request); /* a look at each request, or NULL */
	int send_error; /* sending fails with this errno */
	int open_error; /* and so does qsc_open() */
	unsigned int sent; /* requests so far */
	int last_cmd;
	unsigned int freed_dirty; /* messages that were freed with anything in them */
};

extern struct script script;

/* Forget all answers. */
void script_reset(void);

/* Answers, in their order, each as a datagram of its own */
struct nl_msg *script_reply(int cmd); /* a message to put attributes into */
void script_ack(void);
void script_refuse(int err, const char *text, int offset); /* @offset: -1 for none */
void script_done(void); /* the end of a dump */
void script_seal(uint32_t id); /* a sealing key, with its ack */
void script_receive_error(int err);

/* How many of them were not asked for. */
unsigned int script_left(void);

/* A handle, as of qsc_open(); ends with qsc_close(). */
struct qsc_sock *script_sock(void);

#endif /* _QSC_TESTS_SCRIPT_H */
