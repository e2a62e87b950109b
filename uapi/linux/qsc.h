/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * QSC: the generic netlink contract between the module and user space.
 *
 * Documentation/netlink/specs/qsc.yaml describes every attribute, its unit and
 * its range. selftests/host/netlink_spec.py holds that file, this header and
 * the module's policy against each other.
 */
#ifndef _UAPI_LINUX_QSC_H
#define _UAPI_LINUX_QSC_H

#define QSC_FAMILY_NAME "qsc"
#define QSC_FAMILY_VERSION 1
#define QSC_MCGRP_EVENTS "events"

#define QSC_CALL_ID_MAX 127 /* bytes, without the NUL */
#define QSC_MKI_MAX 128 /* bytes, RFC 4568 section 6.1 */
#define QSC_MASTER_KEY_MAX 32 /* bytes */
#define QSC_MASTER_SALT_MAX 14 /* bytes */
#define QSC_PARTY_ID_MAX 63 /* bytes, without the NUL */
#define QSC_SEAL_PUBLIC_LEN 32 /* bytes, X25519 public key */
#define QSC_SEAL_TAG_LEN 16 /* bytes that sealing adds */
#define QSC_SEAL_BOX_MAX 80 /* bytes */
#define QSC_SEAL_BATCH_MAX 32768 /* bytes, the box of QSC_CMD_CALLS_NEW */
#define QSC_DIST_LEN 32 /* bytes, one-time distribution key */
#define QSC_EXPORTER_LEN 32 /* bytes, exporter of the login's TLS connection */
#define QSC_WRAPPED_LEN 48 /* bytes, wrapped session key */
#define QSC_EPOCH_MKI_LEN 4 /* bytes, the MKI of keys of session-set */
#define QSC_KEY_ROC_MAX 16 /* initial ROCs in one request */
#define QSC_LEGS_MAX 2
#define QSC_SECONDS_MAX 31536000 /* a year: timeout, lifetime */
#define QSC_WINDOW_MIN 64 /* packets, RFC 3711 section 3.3.2 */
#define QSC_WINDOW_MAX 32768
#define QSC_WINDOW_DEFAULT 1024
#define QSC_DSCP_MAX 63
#define QSC_CLOCK_DEFAULT 8000 /* Hz, RTP timestamps (RFC 3551 section 4.5) */
#define QSC_CLOCK_MAX 192000
#define QSC_LEARN_WINDOW_MAX 3600 /* seconds */
#define QSC_LEARN_WINDOW_DEFAULT 10
#define QSC_OVERLAP_MAX_MS 60000
#define QSC_OVERLAP_DEFAULT_MS 2000

enum qsc_cmd {
	QSC_CMD_INFO_GET = 1,
	QSC_CMD_CALL_NEW,
	QSC_CMD_CALL_DEL,
	QSC_CMD_CALL_GET,
	QSC_CMD_CALL_SET,
	QSC_CMD_CALL_FLUSH,
	QSC_CMD_KEY_SET,
	QSC_CMD_KEY_ERASE,
	QSC_CMD_STATS_GET,

	/* events, multicast group QSC_MCGRP_EVENTS */
	QSC_CMD_CALL_ADD_NTF,
	QSC_CMD_CALL_DEL_NTF,
	QSC_CMD_KEY_NTF,
	QSC_CMD_REKEY_NTF,
	QSC_CMD_ERASED_NTF,
	QSC_CMD_AUTH_FAIL_NTF,

	QSC_CMD_SEAL_GET,
	QSC_CMD_SESSION_SET,
	QSC_CMD_SESSION_ACTIVATE,

	QSC_CMD_CALLS_NEW,
	QSC_CMD_LATCH_NTF, /* event */

	__QSC_CMD_MAX,
	QSC_CMD_MAX = (__QSC_CMD_MAX - 1)
};

enum qsc_suite {
	QSC_SUITE_AEAD_AES_256_GCM = 1,
	QSC_SUITE_AEAD_AES_128_GCM,
	QSC_SUITE_AEAD_SM4_GCM,
	QSC_SUITE_AES_CM_128_HMAC_SHA1_80,
	QSC_SUITE_PLAIN, /* no encryption; legs of relay calls only */

