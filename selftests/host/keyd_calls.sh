#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# qskeyd between virtual SIMs, pcscd, the key service and a kernel that is written
# for the tests (tools/tests/keyd/standin.c): calls from beginning to end, and
# everything that users do wrong or that goes away in the middle.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/flip.sh
. "$top/selftests/lib/flip.sh"

# shellcheck source=selftests/lib/inside.sh
. "$top/selftests/lib/inside.sh"
inside "$@"
readonly KMS=127.0.0.1:17780 A=192.0.2.1:5004 B=192.0.2.2:5004
readonly ALICE_PORT=17001 BOB_PORT=17011

# ------------------------------------------------------------------- helpers

# refused STATUS TEXT COMMAND...: it ends with STATUS and says TEXT
refused() {
	local want=$1 text=$2 status=0

	shift 2
	"$@" >said 2>&1 || status=$?
	cat said
	[ "$status" -eq "$want" ] || { echo "exit status $status, not $want"; return 1; }
	grep -qF -- "$text" said || { echo "it does not say: $text"; return 1; }
}

# alice_calls ID [WORD...], bob_answers ID [WORD...]
alice_calls() {
	ctl alice call start "$1" peer bob local "$A" remote "$B" "${@:2}"
}

bob_answers() {
	ctl bob call start "$1" peer alice role callee local "$B" remote "$A" "${@:2}"
}

# both ID: the callee first, who has to wait
both() {
	local pid status=0

	bob_answers "$1" >bob.said 2>&1 &
	pid=$!
	alice_calls "$1" || status=1
	wait "$pid" || { cat bob.said; status=1; }
	return "$status"
}

hang_up() {
	ctl alice call end "$1" && ctl bob call end "$1"
}

# keys ID EPOCH: both kernels derived the same from what they were given
keys() {
	local a b

	a=$(sed -n "s/^session $1 epoch $2 .* //p" alice/feed)
	b=$(sed -n "s/^session $1 epoch $2 .* //p" bob/feed)
	echo "alice: $a, bob: $b"
	[ "$a" ] && [ "$a" = "$b" ]
}

# fed NAME LINE: the kernel of NAME was told that
fed() {
	grep -qx -- "$2" "$1/feed"
}

# costs N COMMAND...: it succeeds, and takes so many keys of alice's card
costs() {
	local n=$1 before after

	shift
	before=$(left alice)
	"$@" || return
	after=$(left alice)
	[ $((before - after)) -eq "$n" ] || { echo "$before keys, then $after"; return 1; }
}

# new_phone NAME NUMBER PORT [KEYS [PROFILE]]
new_phone() {
	local name=$1 number=$2 port=$3

	shift 3
	card_make "$name" "$number" "$name" "$@" && mkfifo "$name/events" &&
		phone_start "$name" - "$port" "$KMS"
}

restart_keyd() {
	halt "$1.keyd"
	keyd_start "$1" - "${@:2}"
}

# --------------------------------------------------------------------- calls

begin() {
	kms_make && kms_start - "$KMS" --fetch-timeout 3 && new_phone alice 1 "$ALICE_PORT" 400 &&
		new_phone bob 2 "$BOB_PORT" 400
}

whole_call() {
	costs 1 both c1 && keys c1 0 && fed alice 'new c1 role caller' &&
		fed bob 'new c1 role callee' && fed alice 'lifetime c1 some'
}

rekeys() {
	costs 1 ctl alice call rekey c1 && keys c1 1 && fed alice 'activate c1 epoch 1' &&
		until_true fed bob 'activate c1 epoch 1' && costs 1 ctl bob call rekey c1 &&
		keys c1 2 && until_true fed alice 'activate c1 epoch 2' &&
		fed bob 'activate c1 epoch 2'
}

# No more than one epoch comes of it, or two in a row.
rekeys_at_once() {
	local pid

	ctl alice call rekey c1 >alice.said 2>&1 &
	pid=$!
	ctl bob call rekey c1
	wait "$pid"
	cat alice.said
	until_true fed alice 'activate c1 epoch 3' && until_true fed bob 'activate c1 epoch 3' &&
		keys c1 3
}

kernel_wants_rekey() {
	local last

	last=$(sed -n 's/^activate c1 epoch //p' alice/feed | tail -n 1)
	echo 'rekey c1' >alice/events
	until_true fed alice "activate c1 epoch $((last + 1))" &&
		until_true fed bob "activate c1 epoch $((last + 1))" && keys c1 $((last + 1))
}

