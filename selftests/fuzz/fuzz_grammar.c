// SPDX-License-Identifier: GPL-2.0
/*
 * The words of qsctl: what is accepted can be written in another way and reads
 * the same, and makes a request that reads back; what is refused is complained
 * about in one line.
 *
 * Input: which reader, words with newlines between them.
 */
#include <arpa/inet.h>
#include <inttypes.h>

#include "answers.h"
#include "qsctl.h"

#define WORDS_MAX 64

static char storage[8192];
static char *argv[WORDS_MAX];

static void split(struct input *in, struct words *words)
{
	size_t len = in->left < sizeof(storage) - 1 ? in->left : sizeof(storage) - 1;
	char *p = storage;

	memcpy(storage, in->p, len);
	storage[len] = '\0';
	/* Words end at a NUL, as those of main() do. */
	for (char *c = storage; c < storage + len; c++)
		if (!*c)
			*c = '\n';
	words->next = argv;
	for (words->left = 0; words->left < WORDS_MAX && p; words->left++)
		argv[words->left] = strsep(&p, "\n");
}

/* Write words for another round. */
static struct words *again(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static struct words *again(const char *fmt, ...)
{
	static char text[4096], *list[WORDS_MAX];
	static struct words words;
	char *p = text;
	va_list ap;

	va_start(ap, fmt);
	CHECK(vsnprintf(text, sizeof(text), fmt, ap) < (int)sizeof(text));
	va_end(ap);
	words.next = list;
	for (words.left = 0; words.left < WORDS_MAX && p; words.left++)
		list[words.left] = strsep(&p, "\n");
	return &words;
}

static bool same_params(const struct qsc_call_params *a, const struct qsc_call_params *b)
{
	struct qsc_call_params x = *a;

	x.id = b->id;
	return !strcmp(a->id, b->id) && same_bytes(&x, b, sizeof(x));
}

static int compare_call(const struct qsc_call *call, void *arg)
{
	const struct qsc_call_params *p = arg;
	const struct qsc_leg *leg = &call->legs[0];

	CHECK(!strcmp(call->id, p->id) && call->n_legs == 1);
	CHECK(call->flags == p->flags && call->role == p->role && call->window == p->window);
	CHECK(call->timeout_s == p->timeout_s && call->lifetime_s == p->lifetime_s);
	CHECK(leg->suite == p->legs[0].suite);
	CHECK(same_bytes(&leg->local, &p->legs[0].local, sizeof(leg->local)));
	CHECK(same_bytes(&leg->remote, &p->legs[0].remote, sizeof(leg->remote)));
	CHECK(leg->local_rtcp == p->legs[0].local_rtcp);
	CHECK(leg->remote_rtcp == p->legs[0].remote_rtcp);
	return 0;
}

static void check_request(struct qsc_call_params *p)
{
	struct input none = { NULL, 0 };
	struct qsc_sock *sk = answers_open(&none);
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_CALL_NEW, 0);
	struct qsc_reply reply;

	CHECK(msg && !qsc_call_build(sk, msg, p));
	CHECK(!qsc_msg_parse(nlmsg_hdr(msg), &reply));
	CHECK(!qsc_parse_call(&reply, compare_call, p));
	qsc_msg_free(msg);
	answers_close(sk);
}

static int call(struct words *words)
{
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX], suite[64] = "", role[32] = "";
	char rtcp[64] = "", window[64] = "";
	struct qsc_call_params p, q;
	const struct qsc_leg_params *leg = &p.legs[0];
	int ret = read_call(words, &p, NULL);

	if (ret)
		return ret;
	CHECK(!words->left && !leg->local_rtcp == !leg->remote_rtcp);
	CHECK(!p.window || (p.window >= QSC_WINDOW_MIN && p.window <= QSC_WINDOW_MAX));
	check_request(&p);

	format_addr(&leg->local, local, sizeof(local));
	format_addr(&leg->remote, remote, sizeof(remote));
	if (leg->suite)
		snprintf(suite, sizeof(suite), "\nsuite\n%s", qsc_suite_name(leg->suite));
	if (p.role)
		snprintf(role, sizeof(role), "\nrole\n%s", qsc_role_name(p.role));
	if (leg->local_rtcp)
		snprintf(rtcp, sizeof(rtcp), "\nrtcp\n%u,%u", leg->local_rtcp, leg->remote_rtcp);
	if (p.window)
		snprintf(window, sizeof(window), "\nwindow\n%u", p.window);
	ret = read_call(again("%s\nremote\n%s\nlocal\n%s%s%s%s%s%s%s\ntimeout\n%u\nlifetime\n%u",
			      p.id, remote, local, suite, role, rtcp, window,
			      p.flags & QSC_CALL_FLAGS_BOUND ? "\nbound" : "",
			      p.flags & QSC_CALL_FLAGS_DTLS ? "\ndtls" : "", p.timeout_s,
			      p.lifetime_s),
			&q, NULL);
	CHECK(!ret && same_params(&q, &p));
	return 0;
}

