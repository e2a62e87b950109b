#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
"""vectors.py - known answers for the key derivations of QSC.

  vectors.py           write qsc1.json beside this file, and what the kernel
                       computes of it as kmod/tests/vectors.h
  vectors.py --check   compare both with what they should be; status 1 if one differs

Everything is computed here from hashlib, hmac and AES of python3-cryptography,
with nothing in common with the C code that is tested against the file. Inputs
are SHA-256 of names, so that nobody has to wonder where they come from.
"""

import hashlib
import hmac
import json
import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FILE = Path(__file__).resolve().with_name("qsc1.json")
HEADER = FILE.parents[2] / "kmod/tests/vectors.h"
SUITES = {
    1: ("AEAD_AES_256_GCM", 32, 12),
    2: ("AEAD_AES_128_GCM", 16, 12),
    3: ("AEAD_SM4_GCM", 16, 12),
    4: ("AES_CM_128_HMAC_SHA1_80", 16, 14),
}
CALLER, CALLEE = 1, 2


def u32(number):
    return struct.pack(">I", number)


def lp(text):
    return struct.pack(">H", len(text)) + text.encode("ascii")


def secret(name, length=32):
    return hashlib.sha256(f"qsc/1 vector {name}".encode()).digest()[:length]


def hmac256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(ikm, salt, info, length):
    prk = hmac256(salt, ikm)
    okm, block, count = b"", b"", 1
    while len(okm) < length:
        block = hmac256(prk, block + info + bytes([count]))
        okm += block
        count += 1
    return okm[:length]


