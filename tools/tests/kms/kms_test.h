/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the unit tests of the key service share. Include first: cmocka wants its order. */
#ifndef _KMS_TEST_H
#define _KMS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <errno.h>

#include <cmocka.h>

#include <openssl/rand.h>

#include "tests/kms/cards.h"
#include "qskmsd/store.h"

/* A folder that goes away with the program */
static char test_folder[64];

static inline const char *test_path(const char *name)
{
	static char paths[4][128];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", test_folder, name);
	return path;
}

static inline int make_test_folder(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(test_folder, sizeof(test_folder), "%.40s/qskms.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(test_folder) ? 0 : -1;
}

static inline int remove_test_folder(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", test_folder);
	return system(command); /* NOLINT(cert-env33-c): sh is what is wanted */
}

static inline int get_slot(struct store *s, uint64_t card, uint32_t index, struct slot *slot)
{
	struct question q = { .kind = ASK_SLOT, .card = card, .index = index };

	s->ops->ask(s, &q, 1);
	*slot = q.slot;
	return q.err;
}

/* A vault with a new master key */
static inline struct vault *test_vault(const char *name)
{
	uint8_t key[VAULT_KEY];
	struct vault *made;
	struct qsc_why reason;

	unlink(test_path(name));
	assert_int_equal(RAND_bytes(key, sizeof(key)), 1);
	assert_int_equal(qsc_keyfile_write(test_path(name), VAULT_KEYFILE, key, &reason), 0);
	assert_int_equal(vault_open(&made, test_path(name), &reason), 0);
	return made;
}

#endif /* _KMS_TEST_H */
