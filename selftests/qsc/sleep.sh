#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Keys do not sleep: before the machine suspends or hibernates they are gone, in
# every namespace, for what is written to a disk or stays in a stolen machine's
# memory can be read. The kernel's own test mode goes as far as freezing the
# processes, and back.
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
readonly LEVEL=/sys/power/pm_test STATE=/sys/power/state
readonly ERASES=/sys/module/qsc/parameters/suspend_erase

watcher=''
finish() {
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null
	[ ! -w "$LEVEL" ] || echo none >"$LEVEL"
	[ ! -w "$ERASES" ] || echo Y >"$ERASES"
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# fall_asleep STATE: and wake up, with the processes frozen in between
fall_asleep() {
	echo freezer >"$LEVEL" && echo "$1" >"$STATE"
}

# keyed NS ID PORT
keyed() {
	random_key "$work/tx" && random_key "$work/rx" &&
		end_call "$1" "$2" "$A:$3" "$B:$3" "$work/tx" "$work/rx"
}

# is NS ID STATE KEYS: the state of a call, and how many keys it has
is() {
	local found

	found=$("$QSCTL" -n "$1" call show "$2") || return
	printf '%s\n' "$found"
	"$QSCTL" -n "$1" -j call show "$2" | grep -Eq "\"state\": ?\"$3\"" &&
		[ "$(printf '%s\n' "$found" | grep -c 'key: generation')" -eq "$4" ]
}

# told ID REASON START WOKE: of a call's end before the machine slept, not after.
# It sleeps for most of this time, though how long its busy wait of 5 seconds
# really is differs with the emulator's load.
told() {
	local event

	event=$(grep "\"erased\",\"call\":\"$1\",\"reason\":\"$2\"" "$work/events") || return
	echo "from $3 to $4: $event"
	event=${event#*\"time_ns\":}
	event=${event%%[!0-9]*}
	[ $((event - $3)) -lt $(($4 - event)) ]
}

# gone STATE REASON PORT: no call of either namespace keeps a key, and it is told why
gone() {
	local start woke

	# shellcheck disable=SC2154 # netns_add sets them
	keyed "$a" "$1" "$3" && keyed "$b" "$1" "$3" && is "$a" "$1" secure 2 || return
	start=$(date +%s%N)
	fall_asleep "$1" || return
	woke=$(date +%s%N)
	is "$a" "$1" erased 0 && is "$b" "$1" erased 0 || return
	within 30 told "$1" "$2" "$start" "$woke" || { cat "$work/events"; return 1; }
}

kept() {
	keyed "$a" kept 5002 && echo N >"$ERASES" && fall_asleep freeze && is "$a" kept secure 2
}

not_kept() {
	echo N >"$ERASES" && gone disk hibernate 5004
}

# No call of A has a key, nor gets one.
refused() {
	is "$a" meanwhile erased 0 &&
		"$QSCTL" -n "$a" call add late local "$A:5008" remote "$B:5008" || return
	if "$QSCTL" -n "$a" call key late tx file "$work/tx" 2>"$work/why"; then
		echo "a key was taken"
		return 1
	fi
	cat "$work/why"
	grep -q "goes to sleep or down" "$work/why"
}

# Opened for reading, that device is the beginning of a hibernation, and closed its
# end: what happens in between needs no luck.
refused_meanwhile() {
	local late

	keyed "$a" meanwhile 5006 || return
	exec 9</dev/snapshot || return
	refused
	late=$?
	exec 9<&-
	[ "$late" -eq 0 ] || return
	"$QSCTL" -n "$a" call key late tx file "$work/tx" &&
		"$QSCTL" -n "$a" call key late rx file "$work/rx" && is "$a" late secure 2
}

supports() {
	[ -w "$LEVEL" ] && grep -qw "$1" "$STATE"
}

calls_need "$QSCTL"
supports freeze || {
	echo "1..0 # SKIP this kernel cannot try suspending: it lacks CONFIG_PM_DEBUG"
	exit 4
}

netns_add a && netns_add b || exit
"$QSCTL" -n "$a" -j monitor >"$work/events" 2>&1 &
watcher=$!

ktap_print_header
ktap_set_plan 4
ktap_test_run "suspend: all keys are gone before, and told" gone freeze suspend 5000
ktap_test_run "suspend: with suspend_erase=N the keys stay" kept
if supports disk; then
	ktap_test_run "hibernate: all keys are gone before, whatever the parameter says" not_kept
else
	ktap_test_skip "hibernate" "this kernel cannot hibernate"
fi
if (: </dev/snapshot) 2>/dev/null; then
	ktap_test_run "hibernate: no key is taken until it is over" refused_meanwhile
else
	ktap_test_skip "hibernate" "this kernel lets nobody hibernate from user space"
fi
ktap_finished
