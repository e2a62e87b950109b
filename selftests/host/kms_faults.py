#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The key service when things go wrong: killed at any moment, disks that fail,
fill up or cannot be written, wrong clocks, empty sources. Whatever happens, no
key is good for two logins, and none is burnt for nothing."""

import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import kms  # noqa: E402
from kms import FAILED, NO_KEY, OK, Service, request  # noqa: E402
from tap import Skip, diagnose, equal, has, run, test  # noqa: E402

RANDOM = os.environ.get("QSC_SEED", "1")
THREADS = 16
KILLS = 100 if kms.FULL else 12
ATTEMPTS = 125 * KILLS
STEPS = 40  # a login makes far fewer calls on the store's files


class Faulty(Service):
    """A service whose files and clock can be made to fail."""

    def __init__(self, folder, name):
        super().__init__(folder, name)
        self.control = self.folder / f"{name}.control"
        self.fault()
        self.env = kms.PRELOAD | {
            "LD_PRELOAD": str(kms.TESTS / "preload_faults.so"),
            "QSC_FAULT_FILES": str(self.folder / f"{name}.db"),
            "QSC_FAULT_CONTROL": str(self.control),
        }

    def fault(self, calls="none", skip=0, count=0, error="EIO", clock=0):
        """Returns how often the fault before this one has struck."""
        words = [self.control, calls, skip, count, error, clock]
        words = [kms.TESTS / "kms_fault", *map(str, words)]
        return int(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


@test("no key gets in twice, however often the service is killed")
def _(folder):
    s = Service(folder, "killed").init().start()
    s.add_cards(1, 2, keys=25 * KILLS)
    diagnose(f"QSC_SEED={RANDOM}")
    load = subprocess.Popen(
        s.load_command(
            "--mode=contend",
            "--cards=2",
            f"--keys={25 * KILLS}",
            f"--threads={THREADS}",
            f"--count={ATTEMPTS}",
            f"--report={ATTEMPTS // (KILLS + 1)}",
            f"--random={RANDOM}",
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    said, kills = "", 0
    for line in load.stdout:
        said += line
        if line.startswith("attempts") and kills < KILLS:
            s.kill()
            s.start()
            kills += 1
    equal((load.wait(), kills), (0, KILLS))
    result = kms.numbers(said)
    diagnose(said.splitlines()[-2])
    # Each kill may cost those that were logging in.
    assert result["lost"] <= KILLS * THREADS, said
    assert result["before"] > 100, said
    s.stop()


def try_twice(s, n, first):
    """A key whose first login failed may be lost, or good for one more."""
    if first == OK:
        equal(s.login(1, n), NO_KEY)
        return 0
    second = s.login(1, n)
    if second not in (OK, NO_KEY):
        raise AssertionError(f"slot {n}: {first}, then {second}")
    equal(s.login(1, n), NO_KEY)
    return second == NO_KEY


@test("a login survives a failure of each single write and sync, or can be repeated")
def _(folder):
    s = Faulty(folder, "steps").init().start()
    s.add_cards(1, 2, keys=STEPS + 10)
    refused = lost = 0
    for n in range(STEPS):
        s.fault("any", skip=n, count=1)
        first = s.login(1, n)
        struck = s.fault()
        assert first in (OK, FAILED), first
        assert struck or first == OK, (n, struck, first)
        lost += try_twice(s, n, first)
        refused += first != OK
    # Or the faults were somewhere else.
    assert 2 <= refused < STEPS, refused
    equal(lost, 0)
    # The same with a service that is killed with the fault in it
    for n, calls in (STEPS, "write"), (STEPS + 1, "sync"):
        s.fault(calls, count=1000)
        equal(s.login(1, n), FAILED)
        s.kill()
        s.fault()
        s.start()
        try_twice(s, n, FAILED)
    s.stop()


@test("while the store cannot be written, logins are refused and burn nothing")
def _(folder):
    s = Faulty(folder, "writes").init().start()
    s.add_cards(1, 2, keys=30)
    for n, (calls, error, said) in enumerate(
        [("any", "EIO", "disk I/O error"), ("any", "ENOSPC", "make room"), ("sync", "EIO", "disk I/O")]
    ):
        s.fault(calls, count=1000000, error=error)
        equal(s.login(1, n), FAILED)
        equal(s.login(1, n), FAILED)
        equal(s.login(1, 20 + n, "--wrong-key"), NO_KEY)
        s.fault()
        equal(s.login(1, n), OK)
        equal(s.login(1, n), NO_KEY)
        has(s.said(), said)
    equal(s.stat("refused_store"), 6)
    s.stop()


@test("while the store cannot be read, logins are refused and burn nothing")
def _(folder):
    s = Faulty(folder, "reads").init().start()
    s.add_cards(1, 2, keys=30)
    s.restart()  # nothing is in its cache
    s.fault("read", count=1000000)
    equal(s.login(1, 0), FAILED)
    s.fault()
    equal(s.login(1, 0), OK)
    equal(s.login(1, 0), NO_KEY)
    s.stop()


@test("requests are refused while the store fails, and answered when it works again")
def _(folder):
    s = Faulty(folder, "requests").init().start()
    s.add_cards(1, 1, keys=10)
    s.add_cards(2, 1, profile=2, keys=10)
    talker = kms.Talker(s, 2, 0)
    line = request(2, "c", "caller", 1, dist=1)
    s.fault("any", count=1000000)
    equal(talker.ask(line), "error unavailable")
    s.fault()
    has(talker.ask(line), "key ")
    equal(s.login(2, 1), NO_KEY)
    talker.leave()
    talker = kms.Talker(s, 2, 2)
    line = request(2, "d", "caller", 1, dist=3)
    # What another handle has written has to be read again.
    s.add_cards(3, 1, keys=10)
    s.fault("read", count=1000000)
    equal(talker.ask(line), "error unavailable")
    s.fault()
    has(talker.ask(line), "key ")
    talker.leave()
    s.stop()


def in_small_disk(function):
    """Run it as root where a small disk can be mounted that nobody else sees."""
    if os.geteuid():
        raise Skip("needs root, to mount a disk")
    script = Path(__file__).resolve()
    probe = ["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        raise Skip("nothing can be mounted here")
    result = subprocess.run(
        ["unshare", "-m", sys.executable, script, function],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise AssertionError(result.stdout)


def mount(folder, *options):
    subprocess.run(["mount", *options, "none", folder], check=True)


def full_disk(folder):
    disk = folder / "disk"
    disk.mkdir()
    mount(disk, "-t", "tmpfs", "-o", "size=2m")
    s = Service(folder, "full", f"sqlite:{disk}/db").init().start()
    s.add_cards(1, 2, keys=100)
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError as error:
            diagnose(error)
    # What is left of the last block of the log is soon used up.
    results = [s.login(1, n) for n in range(8)]
    equal(results[-1], FAILED)
    has(s.said(), "database or disk is full: make room on its disk")
    (file,) = s.make_cards(3, 1, keys=20000)
    has(s.qskms("subscriber", "add", file, status=2), "make room on its disk")
    filler.unlink()
    equal(s.login(1, 7), OK)
    equal(s.login(1, 7), NO_KEY)
    has(s.qskms("subscriber", "status", "user-3", status=2), "no user-3")
    s.stop()


def read_only_disk(folder):
    disk = folder / "disk"
    disk.mkdir()
    mount(disk, "-t", "tmpfs", "-o", "size=2m")
    s = Service(folder, "fixed", f"sqlite:{disk}/db").init().start()
    s.add_cards(1, 1, keys=10)
    s.stop()
    mount(disk, "-o", "remount,ro")
    has(s.refuses_to_start(), "Read-only file system")


@test("a full disk is told of, burns nothing, and is no problem once there is room")
def _(folder):
    in_small_disk("full_disk")


@test("a disk that cannot be written is told of")
def _(folder):
    in_small_disk("read_only_disk")


@test("a truncated store is told of")
def _(folder):
    s = Service(folder, "short").init().start()
    s.add_cards(1, 1, keys=1000)
    s.stop()
    path = folder / "short.db"
    os.truncate(path, path.stat().st_size // 2)
    has(s.refuses_to_start(), "damaged")
    os.truncate(path, 0)
    has(s.refuses_to_start(), "--init")


@test("a damaged store does not bring the service down")
def _(folder):
    s = Service(folder, "damaged").init().start()
    s.add_cards(1, 2, keys=2000)
    s.stop()
    path = folder / "damaged.db"
    data = bytearray(path.read_bytes())
    # Not the first pages: those say what is where.
    for at in range(16384, len(data), 997):
        data[at] ^= 0x55
    path.write_bytes(data)
    s.start()
    results = {s.login(1, n) for n in range(0, 2000, 199)}
    assert results <= {OK, NO_KEY, FAILED} and FAILED in results, results
    has(s.said(), "damaged")
    s.stop()


@test("a clock that is wrong, or jumps, changes nothing")
def _(folder):
    s = Faulty(folder, "clock").init()
    s.fault(clock=-40 * 365 * 86400)
    s.start("--fetch-timeout=600")
    s.add_cards(1, 2, keys=100)
    for n, clock in enumerate((0, 80 * 365 * 86400, -40 * 365 * 86400, 3600, -3600)):
        equal(s.login(1, 10 * n), OK)
        key = s.call(1, 10 * n + 1, f"c{n}", "caller", 2)
        has(key, "key ")
        s.fault(clock=clock)
        equal(s.call(2, 10 * n, f"c{n}", "callee", 1), key)
        equal(s.login(1, 10 * n), NO_KEY)
    equal(s.stat("keys_expired"), 0)
    s.stop()


@test("without session keys logins go on, and requests say so until there are some")
def _(folder):
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    with open(pipe, "w+b", buffering=0) as source:
        s = Service(folder, "source").init().start(f"--source=file:{pipe}")
        s.add_cards(1, 2, keys=30)
        talker = kms.Talker(s, 1, 0)
        equal(talker.ask(request(1, "c", "caller", 2)), "error unavailable")
        s.wait_for(lambda: "delivers nothing" in s.said())
        source.write(os.urandom(32))
        answers = kms.Talker(s, 1, 1)
        while (answer := answers.ask(request(1, "c", "caller", 2))) == "error unavailable":
            pass
        has(answer, "key ")
        equal(s.call(2, 0, "c", "callee", 1), answer)
        answers.leave()
        talker.leave()
        s.stop()


@test("a slow source keeps callers waiting, each for its own key")
def _(folder):
    pipe = folder / "slow"
    os.mkfifo(pipe)
    with open(pipe, "w+b", buffering=0) as source:
        s = Service(folder, "slow-source").init().start(f"--source=file:{pipe}")
        s.add_cards(1, 2, keys=30)
        talkers = [kms.Talker(s, 1, n) for n in range(4)]
        for n, talker in enumerate(talkers):
            talker.tell(request(1, f"c{n}", "caller", 2))
        source.write(os.urandom(128))
        answers = [talker.read() for talker in talkers]
        # A machine that was asleep for seconds has let the source give up once.
        for n, talker in enumerate(talkers):
            while answers[n] == "error unavailable":
                answers[n] = talker.ask(request(1, f"c{n}", "caller", 2))
            has(answers[n], "key ")
            talker.leave()
        equal(len(set(answers)), 4)
        s.stop()


def main():
    if len(sys.argv) > 1:
        with kms.Folder() as folder:
            {"full_disk": full_disk, "read_only_disk": read_only_disk}[sys.argv[1]](folder)
        return 0
    kms.build()
    with kms.Folder() as folder:
        return run(folder)


if __name__ == "__main__":
    sys.exit(main())
