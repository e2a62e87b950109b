#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tools build without a warning; their unit tests pass as they are, under
# the address and undefined-behaviour sanitizers, and under valgrind; and what
# gets installed can be built against. Warnings are for the build with sanitizers,
# which shares nothing with what was built for use.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/units.sh
. "$top/selftests/lib/units.sh"
cd "$top"

plain=$top/out/tools
san=$top/out/check-tools/sanitized
root=$top/out/check-tools/root
tests=$(cd tools/tests && echo test_*.c | sed 's/\.c//g')

# Tests of the daemons build there as well.
build() {
	mkdir -p "$plain"
	flock "$plain/.kms-lock" make -s -C tools all tests
}

build_sanitized() {
	selftests/lib/huge_pages make -s -j "$(nproc)" -C tools all tests \
		WERROR=1 SAN=1 OUT="$san"
}

# ends_with STATUS ARGUMENT...: qsctl under valgrind, with its stdin
ends_with() {
	want=$1
	shift
	got=0
	under_valgrind "$plain/qsctl" "$@" || got=$?
	[ "$got" -eq "$want" ] || { echo "qsctl $*: status $got, not $want"; return 1; }
}

# main() and what only it reaches, where it goes wrong. Needs no module.
qsctl_errors() {
	ends_with 1 </dev/null &&
		ends_with 0 --version &&
		ends_with 0 call add --help &&
		ends_with 1 --nonsense &&
		ends_with 1 --color purple info &&
		ends_with 1 nonsense &&
		ends_with 1 call add x local 192.0.2.1:1 &&
		ends_with 1 --netns /nowhere/at/all info &&
		ends_with 1 --batch /nowhere/at/all &&
		ends_with 1 --batch - info &&
		echo "call add x" | ends_with 1 --batch - &&
		ends_with 1 call key a tx file /nowhere/at/all &&
		ends_with 1 call key a tx file / &&
		echo "AEAD_AES_256_GCM inline:AAAA" | ends_with 1 call key a tx || return
	[ ! -e /dev/full ] || ends_with 2 --help >/dev/full
}

# A good key that goes nowhere.
qsctl_key_without_module() {
	printf 'AEAD_AES_128_GCM inline:%s\n' AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw== |
		ends_with 2 -j call key a rx
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

ktap_print_header
pkg-config libnl-genl-3.0 json-c cmocka 2>/dev/null ||
	ktap_skip_all "libnl-genl-3-dev, libjson-c-dev or libcmocka-dev is missing"
ktap_set_plan $(($(unit_tests_count tools/tests) + 2 * $(echo "$tests" | wc -w) + 11))

ktap_test_run "builds" build
ktap_test_run "builds with sanitizers without a warning" build_sanitized
for t in $tests; do
	unit_tests "$t"
done
for t in $tests; do
	ktap_test_run "sanitizers: $t" "$san/tests/$t"
done
for t in $tests; do
	QSC_ROUNDS=5000 run_under_valgrind "$t"
done
if ! command -v valgrind >/dev/null; then
	ktap_test_skip "valgrind: qsctl, used wrongly" "valgrind is missing"
	ktap_test_skip "valgrind: qsctl, a key without the module" "valgrind is missing"
else
	ktap_test_run "valgrind: qsctl, used wrongly" qsctl_errors
	if [ -d /sys/module/qsc ]; then
		ktap_test_skip "valgrind: qsctl, a key without the module" "it is loaded"
	else
		ktap_test_run "valgrind: qsctl, a key without the module" \
			qsctl_key_without_module
	fi
fi
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
check_man_page Documentation/man/qsctl.8
ktap_finished
