#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# clang_tidy.sh [FILE...]
#
# clang-tidy finds nothing in the C code that runs in user space; .clang-tidy
# says what it looks for. Each file is compiled as its Makefile does it.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/common.sh
. "$top/selftests/lib/common.sh"
cd "$top"

out=out/clang-tidy
clean=$cache/clean
# Only preprocesses, which ccache does not remember.
PATH=${PATH#/usr/lib/ccache:}

# For xargs, with the hash of the file and its name. A process per file: with
# several, clang-tidy 14 takes the va_list of the second for uninitialised. It
# takes seconds, so what was clean is not looked at again while it stays the same.
if [ "${1-}" = --one ]; then
	[ ! -e "$clean/$2" ] || exit 0
	log=$out/$(echo "$3" | tr / _)
	if clang-tidy --quiet -p "$out" "$3" >"$log" 2>"$log.err"; then
		rm -f "$log"
		touch "$clean/$2"
	else
		cat "$log.err" >>"$log"
	fi
	exit 0
fi

report() {
	log=$out/$(echo "$1" | tr / _)
	if [ ! -e "$log" ]; then
		ktap_test_pass "$1"
		return
	fi
	grep -vE '^[0-9]+ warnings? ' "$log" | sed "s,$top/,,g; s/^/# /"
	ktap_test_fail "$1"
}

# The module's own files have the kernel's checkers. Errors of make are ours.
files() {
	sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$out/compile_commands.json" |
		sed "s,^$top/,," | grep -v '^kmod/' | sort
}

ktap_print_header
command -v clang-tidy >/dev/null || ktap_skip_all "clang-tidy is missing"
folders=
for makefile in tools/Makefile firmware-keys/Makefile selftests/*/Makefile; do
	[ ! -e "$makefile" ] || folders="$folders ${makefile%/Makefile}"
done
rm -rf "$out"
mkdir -p "$out" "$clean"
find "$clean" -type f -mtime +30 -delete
# The kernel's headers that selftests/fuzz makes
make -s -C selftests/fuzz headers
# shellcheck disable=SC2086 # words
selftests/lib/compile_commands.py $folders >"$out/compile_commands.json"
list=${*:-$(files)}
ktap_set_plan "$(echo "$list" | wc -w)"
# shellcheck disable=SC2086 # words
selftests/lib/huge_pages selftests/lib/compiler_input.py "$out/compile_commands.json" \
	"$(clang-tidy --version; cat .clang-tidy selftests/.clang-tidy)" $list >"$out/inputs"
selftests/lib/huge_pages xargs -a "$out/inputs" -P "$(nproc)" -n 2 \
	selftests/host/clang_tidy.sh --one
for f in $list; do
	report "$f"
done
ktap_finished
