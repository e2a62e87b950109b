#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module builds for each stock kernel without a warning, neither from the
# compiler with W=1 nor from sparse; and for a 7.x, where one has been built for
# other tests. These are the builds that the tests of those kernels use.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cd "$top"

KERNELS="6.1 6.12"
for later in debug-7 plain-7; do
	if selftests/rig/kernels/build --built $later >/dev/null; then
		KERNELS="$KERNELS $later"
		break
	fi
done

# clean_build KERNEL
clean_build() {
	# shellcheck disable=SC2086 # none or one word
	dir=$(selftests/rig/build --strict $sparse "$1") || return
	# modpost and the build's scripts have warnings of their own.
	! grep -i 'warning:' "$dir/build.log"
}

checks="W=1 and sparse" sparse=--sparse
if ! command -v sparse >/dev/null; then
	checks="W=1, without sparse, which is missing" sparse=
fi

ktap_print_header
ktap_set_plan "$(echo "$KERNELS" | wc -w)"
for kernel in $KERNELS; do
	ktap_test_run "$kernel: $checks" clean_build "$kernel"
done
ktap_finished
