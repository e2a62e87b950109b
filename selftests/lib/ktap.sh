# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# TAP for shell tests, with the names that tools/testing/selftests/kselftest/
# ktap_helpers.sh of the kernel uses. To be sourced.

ktap_number=0
ktap_failed=0

ktap_print_header() {
	echo "TAP version 13"
}

# Whether to do with less: this kernel looks for bugs, which makes it slow. The
# rig's kernels have their purpose in their name.
ktap_in_short() {
	[ "${QSC_FULL:-0}" = 0 ] && uname -r | grep -q -e -debug
}

ktap_print_msg() {
	printf '# %s\n' "$*"
}

# QSC_ONLY=TEXT[|TEXT...] in the environment: of the tests that ktap_test_run is
# to run, only those with one of these in their description. It is up to the
# caller whether they do without the others.
ktap_wanted() {
	[ "${QSC_ONLY-}" ] || return 0
	printf '%s\n' "$1" | grep -qF "$(printf %s "$QSC_ONLY" | tr '|' '\n')"
}

ktap_set_plan() {
	[ "${QSC_ONLY-}" ] || echo "1..$1"
}

# ktap_skip_all REASON: instead of a plan
ktap_skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

ktap_result() {
	ktap_number=$((ktap_number + 1))
	echo "$1 $ktap_number $2"
}

ktap_test_pass() {
	ktap_result ok "$*"
}

ktap_test_fail() {
	ktap_failed=$((ktap_failed + 1))
	ktap_result "not ok" "$*"
}

# ktap_test_skip DESCRIPTION REASON
ktap_test_skip() {
	ktap_result ok "$1 # SKIP $2"
}

# ktap_test_run DESCRIPTION COMMAND...: pass if the command succeeds, else show
# what it printed.
ktap_test_run() {
	ktap_wanted "$1" || return 0
	ktap_description=$1
	shift
	if ktap_output=$("$@" 2>&1); then
		ktap_test_pass "$ktap_description"
	else
		printf '%s\n' "$ktap_output" | sed 's/^/# /'
		ktap_test_fail "$ktap_description"
	fi
}

# The exit status of the test program.
ktap_finished() {
	[ -z "${QSC_ONLY-}" ] || echo "1..$ktap_number"
	[ "$ktap_failed" -eq 0 ]
	exit
}
