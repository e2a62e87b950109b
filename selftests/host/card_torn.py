#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The virtual SIM is killed (SIGKILL, by itself) at every step of every command,
a hundred times each: no key is given twice, none is lost but the one in flight,
no PIN try comes back, a card is loaded or not, revoked or not, never half.

QSC_SEED=N replays the choices of a run.
"""

import base64
import os
import random
import shutil
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "firmware-keys" / "tests"))

from virtual_reader import (  # noqa: E402
    INFO, SELECT, Reader, SealedDraw, Sim, Torn, Workshop, draw, drawn, tlv, vectors, verify,
)  # fmt: skip

KILLS = 100
SLOTS = 400
# May the key of the draw that dies be lost, and is its answer sent before?
DRAW_STEPS = {
    "draw": (False, False),
    "burnt": (True, False),
    "synced": (True, False),
    "checked": (True, False),
    "copied": (True, False),
    "zeroised": (True, False),
    "answer": (True, False),
    "answered": (False, True),
}
PIN_STEPS = ["pin-counted", "pin-cleared"]
REVOKE_STEPS = ["revoke-marked", "revoke-shredded", "revoke-zeroised"]
LOAD_STEPS = ["load-begun", "load-slots", "load-finished"]


def info(reader):
    values = tlv(reader.expect(INFO))
    return {tag: int.from_bytes(value, "big") for tag, value in values.items()}


class Bench:
    """A reader, and cards that die in it."""

    def __init__(self, shop):
        self.shop = shop
        self.reader = Reader()

    def insert(self, card, *options):
        sim = Sim(self.shop.log, [(card, self.reader)], *options)
        self.reader.insert()
        self.reader.expect(SELECT)
        return sim

    def torn_by(self, sim, command):
        """The command at which it dies; its answer, if one was sent."""
        try:
            answer = self.reader.transmit(command)
        except Torn:
            answer = None
        status = sim.wait()
        self.reader.eject()
        assert status == -9, f"qsvsim ended with {status} instead of dying at its step"
        return answer

    def remove(self, sim):
        status = sim.stop()
        self.reader.eject()
        assert status == 0, f"qsvsim ended with {status}"


def tear_draws(bench, step, may_lose, answers):
    name = f"draw-{step}"
    card = bench.shop.make_card(name, SLOTS)
    slots, _ = bench.shop.registered(name)
    given, lost = {}, 0

    class Clear:
        def __init__(self, purpose):
            self.command, self.drawn = draw(purpose), drawn

    def order():
        purpose = random.choice([1, 2])
        return random.choice([Clear(purpose), SealedDraw(8986, purpose)])

    def take(ordered, answer):
        index, kid, key, _ = ordered.drawn(answer)
        assert index not in given, f"slot {index} was given twice"
        assert (kid, key) == slots[index], f"slot {index}: not what was registered"
        given[index] = key

    for _ in range(KILLS):
        count = random.randint(1, 3)
        sim = bench.insert(card, "--die-at", f"{step}:{count}")
        bench.reader.expect(verify())
        for _ in range(count - 1):
            ordered = order()
            take(ordered, bench.reader.expect(ordered.command))
        ordered = order()
        answer = bench.torn_by(sim, ordered.command)
        assert bool(answer) == answers, f"answered: {answer}"
        if answer:
            take(ordered, answer[0])
        else:
            lost += may_lose

    sim = bench.insert(card)
    bench.reader.expect(verify())
    left = info(bench.reader)[0x84]
    assert left == SLOTS - len(given) - lost, f"{left} left, {len(given)} given, {lost} lost"
    bitmap = bench.reader.expect(bytes.fromhex("8036000000"))
    used = sum(byte.bit_count() for byte in bitmap) - (-SLOTS % 8)
    assert used == len(given) + lost, f"{used} used, {len(given)} given, {lost} lost"
    while True:
        ordered = order()
        answer, sw = bench.reader.transmit(ordered.command)
        if sw == 0x6A84:
            break
        assert sw == 0x9000, f"{sw:04x}"
        take(ordered, answer)
    assert len(given) == SLOTS - lost
    assert lost <= KILLS
    bench.remove(sim)
    bench.shop.qspool("inspect", card[0], "--image-key", card[1])
    return f"{len(given)} keys given once each, {lost} lost in {KILLS} kills"


def tear_pins(bench, step):
    """A try that was counted stays counted, whatever came of it."""
    card = bench.shop.make_card(step, 3)
    tries, resets = 3, 0
    for _ in range(KILLS):
        if not tries:
            bench.shop.qspool("set-pin", "--image", card[0], "--image-key", card[1],
                              "--pin-file", bench.shop.folder / "pin")  # fmt: skip
            tries, resets = 3, resets + 1
        right = step == "pin-cleared" or random.random() < 0.3
        sim = bench.insert(card, "--die-at", step)
        assert info(bench.reader)[0x86] == tries
        answer = bench.torn_by(sim, verify() if right else verify("000000"))
        assert answer is None
        tries = 3 if step == "pin-cleared" else tries - 1
    sim = bench.insert(card)
    assert info(bench.reader)[0x86] == tries
    if tries:
        bench.reader.expect(verify())
    else:
        bench.reader.expect(verify(), 0x6983)
    bench.remove(sim)
    return f"{KILLS} kills, blocked {resets} times"


def tear_revocation(bench, step):
    template = bench.shop.make_card(step, 50)
    image = bench.shop.folder / f"{step}.copy"
    _, token = bench.shop.registered(step)
    revoke = bytes.fromhex("8038000028") + token
    for _ in range(KILLS):
        shutil.copy(template[0], image)
        sim = bench.insert((image, template[1]), "--die-at", step)
        bench.reader.expect(verify())
        assert bench.torn_by(sim, revoke) is None
        sim = bench.insert((image, template[1]))
        assert info(bench.reader)[0x85] == 3
        bench.reader.expect(draw(1), 0x6283)
        bench.reader.expect(revoke, 0x6283)
        bench.remove(sim)
        data = image.read_bytes()[-50 * 46 :]
        assert not any(data), "there are keys on a revoked card"
    return f"{KILLS} kills"


def tear_loading(bench, step):
    transport_key, kid_card = os.urandom(32), os.urandom(32)
    for kill in range(KILLS):
        name = f"{step}-{kill}"
        slots = [os.urandom(40) for _ in range(3)]
        identity = (17).to_bytes(8, "big") + b"\x02" + b"123456\xff\xff"
        identity += vectors.u32(3) + bytes(11) + kid_card + os.urandom(32)

        def load():
            return vectors.load_commands(transport_key, os.urandom(16), identity, slots)

        card = bench.shop.make_blank(name, 3, transport_key)
        sim = bench.insert(card, "--die-at", step)
        for command in load():
            try:
                bench.reader.expect(command)
            except Torn:
                break
        assert sim.wait() == -9
        bench.reader.eject()

        sim = bench.insert(card)
        if info(bench.reader)[0x85] == 1:
            assert step != "load-finished", "it was ready, and is not any more"
            bench.reader.expect(verify(), 0x6985)
            for command in load():
                bench.reader.expect(command)
        assert info(bench.reader)[0x85] == 2
        bench.reader.expect(verify())
        for _ in slots:
            index, kid, key, _ = drawn(bench.reader.expect(draw(1)))
            assert kid[:8] + key == slots[index]
        bench.reader.expect(draw(1), 0x6A84)
        bench.remove(sim)
        card[0].unlink()
    return f"{KILLS} kills"


def several_cards(bench):
    """Three cards of one qsvsim; killing one leaves the others in their readers."""
    cards = [bench.shop.make_card(f"several-{i}", 50, number=i + 1) for i in range(3)]
    readers = [Reader() for _ in cards]
    sim = Sim(bench.shop.log, list(zip(cards, readers)))
    for i, reader in enumerate(readers):
        reader.insert()
        reader.expect(SELECT)
        reader.expect(verify())
        assert info(reader)[0x81] == i + 1
    pools = [bench.shop.registered(f"several-{i}")[0] for i in range(3)]
    for _ in range(20):
        for reader, pool in zip(readers, pools):
            index, kid, key, _ = drawn(reader.expect(draw(1)))
            assert (kid, key) == pool[index]
    os.kill(random.choice(sim.children()), 9)
    alive = 0
    for reader in readers:
        try:
            reader.expect(draw(2))
            alive += 1
        except Torn:
            pass
    assert alive == 2, f"{alive} of 3 cards are alive"
    assert sim.stop() == 2, "one card died, and qsvsim says nothing"
    for reader in readers:
        reader.close()
    return "one killed, two still there"


def malformed_messages(bench):
    """Whatever comes from the reader, of any length, the card answers each command
    with a status word, goes on, and gives no key without its PIN."""
    card = bench.shop.make_card("malformed", 10)
    sim = bench.insert(card)
    reader = bench.reader
    answered = 0
    for number in range(2000):
        kind = random.randrange(8)
        if kind == 0:
            reader.send(b"")
        elif kind == 1:
            reader.send(bytes([random.choice([0, 1, 2, 3, 5, 255])]))
        elif kind == 2:
            assert len(reader.atr()) == 14
        else:
            length = random.choice([2, 3, 4, 5, 6, 9, 261, 300, 65535])
            sealed = SealedDraw(8986, 1).command
            head = random.choice([SELECT, INFO, draw(1), draw(2, 3), sealed, bytes(8)])
            body = (head + random.randbytes(65535))[:length]
            if kind == 3:
                body = random.randbytes(length)
            if body[:4] == verify()[:4]:
                continue
            reader.send(body)
            answer = reader.receive()
            assert len(answer) >= 2, f"{body[:16].hex()}: answer of {len(answer)} bytes"
            assert b"\x92\x20" not in answer, "a key without a PIN"
            assert b"\x94\x71" not in answer, "a sealed key without a PIN"
            answered += 1
        if number % 500 == 499:
            # Half a message, and the reader is gone: the card comes back.
            reader.card.sendall(b"\x01\x00\x80")
            reader.insert()
    reader.expect(SELECT)
    assert info(reader)[0x84] == 10, "keys are gone"
    bench.remove(sim)
    return f"{answered} commands answered"


def nothing_leaks(bench):
    """No key, no PIN and no token in what all of this has printed."""
    bench.shop.log.flush()
    log = bench.shop.log_path.read_bytes().lower()
    secrets = []
    for path in bench.shop.folder.glob("*.qreg"):
        slots, token = bench.shop.registered(path.stem)
        secrets += [key for _, key in slots] + [token[8:]]
    secrets += [bench.shop.kid_master, bench.shop.registration_key]
    for secret in secrets:
        for form in secret, secret.hex().encode(), base64.b64encode(secret)[:40].lower():
            assert form.lower() not in log, "a secret is in the messages"
    assert b"123456" not in log, "the PIN is in the messages"
    assert log.count(b"in the reader"), "nothing was logged at all"
    return f"{len(secrets)} secrets, {len(log)} bytes of messages"


def tests():
    for step, how in DRAW_STEPS.items():
        yield f"torn at {step}", lambda b, s=step, h=how: tear_draws(b, s, *h)
    for step in PIN_STEPS:
        yield f"torn at {step}", lambda b, s=step: tear_pins(b, s)
    for step in REVOKE_STEPS:
        yield f"torn at {step}", lambda b, s=step: tear_revocation(b, s)
    for step in LOAD_STEPS:
        yield f"torn at {step}", lambda b, s=step: tear_loading(b, s)
    yield "several cards at once", several_cards
    yield "malformed messages of the reader", malformed_messages
    yield "no secret in any message", nothing_leaks


def main():
    todo = list(tests())
    seed = int(os.environ.get("QSC_SEED", time.time_ns()))
    random.seed(seed)
    failed = 0
    print(f"TAP version 13\n1..{len(todo)}\n# QSC_SEED={seed}")
    with Workshop() as shop:
        for number, (name, run) in enumerate(todo, 1):
            bench = Bench(shop)
            try:
                detail = run(bench)
                print(f"ok {number} - {name}\n# {detail}", flush=True)
            except (AssertionError, Torn, TimeoutError) as error:
                failed += 1
                shop.log.flush()
                for line in shop.log_path.read_text(errors="replace").splitlines()[-5:]:
                    print(f"# {line}")
                print(f"# {type(error).__name__}: {error}")
                print(f"not ok {number} - {name}", flush=True)
            bench.reader.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
