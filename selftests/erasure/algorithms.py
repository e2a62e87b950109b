# SPDX-License-Identifier: GPL-2.0
"""The algorithms of a call, with what they keep in memory between their steps.

Nothing here is shared with the code under test: AES's key expansion, GHASH, the
states of HMAC, the KDF of SRTP (RFC 3711) and its packets are written down once more.
"""

import hashlib
import hmac
import struct
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "firmware-keys" / "vectors"))
sys.dont_write_bytecode = True

from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402

import vectors  # noqa: E402

KEY_LEN, SALT_LEN = 32, 12  # of AEAD_AES_256_GCM
CM_KEY_LEN, CM_SALT_LEN, SHA1_LEN = 16, 14, 20  # of AES_CM_128_HMAC_SHA1_80
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
