#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the KUnit suites of kmod/tests/: loads qsc_kunit.ko, which brings its own
# copy of the code that it tests, and makes TAP with one line per test case of
# the results in the kernel's log.
set -u

failures=/sys/kernel/debug

# Results of 6.1 have a dash before the name, and no plan says how many suites
# there are: then each that began has to have ended. What is not a result and not part
# of the frame says what went wrong, which run of a test with parameters was
# skipped and why, or is another message of the kernel.
flatten() {
	awk '
	function result(text) {
		total++
		bad += text ~ /^not ok/
		sub(/ok [0-9]+ (- )?/, "ok " total " " suite ": ", text)
		print text
	}
	function finish() {
		if (suite != "" && seen != planned)
			result("not ok 0 planned " planned " tests, ran " seen)
		seen = planned = 0
	}
	match($0, /^\[ *[0-9.]+\] /) {
		now = substr($0, 2) + 0
		$0 = substr($0, RLENGTH + 1)
	}
	/^    # Subtest: /	{ finish(); suite = $3; suites++; since = now; next }
	/^    1\.\./		{ planned = substr($1, 4); next }
	/^1\.\./		{ all = substr($1, 4); next }
	/^    (not )?ok [0-9]/	{ sub(/^ +/, ""); seen++; result($0); next }
	/^(not )?ok [0-9]/	{ ended++; printf "# %s took %.1f s\n", suite, now - since; next }
	/^ +ok .* # SKIP/	{ sub(/^ +ok [0-9]+ /, ""); print "# " $0; next }
	/^ *KTAP version|^ *# (Subtest|Totals|module):|^ *1\.\.|^ *ok [0-9]/ { next }
	/^ *# .*(pass:[0-9]+ fail:[0-9]+ skip:|should be marked slow)/ { next }
	{ sub(/^ +# /, ""); print "# " $0 }
	END {
		finish()
		suite = "qsc_kunit"
		if (!all)
			all = ended
		if (!all || suites != all)
			result("not ok 0 planned " all + 0 " suites, ran " suites + 0)
		print "1.." total
		exit bad > 0
	}'
}

skip() {
	echo "1..0 # SKIP $*"
	exit 4
}

# set_for_now FILE VALUE: until this script ends, where there is such a file
set_for_now() {
	[ -e "$1" ] || return 0
	restore="echo $(cat "$1") >$1; $restore"
	echo "$2" >"$1"
}

echo "TAP version 13"
[ "$(id -u)" -eq 0 ] || skip "must be run as root"
modprobe -qn qsc_kunit || skip "there is no qsc_kunit.ko for this kernel"
[ ! -d /sys/module/qsc_kunit ] || rmmod qsc_kunit

restore=
trap 'eval "$restore"' EXIT
trap 'exit 1' HUP INT TERM

# Allocations that may sleep can fail as well, and none says so in the log.
for kind in failslab fail_page_alloc; do
	set_for_now $failures/$kind/ignore-gfp-wait N
	set_for_now $failures/$kind/verbose 0
done
# Every key that is erased waits for the readers of the old one.
set_for_now /sys/kernel/rcu_expedited 1
# To look for ciphers that there are none of takes longer than all of the tests.
set_for_now /proc/sys/kernel/modprobe ""

mark="qsc_kunit: tests of process $$"
echo "$mark" >/dev/kmsg
if ! modprobe qsc_kunit; then
	echo "Bail out! qsc_kunit.ko cannot be loaded"
	exit 1
fi
rmmod qsc_kunit
results=$(dmesg | sed "0,/$mark/d") # from line 0: it may be the first
case $results in
*'kunit: disabled'*) skip "KUnit is off: boot with kunit.enable=1" ;;
*'# Subtest: '*) ;;
*)
	echo "Bail out! no suite ran; on 6.16 and later, boot with kunit.autorun=1"
	exit 1
	;;
esac
echo "$results" | flatten
