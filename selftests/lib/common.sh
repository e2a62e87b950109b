# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the rig and the test drivers share. To be sourced by a script that has
# set $top to the top folder of the QSC tree.

me=${0##*/}
: "${top:?common.sh: the sourcing script sets it}"

# modinfo, depmod and modprobe are of use to others than root too.
PATH=$PATH:/usr/sbin:/sbin

# Unpacked kernels live outside the tree: a fresh clone finds them again.
# shellcheck disable=SC2034 # read by the scripts that source this file
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qsc

# The rig's own failures, so that nobody takes one for a failed command.
readonly EXIT_RIG=125

say() {
	printf '%s: %s\n' "$me" "$*" >&2
}

die() {
	say "$*"
	exit "$EXIT_RIG"
}

# as_root COMMAND...: run it as root, through sudo where that is needed.
# 126 when there is no way to become root.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		return 126
	fi
}

# apt_refresh: fetch apt's lists of packages.
apt_refresh() {
	as_root apt-get -qq -o DPkg::Lock::Timeout=300 update
}
