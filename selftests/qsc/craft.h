/* SPDX-License-Identifier: GPL-2.0 */
/* IP packets made by hand: what no UDP socket would send. */
#ifndef _QSC_CRAFT_H
#define _QSC_CRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "net.h"

enum craft_part {
	CRAFT_WHOLE,
	CRAFT_FIRST,		/* fragment with the UDP header, more follow */
	CRAFT_LAST,		/* the one after it */
};

/*
 * A UDP datagram from @from to @to (host part and port) in one IP packet, sent
 * by a raw socket of @side.
 */
struct craft {
	enum side side;
	int family;
	int from, to;
	uint16_t sport, dport;
	const void *data;
	int len;
	int udp_len_lie;	/* added to the length in the UDP header */
	bool no_checksum;
	bool bad_checksum;
	bool options;		/* IPv4 options, or an IPv6 destination header */
	enum craft_part part;
	int split;		/* data bytes in the first fragment, 8 n */
	uint16_t id;		/* of the fragments; 0: CRAFT_ID */
};

#define CRAFT_ID	0x7153

/* Returns 0 or the errno of the send. */
int craft_send(const struct craft *c);

/* Send it as two fragments. */
int craft_send_fragments(struct craft *c, int split);

#endif /* _QSC_CRAFT_H */
