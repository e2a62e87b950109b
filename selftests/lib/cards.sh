# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Pools and cards for tests: in the current folder, with a kit and a PIN file that
# cards_begin makes. To be sourced.

# cards_begin: what all cards need
cards_begin() {
	make_kit kit
	echo 123456 >pin
}

# refused STATUS TEXT COMMAND...: it ends with STATUS and says TEXT
refused() {
	want=$1
	text=$2
	shift 2
	status=0
	"$@" >said 2>&1 || status=$?
	cat said
	[ "$status" -eq "$want" ] || {
		echo "exit status $status, not $want: $*"
		return 1
	}
	grep -qF -- "$text" said || {
		echo "it does not say: $text"
		return 1
	}
}

# same_files COMMAND...: no file comes and none goes
same_files() {
	before=$(mktemp)
	find . ! -name said | sort >"$before"
	"$@" || return
	find . ! -name said | sort | diff "$before" - && rm "$before"
}

key_text() {
	head -c 32 /dev/urandom | base64
}

make_kit() {
	printf 'qsc-kms-kit 1\nkid-master: %s\nregistration-key: %s\n' \
		"$(key_text)" "$(key_text)" >"$1"
}

make_pool() {
	qspool make --count "$2" --source getrandom --pool "$1.qpool" --pool-key "$1.qkey" \
		>/dev/null
}

# card NAME NUMBER OPTION...: personalise pool NAME
card() {
	name=$1
	number=$2
	shift 2
	qspool personalise --pool "$name.qpool" --pool-key "$name.qkey" --kms-kit kit \
		--card "$number" --subscriber "sub$number" --pin-file pin --profile one-draw \
		--registration "$name.qreg" "$@"
}

image() {
	card "$1" "$2" --image "$1.img" --image-key "$1.ikey"
}
