#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# call.sh DIR inside|outside SERVICE - a secure call, a normal one, and one that
# is refused, as root in the rig's virtual machine.
#
#               wire                    the handsets' applications
#   192.0.2.1  eth0 ----- alice  wire.py  bob ----- eth0  192.0.2.2
#   namespace alice         |                 namespace bob
#                        tcpdump
#               carrier                 the handsets' qskeyd
#   198.51.100.1  data ----- br0 198.51.100.3 ----- data  198.51.100.2
#
# Each handset has a virtual SIM, a pcscd and a qskeyd of its own (lib/phones.sh).
# SIMs and key service run in here, the service in the namespace carrier; or
# outside, on the machine that the rig runs on: then each handset's data is a
# device of the rig's, and SERVICE is where that machine has the service.
#
# DIR is shared with the host: there demo/run has left what Alice and Bob say,
# and SIMs and service as they are before the call; there this leaves what
# happened. Each side's application is a plain gst-launch-1.0 that knows nothing
# of SRTP. What its udpsink is given and what its udpsrc has got is also written
# to files: that is what report.py compares.
set -eu

# In 20 ms packets from Alice: when the attacker acts, when keys change and when
# they hang up.
ATTACK_AT=100
REKEY_AT=200
HANGUP_AT=345
RTP=5004 RTCP=5005
ALICE=192.0.2.1 BOB=192.0.2.2
OPUS=media=audio,encoding-name=OPUS,clock-rate=48000,payload=96

here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../.." && pwd -P)
shared=${1:?usage: call.sh DIR inside|outside SERVICE}
cards=${2:?} service=${3:?}
secure=${DEMO_PLAIN:+no}

[ "${QSC_RIG-}" ] || {
	echo "call.sh: to be run by selftests/demo/run, in a virtual machine" >&2
	exit 1
}

# The rig's guest keeps all that it writes in memory. Not in /run, which each
# pcscd has a new one of.
work=/tmp/demo
mkdir -m 700 "$work"
cd "$work"
where=$cards
# shellcheck source=selftests/lib/phones.sh
. "$top/selftests/lib/phones.sh"
RTP_FLOW=$top/out/selftests/rtp_flow

# What the host is to judge, and logs for the one who asks why it went wrong.
leave() {
	phones_stop
	find . -maxdepth 1 -type f -exec cp {} "$shared" \;
	for log in */*.log; do
		[ ! -e "$log" ] || cp "$log" "$shared/${log%%/*}.${log##*/}"
	done
}
trap leave EXIT

say() {
	printf '\n%s\n' "$*"
}

# run COMMAND...: as typed by a user
run() {
	printf '$ %s\n' "$*"
	"$@"
}

# qsc WORD...: the same for qsctl; nothing at all in a plain call
qsc() {
	[ "$secure" = no ] || run qsctl "$@"
}

# counters NAMESPACE NAME: into NAMESPACE.NAME.json
counters() {
	[ "$secure" = no ] || qsctl -n "$1" -j stats call c1 >"$1.$2.json"
}

# wire COMMAND...: have wire.py do it; its answer is in $answer
wire() {
	echo "$*" >&"${WIRE[1]}"
	read -r -t 60 answer <&"${WIRE[0]}" || {
		echo "call.sh: no answer from the wire to: $*" >&2
		exit 1
	}
}

namespaces() {
	local n

	for n in alice wire bob; do
		ip netns add "$n"
	done
	for n in alice bob; do
		ip link add eth0 netns "$n" type veth peer name "$n" netns wire
		# Nothing but the call is to be on the wire.
		ip netns exec "$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
		ip netns exec wire sysctl -qw "net.ipv6.conf.$n.disable_ipv6=1"
		ip -n "$n" link set lo up
		ip -n "$n" link set eth0 up
		ip -n wire link set "$n" up
	done
	ip -n alice addr add "$ALICE/24" dev eth0
	ip -n bob addr add "$BOB/24" dev eth0

	ip netns exec wire tcpdump -i alice -U -B 4096 -Z root -w wire.pcap \
		2>tcpdump.log &
	tcpdump=$!
	[ "$where" = outside ] || {
		ip netns add carrier
		ip -n carrier link add br0 type bridge
		ip -n carrier link set br0 up
		ip -n carrier addr add 198.51.100.3/24 dev br0
	}
	data alice 198.51.100.1
	data bob 198.51.100.2
	# shellcheck disable=SC2034 # bash sets WIRE
	coproc WIRE { exec ip netns exec wire "$here/wire.py" alice bob; }
	until_true ip netns exec alice ping -q -c 1 -W 1 "$BOB"
}

