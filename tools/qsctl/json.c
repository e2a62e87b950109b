// SPDX-License-Identifier: GPL-2.0-only
/* The same as text says, for programs. Units are part of the names. */
#include <arpa/inet.h>
#include <time.h>

#include "qsctl.h"

void json_put(struct json_object *obj, const char *name, struct json_object *value)
{
	json_object_object_add(obj, name, value);
}

/* Text from elsewhere, made valid UTF-8. */
void json_put_text(struct json_object *obj, const char *name, const char *text)
{
	char printable[4 * 256];

	format_printable(text, printable, sizeof(printable));
	json_put(obj, name, json_object_new_string(printable));
}

static void put_u64(struct json_object *obj, const char *name, uint64_t value)
{
	json_put(obj, name, json_object_new_uint64(value));
}

static void put_name(struct json_object *obj, const char *field, const char *name, uint32_t number)
{
	json_put_text(obj, field, name_or_number(name, number));
}

static struct json_object *json_addr(const union qsc_addr *addr, uint16_t rtcp)
{
	struct json_object *obj = json_object_new_object();
	char host[INET6_ADDRSTRLEN] = "";

	if (addr->sa.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &addr->in6.sin6_addr, host, sizeof(host));
	else if (addr->sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &addr->in4.sin_addr, host, sizeof(host));
	if (host[0]) {
		json_put_text(obj, "address", host);
		put_u64(obj, "port", ntohs(addr->in4.sin_port));
	}
	if (rtcp)
		put_u64(obj, "rtcp_port", rtcp);
	return obj;
}

static void put_mki(struct json_object *obj, const struct qsc_key_info *key)
{
	char mki[MKI_TEXT_MAX];

	if (!key->mki_len)
		return;
	format_hex(key->mki, key->mki_len, mki, sizeof(mki));
	json_put_text(obj, "mki", mki);
}

static struct json_object *json_key(const struct qsc_key_info *key)
{
	struct json_object *obj = json_object_new_object();

	put_name(obj, "dir", qsc_dir_name(key->dir), key->dir);
	put_u64(obj, "generation", key->generation);
	put_name(obj, "state", qsc_key_state_name(key->state), key->state);
	put_mki(obj, key);
	put_u64(obj, "age_ms", key->age_ms);
	put_u64(obj, "ssrcs", key->ssrcs);
	put_u64(obj, "rtp_packets", key->rtp_packets);
	put_u64(obj, "rtcp_packets", key->rtcp_packets);
	return obj;
}

static struct json_object *json_stream(const struct qsc_quality *q)
{
	struct json_object *obj = json_object_new_object();

	put_u64(obj, "ssrc", q->ssrc);
	put_u64(obj, "packets", q->packets);
	put_u64(obj, "lost", q->lost);
	put_u64(obj, "late", q->late);
	put_u64(obj, "jitter_us", q->jitter_us);
	return obj;
}

static void put_quality(struct json_object *obj, const struct qsc_leg *leg)
{
	struct json_object *array;

	if (leg->rtt_us)
		put_u64(obj, "rtt_us", leg->rtt_us);
	if (leg->has_last_seen)
		put_u64(obj, "last_seen_ms", leg->last_seen_ms);
	if (!leg->n_quality)
		return;
	array = json_object_new_array();
	for (unsigned int i = 0; i < leg->n_quality; i++)
		json_object_array_add(array, json_stream(&leg->quality[i]));
	json_put(obj, "streams", array);
}

static struct json_object *json_leg(const struct qsc_leg *leg)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *keys = json_object_new_array();

	put_u64(obj, "index", leg->index);
	if (leg->stats) {
		json_object_put(keys);
		json_put(obj, "stats", json_stats(leg->stats));
		put_quality(obj, leg);
		return obj;
	}
	put_name(obj, "suite", qsc_suite_name(leg->suite), leg->suite);
	json_put(obj, "local", json_addr(&leg->local, leg->local_rtcp));
	if (leg->remote.sa.sa_family || leg->remote_rtcp)
		json_put(obj, "remote", json_addr(&leg->remote, leg->remote_rtcp));
	json_put(obj, "rtcp_mux", json_object_new_boolean(!leg->local_rtcp));
	if (leg->flags & QSC_LEG_FLAGS_LEARN)
		json_put(obj, "remote_learnt", json_object_new_boolean(true));
	if (leg->has_dscp)
		put_u64(obj, "dscp", leg->dscp);
	if (leg->ttl)
		put_u64(obj, "ttl", leg->ttl);
	for (unsigned int i = 0; i < leg->n_keys; i++)
		json_object_array_add(keys, json_key(&leg->keys[i]));
	json_put(obj, "keys", keys);
	return obj;
}

static struct json_object *json_flags(uint32_t flags)
{
	struct json_object *array = json_object_new_array();
	const char *name;

	for (uint32_t bit = 1; bit; bit <<= 1) {
		if (!(flags & bit))
			continue;
		name = name_or_number(qsc_flag_name(bit), bit);
		json_object_array_add(array, json_object_new_string(name));
	}
	return array;
}

static struct json_object *json_legs(const struct qsc_call *call)
{
	struct json_object *legs = json_object_new_array();

	for (unsigned int i = 0; i < call->n_legs; i++)
		json_object_array_add(legs, json_leg(&call->legs[i]));
	return legs;
}

/* From qsc_call_get() and qsc_call_dump(). */
struct json_object *json_call(const struct qsc_call *call)
{
	struct json_object *obj = json_object_new_object();

