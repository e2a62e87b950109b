/* SPDX-License-Identifier: GPL-2.0 */
/* What most files of a kernel include, directly or not: see kernels/cc. */
#include "core.h"

#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/sock.h>
