#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What rig/kernels/build promises, with a source that takes no time to build.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
build=$top/selftests/rig/kernels/build

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export XDG_CACHE_HOME="$tmp"
source=$tmp/qsc/sources/6.12
mkdir -p "$source"

# As in the kernel's: a make that a shell started, which a make started. It takes a
# minute if there is a file "slow"; a file "refused" has an option that is not taken.
cat >"$source/Makefile" <<'END'
here := $(dir $(lastword $(MAKEFILE_LIST)))
allnoconfig:
	grep -v "$$(cat $(here)refused 2>/dev/null || echo nothing)" $(O)/wanted >$(O)/.config
vmlinux:
	$(MAKE) objects && touch $(O)/vmlinux
objects:
	! test -e $(here)slow || { echo $$$$ >$(here)slow; exec sleep 60; }
lib/kasprintf.o:
	touch $(HEADERS)/core.h.gch/sanitized
mm/util.o:
	touch $(HEADERS)/core.h.gch/plain
prepare modules:
END

# comes_true COMMAND...: within ten seconds
comes_true() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		! "$@" || return 0
		sleep 1
	done
	return 1
}

ended() {
	! kill -0 "$(cat "$source/slow")" 2>/dev/null
}

refuses() {
	echo CONFIG_KASAN_VMALLOC >"$source/refused"
	! "$build" debug-6.12 2>"$tmp/log" || return
	rm "$source/refused"
	grep -q 'CONFIG_KASAN_VMALLOC=y$' "$tmp/log" && ! "$build" --built debug-6.12
}

leaves_nothing() {
	: >"$source/slow"
	"$build" debug-6.12 2>"$tmp/log" &
	comes_true test -s "$source/slow" || return
	kill "$!"
	! wait "$!" && comes_true ended
}

goes_on() {
	rm "$source/slow"
	dir=$("$build" debug-6.12) && test -e "$dir/vmlinux"
}

is_kept() {
	: >"$source/slow"
	"$build" --built debug-6.12 && "$build" debug-6.12 && ! test -s "$source/slow"
}

ktap_print_header
ktap_set_plan 4
ktap_test_run "an option that Kconfig does not take is named, and nothing is built" refuses
ktap_test_run "a build that is ended leaves no process behind" leaves_nothing
ktap_test_run "the next one goes on" goes_on
ktap_test_run "what was built is not built again" is_kept
ktap_finished
