/* SPDX-License-Identifier: GPL-2.0 */
/* What kbuild has each file of a kernel begin with: see kernels/cc. */
#include <linux/compiler-version.h>
#include <linux/kconfig.h>
#include <linux/compiler_types.h>
