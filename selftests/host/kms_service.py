#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The key service as its subscribers and its operators meet it."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import kms  # noqa: E402
from kms import NO_KEY, OK, Service, Talker, request  # noqa: E402
from tap import Skip, diagnose, equal, has, run, test  # noqa: E402

RANDOM = os.environ.get("QSC_SEED", "1")
GARBAGE = 5000 if kms.FULL else 150
STATUS = '{"op":"status"}'

# Cards 1 to 3 are for everybody, a slot of them for each login; who needs a
# whole card takes another one.
used = {}


def slot(card):
    used[card] = used.get(card, -1) + 1
    return used[card]


def call(s, card, name, role, peer, suite=1, epoch=0):
    return s.call(card, slot(card), name, role, peer, suite, epoch)


def key(answer):
    has(answer, "key ")
    return answer


# ------------------------------------------------------------------------ logins


@test("a key logs in once")
def _(s):
    n = slot(1)
    equal(s.login(1, n), OK)
    equal(s.login(1, n), NO_KEY)
    equal(s.login(1, n, "--wrong-key"), NO_KEY)


@test("wrong, used and unknown keys look alike, and do not harm the right one")
def _(s):
    n, burnt = slot(1), slot(1)
    equal(s.login(1, burnt), OK)
    equal(s.login(1, n, "--wrong-key"), NO_KEY)
    equal(s.login(1, burnt), NO_KEY)
    equal(s.login(1, burnt, "--wrong-key"), NO_KEY)
    equal(s.login(1, n, "--forged-id"), NO_KEY)
    equal(s.login(1, n, "--random-id"), NO_KEY)
    equal(s.login(1, n, "--long-id"), NO_KEY)
    equal(s.login(1, 5000), NO_KEY)  # no such slot
    equal(s.login(99, 0), NO_KEY)  # no such card
    equal(s.login(1, n), OK)


@test("other clients are told so, and burn nothing")
def _(s):
    n, burns = slot(1), s.stat("burns")
    equal(s.login(1, n, "--alpn=h2"), "alert 120")
    equal(s.login(1, n, "--alpn="), "alert 120")
    equal(s.login(1, n, "--no-psk"), "alert 40")
    equal(s.login(1, n, "--suites=TLS_AES_128_GCM_SHA256"), "alert 40")
    equal(s.login(1, n, "--suites=TLS_CHACHA20_POLY1305_SHA256"), "alert 40")
    assert s.login(1, n, "--tls12") not in (OK, "none")
    equal(s.stat("burns"), burns)
    equal(s.login(1, n), OK)


