#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every shell script of the tree, whatever its name, is clean for shellcheck.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/common.sh
. "$top/selftests/lib/common.sh"
# shellcheck source=selftests/lib/clean.sh
. "$top/selftests/lib/clean.sh"
cd "$top"

# Scripts by their first line, and what they source by its name.
scripts() {
	find . -name .git -prune -o -path ./out -prune -o -type f \
		-exec awk '(FNR == 1 && /^#!.*[ \/](ba|da)?sh$/) || FILENAME ~ /\.sh$/ {
			print substr(FILENAME, 3)
		} { nextfile }' {} + | sort
}

ktap_print_header
command -v shellcheck >/dev/null || ktap_skip_all "shellcheck is missing"
list=$(scripts)
ktap_set_plan "$(echo "$list" | wc -l)"
# Follows what a script sources: each names it in such a line.
# shellcheck disable=SC2046,SC2086 # words
sourced=$(sed -n 's/^[[:space:]]*# shellcheck source=//p' $list | sort -u)
# shellcheck disable=SC2086 # words
clean_begin "$(shellcheck --version; cat .shellcheckrc $sourced)" $list
for f in $list; do
	clean_test_run "$f" "$f" shellcheck "$f"
done
ktap_finished
