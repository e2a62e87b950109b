#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The mutants keep up with the source: each still applies as it is, and the test
# that has to notice it still has a result of that name. The table of them in the
# documentation keeps up with them.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cd "$top"

# field NAME PATCH: of the header
field() {
	sed -n "/^\$/q; s/^$1: //p" "$2"
}

# has_row NAME: of the proof of erasure
has_row() {
	grep -hA 1 '^@row(' selftests/erasure/*rows.py | grep -q "^def $1(proof):"
}

# A result's name ends in a literal of the test's source: the name of a KUnit
# case, or what follows the IP version and the counter.
has_result() {
	test=$(field Test "$1")
	fails=$(field Fails "$1")
	case $test in
	kunit)
		grep -lF ".name = \"${fails%%: *}\"" kmod/tests/*.c |
			xargs -r grep -qE "KUNIT_CASE(_PARAM)?\(${fails#*: }\b"
		;;
	erasure)
		has_row "$fails"
		;;
	*)
		text=${fails#IPv[46] }
		grep -rqF -e "\"$text" -e "\"${text##*: }\"" -e ": ${text#*: }" \
			selftests/qsc
		;;
	esac || {
		echo "$test has no result \"$fails\""
		return 1
	}
}

check() {
	[ "$(field Breaks "$1")" ] || { echo "it does not say what it breaks"; return 1; }
	row=$(field Erasure "$1")
	[ -z "$row" ] || has_row "$row" || { echo "erasure has no row \"$row\""; return 1; }
	has_result "$1" && patch -p1 --dry-run -F0 -f -s -i "$1"
}

table() {
	sed -n '/^\.\. list-table::/,$p' Documentation/testing.rst >"$shown"
	selftests/mutants/run --table | diff -u "$shown" - || {
		echo "replace it by what selftests/mutants/run --table prints"
		return 1
	}
}

shown=$(mktemp)
trap 'rm -f "$shown"' EXIT
ktap_print_header
command -v patch >/dev/null || ktap_skip_all "patch is missing"
set -- selftests/mutants/*.patch
ktap_set_plan $(($# + 1))
for patch; do
	name=${patch##*/}
	ktap_test_run "${name%.patch}" check "$patch"
done
ktap_test_run "Documentation/testing.rst has the table of them" table
ktap_finished
