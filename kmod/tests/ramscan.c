// SPDX-License-Identifier: GPL-2.0
/*
 * Looks for bytes in all of this machine's memory: what is in use, what is free
 * and what was freed with them still in it.
 *
 *   echo HEX[,HEX...] >/sys/module/qsc_ramscan/parameters/inverted
 *   cat /sys/module/qsc_ramscan/parameters/hits
 *
 * What is looked for is given with all of its bits inverted, so that whoever
 * asks does not have it in their memory, nor the kernel in that of the request.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../compat.h"

#define NEEDLES_MAX 8
#define NEEDLE_LEN 16
#define CHUNK PHYS_PFN(SZ_1M) /* holes in memory are not smaller, but for the first one */
#define TOLD_MAX 8 /* hits that are logged */

static struct {
	struct mutex lock; /* one at a time */
	u8 inverted[NEEDLES_MAX][NEEDLE_LEN];
	unsigned int nr;
	/*
	 * By the low 16 bits of each aligned word that a needle may have in memory.
	 * Bytes: what looks bits up is instrumented, and this is for slow kernels.
	 */
	bool filter[U16_MAX + 1];
} scan = { .lock = __MUTEX_INITIALIZER(scan.lock) };

/* Freed memory is read too, which is the purpose. */
static __no_sanitize_address bool is_needle(const u8 *p, const u8 *inverted)
{
	int i;

	for (i = 0; i < NEEDLE_LEN; i++)
		if ((READ_ONCE(p[i]) ^ inverted[i]) != 0xff)
			return false;
	return true;
}

/* The word at @p may be the first aligned one of a needle that begins before it. */
static noinline __no_sanitize_address bool look_around(const u8 *page, const u8 *p)
{
	unsigned int back, n;

	for (back = 0; back < sizeof(u64) && p - back >= page; back++) {
		if (p - back + NEEDLE_LEN > page + PAGE_SIZE)
			continue;
		for (n = 0; n < scan.nr; n++)
			if (is_needle(p - back, scan.inverted[n]))
				return true;
	}
	return false;
}

/* So is most of the memory; this is the quickest way to find out. */
static __no_sanitize_address bool is_zero(const u64 *page)
{
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i += 4)
		if (READ_ONCE(page[i]) | READ_ONCE(page[i + 1]) | READ_ONCE(page[i + 2]) |
		    READ_ONCE(page[i + 3]))
			return false;
	return true;
}

static __no_sanitize_address unsigned int scan_page(unsigned long pfn, unsigned int told)
{
	const u8 *page = page_address(pfn_to_page(pfn));
	unsigned int hits = 0;
	u32 i;

	if (is_zero((const u64 *)page))
		return 0;
	for (i = 0; i < PAGE_SIZE; i += sizeof(u64)) {
		u64 word = le64_to_cpu(READ_ONCE(*(const __le64 *)(page + i)));

		/* No word of a needle is zero. */
		if (likely(!word || !scan.filter[(u16)word]) || !look_around(page, page + i))
			continue;
		if (told + hits++ < TOLD_MAX)
			pr_info("a hit in page frame %#lx at %#x\n", pfn, i);
	}
	return hits;
}

static bool is_memory(unsigned long pfn)
{
	return pfn_valid(pfn) && page_is_ram(pfn);
}

static unsigned int scan_all(void)
{
	unsigned long end, pfn, i;
	unsigned int hits = 0;
	struct sysinfo si;

	si_meminfo(&si);
	/* The hole below 4 GiB moves memory up. */
	end = si.totalram * 2 + PHYS_PFN(SZ_4G);
	for (pfn = CHUNK; pfn < end; pfn += CHUNK) {
		if (!is_memory(pfn) || !is_memory(pfn + CHUNK - 1))
			continue;
		for (i = 0; i < CHUNK; i++)
			hits += scan_page(pfn + i, hits);
		cond_resched();
	}
	return hits;
}

static void note_words(const u8 *inverted)
{
	int at;

	for (at = 0; at < (int)sizeof(u64); at++)
		scan.filter[(u16)~get_unaligned_le16(inverted + at)] = true;
}

static bool read_needle(u8 *inverted, const char *hex)
{
	__be64 halves[2];
	u64 high, low;

	if (sscanf(hex, "%16llx%16llx", &high, &low) != 2)
		return false;
	halves[0] = cpu_to_be64(high);
	halves[1] = cpu_to_be64(low);
	memcpy(inverted, halves, NEEDLE_LEN);
	return true;
}

static int inverted_set(const char *val, const struct kernel_param *kp)
{
	unsigned int n = 0;
	int err = 0;

	mutex_lock(&scan.lock);
	memset(scan.filter, 0, sizeof(scan.filter));
	do {
		if (n == NEEDLES_MAX || strlen(val) < 2 * NEEDLE_LEN ||
		    !read_needle(scan.inverted[n], val)) {
			err = -EINVAL;
			break;
		}
		note_words(scan.inverted[n++]);
		val += 2 * NEEDLE_LEN;
	} while (*val++ == ',');
	scan.nr = err ? 0 : n;
	mutex_unlock(&scan.lock);
	return err;
}

static int hits_get(char *buf, const struct kernel_param *kp)
{
	int len;

	mutex_lock(&scan.lock);
	len = scan.nr ? sysfs_emit(buf, "%u\n", scan_all()) : -ENODATA;
	mutex_unlock(&scan.lock);
	return len;
}

static const struct kernel_param_ops inverted_ops = { .set = inverted_set };
static const struct kernel_param_ops hits_ops = { .get = hits_get };

module_param_cb(inverted, &inverted_ops, NULL, 0200);
MODULE_PARM_DESC(inverted, "What to look for: 16 bytes each in hexadecimal, all bits inverted");
module_param_cb(hits, &hits_ops, NULL, 0400);
MODULE_PARM_DESC(hits, "How often it is in memory now");

MODULE_DESCRIPTION("Test of QSC: looks for keys in all of the memory");
MODULE_LICENSE("GPL");
