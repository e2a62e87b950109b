/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink made by hand: messages that no library would send, and every
 * byte of what the kernel answers.
 */
#ifndef _QSC_NLRAW_H
#define _QSC_NLRAW_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/qsc.h>
#include <stdbool.h>
#include <stdint.h>

#include "net.h"

#define NL_NODES	256
#define NL_DATA		640	/* room for a box of twelve keys */
#define NL_BYTES	16384	/* of one message */
#define NL_ROOT		(-1)
#define NL_HDR		(NLMSG_HDRLEN + GENL_HDRLEN)

/*
 * An attribute, or one with others in it. It is where its parent says, among
 * its siblings in the order of the nodes.
 */
struct nlr_node {
	int parent;		/* NL_ROOT or a node before this one */
	uint16_t type;		/* with NLA_F_* */
	bool nest;
	bool gone;
	int lie;		/* added to the length that it claims */
	int len;
	uint8_t data[NL_DATA];
};

struct nlr_msg {
	uint16_t type;		/* of the message: the family */
	uint16_t flags;
	uint8_t cmd;
	uint8_t version;
	uint16_t reserved;
	int len_lie;		/* added to nlmsg_len */
	int cut;		/* bytes taken off the end */
	int tail;		/* bytes of garbage behind it */
	struct nlr_node node[NL_NODES];
	int nodes;
};

struct nlr_sock {
	int fd;
	uint32_t portid;
	bool cap_ack;		/* errors do not echo the request */
	bool ext_ack;		/* errors come with a text */
	bool nobody;		/* made without CAP_NET_ADMIN */
};

/* All that came back for one sequence number. */
struct nlr_answer {
	int acks;		/* NLMSG_ERROR */
	int err;		/* of the last one, 0 or negative */
	int replies;		/* messages of the family */
	int dones;
	char text[128];		/* of the kernel */
};

/* What was seen in what came back, apart from the echo of a request. */
struct nlr_seen {
	bool marker;		/* @marker in a reply or event */
	bool echoed;		/* @marker in an echo */
	int strange;		/* messages with another sequence number or type */
};

/* The number of the family, and that of its events if @events is not NULL. */
uint16_t nlr_family(enum side side, uint32_t *events);
void nlr_open(struct nlr_sock *s, enum side side, bool cap_ack, bool ext_ack, bool nobody);
void nlr_close(struct nlr_sock *s);

/* Start a message to the family @type. */
void nlr_start(struct nlr_msg *m, uint16_t type, uint8_t cmd, uint16_t flags);
/* Add an attribute; returns its number, -1 if there is no room. */
int nlr_put(struct nlr_msg *m, int parent, uint16_t type, const void *data, int len);
int nlr_put_u8(struct nlr_msg *m, int parent, uint16_t type, uint8_t v);
int nlr_put_u16(struct nlr_msg *m, int parent, uint16_t type, uint16_t v);
int nlr_put_u32(struct nlr_msg *m, int parent, uint16_t type, uint32_t v);
int nlr_put_str(struct nlr_msg *m, int parent, uint16_t type, const char *v);
int nlr_nest(struct nlr_msg *m, int parent, uint16_t type);

/* The bytes of a message; returns their number. */
int nlr_flatten(const struct nlr_msg *m, uint32_t seq, uint8_t *buf, int size);

/* Send @len bytes; 0 or a negative errno. */
int nlr_send(const struct nlr_sock *s, const void *buf, int len);

/*
 * Read what there is: answers to @n requests, the first of which has @seq.
 * Looks for @marker in all of it. Returns 0 or the errno of the socket.
 */
int nlr_read(const struct nlr_sock *s, uint32_t seq, struct nlr_answer *a, int n,
	    const char *marker, struct nlr_seen *seen);

/* One request and its answer: 0 or the kernel's negative errno. */
int nlr_request(const struct nlr_sock *s, const struct nlr_msg *m);

#endif /* _QSC_NLRAW_H */
