# SPDX-License-Identifier: GPL-2.0
"""Every secret of a call, computed from what the carrier knows.

Nothing here is shared with the code under test: the key schedule of TLS 1.3 (RFC 8446)
and the algorithms are written down once more, and what OpenSSL and the wire say is
held against the result.
"""

import hashlib
import hmac
import struct
from base64 import b64decode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import algorithms
from algorithms import KEY_LEN, SALT_LEN, vectors

SUITE = 1  # AEAD_AES_256_GCM
TAG_LEN = 16  # of GCM
CALLER = 1

# ------------------------------------------------------------------- TLS 1.3


def _hmac384(key, data):
    return hmac.new(key, data, hashlib.sha384).digest()


def _expand_label(secret, label, context, length):
    label = b"tls13 " + label.encode()
    info = struct.pack(">H", length) + bytes([len(label)]) + label
    info += bytes([len(context)]) + context
    out, block, count = b"", b"", 1
    while len(out) < length:
        block = _hmac384(secret, block + info + bytes([count]))
        out, count = out + block, count + 1
    return out[:length]


def _derive(secret, label, messages):
    return _expand_label(secret, label, hashlib.sha384(messages).digest(), 48)


class Login:
    """A TLS connection of a card key: its schedule, checked against OpenSSL's log."""

    FINISHED, CLIENT_HELLO, SERVER_HELLO = 20, 1, 2

    def __init__(self):
        self.kid = None
        self.messages = []
        self.log = {}
        self.shared = []

    def complete(self):
        return len(self.messages) >= 5 and "EXPORTER_SECRET" in self.log

    def _until(self, kind, times=1):
        """All messages up to the one of a kind, itself included."""
        out = b""
        for message in self.messages:
            out += message
            times -= message[0] == kind
            if not times:
                return out
        raise AssertionError("the handshake is not complete")

    def schedule(self, psk):
        """RFC 8446, 7.1, by name"""
        zeros = bytes(48)
        hello = self._until(self.SERVER_HELLO)
        server = self._until(self.FINISHED)
        client = self._until(self.FINISHED, 2)
        early = _hmac384(zeros, psk)
        yield "early secret", early
        binder = _derive(early, "ext binder", b"")
        yield "binder key", binder
        yield "binder finished key", _expand_label(binder, "finished", b"", 48)
        handshake = self._handshake(early, hello)
        yield "handshake secret", handshake
        master = _hmac384(_derive(handshake, "derived", b""), zeros)
        yield "master secret", master
        for name, label, secret, messages, logged in (
            ("client handshake", "c hs traffic", handshake, hello, "CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
            ("server handshake", "s hs traffic", handshake, hello, "SERVER_HANDSHAKE_TRAFFIC_SECRET"),
            ("client traffic", "c ap traffic", master, server, "CLIENT_TRAFFIC_SECRET_0"),
            ("server traffic", "s ap traffic", master, server, "SERVER_TRAFFIC_SECRET_0"),
            ("exporter", "exp master", master, server, "EXPORTER_SECRET"),
            ("resumption", "res master", master, client, None),
        ):
            value = _derive(secret, label, messages)
            assert not logged or value == self.log[logged], f"OpenSSL has another {logged}"
            yield f"{name} secret", value
            if "handshake" in name or "traffic" in name:
                yield f"{name} key", _expand_label(value, "key", b"", 32)
                yield f"{name} finished key", _expand_label(value, "finished", b"", 48)

    def _handshake(self, early, hello):
        salt = _derive(early, "derived", b"")
        for shared in self.shared:
            secret = _hmac384(salt, shared)
            if _derive(secret, "c hs traffic", hello) == self.log["CLIENT_HANDSHAKE_TRAFFIC_SECRET"]:
                self.x25519 = shared
                return secret
        raise AssertionError("no X25519 result makes the handshake secret")

    def export(self, context):
        """X: what K_wrap is salted with"""
        secret = _derive(self.log["EXPORTER_SECRET"], "EXPORTER-qsc-dist", b"")
        return _expand_label(secret, "exporter", hashlib.sha384(context).digest(), 32)


# ------------------------------------------------------------------- carrier


class Carrier:
    """What the key service knows: the keys of the cards, and what its process told."""

    def __init__(self, kit, registrations, told):
        lines = Path(kit).read_text(encoding="ascii").splitlines()[1:]
        lines = dict(line.split(": ") for line in lines)
        self.kid_master = b64decode(lines["kid-master"])
        self.registration_key = b64decode(lines["registration-key"])
        self.told = Path(told)
        self.position = 0
        self.logins, self.sessions = [], []
        self._open, self._shared = {}, []
        self.cards = {}  # kid: K
        self.numbers = {}  # kid: card
        for path in registrations:
            self._read_registration(Path(path).read_bytes())

    def _read_registration(self, data):
        """Documentation/pool-format.rst, registration"""
        card = int.from_bytes(data[8:16], "big")
        head = 18 + int.from_bytes(data[16:18], "big") + 21
        salt = data[head - 16 : head]
        count = int.from_bytes(data[head - 20 : head - 16], "big")
        key = vectors.hkdf(self.registration_key, salt, b"qreg", 32)
        digest = hashlib.sha256(data[:head]).digest()
        at, number, keys = head, 0, b""
        while at < len(data):
            size = 32 if not number else min(1024 * 32, count * 32 - len(keys))
            end = at + 12 + size + 16
            aad = digest + number.to_bytes(4, "big")
            plain = AESGCM(key).decrypt(data[at : at + 12], data[at + 12 : end], aad)
            keys += plain if number else b""
            at, number = end, number + 1
        for slot in range(count):
            kid = self._kid(card, slot)
            self.cards[kid] = keys[32 * slot : 32 * slot + 32]
            self.numbers[kid] = card

    def owner(self, kid):
        """Number of the card that has it"""
        return self.numbers[kid]

    def _kid(self, card, slot):
        core = vectors.kid_core(self.kid_master, card, slot)
        info = b"card" + card.to_bytes(5, "big")
        card_key = vectors.hkdf(self.kid_master, b"qsc/1 kid", info, 32)
        return core + vectors.hmac256(card_key, core)[:8]

    def listen(self):
        """Read what was told since the last time."""
        with open(self.told, encoding="ascii") as f:
            f.seek(self.position)
            for line in f:
                what, *words = line.split()
                getattr(self, f"_on_{what}")(*words)
            self.position = f.tell()

    def _login(self, conn):
        return self._open.setdefault(conn, Login())

    def _on_message(self, conn, data):
        data = bytes.fromhex(data)
        if data[0] == Login.CLIENT_HELLO:
            self._open[conn] = Login()
            self.logins.append(self._open[conn])
        self._login(conn).messages.append(data)

    def _on_key(self, conn, kid):
        self._login(conn).kid = bytes.fromhex(kid)

    def _on_shared(self, value):
        self._shared.append(bytes.fromhex(value))

    def _on_log(self, conn, label, _random, value):
        login = self._login(conn)
        login.log[label] = bytes.fromhex(value)
        login.shared += self._shared
        self._shared = []

    def _on_random(self, value):
        self.sessions.append(bytes.fromhex(value))


# ------------------------------------------------------------------- secrets

# What may be in memory while a call is up: the keys that its packets need; and of
# the connection to the key service its schedule, which OpenSSL keeps to its end.
IN_USE = ("srtp", "connection")
# All kinds: pool, connection, wrap, session, master, srtp, seal, hash


class Secrets(dict):
    """Secrets by name. A name's first word is its kind."""

    def put(self, name, value):
        self[name.replace(" ", "_")] = value

    def put_hash(self, name, value, word=4):
        """The result of a hash, also as the numbers that it was before."""
        self.put(name, value)
        self.put(f"{name} as words", algorithms.swapped(value, word))

    def only(self, *kinds):
        return Secrets({n: v for n, v in self.items() if n.split("_", 1)[0] in kinds})

    def but(self, *kinds):
        return Secrets({n: v for n, v in self.items() if n.split("_", 1)[0] not in kinds})

    def of(self, part):
        return Secrets({n: v for n, v in self.items() if part.replace(" ", "_") in n})

    def put_cipher(self, name, key, powers=True):
        """An AES key as ciphers and GCM keep it."""
        schedule = algorithms.round_keys(key)
        self.put_hash(name, key)
        self.put(f"{name}, round keys", schedule)
        self.put(f"{name}, round keys swapped", algorithms.swapped(schedule))
        self.put(f"{name}, inverse round keys", algorithms.inverse_round_keys(schedule))
        if powers:
            for form, value in algorithms.hash_key_forms(key):
                self.put(f"{name}, {form}", value)

    def put_hmac(self, name, key):
        self.put_hash(name, key)
        for state, value in algorithms.hmac_states(key):
            self.put(f"{name}, {state}", value)

    def put_srtp(self, name, master, parts=algorithms.AEAD_PARTS, powers=True):
        """All of one direction; returns its session keys."""
        key_len = parts[0][2]
        self.put_cipher(f"master {name} master key", master[:key_len], powers=False)
        self.put(f"master {name} master salt", master[key_len:])
        session = dict(algorithms.srtp_session(master, parts))
        for part, value in session.items():
            full = f"srtp {name} {part}"
            if "key" in part:
                self.put_cipher(full, value, powers)
                continue
            self.put(full, value)
            if "MAC" in part:
                for state, number in algorithms.hmac_states(value, algorithms.sha1_midstate):
                    self.put(f"{full}, {state}", number)
            else:
                # kmod/aead.h, struct qsc_iv: a salt is two numbers of this machine
                self.put(f"{full} as numbers", value[:8][::-1] + value[8:][::-1])
        return session

    def put_pool(self, carrier):
        """Every key of every card, drawn or not."""
        for number, (kid, key) in enumerate(carrier.cards.items()):
            self.put(f"pool {number} K", key)
            self.put(f"pool {number} K_auth", vectors.hkdf(key, b"qsc/1 pool", b"auth" + kid, 32))
            self.put(f"pool {number} K_dist", vectors.hkdf(key, b"qsc/1 pool", b"dist" + kid, 32))

    def put_login(self, name, login, key):
        """Of one card key that logged in: returns K_dist."""
        self.put_hmac(f"pool {name} PRK", algorithms.prk(key, b"qsc/1 pool"))
        auth = vectors.hkdf(key, b"qsc/1 pool", b"auth" + login.kid, 32)
        for part, value in login.schedule(auth):
            if part.endswith(("handshake key", "traffic key")):
                self.put_cipher(f"connection {name} {part}", value)
            else:
                self.put_hash(f"connection {name} {part}", value, word=8)
        self.put_hmac(f"pool {name} K", key)
        self.put_hash(f"pool {name} K_auth", auth)
        self.put(f"connection {name} X25519 result", login.x25519)
        dist = vectors.hkdf(key, b"qsc/1 pool", b"dist" + login.kid, 32)
        self.put_hmac(f"pool {name} K_dist", dist)
        return dist

    def put_wrap(self, name, dist, exporter):
        """X, K_wrap, and what is between them"""
        self.put(f"wrap {name} X", exporter)
        wrap = vectors.hkdf(dist, exporter, b"wrap", 32)
        self.put_hmac(f"wrap {name} PRK", algorithms.prk(dist, exporter))
        self.put_cipher(f"wrap {name} K_wrap", wrap)

    def put_session(self, name, session, call_id, epoch, powers=True):
        """S and all that comes of it; returns session keys of forth and back."""
        self.put_hmac(f"session {name} S", session)
        self.put_hmac(f"session {name} PRK", algorithms.prk(session, call_id.encode()))
        ways = {}
        for direction, way in ((1, "forth"), (2, "back")):
            info = b"srtp" + vectors.u32(SUITE) + bytes([direction]) + vectors.u32(epoch)
            master = vectors.hkdf(session, call_id.encode(), info, KEY_LEN + SALT_LEN)
            ways[way] = self.put_srtp(f"{name} {way}", master, powers=powers)
            ways[way]["mki"] = vectors.u32(epoch)
        return ways

    def put_hashes(self, name, packets):
        """Of SRTP packets, each with the keys of its way"""
        for n, (session, packet) in enumerate(packets):
            end = len(packet) - len(session["mki"]) - TAG_LEN
            state = algorithms.ghash_state(session["RTP key"], packet[:12], packet[12:end])
            self.put(f"hash {name} packet {n}", state)

    def put_box(self, name, private, client_public):
        """What a client sealed to a key of the module."""
        ours = X25519PrivateKey.from_private_bytes(private)
        public = public_of(ours)
        shared = ours.exchange(X25519PublicKey.from_public_bytes(client_public))
        self.put(f"seal {name} shared secret", shared)
        self.put_hmac(f"seal {name} PRK", algorithms.prk(shared, client_public + public))
        key = vectors.hkdf(shared, client_public + public, b"qsc/1 seal", 32)
        self.put_cipher(f"seal {name} box key", key)

    def lines(self):
        """For scan: what is the same under several names comes once."""
        names = {}
        for name, value in self.items():
            names.setdefault(value, []).append(name)
        return "".join(f"{'='.join(n)} {value.hex()}\n" for value, n in names.items())


def public_of(private):
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def is_private_of(private, public):
    try:
        key = X25519PrivateKey.from_private_bytes(private)
        return public_of(key) == public
    except ValueError:
        return False
