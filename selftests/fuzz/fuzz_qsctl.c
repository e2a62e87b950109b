// SPDX-License-Identifier: GPL-2.0
/*
 * All of qsctl but main(): a batch of commands above a kernel that answers what
 * it likes. What is printed is JSON where JSON was asked for, never has control
 * characters in it, and never a key.
 *
 * Input: options, batch file up to a byte 0xff, answers (answers.c).
 */
#include <sys/mman.h>
#include <unistd.h>

#include "answers.h"
#include "qsctl.h"

#define OPTION_JSON 1
#define OPTION_PRETTY 2
#define OPTION_ALL 4

static void check_json(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *obj;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS |
					    JSON_TOKENER_VALIDATE_UTF8);
	while (len && *text == '\n')
		text++, len--;
	while (len) {
		obj = json_tokener_parse_ex(tok, text, (int)len);
		CHECK(obj && json_tokener_get_error(tok) == json_tokener_success);
		CHECK(json_object_is_type(obj, json_type_object) ||
		      json_object_is_type(obj, json_type_array));
		json_object_put(obj);
		text += json_tokener_get_parse_end(tok);
		len -= json_tokener_get_parse_end(tok);
		while (len && *text == '\n')
			text++, len--;
		json_tokener_reset(tok);
	}
	json_tokener_free(tok);
}

/* Where a key is not marked as one, nobody can know that it is. */
static bool has_unmarked_key(const uint8_t *data, size_t size)
{
	static const char mark[] = "inline:";
	char *copy = exact_copy(data, size, 0), *p = copy;
	size_t left = size;
	bool has;

	while ((p = memmem(p, left, mark, sizeof(mark) - 1))) {
		p += sizeof(mark) - 1;
		for (left = copy + size - p; left && !strchr(" \t\r\n'\"", *p); left--)
			*p++ = '*';
	}
	has = has_key_in_it(copy, size);
	free(copy);
	return has;
}

static void check_output(const struct qsctl *ctl, const struct printed *out,
			 const struct printed *err)
{
	CHECK(is_clean_text(out->text, out->len));
	CHECK(is_clean_text(err->text, err->len));
	/* "help" is for people with -j, too. */
	if (ctl->json && !strstr(out->text, "Usage: qsctl"))
		check_json(out->text, out->len);
}

static size_t find_end(const struct input *in)
{
	const uint8_t *end = memchr(in->p, 0xff, in->left);

	return end ? (size_t)(end - in->p) : in->left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t options = take_u8(&in);
	struct qsctl ctl = {
		.json = options & OPTION_JSON,
		.pretty = options & OPTION_PRETTY,
		.all = options & OPTION_ALL,
		/* No card is to be drawn from, should there be a qskeyd here. */
		.socket = "/dev/null/qskeyd",
	};
	size_t len = find_end(&in);
	struct printed out, err;
	const uint8_t *batch;
	char path[32];
	int fd, ret;

	take_span(&in, len, &batch);
	take_u8(&in);
	if (!len)
		return -1;
	fd = memfd_create("batch", MFD_CLOEXEC);
	CHECK(fd >= 0 && write(fd, batch, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ctl.sk = answers_open(&in);
	printed_begin(&out, &stdout);
	printed_begin(&err, &stderr);
	ret = run_batch(&ctl, path);
	printed_end(&err);
	printed_end(&out);
	close(fd);
	CHECK(ret == QSCTL_OK || ret == QSCTL_USAGE || ret == QSCTL_REFUSED ||
	      ret == QSCTL_NO_HELPER);
	/* What fails says so; but not the other way round: there are warnings. */
	CHECK(!ret == !err.len || !ret);
	check_output(&ctl, &out, &err);
	if (!has_unmarked_key(data + 1, size - 1)) {
		CHECK(!has_key_in_it(out.text, out.len));
		CHECK(!has_key_in_it(err.text, err.len));
	}
	printed_free(&out);
	printed_free(&err);
	answers_close(ctl.sk);
	return 0;
}