	json_put_text(obj, "id", call->id);
	put_name(obj, "state", qsc_state_name(call->state), call->state);
	if (call->reason)
		put_name(obj, "reason", qsc_erase_reason_name(call->reason), call->reason);
	if (call->role)
		put_name(obj, "role", qsc_role_name(call->role), call->role);
	json_put(obj, "flags", json_flags(call->flags));
	put_u64(obj, "timeout_s", call->timeout_s);
	put_u64(obj, "lifetime_s", call->lifetime_s);
	put_u64(obj, "window", call->window);
	put_u64(obj, "age_ms", call->age_ms);
	if (call->has_idle)
		put_u64(obj, "idle_ms", call->idle_ms);
	if (call->owner)
		put_u64(obj, "owner", call->owner);
	json_put(obj, "legs", json_legs(call));
	return obj;
}

/* From qsc_call_stats(). */
struct json_object *json_call_stats(const struct qsc_call *call)
{
	struct json_object *obj = json_object_new_object();

	json_put_text(obj, "call", call->id);
	put_name(obj, "state", qsc_state_name(call->state), call->state);
	json_put(obj, "legs", json_legs(call));
	return obj;
}

struct json_object *json_stats(const struct qsc_stats *stats)
{
	struct json_object *obj = json_object_new_object();

	for (unsigned int i = 1; i <= QSC_A_STATS_MAX; i++)
		if (qsc_stat_name(i))
			put_u64(obj, qsc_stat_name(i), stats->count[i]);
	return obj;
}

static struct json_object *json_suite(const struct qsc_suite_info *suite)
{
	struct json_object *obj = json_object_new_object();

	json_put_text(obj, "name", suite->name);
	json_put(obj, "available", json_object_new_boolean(suite->driver[0]));
	if (suite->driver[0]) {
		json_put_text(obj, "driver", suite->driver);
		json_put(obj, "fast", json_object_new_boolean(suite->fast));
	}
	put_u64(obj, "key_len", suite->key_len);
	put_u64(obj, "salt_len", suite->salt_len);
	put_u64(obj, "tag_len", suite->tag_len);
	return obj;
}

struct json_object *json_info(const struct qsc_info *info)
{
	struct json_object *suites = json_object_new_array();
	struct json_object *obj = json_object_new_object();

	json_put_text(obj, "version", info->version);
	put_u64(obj, "calls", info->calls);
	put_u64(obj, "max_calls", info->max_calls);
	put_u64(obj, "max_ssrcs", info->max_ssrcs);
	json_put(obj, "hooked", json_object_new_boolean(info->hooked));
	for (unsigned int i = 0; i < info->n_suites; i++)
		json_object_array_add(suites, json_suite(&info->suites[i]));
	json_put(obj, "suites", suites);
	return obj;
}

/* Of keys that are gone. */
struct json_object *json_keys(const struct qsc_key_info *keys, unsigned int n)
{
	struct json_object *array = json_object_new_array(), *obj;

	for (unsigned int i = 0; i < n; i++) {
		obj = json_object_new_object();
		put_u64(obj, "leg", keys[i].leg);
		put_name(obj, "dir", qsc_dir_name(keys[i].dir), keys[i].dir);
		put_u64(obj, "generation", keys[i].generation);
		json_object_array_add(array, obj);
	}
	return array;
}

static void put_event_key(struct json_object *obj, const struct qsc_event *event)
{
	const struct qsc_key_info *key = event->key;

	put_u64(obj, "leg", key->leg);
	put_name(obj, "dir", qsc_dir_name(key->dir), key->dir);
	put_u64(obj, "generation", key->generation);
	if (key->suite)
		put_name(obj, "suite", qsc_suite_name(key->suite), key->suite);
	put_mki(obj, key);
	if (event->type == QSC_CMD_REKEY_NTF) {
		put_u64(obj, "rtp_packets", key->rtp_packets);
		put_u64(obj, "rtcp_packets", key->rtcp_packets);
	}
}

void json_put_time(struct json_object *obj, uint64_t ns)
{
	char whole[32], text[64];
	time_t s = ns / 1000000000;
	struct tm tm;

	strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
	snprintf(text, sizeof(text), "%s.%06uZ", whole, (unsigned int)(ns % 1000000000 / 1000));
	json_put_text(obj, "time", text);
	put_u64(obj, "time_ns", ns);
}

struct json_object *json_event(const struct qsc_event *event)
{
	struct json_object *obj = json_object_new_object();

	json_put_time(obj, event->time_ns);
	put_name(obj, "event", qsc_event_name(event->type), event->type);
	json_put_text(obj, "call", event->call_id);
	if (event->type == QSC_CMD_CALL_ADD_NTF) {
		put_name(obj, "state", qsc_state_name(event->state), event->state);
		json_put(obj, "flags", json_flags(event->flags));
	}
	if (event->reason)
		put_name(obj, "reason", qsc_erase_reason_name(event->reason), event->reason);
	if (event->key)
		put_event_key(obj, event);
	else if (event->type == QSC_CMD_ERASED_NTF)
		json_put(obj, "keys", json_keys(event->keys, event->n_keys));
	else if (event->leg >= 0)
		put_u64(obj, "leg", event->leg);
	if (event->remote.sa.sa_family || event->remote_rtcp)
		json_put(obj, "remote", json_addr(&event->remote, event->remote_rtcp));
	if (event->type == QSC_CMD_AUTH_FAIL_NTF)
		put_u64(obj, "count", event->count);
	return obj;
}

/* One line, or several with -p. Takes the object. */
int json_print(struct qsctl *ctl, struct json_object *obj)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (ctl->pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	puts(json_object_to_json_string_ext(obj, flags));
	json_object_put(obj);
	return QSCTL_OK;
}
