#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# qspool as its users meet it: what it makes, what it refuses and with which
# words, and that a failure leaves nothing behind.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/cards.sh
. "$top/selftests/lib/cards.sh"
# shellcheck source=selftests/lib/flip.sh
. "$top/selftests/lib/flip.sh"

bin=${QSC_BUILD:-$top/out/firmware-keys}
PATH=$bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
umask 077

# ---------------------------------------------------------------------- make

makes_a_pool() {
	make_pool a 50 &&
		qspool inspect a.qpool --pool-key a.qkey --json >info &&
		grep -q '"keys":50,"source":"getrandom"' info &&
		grep -q '"check":"good"' info &&
		[ "$(stat -c %a a.qpool a.qkey | sort -u)" = 600 ]
}

ignores_the_umask() (
	umask 000
	make_pool open 3 && [ "$(stat -c %a open.qpool open.qkey | sort -u)" = 600 ]
)

make_from() {
	qspool make --count "$2" --source "$1" --pool x.qpool --pool-key x.qkey
}

refuses_stuck() {
	same_files refused 3 "stuck: byte 0 came 6 times in a row" make_from /dev/zero 1000 &&
		yes QSC | tr -d '\n' | head -c 60000 >stuck &&
		refused 3 "adaptive proportion test" make_from stuck 1000 &&
		rm stuck
}

# Text is random in a way, but not enough.
refuses_text() {
	head -c 60000 /dev/urandom | base64 -w 0 >text
	refused 3 "biased" make_from text 1000 && [ ! -e x.qpool ] && [ ! -e x.qkey ] || return
	qspool make --count 500 --source text --min-entropy 5 --pool t.qpool --pool-key t.qkey &&
		rm text
}

refuses_short_source() {
	head -c 5024 /dev/urandom >short
	refused 2 "the source short ended after 5024 bytes" make_from short 101 &&
		[ ! -e x.qpool ] && [ ! -e x.qkey ] &&
		make_from short 100 && rm -f x.qpool x.qkey short
}

refuses_existing() {
	same_files refused 2 "a.qpool exists already" qspool make --count 5 --source getrandom \
		--pool a.qpool --pool-key new.qkey
}

refuses_no_source() {
	same_files refused 2 "cannot open the source /nowhere" make_from /nowhere 5
}

# --------------------------------------------------------------- personalise

makes_a_card() {
	image a 17 >said || return
	grep -q "card 17 of sub17: 50 keys" said &&
		qspool inspect a.img --image-key a.ikey --json >info &&
		grep -q '"card":17,"state":"ready","profile":"one-draw","total":50,"remaining":50' info &&
		qspool inspect a.qreg --kms-kit kit --json >info &&
		grep -q '"card":17,"subscriber":"sub17","profile":"one-draw","keys":50' info &&
		[ "$(stat -c %a a.img a.ikey a.qreg | sort -u)" = 600 ]
}

one_pool_one_card() {
	same_files refused 2 "a.qpool was used for card 17" card a 18 \
		--image b.img --image-key b.ikey --registration b.qreg &&
		same_files refused 2 "a.qreg exists already" image a 17
}

again_after_failure() {
	make_pool b 5 && mkdir b.img &&
		refused 2 "b.img exists already" image b 19 &&
		[ ! -e b.qreg ] && [ ! -e b.ikey ] && rmdir b.img &&
		image b 19 >/dev/null
}

makes_load_commands() {
	make_pool load 3 &&
		qspool blank --count 3 --image blank.img --image-key blank.ikey \
			--transport-key transport >/dev/null &&
		card load 20 --load-script script --transport-key transport >/dev/null &&
		[ "$(wc -l <script)" -eq 4 ] && [ "$(head -n 1 script)" = 00A4040005F051534301 ] &&
		[ "$(stat -c %a script)" = 600 ] &&
		qspool inspect blank.img --image-key blank.ikey | grep -q 'state *loading'
}

batch_of_cards() {
	for n in 31 32 33; do
		make_pool "$n" 4
		echo "--card $n --subscriber sub$n --pool $n.qpool --pool-key $n.qkey" \
			"--image $n.img --image-key batch.ikey --registration $n.qreg"
	done >list
	echo '# the end' >>list
	qspool personalise --kms-kit kit --pin-file pin --profile two-draw --batch list >said &&
		[ "$(grep -c '^card 3[123]' said)" -eq 3 ] || return
	for n in 31 32 33; do
		qspool inspect "$n.img" --image-key batch.ikey >/dev/null &&
			qspool inspect "$n.qreg" --kms-kit kit >/dev/null || return
	done
}

