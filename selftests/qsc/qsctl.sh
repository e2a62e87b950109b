#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# qsctl with the real module: every command does what it says, prints JSON that
# parses, and ends with the right status; wrong input is named in the message
# and changes nothing; and without CAP_NET_ADMIN nothing works.
set -u

here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/netns.sh
. "$top/selftests/lib/netns.sh"
QSCTL=${QSCTL:-$top/out/tools/qsctl}

readonly KSFT_SKIP=4
readonly -a ADDRS=(local 192.0.2.1:5004 remote 192.0.2.2:5004)
readonly -a OTHER=(local 192.0.2.1:6004 remote 192.0.2.2:6004)
readonly -a SEVEN=(local 192.0.2.1:7004 remote 192.0.2.2:7004)
readonly GCM256=AEAD_AES_256_GCM GCM128=AEAD_AES_128_GCM

for program in ip setpriv /usr/bin/python3; do
	command -v "$program" >/dev/null || {
		echo "1..0 # SKIP $program is missing"
		exit $KSFT_SKIP
	}
done

work=$(mktemp -d)
jobs='' ns='' before=''
finish() {
	# shellcheck disable=SC2086 # a word per process
	[ -z "$jobs" ] || kill -KILL $jobs 2>/dev/null
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$work" || exit

# All commands run in a namespace of their own.
q() {
	"$QSCTL" -n "$ns" "$@"
}

# make_key FILE SUITE BYTES
make_key() {
	(umask 077 && echo "$2 inline:$(head -c "$3" /dev/urandom | base64 -w 0)" >"$1")
}

# until_true COMMAND...: for at most ten seconds
until_true() {
	local i

	for ((i = 0; i < 100; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# What the table holds, without the times and what goes away with time.
table() {
	q call show | sed -E -e '/^  (age|last packet):/d' -e '/, overlap,/d' \
		-e 's/, [0-9a-z.]* old,/,/'
}

# does DESCRIPTION COMMAND...: it succeeds and says nothing
does() {
	local description=$1 output

	shift
	if output=$("$@" 2>&1) && [ -z "$output" ]; then
		ktap_test_pass "$description"
	else
		ktap_print_msg "$output"
		ktap_test_fail "$description"
	fi
}

# prints DESCRIPTION REGEXP COMMAND...: it succeeds and prints a line like that
prints() {
	local description=$1 regexp=$2 output

	shift 2
	if output=$("$@" 2>&1) && grep -qE -- "$regexp" <<<"$output"; then
		ktap_test_pass "$description"
	else
		ktap_print_msg "wanted $regexp, got $output"
		ktap_test_fail "$description"
	fi
}

in_short=''
! ktap_in_short || in_short=1

# refused STATUS TEXT COMMAND...: it ends with that status, says that in one
# line on stderr and nothing on stdout, and the table is still what it was when
# $before was set; on a slow kernel, unchanged looks at that for many of them
refused() {
	local status=$1 text=$2 after=$before got output err

	shift 2
	output=$("$@" 2>err)
	got=$?
	[ "$in_short" ] || after=$(table)
	mapfile -t err <err
	if [ "$got" -eq "$status" ] && [ -z "$output" ] && [ "${#err[@]}" -eq 1 ] &&
	   [[ ${err[0]} == *"$text"* ]] && [ "$before" = "$after" ]; then
		ktap_test_pass "refused: $text"
	else
		ktap_print_msg "status $got, wanted $status; got ${err[*]} $output"
		[ "$before" = "$after" ] || ktap_print_msg "the table changed to $after"
		ktap_test_fail "refused: $text"
	fi
}

# unchanged: after all that was refused
unchanged() {
	local after

	after=$(table)
	[ "$before" = "$after" ] || { echo "the table changed to $after"; return 1; }
}

# json DESCRIPTION EXPRESSION COMMAND...: what it prints is JSON, for which
# the Python expression over x is true
json() {
	local description=$1 expression=$2

	shift 2
	if "$@" >json 2>&1 && /usr/bin/python3 -c 'import json, sys
x = json.load(open("json"))
sys.exit(not eval(sys.argv[1]))' "$expression"; then
		ktap_test_pass "$description"
	else
		ktap_print_msg "not $expression: $(cat json)"
		ktap_test_fail "$description"
	fi
}

commands() {
	local word

	for word in "" info call "call add" "call key" "call del" "call erase" \
		    "call list" "call show" "call flush" "call set" stats top monitor; do
		# shellcheck disable=SC2086 # words
		"$QSCTL" $word --help | grep -q '^Usage: qsctl' || {
			echo "no help for $word"
			return 1
		}
	done
}

test_help() {
	ktap_test_run "there is help for every command" commands
	prints "the version is printed" '^qsctl [0-9]+\.[0-9]+' "$QSCTL" --version
	prints "info prints the suites and their drivers" '^suite: AEAD_AES_256_GCM$' q info
	prints "info prints which driver is fast" 'driver: .*(fast|slow)' q info
}

test_calls() {
	does "call add needs only the addresses" q call add c1 "${ADDRS[@]}"
	does "call add takes all its words" q call add c2 local '[2001:db8::1]:5004' \
		remote '[2001:db8::2]:6004' suite $GCM128 role callee rtcp 5005,6005 \
		timeout 60 lifetime 3600 window 64 dtls
	does "words may be abbreviated" q cal a c3 lo 192.0.2.1:8004 rem 192.0.2.2:8004 win 128
	prints "call list prints a line for a call" \
		'^c1 +new +AEAD_AES_256_GCM +192.0.2.1:5004 +192.0.2.2:5004 ' q call list
	prints "call list knows IPv6" '\[2001:db8::1\]:5004 +\[2001:db8::2\]:6004' q call list
	prints "call show prints RTCP ports" 'rtcp: local port 5005, remote port 6005' \
		q call show c2
	prints "call show says that there is no key" 'keys: none' q call show c1
	does "call set changes deadlines" q call set c1 timeout 7 lifetime 100000
	prints "call show prints the new timeout" 'timeout: 7.000s' q call show c1
	does "call set 0 removes them" q call set c1 timeout 0 lifetime 0
	does "call show prints no timeout" eval '! q call show c1 | grep timeout'
}

test_relays() {
	local -a plain=(leg local 192.0.2.1:9006 remote 192.0.2.2:9006 suite plain)

	does "call add takes two legs" q call add r1 timeout 60 \
		leg local 192.0.2.1:9004 remote learn dscp 46 "${plain[@]}" ttl 64 clock 48000
	prints "call list prints a line for each leg" \
		'^ +plain +192.0.2.1:9006 +192.0.2.2:9006$' q call list
	prints "call show says that a remote is to be learnt" \
		'192.0.2.1:9004 -> not learnt yet' q call show r1
	json "a relay is JSON" '(x[0]["legs"][0]["remote_learnt"] and
		"remote" not in x[0]["legs"][0] and x[0]["legs"][0]["dscp"] == 46 and
		x[0]["legs"][1]["ttl"] == 64 and "dscp" not in x[0]["legs"][1])' \
		q -j call show r1
	before=$(table)
	refused 2 'a plain leg learns from a prefix' q call add r2 \
		leg local 192.0.2.1:9010 remote learn suite plain leg "${OTHER[@]}"
	refused 2 'for plain legs that learn' q call add r2 \
		leg local 192.0.2.1:9010 remote learn within 5 leg "${OTHER[@]}"
	prints "top prints each leg" '^r1 +1 new ' q top count 1
	prints "stats prints what Prometheus reads" '^qsc_calls [0-9]+$' q --prometheus stats
	prints "and each leg if asked for" \
		'^qsc_leg_packets_total\{call="r1",leg="1",direction="tx"\} 0$' \
		q --prometheus stats legs
	does "call del ends a relay" q call del r1
}

shows_no_key() {
	local material hex

	material=$(sed 's/.*inline://' key.tx)
	hex=$(base64 -d <<<"$material" | od -An -v -tx1 | tr -d ' \n')
	{ q call show; q -j call show; q call list; q stats; } >shown 2>&1
	! grep -qi -e "${material:0:16}" -e "${hex:0:16}" shown
}

test_keys() {
	make_key key.tx $GCM256 44
	make_key key.rx $GCM256 44
	make_key key.128 $GCM128 28
	does "a key is read from a file" q call key c1 tx mki 0001 file key.tx
	does "a key is read from standard input" q call key c1 rx mki 0001 <key.rx
	prints "the call is secure" 'state: secure' q call show c1
	prints "call show prints the key's state" \
		'tx key: generation 1, active, .* MKI 0001, 0 RTP and 0 RTCP packets' \
		q call show c1
	does "a key takes roll-over counters and an overlap" q call key c1 rx mki 0002 \
		roc 0x11223344:5 roc 7:1 overlap 60000 file key.rx
	prints "the old receive key stays for the overlap" \
		'rx key: generation 1, overlap, .* MKI 0001' q call show c1
	does "the MKI may come from the key line" eval \
		'sed "s/$/|2^48|3:2/" key.tx | q call key c1 tx'
	prints "and is the one that is shown" 'tx key: generation 2, .* MKI 0003' q call show c1
	prints "a lifetime that is not enforced is told" 'not enforce the lifetime' eval \
		'sed "s/$/|2^20|4:2/" key.tx | q call key c1 tx'
	ktap_test_run "nothing that is printed holds a key" shows_no_key
	does "NLCB does not make libnl print the key" env NLCB=debug \
		"$QSCTL" -n "$ns" call key c1 tx mki 0005 file key.tx
}

is_roots() {
	[ "$(stat -c %u "$1")" = 0 ]
}

# While it waits for a key; as an ordinary user, for root may do anything.
is_protected() {
	mkfifo -m 644 fifo && cp "$QSCTL" qsctl && chmod 711 . || return
	setpriv --reuid 65534 ./qsctl call key x tx file "$work/fifo" 2>/dev/null &
	local pid=$! good=1

	exec 3>fifo
	jobs="$jobs $pid"
	until_true is_roots "/proc/$pid/mem" &&
		grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits" && good=0
	exec 3>&-
	wait "$pid"
	return "$good"
}

test_json() {
	json "info is JSON" 'x["suites"][0]["name"] == "AEAD_AES_256_GCM"' q -j info
	json "call list is JSON" '{c["id"] for c in x} == {"c1", "c2", "c3"}' q -j call list
	json "call show is JSON" 'len(x) == 3 and all(c["legs"] for c in x)' q -j call show
	json "call show of one call is JSON" \
		'x[0]["legs"][0]["remote"]["rtcp_port"] == 6005 and x[0]["flags"] == ["dtls"]' \
		q -j call show c2
	json "pretty JSON is JSON" 'x[0]["legs"][0]["keys"][0]["mki"] == "0005"' \
		q -j -p call show c1
	json "stats is JSON" 'x["calls"] == 3 and x["stats"]["tx_drop_no_key"] == 0' q -j stats
	json "stats of a call is JSON" '"rx_rtp" in x["legs"][0]["stats"]' q -j stats call c1
	json "JSON has all counters" 'len(x["stats"]) == 45' q -j stats
	prints "stats leaves zeros out" 'all counters are zero' q stats
	prints "stats -a does not" '^ +rx_drop_replay +0$' q stats call c1 -a
}

test_refusals() {
	before=$(table)
	refused 1 'expected one of: info, call, card, stats, top, monitor' q foo
	refused 1 '"s" is ambiguous: start, show, set' q call s
	refused 1 'the call-id is missing' q call del
	refused 1 'the call-id is empty' q call add '' "${OTHER[@]}"
	refused 1 'one word too many' q call del c1 c2
	refused 1 'suite: "AES_512" is not known' q call add n "${OTHER[@]}" suite AES_512
	refused 1 'local: "192.0.2.1" is not an address and port' \
		q call add n local 192.0.2.1 remote 192.0.2.2:1
	refused 1 'is not an IPv4 address' q call add n local 192.0.2.300:1 remote 192.0.2.2:1
	refused 1 'local: 0 is out of range: 1 to 65535' \
		q call add n local 192.0.2.1:0 remote 192.0.2.2:1
	refused 1 'both be IPv4 or both be IPv6' \
		q call add n local 192.0.2.1:1 remote '[2001:db8::2]:1'
	refused 1 'window: 63 is out of range: 64 to 32768 packets' q call add n "${OTHER[@]}" window 63
	refused 1 'leg comes before its local' q call add n "${OTHER[@]}" leg "${OTHER[@]}"
	refused 2 'only the legs of relay calls learn their remote' \
		q call add n local 192.0.2.1:1 remote learn
	refused 2 'in use by another call or leg' q call add n leg "${OTHER[@]}" leg "${OTHER[@]}"
	refused 2 'a call id is' q call add 'n n' "${OTHER[@]}"
	refused 2 'add c1: a call with this id exists' q call add c1 "${OTHER[@]}"
	refused 2 'in use by another call' q call add n "${ADDRS[@]}"
	refused 2 'leg local-addr 0.0.0.0' q call add n local 0.0.0.0:1 remote 192.0.2.2:1
	refused 2 'leg remote-addr 224.0.0.1' q call add n local 192.0.2.1:1 remote 224.0.0.1:1
	refused 2 'this suite is for the legs of relay calls only' \
		q call add n "${OTHER[@]}" suite AES_CM_128_HMAC_SHA1_80
	refused 2 'lifetime 99999999, allowed: 0..31536000' q call add n "${OTHER[@]}" lifetime 99999999
	refused 2 'no call with this id' q call del n
	refused 2 'no call with this id' q call erase n
	refused 2 'no call with this id' q call show n
	refused 2 'no call with this id' q call set n timeout 1
	refused 2 'no call with this id' q stats call n
	refused 1 'nothing to set' q call set c1
	refused 2 'timeout 31536001, allowed: 0..31536000' q call set c1 timeout 31536001
	ktap_test_run "what is refused changes nothing" unchanged
}

test_key_refusals() {
	before=$(table)
	refused 1 'tx or rx' q call key c1 file key.tx
	refused 1 'never from the command line' q call key c1 tx "inline:$(cat key.tx)"
	refused 1 'cannot open missing' q call key c1 tx file missing
	refused 1 'there is no key' q call key c1 tx </dev/null
	refused 1 'there is more than one line' eval 'cat key.tx key.tx | q call key c1 tx'
	refused 1 'is longer than' eval 'head -c 2000 /dev/zero | tr "\0" A | q call key c1 tx'
	refused 1 'key and salt are 28 bytes together, AEAD_AES_256_GCM needs 32 + 12' eval \
		"sed s/128/256/ key.128 | q call key c1 tx"
	refused 1 'does not begin with a known cipher suite' eval 'echo foo | q call key c1 tx'
	refused 1 'the key line has another MKI' eval \
		'sed "s/$/|1:2/" key.tx | q call key c1 tx mki 0009'
	refused 2 'another suite' q call key c1 tx mki 0009 file key.128
	refused 2 'this direction has a key with this MKI' q call key c1 rx mki 0002 file key.rx
	refused 2 'MKI length differs' q call key c1 rx mki 00 file key.rx
	refused 2 'MKI length differs' q call key c1 rx file key.rx
	refused 2 'the call has no such leg' q call key c1 leg 1 rx mki 0009 file key.rx
	refused 2 'no call with this id' q call key n tx file key.tx
	ktap_test_run "a key that is refused changes nothing" unchanged
}

test_ends() {
	does "call erase erases" q call erase c1
	prints "the call stays, and says why" 'state: erased \(request\)' q call show c1
	before=$(table)
	refused 2 'keys were erased' q call key c1 tx mki 0009 file key.tx
	prints "call del -v says that it had no keys any more" \
		'keys erased: none, they had been erased before' q -v call del c1
	q call add r1 "${SEVEN[@]}" && q call key r1 tx mki 01 file key.tx &&
		q call key r1 rx mki 01 file key.rx && q call key r1 rx mki 02 file key.rx
	json "call del -v tells which keys are gone, and why" \
		'x["removed"] and x["reason"] == "del" and [(k["dir"], k["generation"])
		 for k in x["keys_erased"]] == [("tx", 1), ("rx", 2), ("rx", 1)]' \
		q -j -v call del r1
	json "stats count them" 'x["keys_erased"]["del"] >= 3' q -j stats
	before=$(table)
	refused 2 'no call with this id' q call show c1
	prints "call flush counts" '^2 calls flushed$' q call flush
	does "an empty list is empty" q call list
	json "an empty list is JSON" 'x == []' q -j call list
	json "call flush is JSON" 'x == {"flushed": 0}' q -j call flush
}

is_owned() {
	[ -s held ] && q call show b 2>/dev/null | grep -q 'bound to'
}

# hold OPTION: a bound call, held in the background
hold() {
	rm -f held
	"$QSCTL" -n "$ns" "$1" call add b "${SEVEN[@]}" bound >held 2>&1 &
	holder=$!
	jobs="$jobs $holder"
	until_true is_owned
}

holder_dies() {
	hold -a && kill -KILL "$holder" || return
	wait "$holder"
	q call show b | grep -q 'state: erased (owner)' && q call del b
}

holder_is_asked_to_end() {
	hold -a && grep -q 'call b is bound' held && kill -TERM "$holder" || return
	wait "$holder" && q call show b | grep -q 'state: erased (owner)' && q call del b
}

holder_sees_the_end() {
	hold -a && q call del b && until_true eval "! kill -0 $holder 2>/dev/null" &&
		wait "$holder"
}

test_bound() {
	ktap_test_run "a bound call's keys die with qsctl" holder_dies
	ktap_test_run "qsctl that holds a call ends on SIGTERM" holder_is_asked_to_end
	ktap_test_run "qsctl that holds a call ends with it" holder_sees_the_end
	ktap_test_run "a holder prints JSON" eval \
		'hold -j && /usr/bin/python3 -m json.tool <held && q call del b'
}

# monitor FILE OPTION...: wait until it hears something
start_monitor() {
	local file=$1

	shift
	"$QSCTL" -n "$ns" "$@" >"$file" 2>&1 &
	monitor=$!
	jobs="$jobs $monitor"
	until_true eval "q call add probe ${SEVEN[*]}; q call del probe; sleep 0.1; [ -s $file ]"
}

monitor_prints() {
	start_monitor events monitor && q call add m "${OTHER[@]}" && q call key m tx <key.tx &&
		q call erase m && q call del m && until_true grep -q 'call_del *m$' events &&
		kill -INT "$monitor" && wait "$monitor" &&
		grep -qE 'call_add +m$' events &&
		grep -qE 'key +m  leg 0 tx key, generation 1, AEAD_AES_256_GCM$' events &&
		grep -qE 'erased +m  request  all keys: leg 0 tx key, generation 1$' events
}

monitor_prints_json() {
	start_monitor events.json -j monitor && q call add m "${OTHER[@]}" && q call flush &&
		until_true grep -q '"flush"' events.json && kill -INT "$monitor" &&
		wait "$monitor" &&
		/usr/bin/python3 -c 'import json
events = [json.loads(line) for line in open("events.json")]
assert any(e["event"] == "erased" and e["reason"] == "flush" for e in events)'
}

monitor_ends_by_itself() {
	start_monitor one monitor count 1 && wait "$monitor" && [ "$(wc -l <one)" -eq 1 ] &&
		timeout 20 "$QSCTL" -n "$ns" monitor timeout 1
}

test_monitor() {
	ktap_test_run "monitor prints events until SIGINT" monitor_prints
	ktap_test_run "monitor prints an object a line" monitor_prints_json
	ktap_test_run "monitor ends after its count and its timeout" monitor_ends_by_itself
}

test_batch() {
	printf 'call add x1 %s # one\n\n# two\ncall key x1 tx file key.tx\ncall list\n' \
		"${ADDRS[*]}" >first
	printf 'call add x2 %s bound\ncall del x1\ncall show x2\n' "${OTHER[*]}" >second
	printf 'call add x3 %s\ncall del nope\ncall add x4 %s\n' "${ADDRS[*]}" "${OTHER[*]}" >third
	prints "a batch runs its lines" '^x1 +new' q -b first
	prints "in a batch, a bound call lives as long" 'bound to' q -b - <second
	does "and stays behind without keys" q call del x2
	prints "a batch stops at the first failure and names its line" \
		'^qsctl: third:2: call del nope: no call with this id$' eval 'q -b third || true'
	prints "what came before has happened, what comes after has not" '^x3 ' q call list
	does "which can be undone" q call del x3
	before=$(table)
	refused 1 'call key needs "file PATH" in a batch' eval \
		'echo call key x1 tx | q -b -'
}

# Root without CAP_NET_ADMIN; other tests show that these commands work with it.
weak() {
	setpriv --bounding-set -net_admin --inh-caps -net_admin timeout 20 \
		"$QSCTL" "$@"
}

test_permission() {
	q call add c1 "${ADDRS[@]}"
	before=$(table)
	for command in info "call list" "call show" "call show c1" "call add n ${OTHER[*]}" \
		       "call del c1" "call erase c1" "call set c1 timeout 1" "call flush" \
		       "call key c1 tx file key.tx" stats "stats call c1" \
		       "stats legs" "top count 1" monitor \
		       "call add n ${OTHER[*]} bound"; do
		ktap_print_msg "$command"
		# shellcheck disable=SC2086 # words
		refused 2 'permission denied' weak_in_ns $command
	done
	refused 1 'cannot open network namespace "nowhere"' "$QSCTL" -n nowhere info
	ktap_test_run "without permission nothing changes" unchanged
}

# Entering a namespace takes CAP_SYS_ADMIN only, so -n works here.
weak_in_ns() {
	weak -n "$ns" "$@"
}

ktap_print_header
ktap_set_plan 133
netns_add ns || exit
test_help
test_calls
test_relays
test_keys
ktap_test_run "a process that waits for a key is protected" is_protected
test_json
test_refusals
test_key_refusals
test_ends
test_bound
test_monitor
test_batch
test_permission
ktap_finished
