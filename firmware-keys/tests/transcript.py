#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
"""transcript.py - a whole life of a card, as commands and answers.

  transcript.py               print it
  transcript.py --check FILE  status 1 if FILE does not contain it, indented
  transcript.py --into FILE   put it there, between the two comments

The card is the one of vectors/qsc1.json, so every byte can be computed again, but
for what is new in each sealed draw: that is shown as dots, after it was opened.
"""

import json
import sys
import textwrap
from pathlib import Path

from virtual_reader import INFO, SELECT, Reader, SealedDraw, Sim, Workshop, draw, verify

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "qsc1.json"
BEGIN = ".. The transcript: made by firmware-keys/tests/transcript.py --into\n"
END = ".. End of the transcript\n"
WIDTH = 72
NEW = range(27, 26 + 65 + 48)  # of a sealed draw: point, ciphertext and tag


class Session:
    def __init__(self, reader):
        self.reader = reader
        self.lines = []

    def say(self, text):
        self.lines += ["", *textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")]

    def show(self, mark, data, hidden=range(0)):
        pairs = " ".join(".." if i in hidden else f"{x:02x}" for i, x in enumerate(data))
        self.lines += textwrap.wrap(
            pairs, WIDTH - 2, initial_indent=f"{mark} ", subsequent_indent="  "
        )

    def send(self, text, command, sw=0x9000, hidden=range(0)):
        self.say(text)
        self.show(">", command)
        data, got = self.reader.transmit(command)
        assert got == sw, f"{text}: {got:04x}, not {sw:04x}"
        self.show("<", data + got.to_bytes(2, "big"), hidden)
        return data

    def send_sealed(self, text, known):
        """A draw of a key that is known."""
        number = int(known["reader_secret"], 16)
        order = SealedDraw(known["card"], known["purpose"], known["index"], number)
        index, kid, key, _ = order.drawn(self.send(text, order.command, hidden=NEW))
        assert (index, kid.hex(), key.hex()) == (known["index"], known["kid"], known["key"])


def live(session, card, sealed):
    """From the blank card to the revoked one."""
    load = [bytes.fromhex(c) for c in card["load"]]
    token = bytes.fromhex(card["token"])
    pin, wrong = card["pin"], "000000"
    bad = bytearray.fromhex(sealed["reader_public"])
    bad[-1] ^= 1

    session.say("The reader asks for the ATR.")
    session.show("<", session.reader.atr())
    session.send("SELECT.", SELECT)
    session.send("GET INFO: 4 slots, state 1 (loading), no card number yet.", INFO)
    session.send("No PIN before it is loaded.", verify(pin), 0x6985)
    session.send("LOAD begin: salt, identity, MAC.", load[0])
    session.send("LOAD slots: index of the first, 4 slots, MAC.", load[1])
    session.send("LOAD finish: number of slots, MAC. From here on the card is ready.", load[2])
    session.send("LOAD is over for good.", load[0], 0x6985)
    session.send("GET INFO: card 8986, two-draw, 4 of 4 keys left, 3 tries.", INFO)
    session.send("How many tries? Three.", bytes.fromhex("00200081"), 0x63C3)
    session.send("DRAW without the PIN.", draw(1), 0x6982)
    session.send("VERIFY with a wrong PIN: two tries left.", verify(wrong), 0x63C2)
    session.send("VERIFY with the right one.", verify(pin))
    session.send("DRAW slot 2 for authentication: index, kid, key, 3 left.", draw(1, 2))
    session.send("Slot 2 once more.", draw(1, 2), 0x6985)
    session.send("There is no slot 4.", draw(1, 4), 0x6A83)
    session.send("A purpose that two-draw cards do not have.", draw(0), 0x6A86)
    session.send(
        "Le is too short: the card says so before it burns anything.",
        bytes.fromhex("8032010020"),
        0x6C40,
    )
    session.send(
        "A sealed DRAW with a point that is not on the curve: nothing is burnt.",
        draw(1, point=bytes(bad)),
        0x6A80,
    )
    session.send_sealed(
        "DRAW slot 0 for distribution, sealed: what is new each time is shown as dots.",
        sealed,
    )
    session.send("BITMAP: slots 0 and 2 are used; bits behind the last slot are set.",
                 bytes.fromhex("8036000000"))  # fmt: skip
    session.send("DRAW slot 1.", draw(1, 1))
    session.send("DRAW at random: slot 3 is the last.", draw(2))
    session.send("The card is empty.", draw(1), 0x6A84)
    session.send("REVOKE with a MAC that is wrong.", revoke(token[:-1] + b"\0"), 0x6982)
    session.send("REVOKE with the token for another card.",
                 revoke(bytes(8) + token[8:]), 0x6984)  # fmt: skip
    session.send("REVOKE.", revoke(token))
    session.send("DRAW on a revoked card.", draw(1), 0x6283)
    session.send("VERIFY: its PIN is blocked.", verify(pin), 0x6983)
    session.send("GET INFO: state 3 (revoked), nothing left.", INFO)


def revoke(token):
    return bytes.fromhex("8038000028") + token


def transcript():
    known = json.loads(VECTORS.read_text())
    card = known["card"]
    card["token"] = next(
        r["token"] for r in known["revocations"] if r["card"] == card["card"]
    )
    reader = Reader()
    with Workshop() as shop:
        transport_key = bytes.fromhex(card["transport_key"])
        blank = shop.make_blank("card", len(card["slots"]), transport_key)
        sim = Sim(shop.log, [(blank, reader)])
        try:
            reader.insert()
            session = Session(reader)
            live(session, card, known["draws"][1])
        finally:
            sim.stop()
            reader.close()
    return "\n".join(session.lines[1:]) + "\n"


def block(text):
    return "::\n\n" + textwrap.indent(text, "    ") + "\n"


def put_into(path, text):
    before, rest = path.read_text().split(BEGIN)
    _, after = rest.split(END)
    path.write_text(before + BEGIN + "\n" + block(text) + END + after)


def main():
    text = transcript()
    if len(sys.argv) == 1:
        print(text, end="")
        return 0
    path = Path(sys.argv[2])
    if sys.argv[1] == "--into":
        put_into(path, text)
        return 0
    if sys.argv[1] == "--check" and block(text) in path.read_text():
        return 0
    print(f"{path} does not contain what the card says: {sys.argv[0]} --into {path}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
