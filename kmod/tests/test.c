// SPDX-License-Identifier: GPL-2.0

/* What the suites share. */

#include "test.h"

#include <linux/ctype.h>
#include <linux/fault-inject.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static u8 digit(char c)
{
	return isdigit(c) ? c - '0' : c - 'a' + 10;
}

u32 qsc_test_unhex(u8 *dst, const char *hex)
{
	u32 n = 0;

	for (; hex[0]; hex += 2)
		dst[n++] = digit(hex[0]) << 4 | digit(hex[1]);
	return n;
}

bool qsc_test_holds(const u8 *p, size_t size, const u8 *what, size_t len)
{
	size_t i;

	for (i = 0; i + len <= size; i++)
		if (!memcmp(p + i, what, len))
			return true;
	return false;
}

/* The code under test is in this module, so its parameters are this module's. */
static const struct kernel_param *find_param(const char *name)
{
#ifdef MODULE
	const struct kernel_param *p = THIS_MODULE->kp, *end = p + THIS_MODULE->num_kp;
#else
	const struct kernel_param *p = __start___param, *end = __stop___param;
#endif
	char full[64];

	snprintf(full, sizeof(full), MODULE_PARAM_PREFIX "%s", name);
	for (; p < end; p++)
		if (!strcmp(p->name, full))
			return p;
	return NULL;
}

void qsc_test_plant_seal(struct qsc_seal *seal, u32 id, const char *secret, const char *public)
{
	mutex_lock(&seal->lock);
	seal->keys[0].id = id;
	seal->keys[0].made = jiffies;
	qsc_test_unhex(seal->keys[0].secret, secret);
	qsc_test_unhex(seal->keys[0].public, public);
	mutex_unlock(&seal->lock);
}

void qsc_test_set_param(struct kunit *test, const char *name, const char *value)
{
	const struct kernel_param *p = find_param(name);

	KUNIT_ASSERT_NOT_NULL(test, p);
	kernel_param_lock(THIS_MODULE);
	KUNIT_EXPECT_EQ(test, p->ops->set(value, p), 0);
	kernel_param_unlock(THIS_MODULE);
}

struct qsc_key *qsc_test_key(struct kunit *test, u32 suite, u8 dir, u8 seed, const char *mki)
{
	u8 master[QSC_MASTER_KEY_MAX], salt[QSC_MASTER_SALT_MAX];
	struct qsc_key_params p = {
		.suite = qsc_suite_by_id(suite),
		.master = master,
		.salt = salt,
		.mki = mki,
		.mki_len = mki ? strlen(mki) : 0,
		.dir = dir,
	};
	struct qsc_key *key;

	memset(master, seed, sizeof(master));
	memset(salt, ~seed, sizeof(salt));
	key = qsc_key_create(&p);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	return key;
}

#ifdef CONFIG_FAILSLAB
void qsc_test_fail_nth(unsigned int n)
{
	WRITE_ONCE(current->fail_nth, n);
}

unsigned int qsc_test_fail_left(void)
{
	unsigned int left = READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return left;
}

void qsc_test_need_failslab(struct kunit *test)
{
	void *p;

	qsc_test_fail_nth(1);
	p = kmalloc(1, GFP_KERNEL);
	qsc_test_fail_nth(0);
	kfree(p);
	if (p)
		kunit_skip(test, "failslab lets allocations that may sleep succeed");
}
#else
void qsc_test_fail_nth(unsigned int n)
{
}

unsigned int qsc_test_fail_left(void)
{
	return 0;
}

void qsc_test_need_failslab(struct kunit *test)
{
	kunit_skip(test, "this kernel has no FAILSLAB");
}
#endif