static int key(struct words *words)
{
	char text[64 * QSC_KEY_ROC_MAX], mki[MKI_TEXT_MAX], overlap[64] = "";
	struct key_args args, args2;
	struct qsc_key k, k2;
	size_t used = 0;
	int ret = read_key_args(words, &args, &k);

	if (ret)
		return ret;
	CHECK(!words->left && k.leg < QSC_LEGS_MAX && k.n_rocs <= QSC_KEY_ROC_MAX);
	CHECK(k.dir == QSC_DIR_TX || k.dir == QSC_DIR_RX);
	CHECK(k.overlap_ms <= QSC_OVERLAP_MAX_MS && args.mki_len <= QSC_MKI_MAX);
	CHECK(args.has_mki == !!args.mki_len && !k.mki_len && !k.master_len);

	text[0] = '\0';
	for (unsigned int i = 0; i < k.n_rocs; i++)
		used += snprintf(text + used, sizeof(text) - used, "\nroc\n0x%" PRIx32 ":%" PRIu32,
				 k.rocs[i].ssrc, k.rocs[i].roc);
	format_hex(args.mki, args.mki_len, mki, sizeof(mki));
	if (k.has_overlap)
		snprintf(overlap, sizeof(overlap), "\noverlap\n%u", k.overlap_ms);
	ret = read_key_args(again("%s\n%s\nleg\n%u%s%s%s%s", args.id, qsc_dir_name(k.dir), k.leg,
				  args.has_mki ? "\nmki\n0x" : "", mki, overlap, text),
			    &args2, &k2);
	CHECK(!ret && same_bytes(&k, &k2, sizeof(k)));
	CHECK(args.mki_len == args2.mki_len && !memcmp(args.mki, args2.mki, sizeof(args.mki)));
	return 0;
}

static int addr(const char *word)
{
	char text[ADDR_TEXT_MAX];
	union qsc_addr a, b;
	int ret = read_addr("address", word, &a);

	if (ret)
		return ret;
	CHECK(a.in4.sin_port);
	format_addr(&a, text, sizeof(text));
	CHECK(!read_addr("address", text, &b) && same_bytes(&a, &b, sizeof(a)));
	return 0;
}

static int number(const char *word, uint32_t min, uint32_t max)
{
	uint32_t n = 0, model = 0;
	bool good = *word;
	int ret;

	for (const char *p = word; *p; p++) {
		if (*p < '0' || *p > '9' || model > (UINT32_MAX - (*p - '0')) / 10) {
			good = false;
			break;
		}
		model = model * 10 + (*p - '0');
	}
	good = good && model >= min && model <= max;
	ret = read_u32("number", word, min, max, "things", &n);
	CHECK(!ret == good && (!good || n == model));
	return ret;
}

static int hex(const char *word)
{
	char text[2 * 20 + 1];
	uint8_t bytes[20];
	unsigned int len;
	int ret = read_hex("hex", word, bytes, sizeof(bytes), &len);

	if (ret)
		return ret;
	CHECK(len && len <= sizeof(bytes));
	format_hex(bytes, len, text, sizeof(text));
	CHECK(!strcasecmp(text, strncmp(word, "0x", 2) ? word : word + 2));
	return 0;
}

static int word_of_many(const char *word)
{
	static const char *const names[] = { "local", "remote", NULL, "role", "rt", "rtcp", "" };
	int i = find_word(word, names, ARRAY_SIZE(names)), matches = 0;

	for (size_t n = 0; n < ARRAY_SIZE(names); n++)
		matches += names[n] && *word && !strncmp(names[n], word, strlen(word));
	if (i >= 0)
		CHECK(!strcmp(names[i], word) || matches == 1);
	else
		CHECK(i == -1 ? !matches : matches > 1);
	return find_keyword(word, names, ARRAY_SIZE(names)) < 0 ? QSCTL_USAGE : QSCTL_OK;
}

static int read_one(uint8_t which, struct words *words)
{
	struct qsc_roc roc;
	uint32_t suite;
	const char *word;

	switch (which % 8) {
	case 0:
		return call(words);
	case 1:
		return key(words);
	}
	word = next_word(words);
	switch (which % 8) {
	case 2:
		return addr(word);
	case 3:
		return number(word, which & 8 ? 1 : 0, which & 16 ? UINT32_MAX : 65535);
	case 4:
		return hex(word);
	case 5:
		return word_of_many(word);
	case 6:
		return read_roc(word, &roc);
	default:
		return read_suite(word, &suite);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t which = take_u8(&in);
	struct printed err;
	struct words words;
	int ret;

	split(&in, &words);
	printed_begin(&err, &stderr);
	ret = read_one(which, &words);
	printed_end(&err);
	CHECK(ret == QSCTL_OK || ret == QSCTL_USAGE);
	if (ret == QSCTL_OK) {
		CHECK(!err.len);
	} else {
		CHECK(!strncmp(err.text, "qsctl: ", 7) && is_clean_text(err.text, err.len));
		CHECK(strchr(err.text, '\n') == err.text + err.len - 1);
	}
	printed_free(&err);
	return 0;
}
