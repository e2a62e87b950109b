// SPDX-License-Identifier: GPL-2.0
/* libsrtp2 as the reference. */
#include <linux/qsc.h>

#include "../lib/ksft.h"
#include "srtp_ref.h"

#define TAG_LEN		16
#define SHA1_80_TAG_LEN	10
#define SRTCP_INDEX_LEN	4

void master_random(struct srtp_master *m, struct rng *rng, int suite, int mki_len)
{
	m->suite = suite;
	m->key_len = suite == QSC_SUITE_AEAD_AES_256_GCM ? 32 : 16;
	m->salt_len = suite == QSC_SUITE_AES_CM_128_HMAC_SHA1_80 ? 14 : 12;
	m->mki_len = mki_len;
	rng_fill(rng, m->key, m->key_len);
	rng_fill(rng, m->salt, m->salt_len);
	rng_fill(rng, m->mki, m->mki_len);
}

static void policy_suite(srtp_policy_t *policy, int suite)
{
	switch (suite) {
	case QSC_SUITE_AEAD_AES_256_GCM:
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
		break;
	case QSC_SUITE_AES_CM_128_HMAC_SHA1_80:
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
		break;
	default:
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
	}
}

srtp_t ref_open(const struct srtp_keys *keys, bool sender)
{
	uint8_t blob[GENERATIONS_MAX][KEY_MAX + SALT_MAX];
	srtp_master_key_t master[GENERATIONS_MAX];
	srtp_master_key_t *list[GENERATIONS_MAX];
	srtp_policy_t policy = {};
	srtp_err_status_t err;
	srtp_t srtp;
	int i;

	for (i = 0; i < keys->gens; i++) {
		const struct srtp_master *m = &keys->gen[i];

		memcpy(blob[i], m->key, m->key_len);
		memcpy(blob[i] + m->key_len, m->salt, m->salt_len);
		master[i].key = blob[i];
		master[i].mki_id = (uint8_t *)m->mki;
		master[i].mki_size = m->mki_len;
		list[i] = &master[i];
	}
	policy_suite(&policy, keys->gen[0].suite);
	policy.keys = list;
	policy.num_master_keys = keys->gens;
	policy.window_size = keys->window;
	policy.ssrc.type = sender ? ssrc_any_outbound : ssrc_any_inbound;

	err = srtp_create(&srtp, &policy);
	if (err)
		ksft_exit_fail_msg("srtp_create: libsrtp error %d\n", err);

	/* an initial ROC can only be given to a stream that exists */
	policy.ssrc.type = ssrc_specific;
	for (i = 0; i < keys->rocs; i++) {
		policy.ssrc.value = keys->roc[i].ssrc;
		err = srtp_add_stream(srtp, &policy);
		if (!err)
			err = srtp_set_stream_roc(srtp, keys->roc[i].ssrc,
						  keys->roc[i].roc);
		if (err)
			ksft_exit_fail_msg("srtp_set_stream_roc: libsrtp error %d\n",
					   err);
	}
	return srtp;
}

static enum ref_verdict verdict(srtp_err_status_t err)
{
	switch (err) {
	case srtp_err_status_ok:
		return REF_OK;
	case srtp_err_status_replay_fail:
		return REF_REPLAY;
	case srtp_err_status_replay_old:
	case srtp_err_status_pkt_idx_old:
		return REF_OLD;
	default:
		return REF_FORGED;
	}
}

enum ref_verdict ref_protect(srtp_t srtp, const struct srtp_keys *keys, int gen,
			     struct packet *pkt)
{
	bool mki = keys->gen[gen].mki_len;

	if (pkt->rtcp)
		return verdict(srtp_protect_rtcp_mki(srtp, pkt->data, &pkt->len,
						     mki, gen));
	return verdict(srtp_protect_mki(srtp, pkt->data, &pkt->len, mki, gen));
}

/*
 * libsrtp 2.5 computes lengths of damaged packets with unsigned arithmetic
 * that can go below zero; what has no room for header, tag and MKI is not
 * shown to it.
 */
static bool has_room(const struct packet *pkt, const struct srtp_master *m)
{
	const uint8_t *p = pkt->data;
	int need = m->mki_len;

	need += m->suite == QSC_SUITE_AES_CM_128_HMAC_SHA1_80 ? SHA1_80_TAG_LEN : TAG_LEN;

	if (pkt->rtcp)
		return pkt->len >= RTCP_HDR_LEN + SRTCP_INDEX_LEN + need;

	need += RTP_HDR_LEN;
	if (pkt->len < need)
		return false;
	need += (p[0] & 15) * 4;
	if (p[0] & 0x10) {
		if (pkt->len < need + 4)
			return false;
		p += RTP_HDR_LEN + (p[0] & 15) * 4;
		need += 4 + 4 * (p[2] << 8 | p[3]);
	}
	return pkt->len >= need;
}

enum ref_verdict ref_unprotect(srtp_t srtp, const struct srtp_keys *keys,
			       struct packet *pkt)
{
	int mki_len = keys->gen[0].mki_len;

	if (!has_room(pkt, &keys->gen[0]))
		return REF_FORGED;
	if (pkt->rtcp)
		return verdict(srtp_unprotect_rtcp_mki(srtp, pkt->data, &pkt->len,
						       mki_len));
	return verdict(srtp_unprotect_mki(srtp, pkt->data, &pkt->len, mki_len));
}

const char *ref_verdict_name(enum ref_verdict v)
{
	static const char * const name[] = {
		[REF_OK] = "accepted",
		[REF_REPLAY] = "replayed",
		[REF_OLD] = "too old",
		[REF_FORGED] = "forged",
	};

	return name[v];
}
