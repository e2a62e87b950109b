/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the path test share. */
#ifndef _QSC_PATHS_H
#define _QSC_PATHS_H

#include "fix.h"

#define PACKETS_MAX	64

/* How a way of sending or receiving went. */
enum path_result {
	PATH_FAIL,
	PATH_PASS,
	PATH_SKIP,
};

struct path_case {
	const char *name;
	enum path_result (*run)(struct fix *f);
	int only_family;	/* 0: both */
};

extern const struct path_case path_tx_cases[], path_rx_cases[], path_misc_cases[];
extern const int path_tx_count, path_rx_count, path_misc_count;

/* Fill @pkt with RTP of consecutive sequence numbers, all of @len bytes. */
void path_packets(struct packet *pkt, int n, uint16_t seq, int len);

/* The peer receives @n packets, which libsrtp turns into @pkt. */
bool path_peer_gets(struct fix *f, const struct packet *pkt, int n);
/* The application receives @n packets, the same as @pkt, and no others. */
bool path_app_gets(struct fix *f, const struct packet *pkt, int n);

/* Protect @n packets for the way from the peer. */
void path_protect(struct fix *f, struct packet *wire, const struct packet *pkt, int n);

/* The wire has carried no marker up to now. */
bool path_wire_clean(struct fix *f);

/* "what: errno" and PATH_FAIL. */
enum path_result path_errno(const char *what);

static inline enum path_result path_good(bool good)
{
	return good ? PATH_PASS : PATH_FAIL;
}

#endif /* _QSC_PATHS_H */
