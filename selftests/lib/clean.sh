# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What a checker of sources found clean, it need not look at again while all that
# it reads stays the same: most of a check run is spent on files that nobody has
# touched. To be sourced after ktap.sh and common.sh. Starts no process for a file
# that was clean.

# clean_begin TEXT FILE...: what the checker is, how it is called and what it reads
# beside the files; and all the files
clean_begin() {
	clean_salt=$(printf '%s\n' "$1" | sha256sum | cut -c 1-32)
	shift
	# shellcheck disable=SC2154 # of common.sh
	clean_folder=$cache/clean
	mkdir -p "$clean_folder"
	find "$clean_folder" -type f -mtime +30 -delete
	clean_sums=$(printf '\n'; sha256sum "$@"; printf '.')
}

# clean_key FILE...: sets $clean_file, which is there if they were clean
clean_key() {
	clean_file=
	for clean_name; do
		case $clean_sums in
		*"  $clean_name
"*)	;;
		*)	die "$clean_name was not named to clean_begin" ;;
		esac
		clean_sum=${clean_sums%%"  $clean_name
"*}
		clean_file=$clean_file${clean_sum##*
}
	done
	[ $# -eq 1 ] || clean_file=$(printf '%s\n' "$clean_file" | sha256sum | cut -d ' ' -f 1)
	clean_file=$clean_folder/$clean_salt-$clean_file
}

# clean_at_once FILES COMMAND...: one start of it for all of the FILES (words) that are
# not known to be clean; if it finds something, which it is in is for clean_test_run
clean_at_once() {
	clean_new=
	for clean_one in $1; do
		clean_key "$clean_one"
		[ -e "$clean_file" ] || clean_new="$clean_new $clean_one"
	done
	shift
	# shellcheck disable=SC2086 # words
	[ "$clean_new" ] && "$@" $clean_new >/dev/null 2>&1 || return 0
	for clean_one in $clean_new; do
		clean_key "$clean_one"
		: >"$clean_file"
	done
}

# clean_test_run DESCRIPTION FILES COMMAND...: as ktap_test_run, unless the FILES
# (words) were clean
clean_test_run() {
	# shellcheck disable=SC2086 # words
	clean_key $2
	if [ -e "$clean_file" ]; then
		ktap_test_pass "$1"
		return
	fi
	clean_what=$1 clean_found=$clean_file
	# shellcheck disable=SC2154 # of ktap.sh
	clean_failed=$ktap_failed
	shift 2
	ktap_test_run "$clean_what" "$@"
	[ "$ktap_failed" -ne "$clean_failed" ] || touch "$clean_found"
}
