// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Session keys from a key management entity: ETSI GS QKD 014 V1.1.1, "Get key",
 * POST .../api/v1/keys/{slave_SAE_ID}/enc_keys over mutual TLS.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <json-c/json.h>
#include <openssl/crypto.h>

#include "libqsc/internal.h"
#include "source.h"

#define TIMEOUT_S 5L
/* A batch of keys with their ids is below 5 kB. */
#define ANSWER_MAX 65536

struct kme {
	CURL *curl;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	char body[64];
	char *answer; /* ANSWER_MAX bytes of the secure heap */
	size_t len;
};

static void kme_close(void *priv)
{
	struct kme *k = priv;

	curl_easy_cleanup(k->curl);
	curl_slist_free_all(k->headers);
	OPENSSL_secure_clear_free(k->answer, ANSWER_MAX);
	free(k);
}

static size_t collect(char *data, size_t size, size_t n, void *arg)
{
	struct kme *k = arg;

	if (size * n > ANSWER_MAX - k->len)
		return 0;
	memcpy(k->answer + k->len, data, size * n);
	k->len += size * n;
	return size * n;
}

static int setup(struct kme *k, const char *url, const struct source_kme *to)
{
	char *full;
	CURLcode err;

	if (asprintf(&full, "%s/api/v1/keys/%s/enc_keys", url, to->sae) < 0)
		return -ENOMEM;
	err = curl_easy_setopt(k->curl, CURLOPT_URL, full);
	free(full);
	k->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (err || !k->headers || curl_easy_setopt(k->curl, CURLOPT_SSLCERT, to->cert) ||
	    curl_easy_setopt(k->curl, CURLOPT_SSLKEY, to->key) ||
	    curl_easy_setopt(k->curl, CURLOPT_CAINFO, to->ca))
		return -ENOMEM;
	curl_easy_setopt(k->curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(k->curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(k->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(k->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(k->curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(k->curl, CURLOPT_ERRORBUFFER, k->error);
	curl_easy_setopt(k->curl, CURLOPT_HTTPHEADER, k->headers);
	curl_easy_setopt(k->curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(k->curl, CURLOPT_WRITEDATA, k);
	return 0;
}

static int kme_open(void **priv, const char *where, const struct source_kme *to, char *why)
{
	struct kme *k;
	int err;

	if (!to->sae || !to->cert || !to->key || !to->ca) {
		snprintf(why, SOURCE_WHY_MAX,
			 "a KME needs --kme-sae, --kme-cert, --kme-key and --kme-ca");
		return -EINVAL;
	}
	if (strncmp(where, "https://", 8)) {
		snprintf(why, SOURCE_WHY_MAX, "the address of a KME begins with https://");
		return -EINVAL;
	}
	snprintf(why, SOURCE_WHY_MAX, "not enough memory");
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->curl = curl_easy_init();
	k->answer = OPENSSL_secure_malloc(ANSWER_MAX);
	err = k->curl && k->answer ? setup(k, where, to) : -ENOMEM;
	if (err) {
		kme_close(k);
		return err;
	}
	*priv = k;
	return 0;
}

/*
 * One key of {"keys":[{"key_ID":...,"key":BASE64},...]}. What is left of it in
 * buffers of curl and json-c is half of a session key: see source_take().
 */
static int read_key(struct json_object *keys, size_t i, unsigned char *key)
{
	struct json_object *item = json_object_array_get_idx(keys, i), *text;
	size_t len;
	int err;

	if (!json_object_object_get_ex(item, "key", &text) ||
	    !json_object_is_type(text, json_type_string))
		return -EBADMSG;
	len = (size_t)json_object_get_string_len(text);
	err = qsc_base64_decode(json_object_get_string(text), len, key, SOURCE_KEY);
	OPENSSL_cleanse((char *)json_object_get_string(text), len);
	return err ? -EBADMSG : 0;
}

static int read_keys(struct json_object *answer, unsigned char (*keys)[SOURCE_KEY], unsigned int n)
{
	struct json_object *list;
	size_t have;
	int err = 0;

	if (!json_object_object_get_ex(answer, "keys", &list) ||
	    !json_object_is_type(list, json_type_array))
		return -EBADMSG;
	have = json_object_array_length(list);
	if (!have || have > n)
		return -EBADMSG;
	/* All of them, so that all get wiped. */
	for (size_t i = 0; i < have; i++)
		if (read_key(list, i, keys[i]))
			err = -EBADMSG;
	return err ? err : (int)have;
}

static int refused(struct kme *k, long status, char *why)
{
	struct json_object *answer = json_tokener_parse(k->answer), *text = NULL;

	if (!json_object_object_get_ex(answer, "message", &text))
		text = NULL;
	snprintf(why, SOURCE_WHY_MAX, "the KME says no: %ld%s%.100s", status, text ? ", " : "",
		 text ? json_object_get_string(text) : "");
	json_object_put(answer);
	return -EIO;
}

static int parse_answer(struct kme *k, unsigned char (*keys)[SOURCE_KEY], unsigned int n, char *why)
{
	struct json_object *answer;
	struct json_tokener *tok = json_tokener_new_ex(8);
	int ret;

	if (!tok)
		return -ENOMEM;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	answer = json_tokener_parse_ex(tok, k->answer, (int)k->len);
	ret = answer ? read_keys(answer, keys, n) : -EBADMSG;
	if (ret < 0)
		snprintf(why, SOURCE_WHY_MAX, "the KME's answer is not a list of 256-bit keys");
	json_object_put(answer);
	json_tokener_free(tok);
	return ret;
}

static int kme_fill(void *priv, unsigned char (*keys)[SOURCE_KEY], unsigned int n, char *why)
{
	struct kme *k = priv;
	long status = 0;
	CURLcode err;
	int ret;

	k->len = 0;
	k->error[0] = '\0';
	snprintf(k->body, sizeof(k->body), "{\"number\":%u,\"size\":%d}", n, SOURCE_KEY * 8);
	curl_easy_setopt(k->curl, CURLOPT_POSTFIELDS, k->body);
	err = curl_easy_perform(k->curl);
	curl_easy_getinfo(k->curl, CURLINFO_RESPONSE_CODE, &status);
	if (err) {
		snprintf(why, SOURCE_WHY_MAX, "the KME cannot be reached: %.200s",
			 k->error[0] ? k->error : curl_easy_strerror(err));
		ret = -EIO;
	} else if (status != 200) {
		k->answer[k->len < ANSWER_MAX ? k->len : ANSWER_MAX - 1] = '\0';
		ret = refused(k, status, why);
	} else {
		ret = parse_answer(k, keys, n, why);
	}
	OPENSSL_cleanse(k->answer, ANSWER_MAX);
	return ret;
}

const struct source_ops source_kme = {
	.open = kme_open,
	.fill = kme_fill,
	.close = kme_close,
};
