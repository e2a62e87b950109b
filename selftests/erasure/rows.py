# SPDX-License-Identifier: GPL-2.0
"""The rows of the promise that leave the machine running: Documentation/erasure.rst."""

import base64
import os
import time

from algorithms import CM_KEY_LEN, CM_PARTS, CM_SALT_LEN, KEY_LEN, SALT_LEN
from call_secrets import Secrets
from machine import wait_for
from proof import Found, row

# What is gone with the call's keys. The connection to the key service ends a
# moment later: qskeyd has to hear of it first.
CONNECTION = "connection"


def gone(proof, call, event):
    """All of a call: the kernel's part at once, the rest when qskeyd has hung up."""
    proof.absent(call.secrets.but(CONNECTION), f"after {event}")
    proof.absent_soon(call.secrets.only(CONNECTION), f"after {event} and qskeyd's hanging up")


def forget(proof, call):
    """What a row leaves of its call is not the next one's affair."""
    proof.machine.run("qsctl", "call", "del", call.id, status=None)
    proof.handset.ctl("call", "end", call.id, status=None)


class Keyed:
    """Calls with keys of a file, as other signalling brings them."""

    LEGS = 1
    SUITE = "AEAD_AES_256_GCM"
    MASTER_LEN = KEY_LEN + SALT_LEN

    def __init__(self, proof, ns, prefix, count=1, powers=None, port=20000):
        """Of the first calls, all without a number, powers of hash keys are secrets."""
        self.proof = proof
        self.machine = proof.machine
        self.ns = ns
        self.ids = [f"{prefix}{i}" for i in range(count)]
        self.calls = {}  # id: Secrets
        self.ports = {}
        self.sessions = {}  # id: keys of tx and rx
        lines = []
        for i, call_id in enumerate(self.ids):
            self.calls[call_id] = Secrets()
            self.ports[call_id] = port + 2 * i
            lines.append(f"call add {call_id} {self._legs(call_id)}")
            for leg in range(self.LEGS):
                lines += self._key(call_id, leg, powers is None or i < powers)
        self.batch = "\n".join(lines) + "\n"

    def _legs(self, call_id):
        return f"local 10.0.2.15:{self.ports[call_id]} remote 10.0.2.2:{self.machine.media}"

    def _put(self, call_id, name, master, powers):
        return self.calls[call_id].put_srtp(name, master, powers=powers)

    def _key(self, call_id, leg, powers):
        """A key for each way, and the words that set them."""
        lines, sessions = [], []
        for way in ("tx", "rx"):
            file = f"/tmp/erasure/key.{call_id}.{way}" + (f".{leg}" if leg else "")
            master = os.urandom(self.MASTER_LEN)
            keys = self._put(call_id, f"{call_id} leg {leg} {way}", master, powers)
            sessions.append({**keys, "mki": b""})
            text = f"{self.SUITE} inline:" + base64.b64encode(master).decode()
            self.machine.put(file, text.encode() + b"\n")
            lines.append(f"call key {call_id} leg {leg} {way} file {file}")
        self.sessions.setdefault(call_id, tuple(sessions))
        return lines

    def add(self):
        self.machine.run("qsctl", "-b", "-", ns=self.ns, stdin=self.batch)
        return self

    def talk(self, ids):
        handset = self.proof.handset
        for call_id in ids:
            handset.peer.keys.append(self.sessions[call_id])
            handset.talk(self.ports[call_id], packets=2)

    def secrets(self, ids=None):
        all_of_them = Secrets()
        for call_id in ids or self.ids:
            all_of_them.update(self.calls[call_id])
        return all_of_them

    def control(self):
        secrets = self.secrets()
        self.proof.present(secrets.only("srtp"), "control: session keys")
        self.proof.absent(secrets.but("srtp"), "while the call is up, what its keys came from")


