#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module builds for each stock kernel without a warning, neither from the
# compiler with W=1 nor from sparse; and for a 7.x, where one has been built for
# other tests. Warnings are made errors, so that a file which has one is looked
# at again the next time.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cd "$top"

KERNELS="6.1 6.12"
for later in plain-7 debug-7; do
	if selftests/rig/kernels/build --built $later >/dev/null; then
		KERNELS="$KERNELS $later"
		break
	fi
done

# clean_build NAME KERNEL MAKE-ARGUMENT...
clean_build() {
	name=$1
	shift
	dir=$(selftests/rig/build --as "$name" "$@" KCFLAGS=-Werror) || return
	# modpost and the build's scripts have warnings of their own.
	! grep -i 'warning:' "$dir/build.log"
}

# sparse looks at what the compiler looks at, in the same build.
checks="W=1 and sparse"
args="W=1 C=1 CF=-Wsparse-error"
if ! command -v sparse >/dev/null; then
	checks="W=1, without sparse, which is missing"
	args=W=1
fi

ktap_print_header
ktap_set_plan "$(echo "$KERNELS" | wc -w)"
for kernel in $KERNELS; do
	# shellcheck disable=SC2086 # one word per argument
	ktap_test_run "$kernel: $checks" \
		clean_build "strict-$kernel" "$kernel" $args
done
ktap_finished
