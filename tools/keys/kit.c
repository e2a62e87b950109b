// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The kit: two keys as text, so that it survives being carried about. */
#include <errno.h>

#include "keytext.h"

#define FIRST_LINE "qsc-kms-kit 1\n"
#define KID "kid-master: "
#define REGISTRATION "registration-key: "
#define KIT_LEN (sizeof(FIRST_LINE) - 1 + QSC_KEYTEXT_LINE(KID) + QSC_KEYTEXT_LINE(REGISTRATION))

int qsc_kit_read(const char *path, struct qsc_kit *kit, struct qsc_why *why)
{
	char text[KIT_LEN + 1];
	const char *p = text;
	int n, err = 0;

	n = qsc_secret_read(path, text, KIT_LEN, why);
	if (n < 0 && n != -EFBIG) {
		err = n;
		goto out;
	}
	text[n < 0 ? 0 : n] = '\0';
	if (!qsc_keytext_skip(&p, FIRST_LINE) || !qsc_keytext_get(&p, KID, kit->kid_master) ||
	    !qsc_keytext_get(&p, REGISTRATION, kit->registration_key) || p != text + n)
		err = qsc_why(why, -EINVAL,
			      "%s is no key service kit, or a damaged one: export it again with "
			      "qskms kit",
			      path);
out:
	OPENSSL_cleanse(text, sizeof(text));
	if (err)
		OPENSSL_cleanse(kit, sizeof(*kit));
	return err;
}

int qsc_kit_write(const char *path, const struct qsc_kit *kit, struct qsc_why *why)
{
	char text[KIT_LEN + 1];
	char *p = stpcpy(text, FIRST_LINE);
	int err;

	qsc_keytext_put(&p, KID, kit->kid_master);
	qsc_keytext_put(&p, REGISTRATION, kit->registration_key);
	err = qsc_secret_write(path, text, KIT_LEN, why);
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}