@test("a client with certificates gets nowhere")
def _(s):
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", "-brief"]
    for more in [], ["-alpn", "qsc-kms/1"], ["-tls1_2"]:
        result = subprocess.run(
            words + more, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        assert result.returncode, result


# kms_client itself sees to it that X25519 was used.
@test("no login without Diffie-Hellman, with or without a retry")
def _(s):
    n = slot(1)
    equal(s.login(1, slot(1), "--no-dhe"), OK)
    equal(s.login(1, n, "--groups=P-256:X25519"), OK)
    equal(s.login(1, n, "--groups=P-256:X25519"), NO_KEY)
    equal(s.login(1, slot(1), "--groups=P-256"), "cut")


@test("early data is not read")
def _(s):
    equal(len(s.talk(1, slot(1), STATUS, options=["--early-data"])), 2)


@test("of simultaneous logins with one key one gets in")
def _(s):
    s.load("--mode=race", "--first=5", "--cards=1", "--keys=30", "--threads=16")


@test("garbage does no harm")
def _(s):
    diagnose(f"QSC_SEED={RANDOM}")
    s.load(
        "--mode=garbage",
        "--first=8",
        f"--keys={GARBAGE}",
        f"--count={GARBAGE}",
        f"--random={RANDOM}",
    )
    equal(s.talk(1, slot(1), "{", STATUS)[2], "closed")
    has(s.talk(1, slot(1), '{"op":"dance"}', STATUS)[2], '"ok":true')
    long = s.talk(1, slot(1), '{"op":"' + "x" * 2000, "wait")
    has(long[1], '"malformed"')


# -------------------------------------------------------------------- operators


@test("revocation is at once: open logins, new ones, and keys that wait")
def _(s):
    talker = Talker(s, 9, 0)
    key(talker.ask(request(9, "gone", "caller", 2)))
    talker.tell("wait")
    revoked = json.loads(s.qskms("-j", "subscriber", "revoke", "user-9"))
    has(talker.read(), '"error":"revoked"')
    equal(talker.read(), "closed")
    talker.leave()
    equal(revoked["revoke_token"][:16], "0000000000000009")
    equal(len(revoked["revoke_token"]), 80)
    equal(s.login(9, 1), NO_KEY)
    equal(call(s, 2, "gone", "callee", 9), "error no-such-peer")
    equal(call(s, 2, "late", "caller", 9), "error no-such-peer")
    has(s.qskms("subscriber", "revoke", "user-9", status=2), "before")
    status = json.loads(s.qskms("-j", "subscriber", "status", "card:9"))
    equal((status["state"], status["used"], status["left"]), ("revoked", 1, 0))
    s.add_cards(10, 1)
    equal(s.login(10, 0), OK)


@test("damaged and second registrations are refused, and leave no trace")
def _(s):
    (file,) = s.make_cards(11, 1, keys=3000)
    whole = file.read_bytes()
    for damaged, said in (
        (whole[:-1], "ends too early"),
        (whole + b"x", "behind its end"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "does not authenticate"),
        (b"", "ends too early"),
    ):
        file.write_bytes(damaged)
        has(s.qskms("subscriber", "add", file, status=2), said)
        has(s.qskms("subscriber", "status", "user-11", status=2), "no user-11")
    file.write_bytes(whole)
    s.qskms("subscriber", "add", file)
    has(s.qskms("subscriber", "add", file, status=2), "already")
    equal(s.login(11, 2999), OK)


@test("lists and status tell what there is")
def _(s):
    cards = [json.loads(line) for line in s.qskms("-j", "sub", "list").splitlines()]
    equal([c["card"] for c in cards], list(range(1, 12)))
    equal([c["state"] for c in cards if c["card"] in (1, 9)], ["active", "revoked"])
    equal({c["profile"] for c in cards if c["card"] == 4}, {"two-draw"})
    equal(len(s.qskms("sub", "list").splitlines()), 12)
    before = json.loads(s.qskms("-j", "sub", "status", "user-3"))
    s.login(3, slot(3))
    after = json.loads(s.qskms("-j", "sub", "status", "card:3"))
    equal(after["used"], before["used"] + 1)
    equal(after["left"], before["left"] - 1)


@test("a list of many pages is whole")
def _(s):
    other = Service(s.folder, "many").init().start()
    words = [kms.TESTS / "kms_fill", other.store, other.master, "1", "1234", "3"]
    subprocess.run(words, check=True)
    cards = [json.loads(line)["card"] for line in other.qskms("-j", "sub", "list").splitlines()]
    equal(cards, list(range(1, 1235)))
    equal(other.stat("cards_active"), 1234)
    other.stop()


@test("wrong words are explained")
def _(s):
    for words, status, said in (
        (["--help"], 0, "subscriber revoke"),
        (["--version"], 0, "qskms "),
        ([], 1, "missing"),
        (["s"], 1, "ambiguous"),
        (["dance"], 1, "not known"),
        (["kit"], 1, "FILE"),
        (["kit", "a", "b"], 1, "one word too many"),
        (["sub", "add"], 1, "FILE.qreg"),
        (["sub", "add", "/nowhere"], 1, "No such file"),
        (["sub", "status", "nobody"], 2, "no nobody"),
        (["sub", "status", "card:x"], 2, "not card:NUMBER"),
        (["kit", s.kit], 1, "exists already"),
        (["master-key", s.master], 1, "exists already"),
        (["-s", "/nowhere", "stats"], 2, "is qskmsd running"),
    ):
        has(s.qskms(*words, status=status), said)
    for words, status in (
        (["--help"], 0),
        (["--version"], 0),
        (["--nonsense"], 1),
        (["word"], 1),
        (["--lifetime=0"], 1),
        (["--commit-wait=1x"], 1),
    ):
        result = subprocess.run([kms.OUT / "qskmsd", *words], capture_output=True, check=False)
        equal((words, result.returncode), (words, status))


@test("a bad beginning is explained")
def _(s):
    other = Service(s.folder, "other")
    wrong = s.folder / "wrong.key"
    other.qskms("master-key", wrong)
    other.store = s.store
    has(other.refuses_to_start(f"--master-key={wrong}"), "does not fit this store")
    wrong.chmod(0o644)
    has(other.refuses_to_start(f"--master-key={wrong}"), "chmod 600")
    has(other.refuses_to_start("--master-key=/nowhere"), "/nowhere")
    has(other.refuses_to_start(f"--master-key={s.kit}"), "no key file")
    has(other.refuses_to_start(f"--admin={s.socket}"), "another service answers")
    has(other.refuses_to_start(f"--listen=127.0.0.1:{s.port}"), "Address already in use")
    has(other.refuses_to_start("--listen=nowhere"), "is not 192.0.2.1:7780")
    has(other.refuses_to_start("--source=dice"), "is not getrandom")
    has(other.refuses_to_start("--store=/nowhere/db"), "--init")
    equal(s.login(1, slot(1)), OK)


@test("the master key may come by standard input, as the unit has it")
def _(s):
    other = Service(s.folder, "piped").init()
    with open(other.master, "rb") as other.stdin:
        other.start("--master-key=-")
    other.add_cards(1, 1, keys=10)
    equal(other.login(1, 0), OK)
    other.stop()
    with open(os.devnull, "rb") as other.stdin:
        try:
            other.start("--master-key=-")
        except kms.Died as died:
            has(str(died), "master key")
        else:
            raise AssertionError("it started without a master key")


@test("socket, store and kit are for their owner only")
def _(s):
    for path in s.socket, s.kit, s.folder / "service.db":
        equal(path.stat().st_mode & 0o777, 0o600)


# ----------------------------------------------------------------- time and room


@test("a key waits for the callee a while only")
def _(s):
    s.restart("--fetch-timeout=1", "--callee-timeout=1")
    key(call(s, 1, "slow", "caller", 2))
    s.wait_for(lambda: s.stat("keys_expired") == 1)
    equal(s.stat("keys_waiting"), 0)
    equal(call(s, 2, "slow", "callee", 1), "error not-called")


@test("silent connections are closed")
def _(s):
    s.restart("--login-timeout=1", "--idle-timeout=1")
    with socket.create_connection(("127.0.0.1", s.port)) as silent:
        equal(silent.recv(1), b"")
    equal(s.talk(1, slot(1), "wait"), [OK, "closed"])
    equal(s.stat("timeouts"), 2)


@test("connections are limited, and get their turn")
def _(s):
    s.restart("--max-connections=1")
    first = Talker(s, 1, slot(1))
    second = subprocess.Popen(
        s.client(1, slot(1)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    has(first.ask(STATUS), '"ok":true')
    equal(s.stat("connections"), 1)
    first.leave()
    equal(second.communicate()[0], "login ok\n")


@test("one that keeps silent does not keep the others waiting")
def _(s):
    s.restart("--commit-wait=10", "--login-timeout=600")
    with socket.create_connection(("127.0.0.1", s.port)):
        equal(s.login(1, slot(1)), OK)
    s.restart()


# ----------------------------------------------------------------------- secrecy


@test("the burn is on disk before the first byte is sent")
def _(s):
    trace = s.folder / "trace"
    other = Service(s.folder, "traced").init()
    other.env = kms.PRELOAD | {
        "LD_PRELOAD": str(kms.TESTS / "preload_faults.so"),
        "QSC_FAULT_FILES": str(s.folder / "traced.db"),
        "QSC_FAULT_TRACE": str(trace),
    }
    other.start()
    other.add_cards(1, 2, keys=10)
    for n in range(5):
        trace.write_bytes(b"")
        equal(other.login(1, n), OK)
        steps = trace.read_text().split()
        assert "sync" in steps[: steps.index("send")], steps
        assert "write" in steps[: steps.index("sync")], steps
    trace.write_bytes(b"")
    equal(other.login(1, 9, "--groups=P-256:X25519"), OK)
    steps = trace.read_text().split()
    assert "sync" in steps[: steps.index("send")], steps
    other.stop()


@test("no log and no store has a secret in it")
def _(s):
    secrets = kms.key_files(s)
    for n in range(30):
        secrets += kms.secrets_of(s, 1, n).values()
    secrets += kms.secrets_of(s, 9, 0).values()
    answer = key(call(s, 1, "logged", "caller", 2))
    secrets.append(answer.split()[1])
    for path in s.folder.glob("service.*"):
        if path.is_socket() or path == s.kit:
            continue
        equal((path, kms.find_secrets(path.read_bytes(), secrets)), (path, []))
    # A control: the search does find what is there.
    equal(kms.find_secrets(answer.encode(), secrets), [secrets[-1]])
    equal(len(kms.find_secrets(s.kit.read_bytes(), secrets)), 2)


@test("secrets are gone from memory when they are not needed any more")
def _(s):
    names = kms.secrets_of(s, 3, 50)
    talker = Talker(s, 3, 50)
    talker.ask(STATUS)  # the service has seen the end of the handshake
    # A control: what is needed yet is found.
    memory = kms.read_memory(s.process.pid)
    equal(kms.find_secrets(memory, names.values()), [names["dist"]])

    session = key(talker.ask(request(3, "memory", "caller", 2))).split()[1]
    secrets = [session, *names.values()]
    memory = kms.read_memory(s.process.pid)
    equal(kms.find_secrets(memory, secrets), [session])  # for the callee

    key(call(s, 2, "memory", "callee", 3))
    equal(kms.find_secrets(kms.read_memory(s.process.pid), secrets), [])
    talker.leave()


@test("revocation wipes the keys that wait, from and for that subscriber")
def _(s):
    s.add_cards(12, 1)
    sessions = [
        key(s.call(12, 0, "from", "caller", 2)).split()[1],
        key(call(s, 2, "for", "caller", 12)).split()[1],
    ]
    equal(kms.find_secrets(kms.read_memory(s.process.pid), sessions), sessions)
    s.qskms("subscriber", "revoke", "user-12")
    equal(kms.find_secrets(kms.read_memory(s.process.pid), sessions), [])


@test("no core dump, and no look inside for the same user")
def _(s):
    if os.geteuid():
        raise Skip("needs root, to become somebody else")
    with tempfile.TemporaryDirectory(prefix="qskms.") as name:
        os.chmod(name, 0o777)
        somebody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        other = Service.__new__(Service)
        other.__dict__.update(vars(s))
        other.folder, other.name, other.port = Path(name), "nobody", 0
        other.socket, other.log = Path(name, "sock"), Path(name, "log")
        other.store, other.master = f"{name}/db", Path(name, "master")
        subprocess.run([kms.OUT / "qskms", "master-key", other.master], check=True, **somebody)
        subprocess.run(other.command("--init"), check=True, **somebody)
        with open(other.log, "wb") as log:
            other.process = subprocess.Popen(other.command(), stderr=log, **somebody)
        other.wait_for(lambda: "listening" in other.said())
        proc = Path(f"/proc/{other.process.pid}")
        has(" ".join((proc / "limits").read_text().split()), "Max core file size 0 0")
        has((proc / "status").read_text().replace("\t", " "), "NoNewPrivs: 1")
        for file in "environ", "mem", "maps":
            result = subprocess.run(
                ["head", "-c1", proc / file], capture_output=True, check=False, **somebody
            )
            has(result.stderr.decode(), "Permission denied")
        other.stop()


@test("ends when it is told to, and takes its socket along")
def _(s):
    talker = Talker(s, 1, slot(1))
    s.stop()
    assert not s.socket.exists()
    equal(talker.ask(STATUS), "closed")
    talker.leave()
    s.start()
    equal(s.login(1, slot(1)), OK)


def main():
    kms.build()
    with kms.Folder() as folder:
        service = Service(folder).init().start()
        service.add_cards(1, 3, keys=300)
        service.add_cards(4, 1, profile=2, keys=20)
        service.add_cards(5, 3, keys=200)
        service.add_cards(8, 1, keys=GARBAGE)
        service.add_cards(9, 1, keys=200)
        return run(service)


if __name__ == "__main__":
    sys.exit(main())
