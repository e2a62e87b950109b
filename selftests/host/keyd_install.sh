#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What "make install" puts in place of qskeyd: a program that runs, a unit that
# systemd takes, and manuals and a document that are whole.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/units.sh
. "$top/selftests/lib/units.sh"
cd "$top"

out=$top/out/tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
unit=$root/opt/qsc/lib/systemd/system/qskeyd.service
qskeyd=$root/opt/qsc/sbin/qskeyd

install_tree() {
	# Several tests may want the programs at once.
	mkdir -p "$out"
	flock "$out/.kms-lock" make -s -C tools install-keyd OUT="$out" DESTDIR="$root" \
		PREFIX=/opt/qsc || return
	for f in sbin/qskeyd share/man/man8/qskeyd.8 share/man/man5/qskeyd.conf.5 \
		 lib/systemd/system/qskeyd.service lib/sysusers.d/qskeyd.conf; do
		[ -s "$root/opt/qsc/$f" ] || { echo "no $f"; return 1; }
	done
	! grep -r '@PREFIX@' "$root"
}

# refuses TEXT ARGUMENT...: it does not start, and says TEXT
refuses() {
	text=$1
	shift
	status=0
	"$qskeyd" --config /dev/null "$@" >"$work/said" 2>&1 || status=$?
	cat "$work/said"
	[ "$status" -eq 1 ] && grep -qF -- "$text" "$work/said"
}

wrong_use() {
	"$qskeyd" --version | grep '^qskeyd [0-9]' &&
		refuses 'service is missing' &&
		refuses 'is not a number from 0 to 60' --card-wait 61 &&
		refuses 'is not yes|no' --pcsc maybe &&
		refuses 'one word too many' --service a:1 start &&
		refuses 'one pool-key for each pool-file' --service a:1 --pool-file x &&
		refuses 'there are no cards' --service a:1 --pcsc no &&
		refuses 'unrecognized option' --nonsense x
}

unit_is_valid() {
	sed "s|=/opt|=$root/opt|" "$unit" >"$work/qskeyd.service"
	# Other units of this machine are not our business.
	! systemd-analyze verify --man=no "$work/qskeyd.service" 2>&1 | grep qskeyd
}

# systemd's own measure, from 0 (tight) to 10
unit_is_tight() {
	systemd-analyze security --offline=true --threshold=25 "$unit" >"$work/security" ||
		{ tail -n 2 "$work/security"; return 1; }
}

# Each option is a key of the file, and has its place in the manual.
names_every_key() {
	"$qskeyd" --help | sed -n 's/^  --\([a-z-]*\) [A-Z|a-z:]*  *.*/\1/p' |
		grep -vxE 'config|help|version' | sort >"$work/keys"
	[ -s "$work/keys" ] || return
	sed -n 's/^\.It Cm \([a-z-]*\) Ns = .*/\1/p' Documentation/man/qskeyd.conf.5 |
		sort | diff "$work/keys" -
}

# Exit codes of qsctl that qskeyd decides on
names_every_code() {
	sed -n 's/.*{ "[a-z-]*", \([0-9]*\) },/\1/p' tools/qskeyd/failure.c | sort -n >"$work/codes"
	[ "$(wc -l <"$work/codes")" -ge 25 ] || return
	while read -r code; do
		grep -qx "\.It $code" Documentation/man/qsctl.8 ||
			{ echo "$code is missing"; return 1; }
	done <"$work/codes"
	uniq -d <"$work/codes" | diff /dev/null -
}

valid_rst() {
	python3 -m docutils --strict --report=1 Documentation/qskeyd.rst /dev/null
}

# if_there PROGRAM PROMISE COMMAND...
if_there() {
	program=$1
	promise=$2
	shift 2
	if command -v "$program" >/dev/null; then
		ktap_test_run "$promise" "$@"
	else
		ktap_test_skip "$promise" "$program is missing"
	fi
}

ktap_print_header
for lib in libevent_openssl libpcsclite libssl json-c libnl-genl-3.0; do
	pkg-config "$lib" || ktap_skip_all "$lib is missing"
done
ktap_set_plan 9
ktap_test_run "install puts everything in its place" install_tree
ktap_test_run "wrong use is named" wrong_use
if_there systemd-analyze "systemd takes the unit" unit_is_valid
if_there systemd-analyze "the unit is hardened" unit_is_tight
check_man_page Documentation/man/qskeyd.8
check_man_page Documentation/man/qskeyd.conf.5
ktap_test_run "qskeyd.conf.5 has every key" names_every_key
ktap_test_run "qsctl.8 has every exit status" names_every_code
if python3 -c 'import docutils' 2>/dev/null; then
	ktap_test_run "qskeyd.rst is valid" valid_rst
else
	ktap_test_skip "qskeyd.rst is valid" "python3-docutils is missing"
fi
ktap_finished
