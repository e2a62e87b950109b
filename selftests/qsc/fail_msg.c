// SPDX-License-Identifier: GPL-2.0
/* The netlink messages of the failure test. */
#include <arpa/inet.h>
#include <string.h>

#include "fail_msg.h"
#include "ramscan.h"
#include "seal.h"

#define MKI_LEN		4
#define REMOTE		2000	/* from a local port to the remote one */
#define NEXT_LEG	10

static const char secret[] = RAMSCAN_MASTER RAMSCAN_MASTER RAMSCAN_MASTER RAMSCAN_MASTER;

static struct qsc_sock *asks;
static uint16_t family;
static struct seal seal;

void msg_init(uint16_t to, struct qsc_sock *sk)
{
	family = to;
	asks = sk;
}

/* The one before may have gone with a flush. */
static struct seal *new_seal(void)
{
	seal.id = 0;
	seal_refresh(&seal, asks);
	return &seal;
}

/* --------------------------------------------------------------- calls */

static void put_addr(struct nlr_msg *m, int leg, uint16_t type, bool v6, uint8_t host)
{
	uint8_t v4[4] = { 10, 77, 0, host };
	uint8_t six[16] = { 0xfd, 0x77, [15] = host };

	nlr_put(m, leg, type, v6 ? six : v4, v6 ? 16 : 4);
}

static int put_leg(struct nlr_msg *m, int parent, bool v6, bool rtcp_port, uint16_t port)
{
	int leg = nlr_nest(m, parent, QSC_A_CALL_LEG);

	put_addr(m, leg, QSC_A_LEG_LOCAL_ADDR, v6, 1);
	nlr_put_u16(m, leg, QSC_A_LEG_LOCAL_PORT, htons(port));
	if (rtcp_port)
		nlr_put_u16(m, leg, QSC_A_LEG_LOCAL_RTCP_PORT, htons(port + 1));
	return leg;
}

static void put_remote(struct nlr_msg *m, int leg, bool v6, bool rtcp_port, uint16_t port)
{
	put_addr(m, leg, QSC_A_LEG_REMOTE_ADDR, v6, 2);
	nlr_put_u16(m, leg, QSC_A_LEG_REMOTE_PORT, htons(port + REMOTE));
	if (rtcp_port)
		nlr_put_u16(m, leg, QSC_A_LEG_REMOTE_RTCP_PORT, htons(port + REMOTE + 1));
}

static void put_call(struct nlr_msg *m, int parent, const char *id, uint32_t flags)
{
	nlr_put_str(m, parent, QSC_A_CALL_ID, id);
	nlr_put_u32(m, parent, QSC_A_CALL_FLAGS, flags);
	nlr_put_u32(m, parent, QSC_A_CALL_LIFETIME, 1000000);
}

