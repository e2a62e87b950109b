/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that QSC runs on: 6.1, 6.12 and 7.x.
 * All that depends on the version is here; Kbuild finds out what there is.
 */
#ifndef _QSC_COMPAT_H
#define _QSC_COMPAT_H

#include <crypto/aes.h>
#include <crypto/sha2.h>
#include <linux/netdevice.h>

#ifdef QSC_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* skb_gso_segment() moved out of netdevice.h in 6.5. */
#ifdef QSC_HAVE_NET_GSO
#include <net/gso.h>
#endif

/* Since 7.0 there are keys that only encrypt, and aes_encrypt() wants one. */
#ifndef QSC_HAVE_AES_ENCKEY
#define aes_enckey crypto_aes_ctx
#define aes_prepareenckey aes_expandkey
#endif

/* Since 6.2 a handler may be told by which of the two it was called. */
#ifndef QSC_HAVE_GENL_SPLIT_OPS
#define genl_split_ops genl_ops
#endif

/* Since 6.16 the library's hash has a type of its own. */
#ifndef QSC_HAVE_SHA256_CTX
#define sha256_ctx sha256_state
#endif

#endif /* _QSC_COMPAT_H */
