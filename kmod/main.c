// SPDX-License-Identifier: GPL-2.0
/* QSC: quantum secure calls. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "aead.h"
#include "callmem.h"
#include "cm.h"
#include "erase.h"
#include "kdf.h"
#include "keymem.h"
#include "netlink.h"
#include "panic.h"
#include "version.h"

static int __init qsc_init(void)
{
	int err;

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
	err = qsc_erase_module_init();
	if (err)
		goto err_call;
	err = qsc_netlink_module_init();
	if (err)
		goto err_erase;
	qsc_panic_module_init();
	return 0;

err_erase:
	qsc_erase_module_exit();
err_call:
	qsc_call_module_exit();
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

static void __exit qsc_exit(void)
{
	qsc_panic_module_exit();
	qsc_netlink_module_exit();
	qsc_erase_module_exit();
	qsc_call_module_exit();
	qsc_callmem_module_exit();
	qsc_keymem_module_exit();
	qsc_kdf_module_exit();
	qsc_cm_module_exit();
	qsc_aead_module_exit();
}

module_init(qsc_init);
module_exit(qsc_exit);

MODULE_DESCRIPTION("Quantum secure calls: SRTP for unmodified applications");
MODULE_VERSION(QSC_VERSION);
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY("qsc");
