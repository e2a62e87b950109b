// SPDX-License-Identifier: GPL-2.0-only
/* The words qsctl knows, and its help. */
#include <string.h>

#include "qsctl.h"

#define COMMANDS_MAX 16

const struct command call_commands[] = {
	{ "add", cmd_call_add, NULL,
	  "ID local ADDR:PORT remote ADDR:PORT [suite SUITE] [role caller|callee]\n"
	  "        [rtcp mux|+1|PORT|LOCAL,REMOTE] [timeout SEC] [lifetime SEC]\n"
	  "        [window PACKETS] [bound] [dtls]\n"
	  "   or: qsctl call add ID [timeout SEC] ... leg LEG leg LEG\n"
	  "  LEG: local ADDR:PORT remote ADDR:PORT|learn [suite SUITE|plain] [rtcp ...]\n"
	  "        [dscp N] [ttl N] [clock HZ] [from PREFIX/BITS] [within SEC]",
	  "register a call, or a relay with two legs; nothing passes until it has keys",
	  "ADDR:PORT is 192.0.2.1:5004 or [2001:db8::1]:5004.\n"
	  "suite     cipher suite by its SDP name; default AEAD_AES_256_GCM\n"
	  "rtcp      on the RTP port (mux, the default), on the next port (+1), on one\n"
	  "          port of both sides (PORT) or on a port of each side\n"
	  "timeout   erase the keys after so many seconds without a packet\n"
	  "lifetime  erase the keys so many seconds after the start\n"
	  "window    replay window, 64 to 32768 packets; default 1024\n"
	  "bound     keep running, and erase the keys when this process ends\n"
	  "dtls      let DTLS pass beside RTP\n"
	  "A relay takes what comes for one leg, and sends it from the other:\n"
	  "learn     the remote is where packets come from that authenticate\n"
	  "plain     no encryption on this leg\n"
	  "from      a plain leg learns its remote from this network only,\n"
	  "within    and only so many seconds from the start; default 10\n"
	  "dscp      of what the leg sends; default as it came\n"
	  "ttl       of what the leg sends; default one less than it came with\n"
	  "clock     RTP clock rate of what comes in, for the jitter; default 8000\n" },
	{ "key", cmd_call_key, NULL,
	  "ID [leg N] tx|rx [mki HEX] [roc SSRC:N]... [overlap MS] [file PATH]",
	  "install a key, read from standard input or a file",
	  "The input is one line: SUITE inline:BASE64(key||salt)[|LIFETIME][|MKI:LENGTH]\n"
	  "mki       master key identifier of the key, as on the wire\n"
	  "roc       roll-over counter of a stream that is not at its beginning; SSRC in\n"
	  "          decimal or as 0xHEX\n"
	  "overlap   how long the old receive key stays, 0 to 60000; default 2000\n" },
	{ "start", cmd_call_start, NULL,
	  "ID peer SUBSCRIBER local ADDR:PORT remote ADDR:PORT [suite SUITE]\n"
	  "        [role caller|callee] [rtcp mux|+1|PORT|LOCAL,REMOTE] [timeout SEC]\n"
	  "        [lifetime SEC] [window PACKETS] [bound] [dtls] [card NUMBER]",
	  "make a secure call: qskeyd gets its keys with one of the SIM's",
	  "Both parties do this with the same ID, each with the other one as peer.\n"
	  "role      caller (the default), or callee\n"
	  "bound     erase the keys when qskeyd ends\n"
	  "card      use the card with this number\n"
	  "The other words are those of call add, for a call that is no relay.\n" },
	{ "end", cmd_call_end, NULL, "ID",
	  "hang up: erase the keys, remove the call, tell the service", NULL },
	{ "rekey", cmd_call_rekey, NULL, "ID", "give a secure call new keys now", NULL },
	{ "del", cmd_call_del, NULL, "ID", "erase the keys and remove the call",
	  "With -v a receipt tells which keys are gone.\n" },
	{ "erase", cmd_call_erase, NULL, "ID",
	  "erase the keys; the call goes on blocking its addresses",
	  "With -v a receipt tells which keys are gone.\n" },
	{ "list", cmd_call_list, NULL, "", "list the calls, one a line", NULL },
	{ "show", cmd_call_show, NULL, "[ID]", "show one call or all, with their keys' state",
	  "Keys themselves never leave the kernel.\n" },
	{ "flush", cmd_call_flush, NULL, "", "erase and remove all calls", NULL },
	{ "set", cmd_call_set, NULL, "ID [timeout SEC] [lifetime SEC]",
	  "change the deadlines of a call; 0 is none", NULL },
	{ 0 },
};

const struct command card_commands[] = {
	{ "list", cmd_card_list, NULL, "", "list readers and cards, one a line", NULL },
	{ "info", cmd_card_info, NULL, "[NUMBER]", "show a card, or the one that a call would use",
	  NULL },
	{ "unlock", cmd_card_unlock, NULL, "[NUMBER] [file PATH | pinentry [PROGRAM]]",
	  "give qskeyd the PIN of a card",
	  "Without file and pinentry the PIN is read from the terminal or standard input.\n" },
	{ 0 },
};