# end_capture FILE: when tcpdump has written what it has seen, however late it is
end_capture() {
	local size=-1

	while [ "$(stat -c %s "$1")" != "$size" ]; do
		size=$(stat -c %s "$1")
		sleep 1
	done
	kill -INT "$tcpdump"
	wait "$tcpdump" || :
}

# data NAMESPACE ADDRESS: the way to the key service
data() {
	case $where in
	outside)
		ip link set "$1" netns "$1" name data
		ip -n "$1" addr add 10.0.2.15/24 dev data
		;;
	*)
		ip link add data netns "$1" type veth peer name "$1" netns carrier
		ip -n carrier link set "$1" master br0 up
		ip -n "$1" addr add "$2/24" dev data
		;;
	esac
	ip -n "$1" link set data up
}

# carrier_up: the key service, with what it knew when the SIMs were made
carrier_up() {
	[ "$where" = inside ] || return 0
	cp -r "$shared"/sims/. "$work"
	kms_start carrier "$service"
}

# handset NAME PORT: SIM, pcscd and qskeyd; a SIM outside comes to PORT
handset() {
	[ "$where" = inside ] || { mkdir -p "$work/$1" && cp "$shared/sims/$1/pin" "$work/$1/pin"; }
	keyd_conf "$1" "$service"
	pcscd_start "$1" "$1" "$2"
	[ "$where" = outside ] || sim_start "$1" "$1" "$2"
	keyd_start "$1" "$1"
	until_true has_card "$1"
}

# phone NAME WORD...: qsctl on a handset, as typed there
phone() {
	[ "$secure" = no ] || {
		printf '%s$ qsctl %s\n' "$1" "${*:2}"
		ctl "$@"
	}
}

# secure_call ID PORT: both choose "secure"
secure_call() {
	phone bob call start "$1" peer alice role callee local "$BOB:$2" remote "$ALICE:$2" \
		"${@:3}" >bob.said 2>&1 &
	phone alice call start "$1" peer bob role caller local "$ALICE:$2" remote "$BOB:$2" "${@:3}"
	wait $! || { cat bob.said; return 1; }
	cat bob.said
}

# app NAMESPACE ADDRESS PEER: the application of one side, in the background.
#
# It sends from the port on which it listens (RFC 4961); its udpsrc wins the
# incoming packets because it is bound to the address, the udpsink to none.
# ts-offset delays the first RTP packet until both sides certainly listen; the
# latency is for an emulated machine on a busy host, where packets come late.
# An unbuffered filesink: the buffered one of GStreamer 1.22 loses a packet
# when the list of buffers gets longer than IOV_MAX.
app() {
	local file='filesink async=false buffer-mode=unbuffered location='

	# shellcheck disable=SC2086 # a pipeline is a list of words
	ip netns exec "$1" gst-launch-1.0 -q -e rtpbin name=rtp latency=600 \
		filesrc location="$shared/$1.wav" ! wavparse ! \
		opusenc complexity=0 bitrate=24000 bitrate-type=cbr ! rtpopuspay ! \
		rtp.send_rtp_sink_0 rtp.send_rtp_src_0 ! tee name=sent \
		sent. ! queue ! udpsink host="$3" port=$RTP bind-port=$RTP ts-offset=2600000000 \
		sent. ! queue ! rtpstreampay ! ${file}"$1.sent.rtp" \
		rtp.send_rtcp_src_0 ! tee name=reports \
		reports. ! queue ! udpsink host="$3" port=$RTCP bind-port=$RTCP \
			sync=false async=false \
		reports. ! queue ! rtpstreampay ! ${file}"$1.sent.rtcp" \
		udpsrc address="$2" port=$RTP caps="application/x-rtp,$OPUS" ! tee name=got \
		got. ! queue ! rtpstreampay ! ${file}"$1.got.rtp" \
		got. ! queue ! rtp.recv_rtp_sink_0 \
		udpsrc address="$2" port=$RTCP caps=application/x-rtcp ! tee name=heard \
		heard. ! queue ! rtpstreampay ! ${file}"$1.got.rtcp" \
		heard. ! queue ! rtp.recv_rtcp_sink_0 \
		rtp. ! rtpopusdepay ! opusdec ! audioconvert ! audioresample ! \
		audio/x-raw,format=S16LE,rate=16000,channels=1 ! ${file}"$1.heard.raw" \
		>"$1.log" 2>&1 &
}

