#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Network namespaces do not know of each other: two pairs with the same
# addresses and the same call-id, each with keys of its own, and a third pair
# without a call.
#
#   a1 ---- b1     a2 ---- b2     a3 ---- b3
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

readonly PACKETS=30 A=192.0.2.1:5004 B=192.0.2.2:5004 ID=the-call

watcher=
finish() {
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null
	taps_stop
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# secure NUMBER: both ends of a pair
secure() {
	local a=a$1 b=b$1

	mkdir -p "$work/$1"
	random_key "$work/$1/ab" && random_key "$work/$1/ba" &&
		end_call "${!a}" "$ID" "$A" "$B" "$work/$1/ab" "$work/$1/ba" &&
		end_call "${!b}" "$ID" "$B" "$A" "$work/$1/ba" "$work/$1/ab"
}

# talk_pair NUMBER [SSRC]
talk_pair() {
	local a=a$1 b=b$1

	"$RTP_FLOW" -c "$PACKETS" ${2:+-s "$2"} "${!a}" "$A" "$B" "${!b}" "$B" "$A"
}

# counts NS N: the namespace's totals and the call's counters are both N
counts() {
	"$QSCTL" -n "$1" stats
	[ "$(counter "$1" "$ID" tx_rtp)" -eq "$2" ] && [ "$(counter "$1" "$ID" rx_rtp)" -eq "$2" ] &&
		[ "$("$QSCTL" -n "$1" -a stats | awk '$1 == "tx_rtp" { print $2 }')" -eq "$2" ]
}

no_calls() {
	local list

	list=$("$QSCTL" -n "$1" -j call list) || return
	echo "$list"
	[ "$(echo "$list" | tr -d '[:space:]')" = '[]' ]
}

# Control: without a call the marker is on the wire, so the tap would tell.
clear_without_call() {
	local tries

	talk_pair 3 || return
	for tries in $(seq 100); do
		grep -aq "$MARKER" "$work/3.pcap" && return
		sleep 0.1
	done
	echo "no clear packet in the capture after $tries looks"
	return 1
}

# hooked NS 1|0
hooked() {
	"$QSCTL" -n "$1" -j info | python3 -c '
import json, sys
info = json.load(sys.stdin)
print(info)
sys.exit(bool(info["hooked"]) != bool(int(sys.argv[1])))' "$2"
}

flush_one() {
	# shellcheck disable=SC2154 # netns_add sets it
	"$QSCTL" -n "$a1" call flush && no_calls "$a1" && talk_pair 2 2 &&
		"$QSCTL" -n "$b1" call flush
}

no_event() {
	kill "$watcher"
	wait "$watcher" 2>/dev/null
	watcher=
	cat "$work/events"
	! grep -q "$ID" "$work/events"
}

# The call dies with its namespace, and nobody else notices.
namespace_goes() {
	secure 1 && ip netns del "$a1" && talk_pair 2 3
}

# A namespace that goes while its calls carry packets takes them along. It
# lives until the last socket in it is closed.
namespace_goes_in_use() {
	local flow ns

	# shellcheck disable=SC2154 # netns_add sets them
	"$RTP_FLOW" -c 0 -n "$a2" "$A" "$B" "$b2" "$B" "$A" >/dev/null &
	flow=$!
	sleep 0.5
	ip netns del "$a2" && ip netns del "$b2" || return
	sleep 0.2
	kill "$flow" && wait "$flow" || return
	for ns in $netns_made; do
		case $ns in "$a1" | "$a2" | "$b2") continue ;; esac
		"$QSCTL" -n "$ns" info >/dev/null || return
	done
}

calls_need tcpdump python3
for name in a1 b1 a2 b2 a3 b3; do
	netns_add $name || exit
done
# shellcheck disable=SC2154
netns_link "$a1" "$b1" && netns_link "$a2" "$b2" && netns_link "$a3" "$b3" || exit

ktap_print_header
ktap_set_plan 12
tap_start "$a1" eth0 "$work/1.pcap"
tap_start "$a3" eth0 "$work/3.pcap"
"$QSCTL" -n "$a3" monitor >"$work/events" 2>&1 &
watcher=$!

secure 1 && secure 2 || exit
ktap_test_run "the same call-id and addresses work in two namespaces" talk_pair 1
ktap_test_run "each with its own keys" talk_pair 2
ktap_test_run "the counters of one are its own" counts "$a1" "$PACKETS"
ktap_test_run "a namespace without calls has none in its list" no_calls "$a3"
ktap_test_run "its packets with the same addresses stay clear" clear_without_call
ktap_test_run "nor has it hooks" hooked "$a3" 0
ktap_test_run "while the others have" hooked "$a1" 1
ktap_test_run "a flush in one leaves the other alone" flush_one
ktap_test_run "no event crosses over" no_event
taps_stop
ktap_test_run "the wire of a call has no clear packet" tap_clean "$work/1.pcap"
ktap_test_run "a namespace takes its calls along" namespace_goes
ktap_test_run "also under traffic" namespace_goes_in_use
for ns in "$a1" "$a2" "$b2"; do
	netns_made=${netns_made/ $ns/}
done
ktap_finished
