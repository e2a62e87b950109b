#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Look for secrets in files, however they may be written.

    find_secret.py KEYFILE... -- FILE...

A KEYFILE is one line "SUITE inline:BASE64(key||salt)". Its secrets are the
master key and salt, and the session keys and salts that RFC 3711 section 4.3
derives from them. Each FILE is searched for any eleven bytes in a row of any
of them: as they are, in hexadecimal with or without separators, as numbers of
C, in base64, and with the bytes of each 32- or 64-bit word turned round.

Prints what was found where; the exit status is 1 if anything was.

    find_secret.py --decrypt KEYFILE PCAP

Decrypts the first SRTP of a capture with the derived keys and prints it: a proof
that the derivation is right, so that a search for them has a meaning.
"""
import base64
import itertools
import subprocess
import sys

RUN = 8     # bytes in a row that are no coincidence
STEP = 4    # between runs that are looked for: any RUN + STEP - 1 bytes have one
LABELS = {0: "RTP key", 2: "RTP salt", 3: "RTCP key", 5: "RTCP salt"}
RTP_HEADER = 12
TAG = 16


def aes_ctr(key, iv, data):
    """AES in counter mode, by the openssl program."""
    return subprocess.run(
        ["openssl", "enc", f"-aes-{len(key) * 8}-ctr", "-K", key.hex(), "-iv", iv.hex()],
        input=data, stdout=subprocess.PIPE, check=True).stdout


def read_key(path):
    """Master key and salt of a key file."""
    with open(path, encoding="ascii") as f:
        blob = base64.b64decode(f.read().split("inline:")[1].split("|")[0])
    return blob[:-12], blob[-12:]


def derive(key, salt, label, length):
    """RFC 3711 section 4.3.1, with a 96-bit salt as RFC 7714 section 11 has it."""
    x = bytearray(salt + bytes(2))
    x[7] ^= label
    return aes_ctr(key, bytes(x) + bytes(2), bytes(length))


def secrets_of(path):
    """Everything secret that comes from a key file, by name."""
    key, salt = read_key(path)
    found = {"master key": key, "master salt": salt}
    for label, name in LABELS.items():
        found[name] = derive(key, salt, label, len(key) if "key" in name else 12)
    return {f"{path}: {name}": value for name, value in found.items()}


def turned(secret, size):
    """The secret as the numbers of a little-endian machine would print it."""
    words = [secret[i:i + size] for i in range(0, len(secret), size)]
    return b"".join(word[::-1] for word in words)


def runs(secret):
    """RUN bytes in a row, at every STEP."""
    return [secret[i:i + RUN] for i in range(0, len(secret) - RUN + 1, STEP)]


def base64_forms(secret):
    """What base64 makes of it, whatever stands before: three alignments."""
    for lead in range(3):
        text = base64.b64encode(bytes(lead) + secret).rstrip(b"=")
        # characters that also depend on what is before or behind
        yield text[2 * (lead > 0) + (lead == 2):-1]


def forms(secret):
    """The needles of a secret, by the form of the hay they are looked for in."""
    raw, text = set(), set()
    for variant in {secret, turned(secret, 4), turned(secret, 8), secret[::-1]}:
        raw.update(runs(variant))
        text.update(run.hex().encode() for run in runs(variant))
    coded = set()
    for form in base64_forms(secret):
        coded.update(form[i:i + 12] for i in range(0, len(form) - 11, STEP))
    return raw, text, coded


def digits(data):
    """Hexadecimal digits alone: without 0x, blanks and other separators."""
    return data.lower().replace(b"0x", b"").translate(None, b" \t\r\n:,;.|{}[]\\x-")


def search(secrets, paths):
    """Returns the number of findings."""
    needles = {name: forms(value) for name, value in secrets.items()}
    found = 0
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        hexa = digits(data)
        for name, (raw, text, coded) in needles.items():
            for how, hay, wanted in (("bytes", data, raw), ("hexadecimal", hexa, text),
                                     ("base64", data, coded)):
                if any(needle in hay for needle in wanted):
                    print(f"{path}: {name}, {how}")
                    found += 1
    return found


def udp_payloads(path):
    """UDP payloads of an Ethernet capture of IPv4."""
    with open(path, "rb") as f:
        data = f.read()
    pos = 24
    while pos + 16 <= len(data):
        size = int.from_bytes(data[pos + 8:pos + 12], sys.byteorder)
        frame = data[pos + 16:pos + 16 + size]
        pos += 16 + size
        if frame[12:14] == b"\x08\0" and frame[23] == 17:
            yield frame[14 + 20 + 8:14 + int.from_bytes(frame[16:18], "big")]


def decrypt(keyfile, pcap):
    """Print the payloads that the derived keys make of a capture."""
    key, salt = read_key(keyfile)
    session = derive(key, salt, 0, len(key))
    session_salt = derive(key, salt, 2, 12)
    for packet in itertools.islice(udp_payloads(pcap), 8):
        index = bytes(2) + packet[8:12] + bytes(4) + packet[2:4]
        nonce = bytes(a ^ b for a, b in zip(index, session_salt))
        # the counter of GCM's first block of data is 2
        print(aes_ctr(session, nonce + b"\0\0\0\2", packet[RTP_HEADER:-TAG]))


def main(args):
    """See the top of the file."""
    if len(args) == 3 and args[0] == "--decrypt":
        decrypt(args[1], args[2])
        return 0
    if "--" not in args:
        print(__doc__, file=sys.stderr)
        return 2
    split = args.index("--")
    secrets = {}
    for path in args[:split]:
        secrets.update(secrets_of(path))
    return 1 if search(secrets, args[split + 1:]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
