/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * libqsc: quantum secure calls, the client side of the "qsc" netlink family.
 *
 * Conventions, unless a function says otherwise:
 *
 * - A function that can fail returns 0 or a negative errno, and leaves the
 *   reason for people in qsc_last_error().
 * - Every request needs CAP_NET_ADMIN in the user namespace that owns the
 *   network namespace (-EPERM). -ENOENT: no such call or leg.
 * - Requests block until the kernel has answered. When a function that ends
 *   keys returns 0, those keys are gone.
 * - A handle is not locked: use it from one thread at a time. It may be reused
 *   for any number of requests.
 * - Ports are in host byte order. Times say their unit in their name.
 * - No function returns key bytes: the kernel never gives any back. Keys cross
 *   netlink only sealed to a short-lived key of the module's; the functions see
 *   to that by themselves. The memory through which keys pass is zeroed before
 *   it is freed, also on errors; the caller's structures are the caller's, see
 *   qsc_key_wipe() and qsc_session_wipe().
 */
#ifndef _QSC_QSC_H
#define _QSC_QSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/qsc.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* A connection to the module in one network namespace. Opaque. */
struct qsc_sock;

/* ---------------------------------------------------------------- handles */

/**
 * qsc_open() - connect to the module in the current network namespace
 * @sk: where the handle is stored
 *
 * The handle is stored also when the call fails, so that qsc_last_error() can
 * be asked why; only -ENOMEM may leave NULL there. Close it in every case.
 * The namespace is the one of the calling thread at this moment.
 *
 * Calls made with %QSC_CALL_FLAGS_BOUND belong to the handle: their keys die
 * when it is closed or the process ends.
 *
 * Return: 0, -ENOPROTOOPT if the module is not loaded, or another errno.
 */
int qsc_open(struct qsc_sock **sk);

/**
 * qsc_close() - end a connection
 * @sk: the handle, NULL is allowed
 *
 * Keys of calls bound to the handle are gone when this returns.
 */
void qsc_close(struct qsc_sock *sk);

/**
 * struct qsc_error - why the last function on a handle failed
 * @code: the negative errno that was returned, 0 after a success
 * @text: one line for people, without a newline, with @attr and @value in it
 * @kernel: the kernel's own text, empty if it gave none
 * @attr: the attribute it complained about, as in the YAML specification and
 *	with the names of the nests around it ("leg remote-port"), or empty
 * @value: what was sent in that attribute; empty for key material and nests
 *
 * No field ever holds key bytes.
 */
struct qsc_error {
	int code;
	char text[512];
	char kernel[256];
	char attr[64];
	char value[144];
};

/**
 * qsc_last_error() - why the last function failed
 * @sk: the handle
 *
 * Return: the handle's error record, valid until the next call with @sk.
 */
const struct qsc_error *qsc_last_error(const struct qsc_sock *sk);

/* ----------------------------------------------------------------- module */

/**
 * struct qsc_suite_info - one cipher suite of this kernel
 * @id: enum qsc_suite
 * @name: SDP name
 * @driver: crypto driver the module uses, or two; empty if this kernel lacks the suite
 * @fast: the driver is the fused one, not the generic template
 * @key_len: master key, bytes
 * @salt_len: master salt, bytes
 * @tag_len: authentication tag, bytes
 */
struct qsc_suite_info {
	uint32_t id;
	char name[64];
	char driver[256];
	bool fast;
	uint32_t key_len;
	uint32_t salt_len;
	uint32_t tag_len;
};

#define QSC_INFO_SUITES_MAX 16

/**
 * struct qsc_info - the module and its limits in this namespace
 * @version: of the module
 * @calls: calls in this namespace
 * @max_calls: limit of @calls
 * @max_ssrcs: streams one direction of a leg can have
 * @hooked: the packet hooks are registered, so packets are looked at
 * @n_suites: entries of @suites
 * @suites: what the module knows, also what this kernel lacks
 */
struct qsc_info {
	char version[32];
	uint32_t calls;
	uint32_t max_calls;
	uint32_t max_ssrcs;
	bool hooked;
	unsigned int n_suites;
	struct qsc_suite_info suites[QSC_INFO_SUITES_MAX];
};