static void put_relay(struct nlr_msg *m, int parent, const char *id, uint16_t port)
{
	int leg;

	put_call(m, parent, id, 0);
	leg = put_leg(m, parent, false, true, port);
	put_remote(m, leg, false, true, port);
	leg = put_leg(m, parent, true, true, port + NEXT_LEG);
	nlr_put_u32(m, leg, QSC_A_LEG_SUITE, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
	nlr_put_u32(m, leg, QSC_A_LEG_FLAGS, QSC_LEG_FLAGS_LEARN);
}

void msg_new(struct nlr_msg *m, const char *id, bool v6, bool rtcp_port, uint16_t port,
	     uint32_t flags)
{
	int leg;

	nlr_start(m, family, QSC_CMD_CALL_NEW, NLM_F_ACK);
	put_call(m, NL_ROOT, id, flags);
	leg = put_leg(m, NL_ROOT, v6, rtcp_port, port);
	put_remote(m, leg, v6, rtcp_port, port);
}

void msg_relay(struct nlr_msg *m, const char *id, uint16_t port)
{
	nlr_start(m, family, QSC_CMD_CALL_NEW, NLM_F_ACK);
	put_relay(m, NL_ROOT, id, port);
}

/* ---------------------------------------------------------------- keys */

static int put_key(struct nlr_msg *m, int parent, struct qsc_key *k)
{
	int nest = nlr_nest(m, parent, QSC_A_CALL_KEY);

	nlr_put_u8(m, nest, QSC_A_KEY_LEG, k->leg);
	nlr_put_u32(m, nest, QSC_A_KEY_DIR, k->dir);
	nlr_put_u32(m, nest, QSC_A_KEY_SUITE, k->suite);
	if (k->mki_len)
		nlr_put(m, nest, QSC_A_KEY_MKI, k->mki, k->mki_len);
	/* the old key stays as long as this takes */
	nlr_put_u32(m, nest, QSC_A_KEY_OVERLAP, QSC_OVERLAP_MAX_MS);
	qsc_suite_lengths(k->suite, &k->master_len, &k->salt_len);
	memcpy(k->master, secret, k->master_len);
	memcpy(k->salt, secret, k->salt_len);
	return nest;
}

void msg_key(struct nlr_msg *m, const char *id, uint8_t leg, uint32_t dir, uint32_t suite,
	     uint8_t mki, int rocs)
{
	struct qsc_key k = {
		.leg = leg,
		.dir = dir,
		.suite = suite,
		.mki_len = mki ? MKI_LEN : 0,
		.mki = { mki },
	};
	int key, roc;

	nlr_start(m, family, QSC_CMD_KEY_SET, NLM_F_ACK);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
	key = put_key(m, NL_ROOT, &k);
	seal_put_key(new_seal(), m, key, id, &k);
	while (rocs--) {
		roc = nlr_nest(m, key, QSC_A_KEY_ROC);
		nlr_put_u32(m, roc, QSC_A_ROC_SSRC, 1000 + rocs);
		nlr_put_u32(m, roc, QSC_A_ROC_VALUE, 7);
	}
}

/* Both directions of a leg; their secrets go to @to. Returns how long these are. */
static int put_keys(struct nlr_msg *m, int op, uint8_t leg, uint32_t suite, uint8_t *to)
{
	uint32_t dir;
	int len = 0;

	for (dir = QSC_DIR_TX; dir <= QSC_DIR_RX; dir++) {
		struct qsc_key k = { .leg = leg, .dir = dir, .suite = suite };

		put_key(m, op, &k);
		memcpy(to + len, k.master, k.master_len);
		len += k.master_len;
		memcpy(to + len, k.salt, k.salt_len);
		len += k.salt_len;
	}
	return len;
}

void msg_batch(struct nlr_msg *m, const char *id, const char *other)
{
	uint8_t secrets[SEAL_SECRETS_MAX];
	int op, leg, len = 0;

	nlr_start(m, family, QSC_CMD_CALLS_NEW, NLM_F_ACK);
	op = nlr_nest(m, NL_ROOT, QSC_A_CALL_OP);
	put_relay(m, op, id, 4000);
	len += put_keys(m, op, 0, QSC_SUITE_AEAD_AES_256_GCM, secrets + len);
	len += put_keys(m, op, 1, QSC_SUITE_AES_CM_128_HMAC_SHA1_80, secrets + len);
	op = nlr_nest(m, NL_ROOT, QSC_A_CALL_OP);
	put_call(m, op, other, 0);
	leg = put_leg(m, op, false, false, 4100);
	put_remote(m, leg, false, false, 4100);
	len += put_keys(m, op, 0, QSC_SUITE_AEAD_AES_256_GCM, secrets + len);
	seal_put_batch(new_seal(), m, secrets, len);
}

void msg_session(struct nlr_msg *m, const char *id, uint32_t epoch, bool hold)
{
	struct qsc_session s = {
		.role = QSC_ROLE_CALLER,
		.caller = "alice",
		.callee = "bob",
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.epoch = epoch,
		.hold = hold,
		.has_overlap = true,
		.overlap_ms = QSC_OVERLAP_MAX_MS,
	};

	memcpy(s.dist, secret, sizeof(s.dist));
	memcpy(s.exporter, secret, sizeof(s.exporter));
	seal_wrap(&s, id, RAMSCAN_SEED(epoch));
	nlr_start(m, family, QSC_CMD_SESSION_SET, NLM_F_ACK);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
	seal_put_session(new_seal(), m, id, &s);
}

/* ---------------------------------------------------------------- others */

void msg_named(struct nlr_msg *m, uint8_t cmd, const char *id)
{
	nlr_start(m, family, cmd, NLM_F_ACK);
	if (id)
		nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
}

void msg_dump(struct nlr_msg *m, uint8_t cmd)
{
	nlr_start(m, family, cmd, NLM_F_DUMP);
}
