#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module against GStreamer's SRTP elements (libsrtp), which know nothing of
# it: each direction, RTP and RTCP, over IPv4 and IPv6, with both AES suites: one
# over each, or with QSC_FULL=1 each of them over both.
#
#   mod: gst-launch-1.0, plain RTP - the module --- eth0
#                                                    |
#   peer: gst-launch-1.0, RTP - srtpenc, srtpdec --- eth0
#
# Both sides write what they hand over and what they get to files, before
# encryption and after decryption; the files must be equal.
set -u

here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../.." && pwd -P)
lib=$top/selftests/lib
# shellcheck source=selftests/lib/ktap.sh
. "$lib/ktap.sh"
# shellcheck source=selftests/lib/netns.sh
. "$lib/netns.sh"
QSCTL=${QSCTL:-$top/out/tools/qsctl}

readonly KSFT_SKIP=4
readonly PACKETS=150 BURST=30
readonly PACKET=160 HEADERS=14	# 20 ms of mu-law; RTP's and the file's headers
readonly RTP=5004 RTCP=5005
readonly VERSIONS='4 6'	# of IP
readonly -A mod_address=([4]=192.0.2.1 [6]='[2001:db8::1]')
readonly -A peer_address=([4]=192.0.2.2 [6]='[2001:db8::2]')

# Looking whether some plugin has changed takes GStreamer long in an emulator.
export GST_REGISTRY_UPDATE=no

for program in gst-launch-1.0 ip ss /usr/bin/python3; do
	command -v "$program" >/dev/null || {
		echo "1..0 # SKIP $program is missing"
		exit $KSFT_SKIP
	}
done
for element in srtpenc rtpbin rtppcmupay rtpstreampay; do
	gst-inspect-1.0 --exists "$element" || {
		echo "1..0 # SKIP GStreamer has no $element"
		exit $KSFT_SKIP
	}
done

# The suites of a round of calls, by IP version.
rounds=('AEAD_AES_256_GCM AEAD_AES_128_GCM')
[ "${QSC_FULL:-0}" = 0 ] || rounds+=('AEAD_AES_128_GCM AEAD_AES_256_GCM')