const struct command qsctl_commands[] = {
	{ "info", cmd_info, NULL, "", "the module, its suites and its limits", NULL },
	{ "call", NULL, call_commands, "COMMAND ...", "make, key, look at and end calls", NULL },
	{ "card", NULL, card_commands, "COMMAND ...", "look at SIM cards, give their PIN", NULL },
	{ "stats", cmd_stats, NULL, "[call ID | legs] [all]",
	  "counters of the namespace, of a call or of all legs",
	  "Counters that are zero are left out without all or -a. With --prometheus those\n"
	  "of the namespace are printed in the text format of Prometheus, and with legs\n"
	  "also each leg of each call, which is much where there are many calls.\n" },
	{ "top", cmd_top, NULL, "[every SEC] [count N]",
	  "a table of the calls that keeps up with them",
	  "every     seconds between two looks, 1 to 60; default 2\n"
	  "count     end after so many looks; without a terminal the table is printed\n"
	  "Keys: q quits; c, p, d, l, j sort by call, packets, drops, loss, jitter.\n" },
	{ "monitor", cmd_monitor, NULL, "[count N] [timeout SEC]",
	  "print events until a signal comes",
	  "count     end after so many events\n"
	  "timeout   end after so many seconds\n" },
	{ 0 },
};

static const char options_help[] =
	"Options:\n"
	"  -j, --json          print JSON\n"
	"  -p, --pretty        with -j: print it in several lines\n"
	"  -a, --all           stats: print zeros, too\n"
	"      --prometheus    stats: print them for Prometheus\n"
	"  -v, --verbose       call del, call erase: print a receipt\n"
	"  -c, --color WHEN    auto, always or never; default auto\n"
	"  -n, --netns NAME    work in the network namespace NAME\n"
	"  -s, --socket PATH   of qskeyd; default " QSKEYD_SOCKET "\n"
	"  -b, --batch FILE    run the commands in FILE, one a line; - is standard input\n"
	"  -h, --help          help, also for a command: qsctl call add --help\n"
	"  -V, --version       print the version\n"
	"Words may be abbreviated as long as they stay unambiguous.\n"
	"Exit status: 0 done, 1 wrong usage, 2 the kernel said no, 3 no qskeyd,\n"
	"10 and more: card or key service, see qsctl(8).\n";

static size_t command_names(const struct command *table, const char **names)
{
	size_t n = 0;

	for (; n < COMMANDS_MAX && table[n].name; n++)
		names[n] = table[n].name;
	return n;
}

static void help_table(FILE *out, const struct command *table)
{
	for (; table->name; table++)
		fprintf(out, "  %-9s %s\n", table->name, table->description);
}

static int help_command(FILE *out, const char *path, const struct command *cmd)
{
	fprintf(out, "Usage: qsctl %s %s\n\n%s\n", path, cmd->args, cmd->description);
	if (cmd->help)
		fprintf(out, "\n%s", cmd->help);
	if (cmd->sub) {
		fprintf(out, "\nCommands:\n");
		help_table(out, cmd->sub);
	}
	return QSCTL_OK;
}

/* The command that the words begin with, or NULL; the others are left. */
const struct command *command_of(struct words *words)
{
	const struct command *table = qsctl_commands, *cmd = NULL;
	const char *names[COMMANDS_MAX];

	while (table) {
		int i = -1;

		if (words->left)
			i = find_word(*words->next, names, command_names(table, names));
		if (i < 0)
			return NULL;
		next_word(words);
		cmd = &table[i];
		table = cmd->sub;
	}
	return cmd;
}

/* Help for as many words as name a command; unknown ones get the table. */
int print_help(FILE *out, struct words *words)
{
	const struct command *table = qsctl_commands, *cmd = NULL;
	const char *names[COMMANDS_MAX];
	char path[64] = "";
	size_t used = 0;

	while (table && words->left) {
		int i = find_word(*words->next, names, command_names(table, names));

		if (i < 0)
			break;
		next_word(words);
		cmd = &table[i];
		table = cmd->sub;
		used += snprintf(path + used, sizeof(path) - used, "%s%s", used ? " " : "",
				 cmd->name);
	}
	if (cmd)
		return help_command(out, path, cmd);

	fprintf(out, "Usage: qsctl [OPTIONS] COMMAND ...\n\nCommands:\n");
	help_table(out, qsctl_commands);
	fprintf(out, "\n%s", options_help);
	return QSCTL_OK;
}

int run_command(struct qsctl *ctl, const struct command *table, const char *what,
		struct words *words)
{
	const char *names[COMMANDS_MAX];
	size_t n = command_names(table, names);
	const char *word;
	int i;

	if (need_word(words, what, &word))
		return QSCTL_USAGE;
	if (!strcmp(word, "help"))
		return print_help(stdout, words);
	i = find_keyword(word, names, n);
	if (i < 0)
		return QSCTL_USAGE;
	if (table[i].sub)
		return run_command(ctl, table[i].sub,
				   table[i].sub == card_commands ? "the command after \"card\"" :
								   "the command after \"call\"",
				   words);
	return table[i].run(ctl, words);
}
