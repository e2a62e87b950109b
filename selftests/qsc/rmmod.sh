#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module is removed and loaded again under traffic. While there are calls it
# refuses and everything goes on, or it takes all keys along; without calls it
# goes, and leaves no trace.
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

readonly CALLS=3 PACKETS=30
# The last one is with holders of the netlink family's sockets.
rounds=4
! ktap_in_short || rounds=2

flow='' watcher='' owner=''
finish() {
	# shellcheck disable=SC2086 # a word per process
	kill $flow $watcher $owner 2>/dev/null
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

a_end() {
	echo "192.0.2.1:$((5000 + 2 * $1))"
}

b_end() {
	echo "192.0.2.2:$((5000 + 2 * $1))"
}

make_calls() {
	local i

	for ((i = 0; i < CALLS; i++)); do
		# shellcheck disable=SC2154 # netns_add sets them
		pair_call "call$i" "$a" "$b" "$(a_end $i)" "$(b_end $i)" || return
	done
}

start_flow() {
	local i ends=()

	for ((i = 0; i < CALLS; i++)); do
		ends+=("$a" "$(a_end $i)" "$(b_end $i)" "$b" "$(b_end $i)" "$(a_end $i)")
	done
	"$RTP_FLOW" -c 0 -i 500 -s 99 -n "${ends[@]}" >"$work/flow" &
	flow=$!
}

# Everything that could still be there of it. To ask it would load it again.
no_trace() {
	! [ -e /sys/module/qsc ] || { echo "/sys/module/qsc is still there"; return 1; }
	! grep -w qsc /proc/modules /proc/slabinfo || return
	! ip netns exec "$a" nft list hooks 2>/dev/null | grep qsc
}

# While there are calls, under their traffic.
remove_with_calls() {
	if rmmod qsc 2>"$work/rmmod"; then
		no_trace
		return
	fi
	cat "$work/rmmod"
	grep -q 'in use' "$work/rmmod" && drops "$a" call0 && drops "$b" call0
}

# Right after the last call has gone, under traffic of the same addresses.
remove_without_calls() {
	[ -d /sys/module/qsc ] || return 0
	"$QSCTL" -n "$a" call flush && "$QSCTL" -n "$b" call flush && rmmod qsc && no_trace
}

still_works() {
	modprobe qsc && make_calls &&
		talk "$a" "$(a_end 0)" "$(b_end 0)" "$b" "$(b_end 0)" "$(a_end 0)" "$PACKETS" &&
		drops "$a" call0 && drops "$b" call0
}

# Those who hold sockets of the module's netlink family when it goes.
start_holders() {
	"$QSCTL" -n "$a" monitor >"$work/events" 2>&1 &
	watcher=$!
	random_key "$work/bound"
	"$QSCTL" -n "$a" call add mine local 192.0.2.1:6000 remote 192.0.2.2:6000 bound &
	owner=$!
	within 10 "$QSCTL" -n "$a" call key mine tx file "$work/bound" 2>/dev/null
}

# They must get over it.
end_holders() {
	kill $watcher $owner 2>/dev/null
	wait $watcher $owner 2>/dev/null
	watcher='' owner=''
}

quiet() {
	! dmesg | tail -n "+$1" |
		grep -E 'BUG|WARNING|Oops|refcount|Call Trace|leak|still has|use-after'
}

calls_need rmmod modprobe nft
netns_add a && netns_add b && netns_link "$a" "$b" || exit
make_calls || exit
before=$(dmesg | wc -l)

ktap_print_header
ktap_set_plan $((3 * rounds + 1))
for ((round = 1; round <= rounds; round++)); do
	[ $round -ne $rounds ] || start_holders
	start_flow
	sleep 0.5
	ktap_test_run "round $round: refused with calls in use, or removed" remove_with_calls
	ktap_test_run "round $round: removed without a trace" remove_without_calls
	[ $round -ne $rounds ] || end_holders
	kill $flow && wait $flow
	flow=
	ktap_test_run "round $round: calls work afterwards" still_works
done
ktap_test_run "the kernel has not complained" quiet $((before + 1))
ktap_finished
