// SPDX-License-Identifier: GPL-2.0-only
/*
 * "call key", well or badly ended: afterwards no memory of the process holds a
 * piece of the key, neither as it was read nor decoded. While the request is
 * sent, the same search does find it.
 *
 * The key is made up anew for each look, from a number, so that the test itself
 * does not hold it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include "script.h"

#include "leftover.h"

/* A piece of so many bytes is as bad as all. */
#define PIECE 12
#define KEY_LEN 44
#define KEY_TEXT_LEN 60

/* Mappings of sanitizers and of valgrind, not ours */
#define MAPPING_MAX (16UL << 20)

static unsigned int found_on_send;
static struct capture out, err;
static struct qsctl ctl;
static int result;

/* Byte @i of the key; far from constant, and nowhere else in the program. */
static uint8_t key_byte(unsigned int i)
{
	return (i + 7) * 2654435761U >> 13;
}

static char key_char(unsigned int i)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int bits = 0;

	if (i * 6 >= KEY_LEN * 8)
		return '=';
	for (unsigned int b = i * 6; b < i * 6 + 6; b++)
		bits = bits << 1 | (b < KEY_LEN * 8 ? key_byte(b / 8) >> (7 - b % 8) & 1 : 0);
	return alphabet[bits];
}

/* Whether a piece of the key begins at @p: anywhere in it, as bytes or text. */
static bool is_piece(const uint8_t *p)
{
	unsigned int i, n;

	for (i = 0; i + PIECE <= KEY_LEN; i++) {
		for (n = 0; n < PIECE && p[n] == key_byte(i + n);)
			n++;
		if (n == PIECE)
			return true;
	}
	for (i = 0; i + PIECE <= KEY_TEXT_LEN; i++) {
		for (n = 0; n < PIECE && p[n] == (uint8_t)key_char(i + n);)
			n++;
		if (n == PIECE)
			return true;
	}
	return false;
}

/* First bytes that a piece can have, to be quick about all others. */
static void make_starts(bool *starts)
{
	for (unsigned int i = 0; i + PIECE <= KEY_LEN; i++)
		starts[key_byte(i)] = true;
	for (unsigned int i = 0; i + PIECE <= KEY_TEXT_LEN; i++)
		starts[(uint8_t)key_char(i)] = true;
}

static unsigned int search(const uint8_t *p, size_t len)
{
	static const uint8_t zeros[64];
	bool starts[256] = { false };
	unsigned int found = 0;

	make_starts(starts);
	for (size_t i = 0; i + PIECE <= len; i++) {
		/* Zeros are no start, and most of what there is. */
		if (i % 64 == 0 && i + 64 <= len && !memcmp(p + i, zeros, 64))
			i += 63;
		else
			found += starts[p[i]] && is_piece(p + i);
	}
	return found;
}

/* Through the kernel, past what sanitizers know about this memory. */
static unsigned int search_mapping(int mem, uintptr_t from, size_t len)
{
	static uint8_t buf[1 << 16];
	unsigned int found = 0;
	ssize_t n;

	for (size_t at = 0; at < len; at += sizeof(buf) - PIECE) {
		size_t want = len - at < sizeof(buf) ? len - at : sizeof(buf);

		if (from + at < (uintptr_t)(buf + sizeof(buf)) && from + at + want > (uintptr_t)buf)
			continue; /* not in a mirror */
		n = pread(mem, buf, want, (off_t)(from + at));
		if (n > 0)
			found += search(buf, n);
	}
	memset(buf, 0, sizeof(buf));
	return found;
}

/* Valgrind has much memory of its own and is slow: there, only where ours is. */
static bool is_wanted(uintptr_t from, uintptr_t to, bool valgrind, const void *on_heap)
{
	const uintptr_t ours[] = { (uintptr_t)&from, (uintptr_t)on_heap, (uintptr_t)&script };

	if (!valgrind)
		return to - from <= MAPPING_MAX;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (from <= ours[i] && ours[i] < to)
			return true;
	return false;
}