	__QSC_SUITE_MAX,
	QSC_SUITE_MAX = (__QSC_SUITE_MAX - 1)
};

enum qsc_call_state {
	QSC_CALL_STATE_NEW = 1,
	QSC_CALL_STATE_SECURE,
	QSC_CALL_STATE_ERASED,
	QSC_CALL_STATE_PLAIN, /* a relay call without a leg that takes keys */
};

enum qsc_call_flags {
	QSC_CALL_FLAGS_BOUND = 1, /* keys die with the socket that made the call */
	QSC_CALL_FLAGS_DTLS = 2, /* let DTLS records pass (RFC 7983) */
};

enum qsc_leg_flags {
	QSC_LEG_FLAGS_LEARN = 1, /* the remote is where packets come from */
};

enum qsc_role {
	QSC_ROLE_CALLER = 1,
	QSC_ROLE_CALLEE,
};

enum qsc_dir {
	QSC_DIR_TX = 1,
	QSC_DIR_RX,
};

enum qsc_key_state {
	QSC_KEY_STATE_ACTIVE = 1,
	QSC_KEY_STATE_OVERLAP, /* old receive key, erased soon */
	QSC_KEY_STATE_PARKED, /* next transmit key, until it is activated */
};

enum qsc_erase_reason {
	QSC_ERASE_REASON_DEL = 1,
	QSC_ERASE_REASON_FLUSH,
	QSC_ERASE_REASON_REQUEST,
	QSC_ERASE_REASON_REKEY,
	QSC_ERASE_REASON_TIMEOUT,
	QSC_ERASE_REASON_LIFETIME,
	QSC_ERASE_REASON_OWNER,
	QSC_ERASE_REASON_NETNS,
	QSC_ERASE_REASON_REBOOT,
	QSC_ERASE_REASON_HIBERNATE,
	QSC_ERASE_REASON_SUSPEND,
	QSC_ERASE_REASON_REVOKED,

	__QSC_ERASE_REASON_MAX,
	QSC_ERASE_REASON_MAX = (__QSC_ERASE_REASON_MAX - 1)
};

/* Attributes of every request, reply and event. */
enum {
	QSC_A_CALL_ID = 1,
	QSC_A_CALL_STATE,
	QSC_A_CALL_FLAGS,
	QSC_A_CALL_ROLE,
	QSC_A_CALL_TIMEOUT,
	QSC_A_CALL_LIFETIME,
	QSC_A_CALL_WINDOW,
	QSC_A_CALL_AGE,
	QSC_A_CALL_IDLE,
	QSC_A_CALL_OWNER,
	QSC_A_CALL_LEG,
	QSC_A_CALL_KEY,
	QSC_A_CALL_STATS,
	QSC_A_CALL_INFO,
	QSC_A_CALL_REASON,
	QSC_A_CALL_TIME,
	QSC_A_CALL_COUNT,
	QSC_A_CALL_PAD,
	QSC_A_CALL_SEAL,
	QSC_A_CALL_SESSION,
	QSC_A_CALL_ERASED,
	QSC_A_CALL_MORE,
	QSC_A_CALL_OP,
	QSC_A_CALL_SEALED,

	__QSC_A_CALL_MAX,
	QSC_A_CALL_MAX = (__QSC_A_CALL_MAX - 1)
};

/* One side of a call: nested in QSC_A_CALL_LEG. */
enum {
	QSC_A_LEG_INDEX = 1,
	QSC_A_LEG_SUITE,
	QSC_A_LEG_LOCAL_ADDR,
	QSC_A_LEG_LOCAL_PORT,
	QSC_A_LEG_REMOTE_ADDR,
	QSC_A_LEG_REMOTE_PORT,
	QSC_A_LEG_LOCAL_RTCP_PORT,
	QSC_A_LEG_REMOTE_RTCP_PORT,
	QSC_A_LEG_KEY,
	QSC_A_LEG_STATS,
	QSC_A_LEG_FLAGS,
	QSC_A_LEG_DSCP,
	QSC_A_LEG_TTL,
	QSC_A_LEG_LEARN_ADDR,
	QSC_A_LEG_LEARN_PREFIX,
	QSC_A_LEG_LEARN_WINDOW,
	QSC_A_LEG_CLOCK,
	QSC_A_LEG_STREAM,
	QSC_A_LEG_RTT,
	QSC_A_LEG_LAST_SEEN,
	QSC_A_LEG_PAD,

