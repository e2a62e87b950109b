// SPDX-License-Identifier: GPL-2.0
/* Key material that came encrypted: sealed by a client, wrapped by the key service. */

#include "open.h"

#include <linux/bottom_half.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "aead.h"

int qsc_box_open(const u8 key[QSC_BOX_KEY_LEN], const u8 *aad, u32 aad_len, const u8 *box, u8 *out,
		 u32 len)
{
	const struct qsc_suite_desc *suite = qsc_suite_by_id(QSC_SUITE_AEAD_AES_256_GCM);
	struct qsc_iv nonce = {};
	struct qsc_aead aead;
	u8 *p;
	int err;

	if (aad_len > QSC_BOX_LEN_MAX || len > QSC_BOX_LEN_MAX)
		return -EINVAL;
	p = kmalloc(aad_len + len + QSC_BOX_TAG_LEN, GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	err = qsc_aead_init(&aead, suite, key);
	if (err)
		goto out_free;

	memcpy(p, aad, aad_len);
	memcpy(p + aad_len, box, len + QSC_BOX_TAG_LEN);
	local_bh_disable();
	err = qsc_aead_decrypt(&aead, nonce, p, aad_len, len);
	local_bh_enable();
	qsc_aead_destroy(&aead);
	if (err < 0)
		goto out_free;
	memcpy(out, p + aad_len, len);
	err = 0;

out_free:
	kfree_sensitive(p);
	return err;
}
