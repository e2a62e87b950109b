# SPDX-License-Identifier: GPL-2.0
"""A key service for tests: in a folder of its own, on a port of its own."""

import base64
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tap import Skip, skip_all

TOP = Path(__file__).resolve().parent.parent.parent
# Another build of the same: QSC_KMS_OUT=FOLDER QSC_KMS_MAKE="SAN=1"
OUT = Path(os.environ.get("QSC_KMS_OUT", TOP / "out" / "tools"))
TESTS = OUT / "tests" / "kms"
SEED = "seed"
# QSC_FULL=1 in the environment: tests that count do so for longer.
FULL = bool(os.environ.get("QSC_FULL"))
# Libraries that are put in front of the sanitizer's
PRELOAD = {"ASAN_OPTIONS": "verify_asan_link_order=0"}

# The ends of a login, as kms_client prints them. A wrong key, an unknown one
# and one that was used look the same.
OK = "ok"
NO_KEY = "alert 47"
FAILED = "alert 80"


def build():
    """Several tests may want the programs at once."""
    for package in ("libevent", "libssl", "sqlite3", "libpq", "libcurl", "json-c"):
        if subprocess.run(["pkg-config", package], check=False).returncode:
            skip_all(f"{package} is missing")
    OUT.mkdir(parents=True, exist_ok=True)
    make("kms-helpers")


def make(target, *arguments):
    words = ["make", "-s", "-C", TOP / "tools", f"OUT={OUT}", target, *arguments]
    words += os.environ.get("QSC_KMS_MAKE", "").split()
    with open(OUT / ".kms-lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(words, check=True)


class Died(AssertionError):
    def __init__(self, service):
        log = "\n".join(service.said().splitlines()[-20:])
        super().__init__(f"qskmsd ended with {service.process.returncode}:\n{log}")


class Service:
    """One qskmsd. Services that share a folder share master key and cards."""

    def __init__(self, folder, name="service", store=None):
        self.folder = Path(folder)
        self.name = name
        self.store = store or f"sqlite:{self.folder}/{name}.db"
        self.socket = self.folder / f"{name}.sock"
        self.log = self.folder / f"{name}.log"
        self.kit = self.folder / f"{name}.kit"
        self.master = self.folder / "master.key"
        self.env = {}
        self.stdin = None
        self.port = 0
        self.process = None
        if not self.master.exists():
            subprocess.run([OUT / "qskms", "master-key", self.master], check=True)

    def init(self):
        """Make its store."""
        subprocess.run(self.command("--init"), check=True)
        return self

    # ------------------------------------------------------- coming and going

    def command(self, *options):
        return [
            OUT / "qskmsd",
            f"--store={self.store}",
            f"--master-key={self.master}",
            f"--listen=127.0.0.1:{self.port}",
            f"--admin={self.socket}",
            "--debug",
            *options,
        ]

    def start(self, *options):
        """The port is the same each time: clients wait for it."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(*options),
                stdin=self.stdin,
                stderr=log,
                env={**os.environ, **self.env},
            )

        def listens():
            match = re.search(r"listening on \S+ port (\d+)", self.said(begin))
            return match and match[1]

        self.port = int(self.wait_for(listens))
        return self

    def said(self, begin=0):
        return self.log.read_bytes()[begin:].decode()

    def wait_for(self, condition):
        """However long it takes on this machine, while the service lives."""
        while not (result := condition()):
            if self.process.poll() is not None:
                raise Died(self)
            time.sleep(0.02)
        return result

    def stop(self):
        self.process.terminate()
        if self.process.wait():
            raise Died(self)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self, *options):
        self.stop()
        return self.start(*options)

    def refuses_to_start(self, *options):
        """What it says."""
        result = subprocess.run(
            self.command(*options),
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.env},
            check=False,
        )
        if result.returncode != 2:
            raise AssertionError(f"exit status {result.returncode}: {result.stderr}")
        return result.stderr

    # -------------------------------------------------------------- operators

    def qskms(self, *words, status=0):
        """Its output; what it complains about if @status is another."""
        result = subprocess.run(
            [OUT / "qskms", "-s", self.socket, *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != status:
            raise AssertionError(f"qskms {words}: {result.returncode}, {result.stderr}")
        return result.stderr if status else result.stdout

    def stats(self):
        return json.loads(self.qskms("-j", "stats"))

    def stat(self, name):
        return self.stats()[name]

    def make_cards(self, first, count, profile=1, keys=100):
        """Their registrations."""
        if not self.kit.exists():
            self.qskms("kit", self.kit)
        folder = self.folder / "cards"
        folder.mkdir(exist_ok=True)
        words = [first, count, profile, keys]
        subprocess.run(
            [TESTS / "kms_make", self.kit, SEED, folder, *map(str, words)], check=True
        )
        return [folder / f"card{n}.qreg" for n in range(first, first + count)]

    def add_cards(self, first, count, profile=1, keys=100):
        files = self.make_cards(first, count, profile, keys)
        self.qskms("subscriber", "add", *files)
        for file in files:
            file.unlink()

    # ------------------------------------------------------------ subscribers

    def client(self, card, slot, *options):
        return [
            TESTS / "kms_client",
            f"--kit={self.kit}",
            f"--seed={SEED}",
            f"--connect=127.0.0.1:{self.port}",
            f"--card={card}",
            f"--slot={slot}",
            *options,
        ]

    def talk(self, card, slot, *lines, options=()):
        """A login, and what comes of each line; see kms_client.c."""
        result = subprocess.run(
            self.client(card, slot, *options),
            input="".join(line + "\n" for line in lines),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return [line.removeprefix("login ") for line in result.stdout.splitlines()]

    def login(self, card, slot, *options):
        return self.talk(card, slot, options=options)[0]

    def call(self, card, slot, call, role, peer, suite=1, epoch=0, dist=""):
        """One key request over a login of its own."""
        line = request(card, call, role, peer, suite, epoch, dist)
        login, answer = self.talk(card, slot, line)
        if login != OK:
            raise AssertionError(f"login of card {card} with slot {slot}: {login}")
        return answer

    def load(self, *options, services=(), before=()):
        """kms_load, run by @before: its last words, and failures as an exception."""
        result = subprocess.run(
            [*before, *self.load_command(*options, services=services)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode:
            raise AssertionError(f"kms_load: {result.returncode}\n{result.stdout}")
        return numbers(result.stdout)

    def load_command(self, *options, services=()):
        return [
            TESTS / "kms_load",
            f"--kit={self.kit}",
            f"--seed={SEED}",
            *(f"--connect=127.0.0.1:{s.port}" for s in (self, *services)),
            *options,
        ]


def request(card, call, role, peer, suite=1, epoch=0, dist=""):
    return f"call {call} {role} user-{card} user-{peer} {suite} {epoch} {dist}"


def numbers(text):
    """{"calls": 5.0, ...} of "calls 5 failed 0\\n..." """
    return {name: float(n) for name, n in re.findall(r"([a-z][a-z0-9_]*) ([0-9.]+)", text)}


class Talker:
    """A client that stays: one line in, one line out."""

    def __init__(self, service, card, slot, *options):
        self.process = subprocess.Popen(
            service.client(card, slot, *options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.login = self.read().removeprefix("login ")

    def read(self):
        return self.process.stdout.readline().rstrip("\n")

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        self.tell(line)
        return self.read()

    def leave(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Folder:
    """A temporary folder; children that are left over when it goes, go too."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="qskms."))
        return self.path

    def __exit__(self, *_):
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.path, ignore_errors=True)


