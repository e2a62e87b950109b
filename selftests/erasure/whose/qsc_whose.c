// SPDX-License-Identifier: GPL-2.0
/*
 * echo PHYSICAL-ADDRESS >/sys/module/qsc_whose/parameters/address - log what the
 * kernel knows of it: the slab, the kernel stack, the variable. For the proofs of
 * erasure, whose searches yield physical addresses.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

/* At least the part of the registers that tells; its size is no module's business. */
#define TASK_ROOM (sizeof(struct task_struct) + SZ_1K)

static bool has(const void *stack, unsigned long pfn)
{
	unsigned int at;

	if (!stack || !is_vmalloc_addr(stack))
		return false;
	for (at = 0; at < THREAD_SIZE; at += PAGE_SIZE)
		if (vmalloc_to_pfn(stack + at) == pfn)
			return true;
	return false;
}

static bool within(const void *p, const void *from, size_t size)
{
	return p >= from && p < from + size;
}

/* Where a task's registers are when it does not run is in it, or in its stack. */
static bool tell_task(unsigned long address)
{
	struct task_struct *group, *task;
	bool told = false;

	rcu_read_lock();
	for_each_process_thread(group, task) {
		if (within(phys_to_virt(address), task, TASK_ROOM))
			pr_info("task and registers of %s[%d]\n", task->comm, task->pid);
		else if (has(READ_ONCE(task->stack), PHYS_PFN(address)))
			pr_info("kernel stack of %s[%d]\n", task->comm, task->pid);
		else
			continue;
		told = true;
	}
	rcu_read_unlock();
	return told;
}

static bool tell_symbol(unsigned long address)
{
	unsigned long image = address - phys_base + __START_KERNEL_map;

	if (address < phys_base || address - phys_base > KERNEL_IMAGE_SIZE)
		return false;
	pr_info("%pS\n", (void *)image);
	return true;
}

static int address_set(const char *val, const struct kernel_param *kp)
{
	unsigned long address;
	int err;

	err = kstrtoul(val, 0, &address);
	if (err)
		return err;
	if (!pfn_valid(PHYS_PFN(address)))
		return -EFAULT;
	if (tell_task(address))
		return 0;
	if (PageReserved(pfn_to_page(PHYS_PFN(address))) && tell_symbol(address))
		return 0;
	pr_info("it is");
	mem_dump_obj(phys_to_virt(address));
	return 0;
}

static const struct kernel_param_ops address_ops = { .set = address_set };

module_param_cb(address, &address_ops, NULL, 0200);
MODULE_PARM_DESC(address, "Physical address to tell about in the log");

MODULE_DESCRIPTION("Test of QSC: what is at a physical address");
MODULE_LICENSE("GPL");
