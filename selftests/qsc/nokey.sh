#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No key comes out. Calls are made, used, rekeyed, erased and deleted, and all
# kinds of mistakes are made with their keys, while everything that prints is
# collected: qsctl, events, the kernel's log, procfs, sysfs, debugfs, tracing.
# None of it may hold any part of a master key or of what is derived from it.
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

readonly A=192.0.2.1:5004 B=192.0.2.2:5004 ID=quiet
readonly TRACED='qsc net netlink skb sock udp napi module'

got=$work/got a='' b=''
watchers=''
finish() {
	# shellcheck disable=SC2086 # a word per process
	[ -z "$watchers" ] || kill $watchers 2>/dev/null
	taps_stop
	tracing 0
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

tracefs=/sys/kernel/tracing

mount_all() {
	mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
	mountpoint -q $tracefs || mount -t tracefs tracefs $tracefs
	[ -e $tracefs/trace ] && [ -d /sys/kernel/debug ]
}

# tracing 1|0
tracing() {
	local group

	for group in $TRACED; do
		[ ! -e $tracefs/events/"$group"/enable ] ||
			echo "$1" >$tracefs/events/"$group"/enable
	done
	[ ! -e /proc/dynamic_debug/control ] ||
		echo "module qsc ${1/1/+}p" | sed 's/ 0p/ -p/' >/proc/dynamic_debug/control
} 2>/dev/null

said=0 said_as=qsctl
# qsctl ARGUMENT...: keep what it prints, whatever becomes of it
qsctl() {
	said=$((said + 1))
	"$QSCTL" -n "$a" "$@" >"$got/$said_as.$said" 2>&1
	local status=$?
	echo "qsctl $1 ${2-}: exit $status, $(wc -c <"$got/$said_as.$said") bytes" >>"$work/log"
	return $status
}

# Everything there is to ask, in every form.
ask() {
	local form

	for form in '' -j; do
		# shellcheck disable=SC2086 # options
		{
			qsctl $form info
			qsctl $form -a stats
			qsctl $form -a stats call $ID
			qsctl $form -a stats legs
			qsctl $form call list
			qsctl $form call show $ID
		}
	done
}

# What people do wrong, with real keys.
mistakes() {
	local key=$work/$ID.ab line

	line=$(cat "$key")
	qsctl call key nobody tx file "$key"
	qsctl call key $ID leg 1 tx file "$key"
	qsctl call key $ID sideways file "$key"
	# a key that is too long, too short, not base64, of another suite
	echo "${line}AAAA" >"$work/bad"
	qsctl call key $ID tx file "$work/bad"
	echo "${line%????}" >"$work/bad"
	qsctl call key $ID tx file "$work/bad"
	echo "$line!!!" >"$work/bad"
	qsctl call key $ID tx file "$work/bad"
	echo "$line|2^20|1:4|x" >"$work/bad"
	qsctl call key $ID tx file "$work/bad"
	echo "${line#* }" >"$work/bad"
	qsctl call key $ID tx file "$work/bad"
	sed 's/AEAD_AES_256_GCM/AEAD_AES_128_GCM/' "$key" >"$work/bad"
	qsctl call key $ID tx file "$work/bad"
	sed 's/AEAD_AES_256_GCM/NO_SUCH_SUITE/' "$key" >"$work/bad"
	qsctl call key $ID tx file "$work/bad"
	cat "$key" "$key" >"$work/bad"
	qsctl call key $ID tx file "$work/bad"
	# the key where something else should be
	qsctl -b "$key"
	qsctl call key $ID tx file "$key" mki xyz
	qsctl call key $ID tx mki "$(printf %0260d 0)" file "$key"
	qsctl call key $ID tx overlap 99999999 file "$key"
	qsctl call key $ID tx roc 1:x file "$key"
	# an MKI for a call that has keys without one
	qsctl call key $ID tx mki 01 file "$key"
}

# A key among the arguments is a secret that is lost already: ps shows it. But
# an error message goes to logs and tickets.
mistakes_in_arguments() {
	local key line

	said_as=arguments
	for key in "$work/$ID.ab" "$work/$ID.ba"; do
		line=$(cat "$key")
		# shellcheck disable=SC2086 # it is two words, as on a command line
		{
			qsctl call key $ID tx $line
			qsctl $line
			qsctl call $line
		}
		qsctl call key "$ID" tx file "$line"
		qsctl call key "$ID" tx "$line"
		qsctl call show "$line"
	done
}

# use_call: secure the call, talk, be attacked, and rekey
use_call() {
	pair_call $ID "$a" "$b" $A $B && ask &&
		talk "$a" $A $B "$b" $B $A 20 >"$work/talk" && attack && mistakes
	ask
	random_key "$work/$ID.second" && qsctl call key $ID tx file "$work/$ID.second" && ask
}

# Packets that do not authenticate, enough for an event.
attack() {
	local event

	event=$(cat /sys/module/qsc/parameters/auth_fail_event 2>/dev/null || echo 100)
	"$QSCTL" -n "$b" call erase $ID
	"$QSCTL" -n "$b" call del $ID
	"$RTP_FLOW" -c $((2 * event)) -i 100 -n -w 0 "$b" $B $A >/dev/null
}

end_call_all_ways() {
	qsctl call erase $ID && ask
	qsctl call del $ID
	qsctl call add $ID local $A remote $B timeout 1 && qsctl call key $ID tx file "$work/$ID.ab" &&
		sleep 2.5
	ask
	qsctl call flush
}

# What the kernel shows to whoever looks.
look() {
	local f

	dmesg >"$got/dmesg.$1"
	cat $tracefs/trace >"$got/trace.$1"
	find /sys/module/qsc -type f -exec grep -H . {} + >"$got/module.$1" 2>/dev/null
	for f in crypto keys key-users modules slabinfo vmallocinfo interrupts sysvipc/shm; do
		[ ! -r /proc/$f ] || cat /proc/$f
	done >"$got/proc.$1" 2>/dev/null
	ip netns exec "$a" find /proc/self/net/ -type f -exec cat {} + >"$got/net.$1" 2>/dev/null
	find /sys/kernel/debug -path /sys/kernel/debug/tracing -prune -o -ipath '*qsc*' -type f \
		-exec cat {} + >"$got/debugfs.$1" 2>/dev/null
	# shellcheck disable=SC2086 # a word per process
	for f in $watchers; do
		cat /proc/$f/cmdline /proc/$f/environ /proc/$f/maps /proc/$f/status
	done >"$got/processes.$1" 2>/dev/null
}

keys() {
	echo "$work/$ID.ab" "$work/$ID.ba" "$work/$ID.second"
}

# Control: the search finds what is there, in whatever form.
search_works() {
	local hex key=$work/$ID.ab

	hex=$(sed 's/.*inline://' "$key" | base64 -d | head -c 32 | xxd -p -c 32)
	cat "$key" >"$work/planted.1"
	echo "key: $hex" >"$work/planted.2"
	echo "$hex" | fold -w 2 | sed 's/.*/0x&,/' >"$work/planted.3"
	echo "$hex" | xxd -r -p >"$work/planted.4"
	"$lib/find_secret.py" "$key" -- "$work"/planted.* >"$work/found"
	[ "$(cut -d: -f1 "$work/found" | sort -u | wc -l)" -eq 4 ]
}

# Control: it looks for the keys that the module really derived.
derivation_works() {
	"$lib/find_secret.py" --decrypt "$work/$ID.ab" "$work/wire.pcap" >"$work/plain" &&
		grep -q "$MARKER" "$work/plain"
}

# Control: the collections are not empty.
collected() {
	local f

	cat "$work/log"
	for f in events.text events.json dmesg.after trace.after module.after proc.after net.after; do
		[ -s "$got/$f" ] || { echo "$f is empty"; return 1; }
	done
	grep -q 'auth_fail' "$got/events.text" && grep -q erased "$got/events.json"
}

# One search for all: to start the program takes longer than to search.
search() {
	# shellcheck disable=SC2046 # a word per key file
	"$lib/find_secret.py" $(keys) -- "$got"/* >"$work/findings"
	[ $? -le 1 ] && [ -e "$work/findings" ]
}

# no_key NAME...: nothing was found in what was collected under these names
no_key() {
	local name

	for name; do
		ls "$got/$name."* >/dev/null || return
		! grep -F "$got/$name." "$work/findings" || return
	done
}

calls_need python3 openssl xxd tcpdump
mount_all || { echo "1..0 # SKIP no debugfs or tracefs"; exit 4; }
mkdir "$got"
netns_add a && netns_add b && netns_link "$a" "$b" || exit

ktap_print_header
ktap_set_plan 9
echo 256 >$tracefs/buffer_size_kb
tracing 1
"$QSCTL" -n "$a" monitor >"$got/events.text" 2>&1 &
watchers="$watchers $!"
"$QSCTL" -n "$a" -j monitor >"$got/events.json" 2>&1 &
watchers="$watchers $!"
tap_start "$a" eth0 "$work/wire.pcap"

use_call
look during
end_call_all_ways
sleep 1
look after
taps_stop
tracing 0
mistakes_in_arguments

ktap_test_run "the search finds keys where they are" search_works
ktap_test_run "it searches for the keys that the module derived" derivation_works
ktap_test_run "everything said something" collected
ktap_test_run "everything is searched" search
ktap_test_run "no key in what qsctl prints" no_key qsctl
ktap_test_run "no key in events" no_key events
ktap_test_run "no key in the kernel's log and traces" no_key dmesg trace
ktap_test_run "no key in procfs, sysfs and debugfs" no_key module proc net debugfs processes
ktap_test_run "no key in errors about keys among arguments" no_key arguments
ktap_finished
