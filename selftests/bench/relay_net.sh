# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The network of what is measured of relays; to be sourced in the virtual machine.
#
#   snd 198.51.100.2 -- 198.51.100.1 mid 203.0.113.1 -- 203.0.113.2 rcv

snd=snd-$$ mid=mid-$$ rcv=rcv-$$

in_mid() {
	ip netns exec "$mid" "$@"
}

# link NS ADDR: to the namespace in the middle, which gets the address .1
link() {
	ip link add "$1" netns "$mid" type veth peer name eth0 netns "$1"
	ip -n "$1" addr add "$2.2/24" dev eth0
	ip -n "$1" link set eth0 up
	ip -n "$mid" addr add "$2.1/24" dev "$1"
	ip -n "$mid" link set "$1" up
	ip -n "$1" route add default via "$2.1"
}

relay_net_up() {
	for ns in "$snd" "$mid" "$rcv"; do
		ip netns add "$ns"
	done
	link "$snd" 198.51.100
	link "$rcv" 203.0.113
	ip -n "$mid" link set lo up
}

relay_net_down() {
	for ns in "$snd" "$mid" "$rcv"; do
		ip netns del "$ns" 2>/dev/null || :
	done
}
