#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A machine that restarts erases its keys first: what boots next may read the
# memory. Nobody is left afterwards who could tell, so probes write to the
# console of a virtual machine, which restarts with a call's keys in place.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cd "$top"
console=$(mktemp)
trap 'rm -f "$console"' EXIT

# In the machine. The second argument of qsc_event_erased() is the reason.
guest() {
	cat <<-'END'
	set -e
	traces=/sys/kernel/tracing
	[ -e $traces/kprobe_events ] || mount -t tracefs tracefs $traces
	echo 'p:qsc/destroyed qsc:qsc_key_destroy' >$traces/kprobe_events
	echo 'p:qsc/erased qsc:qsc_event_erased reason=%si:u8' >>$traces/kprobe_events
	echo 1 >$traces/events/qsc/enable
	umask 077
	key() {
		echo "AEAD_AES_256_GCM inline:$(head -c 44 /dev/urandom | base64 -w 0)" >/tmp/key
	}
	qsctl call add last local 192.0.2.1:5000 remote 192.0.2.2:5000
	key && qsctl call key last tx file /tmp/key
	key && qsctl call key last rx file /tmp/key
	echo 'keys are in place' >/dev/kmsg
	busybox reboot -f
	END
}

restart() {
	selftests/rig/run --verbose --append tp_printk -- sh -c "$(guest)" \
		>"$console" 2>&1 || [ $? -eq 86 ]
	grep 'reboot: Restarting system' "$console" || {
		tail -n 30 "$console"
		return 1
	}
}

# Between the keys' coming and the restart; a console ends lines with CR and LF.
last_words() {
	tr -d '\r' <"$console" |
		sed '1,/keys are in place/d; /reboot: Restarting system/q' |
		grep -E '(destroyed|erased): ' | sed 's/^.*\(destroyed\|erased\): ([^)]*)//'
}

both_keys() {
	last_words
	[ "$(last_words | grep -cv reason)" -eq 2 ]
}

# The constants of the enum are in a row, from 1.
told() {
	last_words
	value=$(grep REASON_ uapi/linux/qsc.h | grep -n 'REASON_REBOOT,' | cut -d : -f 1)
	last_words | grep -x " reason=$value"
}

ktap_print_header
command -v qemu-system-x86_64 >/dev/null || ktap_skip_all "qemu-system-x86_64 is missing"
ktap_set_plan 3
ktap_test_run "a machine with keys restarts" restart
ktap_test_run "before, both keys are destroyed" both_keys
ktap_test_run "before, an event tells the reason" told
ktap_finished
