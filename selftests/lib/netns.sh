# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Network namespaces for tests. To be sourced. Names are unique, so that a test
# that was killed does not break the next one; netns_cleanup removes all that
# this shell has made, and is the sourcing script's to call from its trap.

netns_made=

# netns_add VARIABLE: a namespace with its loopback up; its name into VARIABLE
netns_add() {
	netns_name=qsc-$$-$1
	ip netns add "$netns_name" || return
	netns_made="$netns_made $netns_name"
	ip -n "$netns_name" link set lo up
	eval "$1=\$netns_name"
}

# netns_link A B: eth0 in both, A with 192.0.2.1 and 2001:db8::1, B with .2, ::2
netns_link() {
	ip link add eth0 netns "$1" type veth peer name eth0 netns "$2" || return
	netns_host=1
	for netns_name in "$1" "$2"; do
		ip -n "$netns_name" addr add "192.0.2.$netns_host/24" dev eth0
		# nodad: else the address could not be used for a second
		ip -n "$netns_name" addr add "2001:db8::$netns_host/64" dev eth0 nodad
		ip -n "$netns_name" link set eth0 up
		netns_host=$((netns_host + 1))
	done
}

netns_cleanup() {
	for netns_name in $netns_made; do
		ip netns del "$netns_name"
	done
	netns_made=
}
