#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every shell script of the tree, whatever its name, is clean for shellcheck.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cd "$top"

# Scripts by their first line, and what they source by its name.
scripts() {
	find . -name .git -prune -o -path ./out -prune -o -type f -print |
		sort | while read -r f; do
		case $f in
		*.sh) echo "$f" ;;
		*)
			! head -c 64 "$f" | head -n 1 |
				grep -aqE '^#!.*[ /](ba|da)?sh$' || echo "$f"
			;;
		esac
	done
}

ktap_print_header
command -v shellcheck >/dev/null || ktap_skip_all "shellcheck is missing"
list=$(scripts)
ktap_set_plan "$(echo "$list" | wc -l)"
for f in $list; do
	ktap_test_run "${f#./}" shellcheck "$f"
done
ktap_finished
