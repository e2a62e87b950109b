#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# From the SIM to the wire: two handsets with a virtual SIM, pcscd and qskeyd
# each, and a key service. "qsctl call start" on both, RTP of applications that
# know nothing of it, new keys in mid-call, hang-up; then what has to be refused.
# QUICK=1 leaves IPv6 out.
#
#   alice --- core --- bob	core routes, and has the key service
#     .1       .3       .2	192.0.2., 2001:db8::
set -u

here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../.." && pwd -P)
lib=$top/selftests/lib
# shellcheck source=selftests/lib/ktap.sh
. "$lib/ktap.sh"
# shellcheck source=selftests/lib/netns.sh
. "$lib/netns.sh"
work=$(mktemp -d /tmp/qsc.XXXXXX)
# shellcheck source=selftests/lib/calls.sh
. "$lib/calls.sh"
# shellcheck source=selftests/lib/phones.sh
. "$lib/phones.sh"

readonly PACKETS=200
# Length in UDP of a packet of rtp_flow in clear; with tag and MKI it is longer.
readonly RTP_LENGTH=40
readonly -A alice_ip=([4]=192.0.2.1 [6]='[2001:db8::1]')
readonly -A bob_ip=([4]=192.0.2.2 [6]='[2001:db8::2]')
# One comes over IPv4, the other over IPv6.
readonly KMS_4=192.0.2.3:7780 KMS_6='[2001:db8::3]:7780'

