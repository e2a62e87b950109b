// SPDX-License-Identifier: GPL-2.0-only
/* Text for people: colours, addresses, durations. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "qsctl.h"

static bool colored;

/* auto, always or never */
int set_color(const char *when)
{
	const char *term = getenv("TERM");
	const char *none = getenv("NO_COLOR");

	if (!strcmp(when, "always"))
		colored = true;
	else if (!strcmp(when, "never"))
		colored = false;
	else if (!strcmp(when, "auto"))
		colored = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") && !(none && *none);
	else
		return complain("color: \"%s\" is not auto, always or never", when);
	return QSCTL_OK;
}

/* clang-format off */
static const char *const codes[] = {
	[PAINT_NONE] = "\033[0m",
	[PAINT_LABEL] = "\033[1m",
	[PAINT_NAME] = "\033[36m",
	[PAINT_GOOD] = "\033[32m",
	[PAINT_WARN] = "\033[33m",
	[PAINT_BAD] = "\033[31m",
};
/* clang-format on */

const char *paint(enum paint p)
{
	return colored ? codes[p] : "";
}

enum paint state_paint(uint32_t state)
{
	switch (state) {
	case QSC_CALL_STATE_SECURE:
		return PAINT_GOOD;
	case QSC_CALL_STATE_ERASED:
		return PAINT_BAD;
	default:
		return PAINT_WARN;
	}
}

/*
 * @name, or the number in digits: a newer kernel may know more than this
 * program. Good for as many calls as one printf() can hold.
 */
const char *name_or_number(const char *name, uint32_t number)
{
	static char texts[4][16];
	static unsigned int next;
	char *text;

	if (name)
		return name;
	text = texts[next++ % ARRAY_SIZE(texts)];
	snprintf(text, sizeof(texts[0]), "%u", number);
	return text;
}

void format_addr(const union qsc_addr *addr, char *buf, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (addr->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &addr->in6.sin6_addr, host, sizeof(host));
		snprintf(buf, size, "[%s]:%u", host, ntohs(addr->in6.sin6_port));
	} else if (addr->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &addr->in4.sin_addr, host, sizeof(host));
		snprintf(buf, size, "%s:%u", host, ntohs(addr->in4.sin_port));
	} else {
		snprintf(buf, size, "-");
	}
}

/* 0.250s, 12s, 3m05s, 2h03m, 5d04h */
void format_duration(uint64_t ms, char *buf, size_t size)
{
	uint64_t s = ms / 1000;

	if (s < 10)
		snprintf(buf, size, "%" PRIu64 ".%03us", s, (unsigned int)(ms % 1000));
	else if (s < 60)
		snprintf(buf, size, "%" PRIu64 "s", s);
	else if (s < 3600)
		snprintf(buf, size, "%" PRIu64 "m%02us", s / 60, (unsigned int)(s % 60));
	else if (s < 86400)
		snprintf(buf, size, "%" PRIu64 "h%02um", s / 3600, (unsigned int)(s / 60 % 60));
	else
		snprintf(buf, size, "%" PRIu64 "d%02uh", s / 86400, (unsigned int)(s / 3600 % 24));
}

static size_t sequence_len(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf5 ? 4 : 0;
}

/* Length of the valid UTF-8 sequence at @s, or 0. */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = sequence_len(s[0]);

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* overlong, surrogate, beyond Unicode, and the control characters U+0080.. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) ||
	    (s[0] == 0xc2 && s[1] < 0xa0))
		return 0;
	return n;
}

/*
 * Call-ids come from other people: keep escape sequences off the terminal and
 * broken UTF-8 out of JSON. Everything else goes through as it is.
 */
void format_printable(const char *text, char *buf, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0, n;

	for (; *s; s += n) {
		n = utf8_len(s);
		if (n == 1 && (*s < 0x20 || *s == 0x7f))
			n = 0;
		if (used + (n ? n : 4) >= size)
			break;
		if (n)
			memcpy(buf + used, s, n);
		else
			snprintf(buf + used, 5, "\\x%02x", *s);
		used += n ? n : 4;
		n = n ? n : 1;
	}
	buf[used] = '\0';
}

void format_hex(const uint8_t *bytes, size_t len, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < len && 2 * i + 2 < size; i++)
		snprintf(buf + 2 * i, 3, "%02x", bytes[i]);
}

/* "  label: text" */
void print_field(int indent, const char *label, const char *fmt, ...)
{
	va_list ap;

	printf("%*s%s%s%s: ", indent, "", paint(PAINT_LABEL), label, paint(PAINT_NONE));
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* Local time. */
void format_time(uint64_t ns, char *buf, size_t size)
{
	time_t s = ns / 1000000000;
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&s, &tm));
	snprintf(buf, size, "%s.%06u", text, (unsigned int)(ns % 1000000000 / 1000));
}

void format_key(const struct qsc_key_info *key, char *buf, size_t size)
{
	const char *dir = name_or_number(qsc_dir_name(key->dir), key->dir);

	if (key->generation)
		snprintf(buf, size, "leg %u %s key, generation %u", key->leg, dir, key->generation);
	else
		snprintf(buf, size, "leg %u %s key, held back", key->leg, dir);
}