batch_stops() {
	make_pool 34 4
	{
		echo "--card 34 --subscriber s --pool 34.qpool --pool-key 34.qkey" \
			"--image 34.img --image-key batch.ikey --registration 34.qreg"
		echo "--card 35 --subscriber s --pool 31.qpool --pool-key 31.qkey" \
			"--image 35.img --image-key batch.ikey --registration 35.qreg"
	} >list
	refused 2 "list:2: stopped here; 1 cards are complete" qspool personalise \
		--kms-kit kit --pin-file pin --profile two-draw --batch list &&
		[ -e 34.img ] && [ ! -e 35.img ] && [ ! -e 35.qreg ] || return
	echo "--cart 36" >list
	refused 1 "list:1: stopped here" qspool personalise --kms-kit kit --batch list
}

refuses_bad_values() {
	refused 1 '--card "1099511627776" is no number from 0 to 1099511627775' \
		card a 1099511627776 --image x --image-key y &&
		refused 1 '--card "-1"' card a -1 --image x --image-key y &&
		refused 1 '--subscriber "a b"' card a 1 --image x --image-key y --subscriber 'a b' &&
		refused 1 '--profile "three"' card a 1 --image x --image-key y --profile three &&
		refused 1 'one of --image and --load-script' card a 1 &&
		refused 1 '--image-key is missing' card a 1 --image x &&
		refused 1 '--count "0"' qspool make --count 0 --source getrandom --pool x \
			--pool-key y &&
		refused 1 '--min-entropy "9"' qspool make --count 1 --source getrandom --pool x \
			--pool-key y --min-entropy 9 &&
		refused 1 '--pool is missing' qspool make --count 1 --source getrandom &&
		refused 1 '--card means nothing here' qspool make --card 1 &&
		refused 1 '"frobnicate" is no command' qspool frobnicate &&
		refused 1 'Usage' qspool &&
		refused 1 'unexpected "x"' qspool make --count 1 --source getrandom --pool x \
			--pool-key y x
}

refuses_bad_secrets() {
	echo 12x4 >badpin
	refused 2 "badpin holds no PIN" card a 17 --image x --image-key y --pin-file badpin &&
		refused 2 "kit is no key file" qspool inspect a.qpool --pool-key kit &&
		refused 2 "a.qkey is no key service kit" card a 17 --image x --image-key y \
			--kms-kit a.qkey &&
		chmod 644 kit && refused 2 "kit is open to others than its owner (mode 0644)" \
			card a 17 --image x --image-key y &&
		chmod 600 kit && [ ! -e x ] && [ ! -e y ]
}

# -------------------------------------------------------------------- damage

# damaged FILE OFFSET KEY-OPTION KEY TEXT
damaged() {
	flip "$1" "$2"
	refused 2 "$5" qspool inspect "$1" "$3" "$4" || return
	flip "$1" "$2"
	qspool inspect "$1" "$3" "$4" >/dev/null
}

names_damage() {
	damaged a.qpool 0 --pool-key a.qkey "a.qpool is no pool, no card image" &&
		damaged a.qpool 30 --pool-key a.qkey "bytes 0 to 63 (header)" &&
		damaged a.qpool 64 --pool-key a.qkey "bytes 64 to 95" &&
		damaged a.qpool 99 --pool-key a.qkey "keys 0 to 49 are damaged" &&
		damaged a.img 50 --image-key a.ikey "bytes 0 to 511 (identity)" &&
		damaged a.img 600 --image-key a.ikey "bytes 512 to 1023 (state)" &&
		damaged a.img 1024 --image-key a.ikey "bytes 1024 to 1535" &&
		damaged a.img 1600 --image-key a.ikey "1 slots from 1 are damaged" &&
		damaged a.qreg 20 --kms-kit kit "a.qreg" &&
		damaged a.qreg 200 --kms-kit kit "slots 0 to 49"
}

refuses_damaged_pool() {
	make_pool c 2000 && flip c.qpool 50000 &&
		same_files refused 2 "keys 1024 to 1999 are damaged" image c 40
}

refuses_other_keys() {
	refused 2 "does not open with this image key" qspool inspect a.img --image-key b.ikey &&
		refused 2 "does not open with this pool key" qspool inspect a.qpool \
			--pool-key b.qkey &&
		make_kit other.kit &&
		refused 2 "another kit" qspool inspect a.qreg --kms-kit other.kit
}

# --------------------------------------------------------------------- disks

# on_disk OPTIONS FUNCTION: run it in ./disk, a file system of its own
on_disk() {
	mkdir -p disk
	unshare --mount sh -c "mount -t tmpfs -o $1 none disk &&
		. '$top/selftests/lib/cards.sh' && $2"
}

