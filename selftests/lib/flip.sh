# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# For tests of files that are damaged: to be sourced.

# flip FILE OFFSET: change one byte
flip() {
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # an octal number made for it
	printf "\\$(printf %o $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