/**
 * qsc_info() - ask the module about itself
 * @sk: the handle
 * @info: filled in
 *
 * Return: 0 or a negative errno.
 */
int qsc_info(struct qsc_sock *sk, struct qsc_info *info);

/* ------------------------------------------------------------------ calls */

/* An IPv4 or IPv6 address and port, as in bind(2). Port in network order. */
union qsc_addr {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/**
 * struct qsc_leg_params - one leg of a call to be made
 * @suite: enum qsc_suite, 0 for the module's default (AEAD_AES_256_GCM)
 * @local: this machine's RTP address and port, neither may be wildcards
 * @remote: the peer's; same family as @local
 * @local_rtcp: local RTCP port 1..65535, 0 = RTCP multiplexed (RFC 5761)
 * @remote_rtcp: the peer's RTCP port; both RTCP ports are zero or neither is
 *
 * For legs of relay calls only:
 * @flags: enum qsc_leg_flags, or-ed; with %QSC_LEG_FLAGS_LEARN there is neither
 *	@remote nor @remote_rtcp
 * @has_dscp: @dscp is set; otherwise packets keep that which they came with
 * @dscp: 0..%QSC_DSCP_MAX
 * @ttl: of packets sent, 1..255; 0 = one less than that which they came with
 * @clock: RTP clock rate of what comes in, 1..%QSC_CLOCK_MAX Hz,
 *	0 = %QSC_CLOCK_DEFAULT; for the jitter
 * @learn_from: a plain leg that learns its remote does so from this prefix only, and
 *	has to have one; the port is ignored
 * @learn_prefix: bits of @learn_from
 * @learn_window_s: and for so many seconds only, 0 = %QSC_LEARN_WINDOW_DEFAULT
 */
struct qsc_leg_params {
	uint32_t suite;
	union qsc_addr local;
	union qsc_addr remote;
	uint16_t local_rtcp;
	uint16_t remote_rtcp;
	uint32_t flags;
	bool has_dscp;
	uint8_t dscp;
	uint8_t ttl;
	uint32_t clock;
	union qsc_addr learn_from;
	uint8_t learn_prefix;
	uint32_t learn_window_s;
};

/**
 * struct qsc_call_params - a call to be made; zero means "the default"
 * @id: call-id, 1..%QSC_CALL_ID_MAX printable ASCII characters without spaces
 * @flags: enum qsc_call_flags, or-ed
 * @role: enum qsc_role, 0 = not said; qsc_session_set() then has to agree
 * @timeout_s: erase the keys after so many seconds without a packet, 0 = never
 * @lifetime_s: erase the keys so many seconds after the call was made, 0 = never
 * @window: replay window, %QSC_WINDOW_MIN..%QSC_WINDOW_MAX packets,
 *	0 = %QSC_WINDOW_DEFAULT
 * @n_legs: entries of @legs, 1..%QSC_LEGS_MAX
 * @legs: the sides of the call
 */
struct qsc_call_params {
	const char *id;
	uint32_t flags;
	uint32_t role;
	uint32_t timeout_s;
	uint32_t lifetime_s;
	uint32_t window;
	unsigned int n_legs;
	struct qsc_leg_params legs[QSC_LEGS_MAX];
};

/**
 * struct qsc_key_info - what the kernel tells of an installed key
 * @leg: index of its leg
 * @dir: enum qsc_dir
 * @suite: enum qsc_suite
 * @state: enum qsc_key_state, 0 where the kernel did not say
 * @generation: 1 for the first key of a direction, then counting up
 * @age_ms: since it was installed
 * @ssrcs: streams that used it
 * @rtp_packets: packets it protected or authenticated
 * @rtcp_packets: the same for RTCP
 * @mki_len: bytes in @mki, 0 = no MKI
 * @mki: as on the wire
 */
struct qsc_key_info {
	uint8_t leg;
	uint32_t dir;
	uint32_t suite;
	uint32_t state;
	uint32_t generation;
	uint64_t age_ms;
	uint32_t ssrcs;
	uint64_t rtp_packets;
	uint64_t rtcp_packets;
	unsigned int mki_len;
	uint8_t mki[QSC_MKI_MAX];
};

/* Counters of a leg or a namespace; the index is QSC_A_STATS_*. */
struct qsc_stats {
	uint64_t count[QSC_A_STATS_MAX + 1];
};

/**
 * struct qsc_quality - how the packets of one SSRC come in on a relay's leg
 * @ssrc: SSRC
 * @packets: RTP packets that came, each once
 * @lost: that did not come
 * @late: that came after a newer one
 * @jitter_us: interarrival jitter (RFC 3550), microseconds
 */
struct qsc_quality {
	uint32_t ssrc;
	uint64_t packets;
	uint64_t lost;
	uint32_t late;
	uint32_t jitter_us;
};

/**
 * struct qsc_leg - one leg of an existing call
 * @index: 0..%QSC_LEGS_MAX - 1
 * @suite: enum qsc_suite
 * @local: this machine's RTP address and port
 * @remote: the peer's; no family if it is to be learnt
 * @local_rtcp: local RTCP port, 0 = multiplexed
 * @remote_rtcp: the peer's RTCP port, 0 = multiplexed, or to be learnt
 * @flags: enum qsc_leg_flags
 * @has_dscp: the leg was given a DSCP
 * @dscp: of packets sent
 * @ttl: of packets sent, 0 if none was given
 * @n_keys: entries of @keys
 * @keys: installed key generations
 * @stats: the leg's counters, only from qsc_call_stats(), else NULL
 * @quality: relay calls, with @stats: of the streams that came in, @n_quality of them
 * @n_quality: entries of @quality
 * @rtt_us: relay calls, with @stats: round trip by RTCP in microseconds, 0 = unknown
 * @has_last_seen: a good packet came in, and it was
 * @last_seen_ms: so many milliseconds ago
 */
struct qsc_leg {
	uint8_t index;
	uint32_t suite;
	union qsc_addr local;
	union qsc_addr remote;
	uint16_t local_rtcp;
	uint16_t remote_rtcp;
	uint32_t flags;
	bool has_dscp;
	uint8_t dscp;
	uint8_t ttl;
	unsigned int n_keys;
	const struct qsc_key_info *keys;
	const struct qsc_stats *stats;
	const struct qsc_quality *quality;
	unsigned int n_quality;
	uint32_t rtt_us;
	bool has_last_seen;
	uint64_t last_seen_ms;
};

/**
 * struct qsc_call - an existing call
 * @id: call-id
 * @state: enum qsc_call_state
 * @reason: enum qsc_erase_reason, why the keys are gone; 0 unless erased
 * @flags: enum qsc_call_flags, or-ed
 * @role: enum qsc_role, 0 = not said
 * @timeout_s: 0 = none
 * @lifetime_s: 0 = none
 * @window: packets
 * @age_ms: since the call was made
 * @has_idle: @idle_ms is valid: there was a packet
 * @idle_ms: since the last packet
 * @owner: netlink port of the socket the call is bound to, 0 = not bound
 * @n_legs: entries of @legs
 * @legs: the sides of the call
 */
struct qsc_call {
	const char *id;
	uint32_t state;
	uint32_t reason;
	uint32_t flags;
	uint32_t role;
	uint32_t timeout_s;
	uint32_t lifetime_s;
	uint32_t window;
	uint64_t age_ms;
	bool has_idle;
	uint64_t idle_ms;
	uint32_t owner;
	unsigned int n_legs;
	struct qsc_leg legs[QSC_LEGS_MAX];
};

/*
 * Called with each call of a reply. Everything it points to is gone when the
 * callback returns. It must not use the handle the reply came from. Return 0 to
 * go on; a negative errno ends the listing and is returned by the function that
 * lists.
 */
typedef int (*qsc_call_cb)(const struct qsc_call *call, void *arg);

/**
 * qsc_call_new() - register a call
 * @sk: the handle; owns the call if it is %QSC_CALL_FLAGS_BOUND
 * @params: the call
 *
 * From now on nothing passes in clear between its addresses, and nothing at
 * all until keys are installed.
 *
 * Return: 0; -EEXIST call-id in use; -EADDRINUSE another call has these local
 * and remote addresses; -EOPNOTSUPP suite not in this kernel; -ENOSPC table
 * full; -EINVAL.
 */
int qsc_call_new(struct qsc_sock *sk, const struct qsc_call_params *params);

/**
 * qsc_call_del() - erase a call's keys and remove it
 * @sk: the handle
 * @id: call-id
 *
 * Its addresses are free for clear traffic again.
 *
 * Return: 0 (the keys are gone), -ENOENT, or another errno.
 */
int qsc_call_del(struct qsc_sock *sk, const char *id);

/**
 * qsc_call_del_many() - erase the keys of calls and remove them
 * @sk: the handle
 * @ids: call-ids, @n of them
 * @n: 0 or more
 * @done: how many of them, from the first on, were removed; may be NULL
 *
 * As qsc_call_del(), but thousands share what one would wait for: in some
 * requests, each of which removes all of its calls or none.
 *
 * Return: 0 (the keys are gone); -ENOENT one of those after @done is not there;
 * or another errno.
 */
int qsc_call_del_many(struct qsc_sock *sk, const char *const *ids, unsigned int n,
		      unsigned int *done);

/**
 * qsc_call_get() - look at one call
 * @sk: the handle
 * @id: call-id
 * @cb: called once
 * @arg: for @cb
 *
 * Return: 0, what @cb returned, -ENOENT, or another errno.
 */
int qsc_call_get(struct qsc_sock *sk, const char *id, qsc_call_cb cb, void *arg);

/**
 * qsc_call_dump() - look at all calls of the namespace
 * @sk: the handle
 * @cb: called for each call, in no order
 * @arg: for @cb
 *
 * Return: 0, what @cb returned, -EAGAIN if the table changed meanwhile so that
 * a call may be missing or doubled (ask again), or another errno.
 */
int qsc_call_dump(struct qsc_sock *sk, qsc_call_cb cb, void *arg);

/**
 * qsc_call_set() - change the deadlines of a call
 * @sk: the handle
 * @id: call-id
 * @timeout_s: new timeout, 0 = none; NULL leaves it
 * @lifetime_s: new lifetime counted from the call's start, 0 = none; NULL
 *	leaves it
 *
 * Return: 0, -ENOENT, or another errno.
 */
int qsc_call_set(struct qsc_sock *sk, const char *id, const uint32_t *timeout_s,
		 const uint32_t *lifetime_s);

/**
 * qsc_call_flush() - erase and remove all calls of the namespace
 * @sk: the handle
 * @count: number of calls removed; may be NULL
 *
 * Return: 0 (all keys are gone) or a negative errno.
 */
int qsc_call_flush(struct qsc_sock *sk, uint64_t *count);

/* ------------------------------------------------------------------- keys */

/* Initial roll-over counter (RFC 3711 section 3.3.1) of one stream. */
struct qsc_roc {
	uint32_t ssrc;
	uint32_t roc;
};

/**
 * struct qsc_key - key material for one direction of one leg
 * @leg: index of the leg
 * @dir: enum qsc_dir
 * @suite: enum qsc_suite, must be the leg's
 * @mki_len: 0 = no MKI, else 1..%QSC_MKI_MAX
 * @mki: master key identifier, as on the wire
 * @master_len: bytes in @master, exactly what the suite needs
 * @master: SRTP master key
 * @salt_len: bytes in @salt, exactly what the suite needs
 * @salt: SRTP master salt
 * @n_rocs: entries of @rocs
 * @rocs: streams that do not start at roll-over counter 0
 * @has_overlap: @overlap_ms is to be sent
 * @overlap_ms: how long the old receive key stays beside one with another MKI,
 *	0..%QSC_OVERLAP_MAX_MS; the default is %QSC_OVERLAP_DEFAULT_MS
 * @lifetime: RFC 4568 lifetime in packets as read by qsc_sdes_parse(), 0 =
 *	none given. The kernel does not enforce it: install the next key in time.
 */
struct qsc_key {
	uint8_t leg;
	uint32_t dir;
	uint32_t suite;
	unsigned int mki_len;
	uint8_t mki[QSC_MKI_MAX];
	unsigned int master_len;
	uint8_t master[QSC_MASTER_KEY_MAX];
	unsigned int salt_len;
	uint8_t salt[QSC_MASTER_SALT_MAX];
	unsigned int n_rocs;
	struct qsc_roc rocs[QSC_KEY_ROC_MAX];
	bool has_overlap;
	uint32_t overlap_ms;
	uint64_t lifetime;
};

/**
 * qsc_key_set() - install a master key, or replace one
 * @sk: the handle
 * @id: call-id
 * @key: the key; not kept, wipe it afterwards
 *
 * Without an MKI the new key replaces the old one at once. With one, the old
 * transmit key is erased at once and the old receive key after the overlap.
 *
 * Return: 0; -ENOENT no such call or leg; -EEXIST this MKI is installed
 * already; -EINVAL lengths do not fit the suite, or another MKI length than
 * before; or another errno.
 */
int qsc_key_set(struct qsc_sock *sk, const char *id, const struct qsc_key *key);

/**
 * struct qsc_call_setup - a call to be made, and its keys
 * @params: as for qsc_call_new()
 * @keys: as for qsc_key_set(), @n_keys of them
 * @n_keys: 0 to 4
 */
struct qsc_call_setup {
	struct qsc_call_params params;
	const struct qsc_key *keys;
	unsigned int n_keys;
};

/**
 * qsc_calls_new() - make many calls with their keys
 * @sk: the handle
 * @calls: calls, @n of them
 * @n: how many
 * @done: set to how many were made; may be NULL
 *
 * As many as fit go into one request, which seals all their keys at once: that costs
 * a fraction of a request for each. The calls of one request are made all or none.
 *
 * Return: 0 or a negative errno: then those from @done on were not made.
 */
int qsc_calls_new(struct qsc_sock *sk, const struct qsc_call_setup *calls, unsigned int n,
		  unsigned int *done);

/**
 * qsc_key_erase() - erase all keys of a call, and keep the call
 * @sk: the handle
 * @id: call-id
 *
 * The call goes on blocking its addresses until qsc_call_del().
 *
 * Return: 0 (the keys are gone), -ENOENT, or another errno.
 */
int qsc_key_erase(struct qsc_sock *sk, const char *id);

/**
 * qsc_key_revoke() - the same, for the card that they came from was revoked
 * @sk: the handle
 * @id: call-id
 *
 * Return: 0 (the keys are gone), -ENOENT, or another errno.
 */
int qsc_key_revoke(struct qsc_sock *sk, const char *id);

/**
 * qsc_key_wipe() - zero a struct qsc_key
 * @key: what to zero
 *
 * Unlike memset() before a return, this is not optimised away.
 */
void qsc_key_wipe(struct qsc_key *key);

/**
 * struct qsc_session - a session key as the key service wrapped it for this party
 * @leg: index of the leg
 * @role: enum qsc_role, of this party
 * @caller: subscriber, 1..%QSC_PARTY_ID_MAX of [A-Za-z0-9+._@:-]
 * @callee: subscriber, likewise
 * @suite: enum qsc_suite, must be the leg's
 * @epoch: counts the session keys of a call, from 0; also their MKI, in four
 *	bytes
 * @hold: keep the transmit key back until qsc_session_activate()
 * @has_overlap: @overlap_ms is to be sent
 * @overlap_ms: how long the old receive key stays, as in struct qsc_key; with
 *	@hold from the activation on
 * @wrapped: session key, wrapped under a key of @dist and @exporter
 * @dist: one-time distribution key of this party
 * @exporter: of the TLS connection to the key service
 */
struct qsc_session {
	uint8_t leg;
	uint32_t role;
	const char *caller;
	const char *callee;
	uint32_t suite;
	uint32_t epoch;
	bool hold;
	bool has_overlap;
	uint32_t overlap_ms;
	uint8_t wrapped[QSC_WRAPPED_LEN];
	uint8_t dist[QSC_DIST_LEN];
	uint8_t exporter[QSC_EXPORTER_LEN];
};

/**
 * qsc_session_set() - give both directions of a leg the keys of a session
 * @sk: the handle
 * @id: call-id
 * @session: the session; not kept, wipe it afterwards
 *
 * The kernel unwraps the session key and derives the keys of both directions.
 * It refuses unless call-id, role, parties, suite and epoch are those that the
 * key service wrapped it for.
 *
 * With @session->hold packets go out under the old key, and are taken under
 * both, until qsc_session_activate(). A transmit key that waits for that is
 * erased with all others, and when a newer session is set.
 *
 * Return: 0; -ENOENT no such call or leg; -EBADMSG not wrapped for this;
 * -EEXIST this epoch or a later one was set before; -EINVAL; or another errno.
 */
int qsc_session_set(struct qsc_sock *sk, const char *id, const struct qsc_session *session);

/**
 * qsc_session_activate() - send under the key that was held back
 * @sk: the handle
 * @id: call-id
 * @leg: index of the leg
 *
 * Return: 0 (the old transmit key is gone); -ENOENT no such call or leg;
 * -ENOKEY none was held back; or another errno.
 */
int qsc_session_activate(struct qsc_sock *sk, const char *id, uint8_t leg);

/**
 * qsc_session_wipe() - zero a struct qsc_session
 * @session: what to zero
 */
void qsc_session_wipe(struct qsc_session *session);

/**
 * qsc_sdes_parse() - read "SUITE inline:BASE64[|LIFETIME][|MKI:LENGTH]"
 * @line: the text, need not be terminated; not changed
 * @len: its length in bytes, without a newline
 * @key: @suite, @master, @salt, @mki and @lifetime are set, the rest is left;
 *	on error all of it is zeroed
 * @why: buffer for the reason of a failure, never with key bytes in it
 * @why_len: size of @why
 *
 * The form is a crypto attribute of RFC 4568 section 9.1 without its tag.
 * BASE64 is master key || master salt, with or without padding. LIFETIME is a
 * number or 2^n. One key per line; session parameters are refused.
 *
 * Return: 0 or -EINVAL.
 */
int qsc_sdes_parse(const char *line, size_t len, struct qsc_key *key, char *why, size_t why_len);

/* ------------------------------------------------------------- statistics */

/**
 * qsc_stats_total() - counters of the namespace
 * @sk: the handle
 * @stats: filled in; includes calls that are gone
 * @calls: calls at present; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int qsc_stats_total(struct qsc_sock *sk, struct qsc_stats *stats, uint64_t *calls);

/**
 * struct qsc_erased - keys that were erased in the namespace
 * @keys: by enum qsc_erase_reason
 */
struct qsc_erased {
	uint64_t keys[QSC_ERASE_REASON_MAX + 1];
};

/**
 * qsc_stats_erased() - how many keys were erased, and why
 * @sk: the handle
 * @erased: filled in
 *
 * Return: 0 or a negative errno.
 */
int qsc_stats_erased(struct qsc_sock *sk, struct qsc_erased *erased);

/**
 * qsc_call_stats() - counters of the legs of one call
 * @sk: the handle
 * @id: call-id
 * @cb: called once; of the call, id, state and the legs' index and stats are set,
 *	and of a relay's legs, how packets come in
 * @arg: for @cb
 *
 * Return: 0, what @cb returned, -ENOENT, or another errno.
 */
int qsc_call_stats(struct qsc_sock *sk, const char *id, qsc_call_cb cb, void *arg);

/**
 * qsc_stats_dump() - counters of all calls of the namespace
 * @sk: the handle
 * @cb: called for each call, as qsc_call_stats() does
 * @arg: for @cb
 *
 * Return: 0; -EAGAIN if calls came or went meanwhile, so that one may be missing
 * or doubled; a negative value of @cb or another errno.
 */
int qsc_stats_dump(struct qsc_sock *sk, qsc_call_cb cb, void *arg);

/* ----------------------------------------------------------------- events */

/**
 * struct qsc_event - something happened to a call
 * @type: enum qsc_cmd, QSC_CMD_*_NTF
 * @time_ns: CLOCK_REALTIME, nanoseconds
 * @call_id: of the call, never NULL
 * @state: enum qsc_call_state, with %QSC_CMD_CALL_ADD_NTF
 * @flags: enum qsc_call_flags, with %QSC_CMD_CALL_ADD_NTF
 * @reason: enum qsc_erase_reason, with %QSC_CMD_ERASED_NTF
 * @leg: index of the leg, with %QSC_CMD_AUTH_FAIL_NTF and %QSC_CMD_LATCH_NTF; -1 if
 *	there is none
 * @remote: what was learnt, with %QSC_CMD_LATCH_NTF; no family as long as only
 *	@remote_rtcp is known
 * @remote_rtcp: likewise, of a leg with an RTCP port of its own; 0 if unknown
 * @count: failures so far, with %QSC_CMD_AUTH_FAIL_NTF
 * @key: the key concerned or NULL; in %QSC_CMD_ERASED_NTF, NULL means all keys
 *	of the call. Fields the event does not carry are zero.
 * @keys: with %QSC_CMD_ERASED_NTF the keys that are gone, @n_keys of them; those
 *	that were held back have generation 0
 * @n_keys: 0 to %QSC_EVENT_KEYS_MAX
 */
struct qsc_event {
	uint32_t type;
	uint64_t time_ns;
	const char *call_id;
	uint32_t state;
	uint32_t flags;
	uint32_t reason;
	int leg;
	union qsc_addr remote;
	uint16_t remote_rtcp;
	uint64_t count;
	const struct qsc_key_info *key;
	const struct qsc_key_info *keys;
	unsigned int n_keys;
};

#define QSC_EVENT_KEYS_MAX 8

/*
 * Called with each event; what it points to is gone when the callback returns.
 * It may make requests with the same handle, but not read events from it. Return
 * 0 to go on; a negative errno ends the reading and is returned by
 * qsc_event_wait(), which can be called again.
 */
typedef int (*qsc_event_cb)(const struct qsc_event *event, void *arg);

/**
 * qsc_subscribe() - begin to receive events
 * @sk: the handle
 *
 * Events arrive on a socket of their own, beside the one for requests.
 *
 * Return: 0 or a negative errno.
 */
int qsc_subscribe(struct qsc_sock *sk);

/**
 * qsc_event_fd() - file descriptor to poll for events (POLLIN)
 * @sk: the handle, after qsc_subscribe(); closes the descriptor with itself
 *
 * Return: the descriptor, or -EBADF before qsc_subscribe().
 */
int qsc_event_fd(const struct qsc_sock *sk);

/**
 * qsc_event_wait() - wait for events and hand them out
 * @sk: the handle, after qsc_subscribe()
 * @timeout_ms: how long to wait for the first one; 0 = do not, -1 = for ever
 * @cb: called for each event that is there
 * @arg: for @cb
 *
 * Return: the number of events, 0 after the timeout; a negative value of @cb;
 * -ENOBUFS if events were lost because they were not read fast enough (reading
 * can go on, but list the calls anew); -EINTR on a signal; or another errno.
 */
int qsc_event_wait(struct qsc_sock *sk, int timeout_ms, qsc_event_cb cb, void *arg);

/* ------------------------------------------------------------------ names */

/*
 * Names of the enumerations, as printed by qsctl: lower case, words joined by
 * underscores (suites: as in SDP). NULL for a number that has no name.
 */
const char *qsc_suite_name(uint32_t suite);
const char *qsc_state_name(uint32_t state);
const char *qsc_flag_name(uint32_t flag);
const char *qsc_role_name(uint32_t role);
const char *qsc_dir_name(uint32_t dir);
const char *qsc_key_state_name(uint32_t state);
const char *qsc_erase_reason_name(uint32_t reason);
const char *qsc_event_name(uint32_t type);
const char *qsc_stat_name(unsigned int stat);

/* The other way round, any case; 0 if there is no such name. */
uint32_t qsc_suite_by_name(const char *name);
uint32_t qsc_role_by_name(const char *name);
uint32_t qsc_dir_by_name(const char *name);

/**
 * qsc_suite_lengths() - sizes of a suite's secrets
 * @suite: enum qsc_suite
 * @key_len: master key, bytes
 * @salt_len: master salt, bytes
 *
 * Return: 0 or -EINVAL for an unknown suite.
 */
int qsc_suite_lengths(uint32_t suite, unsigned int *key_len, unsigned int *salt_len);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* _QSC_QSC_H */
