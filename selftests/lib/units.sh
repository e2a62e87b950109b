# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Unit tests (cmocka) as TAP, and what holds for all user-space folders. To be
# sourced after ktap.sh by a script that has set $plain, the folder of the build.

# unit_tests PROGRAM: a result for each of its tests
unit_tests() {
	ktap_status=0
	# shellcheck disable=SC2154 # the sourcing script sets it
	lines=$(CMOCKA_MESSAGE_OUTPUT=TAP "$plain/tests/$1" 2>&1) || ktap_status=1
	# shellcheck disable=SC2154 # of ktap.sh
	failed_before=$ktap_failed
	while IFS= read -r line; do
		name=${line#* - }
		case $line in
		"ok "*)		ktap_test_pass "$1: $name" ;;
		"not ok "*)	ktap_test_fail "$1: $name" ;;
		1..*|"# ok"*)	;;
		*)		ktap_print_msg "$line" ;;
		esac
	done <<-END
	$lines
	END
	[ "$ktap_status" -eq 0 ] || [ "$ktap_failed" -gt "$failed_before" ] ||
		ktap_test_fail "$1: died"
}

# unit_tests_count FOLDER: how many results unit_tests will give for all in it
unit_tests_count() {
	cat "$1"/test_*.c | grep -cE 'cmocka_unit_test(_setup)?(_teardown)?\('
}

under_valgrind() {
	valgrind -q --leak-check=full --error-exitcode=9 "$@"
}

# run_under_valgrind PROGRAM: one result
run_under_valgrind() {
	if command -v valgrind >/dev/null; then
		ktap_test_run "valgrind: $1" under_valgrind "$plain/tests/$1"
	else
		ktap_test_skip "valgrind: $1" "valgrind is missing"
	fi
}

man_page_is_clean() {
	! mandoc -T lint -W warning "$1" | grep .
}

# check_man_page FILE: one result
check_man_page() {
	if command -v mandoc >/dev/null; then
		ktap_test_run "the manual page ${1##*/} is clean" man_page_is_clean "$1"
	else
		ktap_test_skip "the manual page ${1##*/} is clean" "mandoc is missing"
	fi
}