ends() {
	hang_up c1 && fed alice 'del c1' && fed bob 'del c1' &&
		refused 2 'no call with this id' ctl alice call end c1
}

kernel_ends_it() {
	both c2 && echo 'del c2' >alice/events && echo 'erased c2' >bob/events &&
		until_true grep -q 'call c2 with bob was removed' alice/keyd.log &&
		until_true grep -q 'keys of call c2 were erased' bob/keyd.log &&
		ctl bob call end c2
}

two_draw() {
	new_phone tina 9 17021 40 two-draw &&
		ctl tina call start t1 peer alice local "$A" remote "$B" && [ "$(left tina)" -eq 38 ] &&
		ctl alice call start t1 peer tina role callee local "$B" remote "$A" &&
		ctl tina call end t1 && ctl alice call end t1 && halt tina.keyd &&
		halt tina.pcscd && halt tina.sim
}

# Who gives up before it is there leaves a call that nothing passes through.
gives_up() {
	local pid

	bob_answers c3 &
	pid=$!
	until_true fed bob 'new c3 role callee' && kill "$pid"
	wait "$pid"
	until_true grep -q 'call c3 with alice: .* it lets nothing pass now' bob/keyd.log &&
		! fed bob 'del c3' && ctl bob call end c3 && fed bob 'del c3' &&
		! fed bob 'session c3.*'
}

wrong_words() {
	refused 1 'peer SUBSCRIBER is missing' ctl alice call start x local "$A" remote "$B" &&
		refused 1 'peer is not a subscriber' ctl alice call start x peer 'b b' local "$A" \
			remote "$B" &&
		refused 1 'not for secure calls' alice_calls x suite AES_CM_128_HMAC_SHA1_80 &&
		refused 3 'qskeyd does not run' qsctl -s /nowhere/at/all card list
}

wrong_parties() {
	refused 36 'nobody has called you' bob_answers c4 &&
		refused 35 'does not know that subscriber' ctl alice call start c4 peer nobody \
			local "$A" remote "$B" && ! fed alice 'session c4.*'
}

# What failed just now stays in the kernel: nothing passes in clear by accident. It
# may be tried again, but only as it is; or somebody ends it in so many words.
stays_blocked() {
	refused 36 'Call c4 stays and lets nothing pass' bob_answers c4 &&
		! fed bob 'del c4' &&
		refused 1 'call c4 blocks, but with other addresses or options' \
			bob_answers c4 timeout 9 &&
		refused 1 'the call has no keys yet' ctl bob call rekey c4 &&
		ctl alice call end c4 && both c4 && keys c4 0 &&
		[ "$(grep -c '^new c4' bob/feed)" -eq 1 ] && hang_up c4
}

# --------------------------------------------------------------------- cards

wrong_pin() {
	restart_keyd alice && echo 1111 >alice/pin &&
		refused 22 'that is not the PIN of card 1 (SIM of alice 00 00), 2 tries left' \
			alice_calls p1 &&
		refused 22 'has refused this PIN before' alice_calls p1 &&
		ctl alice card info | grep -q 'PIN tries: 2' && echo "$PIN" >alice/pin &&
		alice_calls p1 && ctl alice call end p1
}

# With qsctl from standard input, from a file, and from pinentry
unlocks() {
	keyd_conf alice "$KMS" && sed -i '/^pin-file/d' alice/conf && restart_keyd alice &&
		refused 23 'needs its PIN: give it to "qsctl card unlock"' alice_calls p2 &&
		refused 1 'no try was used' ctl alice card unlock <<<'12ab' &&
		ctl alice card unlock <<<"$PIN" && alice_calls p2 && ctl alice call end p2 &&
		restart_keyd alice && ctl alice card unlock 1 file alice/pin &&
		alice_calls p2 && ctl alice call end p2 && restart_keyd alice &&
		PATH=$work:$PATH ctl alice card unlock pinentry "$work/pinentry" &&
		alice_calls p2 && ctl alice call end p2
}

fake_pinentry() {
	cat >pinentry <<-END
	#!/bin/sh
	echo OK hello
	while read -r word rest; do
		case \$word in
		GETPIN) echo "D $PIN"; echo OK ;;
		OPTION) echo ERR 1 unknown ;;
		BYE) echo OK; exit ;;
		*) echo OK ;;
		esac
	done
	END
	chmod +x pinentry
}

