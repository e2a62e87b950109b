#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# call.sh DIR - one secure call, as root in the rig's virtual machine.
#
#   namespace alice               wire                  bob
#   192.0.2.1  eth0 ----- alice  wire.py  bob ----- eth0  192.0.2.2
#                           |
#                        tcpdump
#
# DIR is shared with the host: there demo/run has left what Alice and Bob say,
# and there this leaves what happened. Each side's application is a plain
# gst-launch-1.0 that knows nothing of SRTP. What its udpsink is given and what
# its udpsrc has got is also written to files: that is what report.py compares.
#
# The keys live in this machine's /run, a tmpfs, and never go anywhere else.
set -eu

# In 20 ms packets from Alice: when the attacker acts and when they hang up.
ATTACK_AT=100
HANGUP_AT=345
RTP=5004 RTCP=5005
ALICE=192.0.2.1 BOB=192.0.2.2
OPUS=media=audio,encoding-name=OPUS,clock-rate=48000,payload=96

here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../.." && pwd -P)
shared=${1:?usage: call.sh DIR}
secure=${DEMO_PLAIN:+no}
PATH=$top/out/tools:$PATH

[ "${QSC_RIG-}" ] || {
	echo "call.sh: to be run by selftests/demo/run, in a virtual machine" >&2
	exit 1
}

work=/run/demo keys=/run/demo/keys
mkdir -p "$work"
mkdir -m 700 "$keys"
cd "$work"

# What the host is to judge, and logs for the one who asks why it went wrong.
leave() {
	rm -rf "$keys"
	find . -maxdepth 1 -type f -exec cp {} "$shared" \;
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

make_key() {
	{
		printf 'AEAD_AES_256_GCM inline:'
		head -c 44 /dev/urandom | base64 -w 0
		echo
	} >"$keys/$1"
	chmod 600 "$keys/$1"
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
		ip -n "$n" link set eth0 up
		ip -n wire link set "$n" up
	done
	ip -n alice addr add "$ALICE/24" dev eth0
	ip -n bob addr add "$BOB/24" dev eth0

	ip netns exec wire tcpdump -i alice -U -B 4096 -Z root -w wire.pcap \
		2>tcpdump.log &
	tcpdump=$!
	# shellcheck disable=SC2034 # bash sets WIRE
	coproc WIRE { exec ip netns exec wire "$here/wire.py" alice bob; }
	ip netns exec alice ping -q -i 0.2 -c 1 -w 10 "$BOB" >ping.log
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

# hang_up NAMESPACE: and note when the keys are gone
hang_up() {
	qsc -n "$1" call erase c1
	date +%s.%N >"$1.hangup"
}

# decrypt NAME SOURCE: GStreamer's srtpdec on call.pcap, with the key of NAME
decrypt() {
	local from="filesrc location=call.pcap ! pcapparse src-ip=$2"
	local file='filesink async=false buffer-mode=unbuffered location='

	# identity takes pcapparse's lists of buffers apart: srtpdec 1.22 frees
	# the buffers of a list twice.
	# shellcheck disable=SC2086
	"$top/selftests/lib/gst_srtp.py" --dec "$keys/$1" srtpdec name=dec \
		$from dst-port=$RTP caps=application/x-srtp,payload=96,clock-rate=48000 ! \
		identity ! dec.rtp_sink \
		$from dst-port=$RTCP caps=application/x-srtcp ! identity ! dec.rtcp_sink \
		dec.rtp_src ! rtpstreampay ! ${file}"$1.decrypted.rtp" \
		dec.rtcp_src ! rtpstreampay ! ${file}"$1.decrypted.rtcp" \
		>"$1.decrypt.log" 2>&1 || echo "srtpdec: $(tail -n 1 "$1.decrypt.log")"
}

namespaces
make_key alice-bob
make_key bob-alice

if [ "$secure" != no ]; then
	say "Alice and Bob each make the call secure. The keys come from files, never from arguments."
fi
qsc -n alice call add c1 local $ALICE:$RTP remote $BOB:$RTP rtcp +1
qsc -n alice call key c1 tx file "$keys/alice-bob"
qsc -n alice call key c1 rx file "$keys/bob-alice"
qsc -n bob call add c1 local $BOB:$RTP remote $ALICE:$RTP rtcp +1
qsc -n bob call key c1 tx file "$keys/bob-alice"
qsc -n bob call key c1 rx file "$keys/alice-bob"

say "They talk: on each side a plain gst-launch-1.0, which sends and expects plain Opus in RTP."
app alice $ALICE $BOB
alice=$!
app bob $BOB $ALICE
bob=$!

wire wait $ATTACK_AT
qsc -n alice call show c1
counters bob before-attack
wire tamper
sleep 0.3
counters bob after-attack
read -r seq byte bit <<<"$answer"
say "The wire gives Bob a copy of packet $seq with bit $bit of payload byte $byte flipped,"
echo "then the packet itself, then the same packet once more."

wire wait $HANGUP_AT
say "They hang up. Their applications have not noticed and go on sending; Alice even speaks."
hang_up alice
hang_up bob
# Nothing more can come: whatever does is caught by the capture and the report.
sleep 0.5
cp wire.pcap call.pcap
decrypt alice-bob $ALICE &
decryptors=$!
decrypt bob-alice $BOB &
decryptors="$decryptors $!"
sleep 1.5
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
kill -INT $tcpdump
wait $tcpdump || :
counters alice end
counters bob end

say "The counters, and the end of the call."
qsc -n alice stats call c1
qsc -n bob stats call c1
qsc -n alice call del c1
qsc -n bob call del c1

# shellcheck disable=SC2086 # two processes
wait $decryptors
"$here/report.py" attack hangup call srtpdec "$work"
