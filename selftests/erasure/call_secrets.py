# SPDX-License-Identifier: GPL-2.0
"""Every secret of a call, computed from what the carrier knows.

Nothing here is shared with the code under test: HKDF, the key schedule of TLS 1.3
(RFC 8446), the KDF of SRTP (RFC 3711), AES's key expansion and GHASH are written
down once more, and what OpenSSL and the wire say is held against the result.
"""

import hashlib
import hmac
import struct
import sys
from base64 import b64decode
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "firmware-keys" / "vectors"))
sys.dont_write_bytecode = True

from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: E402
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402

import vectors  # noqa: E402

SUITE = 1  # AEAD_AES_256_GCM
KEY_LEN, SALT_LEN = 32, 12
CM_KEY_LEN, CM_SALT_LEN, SHA1_LEN = 16, 14, 20  # of AES_CM_128_HMAC_SHA1_80
TAG_LEN = 16  # of GCM
CALLER, CALLEE = 1, 2
POWERS = 8  # of the hash key, as many as the drivers keep

# ----------------------------------------------------------------------- AES


def _times(a, b):
    """In AES's field."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _sbox():
    box = []
    for x in range(256):
        inverse = next((y for y in range(256) if _times(x, y) == 1), 0)
        value = 0x63
        for shift in range(5):
            value ^= ((inverse << shift) | (inverse >> (8 - shift))) & 0xFF
        box.append(value)
    return box


SBOX = _sbox()
INVERSE_COLUMN = [[_times(x, c) for x in range(256)] for c in (14, 11, 13, 9)]


def round_keys(key):
    """FIPS 197, 5.2: the round keys one after the other."""
    words = [key[i : i + 4] for i in range(0, len(key), 4)]
    n, rcon = len(words), 1
    for i in range(n, 4 * (n + 7)):
        word = words[-1]
        if i % n == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ rcon]) + word[1:]
            rcon = _times(rcon, 2)
        elif n > 6 and i % n == 4:
            word = bytes(SBOX[b] for b in word)
        words.append(bytes(a ^ b for a, b in zip(words[i - n], word)))
    return b"".join(words)


def inverse_round_keys(schedule):
    """FIPS 197, 5.3.5: those of the equivalent inverse cipher, last one first."""
    rounds = [schedule[i : i + 16] for i in range(0, len(schedule), 16)][::-1]
    a, b, c, d = INVERSE_COLUMN
    for i in range(1, len(rounds) - 1):
        out = b""
        for w, x, y, z in (rounds[i][j : j + 4] for j in range(0, 16, 4)):
            out += bytes(
                (
                    a[w] ^ b[x] ^ c[y] ^ d[z],
                    d[w] ^ a[x] ^ b[y] ^ c[z],
                    c[w] ^ d[x] ^ a[y] ^ b[z],
                    b[w] ^ c[x] ^ d[y] ^ a[z],
                )
            )
        rounds[i] = out
    return b"".join(rounds)


def swapped(data, size=4):
    """As numbers of a little-endian machine that were read as big-endian."""
    return b"".join(data[i : i + size][::-1] for i in range(0, len(data), size))


# ----------------------------------------------------------------------- GCM

GCM_POLYNOMIAL = 0xE1 << 120  # bits in GCM's order: the highest is x^0


def gcm_times(x, y):
    """SP 800-38D, 6.3"""
    z = 0
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            z ^= x
        x = (x >> 1) ^ (GCM_POLYNOMIAL if x & 1 else 0)
    return z


def by_x(h):
    return (h >> 1) ^ (GCM_POLYNOMIAL if h & 1 else 0)


def by_inverse_of_x(h):
    """What pclmul code calls HashKey << 1 mod poly"""
    if h >> 127:
        return ((h ^ GCM_POLYNOMIAL) << 1) | 1
    return h << 1


def hash_key_forms(key):
    """H and its powers by name, in the forms that drivers keep them in."""
    h = int.from_bytes(vectors.ecb(key, bytes(16)), "big")
    power = h
    for n in range(1, POWERS + 1):
        for form, value in (
            ("", power),
            ("/x", by_inverse_of_x(power)),
            ("*x", by_x(power)),
        ):
            plain = value.to_bytes(16, "big")
            yield f"H{n}{form}", plain
            yield f"H{n}{form},reversed", plain[::-1]
            # Karatsuba's sum of the halves
            yield f"H{n}{form},halves", bytes(a ^ b for a, b in zip(plain[:8], plain[8:]))
            yield f"H{n}{form},halves,reversed", bytes(
                a ^ b for a, b in zip(plain[:8], plain[8:])
            )[::-1]
        power = gcm_times(power, h)


def ghash_state(key, aad, sealed):
    """The hash of a message before its last product: who has both can find H."""
    h = int.from_bytes(vectors.ecb(key, bytes(16)), "big")
    state = 0
    for data in aad, sealed:
        for i in range(0, len(data), 16):
            block = data[i : i + 16].ljust(16, b"\0")
            state = gcm_times(state ^ int.from_bytes(block, "big"), h)
    lengths = struct.pack(">QQ", 8 * len(aad), 8 * len(sealed))
    return (state ^ int.from_bytes(lengths, "big")).to_bytes(16, "big")


# ---------------------------------------------------------------------- HKDF


def midstate(block):
    """SHA-256's state after one block, as a machine that is little-endian has it."""
    k, n = [], 2
    while len(k) < 64:
        if all(n % p for p in range(2, int(n**0.5) + 1)):
            k.append(_root(n, 3))
        n += 1
    first = [2, 3, 5, 7, 11, 13, 17, 19]
    state = [_root(p, 2) for p in first]
    w = list(struct.unpack(">16I", block))
    for i in range(16, 64):
        s0 = _ror(w[i - 15], 7) ^ _ror(w[i - 15], 18) ^ w[i - 15] >> 3
        s1 = _ror(w[i - 2], 17) ^ _ror(w[i - 2], 19) ^ w[i - 2] >> 10
        w.append((w[i - 16] + s0 + w[i - 7] + s1) & 0xFFFFFFFF)
    a, b, c, d, e, f, g, h = state
    for i in range(64):
        t1 = h + (_ror(e, 6) ^ _ror(e, 11) ^ _ror(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]
        t2 = (_ror(a, 2) ^ _ror(a, 13) ^ _ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (
            (t1 + t2) & 0xFFFFFFFF, a, b, c, (d + t1) & 0xFFFFFFFF, e, f, g,
        )
    state = [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d, e, f, g, h))]
    return struct.pack("<8I", *state)