class Relayed(Keyed):
    """Relay calls between the peer and somebody else, with keys for both."""

    LEGS = 2

    def _legs(self, call_id):
        port = self.ports[call_id]
        return (
            f"leg local 10.0.2.15:{port} remote 10.0.2.2:{self.machine.media}"
            f" leg local 10.0.2.15:{port + 10000} remote 10.0.2.2:9"
        )


class Legacy(Relayed):
    """With peers that know nothing better."""

    SUITE = "AES_CM_128_HMAC_SHA1_80"
    MASTER_LEN = CM_KEY_LEN + CM_SALT_LEN

    def _legs(self, call_id):
        legs = super()._legs(call_id).replace(" leg ", f" suite {self.SUITE} leg ")
        return f"{legs} suite {self.SUITE}"

    def _put(self, call_id, name, master, powers):
        return self.calls[call_id].put_srtp(name, master, CM_PARTS, powers=False)


class Passed(Keyed):
    """Relay calls between the peer and an application, which has a plain leg."""

    def _legs(self, call_id):
        port = self.ports[call_id]
        return (
            f"leg local 10.0.2.15:{port} remote 10.0.2.2:{self.machine.media}"
            f" leg local 127.0.0.1:{port + 10000} remote 127.0.0.1:{port + 20000} suite plain"
        )

    def talk(self, ids):
        handset = self.proof.handset
        for call_id in ids:
            port = self.ports[call_id]
            handset.peer.keys.append(self.sessions[call_id])
            handset.talk(port + 20000, 2, "127.0.0.1", ["127.0.0.1", port + 10000])


@row("a call that is up has its session keys in the kernel, and nothing else anywhere")
def up(proof):
    handset = proof.up()
    call = handset.call()
    try:
        proof.control(call)
    finally:
        forget(proof, call)


@row("no key of the card is in memory, drawn or not")
def pool(proof):
    proof.absent(proof.up().pool, "after some calls")


@row("call del: gone before the ack")
def delete(proof):
    handset = proof.up()
    call = handset.call()
    proof.present(call.secrets.only("srtp"), "control: session keys")
    proof.machine.run("qsctl", "call", "del", call.id)
    gone(proof, call, "the ack")


@row("call end: gone when the user has hung up")
def hang_up(proof):
    handset = proof.up()
    call = handset.call()
    proof.present(call.secrets.only("srtp"), "control: session keys")
    handset.ctl("call", "end", call.id)
    gone(proof, call, "hanging up")


@row("call erase: gone before the ack, the key of the overlap after a rekey as well")
def erase(proof):
    handset = proof.up()
    call = handset.call()
    proof.present(call.secrets.only("srtp"), "control: session keys")
    handset.rekey(call, 1)
    proof.machine.run("qsctl", "call", "erase", call.id)
    proof.absent(call.secrets.but(CONNECTION), "after the ack")
    forget(proof, call)


@row("call flush: gone before the ack, and the sealing key")
def flush(proof):
    handset = proof.up()
    calls = [handset.call(), handset.call()]
    seal = Secrets({"seal_private": proof.sealing_private()})
    for call in calls:
        proof.present(call.secrets.only("srtp"), "control: session keys")
    proof.machine.run("qsctl", "call", "flush")
    for call in calls:
        proof.absent(call.secrets.but(CONNECTION), "after the ack")
    proof.absent(seal, "sealing key after the ack")


@row("one of two calls: its keys are gone, the other's are there")
def one_of_two(proof):
    handset = proof.up()
    ended, other = handset.call(), handset.call()
    proof.present(ended.secrets.only("srtp"), "control: session keys of the first")
    handset.ctl("call", "end", ended.id)
    proof.absent(ended.secrets.but(CONNECTION), "after the first has ended")
    proof.present(other.secrets.only("srtp"), "session keys of the second")
    handset.talk(other.port)
    forget(proof, other)


