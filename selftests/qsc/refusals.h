/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the test of refusals share. */
#ifndef _QSC_REFUSALS_H
#define _QSC_REFUSALS_H

#include <errno.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "dut.h"
#include "nlraw.h"
#include "seal.h"

#define CALL "refusals"
#define ABSENT (-1)
#define REPLACED 3
#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* An attribute in the place of that of this type. */
struct attr {
	uint16_t type;
	int len; /* or ABSENT */
	const char *data;
};

#define ATTR(type, bytes)                      \
	{                                      \
		type, sizeof(bytes) - 1, bytes \
	}
#define NO(type)                   \
	{                          \
		type, ABSENT, NULL \
	}

/* 192.0.2.1 and port 5004, in network byte order */
#define ADDR_1 "\xc0\x00\x02\x01"
#define ADDR_2 "\xc0\x00\x02\x02"
#define ADDR6_1 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define ADDR6_2 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define MAPPED_1 "\0\0\0\0\0\0\0\0\0\0\xff\xff" ADDR_1
#define PORT "\x13\x8c"
#define PORT_2 "\x13\x8d"
#define PORT_0 "\0\0"

#define NEEDS_BOX "what is sealed needs id, public key and box"
#define NO_SUCH_LEG "the call has no such leg"

struct refusal {
	const char *what;
	/* makes a good request; returns the nest that attributes are replaced in */
	int (*make)(struct nlr_msg *m);
	struct attr attr[REPLACED];
	int err; /* 0: it is good */
	const char *says;
};

extern struct qsc_sock *refusals_sk;
extern struct nlr_sock refusals_nl;
extern struct seal refusals_seal;

/* A request that names CALL, or nothing. */
void refusals_start(struct nlr_msg *m, uint8_t cmd);
void refusals_start_unnamed(struct nlr_msg *m, uint8_t cmd);
/* An attribute of a nest; -1 if there is none. */
int refusals_find(const struct nlr_msg *m, int parent, uint16_t type);

/* Each is a result. */
void refusals_judge(const struct refusal *r);
void refusals_expect_no_calls(void);
/* Is the answer to @len bytes this? */
bool refusals_send(const void *buf, int len, int err, const char *says);

/* refusals_relay.c */
int refusals_relay_plan(void);
void refusals_relay(void);

/* refusals_batch.c */
int refusals_batch_plan(void);
void refusals_batch(void);

#endif /* _QSC_REFUSALS_H */
