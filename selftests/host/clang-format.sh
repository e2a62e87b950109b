#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# All C code is formatted the way the kernel's .clang-format says.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/common.sh
. "$top/selftests/lib/common.sh"
# shellcheck source=selftests/lib/clean.sh
. "$top/selftests/lib/clean.sh"
cd "$top"

ktap_print_header
command -v clang-format >/dev/null || ktap_skip_all "clang-format is missing"
list=$(find kmod uapi tools selftests/fuzz -name '*.[ch]' ! -name '*.mod.c' | sort)
ktap_set_plan "$(echo "$list" | wc -l)"
# shellcheck disable=SC2086 # words
clean_begin "$(clang-format --version; cat .clang-format)" $list
# Of nearly four hundred, starting one by one takes a minute, all at once a second.
clean_at_once "$list" clang-format --dry-run -Werror
for f in $list; do
	clean_test_run "$f" "$f" clang-format --dry-run -Werror "$f"
done
ktap_finished
