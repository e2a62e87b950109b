// SPDX-License-Identifier: GPL-2.0-only
/* Words into values, with exact complaints. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "qsctl.h"

#define ADDR_FORM "write 192.0.2.1:5004 or [2001:db8::1]:5004"

enum { NOT_FOUND = -1, AMBIGUOUS = -2 };

/*
 * The index of @word in @names, also if it is an unambiguous abbreviation;
 * NOT_FOUND or AMBIGUOUS otherwise. Names may be NULL.
 */
int find_word(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word);
	int found = NOT_FOUND;

	for (size_t i = 0; i < n; i++) {
		if (!names[i] || !len || strncmp(word, names[i], len))
			continue;
		if (!names[i][len])
			return i;
		found = found == NOT_FOUND ? (int)i : AMBIGUOUS;
	}
	return found;
}

static void list_names(char *buf, size_t size, const char *prefix, const char *const *names,
		       size_t n)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && used < size; i++) {
		if (!names[i] || strncmp(prefix, names[i], strlen(prefix)))
			continue;
		used += snprintf(buf + used, size - used, "%s%s", used ? ", " : "", names[i]);
	}
}

/* As find_word(), but complains and returns -1 for both failures. */
int find_keyword(const char *word, const char *const *names, size_t n)
{
	int i = find_word(word, names, n);
	char list[512];

	if (i >= 0)
		return i;
	list_names(list, sizeof(list), i == AMBIGUOUS ? word : "", names, n);
	if (i == AMBIGUOUS)
		complain("\"%s\" is ambiguous: %s", word, list);
	else
		complain("\"%s\" is not known here; expected one of: %s", word, list);
	return -1;
}

/* NULL at the end. */
const char *next_word(struct words *words)
{
	if (!words->left)
		return NULL;
	words->left--;
	return *words->next++;
}

int need_word(struct words *words, const char *what, const char **word)
{
	*word = next_word(words);
	if (*word)
		return QSCTL_OK;
	complain("%s is missing", what);
	return QSCTL_USAGE;
}

/* What a call-id is made of is the kernel's to say. */
int need_id(struct words *words, const char **id)
{
	if (need_word(words, "the call-id", id))
		return QSCTL_USAGE;
	if (!**id)
		return complain("the call-id is empty");
	if (strlen(*id) > QSC_CALL_ID_MAX)
		return complain("the call-id is %zu bytes long, at most %d are allowed",
				strlen(*id), QSC_CALL_ID_MAX);
	return QSCTL_OK;
}

int no_more_words(struct words *words)
{
	if (words->left)
		return complain("\"%s\" is one word too many", *words->next);
	return QSCTL_OK;
}

/* Digits only: strtoull() would take signs and spaces. */
static int parse_digits(const char *text, int base, unsigned long long *value)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t allowed = base == 16 ? 22 : 10;
	char *end;

	for (const char *p = text; *p; p++)
		if (!memchr(digits, *p, allowed))
			return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, base);
	if (end == text)
		return -EINVAL;
	return errno ? -ERANGE : 0;
}

int read_u64(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	unsigned long long n = 0;

	if (parse_digits(text, 10, &n) || n < min || n > max)
		return complain("%s: \"%s\" is not a whole number from %llu to %llu", what, text,
				(unsigned long long)min, (unsigned long long)max);
	*value = n;
	return QSCTL_OK;
}

int read_u32(const char *what, const char *text, uint32_t min, uint32_t max, const char *unit,
	     uint32_t *value)
{
	const char *space = unit ? " " : "";
	unsigned long long n = 0;
	int err = parse_digits(text, 10, &n);

	if (err == -EINVAL)
		return complain("%s: \"%s\" is not a whole number%s%s", what, text,
				unit ? " of " : "", unit ? unit : "");
	if (err || n < min || n > max)
		return complain("%s: %s is out of range: %u to %u%s%s", what, text, min, max, space,
				unit ? unit : "");
	*value = n;
	return QSCTL_OK;
}

int read_u8(const char *what, const char *text, uint8_t min, uint8_t max, uint8_t *value)
{
	uint32_t n = 0;
	int ret = read_u32(what, text, min, max, NULL, &n);

	*value = n;
	return ret;
}

int read_port(const char *what, const char *text, uint16_t *port)
{
	uint32_t n = 0;
	int ret = read_u32(what, text, 1, UINT16_MAX, NULL, &n);

	*port = n;
	return ret;
}

