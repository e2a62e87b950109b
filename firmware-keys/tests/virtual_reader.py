# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
"""A virtual reader without pcscd, and cards to put into it.

The reader speaks vpcd's side of the protocol: it waits for the card at a port
of its own, and sends commands in length and body.
"""

import base64
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("QSC_BUILD", TOP / "out" / "firmware-keys"))
# A card that hangs is a failure, not a reason to wait for ever.
PATIENCE = 300

spec = importlib.util.spec_from_file_location(
    "vectors", TOP / "firmware-keys" / "vectors" / "vectors.py"
)
vectors = importlib.util.module_from_spec(spec)
spec.loader.exec_module(vectors)

AID = bytes.fromhex("f051534301")
SELECT = bytes.fromhex("00a4040005") + AID
INFO = bytes.fromhex("80ca00fe00")


def verify(pin="123456"):
    return bytes([0x00, 0x20, 0x00, 0x81, len(pin)]) + pin.encode()


def draw(purpose=1, index=None, point=b""):
    data = (b"" if index is None else index.to_bytes(4, "big")) + point
    p2 = (index is not None) | bool(point) << 1
    length = bytes([len(data)]) if data else b""
    return bytes([0x80, 0x32, purpose, p2]) + length + data + b"\0"


class Torn(Exception):
    """The card went away instead of answering."""


class Reader:
    """One port, one card at a time."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.card = None

    def insert(self):
        """Wait for a card and switch it on."""
        if self.card:
            self.card.close()
        self.card, _ = self.listener.accept()
        self.card.settimeout(PATIENCE)
        self.card.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.control(1)

    def send(self, body):
        try:
            self.card.sendall(len(body).to_bytes(2, "big") + body)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Torn from error

    def receive(self):
        length = int.from_bytes(self.exactly(2), "big")
        return self.exactly(length)

    def exactly(self, length):
        data = b""
        while len(data) < length:
            try:
                more = self.card.recv(length - len(data))
            except ConnectionResetError as error:
                raise Torn from error
            if not more:
                raise Torn
            data += more
        return data

    def control(self, what):
        """0 off, 1 on, 2 reset; none of these is answered."""
        self.send(bytes([what]))

    def atr(self):
        self.send(b"\x04")
        return self.receive()

    def transmit(self, command):
        """Data and status word."""
        self.send(command)
        answer = self.receive()
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def expect(self, command, sw=0x9000):
        data, got = self.transmit(command)
        assert got == sw, f"{command.hex()}: {got:04x}, not {sw:04x}"
        return data

    def eject(self):
        if self.card:
            self.card.close()
        self.card = None

    def close(self):
        self.eject()
        self.listener.close()


def tlv(data):
    """Values by their tags."""
    values = {}
    while data:
        values[data[0]] = data[2 : 2 + data[1]]
        data = data[2 + data[1] :]
    return values


def drawn(data):
    """Index, kid, key, remaining of a DRAW."""
    values = tlv(data)
    assert sorted(values) == [0x90, 0x91, 0x92, 0x93]
    return (
        int.from_bytes(values[0x90], "big"),
        values[0x91],
        values[0x92],
        int.from_bytes(values[0x93], "big"),
    )


class SealedDraw:
    """One DRAW whose key only this can read. @number: the private half."""

    def __init__(self, card, purpose, index=None, number=None):
        self.card, self.purpose = card, purpose
        self.pair = vectors.p256(number or int.from_bytes(os.urandom(32), "big") >> 1)
        self.point = vectors.point_of(self.pair)
        self.command = draw(purpose, index, self.point)

    def drawn(self, data):
        """What drawn() gives of a DRAW in clear."""
        values = tlv(data)
        assert sorted(values) == [0x90, 0x91, 0x93, 0x94]
        index, remaining = (int.from_bytes(values[tag], "big") for tag in (0x90, 0x93))
        kid, chip, sealed = values[0x91], values[0x94][:65], values[0x94][65:]
        enc, mac = vectors.draw_keys(
            vectors.agree(self.pair, chip), self.point, chip,
            self.card, self.purpose, index, kid, remaining,
        )  # fmt: skip
        return index, kid, vectors.open_draw(enc, mac, sealed), remaining


class Sim:
    """A running qsvsim, in one reader or several."""

    def __init__(self, log, cards, *options):
        command = [BUILD / "qsvsim", *options]
        for (image, key), reader in cards:
            command += ["--image", image, "--image-key", key, "--port", str(reader.port)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def children(self):
        pid = self.process.pid
        return [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def wait(self):
        return self.process.wait(PATIENCE)

    def stop(self):
        self.process.terminate()
        return self.wait()


def key_file(path, kind, key):
    path.write_text(f"{kind} 1\nkey: {base64.b64encode(key).decode()}\n")
    path.chmod(0o600)


def private_file(path, text):
    path.write_text(text)
    path.chmod(0o600)


class Workshop:
    """A folder with a kit and a PIN, where cards are made: in memory, if no
    other place is given."""

    def __init__(self, place=Path("/dev/shm")):
        self.folder = Path(
            tempfile.mkdtemp(prefix="qsc-", dir=place if place.is_dir() else None)
        )
        self.log_path = self.folder / "log"
        self.log = open(self.log_path, "ab")
        self.kid_master, self.registration_key = os.urandom(32), os.urandom(32)
        encode = lambda key: base64.b64encode(key).decode()
        private_file(
            self.folder / "kit",
            f"qsc-kms-kit 1\nkid-master: {encode(self.kid_master)}\n"
            f"registration-key: {encode(self.registration_key)}\n",
        )
        private_file(self.folder / "pin", "123456\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.log.close()
        shutil.rmtree(self.folder)

    def qspool(self, *words):
        subprocess.run(
            [BUILD / "qspool", *map(str, words)],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    def make_pool(self, name, count):
        pool, key = self.folder / f"{name}.qpool", self.folder / f"{name}.qpool.key"
        self.qspool("make", "--count", count, "--source", "getrandom",
                    "--pool", pool, "--pool-key", key)  # fmt: skip
        return ["--pool", pool, "--pool-key", key]

    def card_options(self, name, number, profile):
        return ["--kms-kit", self.folder / "kit", "--card", number,
                "--subscriber", f"test-{number}", "--pin-file", self.folder / "pin",
                "--profile", profile,
                "--registration", self.folder / f"{name}.qreg"]  # fmt: skip

    def make_card(self, name, count, number=8986, profile="two-draw"):
        """Image and its key; the registration lies beside them."""
        image, key = self.folder / f"{name}.img", self.folder / f"{name}.key"
        self.qspool("personalise", *self.make_pool(name, count),
                    *self.card_options(name, number, profile),
                    "--image", image, "--image-key", key)  # fmt: skip
        return image, key

    def make_blank(self, name, count, transport_key):
        image, key = self.folder / f"{name}.img", self.folder / f"{name}.key"
        transport = self.folder / f"{name}.transport"
        key_file(transport, "qsc-transport-key", transport_key)
        self.qspool("blank", "--count", count, "--image", image, "--image-key", key,
                    "--transport-key", transport)  # fmt: skip
        return image, key

    def registered(self, name):
        """Kid and key of every slot, and the revoke key: the service's side."""
        return registration(
            (self.folder / f"{name}.qreg").read_bytes(), self.registration_key, self.kid_master
        )


