/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Where session keys come from. What a device or a KME delivers is combined
 * with getrandom() by exclusive or: the result is as good as the better of the
 * two, whatever the other one does.
 */
#ifndef _QSKMSD_SOURCE_H
#define _QSKMSD_SOURCE_H

#include <event2/event.h>

#define SOURCE_KEY 32
#define SOURCE_BATCH 32

/**
 * struct source_kme - how to reach an ETSI GS QKD 014 key management entity
 * @sae: the slave SAE that keys are asked for
 * @cert, @key, @ca: files in PEM for mutual TLS
 */
struct source_kme {
	const char *sae;
	const char *cert;
	const char *key;
	const char *ca;
};

struct source;

/**
 * source_new() - open a source by its name
 * @source: out; source_free() even after an error
 * @base: the event loop
 * @spec: "getrandom", "file:PATH" or "kme:URL"
 * @kme: for the last one
 * @ready: called from the event loop when source_take() may work again
 * @arg: for @ready
 *
 * Logs what went wrong. Return: 0 or a negative errno
 */
int source_new(struct source **source, struct event_base *base, const char *spec,
	       const struct source_kme *kme, void (*ready)(void *arg), void *arg);
void source_free(struct source *source);

/**
 * source_take() - a fresh session key
 *
 * Return: 0; -EAGAIN if @ready will be called; -EIO if the source is out of
 * order, which the log explains
 */
int source_take(struct source *source, unsigned char key[SOURCE_KEY]);

/*
 * What fills the buffer of a slow source, in a thread of its own: one file per
 * kind. @fill gets up to @n keys and returns how many, or a negative errno with
 * a reason in @why.
 */
#define SOURCE_WHY_MAX 256

struct source_ops {
	int (*open)(void **priv, const char *where, const struct source_kme *kme, char *why);
	int (*fill)(void *priv, unsigned char (*keys)[SOURCE_KEY], unsigned int n, char *why);
	void (*close)(void *priv);
};

extern const struct source_ops source_file;
extern const struct source_ops source_kme;

/*
 * What a broken generator looks like: the same key again, or one byte all over.
 * @last is the source's memory of the key before.
 */
int source_check(const unsigned char key[SOURCE_KEY], unsigned char last[SOURCE_KEY]);

#endif /* _QSKMSD_SOURCE_H */
