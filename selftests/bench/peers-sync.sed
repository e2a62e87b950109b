# SPDX-License-Identifier: GPL-2.0
#
# rtpengine allocates its AEAD with CRYPTO_ALG_ASYNC in the mask. That leaves out
# the kernel's fused AES-GCM for x86, whose front for callers like this one is
# registered as asynchronous although what it calls from softirq is not, and takes
# a template of a counter mode and a hash, several times as slow. With mask 0:
s/crypto_alloc_aead(\(.*\), 0, CRYPTO_ALG_ASYNC)/crypto_alloc_aead(\1, 0, 0)/