def registration(data, registration_key, kid_master):
    assert data[:8] == b"QSCREG1\n"
    card = int.from_bytes(data[8:16], "big")
    at = 18 + int.from_bytes(data[16:18], "big")
    count = int.from_bytes(data[at + 1 : at + 5], "big")
    head, data = data[: at + 21], data[at + 21 :]
    key = vectors.hkdf(registration_key, head[-16:], b"qreg", 32)
    digest = vectors.hashlib.sha256(head).digest()

    def record(number, keys):
        nonlocal data
        length = 12 + 32 * keys + 16
        sealed, data = data[:length], data[length:]
        aad = digest + vectors.u32(number)
        return vectors.AESGCM(key).decrypt(sealed[:12], sealed[12:], aad)

    revoke_key = record(0, 1)
    keys = b""
    while len(keys) < 32 * count:
        keys += record(1 + len(keys) // 32768, min(1024, count - len(keys) // 32))
    assert not data, "bytes behind the end of the registration"

    card_key = vectors.hkdf(kid_master, b"qsc/1 kid", b"card" + card.to_bytes(5, "big"), 32)
    slots = []
    for i in range(count):
        core = vectors.kid_core(kid_master, card, i)
        kid = core + vectors.hmac256(card_key, core)[:8]
        slots.append((kid, keys[32 * i : 32 * i + 32]))
    number = card.to_bytes(8, "big")
    token = number + vectors.hmac256(revoke_key, b"qsc/1 revoke" + number)
    return slots, token
