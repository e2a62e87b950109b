#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Calls through the key service: who gets which session key, and how two parties
change to the next one."""

import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import kms  # noqa: E402
from kms import NO_KEY, OK, Service, Talker, request  # noqa: E402
from tap import diagnose, equal, has, run, test  # noqa: E402

RANDOM = os.environ.get("QSC_SEED", "1")

# Cards 1 to 3 are for everybody, a slot of them for each login; who needs a
# whole card takes another one.
used = {}


def slot(card):
    used[card] = used.get(card, -1) + 1
    return used[card]


def call(s, card, name, role, peer, suite=1, epoch=0):
    return s.call(card, slot(card), name, role, peer, suite, epoch)


def key(answer):
    has(answer, "key ")
    return answer


class Party:
    """One party of a call, with the live connection of its newest login."""

    def __init__(self, s, card, name, role, peer):
        self.s, self.card, self.name, self.role, self.peer = s, card, name, role, peer
        self.live = None

    def log_in(self):
        """Yet another connection."""
        return Talker(self.s, self.card, slot(self.card))

    def line(self, epoch, suite=1):
        return request(self.card, self.name, self.role, self.peer, suite, epoch)

    def key(self, epoch):
        """Of that epoch, through a new login; the older connection is closed then."""
        talker = self.log_in()
        answer = key(talker.ask(self.line(epoch)))
        if self.live:
            self.live.leave()
        self.live = talker
        return answer

    def op(self, op, **members):
        return self.live.ask(json.dumps({"op": op, "call": self.name} | members))

    def ready(self, epoch):
        return json.loads(self.op("ready", epoch=epoch))

    def event(self):
        return json.loads(self.live.ask("next"))


def parties(s, name, caller=1, callee=2):
    return Party(s, caller, name, "caller", callee), Party(s, callee, name, "callee", caller)


def event(what, name, epoch):
    return {"event": what, "call": name, "epoch": epoch}


def leave(*them):
    for party in them:
        party.live.leave()


# ----------------------------------------------------------------- who gets it


@test("caller and callee get one key")
def _(s, _impatient):
    a = key(call(s, 1, "both", "caller", 2))
    equal(call(s, 2, "both", "callee", 1), a)


@test("each call has a key of its own")
def _(s, _impatient):
    keys = {key(call(s, 1, f"own-{n}", "caller", 2)) for n in range(8)}
    equal(len(keys), 8)


@test("both get it once")
def _(_s, s):
    a = key(call(s, 1, "once", "caller", 2))
    equal(call(s, 1, "once", "caller", 2), a)  # the answer was lost
    equal(call(s, 2, "once", "callee", 1), a)
    equal(call(s, 2, "once", "callee", 1), "error not-called")
    assert key(call(s, 1, "once", "caller", 2)) != a  # another call of that name


@test("only the callee that was named gets it")
def _(_s, s):
    a = key(call(s, 1, "named", "caller", 2))
    equal(call(s, 3, "named", "callee", 1), "error not-called")
    equal(call(s, 2, "named", "callee", 3), "error not-called")
    equal(call(s, 2, "nameb", "callee", 1), "error not-called")
    equal(call(s, 2, "named", "callee", 1, epoch=1), "error epoch")
    equal(call(s, 2, "named", "callee", 1, suite=2), "error suite")
    equal(call(s, 2, "named", "callee", 1), a)
    equal(s.stat("not_called"), 4)


@test("a callee may be there first, and waits for its caller")
def _(s, _impatient):
    alice, bob = parties(s, "early")
    bob.live = bob.log_in()
    bob.live.tell(bob.line(0))
    s.wait_for(lambda: s.stat("callees_waiting") == 1)
    key(call(s, 1, "early", "caller", 3))  # calls somebody else
    equal(s.stat("callees_waiting"), 1)
    a = alice.key(0)
    equal(bob.live.read(), a)
    equal(call(s, 3, "early", "callee", 1) == a, False)
    leave(alice, bob)


@test("a callee that was not called is told so, and may ask again")
def _(_s, s):
    alice, bob = parties(s, "patient")
    bob.live = bob.log_in()
    equal(bob.live.ask(bob.line(0)), "error not-called")
    a = alice.key(0)
    equal(bob.live.ask(bob.line(0)), a)
    leave(alice, bob)


@test("of two logins of a callee that waits the newer one counts")
def _(s, _impatient):
    alice, bob = parties(s, "impatient")
    older = bob.log_in()
    older.tell(bob.line(0))
    s.wait_for(lambda: s.stat("callees_waiting") == 1)
    bob.live = bob.log_in()
    bob.live.tell(bob.line(0))
    equal(older.read(), "error not-called")
    equal(alice.key(0), bob.live.read())
    older.leave()
    leave(alice, bob)


@test("a callee that goes away while it waits leaves nothing behind")
def _(s, _impatient):
    _, bob = parties(s, "gone")
    bob.live = bob.log_in()
    bob.live.tell(bob.line(0))
    s.wait_for(lambda: s.stat("callees_waiting") == 1)
    bob.live.process.kill()
    bob.live.leave()
    s.wait_for(lambda: s.stat("callees_waiting") == 0)


@test("a call-id belongs to its parties: others are not in their way")
def _(s, _impatient):
    a = key(call(s, 1, "shared", "caller", 2))
    b = key(call(s, 3, "shared", "caller", 2))
    assert a != b
    equal(call(s, 2, "shared", "callee", 1), a)
    equal(call(s, 2, "shared", "callee", 3), b)


@test("peers have to exist, and be others")
def _(s, _impatient):
    equal(call(s, 1, "peer", "caller", 99), "error no-such-peer")
    equal(call(s, 1, "peer", "callee", 99), "error no-such-peer")
    equal(call(s, 1, "peer", "caller", 1), "error bad-request")


@test("a request made again gets the same bytes, also after the callee was there")
def _(s, _impatient):
    ask = json.dumps(
        {"op": "call-key", "call": "repeat", "role": "caller", "peer": "user-2"}
        | {"suite": "AEAD_AES_256_GCM"}
    )
    talker = Talker(s, 1, slot(1))
    first = talker.ask(ask)
    equal(talker.ask(ask), first)
    key(call(s, 2, "repeat", "callee", 1))
    equal(talker.ask(ask), first)
    talker.leave()
    has(first, '"wrapped":"')


@test("a login is good for one key")
def _(s, _impatient):
    lines = [
        request(1, "first", "caller", 2),
        request(1, "other", "caller", 2),
        request(1, "first", "caller", 3),
        request(1, "first", "callee", 2),
        request(1, "first", "caller", 2, suite=2),
        request(1, "first", "caller", 2, epoch=1),
    ]
    answers = s.talk(1, slot(1), *lines)[1:]
    key(answers[0])
    equal(answers[1:], ["error one-key"] * 5)


@test("a two-draw card burns a second key")
def _(s, _impatient):
    def line(name, dist):
        return request(4, name, "caller", 2, dist=dist)

    answers = s.talk(4, 0, line("a", ""), line("a", 0), line("a", 1), line("a", 1), line("b", 2))
    equal(answers[1:3], ["error dist-key"] * 2)  # none, that of the login
    equal(key(answers[3]), answers[4])
    equal(answers[5], "error one-key")
    equal(s.login(4, 0), NO_KEY)
    equal(s.login(4, 1), NO_KEY)
    equal(s.talk(4, 3, line("c", 1))[1], "error dist-key")  # used before
    equal(s.login(4, 2), OK)
    equal(s.talk(1, slot(1), request(1, "d", "caller", 2, dist=9))[1], "error dist-key")


@test("every suite for secure calls can be asked for, others not")
def _(s, _impatient):
    for suite in 1, 2, 3:
        a = key(call(s, 1, f"suite-{suite}", "caller", 2, suite=suite))
        equal(call(s, 2, f"suite-{suite}", "callee", 1, suite=suite), a)
    equal(call(s, 1, "suite-4", "caller", 2, suite=4), "error suite")


@test("many calls at once, each with its key")
def _(s, _impatient):
    s.load("--first=6", "--cards=2", "--keys=60", "--count=60", "--threads=32")


# ------------------------------------------------------------------------ rekey


@test("a rekey: the peer is told, both get the next key, and know when both are ready")
def _(s, _impatient):
    alice, bob = parties(s, "rekey")
    keys = [alice.key(0)]
    equal(bob.key(0), keys[0])
    for epoch, first, second in (1, alice, bob), (2, bob, alice), (3, bob, alice):
        keys.append(first.key(epoch))
        equal(first.ready(epoch), {"ok": True, "peer": False})
        equal(second.event(), event("rekey", "rekey", epoch))
        equal(second.key(epoch), keys[-1])
        equal(second.ready(epoch), {"ok": True, "peer": True})
        equal(first.event(), event("ready", "rekey", epoch))
        equal(first.ready(epoch), {"ok": True, "peer": True})  # once more does no harm
    equal(len(set(keys)), 4)
    leave(alice, bob)


@test("both may begin a rekey at once, and get one key")
def _(s, _impatient):
    alice, bob = parties(s, "at-once")
    equal(alice.key(0), bob.key(0))
    talkers = [alice.log_in(), bob.log_in()]
    talkers[0].tell(alice.line(1))
    talkers[1].tell(bob.line(1))
    a, b = (talker.read() for talker in talkers)
    equal(key(a), b)
    # Whoever came second was told by way of the older connection.
    s.wait_for(lambda: s.stat("rekeys") >= 1)
    for party, talker in (alice, talkers[0]), (bob, talkers[1]):
        party.live.leave()
        party.live = talker
    equal(alice.ready(1), {"ok": True, "peer": False})
    equal(bob.ready(1), {"ok": True, "peer": True})
    equal(alice.event(), event("ready", "at-once", 1))
    leave(alice, bob)


@test("a rekey follows the epoch before, with the call's suite")
def _(_s, s):
    alice, bob = parties(s, "steps")
    equal(alice.key(0), bob.key(0))
    for party in alice, bob:
        talker = party.log_in()
        equal(talker.ask(party.line(2)), "error epoch")
        equal(talker.ask(party.line(1, suite=2)), "error suite")
        talker.leave()
    a = alice.key(1)
    for _ in range(2):  # the answer may be lost
        equal(alice.key(1), a)
    equal(bob.key(1), a)
    talker = alice.log_in()
    equal(talker.ask(alice.line(1)), "error epoch")  # both have it
    talker.leave()
    alice.key(2)
    leave(alice, bob)


@test("a callee that has no key of the call cannot begin a rekey")
def _(_s, s):
    key(call(s, 1, "outside", "caller", 2))
    equal(call(s, 2, "outside", "callee", 1, epoch=1), "error epoch")
    equal(call(s, 2, "elsewhere", "callee", 1, epoch=1), "error not-called")


@test("a call goes on after the service was restarted, when its caller rekeys")
def _(s, _impatient):
    alice, bob = parties(s, "restart")
    equal(alice.key(0), bob.key(0))
    s.restart("--callee-timeout=600")
    leave(alice, bob)
    alice.live = bob.live = None
    bob.live = bob.log_in()
    bob.live.tell(bob.line(1))
    s.wait_for(lambda: s.stat("callees_waiting") == 1)
    equal(alice.key(1), bob.live.read())
    equal(alice.ready(1), {"ok": True, "peer": False})
    equal(bob.ready(1), {"ok": True, "peer": True})
    leave(alice, bob)


@test("ready is for the key that this login has got")
def _(s, _impatient):
    alice, bob = parties(s, "eager")
    alice.live = alice.log_in()
    has(alice.op("ready", epoch=0), '"error":"not-bound"')
    alice.key(0)
    has(alice.op("ready", epoch=1), '"error":"epoch"')
    bob.key(0)
    older, bob.live = bob.live, None
    bob.key(1)
    has(older.ask('{"op":"ready","call":"eager","epoch":0}'), '"error":"epoch"')
    has(older.ask('{"op":"ready","call":"other","epoch":0}'), '"error":"not-bound"')
    equal(alice.event(), event("rekey", "eager", 1))
    older.leave()
    leave(alice, bob)


@test("events go to the newest login of the party")
def _(s, _impatient):
    alice, bob = parties(s, "newest")
    alice.key(0)
    bob.key(0)
    older, bob.live = bob.live, None
    alice.key(1)
    equal(json.loads(older.ask("next")), event("rekey", "newest", 1))
    bob.key(1)
    alice.key(2)
    equal(bob.event(), event("rekey", "newest", 2))
    has(older.ask('{"op":"status"}'), '"ok":true')  # and no event before that
    older.leave()
    leave(alice, bob)


@test("any call-id comes back whole in events")
def _(s, _impatient):
    name = '"\\{}/%s\'<&>'
    alice, bob = (
        Talker(s, card, slot(card)) for card in (1, 2)
    )
    ask = {"op": "call-key", "call": name, "suite": "AEAD_AES_256_GCM"}
    has(alice.ask(json.dumps(ask | {"role": "caller", "peer": "user-2"})), '"ok":true')
    has(bob.ask(json.dumps(ask | {"role": "callee", "peer": "user-1"})), '"ok":true')
    newer = Talker(s, 1, slot(1))
    has(newer.ask(json.dumps(ask | {"role": "caller", "peer": "user-2", "epoch": 1})), '"ok":true')
    equal(json.loads(bob.ask("next")), event("rekey", name, 1))
    for talker in alice, bob, newer:
        talker.leave()


@test("many calls at once, and each of their rekeys")
def _(s, _impatient):
    count = 2000 if kms.FULL else 100
    cards, keys = 10, 6 * count // 5
    diagnose(f"QSC_SEED={RANDOM}")
    s.add_cards(100, cards, keys=keys)
    words = ["--mode=rekey", "--first=100", f"--cards={cards}", f"--keys={keys}"]
    s.load(*words, f"--count={count}", "--threads=24", f"--random={RANDOM}")
    s.wait_for(lambda: s.stat("connections_open") == 0)


# ---------------------------------------------------------------------- hang-up


@test("after a hang-up nothing is known of the call")
def _(_s, s):
    s.restart("--callee-timeout=5")  # no calls of others, and not as impatient
    alice, bob = parties(s, "over")
    a = alice.key(0)
    equal(s.stat("keys_waiting"), 1)
    equal(json.loads(alice.op("hangup")), {"ok": True})
    equal(s.stat("keys_waiting"), 0)
    equal(call(s, 2, "over", "callee", 1), "error not-called")
    equal(json.loads(alice.op("hangup")), {"ok": True})  # once more does no harm
    alice.live.leave()
    alice.live = None
    assert alice.key(0) != a
    equal(bob.key(0) == a, False)
    equal(json.loads(bob.op("hangup")), {"ok": True})
    has(alice.op("ready", epoch=0), '"error":"epoch"')
    leave(alice, bob)
    s.restart("--callee-timeout=1")


@test("only its parties can hang a call up")
def _(s, _impatient):
    alice, bob = parties(s, "mine")
    carol = Party(s, 3, "mine", "caller", 2)
    a = alice.key(0)
    carol.live = carol.log_in()
    has(carol.op("hangup"), '"error":"not-bound"')
    carol.key(0)
    equal(json.loads(carol.op("hangup")), {"ok": True})
    equal(bob.key(0), a)
    leave(alice, bob, carol)


@test("a call ends with the last of its connections")
def _(s, _impatient):
    s.restart("--callee-timeout=600")  # no calls of others
    alice, bob = parties(s, "last")
    alice.key(0)
    bob.key(0)
    equal((s.stat("calls"), s.stat("keys_waiting")), (1, 0))
    alice.live.leave()
    s.wait_for(lambda: s.stat("connections_open") == 1)
    equal(s.stat("calls"), 1)
    bob.live.process.kill()  # without a word
    bob.live.leave()
    s.wait_for(lambda: s.stat("calls") == 0)


@test("live connections may be silent, others may not")
def _(s, _impatient):
    s.restart("--idle-timeout=1", "--callee-timeout=600")
    alice, bob = parties(s, "silent")
    alice.key(0)
    bob.key(0)
    older, bob.live = bob.live, None
    bob.key(1)
    equal(older.ask("wait"), "closed")
    equal(alice.event(), event("rekey", "silent", 1))
    alice.key(1)
    equal(alice.ready(1)["peer"], False)
    # What is hung up is live no more.
    equal(json.loads(alice.op("hangup")), {"ok": True})
    equal(bob.live.ask("wait"), "closed")
    leave(alice, bob)
    older.leave()
    s.restart("--callee-timeout=600")


@test("a live connection lasts as long as the key it is for")
def _(s, _impatient):
    s.restart("--lifetime=1")
    alice, _ = parties(s, "old")
    alice.key(0)
    equal(alice.live.ask("wait"), "closed")
    alice.live.leave()
    s.restart("--callee-timeout=600")


@test("revocation ends calls, and those that wait for one")
def _(s, _impatient):
    s.restart("--callee-timeout=600")
    alice, bob = parties(s, "revoked", callee=8)
    alice.key(0)
    bob.key(0)
    waits = Party(s, 8, "waits", "callee", 1)
    waits.live = waits.log_in()
    waits.live.tell(waits.line(0))
    s.wait_for(lambda: s.stat("callees_waiting") == 1)
    bob.live.tell("wait")
    s.qskms("subscriber", "revoke", "user-8")
    for party in bob, waits:
        has(party.live.read(), "revoked")
    equal((s.stat("calls"), s.stat("callees_waiting")), (0, 0))
    talker = alice.log_in()
    equal(talker.ask(alice.line(1)), "error no-such-peer")
    talker.leave()
    leave(alice, bob, waits)


@test("too many calls are refused, and others are not harmed")
def _(s, _impatient):
    s.restart("--max-calls=1", "--callee-timeout=600")
    alice, bob = parties(s, "one")
    a = alice.key(0)
    equal(call(s, 3, "two", "caller", 2), "error busy")
    equal(call(s, 3, "two", "callee", 2), "error busy")
    equal(bob.key(0), a)
    leave(alice, bob)
    s.restart("--callee-timeout=600")


def main():
    kms.build()
    with kms.Folder() as folder:
        services = []
        for name, seconds in ("patient", 600), ("impatient", 1):
            s = Service(folder, name).init().start(f"--callee-timeout={seconds}")
            s.add_cards(1, 3, keys=300)
            s.add_cards(4, 1, profile=2, keys=20)
            s.add_cards(5, 4, keys=200)
            services.append(s)
        return run(*services)


if __name__ == "__main__":
    sys.exit(main())