/* Split "ADDR:PORT" or "[ADDR]:PORT"; the address goes to @host. */
static const char *split_addr(const char *text, char *host, size_t size)
{
	const char *start = text, *end;

	if (*text == '[') {
		start++;
		end = strchr(start, ']');
		if (!end || end[1] != ':')
			return NULL;
	} else {
		end = strchr(start, ':');
		if (!end || strchr(end + 1, ':'))
			return NULL; /* an IPv6 address needs its brackets */
	}
	if ((size_t)(end - start) >= size)
		return NULL;
	memcpy(host, start, end - start);
	host[end - start] = '\0';
	return end + (*text == '[' ? 2 : 1);
}

int read_addr(const char *what, const char *text, union qsc_addr *addr)
{
	char host[INET6_ADDRSTRLEN];
	uint16_t port = 0;
	const char *rest;

	memset(addr, 0, sizeof(*addr));
	rest = split_addr(text, host, sizeof(host));
	if (!rest)
		return complain("%s: \"%s\" is not an address and port; " ADDR_FORM, what, text);
	if (*text == '[') {
		addr->in6.sin6_family = AF_INET6;
		if (inet_pton(AF_INET6, host, &addr->in6.sin6_addr) != 1)
			return complain("%s: \"%s\" is not an IPv6 address; " ADDR_FORM, what,
					host);
	} else {
		addr->in4.sin_family = AF_INET;
		if (inet_pton(AF_INET, host, &addr->in4.sin_addr) != 1)
			return complain("%s: \"%s\" is not an IPv4 address; " ADDR_FORM, what,
					host);
	}
	if (read_port(what, rest, &port))
		return QSCTL_USAGE;
	if (*text == '[')
		addr->in6.sin6_port = htons(port);
	else
		addr->in4.sin_port = htons(port);
	return QSCTL_OK;
}

/* ADDR/BITS, an IPv6 address without brackets */
int read_prefix(const char *what, const char *text, union qsc_addr *addr, uint8_t *bits)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN];

	memset(addr, 0, sizeof(*addr));
	if (!slash || (size_t)(slash - text) >= sizeof(host))
		return complain("%s: \"%s\" is not a prefix; write 192.0.2.0/24 or 2001:db8::/32",
				what, text);
	memcpy(host, text, slash - text);
	host[slash - text] = '\0';
	if (inet_pton(AF_INET, host, &addr->in4.sin_addr) == 1)
		addr->in4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &addr->in6.sin6_addr) == 1)
		addr->in6.sin6_family = AF_INET6;
	else
		return complain("%s: \"%s\" is not an address", what, host);
	return read_u8(what, slash + 1, 0, addr->sa.sa_family == AF_INET ? 32 : 128, bits);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int read_hex(const char *what, const char *text, uint8_t *bytes, size_t size, unsigned int *len)
{
	const char *digits = text;
	size_t n;

	if (!strncmp(text, "0x", 2))
		digits += 2;
	n = strlen(digits);
	if (!n || n % 2)
		return complain("%s: \"%s\" is not a whole number of bytes in hex, like 0001", what,
				text);
	if (n / 2 > size)
		return complain("%s: %zu bytes are too many, at most %zu are allowed", what, n / 2,
				size);
	for (size_t i = 0; i < n / 2; i++) {
		int hi = hex_digit(digits[2 * i]), lo = hex_digit(digits[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return complain("%s: \"%s\" is not hex", what, text);
		bytes[i] = hi << 4 | lo;
	}
	*len = n / 2;
	return QSCTL_OK;
}

/* "SSRC:N", SSRC in decimal or as 0xHEX */
int read_roc(const char *text, struct qsc_roc *roc)
{
	const char *colon = strchr(text, ':');
	unsigned long long ssrc = 0;
	char number[16];
	int base = 10;

	if (!colon || (size_t)(colon - text) >= sizeof(number))
		return complain("roc: \"%s\" is not SSRC:COUNTER, like 0x1a2b3c4d:5", text);
	memcpy(number, text, colon - text);
	number[colon - text] = '\0';
	if (!strncmp(number, "0x", 2))
		base = 16;
	if (parse_digits(number + (base == 16 ? 2 : 0), base, &ssrc) || ssrc > UINT32_MAX)
		return complain("roc: \"%s\" is not an SSRC: 0 to 4294967295, or 0x and hex",
				number);
	roc->ssrc = ssrc;
	return read_u32("roc", colon + 1, 0, UINT32_MAX, NULL, &roc->roc);
}

int read_suite(const char *text, uint32_t *suite)
{
	const char *names[QSC_SUITE_MAX];
	char list[256];

	*suite = qsc_suite_by_name(text);
	if (*suite)
		return QSCTL_OK;
	for (uint32_t i = 1; i <= QSC_SUITE_MAX; i++)
		names[i - 1] = qsc_suite_name(i);
	list_names(list, sizeof(list), "", names, ARRAY_SIZE(names));
	return complain("suite: \"%s\" is not known; expected one of: %s", text, list);
}
