# SPDX-License-Identifier: GPL-2.0
"""The rows that end the machine: its memory is a file, and stays."""

import os
import re

from call_secrets import Secrets
from machine import wait_for
from proof import Found, row
from tap import Skip

JUMP = "out/selftests/erasure/jump"
DISK = 1 << 30


def ready(proof, **how):
    """A machine of its own with a call, and what must not be in memory at its end."""
    proof.shut()
    handset = proof.boot(**how)
    call = handset.call()
    call.secrets["seal_private"] = proof.sealing_private()
    proof.present(call.secrets.only("srtp"), "control: session keys")
    return call


def over(proof, seconds=300):
    """The machine has ended; QEMU leaves its memory as it was."""
    proof.machine.wait_end(seconds)


def jumped(proof):
    """It has handed over to jump's kernel, which leaves memory alone."""
    wait_for("the other kernel", lambda: "jump: there" in proof.machine.console(), 300)
    proof.machine.stop()


@row("reboot: gone before the machine restarts", ends=True)
def reboot(proof):
    call = ready(proof)
    proof.machine.die("busybox", "reboot", "-f")
    over(proof)
    proof.absent(call.secrets.but("connection"), "when it restarts")


@row("kexec: gone before the next kernel runs", ends=True)
def kexec(proof):
    call = ready(proof)
    proof.machine.die(JUMP)
    jumped(proof)
    proof.absent(call.secrets.but("connection"), "when the next kernel runs")


@row("hibernation: gone from the image on the disk, and from memory", ends=True)
def hibernate(proof):
    call = ready(proof, append="hibernate=nocompress", disk=DISK)
    machine = proof.machine
    # While a process has secret memory, which qskeyd has, the kernel does not hibernate.
    machine.sh("kill $(cat /tmp/erasure/alice.keyd.pid)")
    machine.sh("until ! kill -0 $(cat /tmp/erasure/alice.keyd.pid); do sleep 0.1; done")
    if "disk" not in machine.sh("cat /sys/power/state"):
        raise Skip("this kernel cannot hibernate")
    proof.present(call.secrets.only("srtp"), "control: session keys without qskeyd")
    decoy = os.urandom(4096)
    machine.put("/tmp/erasure/decoy", decoy)
    # Restarted at the end of it, not switched off, which takes ACPI.
    machine.sh("mkswap /dev/vda && swapon /dev/vda && echo reboot >/sys/power/disk")
    machine.sh("echo 700000000 >/sys/power/image_size")
    machine.die("sh", "-c", "echo disk >/sys/power/state")
    over(proof)
    proof.absent(call.secrets.but("connection"), "in memory, when it restarts")
    image, total = machine.search(Secrets({"decoy": decoy}), machine.disk)
    proof.note("control: something else, in the image", image, total)
    if not image or image[0]["found"] < len(decoy):
        raise Found("the image on the disk does not have what it should: the search is of no use")
    image, total = machine.search(call.secrets.but("connection"), machine.disk)
    proof.note("in the image", image, total)
    if image:
        proof.found.append(f"in the image on the disk:\n{proof.show(image)}")


def panic(proof, crash_kernel, notifiers):
    append = "crashkernel=64M " if crash_kernel else ""
    append += "crash_kexec_post_notifiers unknown_nmi_panic" if notifiers else "unknown_nmi_panic"
    call = ready(proof, append=append)
    machine = proof.machine
    if crash_kernel:
        memory = machine.sh("cat /proc/iomem")
        area = re.search(r"([0-9a-f]+)-[0-9a-f]+ : Crash kernel", memory)
        if not area:
            raise Skip("this kernel has no memory for another one")
        machine.sh(f"{JUMP} --crash 0x{area[1]}")
    if machine.sh("test -w /proc/sysrq-trigger && echo yes", status=None).strip():
        machine.die("sh", "-c", "echo c >/proc/sysrq-trigger")
    else:
        machine.qmp.do("inject-nmi")
    if crash_kernel:
        jumped(proof)
    else:
        over(proof)
    return call


@row("panic: gone before the machine restarts", ends=True)
def panic_restart(proof):
    call = panic(proof, crash_kernel=False, notifiers=False)
    proof.absent(call.secrets.but("connection"), "when it restarts")


@row("panic with kdump and crash_kexec_post_notifiers: gone before the dump", ends=True)
def panic_notified(proof):
    call = panic(proof, crash_kernel=True, notifiers=True)
    proof.absent(call.secrets.but("connection"), "when the dump begins")


@row("panic with kdump alone: the kernel lets nobody wipe, and the keys are in the dump", ends=True)
def panic_dumped(proof):
    call = panic(proof, crash_kernel=True, notifiers=False)
    # So that the day on which this gets better is noticed.
    proof.present(call.secrets.only("srtp"), "when the dump begins")
    proof.absent(call.secrets.but("connection", "srtp", "seal"), "of the rest nothing")


# The last one: there is no card any more.
@row("revoked card: gone when the service has said so")
def revoke(proof):
    handset = proof.up()
    call = handset.call()
    proof.present(call.secrets.only("srtp"), "control: session keys")
    proof.carrier.sh("kms subscriber revoke alice")
    wait_for(
        "the end of its keys",
        lambda: "erased" in proof.machine.run("qsctl", "call", "show", call.id),
    )
    proof.absent(call.secrets.but("connection"), "when the call is erased")
    proof.machine.run("qsctl", "call", "del", call.id)
    proof.absent_soon(call.secrets.only("connection"), "when the connection is closed")