def _ror(x, n):
    return (x >> n | x << (32 - n)) & 0xFFFFFFFF


def _root(n, degree):
    """32 bits of the root's fraction, in whole numbers."""
    target = n << (32 * degree)
    low, high = 0, 1 << 40
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= target else (low, middle)
    return low & 0xFFFFFFFF


def sha1_midstate(block):
    """Of SHA-1 after one block, as the kernel has it: numbers of this machine."""
    w = list(struct.unpack(">16I", block))
    for i in range(16, 80):
        w.append(_ror(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 31))
    state = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
    a, b, c, d, e = state
    for i in range(80):
        f, k = (
            ((b & c) | (~b & d), 0x5A827999),
            (b ^ c ^ d, 0x6ED9EBA1),
            ((b & c) | (b & d) | (c & d), 0x8F1BBCDC),
            (b ^ c ^ d, 0xCA62C1D6),
        )[i // 20]
        t = (_ror(a, 27) + f + e + k + w[i]) & 0xFFFFFFFF
        a, b, c, d, e = t, a, _ror(b, 2), c, d
    return struct.pack("<5I", *((x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d, e))))


def hmac_states(key, after=midstate):
    """What HMAC makes of its key, from which it can go on without it; after() is of its hash."""
    block = key.ljust(64, b"\0")
    yield "HMAC inner state", after(bytes(b ^ 0x36 for b in block))
    yield "HMAC outer state", after(bytes(b ^ 0x5C for b in block))


def prk(ikm, salt):
    return hmac.new(salt, ikm, hashlib.sha256).digest()


# ---------------------------------------------------------------------- SRTP


AEAD_PARTS = (
    (0, "RTP key", KEY_LEN),
    (2, "RTP salt", SALT_LEN),
    (3, "RTCP key", KEY_LEN),
    (5, "RTCP salt", SALT_LEN),
)
CM_PARTS = (
    (0, "RTP key", CM_KEY_LEN),
    (1, "RTP MAC", SHA1_LEN),
    (2, "RTP salt", CM_SALT_LEN),
    (3, "RTCP key", CM_KEY_LEN),
    (4, "RTCP MAC", SHA1_LEN),
    (5, "RTCP salt", CM_SALT_LEN),
)