	__QSC_A_LEG_MAX,
	QSC_A_LEG_MAX = (__QSC_A_LEG_MAX - 1)
};

/* How the packets of one SSRC come in on a relay's leg: nested in QSC_A_LEG_STREAM. */
enum {
	QSC_A_STREAM_SSRC = 1,
	QSC_A_STREAM_PACKETS,
	QSC_A_STREAM_LOST,
	QSC_A_STREAM_LATE,
	QSC_A_STREAM_JITTER,
	QSC_A_STREAM_PAD,

	__QSC_A_STREAM_MAX,
	QSC_A_STREAM_MAX = (__QSC_A_STREAM_MAX - 1)
};

/*
 * A key generation: nested in QSC_A_CALL_KEY (install, erase) and in
 * QSC_A_LEG_KEY (show). SEALED holds master key || master salt.
 */
enum {
	QSC_A_KEY_LEG = 1,
	QSC_A_KEY_DIR,
	QSC_A_KEY_SUITE,
	QSC_A_KEY_MKI,
	QSC_A_KEY_SEALED,
	QSC_A_KEY_ROC,
	QSC_A_KEY_OVERLAP,
	QSC_A_KEY_STATE,
	QSC_A_KEY_GENERATION,
	QSC_A_KEY_AGE,
	QSC_A_KEY_SSRCS,
	QSC_A_KEY_RTP_PACKETS,
	QSC_A_KEY_RTCP_PACKETS,
	QSC_A_KEY_PAD,

	__QSC_A_KEY_MAX,
	QSC_A_KEY_MAX = (__QSC_A_KEY_MAX - 1)
};

/*
 * A sealing key of the module (ID, PUBLIC, EXPIRES: nested in QSC_A_CALL_SEAL),
 * and what was sealed to it (ID, PUBLIC of the client, BOX: nested in
 * QSC_A_KEY_SEALED and QSC_A_SESSION_SEALED).
 */
enum {
	QSC_A_SEAL_ID = 1,
	QSC_A_SEAL_PUBLIC,
	QSC_A_SEAL_EXPIRES,
	QSC_A_SEAL_BOX,

	__QSC_A_SEAL_MAX,
	QSC_A_SEAL_MAX = (__QSC_A_SEAL_MAX - 1)
};

/*
 * A session key as the key service wrapped it, and what it is bound to: nested
 * in QSC_A_CALL_SESSION. SEALED holds distribution key || exporter.
 */
enum {
	QSC_A_SESSION_LEG = 1,
	QSC_A_SESSION_ROLE,
	QSC_A_SESSION_CALLER,
	QSC_A_SESSION_CALLEE,
	QSC_A_SESSION_SUITE,
	QSC_A_SESSION_EPOCH,
	QSC_A_SESSION_WRAPPED,
	QSC_A_SESSION_HOLD,
	QSC_A_SESSION_OVERLAP,
	QSC_A_SESSION_SEALED,

	__QSC_A_SESSION_MAX,
	QSC_A_SESSION_MAX = (__QSC_A_SESSION_MAX - 1)
};

/* Initial roll-over counter of one SSRC: nested in QSC_A_KEY_ROC. */
enum {
	QSC_A_ROC_SSRC = 1,
	QSC_A_ROC_VALUE,

	__QSC_A_ROC_MAX,
	QSC_A_ROC_MAX = (__QSC_A_ROC_MAX - 1)
};

/*
 * Counters of a leg or of the namespace, all u64. The number of a counter is
 * its attribute type, in the module too. A dropped packet raises exactly one
 * of the DROP counters of its direction.
 */
