#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What selftests/erasure/ is made of: a search that overlooks something, or secrets
that are computed wrongly, would prove keys gone that are not."""

import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "selftests" / "lib"), str(TOP / "selftests" / "erasure")]

from tap import equal, run, skip_all, test  # noqa: E402

try:
    import algorithms
    import call_secrets
    from machine import Machine
    from proof import Proof
except ImportError as missing:
    skip_all(str(missing))

SCAN = TOP / "out" / "selftests" / "erasure" / "scan"
CHUNK = 4 << 20  # of scan.c
MIB = 1 << 20


def scan(path, secrets):
    lines = "".join(f"{name} {value.hex()}\n" for name, value in secrets.items())
    done = subprocess.run(
        [SCAN, path], input=lines, stdout=subprocess.PIPE, text=True, check=False
    )
    places = [json.loads(line) for line in done.stdout.splitlines()]
    equal(done.returncode, 1 if places[:-1] else 0)
    return {p["address"]: p for p in places[:-1]}


class Image:
    """Random bytes, in which something is at known places."""

    def __init__(self, size, places, lead=b""):
        with tempfile.NamedTemporaryFile(delete=False) as f:
            self.path = f.name
            f.write(lead + os.urandom(size))
            for at, data in places.items():
                f.seek(len(lead) + at)
                f.write(data)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        os.unlink(self.path)


@test("scan finds a secret at any byte, across chunks, at both ends")
def everywhere():
    secret = os.urandom(32)
    size = 9 * MIB
    places = [0, 40, 1001, CHUNK - 32, CHUNK, 2 * CHUNK - 7, 2 * CHUNK + 4001, size - 32]
    with Image(size, {at: secret for at in places}) as path:
        found = scan(path, {"it": secret})
    equal(sorted(found), sorted(places))
    equal({p["found"] for p in found.values()}, {32})


@test("scan finds eight bytes that are left, whichever they are, and says which")
def remains():
    secret = os.urandom(40)
    with Image(MIB, {1000 + 100 * i: secret[8 * i : 8 * i + 8] for i in range(5)}) as path:
        found = scan(path, {"it": secret})
    equal(
        {at: (p["offset"], p["found"]) for at, p in found.items()},
        {1000 + 100 * i: (8 * i, 8) for i in range(5)},
    )


@test("scan finds the end of a secret that is no multiple of eight")
def ends():
    secret = os.urandom(12)
    with Image(MIB, {5: secret, 500: secret[4:]}) as path:
        found = scan(path, {"it": secret})
    equal({at: p["found"] for at, p in found.items()}, {5: 12, 500: 8})


@test("scan finds what begins with zeros, among zeros")
def zeros():
    secret = bytes(7) + os.urandom(25)
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(2 * CHUNK)
        for at in (57, 255, 1000, CHUNK - 3):
            f.seek(at)
            f.write(secret)
        f.flush()
        equal(sorted(scan(f.name, {"it": secret})), [57, 255, 1000, CHUNK - 3])


@test("scan tells secrets that begin alike apart, and finds none that is not there")
def many():
    secrets = {f"s{i}": os.urandom(24) for i in range(5000)}
    secrets["longer"] = secrets["s7"] + os.urandom(8)
    there = {100 * i: secrets[f"s{i}"] for i in range(1, 50)}
    with Image(MIB, there) as path:
        found = scan(path, secrets)
        absent = scan(path, {f"n{i}": os.urandom(32) for i in range(5000)})
    equal(set(found), set(there))
    equal(absent, {})


@test("scan reads an ELF dump by physical addresses")
def elf():
    secret = os.urandom(32)
    header = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 4, 62, 1, 0, 64, 0, 0,
                         64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 0, 120, 0, 1 << 32, MIB, MIB, 0)
    with Image(MIB, {777: secret}, header + segment) as path:
        equal(list(scan(path, {"it": secret})), [(1 << 32) + 777])


@test("AES's round keys are those of FIPS 197, and the inverse ones decrypt as well")
def round_keys():
    key = bytes(range(32))
    schedule = algorithms.round_keys(key)
    equal(len(schedule), 240)
    equal(schedule[-16:].hex(), "24fc79ccbf0979e9371ac23c6d68de36")
    # FIPS 197, C.3: round[13].ik_sch and round[1].ik_sch
    inverse = algorithms.inverse_round_keys(schedule)
    equal(inverse[:16].hex(), "24fc79ccbf0979e9371ac23c6d68de36")
    equal(inverse[16:32].hex(), "34f1d1ffbfceaa2ffce9e25f2558016e")
    equal(inverse[-16:].hex(), key[:16].hex())


@test("powers of the hash key are right: GHASH of the GCM specification's test case 2")
def powers():
    # AES-128, key of zeros: H, one block of ciphertext, its GHASH
    h = int("66e94bd4ef8a2c3b884cfa59ca342b2e", 16)
    block = int("0388dace60b6a392f328c2b971b2fe78", 16)
    value = algorithms.gcm_times(block, h) ^ 128
    equal(f"{algorithms.gcm_times(value, h):032x}", "f38cbb1ad69223dcc3457ae5b6b0f885")
    sealed = bytes.fromhex("0388dace60b6a392f328c2b971b2fe78")
    equal(int.from_bytes(algorithms.ghash_state(bytes(16), b"", sealed), "big"), value)
    equal(algorithms.by_x(algorithms.by_inverse_of_x(h)), h)
    equal(algorithms.gcm_times(h, 1 << 126), algorithms.by_x(h))


@test("an HMAC can go on from the states that are looked for")
def states():
    # A message of one block: the padding for 64 bytes hashed before is the second
    key = os.urandom(32)
    inner, _ = (value for _, value in algorithms.hmac_states(key))
    pad = bytes(b ^ 0x36 for b in key.ljust(64, b"\0"))
    equal(inner, algorithms.midstate(pad))
    empty = algorithms.midstate(b"\x80" + bytes(63))
    equal(struct.pack(">8I", *struct.unpack("<8I", empty)), hashlib.sha256(b"").digest())
    inner, _ = (value for _, value in algorithms.hmac_states(key, algorithms.sha1_midstate))
    equal(inner, algorithms.sha1_midstate(pad))
    empty = algorithms.sha1_midstate(b"\x80" + bytes(63))
    equal(struct.pack(">5I", *struct.unpack("<5I", empty)), hashlib.sha1(b"").digest())


@test("session keys of AES_CM are those of RFC 3711, B.3")
def legacy():
    master = "e1f97a0d3e018be0d64fa32c06de4139" + "0ec675ad498afeebb6960b3aabe6"
    parts = dict(algorithms.srtp_session(bytes.fromhex(master), algorithms.CM_PARTS))
    equal(parts["RTP key"].hex(), "c61e7a93744f39ee10734afe3ff7a087")
    equal(parts["RTP salt"].hex(), "30cbbc08863d8c85d49db34a9ae1")
    equal(parts["RTP MAC"].hex(), "cebe321f6ff7716b6fd4ab49af256a156d38baa4")


@test("keys of sessions are those of the vectors that the module is tested with")
def sessions():
    vectors = json.loads((TOP / "firmware-keys" / "vectors" / "qsc1.json").read_text())
    seen = 0
    for entry in vectors["sessions"]:
        if entry["suite"] != call_secrets.SUITE:
            continue
        secrets = call_secrets.Secrets()
        session = bytes.fromhex(entry["session"])
        secrets.put_session("x", session, entry["call_id"], entry["epoch"])
        for way, label in (("forth", "caller_to_callee"), ("back", "callee_to_caller")):
            master = secrets[f"master_x_{way}_master_key"] + secrets[f"master_x_{way}_master_salt"]
            equal(master.hex(), entry[label])
        seen += 1
    assert seen


def with_agent(answer):
    """A proof whose machine is a process that sleeps, and whose agent is answer()."""
    machine = Machine.__new__(Machine)
    machine.work = Path(tempfile.mkdtemp())
    machine.ram = machine.work / "ram"
    machine.log = open(machine.work / "log", "wb")
    machine.process = subprocess.Popen(["sleep", "600"])
    machine.stopped = False
    here, there = socket.socketpair()
    here.settimeout(1)
    machine.agent = here.makefile("rw", encoding="utf-8")
    threading.Thread(target=answer, args=(there,), daemon=True).start()
    proof = Proof("none")
    proof.machine = machine
    return proof, machine


def begin_next_row(answer):
    """The machine of the row before, and that of the next one."""
    proof, before = with_agent(answer)
    try:
        proof.begin("next")
        return before, proof.machine
    finally:
        before.end()


@test("a machine whose agent has ended, is silent, or breaks off is not the next row's")
def dead_agents():
    for answer in (
        lambda there: there.close(),
        lambda there: there.recv(4096) and threading.Event().wait(),
        lambda there: there.recv(4096) and (there.send(b'{"sta'), there.close()),
    ):
        before, machine = begin_next_row(answer)
        equal(machine, None)
        equal(before.process.returncode, -15)


@test("a machine that answers is the next row's as well")
def living_agent():
    answer = json.dumps({"status": 0, "out": ""}).encode() + b"\n"
    before, machine = begin_next_row(lambda there: there.recv(4096) and there.send(answer))
    equal(machine, before)


if __name__ == "__main__":
    subprocess.run(["make", "-s", "-C", TOP / "selftests" / "erasure"], check=True,
                   stdout=sys.stderr)
    sys.exit(run())