def srtp_session(master, parts=AEAD_PARTS):
    """RFC 3711, 4.3.3; a salt of 96 bits (RFC 7714, 11) is filled up: name and value"""
    key_len = parts[0][2]
    key, salt = master[:key_len], master[key_len:]
    for label, name, length in parts:
        x = bytearray(salt + bytes(4))
        x[7] ^= label
        stream = b""
        for block in range((length + 15) // 16):
            stream += vectors.ecb(key, bytes(x[:14]) + struct.pack(">H", block))
        yield name, stream[:length]


def _nonce(salt, ssrc, index):
    """RFC 7714, 8.1 and 9.1"""
    return bytes(a ^ b for a, b in zip(bytes(2) + ssrc + index.to_bytes(6, "big"), salt))


def srtp_open(session, packet):
    """An SRTP packet of roll-over counter 0; raises if it is not under this key."""
    end = len(packet) - len(session["mki"])
    nonce = _nonce(session["RTP salt"], packet[8:12], int.from_bytes(packet[2:4], "big"))
    plain = AESGCM(session["RTP key"]).decrypt(nonce, packet[12:end], packet[:12])
    return packet[:12] + plain


def srtp_seal(session, packet):
    nonce = _nonce(session["RTP salt"], packet[8:12], int.from_bytes(packet[2:4], "big"))
    sealed = AESGCM(session["RTP key"]).encrypt(nonce, packet[12:], packet[:12])
    return packet[:12] + sealed + session["mki"]


def srtcp_seal(session, packet, index):
    nonce = _nonce(session["RTCP salt"], packet[4:8], index)
    word = vectors.u32(1 << 31 | index)
    sealed = AESGCM(session["RTCP key"]).encrypt(nonce, packet[8:], packet[:8] + word)
    return packet[:8] + sealed + word + session["mki"]


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
        self.put(f"{name} as words", swapped(value, word))

    def only(self, *kinds):
        return Secrets({n: v for n, v in self.items() if n.split("_", 1)[0] in kinds})

    def but(self, *kinds):
        return Secrets({n: v for n, v in self.items() if n.split("_", 1)[0] not in kinds})

    def of(self, part):
        return Secrets({n: v for n, v in self.items() if part.replace(" ", "_") in n})

    def put_cipher(self, name, key, powers=True):
        """An AES key as ciphers and GCM keep it."""
        schedule = round_keys(key)
        self.put_hash(name, key)
        self.put(f"{name}, round keys", schedule)
        self.put(f"{name}, round keys swapped", swapped(schedule))
        self.put(f"{name}, inverse round keys", inverse_round_keys(schedule))
        if powers:
            for form, value in hash_key_forms(key):
                self.put(f"{name}, {form}", value)

    def put_hmac(self, name, key):
        self.put_hash(name, key)
        for state, value in hmac_states(key):
            self.put(f"{name}, {state}", value)

    def put_srtp(self, name, master, powers=True):
        """All of one direction; returns its session keys."""
        self.put_cipher(f"master {name} master key", master[:KEY_LEN], powers=False)
        self.put(f"master {name} master salt", master[KEY_LEN:])
        session = dict(srtp_session(master))
        for part, value in session.items():
            if "key" in part:
                self.put_cipher(f"srtp {name} {part}", value, powers)
            else:
                self.put(f"srtp {name} {part}", value)
                # kmod/aead.h, struct qsc_iv: two numbers of this machine
                numbers = value[:8][::-1] + value[8:][::-1]
                self.put(f"srtp {name} {part} as numbers", numbers)
        return session

    def put_srtp_cm(self, name, master):
        """Of AES_CM_128_HMAC_SHA1_80, likewise"""
        self.put_cipher(f"master {name} master key", master[:CM_KEY_LEN], powers=False)
        self.put(f"master {name} master salt", master[CM_KEY_LEN:])
        session = dict(srtp_session(master, CM_PARTS))
        for part, value in session.items():
            if "key" in part:
                self.put_cipher(f"srtp {name} {part}", value, powers=False)
                continue
            self.put(f"srtp {name} {part}", value)
            for state, number in hmac_states(value, sha1_midstate) if "MAC" in part else ():
                self.put(f"srtp {name} {part}, {state}", number)
        return session

    def put_pool(self, carrier):
        """Every key of every card, drawn or not."""
        for number, (kid, key) in enumerate(carrier.cards.items()):
            self.put(f"pool {number} K", key)
            self.put(f"pool {number} K_auth", vectors.hkdf(key, b"qsc/1 pool", b"auth" + kid, 32))
            self.put(f"pool {number} K_dist", vectors.hkdf(key, b"qsc/1 pool", b"dist" + kid, 32))

    def put_login(self, name, login, key):
        """Of one card key that logged in: returns K_dist."""
        self.put_hmac(f"pool {name} PRK", prk(key, b"qsc/1 pool"))
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
        self.put_hmac(f"wrap {name} PRK", prk(dist, exporter))
        self.put_cipher(f"wrap {name} K_wrap", wrap)

    def put_session(self, name, session, call_id, epoch, powers=True):
        """S and all that comes of it; returns session keys of forth and back."""
        self.put_hmac(f"session {name} S", session)
        self.put_hmac(f"session {name} PRK", prk(session, call_id.encode()))
        ways = {}
        for direction, way in ((1, "forth"), (2, "back")):
            info = b"srtp" + vectors.u32(SUITE) + bytes([direction]) + vectors.u32(epoch)
            master = vectors.hkdf(session, call_id.encode(), info, KEY_LEN + SALT_LEN)
            ways[way] = self.put_srtp(f"{name} {way}", master, powers)
            ways[way]["mki"] = vectors.u32(epoch)
        return ways

    def put_hashes(self, name, packets):
        """Of SRTP packets, each with the keys of its way"""
        for n, (session, packet) in enumerate(packets):
            end = len(packet) - len(session["mki"]) - TAG_LEN
            state = ghash_state(session["RTP key"], packet[:12], packet[12:end])
            self.put(f"hash {name} packet {n}", state)

    def put_box(self, name, private, client_public):
        """What a client sealed to a key of the module."""
        ours = X25519PrivateKey.from_private_bytes(private)
        public = public_of(ours)
        shared = ours.exchange(X25519PublicKey.from_public_bytes(client_public))
        self.put(f"seal {name} shared secret", shared)
        self.put_hmac(f"seal {name} PRK", prk(shared, client_public + public))
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
