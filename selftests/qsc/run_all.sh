#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs every test of this folder, one after the other, as the kernel's own
# kselftest runner does: one result per test program, what it printed as
# comments. With names as arguments, only these.
#
#   QUICK=1          a subset, in about a minute
#   QSC_FULL=1       as much random input as a release needs, whatever the kernel
#   QSC_LIMIT=SEC    how long one program may take (300; with QSC_FULL 3000)
#   QSCTL=FILE       the control tool (out/tools/qsctl)
#
# To be run as root with the module loaded, for instance by
#   selftests/rig/run --kernel 6.12 -- selftests/qsc/run_all.sh
set -u

cd "$(dirname "$0")" || exit
here=$PWD
top=$(cd ../.. && pwd -P)
QSCTL=${QSCTL:-$top/out/tools/qsctl}
export QSCTL

# What takes long and is not needed to know whether a change broke anything.
slow='churn relay_many deadlines.sh fail_nth interop_gst.sh kunit.sh nokey.sh'
slow="$slow qsctl.sh rmmod.sh securecall.sh sleep.sh"

limit=$(sed -n 's/^timeout=//p' settings)
[ "${QSC_FULL:-0}" = 0 ] || limit=$((10 * limit))
limit=${QSC_LIMIT:-$limit}
list=$(make -s list)

# all_but NAME...: those of $list that are not named
all_but() {
	for t in $list; do
		case " $* " in *" ${t##*/} "*) ;; *) echo "$t" ;; esac
	done
}

if [ "${1-}" = --but ]; then
	shift
	list=$(all_but "$@")
elif [ $# -gt 0 ]; then
	list=$(for t in $list; do for want; do
		[ "${t##*/}" != "$want" ] || echo "$t"
	done; done)
elif [ "${QUICK:-0}" != 0 ]; then
	# shellcheck disable=SC2086 # a word per test
	list=$(all_but $slow)
fi

status_file=$(mktemp)
trap 'rm -f "$status_file"' EXIT

echo "TAP version 13"
# shellcheck disable=SC2086 # a word per test
set -- $list
echo "1..$#"

number=0 failed=0
for t; do
	number=$((number + 1))
	name=${t##*/}
	case $t in /*) ;; *) t=$here/$t ;; esac
	echo "# selftests: qsc: $name"
	start=$(date +%s)
	{
		(cd "$top" && exec timeout -k 10 "$limit" "$t") 2>&1
		echo $? >"$status_file"
	} | sed -u 's/^/# /'
	status=$(cat "$status_file")
	seconds=$(($(date +%s) - start))
	case $status in
	0)	echo "ok $number selftests: qsc: $name # $seconds s" ;;
	4)	echo "ok $number selftests: qsc: $name # SKIP" ;;
	124)	failed=1
		echo "not ok $number selftests: qsc: $name # TIMEOUT $limit s" ;;
	*)	failed=1
		echo "not ok $number selftests: qsc: $name # exit=$status, $seconds s" ;;
	esac
done
exit $failed
