# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Calls between namespaces that both have the module, plain RTP through them,
# and taps on the wire. To be sourced by a script that has set $top to the top
# folder of the tree and $work to a folder for its files.
: "${top:?}" "${work:?}"

QSCTL=${QSCTL:-$top/out/tools/qsctl}
RTP_FLOW=${RTP_FLOW:-$top/out/selftests/rtp_flow}
MARKER=QSC-CLEAR-MARKER

# calls_need PROGRAM...: skip the whole test unless all of them are there, and
# the module
calls_need() {
	local program

	for program in ip "$QSCTL" "$RTP_FLOW" "$@"; do
		command -v "$program" >/dev/null || {
			echo "1..0 # SKIP ${program##*/} is missing"
			exit 4
		}
	done
	[ -d /sys/module/qsc ] || {
		echo "1..0 # SKIP the module is not loaded"
		exit 4
	}
}

# random_key FILE [SUITE]
random_key() {
	local suite=${2:-AEAD_AES_256_GCM} bytes=44

	[ "$suite" = AEAD_AES_256_GCM ] || bytes=28
	(umask 077 && echo "$suite inline:$(head -c $bytes /dev/urandom | base64 -w 0)" >"$1")
}

# batch NS LINE...: commands of one qsctl; with deadlines between them, a slow
# machine must not need long from one to the next
batch() {
	local ns=$1

	shift
	printf '%s\n' "$@" | "$QSCTL" -n "$ns" -b -
}

# end_call NS ID LOCAL REMOTE TXKEY RXKEY [ARGUMENT...]: one end of a call
end_call() {
	local ns=$1 id=$2 local=$3 remote=$4 tx=$5 rx=$6

	shift 6
	batch "$ns" "call add $id local $local remote $remote $*" \
		"call key $id tx file $tx" "call key $id rx file $rx"
}

# pair_call ID NS_A NS_B ADDR_A ADDR_B: both ends, with new keys
pair_call() {
	random_key "$work/$1.ab" && random_key "$work/$1.ba" &&
		end_call "$2" "$1" "$4" "$5" "$work/$1.ab" "$work/$1.ba" &&
		end_call "$3" "$1" "$5" "$4" "$work/$1.ba" "$work/$1.ab"
}

# counter NS ID NAME: a counter of a call, 0 if it has not moved
counter() {
	"$QSCTL" -n "$1" -a stats call "$2" |
		awk -v name="$3" '$1 == name { n = $2 } END { print n + 0 }'
}

# drops NS ID: print the drop counters that have moved; fail if there are any
drops() {
	! "$QSCTL" -n "$1" stats call "$2" | grep _drop_
}

# talk NS_A ADDR_A REMOTE_A NS_B ADDR_B REMOTE_B PACKETS: RTP both ways; fails
# unless all of it arrives as it was sent. The remotes differ from the other
# end's address where there is NAT between them.
talk() {
	"$RTP_FLOW" -c "$7" "$1" "$2" "$3" "$4" "$5" "$6"
}

taps=

# tap_start NS DEV FILE
tap_start() {
	ip netns exec "$1" tcpdump -U -i "$2" -w "$3" 2>"$3.log" &
	taps="$taps $!"
	local tries=100
	until grep -q 'listening on' "$3.log" || [ $((tries -= 1)) -eq 0 ]; do
		sleep 0.1
	done
}

taps_stop() {
	# tcpdump writes what it has when the signal comes
	sleep 0.3
	# shellcheck disable=SC2086 # a word per process
	[ -z "$taps" ] || { kill -INT $taps && wait $taps; } 2>/dev/null
	taps=
}

# tap_udp FILE: how many UDP frames
tap_udp() {
	tcpdump -r "$1" udp 2>/dev/null | wc -l
}

# tap_clean FILE: it has UDP frames, and the marker is in none
tap_clean() {
	[ "$(tap_udp "$1")" -gt 0 ] || {
		echo "no UDP in ${1##*/}"
		return 1
	}
	! grep -aq "$MARKER" "$1" || {
		echo "the marker is in ${1##*/}"
		return 1
	}
}

# within SECONDS COMMAND...: wait for it to succeed
within() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		sleep 0.2
	done
}
