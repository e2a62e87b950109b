// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Files with one key, which say what it is for. */
#include <errno.h>
#include <stdio.h>

#include "keytext.h"

#define KIND_MAX 32
#define LABEL "key: "
#define LEN_MAX (KIND_MAX + sizeof(" 1\n") + QSC_KEYTEXT_LINE(LABEL))

static void first_line(char out[KIND_MAX + 4], const char *kind)
{
	snprintf(out, KIND_MAX + 4, "%.*s 1\n", KIND_MAX, kind);
}

int qsc_keyfile_read(const char *path, const char *kind, uint8_t key[QSC_KEYS_LEN],
		     struct qsc_why *why)
{
	char text[LEN_MAX + 1], want[KIND_MAX + 4];
	const char *p = text;
	int n, err = 0;

	n = qsc_secret_read(path, text, LEN_MAX, why);
	if (n < 0 && n != -EFBIG) {
		err = n;
		goto out;
	}
	text[n < 0 ? 0 : n] = '\0';
	first_line(want, kind);
	if (!qsc_keytext_skip(&p, want) || !qsc_keytext_get(&p, LABEL, key) || p != text + n)
		err = qsc_why(why, -EINVAL,
			      "%s is no key file with the first line \"%s 1\", or a damaged one: "
			      "name the right one",
			      path, kind);
out:
	OPENSSL_cleanse(text, sizeof(text));
	if (err)
		OPENSSL_cleanse(key, QSC_KEYS_LEN);
	return err;
}

int qsc_keyfile_write(const char *path, const char *kind, const uint8_t key[QSC_KEYS_LEN],
		      struct qsc_why *why)
{
	char text[LEN_MAX + 1], *p = text;
	int err;

	first_line(text, kind);
	p += strlen(text);
	qsc_keytext_put(&p, LABEL, key);
	err = qsc_secret_write(path, text, (size_t)(p - text), why);
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}
