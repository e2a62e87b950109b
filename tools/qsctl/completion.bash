# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# bash completion for qsctl(8)

# Call-ids of the namespace, for those who may see them.
_qsctl_ids() {
	qsctl call list 2>/dev/null | sed -e 1d -e 's/ .*//'
}

_qsctl_netns() {
	local f
	for f in /run/netns/*; do
		[[ -e $f ]] && echo "${f##*/}"
	done
}

# The words that may follow those in words[], which ends before the current one.
_qsctl_next() {
	local previous=

	((${#words[@]})) && previous=${words[${#words[@]} - 1]}
	case "${words[*]}" in
	"")
		echo "info call card stats top monitor help"
		return ;;
	call)
		echo "add key start end rekey del erase list show flush set"
		return ;;
	card)
		echo "list info unlock"
		return ;;
	"call key"|"call end"|"call rekey"|"call del"|"call erase"|"call show"|"call set"|"stats call")
		_qsctl_ids
		return ;;
	esac
	# "card" is a command first, and a word of call start later.
	case $previous in
	suite)
		qsctl info 2>/dev/null | sed -n 's/^suite: //p'
		[[ " ${words[*]} " != *" leg "* ]] || echo "plain"
		return ;;
	role)
		echo "caller callee"
		return ;;
	rtcp)
		echo "mux +1"
		return ;;
	remote)
		[[ ${words[1]} != add ]] || echo "learn"
		return ;;
	leg)
		# Of call key it has a number, of call add it begins the words of a leg.
		[[ ${words[1]} != key ]] || return ;;
	card|peer|local|timeout|lifetime|window|dscp|ttl|clock|from|within|mki|roc|overlap|count|every)
		return ;;
	esac
	case "${words[*]}" in
	"call add "*" leg"*)
		echo "leg local remote suite rtcp dscp ttl clock from within
			role timeout lifetime window bound dtls" ;;
	"call add "*)
		echo "leg local remote suite role rtcp timeout lifetime window bound dtls" ;;
	"call start "*)
		echo "peer local remote suite role rtcp timeout lifetime window bound dtls card" ;;
	"card unlock pinentry")
		compgen -c pinentry ;;
	"card unlock"*)
		echo "file pinentry" ;;
	"call key "*)
		echo "tx rx leg mki roc overlap file" ;;
	"call set "*)
		echo "timeout lifetime" ;;
	stats*)
		echo "call legs all" ;;
	top*)
		echo "every count" ;;
	monitor*)
		echo "count timeout" ;;
	esac
}

_qsctl() {
	local current=${COMP_WORDS[COMP_CWORD]}
	local words=() i

	COMPREPLY=()
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-c|--color)
		mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$current")
		return ;;
	-n|--netns)
		mapfile -t COMPREPLY < <(compgen -W "$(_qsctl_netns)" -- "$current")
		return ;;
	-b|--batch|-s|--socket|file)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return ;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "--json --pretty --all --prometheus --verbose --color
			--netns --socket --batch --help --version" -- "$current")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c|--color|-n|--netns|-s|--socket|-b|--batch) ((i++)) ;;
		-*) ;;
		*) words+=("${COMP_WORDS[i]}") ;;
		esac
	done
	mapfile -t COMPREPLY < <(compgen -W "$(_qsctl_next)" -- "$current")
}

complete -F _qsctl qsctl
