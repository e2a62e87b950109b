#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What ends keys by itself: silence, age, the end of a rekey's overlap. Each time
# the keys go, an event says so, and the call goes on blocking.
set -u

here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../.." && pwd -P)
lib=$top/selftests/lib
# shellcheck source=selftests/lib/ktap.sh
. "$lib/ktap.sh"
# shellcheck source=selftests/lib/netns.sh
. "$lib/netns.sh"
work=$(mktemp -d)
# shellcheck source=selftests/lib/calls.sh
. "$lib/calls.sh"

readonly A=192.0.2.1 B=192.0.2.2

watcher=''
finish() {
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

q() {
	# shellcheck disable=SC2154 # netns_add sets it
	"$QSCTL" -n "$a" "$@"
}

# keyed ID PORT [ARGUMENT...]: a call of namespace a with keys for both ways
keyed() {
	local id=$1 port=$2

	shift 2
	random_key "$work/$id.tx" && random_key "$work/$id.rx" &&
		end_call "$a" "$id" "$A:$port" "$B:$port" "$work/$id.tx" "$work/$id.rx" "$@"
}

# state_is ID STATE
state_is() {
	q -j call show "$1" | grep -Eq "\"state\": ?\"$2\""
}

has_keys() {
	q call show "$1" | grep -q 'key: generation'
}

# send PORT [COUNT]: RTP packets of the application, two a second
send() {
	ip netns exec "$a" python3 - "$@" <<-END
		import socket, sys, time
		port, count = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("$A", port))
		for seq in range(count):
		    time.sleep(0.5 if seq else 0)
		    s.sendto(bytes([128, 96, 0, seq]) + bytes(8) + b"$MARKER", ("$B", port))
	END
}

# after ID MIN MAX REASON: seconds between what started the call's clock (its last
# key, or its making) and the end of its keys, by the kernel's own clock: the
# machine may be slow, the deadline may not. It is counted in ticks, and the one that
# it begins with may be late: the keys may go that much earlier.
after() {
	within 30 state_is "$1" erased || { echo "not erased"; return 1; }
	has_keys "$1" && { echo "there are keys"; return 1; }
	within 5 grep -q "\"erased\",\"call\":\"$1\"" "$work/events" || return
	python3 - "$work/events" "$@" <<-END
		import json, sys
		path, call, least, most, reason = sys.argv[1:]
		start = {"timeout": "key", "lifetime": "call_add"}[reason]
		events = [json.loads(line) for line in open(path)]
		events = [e for e in events if e["call"] == call]
		begin = max(e["time_ns"] for e in events if e["event"] == start)
		end, = (e for e in events if e["event"] == "erased")
		took = (end["time_ns"] - begin) / 1e9
		print("erased after", took, "s:", end["reason"])
		sys.exit(end["reason"] != reason or not float(least) - 0.1 <= took <= float(most))
	END
}

overlap_event() {
	within 5 grep -Eq '"erased","call":"re","reason":"rekey","leg":0,"dir":"rx"' "$work/events" ||
		{ cat "$work/events"; return 1; }
}

# A stream that is far on, by its roll-over counter, begins with the 2^47-th packet.
half() {
	random_key "$work/half" && q call add half local "$A:5012" remote "$B:5012" &&
		q call key half tx roc 0:2147483648 file "$work/half" && send 5012 || return
	within 5 grep '"event":"rekey","call":"half","leg":0,"dir":"tx"' "$work/events" ||
		{ cat "$work/events"; return 1; }
}

blocks() { # ID PORT
	local before

	before=$(counter "$a" "$1" tx_drop_erased)
	send "$2" && [ "$(counter "$a" "$1" tx_drop_erased)" -eq $((before + 1)) ]
}

silence() {
	keyed quiet 5000 timeout 2 && after quiet 2 3 timeout
}

has_sent() {
	[ "$(counter "$a" "$1" tx_rtp)" -gt 0 ]
}

# Packets keep the call alive beyond its timeout, and no longer. It has one when
# they flow, since the first may be long in coming on a slow machine.
talk_on() {
	local sender

	keyed talk 5002 || return
	send 5002 24 &
	sender=$!
	within 60 has_sent talk && q call set talk timeout 4 && wait "$sender" &&
		after talk 11 120 timeout
}

age() {
	keyed old 5004 lifetime 5 && after old 5 6 lifetime
}

# A lifetime runs without keys as well: nobody can key the call any more.
age_without_keys() {
	q call add bare local "$A:5006" remote "$B:5006" lifetime 1 || return
	after bare 1 2 lifetime || return
	random_key "$work/late"
	! q call key bare tx file "$work/late" 2>"$work/why" && grep 'keys were erased' "$work/why"
}

# A deadline that is put off or lifted does not strike.
put_off() {
	random_key "$work/later.tx" && random_key "$work/later.rx" || return
	batch "$a" "call add later local $A:5008 remote $B:5008 lifetime 60 timeout 60" \
		"call key later tx file $work/later.tx" "call key later rx file $work/later.rx" \
		"call set later lifetime 4 timeout 3" \
		"call set later lifetime 0 timeout 0" || return
	sleep 5 && state_is later secure
}

overlap() {
	keyed re 5010 || return
	q call del re
	q call add re local "$A:5010" remote "$B:5010" || return
	q call key re rx mki 01 file "$work/re.rx" && q call key re tx mki 01 file "$work/re.tx" &&
		batch "$a" "call key re rx mki 02 overlap 5000 file $work/re.tx" \
			"call show re" >"$work/shown" || return
	grep -q 'generation 1, overlap' "$work/shown" || { echo "no overlap"; return 1; }
	within 30 eval '! q call show re | grep -q overlap' && state_is re secure
}

# The third generation does not wait for the first one's overlap.
two_at_most() {
	q call key re rx mki 03 overlap 60000 file "$work/re.rx" &&
		q call key re rx mki 04 overlap 60000 file "$work/re.tx" &&
		[ "$(q call show re | grep -c 'rx key')" -eq 2 ] &&
		! q call show re | grep 'MKI 02'
}

calls_need python3
# shellcheck disable=SC2154 # netns_add sets them
netns_add a && netns_add b && netns_link "$a" "$b" || exit
"$QSCTL" -n "$a" -j monitor >"$work/events" 2>&1 &
watcher=$!

ktap_print_header
ktap_set_plan 11
ktap_test_run "silence: the keys are gone within a second of the timeout, and told" silence
ktap_test_run "silence: the call goes on blocking" blocks quiet 5000
ktap_test_run "packets put the timeout off" talk_on
ktap_test_run "age: the keys are gone within a second of the lifetime, and told" age
ktap_test_run "age: the call goes on blocking" blocks old 5004
ktap_test_run "age: a call without keys cannot be keyed afterwards" age_without_keys
ktap_test_run "deadlines that are lifted do not strike" put_off
ktap_test_run "rekey: the old receiving key goes at the end of the overlap" overlap
ktap_test_run "rekey: an event says so" overlap_event
ktap_test_run "rekey: an event says that half of a key's packets are used up" half
ktap_test_run "rekey: never more than two generations" two_at_most
ktap_finished
