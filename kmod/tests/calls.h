/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_TESTS_CALLS_H
#define _QSC_TESTS_CALLS_H

/* Calls in the table of the first network namespace. */
#include "../call.h"
#include "pair.h"

/* For suites with calls: an empty table before each test and after it. */
int qsc_test_calls_init(struct kunit *test);
void qsc_test_calls_exit(struct kunit *test);

static inline struct qsc_net *qsc_test_table(void)
{
	return qsc_net_of(&init_net);
}

/**
 * qsc_test_call_params() - a call that there may be any number of
 * @id: call-id
 * @port: its RTP port, here and there, in host byte order
 *
 * Its addresses are those of the documentation, which nobody here has:
 * 192.0.2.1 and 192.0.2.2.
 */
struct qsc_call_params qsc_test_call_params(const char *id, u16 port);

/* Such a call in the table: 0 or a negative errno. */
int qsc_test_new_call(const char *id, u16 port);

/* As call-del does it: 0 or -ENOENT. */
int qsc_test_delete_call(const char *id);

/* The call, or NULL. It stays as long as the test does not delete it. */
struct qsc_call *qsc_test_find_call(const char *id);

/**
 * struct qsc_test_master - a master key, and what an installation says of it
 * @p: points to @key and @salt
 * @key: as @seed says
 * @salt: likewise
 */
struct qsc_test_master {
	struct qsc_key_params p;
	u8 key[QSC_MASTER_KEY_MAX];
	u8 salt[QSC_MASTER_SALT_MAX];
};

/**
 * qsc_test_make_master() - a master key of the suite that such calls have
 * @m: filled in
 * @dir: QSC_DIR_*
 * @seed: same seed, same key
 * @mki: as a string, or NULL for none
 * @overlap_ms: for the key before it
 */
void qsc_test_make_master(struct qsc_test_master *m, u8 dir, u8 seed, const char *mki,
			  u32 overlap_ms);

/* Such a key into a call: 0 or a negative errno. */
int qsc_test_install(const char *id, u8 dir, u8 seed, const char *mki, u32 overlap_ms);

/* The key of a stream that only the test changes. */
static inline struct qsc_key *qsc_test_key_in(struct qsc_key __rcu **slot)
{
	return rcu_dereference_protected(*slot, true);
}

/* Is there nothing of any call, neither in the table nor behind it? */
bool qsc_test_table_is_empty(void);

#endif /* _QSC_TESTS_CALLS_H */