finish() {
	phones_stop
	taps_stop
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# plug NS NUMBER: eth0 of NS to a port of core, and the way to the other party
plug() {
	# shellcheck disable=SC2154 # netns_add sets it
	ip link add eth0 netns "$1" type veth peer name "port$2" netns "$core" &&
		wire_end "$core" "port$2" 3 "$2" && wire_end "$1" eth0 "$2" 3 &&
		ip -n "$1" route add default via 192.0.2.3 &&
		ip -n "$1" route add default via 2001:db8::3
}

# wire_end NS DEV NUMBER PEER: of a wire with two addresses, its own and its peer's
wire_end() {
	# nodad: else the address could not be used for a second
	ip -n "$1" link set "$2" up &&
		ip -n "$1" addr add "192.0.2.$3" peer "192.0.2.$4" dev "$2" &&
		ip -n "$1" addr add "2001:db8::$3" peer "2001:db8::$4" dev "$2" nodad
}

wire() {
	# shellcheck disable=SC2154
	ip netns exec "$core" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward &&
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding' &&
		plug "$alice" 1 && plug "$bob" 2
}

kms_up() {
	kms_make && kms_start "$core" '[::]:7780' --fetch-timeout 5
}

sims_up() {
	card_make alice 1 alice && card_make bob 2 bob && card_make carol 3 carol
}

phones_up() {
	# shellcheck disable=SC2154
	phone_start alice "$alice" 17001 "$KMS_4" &&
		phone_start bob "$bob" 17011 "$KMS_6"
}

# start NAME ID ROLE PEER LOCAL REMOTE [WORD...]: one party
start() {
	local name=$1 id=$2 role=$3 peer=$4 local=$5 remote=$6

	shift 6
	ctl "$name" call start "$id" peer "$peer" role "$role" local "$local" \
		remote "$remote" "$@"
}

# both ID V PORT: both parties at the same time
both() {
	local status=0

	start bob "$1" callee alice "${bob_ip[$2]}:$3" "${alice_ip[$2]}:$3" >"$work/bob.said" 2>&1 &
	start alice "$1" caller bob "${alice_ip[$2]}:$3" "${bob_ip[$2]}:$3" || status=1
	wait $! || status=1
	cat "$work/bob.said"
	return "$status"
}

# flow_command V PORT PACKETS EVERY_US: as words, with a stream of its own, since a
# call protects no packet number of a stream twice
flow_command() {
	flow_words=("$RTP_FLOW" -s "$RANDOM" -c "$3" -i "$4" -w 10000
		    "$alice" "${alice_ip[$1]}:$2" "${bob_ip[$1]}:$2"
		    "$bob" "${bob_ip[$1]}:$2" "${alice_ip[$1]}:$2")
}

# flow V PORT PACKETS EVERY_US: all of it arrives
flow() {
	flow_command "$@"
	"${flow_words[@]}"
}

# no_drops ID
no_drops() {
	drops "$alice" "$1" && drops "$bob" "$1"
}

all_arrive() {
	flow "$2" "$3" "$PACKETS" 1000 && no_drops "$1"
}

# Both sides begin once, so that both ways of it happen. The stream ends when they
# have, however long a slow machine takes.
rekey_in_call() {
	local id=$1 v=$2 port=$3 pid status=0

	flow_command "$v" "$port" 0 2000
	"${flow_words[@]}" >"$work/flow" 2>&1 &
	pid=$!
	sleep 1
	ctl alice call rekey "$id" || status=1
	sleep 3
	ctl bob call rekey "$id" || status=1
	sleep 1
	kill "$pid" || status=1
	wait "$pid" || status=1
	cat "$work/flow"
	epochs "$alice" "$id" && epochs "$bob" "$id" && no_drops "$id" && return "$status"
}

# epochs NS ID: keys of epoch 2 are in use, both ways
epochs() {
	"$QSCTL" -n "$1" call show "$2" | tee "$work/show" | grep -c 'MKI 00000002' |
		grep -qx 2 || { cat "$work/show"; return 1; }
}

# Kernel, qskeyd and key service have forgotten it.
hang_up() {
	ctl alice call end "$1" && ctl bob call end "$1" || return
	! "$QSCTL" -n "$alice" call show "$1" && ! "$QSCTL" -n "$bob" call show "$1" &&
		! ctl alice call rekey "$1"
}

# The application sends all the time; its first protected packet counts.
first_packet() {
	local begin sender first

	tap_start "$core" port1 "$work/first.pcap"
	"$RTP_FLOW" -n -c 0 -i 1000 "$alice" 192.0.2.1:6000 192.0.2.2:6000 "$bob" 192.0.2.2:6000 \
		192.0.2.1:6000 >/dev/null 2>&1 &
	sender=$!
	sleep 0.5
	begin=$(date +%s.%N)
	both first 4 6000
	sleep 1
	kill $sender
	wait $sender
	taps_stop
	first=$(tcpdump -tt -r "$work/first.pcap" \
		"src host 192.0.2.1 and udp port 6000 and udp[4:2] > $RTP_LENGTH" 2>/dev/null |
		head -n 1 | cut -d' ' -f1)
	ctl alice call end first && ctl bob call end first
	[ "$first" ] && awk -v a="$begin" -v b="$first" \
		'BEGIN { printf "%.0f ms from call start to the first protected packet\n", (b - a) * 1000 }'
}

# refused STATUS TEXT COMMAND...: it ends with STATUS and says TEXT
refused() {
	local want=$1 text=$2 status=0

	shift 2
	"$@" >"$work/said" 2>&1 || status=$?
	cat "$work/said"
	[ "$status" -eq "$want" ] && grep -qF -- "$text" "$work/said"
}

# Nobody but the party that was named gets a key.
not_named() {
	start alice named caller carol 192.0.2.1:7000 192.0.2.2:7000 &&
		refused 36 "nobody has called you" \
			start bob named callee alice 192.0.2.2:7000 192.0.2.1:7000 &&
		ctl alice call end named
}

# The application of the one that was refused goes on all the same: nothing of it is
# on the wire until the wish for a secure call is granted after all, or taken back.
blocked() {
	local dropped

	"$QSCTL" -n "$bob" call show named | grep -w new || return
	tap_start "$core" port2 "$work/blocked.pcap"
	"$RTP_FLOW" -c 50 -n -w 0 "$bob" 192.0.2.2:7000 192.0.2.1:7000
	taps_stop
	dropped=$(counter "$bob" named tx_drop_no_key)
	echo "$dropped packets dropped"
	[ "$dropped" -eq 50 ] && ! tap_has_rtp "$work/blocked.pcap" || return
	# The next qskeyd finds the call in the kernel.
	halt bob.keyd
	keyd_start bob "$bob" && until_true has_card bob && both named 4 7000 &&
		flow 4 7000 "$PACKETS" 1000 && hang_up named && flow 4 7000 "$PACKETS" 1000
}

tap_has_rtp() {
	grep -aq "$MARKER" "$1" || tcpdump -r "$1" 'src host 192.0.2.2 and udp port 7000' \
		2>/dev/null | grep .
}

# call del is enough: qskeyd hears of it.
deleted() {
	both gone 4 7100 && "$QSCTL" -n "$alice" call del gone &&
		"$QSCTL" -n "$bob" call del gone &&
		until_true grep -q 'call gone with bob was removed' "$work/alice/keyd.log" &&
		both gone 4 7100 && hang_up gone
}

# Neither card nor service have anything to do with it.
normal() {
	local alice_left bob_left

	alice_left=$(left alice) bob_left=$(left bob)
	flow 4 8000 "$PACKETS" 1000 && [ "$alice_left" -eq "$(left alice)" ] &&
		[ "$bob_left" -eq "$(left bob)" ]
}

revoked() {
	kms subscriber revoke alice >/dev/null &&
		refused 32 "the card was revoked" \
			start alice late caller bob 192.0.2.1:7200 192.0.2.2:7200 &&
		"$QSCTL" -n "$alice" call show late | grep -w new && ctl alice call end late &&
		! "$QSCTL" -n "$alice" call show late
}

# Keys of a call whose party was revoked are erased at once.
revoked_in_call() {
	both doomed 4 7300 && kms subscriber revoke bob >/dev/null &&
		until_true grep -q 'call doomed: your carrier has revoked' "$work/bob/keyd.log" &&
		"$QSCTL" -n "$bob" call show doomed | grep -q erased &&
		"$QSCTL" -n "$bob" call del doomed && ctl alice call end doomed
}

missing=$(phones_missing)
[ -z "$missing" ] || {
	echo "1..0 # SKIP missing: $missing"
	exit 4
}
calls_need tcpdump
netns_add core && netns_add alice && netns_add bob && wire || exit

ktap_print_header
families='4 6'
[ "${QUICK:-0}" = 0 ] || families=4
ktap_set_plan $((11 + 4 * $(echo "$families" | wc -w)))
ktap_test_run "a key service" kms_up
ktap_test_run "two SIMs" sims_up
ktap_test_run "two handsets" phones_up
# shellcheck disable=SC2154
tap_start "$core" port1 "$work/wire.pcap"
for v in $families; do
	port=$((5000 + v))
	ktap_test_run "IPv$v: both parties are secure" both "call$v" "$v" $port
	ktap_test_run "IPv$v: all packets arrive" all_arrive "call$v" "$v" $port
	ktap_test_run "IPv$v: keys change in mid-call, and no packet is lost" \
		rekey_in_call "call$v" "$v" $port
	ktap_test_run "IPv$v: after the hang-up nothing is left" hang_up "call$v"
done
taps_stop
ktap_test_run "the wire has no clear packet" tap_clean "$work/wire.pcap"
if said=$(first_packet 2>&1); then
	ktap_print_msg "$said"
	ktap_test_pass "the time to the first protected packet"
else
	ktap_print_msg "$said"
	ktap_test_fail "the time to the first protected packet"
fi
ktap_test_run "who was not named by the caller is refused" not_named
ktap_test_run "what was refused is not sent in clear, and may be tried again" blocked
ktap_test_run "call del hangs up, too" deleted
ktap_test_run "a normal call is left alone" normal
ktap_test_run "a party that is revoked in a call has no keys any more" revoked_in_call
ktap_test_run "a revoked card is refused" revoked
[ "$ktap_failed" -eq 0 ] || sed 's/^/# /' "$work"/*/keyd.log "$work/kms.log"
ktap_finished