@row("rekey: the old sending key is gone at once, the old receiving key after the overlap")
def rekey(proof):
    handset = proof.up()
    call = handset.call()
    old = call.epochs[0]
    proof.present(old.only("srtp"), "control: session keys of epoch 0")
    handset.rekey(call, 1)
    proof.absent(old.of("_forth_").only("srtp"), "old sending keys after the rekey")
    proof.absent(old.but("srtp", CONNECTION), "what they came from")
    handset.talk(call.port)
    wait_for(
        "the end of the overlap",
        lambda: "00000000" not in proof.machine.run("qsctl", "call", "show", call.id),
    )
    proof.absent(old.of("_back_").only("srtp"), "old receiving keys after the overlap")
    proof.present(call.epochs[1].only("srtp"), "session keys of epoch 1")
    proof.machine.run("qsctl", "call", "del", call.id)
    gone(proof, call, "call del")


def deadline(proof, word):
    handset = proof.up()
    call = handset.call(word, "30")
    proof.present(call.secrets.only("srtp"), "control: session keys")
    wait_for(
        f"the end of the {word}",
        lambda: "erased" in proof.machine.run("qsctl", "call", "show", call.id),
    )
    proof.absent(call.secrets.but(CONNECTION), f"when the {word} is over")
    forget(proof, call)


@row("timeout: gone when the call has been silent for so long")
def timeout(proof):
    deadline(proof, "timeout")


@row("lifetime: gone when it is over")
def lifetime(proof):
    deadline(proof, "lifetime")


@row("owner: gone when the process that a call is bound to was killed")
def owner(proof):
    proof.up()
    keyed = Keyed(proof, "phone", "bound")
    add, *keys = keyed.batch.splitlines()
    proof.machine.ask("start", name="owner", ns="phone", argv=["qsctl", *add.split(), "bound"])
    wait_for(
        "the bound call",
        lambda: "bound0" in proof.machine.run("qsctl", "call", "list"),
    )
    proof.machine.run("qsctl", "-b", "-", stdin="\n".join(keys) + "\n")
    keyed.control()
    proof.machine.ask("end", name="owner", signal=9)
    proof.absent(keyed.secrets(), "after its end")
    proof.machine.run("qsctl", "call", "del", "bound0")


@row("helper: of a bound call all is gone when qskeyd was killed")
def helper(proof):
    handset = proof.up()
    call = handset.call("bound")
    proof.present(call.secrets.only("srtp"), "control: session keys")
    proof.machine.sh("kill -9 $(cat /tmp/erasure/alice.keyd.pid)")
    wait_for(
        "the end of its keys",
        lambda: "erased" in proof.machine.run("qsctl", "call", "show", call.id),
    )
    proof.absent(call.secrets.but(CONNECTION), "after its end")
    # The memory of a process that is killed is free, not wiped, unless init_on_free is on.
    proof.search(call.secrets.only(CONNECTION), "measured: connection after its end")
    proof.machine.run("qsctl", "call", "del", call.id)
    proof.machine.sh("bash /tmp/erasure/keyd.sh")


@row("network namespace: gone when it is, and its sealing key")
def namespace(proof):
    machine = proof.up().machine
    machine.sh("ip netns add other && ip -n other link add going type dummy")
    keyed = Keyed(proof, "other", "ns").add()
    seal = Secrets({"seal_private": proof.sealing_private("other")})
    keyed.control()
    # The kernel ends it some time after its last name is gone.
    machine.sh("ip netns del other")
    proof.absent_soon(keyed.secrets(), "after the namespace's end")
    proof.absent(seal, "sealing key after the namespace's end")


