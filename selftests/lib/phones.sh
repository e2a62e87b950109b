# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Handsets and a key service for tests: each handset has a virtual SIM, a pcscd
# and a qskeyd of its own. To be sourced, with $top the top folder and $work a
# folder for files; all paths of sockets have to be short.
#
# QSKEYD, in the environment: which qskeyd to run.
: "${top:?}" "${work:?}"

tools=${QSC_TOOLS:-$top/out/tools}
cards=${QSC_CARDS:-$top/out/firmware-keys}
QSKEYD=${QSKEYD:-$tools/qskeyd}
VPCD=/usr/lib/pcsc/drivers/serial/libifdvpcd.so
PATH=$tools:$cards:$PATH:/usr/sbin
readonly PIN=123456

# phones_missing: print what is missing for all of this
phones_missing() {
	local p

	for p in pcscd unshare qsvsim qspool qskmsd qskms qsctl "$QSKEYD"; do
		command -v "$p" >/dev/null || echo "${p##*/}"
	done
	[ -e "$VPCD" ] || echo vsmartcard-vpcd
}

# until_true COMMAND...: a machine may be slow, but not for ever
until_true() {
	local i

	for ((i = 0; i < ${PATIENCE:-300}; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "in vain: $*"
	return 1
}

# in_ns NS COMMAND...: in a network namespace; - is this one. It becomes COMMAND.
in_ns() {
	local ns=$1

	shift
	if [ "$ns" = - ]; then
		exec "$@"
	else
		exec ip netns exec "$ns" "$@"
	fi
}

# launch NAME LOG COMMAND...: in the background, its process in $work/NAME.pid
launch() {
	local name=$1 log=$2

	shift 2
	"$@" >>"$log" 2>&1 &
	echo $! >"$work/$name.pid"
}

alive() {
	[ -e "$work/$1.pid" ] && kill -0 "$(cat "$work/$1.pid")" 2>/dev/null
}

# halt NAME [SIGNAL]: end it, and wait for that
halt() {
	local pid

	[ -e "$work/$1.pid" ] || return 0
	pid=$(cat "$work/$1.pid")
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	# Not always a child of this shell
	while kill -0 "$pid" 2>/dev/null && ! wait "$pid" 2>/dev/null; do
		[ "$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)" != Z ] || break
		sleep 0.05
	done
	rm -f "$work/$1.pid"
}

# ---------------------------------------------------------------- key service

# kms_make: store and kit
kms_make() {
	(
		umask 077
		cd "$work" && qskms master-key master.key &&
			qskmsd --init --store "sqlite:$work/kms.db" --master-key master.key
	)
}

# kms_start NS ADDR:PORT [OPTION...]
kms_start() {
	local ns=$1 addr=$2

	shift 2
	launch kms "$work/kms.log" in_ns "$ns" qskmsd --store "sqlite:$work/kms.db" \
		--master-key "$work/master.key" --listen "$addr" --admin "$work/kms.sock" "$@"
	until_true qskms -s "$work/kms.sock" stats &&
		{ [ -e "$work/kit" ] || qskms -s "$work/kms.sock" kit "$work/kit"; }
}

kms() {
	qskms -s "$work/kms.sock" "$@"
}

# ------------------------------------------------------------------- handsets

# card_make NAME NUMBER SUBSCRIBER [KEYS [PROFILE]]: a card, registered
card_make() {
	(
		umask 077
		mkdir -p "$work/$1" && cd "$work/$1" && echo $PIN >pin &&
			qspool make --count "${4:-50}" --source getrandom --pool p.qpool \
				--pool-key p.qkey >/dev/null &&
			qspool personalise --pool p.qpool --pool-key p.qkey \
				--kms-kit "$work/kit" --card "$2" --subscriber "$3" \
				--pin-file pin --profile "${5:-one-draw}" --image card.img \
				--image-key card.key --registration card.qreg >/dev/null &&
			kms subscriber add card.qreg >/dev/null
	)
}

# sim_start NAME NS PORT [OPTION...]
sim_start() {
	local name=$1 ns=$2 port=$3

	shift 3
	launch "$name.sim" "$work/$name/sim.log" in_ns "$ns" qsvsim \
		--image "$work/$name/card.img" --image-key "$work/$name/card.key" \
		--port "$port" "$@"
}

# pcscd_start NAME NS PORT: with a /run of its own, whose pcscd/ is $work/NAME/run;
# PORT is none for a pcscd without a reader
pcscd_start() {
	local dir=$work/$1

	[ -e "$dir/vpcd.so" ] || cp "$VPCD" "$dir/vpcd.so"
	rm -rf "$dir/readers"
	mkdir "$dir/readers"
	[ "$3" = none ] || cat >"$dir/readers/conf" <<-END
	FRIENDLYNAME "SIM of $1"
	DEVICENAME /dev/null:$(printf '0x%04X' "$3")
	LIBPATH $dir/vpcd.so
	CHANNELID $(printf '0x%04X' "$3")
	END
	mkdir -p "$dir/run"
	# shellcheck disable=SC2016 # for the inner shell
	launch "$1.pcscd" "$dir/pcscd.log" in_ns "$2" unshare --mount sh -c '
		mount -t tmpfs none /run && mkdir -p /run/pcscd &&
			mount --bind "$1/run" /run/pcscd && rm -f "$1"/run/* &&
			exec pcscd --foreground --config "$1/readers"' sh "$dir"
}

# keyd_conf NAME SERVICE [LINE...]
keyd_conf() {
	local name=$1

	{
		echo "service = $2"
		echo "socket = $work/$name/s"
		echo "pin-file = $work/$name/pin"
		shift 2
		printf '%s\n' "$@"
	} >"$work/$name/conf"
}

# keyd_start NAME NS [OPTION...]
keyd_start() {
	local name=$1 ns=$2

	shift 2
	PCSCLITE_CSOCK_NAME=$work/$name/run/pcscd.comm QSC_FEED_LOG=$work/$name/feed \
	QSC_FEED_EVENTS=$work/$name/events launch "$name.keyd" "$work/$name/keyd.log" \
		in_ns "$ns" "$QSKEYD" --config "$work/$name/conf" "$@"
	until_true test -S "$work/$name/s" && until_true ctl "$name" card list
}

# has_card NAME: its qskeyd sees a card that gives keys
has_card() {
	ctl "$1" card list | grep -q ready
}

# phone_start NAME NS PORT SERVICE [LINE...]: all of it; the lines are for its
# configuration
phone_start() {
	local name=$1 ns=$2 port=$3 service=$4

	shift 4
	keyd_conf "$name" "$service" "$@"
	pcscd_start "$name" "$ns" "$port" && sim_start "$name" "$ns" "$port" &&
		keyd_start "$name" "$ns" && until_true has_card "$name"
}

# ctl NAME WORD...: qsctl of a handset
ctl() {
	local name=$1

	shift
	qsctl --socket "$work/$name/s" "$@"
}

# left NAME: keys on its card
left() {
	ctl "$1" -j card info | grep -o '"remaining":[0-9]*' | cut -d: -f2
}

phones_stop() {
	local f name

	for f in "$work"/*.pid; do
		[ -e "$f" ] || continue
		name=${f##*/}
		halt "${name%.pid}" KILL
	done
}
