// SPDX-License-Identifier: GPL-2.0
/* Is a key anywhere in this machine's memory? */
#include <stdlib.h>

#include "knob.h"
#include "ramscan.h"

#define PARAMETERS "/sys/module/qsc_ramscan/parameters/"

/*
 * The first half of each key, all bits inverted, so that this program does not
 * have them. RFC 3711 section 4.3; selftests/lib/find_secret.py derives them too.
 */
#define RTP_KEY		"00d4d28af686220aceab21cb42abe74d"
#define RTCP_KEY	"c4ba8e42646f8d89a8f33331eaf26028"

/* Of sessions: those of epoch 1 that are sent with, and all of epoch 2. */
#define TX_1_MASTER	"1596341fec09b98e087c265c8c6b7e9e"
#define TX_1_RTP	"1a4f1b72b393ca439651e01154511a09"
#define TX_2_MASTER	"00bf4b81b03343af88709131efef3dd1"
#define TX_2_RTP	"aed4297cbb14ce7e5376a23932ada181"
#define RX_2_MASTER	"4a30f085f5e8cb36cb00582deb6f7717"
#define RX_2_RTP	"5c040091d64d1123b3dad7aba44421b3"

bool ramscan_open(void)
{
	return !system("modprobe -q qsc_ramscan") && /* NOLINT(cert-env33-c): by its path */
	       knob_put(PARAMETERS "inverted", RTP_KEY "," RTCP_KEY "," TX_1_MASTER "," TX_1_RTP ","
			TX_2_MASTER "," TX_2_RTP "," RX_2_MASTER "," RX_2_RTP);
}

void ramscan_close(void)
{
	system("modprobe -q -r qsc_ramscan"); /* NOLINT(cert-env33-c): as above */
}

int ramscan_hits(void)
{
	char text[16];

	return knob_get(PARAMETERS "hits", text, sizeof(text)) ?
		       (int)strtol(text, NULL, 10) : -1;
}
