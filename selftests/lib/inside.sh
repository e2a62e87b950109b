# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests of handsets on this machine: to be sourced after ktap.sh, with $top the
# top folder. The test runs twice: first out here, to look whether it is possible
# and to build what it needs; then with "inside" as its argument, in namespaces of
# its own, and only there it goes on, with phones.sh sourced.
: "${top:?}"

# inside_needs COMMAND...
inside_needs() {
	local p

	for p; do
		command -v "$p" >/dev/null || inside_skip "$p is missing"
	done
}

inside_skip() {
	ktap_print_header
	ktap_skip_all "$*"
}

inside_run() {
	local p missing

	for p in libevent_openssl libpcsclite libssl json-c libnl-genl-3.0; do
		pkg-config "$p" 2>/dev/null || inside_skip "$p is missing"
	done
	# Several tests may want the programs at once.
	mkdir -p "$top/out/tools"
	flock "$top/out/tools/.kms-lock" make -s -C "$top/tools" keyd-helpers kms-helpers >&2 &&
		make -s -C "$top/firmware-keys" all >&2 || exit
	work=$(mktemp -d /tmp/qsc.XXXXXX)
	export QSC_WORK=$work QSKEYD=${QSKEYD:-$top/out/tools/tests/keyd/qskeyd}
	trap 'rm -rf "$work"' EXIT
	# shellcheck source=selftests/lib/phones.sh
	. "$top/selftests/lib/phones.sh"
	missing=$(phones_missing)
	[ -z "$missing" ] || inside_skip "missing: $missing"
	unshare --net --mount --pid --fork --mount-proc true 2>/dev/null ||
		inside_skip "no right to make namespaces"
	unshare --net --mount --pid --fork --mount-proc --kill-child \
		"$top/selftests/host/${0##*/}" inside
	exit
}

# inside "$@": returns only there
inside() {
	[ "${1-}" = inside ] || inside_run
	work=$QSC_WORK
	# shellcheck source=selftests/lib/phones.sh
	. "$top/selftests/lib/phones.sh"
	trap phones_stop EXIT
	ip link set lo up
	cd "$work" || exit
}
