// SPDX-License-Identifier: GPL-2.0
/*
 * What a panic leaves time for. The other CPUs have been stopped wherever they
 * were, with any lock: so this takes none, sleeps nowhere, frees nothing, and
 * reads only lists that can be read while somebody changes them.
 *
 * With a crash kernel loaded it runs only if crash_kexec_post_notifiers is set;
 * Documentation/networking/qsc.rst says what is left.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "panic.h"

#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/printk.h>

#include "call.h"
#include "kdf.h"
#include "keymem.h"

/* For a packet that still comes, in the loop that a panic ends in. */
static void hide_keys(struct qsc_net *qn)
{
	struct qsc_call *call;
	unsigned long number;
	int i;

	xa_for_each(&qn->by_number, number, call) {
		for (i = 0; i < call->nr_legs; i++) {
			RCU_INIT_POINTER(call->legs[i].tx.cur, NULL);
			RCU_INIT_POINTER(call->legs[i].rx.cur, NULL);
			RCU_INIT_POINTER(call->legs[i].rx.old, NULL);
		}
	}
}

unsigned int qsc_panic_wipe(void)
{
	struct qsc_net *qn;
	unsigned int n;
	struct net *net;

	rcu_read_lock();
	for_each_net_rcu(net) {
		qn = qsc_net_of(net);
		hide_keys(qn);
		qsc_seal_panic(&qn->seal);
	}
	rcu_read_unlock();
	n = qsc_keymem_panic();
	qsc_aead_panic_scratch();
	qsc_cm_panic_scratch();
	qsc_kdf_panic();
	return n;
}

static int panicking(struct notifier_block *nb, unsigned long event, void *data)
{
	pr_emerg("panic: %u keys zeroed\n", qsc_panic_wipe());
	return NOTIFY_DONE;
}

/* First: others write memory to where it can be read. */
static struct notifier_block panic_notifier = {
	.notifier_call = panicking,
	.priority = INT_MAX,
};

void qsc_panic_module_init(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &panic_notifier);
}

void qsc_panic_module_exit(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_notifier);
}
