/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as the module's files without skbs and netlink need,
 * for one thread in user space. Included before all else; the kernel's headers
 * that they name are empty files, see the Makefile.
 */
#ifndef _QSC_FUZZ_SHIM_H
#define _QSC_FUZZ_SHIM_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <openssl/aes.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef unsigned int gfp_t;

/* compiler */
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))
#define __aligned(n) __attribute__((aligned(n)))
#define data_race(expr) (expr)
#define likely(x) (x)
#define unlikely(x) (x)
#define __rcu
#define __force
#define ____cacheline_aligned_in_smp __attribute__((aligned(64)))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#undef static_assert
#define static_assert(cond, ...) _Static_assert(cond, #cond)
#define BUILD_BUG_ON(cond) _Static_assert(!(cond), #cond)

/* numbers */
#define BITS_PER_LONG 64
#define U64_MAX UINT64_MAX
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define max(a, b) max_t(__typeof__(a), a, b)
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define struct_size(p, member, n) (sizeof(*(p)) + (n) * sizeof((p)->member[0]))

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n < 2 ? 1 : 1UL << (BITS_PER_LONG - __builtin_clzl(n - 1));
}

/* byte order */
#define be32_to_cpu(n) be32toh(n)
#define be64_to_cpu(n) be64toh(n)
#define cpu_to_be32(n) htobe32(n)

/* unaligned memory */
struct unaligned_u64 {
	u64 v;
} __attribute__((packed));

#define get_unaligned(p)                        \
	({                                      \
		__typeof__(*(p) + 0) v_;        \
		memcpy(&v_, (p), sizeof(*(p))); \
		v_;                             \
	})

#define put_unaligned(v, p)                 \
	do {                                \
		__typeof__(*(p)) v_ = (v);  \
		memcpy(p, &v_, sizeof(v_)); \
	} while (0)

static inline u16 get_unaligned_be16(const void *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline u32 get_unaligned_be32(const void *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline u64 get_unaligned_be64(const void *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

static inline void put_unaligned_be16(u16 n, void *p)
{
	u16 v = htobe16(n);

	memcpy(p, &v, sizeof(v));
}

static inline void put_unaligned_be32(u32 n, void *p)
{
	u32 v = htobe32(n);

	memcpy(p, &v, sizeof(v));
}

/* memory; kfree_rcu() frees at once, so that any later use is seen */
#define GFP_KERNEL 0
#define GFP_ATOMIC 0
#define kzalloc(size, gfp) ((void)(gfp), calloc(1, size))
#define kfree(p) free((void *)(p))
#define kfree_rcu(p, member) free(p)
#define kfree_sensitive(p) free(p)
#define memzero_explicit(p, n) explicit_bzero(p, n)

#define ERR_PTR(err) ((void *)(long)(err))
#define PTR_ERR_OR_ZERO(p) (IS_ERR(p) ? (int)PTR_ERR(p) : 0)
#define IS_ERR(p) ((unsigned long)(p) >= (unsigned long)-4095)
#define PTR_ERR(p) ((long)(p))

/* time stands still */
#define NSEC_PER_SEC 1000000000
#define USEC_PER_SEC 1000000
#define ktime_get_ns() UINT64_C(0)
#define div_u64(n, by) ((u64)(n) / (by))
#define mul_u64_u32_shr(a, b, shift) ((u64)((unsigned __int128)(a) * (b) >> (shift)))

/* locks, of one thread: held or not */
typedef struct {
	bool held;
} spinlock_t;

#define lockdep_assert_held(l) assert((l)->held)
#define spin_lock_init(l) ((l)->held = false)
#define spin_lock(l) (assert(!(l)->held), (l)->held = true)
#define spin_unlock(l) (assert((l)->held), (l)->held = false)
#define spin_lock_bh(l) spin_lock(l)
#define DEFINE_MUTEX(name) spinlock_t name
#define mutex_lock(l) spin_lock(l)
#define mutex_unlock(l) spin_unlock(l)
#define spin_unlock_bh(l) spin_unlock(l)

struct rcu_head {
	int unused;
};

#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define rcu_dereference(p) (p)
#define rcu_dereference_protected(p, cond) (p)
#define rcu_assign_pointer(p, v) ((p) = (v))

typedef struct {
	int64_t n;
} atomic64_t;

#define atomic64_read(a) ((a)->n)
#define atomic64_set(a, v) ((a)->n = (v))
#define atomic64_inc(a) ((a)->n++)
#define set_bit(n, p) (*(p) |= BIT(n))

static const unsigned long jiffies = 1;

/* lists */
struct list_head {
	struct list_head *next, *prev;
};

#define INIT_LIST_HEAD(l) ((l)->next = (l)->prev = (l))

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define hlist_entry_safe(ptr, type, member) \
	((ptr) ? (type *)((char *)(ptr)-offsetof(type, member)) : NULL)
#define hlist_for_each_entry(pos, head, member)                                      \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); pos; \
	     pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_rcu(pos, head, member, ...) hlist_for_each_entry(pos, head, member)
#define hlist_for_each_entry_safe(pos, n, head, member)                         \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); \
	     pos && ((n = (pos)->member.next), true);                           \
	     pos = hlist_entry_safe(n, __typeof__(*(pos)), member))

static inline bool hlist_empty(const struct hlist_head *h)
{
	return !h->first;
}

static inline void hlist_add_head_rcu(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	n->pprev = &h->first;
	if (h->first)
		h->first->pprev = &n->next;
	h->first = n;
}

static inline void hlist_del_rcu(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

#define hlist_del(n) hlist_del_rcu(n)

/* modules */
#define module_param(name, type, perm) unsigned int *const shim_param_##name = &(name)
#define MODULE_PARM_DESC(name, text) _Static_assert(1, "")
#define MODULE_INFO(tag, text) _Static_assert(1, "")

/* IPv6 addresses */
static inline bool ipv6_addr_equal(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline void ipv6_addr_set_v4mapped(__be32 v4, struct in6_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->s6_addr32[2] = htonl(0xffff);
	out->s6_addr32[3] = v4;
}

/* AES as a block cipher, for the key derivation */
#define AES_KEYSIZE_128 16
#define AES_KEYSIZE_256 32

struct crypto_alg {
	unsigned int cra_ctxsize;
};

struct crypto_tfm {
	const struct crypto_alg *__crt_alg;
	AES_KEY key;
};

struct crypto_cipher {
	struct crypto_tfm tfm;
};

#define crypto_cipher_tfm(cipher) (&(cipher)->tfm)
#define crypto_tfm_ctx(tfm) ((void *)&(tfm)->key)
struct crypto_cipher *crypto_alloc_cipher(const char *name, u32 type, u32 mask);
void crypto_free_cipher(struct crypto_cipher *cipher);
int crypto_cipher_setkey(struct crypto_cipher *cipher, const u8 *key, unsigned int len);
void crypto_cipher_encrypt_one(struct crypto_cipher *cipher, u8 *out, const u8 *in);

#endif /* _QSC_FUZZ_SHIM_H */
