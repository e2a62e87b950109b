#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own opinion on the style of the module.
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
command -v perl >/dev/null || ktap_skip_all "perl is missing"
checkpatch=$(selftests/rig/fetch checkpatch) ||
	ktap_skip_all "checkpatch.pl could not be fetched"
list=$(find kmod uapi -name '*.[ch]' ! -name '*.mod.c' | sort)
ktap_set_plan "$(echo "$list" | wc -l)"
options="--strict --no-tree --no-summary --show-types"
# shellcheck disable=SC2086 # words
clean_begin "$options $(cat "$checkpatch"/*)" $list
# All at once takes half the time.
# shellcheck disable=SC2086 # words
clean_at_once "$list" "$checkpatch/checkpatch.pl" $options -f
for f in $list; do
	# shellcheck disable=SC2086 # words
	clean_test_run "$f" "$f" "$checkpatch/checkpatch.pl" $options -f "$f"
done
ktap_finished
