// SPDX-License-Identifier: GPL-2.0
/*
 * The suites as a module of their own, with a second copy of the code that they
 * test: qsc.ko is the same whether they are built or not, and may be loaded
 * beside them. The copy has its own call tables and hooks; it is not reachable
 * by netlink.
 */

#include <linux/module.h>

#include "../aead.h"
#include "../callmem.h"
#include "../cm.h"
#include "../kdf.h"
#include "../keymem.h"
#include "test.h"

static bool started;

int qsc_test_start(void)
{
	int err;

	if (started)
		return 0;
	err = qsc_aead_module_init();
	if (err)
		return err;
	err = qsc_cm_module_init();
	if (err)
		goto err_aead;
	err = qsc_kdf_module_init();
	if (err)
		goto err_cm;
	err = qsc_keymem_module_init();
	if (err)
		goto err_kdf;
	err = qsc_callmem_module_init();
	if (err)
		goto err_key;
	err = qsc_call_module_init();
	if (err)
		goto err_callmem;
	started = true;
	return 0;

err_callmem:
	qsc_callmem_module_exit();
err_key:
	qsc_keymem_module_exit();
err_kdf:
	qsc_kdf_module_exit();
err_cm:
	qsc_cm_module_exit();
err_aead:
	qsc_aead_module_exit();
	return err;
}

static int __init qsc_kunit_init(void)
{
	return qsc_test_start();
}

static void __exit qsc_kunit_exit(void)
{
	qsc_call_module_exit();
	qsc_callmem_module_exit();
	qsc_keymem_module_exit();
	qsc_kdf_module_exit();
	qsc_cm_module_exit();
	qsc_aead_module_exit();
}

module_init(qsc_kunit_init);
module_exit(qsc_kunit_exit);

MODULE_DESCRIPTION("KUnit tests of QSC");
MODULE_LICENSE("GPL");
