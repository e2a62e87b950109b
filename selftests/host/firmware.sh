#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# qspool, qsvsim and the card they share build without a warning; their unit
# tests pass as they are, under the sanitizers and under valgrind; what the
# documentation shows of the card is what the card says.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
# shellcheck source=selftests/lib/units.sh
. "$top/selftests/lib/units.sh"
cd "$top"

plain=$top/out/firmware-keys
san=$top/out/check-firmware/sanitized
root=$top/out/check-firmware/root
tests=$(cd firmware-keys/tests && echo test_*.c | sed 's/\.c//g')

build_sanitized() {
	selftests/lib/huge_pages make -s -j "$(nproc)" -C firmware-keys all tests \
		WERROR=1 SAN=1 OUT="$san"
}

install_tree() {
	rm -rf "$root"
	make -s -C firmware-keys install OUT="$plain" DESTDIR="$root" PREFIX=/usr || return
	for f in bin/qspool bin/qsvsim share/man/man1/qspool.1 share/man/man1/qsvsim.1; do
		[ -e "$root/usr/$f" ] || { echo "no $f"; return 1; }
	done
}

# Every option that --help knows is in the manual page, and the other way round.
help_and_manual_agree() {
	"$plain/$1" --help | grep -oE -- '--[a-z-]+' | sort -u >"$root/help"
	{
		grep -oE '(Fl|,) -[a-z-]+' "Documentation/man/$1.1" | sed 's/.* /-/'
		echo --help
		echo --version
	} | sort -u >"$root/manual"
	diff "$root/help" "$root/manual"
}

transcript() {
	QSC_BUILD=$plain firmware-keys/tests/transcript.py --check Documentation/apdu.rst
}

# fuzz N: what the card makes of random commands, under the sanitizers
fuzz() {
	QSC_ROUNDS=$1 "$san/tests/test_apdu"
}

valid_rst() {
	python3 -m docutils --strict --report=1 "$1" /dev/null
}

ktap_print_header
pkg-config libcrypto json-c cmocka libpcsclite 2>/dev/null ||
	ktap_skip_all "libssl-dev, libjson-c-dev, libcmocka-dev or libpcsclite-dev is missing"
ktap_set_plan $(($(unit_tests_count firmware-keys/tests) + 2 * $(echo "$tests" | wc -w) + 11))

ktap_test_run "builds" make -s -C firmware-keys all tests
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
commands=200000
[ "${QSC_FULL:-0}" = 0 ] || commands=2000000
ktap_test_run "$commands random commands" fuzz $commands
ktap_test_run "install puts everything in its place" install_tree
for t in qspool qsvsim; do
	check_man_page "Documentation/man/$t.1"
	ktap_test_run "$t --help and its manual page agree" help_and_manual_agree "$t"
done
if python3 -c 'import cryptography' 2>/dev/null; then
	ktap_test_run "the documented session is what the card says" transcript
else
	ktap_test_skip "the documented session is what the card says" \
		"python3-cryptography is missing"
fi
for f in apdu pool-format; do
	if python3 -c 'import docutils' 2>/dev/null; then
		ktap_test_run "$f.rst is valid" valid_rst "Documentation/$f.rst"
	else
		ktap_test_skip "$f.rst is valid" "python3-docutils is missing"
	fi
done
ktap_finished