def children():
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in path.read_text(encoding="ascii").split()]


def key_files(service):
    """The keys in the service's kit and master key, as hexadecimal."""
    text = service.kit.read_text() + service.master.read_text()
    return [base64.b64decode(key).hex() for key in re.findall(r": (\S{44})\n", text)]


def secrets_of(service, card, slot):
    """Pool key, K_auth and K_dist of a slot."""
    words = service.client(card, slot, "--print-secrets")
    text = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(line.split() for line in text.splitlines())


def forms(secret):
    """How any third of a secret might be written: raw, hexadecimal, base64."""
    whole = bytes.fromhex(secret)
    for begin in 0, 10, 20:
        raw = whole[begin : begin + 12]
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
    for shift in range(3):
        yield base64.b64encode(whole[shift : shift + 24])[4:20]


def find_secrets(data, secrets):
    return [s for s in secrets if any(form in data for form in forms(s))]


def read_memory(pid):
    """All that a process has written to memory."""
    if os.geteuid():
        raise Skip("only root may look into the process")
    chunks = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(
        f"/proc/{pid}/mem", "rb", buffering=0
    ) as memory:
        for line in maps:
            span, permissions = line.split()[:2]
            begin, end = (int(x, 16) for x in span.split("-"))
            if permissions[:2] != "rw":
                continue
            if end - begin > 1 << 32:
                raise Skip("sanitizers keep their own books of memory")
            memory.seek(begin)
            try:
                chunks.append(memory.read(end - begin))
            except OSError:  # guard pages of the kernel's own making
                continue
    return b"".join(chunks)
