#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# cppcheck finds nothing in the C code that runs in user space, but for what
# cppcheck.suppressions has a reason for.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/common.sh
. "$top/selftests/lib/common.sh"
# shellcheck source=selftests/lib/clean.sh
. "$top/selftests/lib/clean.sh"
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
headers=$(find uapi $roots selftests -name '*.h' | sort)
includes=$(echo "$headers" | sed 's,/[^/]*$,,; s,/include/.*,/include,; s,^uapi/.*,uapi,; s,^,-I,' |
	sort -u)

options="--quiet --error-exitcode=1 --std=c11 --inline-suppr -D_GNU_SOURCE"
options="$options --enable=warning,style,performance,portability"
options="$options --suppressions-list=selftests/host/cppcheck.suppressions"

check() {
	# shellcheck disable=SC2086 # words
	selftests/lib/huge_pages cppcheck -j "$(nproc)" $options \
		--template='{file}:{line}: {message} [{id}]' -DQSC_TOOLS_VERSION='""' $includes "$1"/*.c
}

ktap_print_header
command -v cppcheck >/dev/null || ktap_skip_all "cppcheck is missing"
ktap_set_plan "$(echo "$folders" | wc -l)"
# shellcheck disable=SC2046,SC2086 # words
clean_begin "$(cppcheck --version; echo "$options" $includes
	cat selftests/host/cppcheck.suppressions $headers)" $(printf '%s/*.c ' $folders)
for folder in $folders; do
	clean_test_run "$folder" "$(echo "$folder"/*.c)" check "$folder"
done
ktap_finished