def ff1(key, radix, tweak, digits, encrypt=True):
    """NIST SP 800-38G, algorithms 7 and 8, straight from the text."""

    def cbc_mac(data):
        cbc = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
        return cbc.update(data)[-16:]

    def aes(block):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    def num(x):
        value = 0
        for digit in x:
            value = value * radix + digit
        return value

    def string(value, length):
        out = []
        for _ in range(length):
            value, digit = divmod(value, radix)
            out.append(digit)
        return out[::-1]

    n, t = len(digits), len(tweak)
    u = n // 2
    v = n - u
    a, b = digits[:u], digits[u:]
    bytes_b = ((radix**v - 1).bit_length() + 7) // 8
    d = 4 * -(-bytes_b // 4) + 4
    p = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([10, u % 256]) + u32(n) + u32(t)
    for i in range(10) if encrypt else range(9, -1, -1):
        half = num(b if encrypt else a)
        q = tweak + bytes(-(t + bytes_b + 1) % 16) + bytes([i]) + half.to_bytes(bytes_b, "big")
        r = s = cbc_mac(p + q)
        for j in range(1, -(-d // 16)):
            s += aes(bytes(x ^ y for x, y in zip(r, j.to_bytes(16, "big"))))
        y = int.from_bytes(s[:d], "big")
        m = u if i % 2 == 0 else v
        if encrypt:
            a, b = b, string((num(a) + y) % radix**m, m)
        else:
            a, b = string((num(b) - y) % radix**m, m), a
    return a + b


def ff1_samples():
    """Samples 7 to 9 of NIST's FF1samples.pdf: AES-256."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94")
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    for radix, tweak, plain, sealed in (
        (10, "", "0123456789", "6657667009"),
        (10, "39383736353433323130", "0123456789", "1001623463"),
        (36, "3737373770717273373737", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
    ):
        before = [alphabet.index(c) for c in plain]
        after = [alphabet.index(c) for c in sealed]
        tweak = bytes.fromhex(tweak)
        assert ff1(key, radix, tweak, before) == after, "NIST's sample fails"
        assert ff1(key, radix, tweak, after, encrypt=False) == before
        yield {
            "key": key.hex(),
            "radix": radix,
            "tweak": tweak.hex(),
            "plaintext": before,
            "ciphertext": after,
        }


def kid_core(master, card, slot):
    key = hkdf(master, b"qsc/1 kid", b"enc", 32)
    plain = card.to_bytes(5, "big") + slot.to_bytes(3, "big")
    sealed = ff1(key, 65536, b"", list(struct.unpack(">4H", plain)))
    return struct.pack(">4H", *sealed)


def kids():
    masters = {name: secret(f"kid master {name}") for name in ("a", "b")}
    for name, card, slot in (
        ("a", 0, 0),
        ("a", 0, 1),
        ("a", 1, 0),
        ("a", 8986, 129_999),
        ("b", 8986, 129_999),
        ("b", 0xFFFFFFFFFF, 0xFFFFFF),
    ):
        master = masters[name]
        info = b"card" + card.to_bytes(5, "big")
        card_key = hkdf(master, b"qsc/1 kid", info, 32)
        core = kid_core(master, card, slot)
        yield {
            "kid_master": master.hex(),
            "card": card,
            "slot": slot,
            "card_key": card_key.hex(),
            "core": core.hex(),
            "kid": (core + hmac256(card_key, core)[:8]).hex(),
        }


def pool_keys(all_kids):
    for i, entry in enumerate(all_kids):
        key = secret(f"pool key {i}")
        kid = bytes.fromhex(entry["kid"])
        yield {
            "pool_key": key.hex(),
            "kid": kid.hex(),
            "auth": hkdf(key, b"qsc/1 pool", b"auth" + kid, 32).hex(),
            "dist": hkdf(key, b"qsc/1 pool", b"dist" + kid, 32).hex(),
        }


def calls():
    """One after the other: call-id, role, caller, callee, suite, epoch."""
    yield "a", CALLER, "1", "2", 1, 0
    yield "7f1d@edge.example", CALLER, "+8613800000001", "+8613800000002", 1, 0
    yield "7f1d@edge.example", CALLEE, "+8613800000001", "+8613800000002", 1, 0
    yield "7f1d@edge.example", CALLEE, "+8613800000001", "+8613800000002", 1, 1
    yield "!" * 127, CALLER, "A" * 63, "Z.z_9@a:b-c+", 2, 0xFFFFFFFF
    yield "sm4~call", CALLEE, "alice@example.org", "bob@example.org", 3, 7
    yield "legacy{1}", CALLER, "relay-1:5060", "relay-2:5060", 4, 2


def sessions(all_keys):
    for i, (call_id, role, caller, callee, suite, epoch) in enumerate(calls()):
        dist = bytes.fromhex(all_keys[i % len(all_keys)]["dist"])
        exporter = secret(f"exporter {i}")
        session = secret(f"session {call_id} {epoch}")
        context = b"\x01" + lp(call_id) + bytes([role]) + lp(caller) + lp(callee)
        context += u32(suite) + u32(epoch)
        wrap = hkdf(dist, exporter, b"wrap", 32)
        name, key_len, salt_len = SUITES[suite]
        entry = {
            "call_id": call_id,
            "role": role,
            "caller": caller,
            "callee": callee,
            "suite": suite,
            "suite_name": name,
            "epoch": epoch,
            "context": context.hex(),
            "dist": dist.hex(),
            "exporter": exporter.hex(),
            "wrap": wrap.hex(),
            "session": session.hex(),
            "wrapped": AESGCM(wrap).encrypt(bytes(12), session, context).hex(),
            "key_len": key_len,
            "salt_len": salt_len,
            "mki": u32(epoch).hex(),
        }
        for direction, label in (1, "caller_to_callee"), (2, "callee_to_caller"):
            info = b"srtp" + u32(suite) + bytes([direction]) + u32(epoch)
            entry[label] = hkdf(session, call_id.encode(), info, key_len + salt_len).hex()
        yield entry


def bad_contexts():
    """What no decoder may accept: each differs a little from a good one."""

    def context(version=1, call="c", role=1, caller="a", callee="b", suite=1, epoch=0, more=b""):
        out = bytes([version]) + lp(call) + bytes([role]) + lp(caller) + lp(callee)
        return out + u32(suite) + u32(epoch) + more

    good = context()
    yield "empty", b""
    yield "version 0", context(version=0)
    yield "version 2", context(version=2)
    yield "role 0", context(role=0)
    yield "role 3", context(role=3)
    yield "suite 0", context(suite=0)
    yield "suite unknown", context(suite=5)
    yield "no call-id", context(call="")
    yield "call-id too long", context(call="c" * 128)
    yield "call-id with a blank", context(call="a b")
    yield "call-id with a NUL", context(call="a\0b")
    yield "no caller", context(caller="")
    yield "caller too long", context(caller="a" * 64)
    yield "caller with a slash", context(caller="a/b")
    yield "callee with a NUL", context(callee="b\0")
    yield "a byte too much", context(more=b"\0")
    yield "a byte too little", good[:-1]
    yield "length beyond the end", good[:1] + b"\x7f\xff" + good[3:]


def revocations():
    for card in 0, 8986, 0xFFFFFFFFFF:
        key = secret(f"revoke key {card}")
        number = card.to_bytes(8, "big")
        token = number + hmac256(key, b"qsc/1 revoke" + number)
        yield {"revoke_key": key.hex(), "card": card, "token": token.hex()}


def registration():
    """A whole .qreg of three keys, with a salt that a real one would draw."""
    reg_key = secret("registration key")
    card, subscriber, profile = 8986, "+8613800000001", 2
    keys = [secret(f"registered {i}") for i in range(3)]
    revoke_key = secret(f"revoke key {card}")
    salt = secret("registration salt", 16)
    head = b"QSCREG1\n" + card.to_bytes(8, "big") + lp(subscriber)
    head += bytes([profile]) + u32(len(keys)) + salt
    file_key = hkdf(reg_key, salt, b"qreg", 32)
    digest = hashlib.sha256(head).digest()
    out = head
    for number, record in enumerate((revoke_key, b"".join(keys))):
        nonce = number.to_bytes(12, "big")
        out += nonce + AESGCM(file_key).encrypt(nonce, record, digest + u32(number))
    return {
        "registration_key": reg_key.hex(),
        "card": card,
        "subscriber": subscriber,
        "profile": profile,
        "count": len(keys),
        "revoke_key": revoke_key.hex(),
        "keys": [key.hex() for key in keys],
        "qreg": out.hex(),
    }


def cbc(key, iv, data):
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data)


def ecb(key, block):
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)


def load_commands(transport_key, salt, identity, slots):
    """LOAD commands, as in Documentation/apdu.rst: begin, slots, finish."""
    enc = hkdf(transport_key, salt, b"qsc/1 load enc", 32)
    mac = hkdf(transport_key, salt, b"qsc/1 load mac", 32)

    def command(record, body):
        body += hmac256(mac, bytes([0x80, 0xE2, record, 0]) + body)[:16]
        return bytes([0x80, 0xE2, record, 0, 0]) + struct.pack(">H", len(body)) + body

    def iv(record, first):
        return ecb(enc, bytes([record]) + bytes(11) + u32(first))

    yield command(0, salt + cbc(enc, iv(0, 0), identity))
    plain = b"".join(slots)
    plain += bytes(-len(plain) % 16)
    yield command(1, u32(0) + cbc(enc, iv(1, 0), plain))
    yield command(2, u32(len(slots)))


def card():
    """A card of four slots: what it is loaded with, and by which commands."""
    number, profile, pin = 8986, 2, "123456"
    master = secret("kid master a")
    kid_card = hkdf(master, b"qsc/1 kid", b"card" + number.to_bytes(5, "big"), 32)
    revoke_key = secret(f"revoke key {number}")
    transport_key, salt = secret("transport key"), secret("load salt", 16)
    keys = [secret(f"card key {i}") for i in range(4)]
    cores = [kid_core(master, number, i) for i in range(4)]
    identity = number.to_bytes(8, "big") + bytes([profile]) + pin.encode().ljust(8, b"\xff")
    identity += u32(len(keys)) + bytes(11) + kid_card + revoke_key
    slots = [core + key for core, key in zip(cores, keys)]
    kids = [core + hmac256(kid_card, core)[:8] for core in cores]
    return {
        "card": number,
        "profile": profile,
        "pin": pin,
        "kid_master": master.hex(),
        "kid_card": kid_card.hex(),
        "revoke_key": revoke_key.hex(),
        "transport_key": transport_key.hex(),
        "salt": salt.hex(),
        "slots": [{"kid": kid.hex(), "key": key.hex()} for kid, key in zip(kids, keys)],
        "load": [c.hex() for c in load_commands(transport_key, salt, identity, slots)],
    }


def p256(number):
    return ec.derive_private_key(number, ec.SECP256R1())


def point_of(pair):
    numbers = pair.public_key().public_numbers()
    return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def agree(pair, point):
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return pair.exchange(ec.ECDH(), theirs)


def draw_keys(shared, reader, chip, card, purpose, index, kid, remaining):
    """The two keys of a sealed draw, Documentation/apdu.rst."""
    info = reader + chip + card.to_bytes(8, "big") + bytes([purpose])
    info += u32(index) + kid + u32(remaining)
    okm = hkdf(shared, b"qsc/1 draw", info, 64)
    return okm[:32], okm[32:]


def seal_draw(enc, mac, key):
    sealed = cbc(enc, bytes(16), key)
    return sealed + hmac256(mac, sealed)[:16]


def open_draw(enc, mac, sealed):
    assert hmac256(mac, sealed[:32])[:16] == sealed[32:], "the tag is wrong"
    decryptor = Cipher(algorithms.AES(enc), modes.CBC(bytes(16))).decryptor()
    return decryptor.update(sealed[:32])


def draws(of):
    """Sealed draws of that card, one after the other, each with command and answer."""
    for number, (purpose, index) in enumerate(((1, 2), (2, 0), (1, 1), (2, 3))):
        reader_secret = secret(f"draw reader {number}")
        chip_secret = secret(f"draw chip {number}")
        reader, chip = (p256(int.from_bytes(x, "big")) for x in (reader_secret, chip_secret))
        reader_public, chip_public = point_of(reader), point_of(chip)
        slot = of["slots"][index]
        kid, key = (bytes.fromhex(slot[x]) for x in ("kid", "key"))
        remaining = len(of["slots"]) - 1 - number
        shared = agree(reader, chip_public)
        assert shared == agree(chip, reader_public)
        enc, mac = draw_keys(
            shared, reader_public, chip_public, of["card"], purpose, index, kid, remaining
        )
        sealed = seal_draw(enc, mac, key)
        command = bytes([0x80, 0x32, purpose, 3, 4 + 65]) + u32(index) + reader_public + b"\0"
        answer = b"\x90\x04" + u32(index) + b"\x91\x10" + kid
        answer += b"\x94\x71" + chip_public + sealed + b"\x93\x04" + u32(remaining)
        yield {
            "card": of["card"],
            "purpose": purpose,
            "index": index,
            "kid": kid.hex(),
            "remaining": remaining,
            "key": key.hex(),
            "reader_secret": reader_secret.hex(),
            "reader_public": reader_public.hex(),
            "chip_secret": chip_secret.hex(),
            "chip_public": chip_public.hex(),
            "shared": shared.hex(),
            "enc": enc.hex(),
            "mac": mac.hex(),
            "sealed": sealed.hex(),
            "command": command.hex(),
            "answer": answer.hex() + "9000",
        }


def bad_points():
    """65 bytes that are no uncompressed point of P-256."""
    good = point_of(p256(int.from_bytes(secret("draw reader 0"), "big")))
    x, y = good[1:33], good[33:]
    # A point with this X exists: only its number is too large.
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    five = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), b"\x02" + (5).to_bytes(32, "big")
    ).public_numbers()
    yield "all zero", bytes(65)
    yield "at infinity", b"\x04" + bytes(64)
    yield "not on the curve", good[:-1] + bytes([good[-1] ^ 1])
    yield "X and Y exchanged", b"\x04" + y + x
    yield "X is not below the prime", b"\x04" + (prime + 5).to_bytes(32, "big") + five.y.to_bytes(32, "big")
    yield "Y is not below the prime", b"\x04" + x + b"\xff" * 32
    yield "all ones", b"\x04" + b"\xff" * 64
    yield "compressed, and more", bytes([2 + y[-1] % 2]) + x + y
    yield "hybrid", bytes([6 + y[-1] % 2]) + x + y
    yield "another form", b"\x05" + x + y


def x25519_pair(name):
    """A clamped secret (RFC 7748 section 5) and its public key."""
    key = bytearray(secret(name))
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    public = X25519PrivateKey.from_private_bytes(bytes(key)).public_key()
    return bytes(key), public.public_bytes_raw()


def seal(name, plaintext, aad):
    """What a client sends to the kernel: Documentation/networking/qsc-uapi.rst."""
    client, client_public = x25519_pair(f"client {name}")
    module, module_public = x25519_pair(f"module {name}")
    peer = X25519PublicKey.from_public_bytes(module_public)
    shared = X25519PrivateKey.from_private_bytes(client).exchange(peer)
    key = hkdf(shared, client_public + module_public, b"qsc/1 seal", 32)
    return {
        "client_secret": client.hex(),
        "client_public": client_public.hex(),
        "module_secret": module.hex(),
        "module_public": module_public.hex(),
        "shared": shared.hex(),
        "key": key.hex(),
        "aad": aad.hex(),
        "plaintext": plaintext.hex(),
        "box": AESGCM(key).encrypt(bytes(12), plaintext, aad).hex(),
    }


def key_seals():
    """Master keys of key-set requests."""
    for i, (call_id, leg, direction, suite, mki) in enumerate(
        (
            ("a", 0, 1, 1, b""),
            ("7f1d@edge.example", 1, 2, 2, bytes.fromhex("00c0ffee")),
            ("!" * 127, 0, 2, 4, bytes(range(128))),
        )
    ):
        name, key_len, salt_len = SUITES[suite]
        aad = b"key-set" + lp(call_id) + bytes([leg, direction]) + u32(suite)
        aad += struct.pack(">H", len(mki)) + mki
        yield {
            "call_id": call_id,
            "leg": leg,
            "dir": direction,
            "suite": suite,
            "suite_name": name,
            "mki": mki.hex(),
            **seal(f"key {i}", (secret(f"master {i}") + secret(f"salt {i}"))[: key_len + salt_len], aad),
        }


def session_seals(all_sessions):
    """Secrets of session-set requests, one for each session."""
    for i, session in enumerate(all_sessions):
        plaintext = bytes.fromhex(session["dist"] + session["exporter"])
        aad = b"session-set" + bytes.fromhex(session["context"])
        yield {"session": i, **seal(f"session {i}", plaintext, aad)}


def vectors():
    all_kids = list(kids())
    all_keys = list(pool_keys(all_kids))
    all_sessions = list(sessions(all_keys))
    a_card = card()
    return {
        "comment": "made by vectors.py; numbers are decimal, bytes hexadecimal",
        "ff1": list(ff1_samples()),
        "kids": all_kids,
        "pool_keys": all_keys,
        "sessions": all_sessions,
        "key_seals": list(key_seals()),
        "session_seals": list(session_seals(all_sessions)),
        "bad_contexts": [{"why": why, "context": data.hex()} for why, data in bad_contexts()],
        "revocations": list(revocations()),
        "registration": registration(),
        "card": a_card,
        "draws": list(draws(a_card)),
        "bad_points": [{"why": why, "point": data.hex()} for why, data in bad_points()],
    }


# What the kernel computes: list, struct and members, strings unless they say otherwise.
KERNEL = (
    (
        "sessions",
        ("call_id", "caller", "callee"),
        ("role", "suite", "epoch"),
        ("context", "dist", "exporter", "wrap", "session", "wrapped", "mki"),
        ("caller_to_callee", "callee_to_caller"),
    ),
    (
        "key_seals",
        ("call_id",),
        ("leg", "dir", "suite"),
        ("mki", "client_public", "module_secret", "module_public", "aad", "plaintext", "box"),
    ),
    (
        "session_seals",
        (),
        ("session",),
        ("client_public", "module_secret", "module_public", "aad", "plaintext", "box"),
    ),
)


def c_member(name, value):
    value = str(value) if isinstance(value, int) else f'"{value}"'
    gap = " " if 16 + len(f".{name} = {value},") <= 100 else "\n\t\t\t"
    return f"\t\t.{name} ={gap}{value},\n"


def header(found):
    """The same for kmod/tests/."""
    out = "/* SPDX-License-Identifier: GPL-2.0 */\n"
    out += "/* Made by firmware-keys/vectors/vectors.py; bytes are hexadecimal. */\n"
    out += "#ifndef _QSC_TESTS_VECTORS_H\n#define _QSC_TESTS_VECTORS_H\n\n"
    out += "#include <linux/types.h>\n\n/* clang-format off */\n"
    for name, texts, numbers, *blobs in KERNEL:
        strings = [*texts, *(member for group in blobs for member in group)]
        out += f"\nstruct qsc_test_{name[:-1]} {{\n"
        out += "".join(f"\tconst char *{member};\n" for member in strings)
        out += "".join(f"\tu32 {member};\n" for member in numbers)
        out += "};\n\n/* Not every suite takes all. */\n"
        out += f"static const struct qsc_test_{name[:-1]} qsc_test_{name}[] __maybe_unused = {{\n"
        for entry in found[name]:
            members = "".join(c_member(m, entry[m]) for m in (*strings, *numbers))
            out += f"\t{{\n{members}\t}},\n"
        out += "};\n"
    return out + "\n#endif /* _QSC_TESTS_VECTORS_H */\n"


def main():
    found = vectors()
    files = {FILE: json.dumps(found, indent=1) + "\n", HEADER: header(found)}
    if sys.argv[1:] == ["--check"]:
        stale = [path for path, text in files.items() if path.read_text() != text]
        for path in stale:
            print(f"{path} is not what {sys.argv[0]} computes", file=sys.stderr)
        return 1 if stale else 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 1
    for path, text in files.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
