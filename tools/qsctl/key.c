// SPDX-License-Identifier: GPL-2.0-only
/* qsctl call key: secrets come from stdin or a file, never from the words. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "qsctl.h"

/* More than the longest line: suite, key, lifetime and an MKI of 128 bytes. */
#define LINE_MAX_LEN 1024

enum keyword {
	KW_LEG,
	KW_TX,
	KW_RX,
	KW_MKI,
	KW_ROC,
	KW_OVERLAP,
	KW_FILE,
};

/* clang-format off */
static const char *const keywords[] = {
	[KW_LEG] = "leg",
	[KW_TX] = "tx",
	[KW_RX] = "rx",
	[KW_MKI] = "mki",
	[KW_ROC] = "roc",
	[KW_OVERLAP] = "overlap",
	[KW_FILE] = "file",
};
/* clang-format on */

static int add_roc(const char *value, struct qsc_key *key)
{
	struct qsc_roc roc;

	if (key->n_rocs == QSC_KEY_ROC_MAX)
		return complain("roc: at most %d are allowed", QSC_KEY_ROC_MAX);
	if (read_roc(value, &roc))
		return QSCTL_USAGE;
	for (unsigned int i = 0; i < key->n_rocs; i++)
		if (key->rocs[i].ssrc == roc.ssrc)
			return complain("roc: SSRC 0x%08x is given twice", roc.ssrc);
	key->rocs[key->n_rocs++] = roc;
	return QSCTL_OK;
}

static int set_dir(enum keyword kw, struct qsc_key *key)
{
	if (key->dir)
		return complain("give one direction, tx or rx");
	key->dir = kw == KW_TX ? QSC_DIR_TX : QSC_DIR_RX;
	return QSCTL_OK;
}

static int read_value(enum keyword kw, const char *value, struct key_args *args,
		      struct qsc_key *key)
{
	uint32_t n = 0;

	switch (kw) {
	case KW_LEG:
		if (read_u32("leg", value, 0, QSC_LEGS_MAX - 1, NULL, &n))
			return QSCTL_USAGE;
		key->leg = n;
		return QSCTL_OK;
	case KW_MKI:
		args->has_mki = true;
		return read_hex("mki", value, args->mki, sizeof(args->mki), &args->mki_len);
	case KW_ROC:
		return add_roc(value, key);
	case KW_OVERLAP:
		key->has_overlap = true;
		return read_u32("overlap", value, 0, QSC_OVERLAP_MAX_MS, "milliseconds",
				&key->overlap_ms);
	case KW_FILE:
		args->file = value;
		return QSCTL_OK;
	default:
		return QSCTL_USAGE;
	}
}

static int read_keyword(struct words *words, const char *word, unsigned int *seen,
			struct key_args *args, struct qsc_key *key)
{
	int kw = find_keyword(word, keywords, ARRAY_SIZE(keywords));
	const char *value;

	if (kw < 0)
		return QSCTL_USAGE;
	if (kw == KW_TX || kw == KW_RX)
		return set_dir(kw, key);
	if (*seen & 1U << kw && kw != KW_ROC)
		return complain("%s is given twice", keywords[kw]);
	*seen |= 1U << kw;
	if (need_word(words, keywords[kw], &value))
		return QSCTL_USAGE;
	return read_value(kw, value, args, key);
}

/* ID [leg N] tx|rx [mki HEX] [roc SSRC:N]... [overlap MS] [file PATH] */
int read_key_args(struct words *words, struct key_args *args, struct qsc_key *key)
{
	unsigned int seen = 0;
	const char *word;

	memset(args, 0, sizeof(*args));
	memset(key, 0, sizeof(*key));
	if (need_id(words, &args->id))
		return QSCTL_USAGE;
	while ((word = next_word(words))) {
		/* The commonest mistake; do not repeat what may be a key. */
		if (!strncmp(word, "inline:", 7) || qsc_suite_by_name(word))
			return complain("keys are read from standard input or \"file PATH\", "
					"never from the command line");
		if (read_keyword(words, word, &seen, args, key))
			return QSCTL_USAGE;
	}
	if (!key->dir)
		return complain("the direction is missing: tx or rx");
	return QSCTL_OK;
}

static int merge_mki(const struct key_args *args, struct qsc_key *key)
{
	if (!args->has_mki)
		return QSCTL_OK;
	if (key->mki_len &&
	    (key->mki_len != args->mki_len || memcmp(key->mki, args->mki, args->mki_len)))
		return complain("the key line has another MKI than \"mki\" says");
	key->mki_len = args->mki_len;
	memcpy(key->mki, args->mki, args->mki_len);
	return QSCTL_OK;
}

static int parse_line(const char *name, const char *line, size_t len, struct qsc_key *key)
{
	char why[160];

	if (qsc_sdes_parse(line, len, key, why, sizeof(why)))
		return complain("%s: %s", name, why);
	if (key->lifetime && key->lifetime < 1ULL << 48)
		note("%s: the kernel does not enforce the lifetime of %llu packets: "
		     "install the next key in time",
		     name, (unsigned long long)key->lifetime);
	return QSCTL_OK;
}

static const struct secret_form key_form = {
	.prompt = "SUITE inline:KEY (not shown): ",
	.missing = "key; expected one line: SUITE inline:BASE64(key||salt)",
};

/* @line and @key are wiped by the caller. */
static int load_key(const struct key_args *args, struct qsc_key *key, char *line)
{
	const char *name = args->file ? args->file : "standard input";
	int fd = STDIN_FILENO;
	size_t len;
	int ret;

	if (args->file) {
		fd = open(args->file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return complain("cannot open %s: %s", name, strerror(errno));
	}
	ret = read_secret_line(fd, name, &key_form, line, LINE_MAX_LEN, &len);
	if (args->file)
		close(fd);
	if (!ret)
		ret = parse_line(name, line, len, key);
	return ret ? ret : merge_mki(args, key);
}

static int install(struct qsctl *ctl, const struct key_args *args, struct qsc_key *key, char *line)
{
	int ret = load_key(args, key, line);

	if (ret)
		return ret;
	if (kernel_open(ctl))
		return QSCTL_REFUSED;
	if (qsc_key_set(ctl->sk, args->id, key))
		return kernel_refused(ctl, "call key", args->id);
	return QSCTL_OK;
}

int cmd_call_key(struct qsctl *ctl, struct words *words)
{
	char line[LINE_MAX_LEN];
	struct key_args args;
	struct qsc_key key;
	int ret;

	protect_process();
	ret = read_key_args(words, &args, &key);
	if (!ret && ctl->batch && !args.file)
		ret = complain("call key needs \"file PATH\" in a batch");
	if (!ret)
		ret = install(ctl, &args, &key, line);
	explicit_bzero(line, sizeof(line));
	qsc_key_wipe(&key);
	return ret;
}
