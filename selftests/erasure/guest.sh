#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh SERVICE PORT DIR - a handset, as root in the rig's virtual machine:
# pcscd and qskeyd in the namespace phone, and an agent that does outside of it
# what the host asks for. SIM and key service (at SERVICE) are outside of the
# machine. DIR is shared with the host: there is the PIN; there go the logs.
# SERVICE none: no handset.
#
#   ctl, 10.0.2.15 port PORT	the agent
#   phone, 10.0.2.15 in phone	the handset's network; a SIM comes to port 17001
set -eu

here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../.." && pwd -P)
service=${1:?usage: guest.sh SERVICE PORT DIR} port=${2:?} shared=${3:?}

[ "${QSC_RIG-}" ] || {
	echo "guest.sh: to be run by selftests/erasure/run, in a virtual machine" >&2
	exit 1
}

work=/tmp/erasure
mkdir -m 700 "$work"
# shellcheck source=selftests/lib/phones.sh
. "$top/selftests/lib/phones.sh"

ip addr add 10.0.2.15/24 dev ctl
ip link set ctl up
ip netns add phone
ip -n phone link set lo up
ip link set phone netns phone
ip -n phone addr add 10.0.2.15/24 dev phone
ip -n phone link set phone up

# What a handset has running; the host calls the second one after it has killed qskeyd.
for part in pcscd keyd; do
	cat >"$work/$part.sh" <<-END
	top=$top work=$work
	. $top/selftests/lib/phones.sh
	END
done
echo 'pcscd_start alice phone 17001' >>"$work/pcscd.sh"
echo 'keyd_start alice phone && until_true has_card alice' >>"$work/keyd.sh"

if [ "$service" != none ]; then
	mkdir "$work/alice"
	cp "$shared/pin" "$work/alice/pin"
	chmod 600 "$work/alice/pin"
	keyd_conf alice "$service"
	if ! { bash "$work/pcscd.sh" && bash "$work/keyd.sh"; }; then
		cat "$work"/alice/*.log
		exit 1
	fi
fi
exec "$here/agent.py" "$port" "$shared"
