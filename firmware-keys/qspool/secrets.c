// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Keys and PINs of the command line: always in files. */
#include <errno.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "keys_internal.h"
#include "qspool.h"

int key_file_get(struct key_file *file, const char *path, const char *kind, struct qsc_why *why)
{
	int err;

	*file = (struct key_file){ .path = path };
	if (!access(path, F_OK))
		return qsc_keyfile_read(path, kind, file->key, why);
	if (RAND_bytes(file->key, sizeof(file->key)) != 1)
		return qsc_why(why, -EIO, "cannot get random numbers from the crypto library");
	err = qsc_keyfile_write(path, kind, file->key, why);
	file->made = !err;
	return err;
}

void key_file_take_back(struct key_file *file)
{
	if (file->made)
		unlink(file->path);
	key_file_wipe(file);
}

void key_file_wipe(struct key_file *file)
{
	OPENSSL_cleanse(file, sizeof(*file));
}

int pin_read(const char *path, char pin[QSC_CARD_PIN_MAX + 1], struct qsc_why *why)
{
	char text[QSC_CARD_PIN_MAX + 2];
	int n = qsc_secret_read(path, text, sizeof(text), why), err = 0;

	memset(pin, 0, QSC_CARD_PIN_MAX + 1);
	if (n < 0 && n != -EFBIG)
		return n;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n > 0 && qsc_card_pin_ok(text, (size_t)n))
		memcpy(pin, text, (size_t)n);
	else
		err = qsc_why(why, -EINVAL,
			      "%s holds no PIN: write %d to %d digits on one line into it", path,
			      QSC_CARD_PIN_MIN, QSC_CARD_PIN_MAX);
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}