last_try() {
	restart_keyd alice && echo "$PIN" >alice/pin &&
		refused 22 '2 tries left' ctl alice card unlock <<<1111 &&
		refused 22 '1 tries left' ctl alice card unlock <<<1111 &&
		keyd_conf alice "$KMS" && restart_keyd alice &&
		refused 21 'leaves one try for the PIN' alice_calls p3 &&
		ctl alice card unlock <<<"$PIN" && alice_calls p3 && ctl alice call end p3
}

blocked_and_empty() {
	new_phone carol 3 17031 2 && ctl carol call start e1 peer bob local "$A" remote "$B" &&
		ctl carol call start e2 peer bob local "$A" remote "$B" &&
		refused 19 'card 3 (SIM of carol 00 00) is empty, all of its 2 keys are used' \
			ctl carol call start e3 peer bob local "$A" remote "$B" &&
		halt carol.keyd && halt carol.sim &&
		card_make dave 4 dave 5 && cp dave/card.* carol/ && sim_start carol - 17031 &&
		keyd_start carol - && until_true has_card carol &&
		refused 22 '2 tries left' ctl carol card unlock <<<1111 &&
		refused 22 '1 tries left' ctl carol card unlock <<<1111 &&
		refused 20 'the PIN of card 4 (SIM of carol 00 00) is blocked' \
			ctl carol card unlock <<<1111 &&
		refused 20 'blocked' ctl carol call start e4 peer bob local "$A" remote "$B"
}

# The carrier's token ends the card itself.
revoked_card() {
	local token

	token=$(kms -j subscriber revoke dave | grep -oE '[0-9a-f]{80}') &&
		echo "token $token" &&
		PCSCLITE_CSOCK_NAME=$work/carol/run/pcscd.comm opensc-tool -r 'SIM of carol 00 00' \
			-s 00:A4:04:00:05:F0:51:53:43:01 \
			-s "80:38:00:00:28:$(sed 's/../&:/g; s/:$//' <<<"$token")" &&
		refused 18 'was revoked by your carrier' \
			ctl carol call start r1 peer bob local "$A" remote "$B" &&
		ctl carol card list | grep revoked-card
}

foreign_card() {
	halt carol.sim
	launch carol.sim foreign.log "$top/selftests/lib/foreign_card.py" 17031
	until_true eval 'ctl carol card list | grep -q foreign-card' &&
		refused 13 'is not a QSC card (it answers 6A82)' \
			ctl carol call start f1 peer bob local "$A" remote "$B"
}

no_card() {
	halt carol.sim
	# pcscd takes a moment to see it.
	until_true refused 12 'there is no card in SIM of carol' \
		ctl carol call start f2 peer bob local "$A" remote "$B" &&
		refused 14 'not card 77' alice_calls f2 card 77
}

no_reader() {
	halt carol.pcscd
	refused 10 'pcscd is not running' ctl carol call start f3 peer bob local "$A" remote "$B" &&
		pcscd_start carol - none &&
		until_true test -S carol/run/pcscd.comm &&
		refused 11 'knows no card reader' \
			ctl carol call start f4 peer bob local "$A" remote "$B" &&
		halt carol.pcscd && halt carol.keyd
}

# ------------------------------------------------------------------- service

unreachable() {
	halt kms
	costs 0 refused 30 "the key service at $KMS cannot be reached (Connection refused)" \
		alice_calls s1
}

# impostor TEXT COMMAND...: something else at the service's address is recognised,
# and the key that met it is not lost
impostor() {
	local text=$1 status=0

	shift
	launch kms impostor.log "$@"
	until_true answers || return
	refused 31 "$text" alice_calls s2 || status=1
	halt kms KILL
	return "$status"
}

answers() {
	(exec 3<>/dev/tcp/127.0.0.1/17780)
}

impostors() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=kms -keyout tls.key -out tls.crt 2>/dev/null &&
		impostor 'shows a certificate' openssl s_server -accept "$KMS" -cert tls.crt \
			-key tls.key -quiet &&
		impostor 'does not speak qsc-kms/1' openssl s_server -accept "$KMS" -cert tls.crt \
			-key tls.key -quiet -alpn h2 &&
		impostor 'it is no key service' openssl s_server -accept "$KMS" -cert tls.crt \
			-key tls.key -quiet -tls1_2 &&
		impostor 'does not speak TLS 1.3 as it should' python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 17780))
while True:
    c, _ = s.accept()
    c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    c.close()'
}

# Four calls met an impostor with one key, which now serves the fifth.
spare_key() {
	kms_start - "$KMS" --fetch-timeout 3 && costs 0 alice_calls s3 && ctl alice call end s3 &&
		costs 1 alice_calls s3 && ctl alice call end s3
}

