// SPDX-License-Identifier: GPL-2.0
/* Is a key anywhere in this machine's memory? */
#include <stdlib.h>

#include "knob.h"
#include "ramscan.h"

#define PARAMETERS "/sys/module/qsc_ramscan/parameters/"

/*
 * The first half of each session key, all bits inverted, so that this program
 * does not have them. RFC 3711 section 4.3; selftests/lib/find_secret.py
 * derives them too.
 */
#define RTP_KEY		"00d4d28af686220aceab21cb42abe74d"
#define RTCP_KEY	"c4ba8e42646f8d89a8f33331eaf26028"

bool ramscan_open(void)
{
	return !system("modprobe -q qsc_ramscan") && /* NOLINT(cert-env33-c): by its path */
	       knob_put(PARAMETERS "inverted", RTP_KEY "," RTCP_KEY);
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