ktap_print_header
ktap_set_plan $((10 * ${#rounds[@]}))

work=$(mktemp -d)
apps='' mod='' peer=''
finish() {
	# shellcheck disable=SC2086 # a word per process
	[ -z "$apps" ] || kill -KILL $apps 2>/dev/null
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$work" || exit

# make_key FILE SUITE
make_key() {
	local bytes=44

	[ "$2" = AEAD_AES_256_GCM ] || bytes=28
	(umask 077 && echo "$2 inline:$(head -c $bytes /dev/urandom | base64 -w 0)" >"$1")
}

# microphone FILE: as much sound as PACKETS need, in a few bursts, for an emulated
# machine is slow at starting programs. Noise: payloads that nobody could make up.
microphone() {
	local i

	for ((i = 0; i < PACKETS; i += BURST)); do
		head -c $((BURST * PACKET)) /dev/urandom
		sleep 0.3
	done >"$1"
}

# app NAME LOCAL REMOTE LAUNCHER...: one side of a call, in the background. A
# LAUNCHER that is given srtpenc and srtpdec has them between it and the wire.
app() {
	local name=$1 address=${2//[\[\]]/} host=${3//[\[\]]/} rtp=application/x-rtp rtcp=application/x-rtcp
	local file='filesink async=false buffer-mode=unbuffered location='
	local enc='' enc_rtp='' enc_rtcp='' dec='' dec_rtp='' dec_rtcp='' ns

	shift 3
	ns=${name%%.*}
	if [ "$ns" = peer ]; then
		rtp=application/x-srtp rtcp=application/x-srtcp
		enc='srtpenc name=enc' dec='srtpdec name=dec'
		enc_rtp='enc.rtp_sink_0 enc.rtp_src_0 !'
		enc_rtcp='enc.rtcp_sink_0 enc.rtcp_src_0 !'
		dec_rtp='dec.rtp_sink dec.rtp_src !'
		dec_rtcp='dec.rtcp_sink dec.rtcp_src !'
	fi
	mkfifo "$name.mic"
	exec 5<>"$name.mic"
	# shellcheck disable=SC2086 # a pipeline is a list of words
	ip netns exec "${!ns}" "$@" rtpbin name=rtp $enc $dec \
		fdsrc do-timestamp=true blocksize=$PACKET ! \
		audio/x-mulaw,rate=8000,channels=1 ! \
		rtppcmupay min-ptime=20000000 max-ptime=20000000 ! \
		rtp.send_rtp_sink_0 rtp.send_rtp_src_0 ! tee name=sent \
		sent. ! queue ! rtpstreampay ! ${file}"$name.sent.rtp" \
		sent. ! queue ! $enc_rtp udpsink host="$host" port=$RTP bind-port=$RTP sync=false \
		rtp.send_rtcp_src_0 ! tee name=reports \
		reports. ! queue ! rtpstreampay ! ${file}"$name.sent.rtcp" \
		reports. ! queue ! $enc_rtcp \
			udpsink host="$host" port=$RTCP bind-port=$RTCP sync=false async=false \
		udpsrc address="$address" port=$RTP \
			caps="$rtp,media=audio,encoding-name=PCMU,clock-rate=8000,payload=0" ! \
		$dec_rtp tee name=got \
		got. ! queue ! rtpstreampay ! ${file}"$name.got.rtp" \
		got. ! queue ! rtp.recv_rtp_sink_0 \
		udpsrc address="$address" port=$RTCP caps=$rtcp ! \
		$dec_rtcp tee name=heard \
		heard. ! queue ! rtpstreampay ! ${file}"$name.got.rtcp" \
		heard. ! queue ! rtp.recv_rtcp_sink_0 \
		rtp. ! rtppcmudepay ! fakesink async=false \
		<&5 5<&- >"$name.log" 2>&1 &
	apps="$apps $!"
	exec 5<&-
}

# key_call VERSION SUITE: the call of an IP version, with new keys
key_call() {
	local id=c$1

	make_key "$id.tx" "$2"
	make_key "$id.rx" "$2"
	"$QSCTL" -n "$mod" call add "$id" local "${mod_address[$1]}:$RTP" \
		remote "${peer_address[$1]}:$RTP" suite "$2" rtcp +1 &&
		"$QSCTL" -n "$mod" call key "$id" tx file "$id.tx" &&
		"$QSCTL" -n "$mod" call key "$id" rx file "$id.rx"
}

# all_listen: whether every application has opened its ports, two per IP version.
# GStreamer's senders are bound to no address.
all_listen() {
	local ns

	for ns in "$mod" "$peer"; do
		ip netns exec "$ns" ss -Huln |
			grep -cE ' (192\.0\.2\.|\[2001:db8:)' | grep -qx 4 || return
	done
}

# counter VERSION NAME
counter() {
	"$QSCTL" -n "$mod" -a stats call "c$1" | awk -v name="$2" '$1 == name { print $2 }'
}

# all_through VERSION...: whether everything that must pass has passed
all_through() {
	local version

	for version; do
		[ "$(counter "$version" tx_rtp)" -ge "$PACKETS" ] &&
			[ "$(counter "$version" rx_rtp)" -ge "$PACKETS" ] &&
			[ "$(counter "$version" tx_rtcp)" -ge 1 ] &&
			[ "$(counter "$version" rx_rtcp)" -ge 1 ] || return
	done
}

# within SECONDS COMMAND...: wait for it to succeed
within() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		sleep 0.3
	done
}

all_ended() {
	# shellcheck disable=SC2086
	! kill -0 $apps 2>/dev/null
}

# talk: a call over each IP version, both at the same time
talk() {
	local version microphones=''

	rm -f ./*
	apps=
	for version in $VERSIONS; do
		key_call "$version" "${suite[$version]}" || return
		app "mod.$version" "${mod_address[$version]}" "${peer_address[$version]}" \
			gst-launch-1.0 -q -e
		app "peer.$version" "${peer_address[$version]}" "${mod_address[$version]}" \
			"$lib/gst_srtp.py" --enc "c$version.rx" --dec "c$version.tx"
	done
	within 60 all_listen || ktap_print_msg "not every application listens"
	for version in $VERSIONS; do
		microphone "mod.$version.mic" &
		microphones="$microphones $!"
		microphone "peer.$version.mic" &
		microphones="$microphones $!"
	done
	# shellcheck disable=SC2086 # a word per process
	wait $microphones
	# shellcheck disable=SC2086
	within 30 all_through $VERSIONS || ktap_print_msg "not everything got through"
	# shellcheck disable=SC2086
	kill -INT $apps
	within 20 all_ended || ktap_print_msg "not every application ends"
	# shellcheck disable=SC2086
	kill -KILL $apps 2>/dev/null
	# shellcheck disable=SC2086
	wait $apps
	apps=
}

# no_drops VERSION: the counters tell of every packet and of no drop
no_drops() {
	"$QSCTL" -n "$mod" stats call "c$1"
	[ "$(counter "$1" tx_rtp)" = "$PACKETS" ] && [ "$(counter "$1" rx_rtp)" = "$PACKETS" ] &&
		! "$QSCTL" -n "$mod" stats call "c$1" | grep _drop_
}

# same SENT GOT: whether every RTP packet arrived, in order, as it was sent
same() {
	stat -c '%n: %s bytes' "$1" "$2"
	[ "$(stat -c %s "$2")" -eq $((PACKETS * (PACKET + HEADERS))) ] && cmp "$1" "$2"
}

# begins SENT GOT: whether what arrived is what was sent, the end of it excepted.
# The last report of the side that ends later finds nobody any more.
begins() {
	stat -c '%n: %s bytes' "$1" "$2"
	[ -s "$2" ] && cmp -n "$(stat -c %s "$2")" "$1" "$2"
}

# judge VERSION
judge() {
	local call="IPv$1 ${suite[$1]}"

	sed 's/^/# /' ./*."$1.log"
	ktap_test_run "$call: RTP, module to GStreamer" same "mod.$1.sent.rtp" "peer.$1.got.rtp"
	ktap_test_run "$call: RTP, GStreamer to module" same "peer.$1.sent.rtp" "mod.$1.got.rtp"
	ktap_test_run "$call: RTCP, module to GStreamer" begins "mod.$1.sent.rtcp" "peer.$1.got.rtcp"
	ktap_test_run "$call: RTCP, GStreamer to module" begins "peer.$1.sent.rtcp" "mod.$1.got.rtcp"
	ktap_test_run "$call: counters" no_drops "$1"
}

netns_add mod && netns_add peer && netns_link "$mod" "$peer" || exit
declare -A suite
for round in "${rounds[@]}"; do
	suite=([4]=${round% *} [6]=${round#* })
	talk
	for version in $VERSIONS; do
		judge "$version"
		"$QSCTL" -n "$mod" call del "c$version"
	done
done
ktap_finished
