#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Gives an rtpengine a call, over its control protocol.

Usage: rtpengine.py add CALL IN OUT KEY   from 198.51.100.2:4000, which protects
                                          with suite IN and KEY, to
                                          203.0.113.2:6000, which wants suite OUT;
                                          prints where to send to, and the key
                                          that rtpengine has chosen for OUT
       rtpengine.py del CALL
       rtpengine.py ping                  until it answers

Keys are in hex. rtpengine copies the key of an offer to the other leg if that has
the same suite, and need not encrypt then. So the receiver makes the offer: in its
answer to that, rtpengine names the key it will send with, and it keeps that key
when the sender answers a second offer with another suite and another key than the
first.
"""

import base64
import os
import re
import socket
import sys
import time

CONTROL = ("127.0.0.1", 2223)
SENDER, RECEIVER = ("198.51.100.2", 4000, "snd"), ("203.0.113.2", 6000, "rcv")
GCM256, GCM128 = "AEAD_AES_256_GCM", "AEAD_AES_128_GCM"
LENGTH = {GCM256: 44, GCM128: 28, "AES_CM_128_HMAC_SHA1_80": 30}


def encode(value):
    """Bencode of strings, lists and dictionaries."""
    if isinstance(value, dict):
        return b"d" + b"".join(encode(k) + encode(value[k]) for k in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    data = value.encode()
    return b"%d:%s" % (len(data), data)


def decode(data, at=0):
    """The value that begins there, and where it ends."""
    lead = data[at:at + 1]
    if lead == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if lead in b"ld":
        items, at = [], at + 1
        while data[at:at + 1] != b"e":
            item, at = decode(data, at)
            items.append(item)
        return (dict(zip(items[::2], items[1::2])) if lead == b"d" else items), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end].decode("latin-1"), end


class Control:
    """A socket to the daemon."""

    def __init__(self, timeout):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(timeout)
        self.sock.connect(CONTROL)
        self.cookie = 0

    def ask(self, command, **fields):
        """Sends a command; returns the answer."""
        self.cookie += 1
        lead = b"%d_%d " % (os.getpid(), self.cookie)
        message = {"command": command} | {k.replace("_", "-"): v for k, v in fields.items()}
        self.sock.send(lead + encode(message))
        while not (data := self.sock.recv(65536)).startswith(lead):
            pass
        answer = decode(data[len(lead):])[0]
        if answer["result"] == "error":
            sys.exit(f"rtpengine: {command}: {answer.get('error-reason')}")
        return answer


def ping():
    """Waits until the daemon is there."""
    control = Control(0.5)
    for _ in range(600):
        try:
            return control.ask("ping")
        except (ConnectionRefusedError, socket.timeout):
            time.sleep(0.1)
    sys.exit("rtpengine: no answer to a ping")


def sdp(end, crypto=None):
    """A description of one end, with (tag, suite, key) if it is not plain."""
    addr, port, _ = end
    lines = ["v=0", f"o=- 1 1 IN IP4 {addr}", "s=-", f"c=IN IP4 {addr}", "t=0 0",
             f"m=audio {port} RTP/{'SAVP' if crypto else 'AVP'} 0", "a=rtpmap:0 PCMU/8000"]
    if crypto:
        tag, suite, key = crypto
        lines.append(f"a=crypto:{tag} {suite} inline:{base64.b64encode(key).decode()}")
    return "\r\n".join(lines) + "\r\n"


def cryptos(text):
    """{suite: (tag, key)} of a description."""
    found = re.findall(r"a=crypto:(\d+) (\S+) inline:([^\s|]+)", text)
    return {suite: (tag, base64.b64decode(key + "=" * (-len(key) % 4)))
            for tag, suite, key in found}


class Call:
    """Offers of the receiver, answers of the sender."""

    def __init__(self, name):
        self.control = Control(30)
        self.common = {"call_id": name, "from_tag": "receiver", "ICE": "remove", "DTLS": "off",
                       "flags": ["asymmetric", "unidirectional", "trust-address"]}

    def offer(self, suite_in, suite_out, **more):
        """Returns the description that is for the sender."""
        crypto = None if suite_out == "plain" else (1, suite_out, os.urandom(LENGTH[suite_out]))
        protocol = "RTP/AVP" if suite_in == "plain" else "RTP/SAVP"
        return self.control.ask("offer", sdp=sdp(RECEIVER, crypto), direction=["rcv", "snd"],
                                transport_protocol=protocol, **self.common, **more)["sdp"]

    def answer(self, offered, suite, key):
        """Returns the description that is for the receiver."""
        crypto = None if suite == "plain" else (cryptos(offered)[suite][0], suite, key)
        return self.control.ask("answer", sdp=sdp(SENDER, crypto), to_tag="sender",
                                **self.common)["sdp"]


def add(name, suite_in, suite_out, key):
    """Prints where to send to, and the key of what will come."""
    call = Call(name)
    key, more = bytes.fromhex(key), {}
    if suite_in == suite_out != "plain":
        other = GCM128 if suite_in == GCM256 else GCM256
        offered = call.offer(suite_in, suite_out)
        call.answer(offered, other, os.urandom(LENGTH[other]))
        more = {"to_tag": "sender"}
    offered = call.offer(suite_in, suite_out, **more)
    answered = call.answer(offered, suite_in, key)
    via = re.search(r"^c=IN IP4 (\S+)", offered, re.M)[1]
    port = re.search(r"^m=audio (\d+)", offered, re.M)[1]
    chosen = b"" if suite_out == "plain" else cryptos(answered)[suite_out][1]
    if chosen and chosen == key:
        sys.exit("rtpengine: it has copied the key to the other leg")
    print(f"{via}:{port} {chosen.hex()}")


def main():
    words = sys.argv[1:]
    if words == ["ping"]:
        ping()
    elif len(words) == 5 and words[0] == "add":
        add(*words[1:])
    elif len(words) == 2 and words[0] == "del":
        Control(30).ask("delete", call_id=words[1], from_tag="receiver", delete_delay="0")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