@row("200 calls, half of them deleted, then all flushed: what is gone and what is there")
def many(proof):
    proof.up()
    talking = 20
    keyed = Keyed(proof, "phone", "many", 200, powers=talking).add()
    keyed.talk(keyed.ids[:talking])
    keyed.control()
    half = keyed.ids[::2]
    proof.machine.run(
        "qsctl", "-b", "-", stdin="".join(f"call del {call_id}\n" for call_id in half)
    )
    proof.absent(keyed.secrets(half), "the half that was deleted")
    proof.present(keyed.secrets(keyed.ids[1::2]).only("srtp"), "the other half")
    proof.machine.run("qsctl", "call", "flush")
    proof.absent(keyed.secrets(), "after the flush")


@row("relays: the keys of both legs are gone before the ack of call del, call erase or flush")
def relays(proof):
    machine = proof.up().machine
    both = Relayed(proof, "phone", "r", 12, powers=0).add()
    passed = Passed(proof, "phone", "p", 3, port=21000).add()
    passed.talk(passed.ids)
    legacy = Legacy(proof, "phone", "c", 4, port=22000).add()
    both.control()
    legacy.control()
    passed.control()
    machine.run("qsctl", "call", "del", both.ids[0])
    proof.absent(both.secrets(both.ids[:1]), "after call del")
    machine.run("qsctl", "call", "erase", both.ids[1])
    proof.absent(both.secrets(both.ids[1:2]), "after call erase")
    machine.run("qsctl", "call", "del", legacy.ids[0])
    proof.absent(legacy.secrets(legacy.ids[:1]), "after call del of one with AES_CM")
    machine.run("qsctl", "call", "del", passed.ids[0])
    proof.absent(passed.secrets(passed.ids[:1]), "after call del of one that packets passed")
    proof.present(both.secrets(both.ids[2:]).only("srtp"), "session keys of the others")
    passed.talk(passed.ids[1:])
    machine.run("qsctl", "call", "flush")
    proof.absent(both.secrets(), "after the flush")
    proof.absent(passed.secrets(), "after the flush")
    proof.absent(legacy.secrets(), "after the flush")


@row("interrupts while keys are made: what they save of registers is gone")
def registers(proof):
    handset = proof.up()
    timers = ("timer0", "timer1")  # one for each processor
    for cpu, name in enumerate(timers):
        script = "import time\nwhile True: time.sleep(1e-6)"
        argv = ["taskset", "-c", str(cpu), "chrt", "-f", "1", "python3", "-c", script]
        proof.machine.ask("start", name=name, ns="", argv=argv)
    try:
        # qskeyd's thread stays where it was, and so does what is on its stack.
        for _ in range(12):
            call = handset.call()
            proof.in_use(call.secrets, "while the call is up")
            forget(proof, call)
    finally:
        for name in timers:
            proof.machine.ask("end", name=name, signal=9)


@row("portable cipher: where it stands in for that of the processor, it leaves nothing")
def portable(proof):
    machine = proof.up().machine
    switch = "/sys/module/qsc/parameters/simd"
    machine.sh(f"echo N >{switch}")
    try:
        proof.handset.peer.packets.clear()
        call = proof.handset.call()
        call.secrets.put_hashes(call.id, proof.handset.peer.packets)
        proof.control(call)
        machine.run("qsctl", "call", "del", call.id)
        gone(proof, call, "the ack")
    finally:
        machine.sh(f"echo Y >{switch}")


@row("a key that is refused leaves nothing: no right, no such call, erased")
def refused(proof):
    machine = proof.up().machine
    keyed = Keyed(proof, "phone", "no")
    add, tx, _ = keyed.batch.splitlines()
    machine.sh("chmod 644 /tmp/erasure/key.no0.tx; chmod 711 /tmp/erasure")
    script = "ip netns exec phone setpriv --reuid 65534 --clear-groups qsctl " + tx
    out = machine.sh(script, status=None)
    if "ermi" not in out and "CAP_NET_ADMIN" not in out:
        raise Found(f"not refused for want of a right: {out}")
    machine.run("qsctl", *tx.split(), status=2)
    machine.run("qsctl", *add.split())
    machine.run("qsctl", "call", "erase", "no0")
    machine.run("qsctl", *tx.split(), status=2)
    proof.absent(keyed.secrets(), "after three refusals")
    machine.run("qsctl", "call", "del", "no0")


