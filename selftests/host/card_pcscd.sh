#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The virtual SIM in pcscd's virtual readers, used by programs that know nothing
# of QSC: opensc-tool and scriptor. Two cards at once; one is loaded over the wire.
#
#   network namespace            pcscd -- vpcd :35963 -- qsvsim card 1
#   with a /run of its own         |   `- vpcd :35983 -- qsvsim card 2 (blank)
#                                PC/SC
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/cards.sh
. "$top/selftests/lib/cards.sh"

bin=${QSC_BUILD:-$top/out/firmware-keys}
driver=/usr/lib/pcsc/drivers/serial/libifdvpcd.so
PATH=$bin:$PATH:/usr/sbin

# Twice: first here, to look whether it is possible, then inside.
if [ "${1-}" != inside ]; then
	[ -x "$bin/qsvsim" ] || { ktap_print_header; ktap_skip_all "qsvsim is not built: make tools"; }
	for p in pcscd opensc-tool scriptor unshare ip; do
		command -v $p >/dev/null || { ktap_print_header; ktap_skip_all "$p is missing"; }
	done
	[ -e $driver ] || { ktap_print_header; ktap_skip_all "vsmartcard-vpcd is missing"; }
	unshare --net --mount --pid --fork --mount-proc true 2>/dev/null ||
		{ ktap_print_header; ktap_skip_all "no right to make namespaces"; }
	exec unshare --net --mount --pid --fork --mount-proc --kill-child "$top/selftests/host/${0##*/}" inside
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
umask 077

# ------------------------------------------------------------------- helpers

reader_conf() {
	cp $driver "$work/vpcd$1.so"
	cat <<-END
	FRIENDLYNAME "QSC $1"
	DEVICENAME /dev/null:$2
	LIBPATH $work/vpcd$1.so
	CHANNELID $2
	END
}

# until_true COMMAND...: a machine may be slow, but not for ever
until_true() {
	for _ in $(seq 600); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "in vain: $*"
	return 1
}

# reader_with_card N: its name, to which pcscd adds numbers of its own
reader_with_card() {
	opensc-tool --list-readers | grep -o "Yes.*QSC $1 [0-9A-F ]*" | grep -o 'QSC.*'
}

# apdus READER COMMAND...: answers of opensc-tool, a line each
apdus() {
	reader=$1
	shift
	for command in "$@"; do
		set -- "$@" -s "$command"
		shift
	done
	opensc-tool --reader "$reader" "$@" | sed 's/^Received (SW1=0x\(..\), SW2=0x\(..\)).*/SW \1\2/'
}

status_words() {
	apdus "$@" | sed -n 's/^SW //p' | tr '\n' ' '
}

# answer_lengths: what scriptor printed as how many bytes per answer
answer_lengths() {
	sed -n 's/ : .*//; /^</p; /^[0-9A-F][0-9A-F] /p' |
		awk '/^</ { if (n) print n; n = -1 } { n += NF } END { print n }'
}

start() {
	mount -t tmpfs none /run && mkdir -p /run/pcscd conf && ip link set lo up || return
	reader_conf 1 0x8C7B >conf/1
	reader_conf 2 0x8C8F >conf/2
	pcscd --foreground --config "$work/conf" >pcscd.log 2>&1 &
	pcscd=$!
	qsvsim --image one.img --image-key one.ikey --port 35963 \
		--image two.img --image-key two.ikey --port 35983 2>qsvsim.log &
	sim=$!
	until_true reader_with_card 1 && until_true reader_with_card 2 || return
	CARD_1=$(reader_with_card 1)
	CARD_2=$(reader_with_card 2)
}

# --------------------------------------------------------------------- tests

make_cards() {
	cards_begin && make_pool one 20 && image one 1 >/dev/null &&
		make_pool two 1100 &&
		qspool blank --count 1100 --image two.img --image-key two.ikey \
			--transport-key two.transport >/dev/null &&
		card two 2 --load-script two.script --transport-key two.transport >/dev/null
}

readonly SELECT=00:A4:04:00:05:F0:51:53:43:01
readonly VERIFY=00:20:00:81:06:31:32:33:34:35:36

atr_is_known() {
	atr=$(opensc-tool --reader "$CARD_1" --atr)
	echo "$atr"
	[ "$atr" = 3b:8a:01:80:73:00:00:40:54:51:53:43:31:1c ]
}

draws() {
	sw=$(status_words "$CARD_1" "$SELECT" 80:32:00:00:00 "$VERIFY" 80:32:00:00:00 80:32:00:00:00)
	echo "$sw"
	[ "$sw" = "9000 6982 9000 9000 9000 " ] &&
		qspool inspect one.img --image-key one.ikey | grep -q 'remaining *18'
}

loads() {
	scriptor -r "$CARD_2" two.script >load.log 2>&1
	grep -c '^< 90 00' load.log
	[ "$(grep -c '^< 90 00' load.log)" -eq "$(wc -l <two.script)" ] &&
		qspool inspect two.img --image-key two.ikey | grep -q 'state *ready' &&
		qspool inspect two.img --image-key two.ikey | grep -q 'check *good' &&
		sw=$(status_words "$CARD_2" "$SELECT" "$VERIFY" 80:32:00:00:00) &&
		[ "$sw" = "9000 9000 9000 " ]
}

# 138 bytes of bitmap and a status word in one answer, then what a block has.
# opensc-tool sends no extended Le to a card that it does not know.
extended_lengths() {
	printf '%s\n' 00A4040005F051534301 80360000000000 8036000100 >bitmap.script
	scriptor -r "$CARD_2" bitmap.script >bitmap.log 2>&1
	cat bitmap.log
	[ "$(answer_lengths <bitmap.log | tr '\n' ' ')" = "2 140 12 " ]
}

# The reader lost power: it is another session, with the same bitmap.
comes_back() {
	kill "$pcscd"
	wait "$pcscd" || :
	pcscd --foreground --config "$work/conf" >>pcscd.log 2>&1 &
	pcscd=$!
	until_true reader_with_card 1 || return
	CARD_1=$(reader_with_card 1)
	sw=$(status_words "$CARD_1" "$SELECT" 80:32:00:00:00 "$VERIFY" 80:32:00:00:00)
	echo "$sw"
	[ "$sw" = "9000 6982 9000 9000 " ] &&
		qspool inspect one.img --image-key one.ikey | grep -q 'remaining *17'
}

ends() {
	kill "$sim" && wait "$sim"
}

ktap_print_header
ktap_set_plan 8
ktap_test_run "a card, and one that waits for LOAD" make_cards
# Not in a subshell: what it starts is used below.
if start; then
	ktap_test_pass "both are in their readers"
else
	sed 's/^/# /' pcscd.log qsvsim.log
	ktap_test_fail "both are in their readers"
	ktap_finished
fi
ktap_test_run "the ATR" atr_is_known
ktap_test_run "keys are drawn" draws
ktap_test_run "a card is loaded by scriptor" loads
ktap_test_run "long answers" extended_lengths
if comes_back >said; then
	ktap_test_pass "pcscd is started again"
else
	sed 's/^/# /' said pcscd.log qsvsim.log
	ktap_test_fail "pcscd is started again"
fi
if ends; then
	ktap_test_pass "it ends when told so"
else
	ktap_test_fail "it ends when told so"
fi
kill "$pcscd"
wait "$pcscd" || :
ktap_finished