static unsigned int search_process(void)
{
	const char *preload = getenv("LD_PRELOAD");
	bool valgrind = preload && strstr(preload, "valgrind");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned int found = 0;
	char line[512], *mode;
	uintptr_t from, to;

	assert_true(mem >= 0 && maps);
	/* "from-to rw-p ..." */
	while (fgets(line, sizeof(line), maps)) {
		from = strtoul(line, &mode, 16);
		to = strtoul(mode + 1, &mode, 16);
		if (!strncmp(mode, " rw", 3) && is_wanted(from, to, valgrind, maps))
			found += search_mapping(mem, from, to - from);
	}
	fclose(maps);
	close(mem);
	return found;
}

static void search_on_send(struct nlmsghdr *request)
{
	(void)request;
	found_on_send = search_process();
}

#define WHOLE KEY_TEXT_LEN

/* "before", @chars of the key, "after", written without a copy of the whole. */
static int key_file(const char *before, unsigned int chars, const char *after)
{
	int fd = memfd_create("key", MFD_CLOEXEC);
	char c;

	assert_true(fd >= 0 && !fchmod(fd, 0600));
	assert_int_equal(write(fd, before, strlen(before)), strlen(before));
	for (unsigned int i = 0; i < chars; i++) {
		c = key_char(i);
		assert_int_equal(write(fd, &c, 1), 1);
	}
	assert_int_equal(write(fd, after, strlen(after)), strlen(after));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void run_call_key(void *words)
{
	result = cmd_call_key(&ctl, words);
}

/* Run "call key ID tx @words file FD"; 0, 1 or 2. */
static int call_key(int fd, const char *words)
{
	char line[128], path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(line, sizeof(line), "alice tx %s file %s", words, path);
	capture_begin(&out, &stdout);
	capture_begin(&err, &stderr);
	leftover_run(run_call_key, words_of(line));
	kernel_close(&ctl);
	capture_end(&err);
	capture_end(&out);
	close(fd);
	return result;
}

static void assert_no_trace(void)
{
	assert_int_equal(search(leftover, sizeof(leftover)), 0);
	memset(leftover, 0, sizeof(leftover));
	assert_int_equal(search_process(), 0);
	assert_int_equal(script.freed_dirty, 0);
	free(out.text);
	free(err.text);
}

/* What is wrong with the file or the words, said before anything is sent */
static void assert_unread(int fd, const char *words, const char *said)
{
	script_reset();
	assert_int_equal(call_key(fd, words), QSCTL_USAGE);
	if (!strstr(err.text, said))
		fail_msg("\"%s\" does not say \"%s\"", err.text, said);
	assert_int_equal(script.sent, 0);
	assert_no_trace();
}

#define LINE_START "AEAD_AES_256_GCM inline:"

static void an_installed_key_leaves_no_trace(void **state)
{
	(void)state;
	script_reset();
	script_seal(1);
	script_ack();
	script.on_send = search_on_send;
	assert_int_equal(call_key(key_file(LINE_START, WHOLE, "|2^20|1:4\n"), ""), QSCTL_OK);
	assert_int_equal(script.last_cmd, QSC_CMD_KEY_SET);
	/* the line, the key as text and in bytes; in the message it is sealed */
	assert_true(found_on_send > KEY_LEN);
	assert_no_trace();
}

static void a_refused_key_leaves_no_trace(void **state)
{
	(void)state;
	/* the sealed key is behind two headers, the id, the nest and three numbers */
	script_reset();
	script_seal(1);
	script_refuse(EINVAL, "wrong length", 16 + 4 + 12 + 4 + 8 + 8 + 8);
	assert_int_equal(call_key(key_file(LINE_START, WHOLE, "\n"), ""), QSCTL_REFUSED);
	assert_string_equal(err.text, "qsctl: call key alice: wrong length (key sealed)\n");
	assert_no_trace();

	/* refused before there is a key to seal to, and after */
	script_reset();
	script_refuse(EPERM, NULL, -1);
	assert_int_equal(call_key(key_file(LINE_START, WHOLE, "\n"), ""), QSCTL_REFUSED);
	assert_no_trace();
	script_reset();
	script_seal(1);
	script_refuse(EPERM, NULL, -1);
	assert_int_equal(call_key(key_file(LINE_START, WHOLE, "\n"), ""), QSCTL_REFUSED);
	assert_no_trace();
}

static void a_key_that_is_sealed_twice_leaves_no_trace(void **state)
{
	(void)state;
	script_reset();
	script_seal(1);
	script_refuse(EKEYEXPIRED, NULL, -1);
	script_seal(2);
	script_ack();
	script.on_send = search_on_send;
	assert_int_equal(call_key(key_file(LINE_START, WHOLE, "\n"), ""), QSCTL_OK);
	assert_int_equal(script.sent, 4);
	assert_int_equal(script.last_cmd, QSC_CMD_KEY_SET);
	assert_true(found_on_send > KEY_LEN);
	assert_no_trace();
}

static void a_key_that_cannot_be_sent_leaves_no_trace(void **state)
{
	(void)state;
	script_reset();
	script.open_error = ENOPROTOOPT;
	assert_int_equal(call_key(key_file(LINE_START, WHOLE, "\n"), ""), QSCTL_REFUSED);
	assert_string_equal(err.text, "qsctl: no module\n");
	assert_no_trace();

	script_reset();
	script.send_error = ENOBUFS;
	assert_int_equal(call_key(key_file(LINE_START, WHOLE, "\n"), ""), QSCTL_REFUSED);
	assert_non_null(strstr(err.text, "cannot send"));
	assert_no_trace();

	script_reset();
	script_seal(1);
	script_receive_error(ECONNRESET);
	assert_int_equal(call_key(key_file(LINE_START, WHOLE, "\n"), ""), QSCTL_REFUSED);
	assert_non_null(strstr(err.text, "cannot read the kernel's answer"));
	assert_no_trace();
}

static void a_line_that_is_wrong_leaves_no_trace(void **state)
{
	(void)state;
	assert_unread(key_file(LINE_START, WHOLE - 2, "!=\n"), "", "the key is not base64");
	assert_unread(key_file(LINE_START, 48, "\n"), "", "36 bytes together");
	assert_unread(key_file("AEAD_AES_128_GCM inline:", WHOLE, ""), "", "44 bytes together");
	assert_unread(key_file("", WHOLE, " AEAD_AES_256_GCM\n"), "", "does not begin");
	assert_unread(key_file("AEAD_AES_256_GCM ", WHOLE, "\n"), "", "inline:");
	assert_unread(key_file(LINE_START, WHOLE, " UNENCRYPTED_SRTP"), "", "session param");
	assert_unread(key_file(LINE_START, WHOLE, ";" LINE_START), "", "more than one key");
	assert_unread(key_file(LINE_START, WHOLE, "|2^99"), "", "lifetime");
	assert_unread(key_file(LINE_START, WHOLE, "|300:1"), "", "MKI does not fit");
}

static void a_file_that_is_wrong_leaves_no_trace(void **state)
{
	char many[1100];

	(void)state;
	assert_unread(key_file(LINE_START, WHOLE, "\nsecond\n"), "", "more than one line");
	memset(many, 'x', sizeof(many));
	many[sizeof(many) - 1] = '\0';
	assert_unread(key_file(LINE_START, WHOLE, many), "", "longer than 1023 bytes");
	assert_unread(key_file(LINE_START, WHOLE, "|1:4"), "mki 02", "another MKI");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_installed_key_leaves_no_trace),
		cmocka_unit_test(a_refused_key_leaves_no_trace),
		cmocka_unit_test(a_key_that_is_sealed_twice_leaves_no_trace),
		cmocka_unit_test(a_key_that_cannot_be_sent_leaves_no_trace),
		cmocka_unit_test(a_line_that_is_wrong_leaves_no_trace),
		cmocka_unit_test(a_file_that_is_wrong_leaves_no_trace),
	};

	return cmocka_run_group_tests_name("wipe", tests, NULL, NULL);
}
