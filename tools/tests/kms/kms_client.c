// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * A subscriber for shell tests. Logs in as the options say, prints how that
 * went, and then does what its input says, a line for a line:
 *
 * {...}					send it, print the answer
 * call ID ROLE SELF PEER SUITE EPOCH [SLOT]	print "key HEX", "error CODE" or "closed";
 *						SLOT: the second key of a two-draw card
 * next						print the next line that comes, or "closed"
 * wait						print what comes until the end, and "closed"
 *
 * Events that come before an answer are printed before it.
 *
 * With --print-secrets it only prints what the login would be made of.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

struct job {
	struct cards cards;
	uint64_t card;
	uint32_t slot;
	struct drawn drawn;
	struct login how;
	uint8_t id[512];
};

enum {
	O_KIT,
	O_SEED,
	O_CONNECT,
	O_CARD,
	O_SLOT,
	O_WRONG_KEY,
	O_RANDOM_ID,
	O_FORGED_ID,
	O_LONG_ID,
	O_NO_PSK,
	O_ALPN,
	O_GROUPS,
	O_SUITES,
	O_TLS12,
	O_NO_DHE,
	O_EARLY,
	O_SECRETS,
};

static const struct option options[] = {
	{ "kit", 1, NULL, O_KIT },
	{ "seed", 1, NULL, O_SEED },
	{ "connect", 1, NULL, O_CONNECT },
	{ "card", 1, NULL, O_CARD },
	{ "slot", 1, NULL, O_SLOT },
	{ "wrong-key", 0, NULL, O_WRONG_KEY },
	{ "random-id", 0, NULL, O_RANDOM_ID },
	{ "forged-id", 0, NULL, O_FORGED_ID },
	{ "long-id", 0, NULL, O_LONG_ID },
	{ "no-psk", 0, NULL, O_NO_PSK },
	{ "alpn", 1, NULL, O_ALPN },
	{ "groups", 1, NULL, O_GROUPS },
	{ "suites", 1, NULL, O_SUITES },
	{ "tls12", 0, NULL, O_TLS12 },
	{ "no-dhe", 0, NULL, O_NO_DHE },
	{ "early-data", 0, NULL, O_EARLY },
	{ "print-secrets", 0, NULL, O_SECRETS },
	{ 0 },
};

static void print_hex(const char *what, const uint8_t *data, size_t len)
{
	printf("%s ", what);
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	printf("\n");
}

static void print_login(int result)
{
	switch (result) {
	case 0:
		printf("login ok\n");
		break;
	case CLIENT_NO_SERVICE:
		printf("login none\n");
		break;
	case CLIENT_CUT:
		printf("login cut\n");
		break;
	case CLIENT_ODD:
		printf("login odd\n");
		break;
	default:
		printf("login alert %d\n", result);
	}
}

static void do_call(struct job *job, struct client *c, const char *line)
{
	struct qsc_keys_call call = { 0 };
	char role[16], self[64] = "", peer[64] = "", error[64];
	unsigned int suite, epoch, slot;
	uint8_t session[QSC_KEYS_LEN];
	struct drawn dist = job->drawn;
	int n, ret;

	/* NOLINTNEXTLINE(cert-err34-c): a test has written the line */
	n = sscanf(line, "call %127s %15s %63s %63s %u %u %u", call.call_id, role, self, peer,
		   &suite, &epoch, &slot);
	if (n < 6)
		die("\"%s\" is no call", line);
	call.role = strcmp(role, "caller") ? QSC_KEYS_CALLEE : QSC_KEYS_CALLER;
	memcpy(call.role == QSC_KEYS_CALLER ? call.caller : call.callee, self, sizeof(self));
	memcpy(call.role == QSC_KEYS_CALLER ? call.callee : call.caller, peer, sizeof(peer));
	call.suite = suite;
	call.epoch = epoch;
	if (n == 7)
		cards_draw(&job->cards, job->card, slot, &dist);
	ret = client_call_key(c, dist.dist, n == 7 ? dist.kid : NULL, &call, session, error);
	if (!ret)
		print_hex("key", session, sizeof(session));
	else
		printf("%s%s\n", ret == -2 ? "closed" : "error ", error);
}

static void print_line(const char *line)
{
	printf("%s\n", line ? line : "closed");
}

static void do_wait(struct client *c)
{
	const char *line;

	while ((line = client_receive(c)))
		printf("%s\n", line);
	printf("closed\n");
}

static int print_secrets(const struct drawn *d)
{
	print_hex("pool", d->key, QSC_KEYS_LEN);
	print_hex("auth", d->auth, QSC_KEYS_LEN);
	print_hex("dist", d->dist, QSC_KEYS_LEN);
	return 0;
}

static void do_line(struct job *job, struct client *c, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "call ", 5)) {
		do_call(job, c, line);
	} else if (!strcmp(line, "wait")) {
		do_wait(c);
	} else if (!strcmp(line, "next")) {
		print_line(client_receive(c));
	} else {
		print_line(client_ask(c, line));
	}
}

static void take(struct job *job, int c)
{
	struct login *how = &job->how;

	switch (c) {
	case O_CONNECT:
		client_add_address(optarg);
		break;
	case O_CARD:
		job->card = strtoull(optarg, NULL, 10);
		break;
	case O_SLOT:
		job->slot = (uint32_t)strtoul(optarg, NULL, 10);
		break;
	case O_ALPN:
		how->alpn = optarg;
		break;
	case O_GROUPS:
		how->groups = optarg;
		break;
	case O_SUITES:
		how->suites = optarg;
		break;
	case O_TLS12:
		how->tls12 = true;
		break;
	case O_NO_DHE:
		how->no_dhe = true;
		break;
	case O_EARLY:
		how->early_data = true;
		break;
	}
}

/* What the options spoil of a right login */
static void spoil(struct job *job, int c)
{
	switch (c) {
	case O_WRONG_KEY:
		job->drawn.auth[31] ^= 1;
		break;
	case O_RANDOM_ID:
		memset(job->id, 0x5a, QSC_KEYS_KID);
		break;
	case O_FORGED_ID: /* the right core, another mac */
		job->id[15] ^= 1;
		break;
	case O_LONG_ID:
		job->how.id_len = 300;
		break;
	case O_NO_PSK:
		job->how.psk = NULL;
		break;
	}
}

int main(int argc, char **argv)
{
	const char *kit = NULL, *seed = "seed";
	bool secrets = false;
	static struct job job;
	struct client client;
	char line[2048];
	int c, ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	client_init();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?')
			return 3;
		if (c == O_KIT)
			kit = optarg;
		if (c == O_SEED)
			seed = optarg;
		if (c == O_SECRETS)
			secrets = true;
		take(&job, c);
	}
	if (!kit)
		die("--kit is missing");
	cards_open(&job.cards, kit, seed);
	cards_draw(&job.cards, job.card, job.slot, &job.drawn);
	if (secrets)
		return print_secrets(&job.drawn);
	memcpy(job.id, job.drawn.kid, QSC_KEYS_KID);
	job.how.id = job.id;
	job.how.id_len = QSC_KEYS_KID;
	job.how.psk = job.drawn.auth;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		spoil(&job, c);

	ret = client_login(&client, &job.how);
	client.event = print_line;
	client.strict = true;
	print_login(ret);
	while (!ret && fgets(line, sizeof(line), stdin))
		do_line(&job, &client, line);
	client_close(&client);
	cards_close(&job.cards);
	return ret ? 1 : 0;
}
