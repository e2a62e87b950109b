#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What "make install" puts in place of the key service: programs that run, a unit
# that systemd takes, and manuals and a document that are whole.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/units.sh
. "$top/selftests/lib/units.sh"
cd "$top"

out=${QSC_KMS_OUT:-$top/out/tools}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
unit=$root/opt/qsc/lib/systemd/system/qskmsd.service

# shellcheck disable=SC2317 # these are called by ktap_test_run
install_tree() {
	# Several tests may want the programs at once.
	mkdir -p "$out"
	flock "$out/.kms-lock" make -s -C tools kms-helpers install-kms OUT="$out" \
		DESTDIR="$root" PREFIX=/opt/qsc || return
	for f in sbin/qskmsd sbin/qskms share/man/man8/qskmsd.8 share/man/man8/qskms.8 \
		 lib/systemd/system/qskmsd.service lib/sysusers.d/qskmsd.conf; do
		[ -s "$root/opt/qsc/$f" ] || { echo "no $f"; return 1; }
	done
	! grep -r '@PREFIX@' "$root"
}

# shellcheck disable=SC2317
programs_run() {
	for p in qskmsd qskms; do
		"$root/opt/qsc/sbin/$p" --version | grep "^$p [0-9]" || return
	done
}

# shellcheck disable=SC2317
unit_is_valid() {
	sed "s|=/opt|=$root/opt|" "$unit" >"$work/qskmsd.service"
	# Other units of this machine are not our business.
	! systemd-analyze verify --man=no "$work/qskmsd.service" 2>&1 | grep qskmsd
}

# systemd's own measure, from 0 (tight) to 10. It has to listen on the network
# and to lock memory.
# shellcheck disable=SC2317
unit_is_tight() {
	systemd-analyze security --offline=true --threshold=20 "$unit" >"$work/security" ||
		{ tail -n 2 "$work/security"; return 1; }
}

# shellcheck disable=SC2317
names_every_option() {
	"$root/opt/qsc/sbin/$1" --help | grep -oE -- '--[a-z-]+' | sort -u >"$work/options"
	[ -s "$work/options" ] || return
	while read -r option; do
		grep -qF -- "-${option#--}" "$2" || { echo "$option is missing"; return 1; }
	done <"$work/options"
}

# Each word that a request can be refused with is explained.
# shellcheck disable=SC2317
names_every_error() {
	grep -ohE '(conn_refuse\([a-z]+,|refuse\(no,|return) "[a-z-]+"' tools/qskmsd/*.c |
		grep -oE '"[a-z-]+"' | tr -d '"' | sort -u >"$work/codes"
	[ "$(wc -l <"$work/codes")" -ge 10 ] || { cat "$work/codes"; return 1; }
	while read -r code; do
		grep -q "^$code  " Documentation/key-service.rst ||
			{ echo "$code is missing"; return 1; }
	done <"$work/codes"
}

# shellcheck disable=SC2317
valid_rst() {
	python3 -m docutils --strict --report=1 Documentation/key-service.rst /dev/null
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
for lib in libevent libssl sqlite3 libpq libcurl json-c; do
	pkg-config "$lib" || ktap_skip_all "$lib is missing"
done
ktap_set_plan 10
ktap_test_run "install puts everything in its place" install_tree
ktap_test_run "what was installed runs" programs_run
if_there systemd-analyze "systemd takes the unit" unit_is_valid
if_there systemd-analyze "the unit is hardened" unit_is_tight
for p in qskmsd qskms; do
	check_man_page "Documentation/man/$p.8"
	ktap_test_run "the manual page $p.8 has every option" \
		names_every_option "$p" "Documentation/man/$p.8"
done
ktap_test_run "key-service.rst explains every error" names_every_error
if python3 -c 'import docutils' 2>/dev/null; then
	ktap_test_run "key-service.rst is valid" valid_rst
else
	ktap_test_skip "key-service.rst is valid" "python3-docutils is missing"
fi
ktap_finished