enum {
	QSC_A_STATS_TX_RTP = 1,
	QSC_A_STATS_TX_RTCP,
	QSC_A_STATS_TX_OCTETS,
	QSC_A_STATS_TX_PASSED,
	QSC_A_STATS_TX_COPIES,
	QSC_A_STATS_TX_NOSIMD,
	QSC_A_STATS_TX_DROP_NO_KEY,
	QSC_A_STATS_TX_DROP_ERASED,
	QSC_A_STATS_TX_DROP_PEER,
	QSC_A_STATS_TX_DROP_NOT_RTP,
	QSC_A_STATS_TX_DROP_MALFORMED,
	QSC_A_STATS_TX_DROP_FRAGMENT,
	QSC_A_STATS_TX_DROP_TX_REUSE,
	QSC_A_STATS_TX_DROP_SSRC_FULL,
	QSC_A_STATS_TX_DROP_LIMIT,
	QSC_A_STATS_TX_DROP_TOO_BIG,
	QSC_A_STATS_TX_DROP_NO_MEMORY,
	QSC_A_STATS_TX_DROP_CRYPTO,
	QSC_A_STATS_TX_DROP_NO_REMOTE,
	QSC_A_STATS_TX_DROP_NO_ROUTE,
	QSC_A_STATS_TX_FRAGMENTED,

	QSC_A_STATS_RX_RTP,
	QSC_A_STATS_RX_RTCP,
	QSC_A_STATS_RX_OCTETS,
	QSC_A_STATS_RX_PASSED,
	QSC_A_STATS_RX_COPIES,
	QSC_A_STATS_RX_NOSIMD,
	QSC_A_STATS_RX_DROP_NO_KEY,
	QSC_A_STATS_RX_DROP_ERASED,
	QSC_A_STATS_RX_DROP_PEER,
	QSC_A_STATS_RX_DROP_NOT_RTP,
	QSC_A_STATS_RX_DROP_MALFORMED,
	QSC_A_STATS_RX_DROP_FRAGMENT,
	QSC_A_STATS_RX_DROP_MKI,
	QSC_A_STATS_RX_DROP_REPLAY,
	QSC_A_STATS_RX_DROP_OLD,
	QSC_A_STATS_RX_DROP_AUTH,
	QSC_A_STATS_RX_DROP_RTCP_CLEAR,
	QSC_A_STATS_RX_DROP_SSRC_FULL,
	QSC_A_STATS_RX_DROP_LIMIT,
	QSC_A_STATS_RX_DROP_NO_MEMORY,
	QSC_A_STATS_RX_DROP_CRYPTO,
	QSC_A_STATS_RX_DROP_CHECKSUM,
	QSC_A_STATS_RX_DROP_HOPS,
	QSC_A_STATS_RX_LATCHED,

	QSC_A_STATS_PAD,

	__QSC_A_STATS_MAX,
	QSC_A_STATS_MAX = (__QSC_A_STATS_MAX - 1)
};

/* Keys that were erased for one reason: nested in QSC_A_CALL_ERASED. */
enum {
	QSC_A_ERASED_REASON = 1,
	QSC_A_ERASED_KEYS,
	QSC_A_ERASED_PAD,

	__QSC_A_ERASED_MAX,
	QSC_A_ERASED_MAX = (__QSC_A_ERASED_MAX - 1)
};

/* The module: nested in QSC_A_CALL_INFO. */
enum {
	QSC_A_INFO_VERSION = 1,
	QSC_A_INFO_SUITE,
	QSC_A_INFO_CALLS,
	QSC_A_INFO_MAX_CALLS,
	QSC_A_INFO_MAX_SSRCS,
	QSC_A_INFO_HOOKED,

	__QSC_A_INFO_MAX,
	QSC_A_INFO_MAX = (__QSC_A_INFO_MAX - 1)
};

/* One suite of this kernel: nested in QSC_A_INFO_SUITE. */
enum {
	QSC_A_SUITE_ID = 1,
	QSC_A_SUITE_NAME,
	QSC_A_SUITE_DRIVER,
	QSC_A_SUITE_FAST,
	QSC_A_SUITE_KEY_LEN,
	QSC_A_SUITE_SALT_LEN,
	QSC_A_SUITE_TAG_LEN,

	__QSC_A_SUITE_MAX,
	QSC_A_SUITE_MAX = (__QSC_A_SUITE_MAX - 1)
};

#endif /* _UAPI_LINUX_QSC_H */
