#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What lies between the card and qskeyd, pcscd and its driver, keeps answers in
# its memory. After calls, all of that memory is searched for all keys of the
# card; and once more after a key was drawn in clear, which has to be found.
#
#   qskeyd -- pcscd, vpcd -- qsvsim
#                  |
#              searched
set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"

# shellcheck source=selftests/lib/inside.sh
. "$top/selftests/lib/inside.sh"

inside_needs opensc-tool unshare ip
python3 -c 'import cryptography' 2>/dev/null || inside_skip "python3-cryptography is missing"
inside "$@"
readonly KMS=127.0.0.1:17780 PORT=17001

# ------------------------------------------------------------------- helpers

# search NAME: the memory of one of alice's programs; 1 if a key is in it
search() {
	"$top/selftests/lib/card_keys.py" kit alice/card.qreg "$(cat "alice.$1.pid")" "$PIN"
}

begin() {
	kms_make && kms_start - "$KMS" && card_make bob 2 bob &&
		card_make alice 1 alice 30 two-draw && mkfifo alice/events &&
		phone_start alice - "$PORT" "$KMS" "require-sealed-draw = yes"
}

# --------------------------------------------------------------------- tests

# Nothing that happens afterwards wipes what the draw has left.
calls_leave_nothing() {
	local before i

	before=$(left alice)
	for i in 1 2 3; do
		ctl alice call start "c$i" peer bob local "192.0.2.1:500$i" \
			remote "192.0.2.2:500$i" >said || { cat said; return 1; }
		echo "after call $i, in pcscd:"
		search pcscd || return
	done
	[ "$(left alice)" -eq $((before - 6)) ]
}

# But for memfd_secret, which nobody can search.
nor_do_the_ends() {
	echo "in the virtual SIM:" && search sim && echo "in qskeyd:" && search keyd
}

# SELECT, VERIFY, DRAW in clear: what sealed draws are there against
clear_draw_is_found() {
	local reader status=0

	PCSCLITE_CSOCK_NAME=$work/alice/run/pcscd.comm
	export PCSCLITE_CSOCK_NAME
	reader=$(opensc-tool --list-readers | grep -o 'Yes.*SIM of alice.*' | grep -o 'SIM.*')
	opensc-tool --reader "$reader" -s 00:A4:04:00:05:F0:51:53:43:01 \
		-s 00:20:00:81:06:31:32:33:34:35:36 -s 80:32:01:00:00 >said
	grep -c 'SW1=0x90, SW2=0x00' said
	[ "$(grep -c 'SW1=0x90, SW2=0x00' said)" -eq 3 ] || { cat said; return 1; }
	search pcscd >found || status=$?
	cat found
	[ "$status" -eq 1 ] && grep -q '^[0-9]* .* [1-9]' found
}

# VERIFY is not sealed: the PIN is there until another command takes its place.
pin_is_overwritten() {
	ctl alice card unlock file alice/pin >said || { cat said; return 1; }
	search pcscd >found
	cat found
	grep -q '^VERIFY' found || { echo "the search does not find the PIN"; return 1; }
	ctl alice call start c9 peer bob local 192.0.2.1:5009 remote 192.0.2.2:5009 >said ||
		{ cat said; return 1; }
	search pcscd >found
	cat found
	! grep '^VERIFY' found
}

ktap_print_header
ktap_set_plan 5
ktap_test_run "a handset that takes sealed keys only" begin
ktap_test_run "what pcscd keeps of a draw holds no key" calls_leave_nothing
ktap_test_run "nor do card and qskeyd keep one" nor_do_the_ends
ktap_test_run "a key that is drawn in clear is found in pcscd" clear_draw_is_found
ktap_test_run "the PIN stays in pcscd no longer than to the next draw" pin_is_overwritten
ktap_finished
