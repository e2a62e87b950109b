// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What drawing takes; selftests/bench/card runs it. Keys are thrown away.
 *
 *   bench_card image IMAGE KEY-FILE COUNT BATCH   out of a file, BATCH keys a sync
 *   bench_card reader COUNT < PIN                 out of a card, through PC/SC
 *   bench_card sealed COUNT < PIN                 the same, sealed
 *
 * Prints one line of JSON.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/resource.h>
#include <winscard.h>

#include "card.h"
#include "keys_internal.h"

#define ANSWER_MAX 258
#define COMMAND_MAX (5 + QSC_KEYS_POINT + 1)

static const uint8_t select_command[] = {
	0x00, 0xa4, 0x04, 0x00, 0x05, 0xf0, 0x51, 0x53, 0x43, 0x01
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static unsigned int number(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	if (n && n <= 1000000)
		return (unsigned int)n;
	fprintf(stderr, "bench_card: \"%s\" is no number from 1 to 1000000\n", text);
	exit(1);
}

/* ------------------------------------------------------------------ a file */

static int draw_all(struct qsc_card *card, unsigned int purpose, unsigned int count,
		    unsigned int batch, struct qsc_why *why)
{
	static struct qsc_draw draws[QSC_CARD_BATCH];
	int err = 0;

	for (unsigned int done = 0; done < count && !err;) {
		unsigned int n = min_u32(count - done, batch);

		err = qsc_card_draw_many(card, purpose, draws, n, why);
		done += n;
	}
	OPENSSL_cleanse(draws, sizeof(draws));
	return err;
}

static int bench_image(const char *image, const char *key_file, unsigned int count,
		       unsigned int batch)
{
	uint8_t key[QSC_KEYS_LEN];
	struct qsc_card_info info;
	struct qsc_card *card = NULL;
	struct qsc_why why;
	double begin, begin_cpu;
	int err = qsc_keyfile_read(key_file, QSC_KEYFILE_IMAGE, key, &why);

	if (!err)
		err = qsc_card_open(&card, image, key, &why);
	OPENSSL_cleanse(key, sizeof(key));
	if (err)
		goto out;
	qsc_card_info(card, &info);
	begin = now();
	begin_cpu = cpu();
	err = draw_all(card,
		       info.profile == QSC_PROFILE_ONE_DRAW ? QSC_PURPOSE_BOTH : QSC_PURPOSE_AUTH,
		       count, batch, &why);
	if (!err)
		printf("{\"draws\": %u, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", count,
		       now() - begin, cpu() - begin_cpu);
out:
	if (err)
		fprintf(stderr, "bench_card: %s\n", why.text);
	qsc_card_close(card);
	return err ? 2 : 0;
}

/* ------------------------------------------------------------------ a card */

static const SCARD_IO_REQUEST *protocol;

/* Data and status word are in @answer; the status word is returned, 0 for none. */
static unsigned int transmit(SCARDHANDLE card, const uint8_t *command, size_t len,
			     uint8_t answer[ANSWER_MAX])
{
	DWORD got = ANSWER_MAX;

	if (SCardTransmit(card, protocol, command, len, NULL, answer, &got) != SCARD_S_SUCCESS ||
	    got < 2)
		return 0;
	return get_be16(answer + got - 2);
}

/* The first reader whose card has the applet. */
static bool find_card(SCARDCONTEXT context, SCARDHANDLE *card)
{
	uint8_t answer[ANSWER_MAX];
	DWORD len = 0, active;
	char *readers, *name;
	bool found = false;

	if (SCardListReaders(context, NULL, NULL, &len) != SCARD_S_SUCCESS)
		return false;
	readers = calloc(1, len + 2);
	if (!readers || SCardListReaders(context, NULL, readers, &len) != SCARD_S_SUCCESS)
		len = 0;
	for (name = readers; len && *name && !found; name += strlen(name) + 1) {
		if (SCardConnect(context, name, SCARD_SHARE_EXCLUSIVE,
				 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, card,
				 &active) != SCARD_S_SUCCESS)
			continue;
		protocol = active == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
		found = transmit(*card, select_command, sizeof(select_command), answer) == 0x9000;
		if (!found)
			SCardDisconnect(*card, SCARD_LEAVE_CARD);
	}
	free(readers);
	return found;
}

static bool verify(SCARDHANDLE card)
{
	char pin[QSC_CARD_PIN_MAX + 2] = "";
	uint8_t command[5 + QSC_CARD_PIN_MAX] = { 0x00, 0x20, 0x00, 0x81 };
	uint8_t answer[ANSWER_MAX];
	unsigned int sw;
	size_t len;

	if (!fgets(pin, sizeof(pin), stdin))
		return false;
	len = strcspn(pin, "\n");
	if (!qsc_card_pin_ok(pin, len))
		return false;
	command[4] = (uint8_t)len;
	memcpy(command + 5, pin, len);
	sw = transmit(card, command, 5 + len, answer);
	OPENSSL_cleanse(command, sizeof(command));
	OPENSSL_cleanse(pin, sizeof(pin));
	return sw == 0x9000;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* DRAW for the point of a pair that is thrown away; 0 if there is none */
static size_t seal_command(uint8_t command[COMMAND_MAX])
{
	struct qsc_ephemeral *pair;

	if (qsc_ephemeral_new(&pair))
		return 0;
	command[3] = 0x02;
	command[4] = QSC_KEYS_POINT;
	memcpy(command + 5, qsc_ephemeral_public(pair), QSC_KEYS_POINT);
	qsc_ephemeral_free(pair);
	return 5 + QSC_KEYS_POINT + 1;
}

static int draw_from(SCARDHANDLE card, unsigned int count, bool sealed)
{
	/* Of a two-draw card; one-draw cards say 6A86 and get purpose 0. */
	uint8_t command[COMMAND_MAX] = { 0x80, 0x32, 0x01, 0x00, 0x00 };
	size_t len = sealed ? seal_command(command) : 5;
	double *took = calloc(count, sizeof(*took)), begin;
	uint8_t answer[ANSWER_MAX];
	unsigned int sw = 0;

	if (!took || !len) {
		free(took);
		return 2;
	}
	if (transmit(card, command, len, answer) == 0x6a86)
		command[2] = 0;
	for (unsigned int i = 0; i < count; i++) {
		begin = now();
		sw = transmit(card, command, len, answer);
		took[i] = now() - begin;
		if (sw != 0x9000)
			break;
	}
	OPENSSL_cleanse(answer, sizeof(answer));
	qsort(took, count, sizeof(*took), by_size);
	if (sw == 0x9000)
		printf("{\"draws\": %u, \"p50_us\": %.0f, \"p99_us\": %.0f}\n", count,
		       took[count / 2] * 1e6, took[(size_t)count * 99 / 100] * 1e6);
	else
		fprintf(stderr, "bench_card: DRAW gave %04x\n", sw);
	free(took);
	return sw == 0x9000 ? 0 : 2;
}

static int bench_reader(unsigned int count, bool sealed)
{
	SCARDCONTEXT context;
	SCARDHANDLE card;
	int status = 2;

	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS) {
		fputs("bench_card: pcscd does not answer: is it running?\n", stderr);
		return 2;
	}
	if (!find_card(context, &card)) {
		fputs("bench_card: no QSC card in any reader\n", stderr);
	} else {
		if (verify(card))
			status = draw_from(card, count, sealed);
		else
			fputs("bench_card: wrong PIN, or none on stdin\n", stderr);
		SCardDisconnect(card, SCARD_RESET_CARD);
	}
	SCardReleaseContext(context);
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "image")) {
		unsigned int batch = number(argv[5]);

		if (batch <= QSC_CARD_BATCH)
			return bench_image(argv[2], argv[3], number(argv[4]), batch);
	}
	if (argc == 3 && !strcmp(argv[1], "reader"))
		return bench_reader(number(argv[2]), false);
	if (argc == 3 && !strcmp(argv[1], "sealed"))
		return bench_reader(number(argv[2]), true);
	fprintf(stderr,
		"Usage: bench_card image IMAGE KEY-FILE COUNT BATCH (at most %u)\n"
		"       bench_card reader|sealed COUNT < PIN\n",
		QSC_CARD_BATCH);
	return 1;
}