@row("a call whose start is interrupted leaves nothing")
def interrupted(proof):
    handset = proof.up()
    handset.knowledge.listen()
    before = len(handset.knowledge.logins)
    for i, moment in enumerate((0.2, 0.5, 0.8)):
        argv = ["qsctl", "--socket", "/tmp/erasure/alice/s", "call", "start", f"cut{i}"]
        argv += ["peer", "bob", "role", "caller", "local", f"10.0.2.15:{7000 + 2 * i}"]
        argv += ["remote", "10.0.2.2:9999"]
        proof.machine.ask("start", name="cut", ns="phone", argv=argv)
        time.sleep(moment)
        proof.machine.ask("end", name="cut", signal=9)
    time.sleep(1)
    for i in range(3):
        proof.machine.run("qsctl", "call", "del", f"cut{i}", status=None)
        handset.ctl("call", "end", f"cut{i}", status=None)
    handset.knowledge.listen()
    secrets = Secrets()
    for i, login in enumerate(handset.knowledge.logins[before:]):
        if login.complete():
            secrets.put_login(f"cut{i}", login, handset.knowledge.cards[login.kid])
    secrets.update(handset.pool)
    proof.absent_soon(secrets, "afterwards")


@row("a tap on netlink sees a call's keys come, and no secret stays of it")
def tap(proof):
    handset = proof.up()
    proof.machine.run("ip", "link", "add", "tap", "type", "nlmon")
    proof.machine.run("ip", "link", "set", "tap", "up")
    try:
        call, seen = handset.call_tapped("tap")
    finally:
        proof.machine.run("ip", "link", "del", "tap")
    private = proof.sealing_private()
    client = handset.sealed_by(seen, call.id)
    call.secrets.put_box(call.id, private, client)
    proof.control(call)
    proof.machine.run("qsctl", "call", "del", call.id)
    gone(proof, call, "the ack")


@row("suspend: gone while the machine sleeps")
def suspend(proof):
    machine = proof.up().machine
    level = "/sys/power/pm_test"
    if not machine.sh(f"test -w {level} && echo yes", status=None).strip():
        raise Found("this kernel cannot try suspending")
    call = proof.handset.call()
    seal = Secrets({"seal_private": proof.sealing_private()})
    proof.present(call.secrets.only("srtp"), "control: session keys")
    before = machine.console().count("Waiting for 5 second")
    script = f"sleep 1; echo freezer >{level}; echo freeze >/sys/power/state; echo none >{level}"
    machine.ask("start", name="sleep", ns="", argv=["sh", "-c", script])
    wait_for(
        "the machine's sleep",
        lambda: machine.console().count("Waiting for 5 second") > before,
        60,
    )
    machine.stop()
    try:
        proof.absent(call.secrets.but(CONNECTION), "while it sleeps")
        proof.absent(seal, "sealing key while it sleeps")
    finally:
        machine.go_on()
        machine.ask("end", name="sleep", signal=0)
    forget(proof, call)


@row("rmmod: refused while there are calls, and nothing is left of the module's secrets", ends=True)
def rmmod(proof):
    machine = proof.up().machine
    keyed = Keyed(proof, "phone", "rmmod").add()
    seal = Secrets({"seal_private": proof.sealing_private()})
    keyed.control()
    machine.sh("kill -9 $(cat /tmp/erasure/alice.keyd.pid)")
    machine.sh("rmmod qsc", status=1)
    proof.present(keyed.secrets().only("srtp"), "session keys after the refusal")
    machine.run("qsctl", "call", "flush")
    machine.sh("rmmod qsc")
    proof.absent(keyed.secrets(), "after rmmod")
    proof.absent(seal, "sealing key after rmmod")
