// SPDX-License-Identifier: GPL-2.0
/*
 * Relay calls carry RTP and RTCP from handset to handset, whatever suites, IP
 * versions and ports the two legs have.
 */
#include <stdio.h>

#include "../lib/ksft.h"
#include "ends.h"
#include "env.h"

#define SSRC		0x51534301

static const struct env_count packets = { "QSC_PACKETS", 2000, 100, 40, 20 };
static unsigned int n_packets;

static const int families[] = { AF_INET, AF_INET6 };
static const uint32_t suites[] = {
	QSC_SUITE_AEAD_AES_256_GCM,
	QSC_SUITE_AEAD_AES_128_GCM,
	QSC_SUITE_AES_CM_128_HMAC_SHA1_80,
	QSC_SUITE_PLAIN,
};

#define N(a) (int)(sizeof(a) / sizeof((a)[0]))

/* Packets of both kinds, both ways, each as it was sent. */
static bool talk(struct ends *e)
{
	static struct packet pkt;
	uint16_t seq = 1;
	unsigned int i;
	int from;

	for (i = 0; i < n_packets; i++) {
		from = i & 1;
		if (i % 10 < 8)
			gen_rtp(&pkt, &e->rng, SSRC + from, seq++);
		else
			gen_rtcp(&pkt, &e->rng, SSRC + from);
		ends_send(e, from, &pkt);
		if (!ends_gets(e, !from, &pkt)) {
			ksft_print_msg("packet %u, from handset %d\n", i, from);
			return false;
		}
	}
	return ends_quiet(e);
}

static void name_leg(char *name, size_t size, const struct end_opts *o)
{
	snprintf(name, size, "IPv%d %s%s%s", o->family == AF_INET6 ? 6 : 4,
		 qsc_suite_name(o->suite), o->rtcp_port ? " rtcp+1" : "",
		 o->mki_len ? " mki" : "");
}

static void run(struct ends *e, const struct end_opts opts[ENDS])
{
	char name[ENDS][80];
	bool good;
	int i;

	for (i = 0; i < ENDS; i++)
		name_leg(name[i], sizeof(name[i]), &opts[i]);
	ends_open(e, opts);
	good = talk(e);
	ends_close(e);
	ksft_test_result(good, "%s <-> %s\n", name[0], name[1]);
}

/* Each family and suite of one leg with each of the other; ports and MKIs in turn. */
static int each(struct ends *e)
{
	int legs = N(families) * N(suites);
	int a, b, n = 0;

	for (a = 0; a < legs; a++) {
		for (b = 0; b < legs; b++, n++) {
			const struct end_opts opts[ENDS] = {
				{
					.family = families[a % N(families)],
					.suite = suites[a / N(families)],
					.rtcp_port = n & 1,
					.mki_len = n & 4 ? 4 : 0,
				},
				{
					.family = families[b % N(families)],
					.suite = suites[b / N(families)],
					.rtcp_port = n & 2,
					.mki_len = n & 8 ? 1 : 0,
				},
			};

			if (e)
				run(e, opts);
		}
	}
	return n;
}

int main(void)
{
	static struct ends e;

	ends_start(&e);
	n_packets = env_count(&packets);
	ksft_set_plan(each(NULL));
	each(&e);
	ksft_finished();
}
