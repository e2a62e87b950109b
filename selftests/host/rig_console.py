#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What rig/vm takes for a complaint of the kernel, and what it does not; and that
a machine which hangs is ended soon, and one that breaks too early started again."""

import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VM = Path(__file__).resolve().parent.parent / "rig" / "vm"

COMPLAINTS = """\
[    3.628797] WARNING: CPU: 0 PID: 178 at kmod/qsc.c:9 init+0x77/0xff0 [qsc]
[   12.000001] WARNING: possible circular locking dependency detected
[   12.000001] WARNING: suspicious RCU usage
[   12.000001][  T178] WARNING: inconsistent lock state
[    3.838871] BUG: kernel NULL pointer dereference, address: 0000000000000008
[    3.838871][    C1] BUG: KASAN: slab-use-after-free in qsc_call_put+0x1c/0x30 [qsc]
[    3.838871] BUG: KCSAN: data-race in a / b
[    3.838871] BUG: KFENCE: out-of-bounds read in f+0x1/0x2
[    3.838871] BUG: sleeping function called from invalid context at mm/slab.h:300
[    3.838871] BUG: scheduling while atomic: iperf/12/0x00000201
[    3.839558] Oops: 0002 [#1] PREEMPT SMP NOPTI
[    3.839558] Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI
[    3.839558] invalid opcode: 0000 [#1] PREEMPT SMP
[    3.839558] kernel BUG at net/core/skbuff.c:112!
[    3.839558] general protection fault, probably for non-canonical address 0xdead000000000100
[    3.839558] UBSAN: array-index-out-of-bounds in kmod/replay.c:40:3
[    3.839558] Kernel panic - not syncing: Fatal exception in interrupt
[   60.000000] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [qsctl:99]
[   60.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
[   60.000000] rcu: INFO: rcu_sched self-detected stall on CPU
[  242.000000] INFO: task rmmod:412 blocked for more than 120 seconds.
[   60.000000] unregister_netdevice: waiting for veth0 to become free. Usage count = 2
[   60.000000] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
[   60.000000] refcount_t: underflow; use-after-free.
[   60.000000] list_del corruption. prev->next should be ffff88800, but was 0
[   60.000000] ODEBUG: free active (active state 0) object: 0000 object type: timer_list
""".splitlines()

HARMLESS = """\
[    0.733549] mtrr: your CPUs had inconsistent MTRRdefType settings
[    0.000000] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on
[    5.010472] qsc: loading out-of-tree module taints kernel.
[    5.000000] traps: demo[123] general protection fault ip:55d sp:7ff error:0 in demo
[    5.000000] test: WARNING: this comes from user space
[    5.000000] qsc: BUG: not one, only a message of a module
WARNING: a line without a time stamp is not the kernel's
[    5.000000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15000)
[    5.000000] rcu: Hierarchical RCU implementation.
""".splitlines()


def load(path):
    loader = importlib.machinery.SourceFileLoader("vm", str(path))
    spec = importlib.util.spec_from_loader("vm", loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


# What stands in QEMU's place finds the console and the control port as QEMU does.
PORTS = """
for word; do
	case $word in
	set=3,fd=*) control=${word##*=} ;;
	set=4,fd=*) console=${word##*=} ;;
	esac
done
"""

# Says something on one of them and hangs.
HANGS = """
echo start >&"$control"
[ "$1" != boot ] || exec sleep 60
echo "[    3.628797] $1" >&"$console"
exec sleep 60
"""
PATIENCE = 1
LONG = 20


def ends_soon(vm, word, limit=LONG, **options):
    """Whether a machine that hangs is ended long before its time limit."""
    vm.BOOT_SECONDS = vm.COMPLAINED_SECONDS = PATIENCE
    script = HANGS.replace("echo start", ":") if word == "boot" else HANGS
    with tempfile.TemporaryDirectory() as run:
        guest = vm.Guest(run, ["bash", "-c", PORTS + script, "qemu", word], False, **options)
        try:
            return not guest.run(limit) and time.monotonic() - guest.begin < limit
        finally:
            guest.stop()


# Breaks, up to the boot that it is told; from then on it comes up, and ends with 7.
BREAKS = """
echo boot >>"$1"
if [ "$(wc -l <"$1")" -lt "$2" ]; then
	echo "[    0.544561] Oops: double fault: 0000 [#1] PREEMPT SMP NOPTI" >&"$console"
	exit 1
fi
echo "rig: up" >&"$console"
printf 'start\\nexit 7\\n' >&"$control"
"""


def boots(good_one):
    """Exit status of a run whose machine comes up at that boot, and how many there were."""
    with tempfile.TemporaryDirectory() as run:
        count = Path(run) / "boots"
        command = [VM, run, "--timeout", str(LONG), "--", "bash", "-c", PORTS + BREAKS, "qemu"]
        command += [count, str(good_one)]
        done = subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
        return done.returncode, len(count.read_text().split())


def main():
    vm = load(VM)
    results = []
    for kind, lines, wanted in ("a complaint", COMPLAINTS, True), ("harmless", HARMLESS, False):
        for line in lines:
            right = bool(vm.COMPLAINT.search(line.encode())) == wanted
            # A number sign would start a directive.
            results.append((f"{kind}: {line.replace('#', 'no. ')}", right))
    results.append(("ended soon: a machine that does not boot", ends_soon(vm, "boot")))
    for line in COMPLAINTS[0], COMPLAINTS[-1]:
        text = line.partition("] ")[2]
        results.append((f"ended soon: a machine after {text}", ends_soon(vm, text)))
    patient = not ends_soon(vm, COMPLAINTS[0].partition("] ")[2], 3 * PATIENCE, go_on=True)
    results.append(("not ended soon: one that is to go on", patient))
    results.append(("a machine that comes up is started once", boots(1) == (7, 1)))
    results.append(("one that breaks before that is started again", boots(3) == (7, 3)))
    results.append(("but not for ever", boots(9) == (86, 3)))
    print("TAP version 13")
    print(f"1..{len(results)}")
    for number, (name, right) in enumerate(results, 1):
        print(f"{'ok' if right else 'not ok'} {number} {name}")
    return not all(right for _, right in results)


if __name__ == "__main__":
    sys.exit(main())