clock_jumps() {
	local fault=$top/out/tools/tests/kms

	halt alice.keyd
	"$fault/kms_fault" "$work/clock" none 0 0 EIO 0 >/dev/null
	LD_PRELOAD=$fault/preload_faults.so QSC_FAULT_CONTROL=$work/clock keyd_start alice - &&
		both j1 || return
	"$fault/kms_fault" "$work/clock" none 0 0 EIO 400000000 >/dev/null
	ctl alice call rekey j1 && keys j1 1 || return
	"$fault/kms_fault" "$work/clock" none 0 0 EIO -800000000 >/dev/null
	ctl alice call rekey j1 && keys j1 2 && hang_up j1 && both j2 && hang_up j2 &&
		restart_keyd alice
}

# ---------------------------------------------------------------- sudden ends

# At each step of a draw: the call goes on with another key, one is lost.
torn_card() {
	local step pid

	for step in draw burnt synced checked copied zeroised answer pin-counted; do
		halt alice.sim
		sim_start alice - "$ALICE_PORT" --die-at "$step"
		until_true has_card alice || return
		restart_keyd alice # which forgets that the PIN is right
		(
			until_true eval '! alive alice.sim'
			sim_start alice - "$ALICE_PORT"
		) &
		pid=$!
		alice_calls "torn-$step" || { echo "at $step"; return 1; }
		wait "$pid"
		until_true has_card alice && ctl alice call end "torn-$step" || return
	done
	grep -c 'keys of card 1 were lost' alice/keyd.log
	! grep 'login-refused' alice/keyd.log
}

killed_service() {
	local i pid

	for i in 1 2 3 4 5; do
		alice_calls "k$i" >said 2>&1 &
		pid=$!
		sleep "0.0$((i * 5))"
		halt kms KILL
		kms_start - "$KMS" --fetch-timeout 3 || return
		wait "$pid" && ctl alice call end "k$i"
	done
	both k9 && hang_up k9
}

killed_pcscd() {
	local i pid

	for i in 1 2 3; do
		alice_calls "l$i" >said 2>&1 &
		pid=$!
		sleep "0.0$((i * 4))"
		halt alice.pcscd KILL
		pcscd_start alice - "$ALICE_PORT"
		wait "$pid" && ctl alice call end "l$i"
		until_true has_card alice || return
	done
	both l9 && hang_up l9
}

# What it leaves in the kernel can be ended by its successor.
killed_helper() {
	local i pid

	for i in 1 2 3 4; do
		alice_calls "m$i" >said 2>&1 &
		pid=$!
		sleep "0.0$((i * 4))"
		halt alice.keyd KILL
		wait "$pid"
		keyd_start alice - && until_true has_card alice || return
	done
	both m9 && hang_up m9
}

# The peer has the new key, but the service cannot say so any more: packets do.
service_gone_in_rekey() {
	both n1 && halt bob.keyd KILL || return
	ctl alice call rekey n1 >said 2>&1 &
	until_true grep -q 'session n1 epoch 1 hold' alice/feed && ! fed alice 'activate n1 epoch 1' &&
		halt kms KILL && echo 'uses n1 1' >alice/events &&
		until_true fed alice 'activate n1 epoch 1' && wait $! &&
		ctl alice call end n1 && kms_start - "$KMS" --fetch-timeout 3 &&
		keyd_start bob - && until_true has_card bob
}

# --------------------------------------------------------- without a card slot

# many NAME COUNT: that many calls of an edge server at the same time
many() {
	local i pids='' status=0

	for ((i = 0; i < $2; i++)); do
		ctl edge call start "$1$i" peer alice local "127.0.0.1:$((20000 + i))" \
			remote "127.0.0.2:$((20000 + i))" >"edge/said.$i" 2>&1 &
		pids="$pids $!"
	done
	for i in $pids; do
		wait "$i" || status=1
	done
	[ "$status" -eq 0 ] || [ "${3-}" ] || cat edge/said.*
	return "$status"
}

pool_file() {
	card_make edge 7 edge 3000 && mkfifo edge/events &&
		keyd_conf edge "$KMS" "pcsc = no" "pool-file = $work/edge/card.img" \
			"pool-key = $work/edge/card.key" &&
		sed -i '/^pin-file/d' edge/conf && keyd_start edge - && many a 40 &&
		[ "$(left edge)" -eq 2960 ]
}