# revoke NAME: as an operator of the carrier would type it
revoke() {
	case $where in
	inside)	printf 'carrier$ qskms subscriber revoke %s\n' "$1"; kms subscriber revoke "$1" ;;
	outside)
		# demo/run does it out there.
		: >"$shared/revoke"
		until_true test -e "$shared/revoked"
		cat "$shared/revoked"
		;;
	esac
}

# hang_up NAMESPACE: and note when the keys are gone
hang_up() {
	qsc -n "$1" call erase c1
	date +%s.%N >"$1.hangup"
}

namespaces
if [ "$secure" != no ]; then
	carrier_up
	handset alice 17001
	handset bob 17001
	say "Alice and Bob have SIMs with keys that are used once (SIMs and key service: $where this machine)."
	phone alice card list
	phone bob card list
	say "Both choose a secure call. Each SIM gives a key, which proves who they are to the key"
	echo "service; that makes a session key for this call, which only their kernels get to see."
	date +%s.%N >call.start
	secure_call c1 $RTP rtcp +1
	date +%s.%N >call.secure
fi

say "They talk: on each side a plain gst-launch-1.0, which sends and expects plain Opus in RTP."
date +%s.%N >app.start
app alice $ALICE $BOB
alice=$!
app bob $BOB $ALICE
bob=$!

wire wait $ATTACK_AT
counters bob before-attack
wire tamper
sleep 0.3
counters bob after-attack
read -r seq byte bit <<<"$answer"
say "The wire gives Bob a copy of packet $seq with bit $bit of payload byte $byte flipped,"
echo "then the packet itself, then the same packet once more."

wire wait $REKEY_AT
if [ "$secure" != no ]; then
	say "In mid-call Alice wants new keys. Each SIM gives another one."
	phone alice call rekey c1
	qsc -n alice call show c1
fi

wire wait $HANGUP_AT
say "They hang up. Their applications have not noticed and go on sending; Alice even speaks."
hang_up alice
hang_up bob
# Nothing more can come: whatever does is caught by the capture and the report.
sleep 1
say "The wire gives Bob a packet that nobody encrypted."
counters bob before-forgery
wire forge
sleep 0.3
counters bob after-forgery

kill -INT $alice $bob
# A pipeline that never got anything does not end by itself.
(sleep 15 && kill -KILL $alice $bob) &
impatience=$!
wait $alice $bob || :
kill $impatience 2>/dev/null || :
end_capture wire.pcap
counters alice end
counters bob end

say "The counters, and the end of the call."
qsc -n alice stats call c1
qsc -n bob stats call c1
phone alice call end c1
phone bob call end c1
failed=0
set -- attack hangup call
[ "$secure" = no ] || set -- setup rekey "$@"
"$top/selftests/demo/report.py" "$@" "$work" || failed=1
[ "$secure" != no ] || exit $failed

say "A normal call of the same two, with the same applications: QSC does not touch it."
left alice >alice.before-normal
ip netns exec wire tcpdump -i alice -U -w normal.pcap udp port 6000 2>normal.log &
tcpdump=$!
until grep -q 'listening on' normal.log; do sleep 0.1; done
"$RTP_FLOW" -c 100 -i 5000 alice $ALICE:6000 $BOB:6000 bob $BOB:6000 $ALICE:6000 >normal.flow 2>&1 ||
	{ cat normal.flow; failed=1; }
end_capture normal.pcap
left alice >alice.after-normal

say "Bob's SIM is stolen, and his carrier revokes it. Whoever has it chooses a secure call:"
revoke bob
phone bob call start c2 peer alice role caller local $BOB:7000 remote $ALICE:7000 2>&1 |
	tee refused.said || :
"$top/selftests/demo/report.py" normal refused "$work" || failed=1
exit $failed
