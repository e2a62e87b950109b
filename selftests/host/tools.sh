#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tools build without a warning; their unit tests pass as they are, under
# the address and undefined-behaviour sanitizers, and under valgrind; and what
# gets installed can be built against.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cd "$top"

plain=$top/out/check-tools/plain
san=$top/out/check-tools/sanitized
root=$top/out/check-tools/root
tests=$(cd tools/tests && echo test_*.c | sed 's/\.c//g')

# build FOLDER MAKE-ARGUMENT...
# shellcheck disable=SC2317 # called by ktap_test_run
build() {
	dir=$1
	shift
	make -s -C tools all tests WERROR=1 OUT="$dir" "$@"
}

# unit_tests PROGRAM: a result for each of its tests
unit_tests() {
	ktap_status=0
	lines=$(CMOCKA_MESSAGE_OUTPUT=TAP "$plain/tests/$1" 2>&1) || ktap_status=1
	failed_before=$ktap_failed
	while IFS= read -r line; do
		name=${line#* - }
		case $line in
		"ok "*)		ktap_test_pass "$1: $name" ;;
		"not ok "*)	ktap_test_fail "$1: $name" ;;
		1..*|"# ok"*)	;;
		*)		ktap_print_msg "$line" ;;
		esac
	done <<-END
	$lines
	END
	[ "$ktap_status" -eq 0 ] || [ "$ktap_failed" -gt "$failed_before" ] ||
		ktap_test_fail "$1: died"
}

count_unit_tests() {
	cat tools/tests/test_*.c | grep -c 'cmocka_unit_test[a-z_]*('
}

under_valgrind() {
	valgrind -q --leak-check=full --error-exitcode=9 "$@"
}

install_tree() {
	rm -rf "$root"
	make -s -C tools install OUT="$plain" DESTDIR="$root" PREFIX=/usr || return
	for f in bin/qsctl lib/libqsc.a lib/libqsc.so.0 lib/libqsc.so \
		 lib/pkgconfig/libqsc.pc include/qsc/qsc.h include/linux/qsc.h \
		 share/man/man8/qsctl.8 \
		 share/bash-completion/completions/qsctl; do
		[ -e "$root/usr/$f" ] || { echo "no $f"; return 1; }
	done
}

# As a stranger would: headers and flags of what was installed, nothing else.
build_against_installed() {
	flags=$(PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root/usr/lib/pkgconfig \
		PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
		pkg-config --cflags --libs libqsc) || return
	cat >"$root/try.c" <<-'END' || return
	#include <qsc/qsc.h>

	int main(void)
	{
		struct qsc_sock *sk;
		int err = qsc_open(&sk);

		qsc_close(sk);
		return err && qsc_suite_name(1) ? 0 : 1;
	}
	END
	# shellcheck disable=SC2086 # words
	"${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror "$root/try.c" -o "$root/try" $flags &&
		readelf -d "$root/try" | grep -q 'libqsc\.so\.0'
}

exports_only_its_own_names() {
	! nm -D --defined-only "$plain/libqsc.so.0" | awk '{ print $3 }' | grep -v '^qsc_'
}

# The names in the library are those in its header, and no other.
exports_what_the_header_says() {
	nm -D --defined-only "$plain/libqsc.so.0" | awk '{ print $3 }' | sort >"$root/exported"
	grep -oE '^[a-z].*\bqsc_[a-z0-9_]+\(' tools/libqsc/include/qsc/qsc.h |
		grep -oE 'qsc_[a-z0-9_]+\($' | tr -d '(' | sort -u >"$root/declared"
	diff "$root/declared" "$root/exported"
}

# Not where this machine happens to have the module.
tells_what_to_load() {
	! out=$("$plain/qsctl" info 2>&1) && echo "$out" &&
		[ "$out" = "qsctl: the kernel has no 'qsc' netlink family: load the module (modprobe qsc)" ]
}

man_page() {
	! mandoc -T lint -W warning Documentation/man/qsctl.8 | grep .
}

ktap_print_header
pkg-config libnl-genl-3.0 json-c cmocka 2>/dev/null ||
	ktap_skip_all "libnl-genl-3-dev, libjson-c-dev or libcmocka-dev is missing"
ktap_set_plan $(($(count_unit_tests) + 2 * $(echo "$tests" | wc -w) + 9))

ktap_test_run "builds without a warning" build "$plain"
ktap_test_run "builds with sanitizers" build "$san" SAN=1
for t in $tests; do
	unit_tests "$t"
done
for t in $tests; do
	ktap_test_run "sanitizers: $t" "$san/tests/$t"
done
for t in $tests; do
	if command -v valgrind >/dev/null; then
		ktap_test_run "valgrind: $t" under_valgrind "$plain/tests/$t"
	else
		ktap_test_skip "valgrind: $t" "valgrind is missing"
	fi
done
ktap_test_run "install puts everything in its place" install_tree
ktap_test_run "a program can be built against the library" build_against_installed
ktap_test_run "the library exports only its own names" exports_only_its_own_names
ktap_test_run "the library exports what its header declares" exports_what_the_header_says
if [ -d /sys/module/qsc ]; then
	ktap_test_skip "without the module qsctl says what to do" "it is loaded"
else
	ktap_test_run "without the module qsctl says what to do" tells_what_to_load
fi
ktap_test_run "the completion is valid bash" bash -n tools/qsctl/completion.bash
if command -v mandoc >/dev/null; then
	ktap_test_run "the manual page is clean" man_page
else
	ktap_test_skip "the manual page is clean" "mandoc is missing"
fi
ktap_finished