full_disk() {
	make_pool d 2000
	for size in 4k 16k 60k; do
		on_disk "size=$size" 'full() {
				same_files refused 2 "No space left on device" "$@"
			} &&
			full qspool make --count 2000 --source getrandom \
				--pool disk/x --pool-key y &&
			full card d 50 --image disk/i --image-key k --registration r &&
			full card d 50 --image i --image-key k --registration disk/r' || return
	done
	image d 50 >/dev/null
}

read_only_disk() {
	on_disk size=1m 'cp a.img a.ikey a.qpool disk && mount -o remount,ro disk &&
		refused 2 "Read-only file system" qspool make --count 5 --source getrandom \
			--pool disk/x --pool-key y &&
		refused 2 "is on a read-only disk: a card must be able to burn keys" \
			qsvsim --image disk/a.img --image-key disk/a.ikey &&
		qspool inspect disk/a.img --image-key disk/a.ikey &&
		qspool inspect disk/a.qpool --pool-key a.qkey'
}

# -------------------------------------------------------------------- qsvsim

simulator_says_what_is_wrong() {
	refused 1 "no --image" qsvsim &&
		refused 1 "no --image-key for a.img" qsvsim --image a.img &&
		refused 1 "--port comes before any --image" qsvsim --port 1 &&
		refused 1 'port "0"' qsvsim --image a.img --image-key a.ikey --port 0 &&
		refused 1 'two cards for port 7' qsvsim --image a.img --image-key a.ikey --port 7 \
			--image b.img --image-key b.ikey --port 7 &&
		refused 1 'host "localhost"' qsvsim --host localhost &&
		refused 1 'steps are draw, burnt' qsvsim --die-at never &&
		refused 2 "cannot open nothing" qsvsim --image a.img --image-key nothing &&
		refused 2 "no card image" qsvsim --image a.qpool --image-key a.ikey
}

# Neither a core dump nor another process of this user gets at the keys.
simulator_keeps_its_memory() {
	qsvsim --image a.img --image-key a.ikey --port 1 2>said &
	pid=$!
	until grep -q waiting said; do
		kill -0 "$pid" || return
		sleep 0.1
	done
	cat said
	ok=0
	grep -q 'Max core file size *0 *0' "/proc/$pid/limits" || ok=1
	[ "$(stat -c %U "/proc/$pid/environ")" = root ] || ok=1
	refused 2 "a.img is in use by another program" qsvsim --image a.img --image-key a.ikey ||
		ok=1
	kill "$pid"
	wait "$pid" || ok=1
	return "$ok"
}

helps() {
	qspool --help || return
	for command in make personalise inspect blank set-pin; do
		qspool "$command" --help | grep -q "  qspool $command" || { echo "$command"; return 1; }
	done
}

ktap_print_header
[ -x "$bin/qspool" ] || ktap_skip_all "qspool is not built: make tools"
ktap_set_plan 25
cards_begin
ktap_test_run "make: a pool, for its owner only" makes_a_pool
ktap_test_run "make: the umask does not matter" ignores_the_umask
ktap_test_run "make: a stuck source is refused" refuses_stuck
ktap_test_run "make: a biased source is refused, unless claimed" refuses_text
ktap_test_run "make: a source that ends is refused" refuses_short_source
ktap_test_run "make: no file is overwritten" refuses_existing
ktap_test_run "make: a source that is not there is named" refuses_no_source
ktap_test_run "personalise: image, key and registration" makes_a_card
ktap_test_run "personalise: one pool, one card" one_pool_one_card
ktap_test_run "personalise: after a failure, again" again_after_failure
ktap_test_run "personalise: LOAD commands for a chip" makes_load_commands
ktap_test_run "personalise: a batch of cards" batch_of_cards
ktap_test_run "personalise: a batch stops at its first failure" batch_stops
ktap_test_run "impossible values are named" refuses_bad_values
ktap_test_run "unfit secrets are named" refuses_bad_secrets
ktap_test_run "inspect: damaged regions are named" names_damage
ktap_test_run "personalise: a damaged pool leaves nothing" refuses_damaged_pool
ktap_test_run "inspect: other keys are told from damage" refuses_other_keys
if unshare --mount mount -t tmpfs none /mnt 2>/dev/null; then
	ktap_test_run "a full disk leaves nothing half made" full_disk
	ktap_test_run "a read-only disk is named" read_only_disk
else
	ktap_test_skip "a full disk leaves nothing half made" "no right to mount"
	ktap_test_skip "a read-only disk is named" "no right to mount"
fi
ktap_test_run "qsvsim: what is wrong with its arguments" simulator_says_what_is_wrong
ktap_test_run "qsvsim: memory and image are its own" simulator_keeps_its_memory
ktap_test_run "set-pin: a new PIN" qspool set-pin --image a.img --image-key a.ikey --pin-file pin
ktap_test_run "help" helps
ktap_test_run "version" qspool --version
ktap_finished
