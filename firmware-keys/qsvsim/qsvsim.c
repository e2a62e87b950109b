// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* qsvsim: virtual SIMs for pcscd. Options, and one process per card. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <openssl/crypto.h>

#include "qsvsim.h"

#define CARDS_MAX 64
#define PORT_DEFAULT 35963 /* of vpcd: 0x8C7B */

const char *tool_name = "qsvsim";

/* One card of the command line */
struct slot {
	const char *image;
	const char *image_key;
	uint16_t port;
	pid_t pid;
};

struct options {
	struct slot slots[CARDS_MAX];
	unsigned int n;
	const char *host;
	struct qsc_die_at die;
	bool dies;
	bool once;
};

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

static void usage(FILE *out)
{
	fputs("Usage: qsvsim --image FILE --image-key FILE [--port N] [--image FILE ...] [OPTIONS]\n"
	      "\n"
	      "Puts a card image into the virtual reader (vpcd) of pcscd, several into several.\n"
	      "\n"
	      "  -i, --image FILE      card image, made by qspool\n"
	      "  -k, --image-key FILE  key of the --image before it\n"
	      "  -p, --port N          port of its reader (35963, and 10 more for each card)\n"
	      "      --host ADDR       where pcscd is (127.0.0.1)\n"
	      "      --once            end when pcscd hangs up\n"
	      "      --die-at STEP[:N] for tests: kill this process at a step of the card\n"
	      "  -h, --help            this text\n"
	      "  -V, --version\n"
	      "\n"
	      "Exit status: 0 stopped by a signal, 1 usage, 2 a card failed.\n",
	      out);
}

static int add_image(struct options *o, const char *image)
{
	if (o->n == CARDS_MAX)
		return complain("more than %u images: start another qsvsim for the rest",
				CARDS_MAX);
	o->slots[o->n] =
		(struct slot){ .image = image, .port = (uint16_t)(PORT_DEFAULT + 10 * o->n) };
	o->n++;
	return TOOL_OK;
}

static int set_of_image(struct options *o, int c, const char *value)
{
	struct slot *slot = o->n ? &o->slots[o->n - 1] : NULL;
	uint64_t port;

	if (!slot)
		return complain("--%s comes before any --image: it belongs to the image before it",
				c == 'k' ? "image-key" : "port");
	if (c == 'k') {
		slot->image_key = value;
		return TOOL_OK;
	}
	if (!parse_number(value, 1, 65535, &port))
		return complain("port \"%s\" is no number from 1 to 65535", value);
	slot->port = (uint16_t)port;
	return TOOL_OK;
}

static int take_option(struct options *o, int c)
{
	struct in_addr addr;
	struct qsc_why why;

	switch (c) {
	case 'i':
		return add_image(o, optarg);
	case 'k':
	case 'p':
		return set_of_image(o, c, optarg);
	case 'H':
		o->host = optarg;
		if (inet_pton(AF_INET, o->host, &addr) != 1)
			return complain("host \"%s\" is no IPv4 address", o->host);
		return TOOL_OK;
	case 'o':
		o->once = true;
		return TOOL_OK;
	case 'd':
		if (qsc_die_at_parse(optarg, &o->die, &why))
			return complain("%s", why.text);
		o->dies = true;
		return TOOL_OK;
	case 'h':
		usage(stdout);
		exit(TOOL_OK);
	case 'V':
		puts("qsvsim " QSC_TOOLS_VERSION);
		exit(TOOL_OK);
	default: /* getopt has complained */
		return TOOL_USAGE;
	}
}

static int check_options(const struct options *o)
{
	if (!o->n)
		return complain("no --image: name a card image, see qsvsim --help");
	for (unsigned int i = 0; i < o->n; i++) {
		if (!o->slots[i].image_key)
			return complain("no --image-key for %s", o->slots[i].image);
		for (unsigned int k = 0; k < i; k++)
			if (o->slots[i].port == o->slots[k].port)
				return complain("two cards for port %u: a reader takes one",
						o->slots[i].port);
	}
	return TOOL_OK;
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "image", required_argument, NULL, 'i' },
		{ "image-key", required_argument, NULL, 'k' },
		{ "port", required_argument, NULL, 'p' },
		{ "host", required_argument, NULL, 'H' },
		{ "once", no_argument, NULL, 'o' },
		{ "die-at", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;

	o->host = "127.0.0.1";
	while ((c = getopt_long(argc, argv, "i:k:p:hV", long_options, NULL)) != -1)
		if (take_option(o, c))
			return TOOL_USAGE;
	if (optind < argc)
		return complain("unexpected \"%s\": see qsvsim --help", argv[optind]);
	return check_options(o);
}

