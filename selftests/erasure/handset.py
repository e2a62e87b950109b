# SPDX-License-Identifier: GPL-2.0
"""Alice's handset in the machine, and whom she talks to outside of it."""

import base64
import socket
import struct
import threading

import algorithms
import call_secrets
from agent import attributes
from algorithms import vectors
from call_secrets import CALLER, Secrets
from cryptography.exceptions import InvalidTag
from machine import wait_for

SOCKET = "/tmp/erasure/alice/s"
CONTEXT_VERSION = b"\x01"
# uapi/linux/qsc.h
SEAL_GET, A_CALL_SEAL, A_CALL_SESSION, A_SESSION_SEALED, A_SEAL_PUBLIC = 16, 19, 20, 10, 2


class Peer:
    """Whoever is at the other end of the media: decrypts what comes, and answers."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.keys = []  # (forth, back) of each call
        self.packets = []  # RTP that passed, each with the keys of its way
        self.heard = self.failed = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            packet, sender = self.socket.recvfrom(2048)
            if 192 <= packet[1] <= 223:
                continue
            for forth, back in self.keys:
                try:
                    plain = algorithms.srtp_open(forth, packet)
                except InvalidTag:
                    continue
                self.heard += 1
                self.packets.append((forth, packet))
                self._answer(plain, back, sender)
                break
            else:
                self.failed += 1

    def _answer(self, plain, back, sender):
        ssrc = plain[8:12]
        report = struct.pack(">BBH4sQIII", 0x80, 200, 6, ssrc, 0, 0, 0, 0)
        self.socket.sendto(algorithms.srtcp_seal(back, report, self.heard), sender)
        packet = algorithms.srtp_seal(back, plain)
        self.packets.append((back, packet))
        self.socket.sendto(packet, sender)


class Call:
    """A call that is up, and all of its secrets."""

    def __init__(self, call_id, port):
        self.id = call_id
        self.port = port
        self.secrets = Secrets()
        self.epochs = {}  # number: Secrets


class Handset:
    # The carrier and bob know calls of machines that are gone.
    calls = 0

    def __init__(self, machine, carrier, knowledge):
        self.machine = machine
        self.carrier = carrier
        self.knowledge = knowledge  # call_secrets.Carrier
        self.peer = Peer(machine.media)
        self.pool = Secrets()
        self.pool.put_pool(knowledge)

    def ctl(self, *words, status=0):
        return self.machine.run("qsctl", "--socket", SOCKET, *words, status=status)

    def call(self, *words, start=None):
        """A secure call as users make it."""
        Handset.calls += 1
        call = Call(f"call{self.calls}", 5000 + 2 * self.calls)
        answer = self.carrier.answer(call.id)
        before = self._mark()
        argv = ["qsctl", "--socket", SOCKET, "call", "start", call.id, "peer", "bob"]
        argv += ["role", "caller", "local", f"10.0.2.15:{call.port}"]
        argv += ["remote", f"10.0.2.2:{self.machine.media}", *words]
        if start:
            start(argv)
        else:
            self.machine.run(*argv)
        answer.join()
        self._learn(call, 0, before)
        self.talk(call.port)
        return call

    def _mark(self):
        self.knowledge.listen()
        return len(self.knowledge.logins), len(self.knowledge.sessions)

    def _learn(self, call, epoch, before):
        """What the carrier knows of the newest key of a call."""
        wait_for(
            "the key service's words",
            lambda: self.knowledge.listen() or len(self.knowledge.sessions) > before[1],
        )
        new = self.knowledge.logins[before[0] :]
        (session,) = self.knowledge.sessions[before[1] :]
        alice = [l for l in new if l.complete() and self.knowledge.owner(l.kid) == 1]
        login = alice[-1]
        secrets = Secrets()
        name = f"{call.id} epoch {epoch}"
        key = self.knowledge.cards[login.kid]
        dist = secrets.put_login(name, login, key)
        context = CONTEXT_VERSION + vectors.lp(call.id) + bytes([CALLER])
        context += vectors.lp("alice") + vectors.lp("bob")
        context += vectors.u32(call_secrets.SUITE) + vectors.u32(epoch)
        secrets.put_wrap(name, dist, login.export(context))
        ways = secrets.put_session(name, session, call.id, epoch)
        self.peer.keys.append((ways["forth"], ways["back"]))
        call.epochs[epoch] = secrets
        call.secrets.update(secrets)

    def rekey(self, call, epoch):
        before = self._mark()
        self.ctl("call", "rekey", call.id)
        self._learn(call, epoch, before)

    def talk(self, port, packets=5, address="10.0.2.15", remote=None):
        """And see that the keys that were computed here are those of the wire."""
        before = self.peer.heard
        heard = self.machine.ask(
            "talk",
            ns="phone",
            local=[address, port],
            remote=remote or ["10.0.2.2", self.machine.media],
            packets=packets,
        )["heard"]
        if heard < packets:
            read = self.peer.heard - before
            raise AssertionError(f"the peer read {read} packets, and {heard} answers came back")

    def sealing_key(self, ns="phone"):
        """Public key that the module hands out now"""
        answer = self.machine.ask("sealing_key", ns=ns, cmd=SEAL_GET, attr=A_CALL_SEAL)
        return bytes.fromhex(answer["public"])

    def call_tapped(self, device):
        """A call whose messages to the module are listened to; they as well."""
        tapped = {}

        def start(argv):
            tapped.update(self.machine.ask("tap", ns="phone", device=device, argv=argv))
            if tapped["status"]:
                raise AssertionError(tapped["out"])

        call = self.call(start=start)
        return call, [base64.b64decode(m) for m in tapped["seen"]]

    @staticmethod
    def sealed_by(messages, call_id):
        """The public key with which a client sealed the session of a call."""
        name = call_id.encode() + b"\0"
        for message in messages:
            if name not in message:
                continue
            attrs = dict(attributes(message[20:]))
            session = dict(attributes(attrs.get(A_CALL_SESSION, b"")))
            if A_SESSION_SEALED in session:
                return dict(attributes(session[A_SESSION_SEALED]))[A_SEAL_PUBLIC]
        raise AssertionError("the tap has not seen a session")
