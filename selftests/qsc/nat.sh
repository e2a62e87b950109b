#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Address translation, connection tracking and a firewall in the path of a
# call, on a router and on the machine of the application itself.
#
#   app ---- in router out ---- peer       calls end in app and in peer
#    .2      .1          .1     .2
#   192.168.7/24, 2001:db8:7::/64   203.0.113/24, 2001:db8:113::/64
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

readonly PACKETS=50
readonly -A app_ip=([4]=192.168.7.2 [6]='[2001:db8:7::2]')
readonly -A out_ip=([4]=203.0.113.1 [6]='[2001:db8:113::1]')
readonly -A peer_ip=([4]=203.0.113.2 [6]='[2001:db8:113::2]')
# nobody's; the application believes that the peer is there
readonly -A other_ip=([4]=198.51.100.9 [6]='[2001:db8:51::9]')
# plain RTP of rtp_flow and what it becomes, as lengths of UDP
readonly RTP_LENGTH=40 SRTP_LENGTH=56

finish() {
	taps_stop
	netns_cleanup
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# address NS DEV ADDR4 ADDR6: addresses of one end
address() {
	ip -n "$1" addr add "$3/24" dev "$2" && ip -n "$1" addr add "$4/64" dev "$2" nodad &&
		ip -n "$1" link set "$2" up
}

wire() {
	# shellcheck disable=SC2154 # netns_add sets them
	ip link add eth0 netns "$app" type veth peer name in netns "$router" &&
		ip link add out netns "$router" type veth peer name eth0 netns "$peer" &&
		address "$app" eth0 192.168.7.2 2001:db8:7::2 &&
		address "$router" in 192.168.7.1 2001:db8:7::1 &&
		address "$router" out 203.0.113.1 2001:db8:113::1 &&
		address "$peer" eth0 203.0.113.2 2001:db8:113::2 &&
		ip -n "$app" route add default via 192.168.7.1 &&
		ip -n "$app" route add default via 2001:db8:7::1 &&
		ip -n "$peer" route add default via 203.0.113.1 &&
		ip -n "$peer" route add default via 2001:db8:113::1 &&
		ip netns exec "$router" sysctl -qw net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1
}

# The router hides the network of app behind its own address, port 40000.
router_rules() {
	ip netns exec "$router" nft -f - <<-'END'
	table inet nat {
		chain postrouting {
			type nat hook postrouting priority srcnat
			oifname out udp sport 5004 meta nfproto ipv4 snat ip to 203.0.113.1:40000
			oifname out udp sport 5004 meta nfproto ipv6 \
				snat ip6 to [2001:db8:113::1]:40000
		}
		chain prerouting {
			type nat hook prerouting priority dstnat
			iifname out udp dport 40000 meta nfproto ipv4 dnat ip to 192.168.7.2:5004
			iifname out udp dport 40000 meta nfproto ipv6 \
				dnat ip6 to [2001:db8:7::2]:5004
		}
		chain forward {
			type filter hook forward priority filter; policy drop
			ct state established,related accept
			udp dport { 5004, 5006 } accept
			meta l4proto icmpv6 accept
		}
	}
	END
}

# app itself has a stateful firewall that counts, and translates a second call.
app_rules() {
	ip netns exec "$app" nft -f - <<-END
	table inet own {
		chain output {
			type filter hook output priority filter
			udp length $RTP_LENGTH counter comment "rtp_out"
			udp length $SRTP_LENGTH counter comment "srtp_out"
		}
		chain input {
			type filter hook input priority filter; policy drop
			udp length $RTP_LENGTH counter comment "rtp_in"
			udp length $SRTP_LENGTH counter comment "srtp_in"
			ct state established,related accept
			udp dport 5004 accept
			meta l4proto icmpv6 accept
			iif lo accept
		}
		chain own_redirect {
			type nat hook output priority -100
			ip daddr 198.51.100.9 udp dport 6004 dnat ip to 203.0.113.2:5006
			ip6 daddr 2001:db8:51::9 udp dport 6004 \
				dnat ip6 to [2001:db8:113::2]:5006
		}
		chain own_hide {
			type nat hook postrouting priority srcnat
			udp sport 5104 meta nfproto ipv4 snat ip to 192.168.7.2:5204
			udp sport 5104 meta nfproto ipv6 snat ip6 to [2001:db8:7::2]:5204
		}
	}
	END
}

# firewall_counter NAME
firewall_counter() {
	ip netns exec "$app" nft list table inet own |
		sed -n "s/.*packets \([0-9]*\) .*comment \"$1\"/\1/p"
}

# Each end knows the other one by the address that it sees.
secure_routed() {
	end_call "$app" "routed$1" "${app_ip[$1]}:5004" "${peer_ip[$1]}:5004" \
		"$work/ab" "$work/ba" &&
		end_call "$peer" "routed$1" "${peer_ip[$1]}:5004" "${out_ip[$1]}:40000" \
			"$work/ba" "$work/ab"
}

talk_routed() {
	talk "$app" "${app_ip[$1]}:5004" "${peer_ip[$1]}:5004" \
		"$peer" "${peer_ip[$1]}:5004" "${out_ip[$1]}:40000" "$PACKETS"
}

# The application's view of the addresses counts, not that of the wire.
secure_own() {
	end_call "$app" "own$1" "${app_ip[$1]}:5104" "${other_ip[$1]}:6004" \
		"$work/ab" "$work/ba" &&
		end_call "$peer" "own$1" "${peer_ip[$1]}:5006" "${app_ip[$1]}:5204" \
			"$work/ba" "$work/ab"
}

talk_own() {
	talk "$app" "${app_ip[$1]}:5104" "${other_ip[$1]}:6004" \
		"$peer" "${peer_ip[$1]}:5006" "${app_ip[$1]}:5204" "$PACKETS"
}

one_connection() {
	ip netns exec "$router" conntrack -L -f "ipv$1" -p udp 2>/dev/null >"$work/connections"
	cat "$work/connections"
	[ "$(grep -c dport=40000 "$work/connections")" -eq 1 ] &&
		! grep UNREPLIED "$work/connections"
}

firewall_sees_srtp() {
	local rtp_out srtp_out rtp_in srtp_in

	rtp_out=$(firewall_counter rtp_out) srtp_out=$(firewall_counter srtp_out)
	rtp_in=$(firewall_counter rtp_in) srtp_in=$(firewall_counter srtp_in)
	echo "out: $rtp_out RTP, $srtp_out SRTP; in: $rtp_in RTP, $srtp_in SRTP"
	[ "$rtp_out" -eq 0 ] && [ "$rtp_in" -eq 0 ] &&
		[ "$srtp_out" -ge $((4 * PACKETS)) ] && [ "$srtp_in" -ge $((4 * PACKETS)) ]
}

calls_need nft conntrack tcpdump
netns_add app && netns_add router && netns_add peer && wire && router_rules && app_rules || exit
random_key "$work/ab" && random_key "$work/ba" || exit

ktap_print_header
ktap_set_plan 13
tap_start "$app" eth0 "$work/app.pcap"
tap_start "$router" out "$work/out.pcap"
for v in 4 6; do
	secure_routed $v && secure_own $v || exit
	ktap_test_run "IPv$v: all packets pass a router's NAT" talk_routed $v
	ktap_test_run "IPv$v: its connection tracking sees one connection" one_connection $v
	ktap_test_run "IPv$v: no packet was dropped" drops "$app" routed$v
	ktap_test_run "IPv$v: all packets pass NAT on the machine itself" talk_own $v
	ktap_test_run "IPv$v: no packet was dropped" drops "$app" own$v
done
taps_stop
ktap_test_run "a firewall beside the application sees SRTP only" firewall_sees_srtp
ktap_test_run "the wire of the application has no clear packet" tap_clean "$work/app.pcap"
ktap_test_run "the wire behind the router has no clear packet" tap_clean "$work/out.pcap"
ktap_finished
