#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# cppcheck finds nothing in the C code that runs in user space, but for what
# cppcheck.suppressions has a reason for.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cd "$top"

# Those with a Kbuild are modules, which the kernel's own tools look at.
in_user_space() {
	while read -r dir; do
		[ -e "$dir/Kbuild" ] || echo "$dir"
	done
}

roots=tools
[ ! -d firmware-keys ] || roots="$roots firmware-keys"
# shellcheck disable=SC2086 # words
folders=$(find $roots selftests -name '*.c' ! -path '*/.*' -printf '%h\n' | sort -u |
	in_user_space)
# shellcheck disable=SC2086 # words
includes=$(find uapi $roots selftests -name '*.h' -printf '-I%h\n' |
	sed 's,/include/.*,/include,; s,^-Iuapi/.*,-Iuapi,' | sort -u)

check() {
	# shellcheck disable=SC2086 # words
	cppcheck -j "$(nproc)" --quiet --error-exitcode=1 --std=c11 --inline-suppr \
		--enable=warning,style,performance,portability \
		--suppressions-list=selftests/host/cppcheck.suppressions \
		--template='{file}:{line}: {message} [{id}]' \
		-D_GNU_SOURCE -DQSC_TOOLS_VERSION='""' $includes "$1"/*.c
}

ktap_print_header
command -v cppcheck >/dev/null || ktap_skip_all "cppcheck is missing"
ktap_set_plan "$(echo "$folders" | wc -l)"
for folder in $folders; do
	ktap_test_run "$folder" check "$folder"
done
ktap_finished