/* Signals wait until a card is between two commands. */
static void catch_signals(sigset_t *unblocked)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, unblocked);
	sigdelset(unblocked, SIGTERM);
	sigdelset(unblocked, SIGINT);
	sigdelset(unblocked, SIGHUP);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static struct qsc_card *open_card(const struct slot *slot)
{
	uint8_t key[QSC_KEYS_LEN];
	struct qsc_card_info info;
	struct qsc_card *card;
	struct qsc_why why;
	int err = qsc_keyfile_read(slot->image_key, QSC_KEYFILE_IMAGE, key, &why);

	if (!err)
		err = qsc_card_open(&card, slot->image, key, &why);
	OPENSSL_cleanse(key, sizeof(key));
	if (err) {
		say("%s", why.text);
		return NULL;
	}
	qsc_card_info(card, &info);
	say("%s: card %llu, %s, %u of %u keys left", slot->image, (unsigned long long)info.card,
	    qsc_card_state_name(info.state), info.remaining, info.total);
	return card;
}

static int run_card(const struct options *o, const struct slot *slot, const sigset_t *unblocked)
{
	struct vpcd vpcd = { o->host, slot->port, o->once, &stop, *unblocked };
	struct qsc_die_at die = o->die;
	static struct applet applet;
	struct qsc_card *card;
	int status;

	protect_process();
	card = open_card(slot);
	if (!card)
		return TOOL_FAILED;
	if (o->dies)
		qsc_card_on_step(card, qsc_die_at_step, &die);
	applet_init(&applet, card);
	status = vpcd_serve(&vpcd, &applet);
	qsc_card_close(card);
	return status;
}

static void start_card(const struct options *o, struct slot *slot, const sigset_t *unblocked)
{
	pid_t parent = getpid();

	slot->pid = fork();
	if (slot->pid)
		return;
	/* A card is out of its reader when the reader's owner dies. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(TOOL_FAILED);
	exit(run_card(o, slot, unblocked));
}

static void stop_cards(const struct options *o)
{
	for (unsigned int i = 0; i < o->n; i++)
		if (o->slots[i].pid > 0)
			kill(o->slots[i].pid, SIGTERM);
}

static int forget_card(struct options *o, pid_t pid, int status)
{
	for (unsigned int i = 0; i < o->n; i++) {
		if (o->slots[i].pid != pid)
			continue;
		if (WIFSIGNALED(status))
			say("%s was killed by signal %d", o->slots[i].image, WTERMSIG(status));
		o->slots[i].pid = 0;
	}
	return WIFEXITED(status) && !WEXITSTATUS(status) ? TOOL_OK : TOOL_FAILED;
}

static int wait_for_cards(struct options *o, const sigset_t *signals)
{
	int result = TOOL_OK;

	for (;;) {
		int signal, status;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (forget_card(o, pid, status))
				result = TOOL_FAILED;
		if (pid < 0)
			return result;
		sigwait(signals, &signal);
		if (signal != SIGCHLD)
			stop_cards(o);
	}
}

/* A card that fails takes no other with it. */
static int run_cards(struct options *o, const sigset_t *unblocked)
{
	int result = TOOL_OK;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (unsigned int i = 0; i < o->n; i++) {
		start_card(o, &o->slots[i], unblocked);
		if (o->slots[i].pid < 0) {
			say("cannot start a process for %s: %s", o->slots[i].image,
			    strerror(errno));
			result = TOOL_FAILED;
		}
	}
	return wait_for_cards(o, &signals) ? TOOL_FAILED : result;
}

int main(int argc, char **argv)
{
	static struct options options;
	sigset_t unblocked;

	qsc_keys_wipe_freed();
	if (parse(&options, argc, argv))
		return TOOL_USAGE;
	catch_signals(&unblocked);
	if (options.n == 1)
		return run_card(&options, &options.slots[0], &unblocked);
	return run_cards(&options, &unblocked);
}
