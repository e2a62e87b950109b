/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Keys as lines of text: "LABEL: BASE64", the newline included. */
#ifndef _QSC_KEYS_KEYTEXT_H
#define _QSC_KEYS_KEYTEXT_H

#include "keys_internal.h"

#define QSC_KEYTEXT_KEY 44 /* 32 bytes in Base64 with padding */
#define QSC_KEYTEXT_LINE(label) (sizeof(label) - 1 + QSC_KEYTEXT_KEY + 1)

/* Both move @p behind what they have written or read. */
void qsc_keytext_put(char **p, const char *label, const uint8_t key[QSC_KEYS_LEN]);
/* False if the label differs or the Base64 is not the canonical one. */
bool qsc_keytext_get(const char **p, const char *label, uint8_t key[QSC_KEYS_LEN]);

/* Skip @text if it is what comes next. */
bool qsc_keytext_skip(const char **p, const char *text);

#endif /* _QSC_KEYS_KEYTEXT_H */