# used NAME: keys that its card has given away for good, as the service knows
used() {
	kms subscriber status "$1" | sed -n 's/^used: //p'
}

# Whatever was in flight may be lost; nothing is given twice, for the service would
# refuse it.
killed_pool_file() {
	local i pid

	for i in 1 2 3 4 5 6 7 8 9 10; do
		many "b$i." 20 quiet &
		pid=$!
		sleep "0.0$i"
		halt edge.keyd KILL
		wait "$pid"
		keyd_start edge - || return
	done
	many c 20 || return
	echo "given $((3000 - $(left edge))), logged in with $(used edge)"
	! grep 'login-refused\|does not know this key' edge/keyd.log edge/said.* &&
		[ "$(left edge)" -ge $((2960 - 20 - 200)) ] &&
		[ $((3000 - $(left edge))) -ge "$(used edge)" ] && halt edge.keyd
}

bad_pool_file() {
	local status=0

	cp edge/card.img edge/good.img
	flip edge/card.img 100
	QSC_FEED_LOG=edge/feed QSC_FEED_EVENTS=edge/events \
		timeout 20 "$QSKEYD" --config edge/conf >said 2>&1 || status=$?
	cat said
	mv edge/good.img edge/card.img
	[ "$status" -ne 0 ] && grep -q "edge/card.img" said
}

# ------------------------------------------------------------------- secrecy

keeps_to_itself() {
	local pid

	pid=$(cat alice.keyd.pid)
	grep -E '^(CapEff|CapPrm|CapBnd|VmLck|NoNewPrivs)' "/proc/$pid/status"
	grep -q '^CapEff:.*0000000000001000$' "/proc/$pid/status" &&
		grep -q '^CapBnd:.*0000000000001000$' "/proc/$pid/status" &&
		grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status" &&
		grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits" &&
		! grep -q "$PIN" ./*/keyd.log kms.log "/proc/$pid/cmdline" &&
		[ "$(stat -c %a alice/s)" = 600 ]
}

ktap_print_header
ktap_set_plan 33
ktap_test_run "a key service and two handsets" begin
ktap_test_run "caller and callee get the same keys, for one of the card's" whole_call
ktap_test_run "new keys in mid-call, whoever begins" rekeys
ktap_test_run "new keys when both begin" rekeys_at_once
ktap_test_run "new keys when the kernel wants them" kernel_wants_rekey
ktap_test_run "a hang-up" ends
ktap_test_run "the kernel's end of a call is the end of it" kernel_ends_it
ktap_test_run "a two-draw card" two_draw
ktap_test_run "a call that nobody waits for blocks" gives_up
ktap_test_run "wrong words are named" wrong_words
ktap_test_run "wrong parties are told so" wrong_parties
ktap_test_run "a call that cannot be started blocks, and may be tried again" stays_blocked
ktap_test_run "a wrong PIN is tried once" wrong_pin
fake_pinentry
ktap_test_run "the PIN from a pipe, a file and pinentry" unlocks
ktap_test_run "the last try for the PIN is not taken" last_try
ktap_test_run "an empty card, and a blocked one" blocked_and_empty
if command -v opensc-tool >/dev/null; then
	ktap_test_run "a card that the carrier has revoked" revoked_card
else
	ktap_test_skip "a card that the carrier has revoked" "opensc-tool is missing"
fi
ktap_test_run "a foreign card" foreign_card
ktap_test_run "no card" no_card
ktap_test_run "no reader, and no pcscd" no_reader
ktap_test_run "an unreachable service costs no key" unreachable
ktap_test_run "impostors are recognised" impostors
ktap_test_run "a key that met impostors only is used for the next call" spare_key
ktap_test_run "jumps of the wall clock do no harm" clock_jumps
ktap_test_run "a card torn at each step" torn_card
ktap_test_run "pcscd is killed in the middle" killed_pcscd
ktap_test_run "the key service is killed in the middle" killed_service
ktap_test_run "qskeyd is killed in the middle" killed_helper
ktap_test_run "packets of the peer end a rekey that the service cannot" service_gone_in_rekey
ktap_test_run "a pool file instead of a card, for many calls at once" pool_file
ktap_test_run "qskeyd is killed in the middle of many, and no key is given twice" killed_pool_file
ktap_test_run "a damaged pool file is named" bad_pool_file
ktap_test_run "rights, dumps and logs" keeps_to_itself
[ "$ktap_failed" -eq 0 ] || [ -z "${QSC_LOGS-}" ] || cp -r "$work" "$QSC_LOGS"
ktap_finished
