// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* kms_make KIT SEED FOLDER FIRST-CARD CARDS PROFILE KEYS: registrations cardN.qreg of user-N */
#include <stdio.h>
#include <stdlib.h>

#include "cards.h"

int main(int argc, char **argv)
{
	unsigned long long first, n;
	struct cards cards;

	if (argc != 8)
		die("Usage: kms_make KIT SEED FOLDER FIRST-CARD CARDS PROFILE KEYS");
	cards_open(&cards, argv[1], argv[2]);
	first = strtoull(argv[4], NULL, 10);
	n = strtoull(argv[5], NULL, 10);
	for (unsigned long long card = first; card < first + n; card++) {
		char path[512], name[64];

		snprintf(path, sizeof(path), "%s/card%llu.qreg", argv[3], card);
		snprintf(name, sizeof(name), "user-%llu", card);
		cards_register(&cards, path, card, name, (unsigned int)strtoul(argv[6], NULL, 10),
			       (uint32_t)strtoul(argv[7], NULL, 10));
	}
	cards_close(&cards);
	return 0;
}
