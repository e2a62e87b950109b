# SPDX-License-Identifier: GPL-2.0
"""What the rows have in common: machines, searches, and what they found."""

import json
import time

import call_secrets
from call_secrets import Secrets
from handset import Handset
from machine import TOP, Carrier, Machine
from tap import Failure, diagnose, test

RESULTS = TOP / "out" / "erasure"
SHOWN = 24
SOON = 60  # seconds
# A sealing key and what is around it in memory: struct qsc_seal_key
AROUND_PUBLIC = 96


class Found(Failure):
    pass


def row(promise, ends=False):
    """Marks a row: it goes on when something is found, and fails at its end.
    If it ends its machine, that has gone afterwards, however far it came."""

    def mark(function):
        def run(proof):
            proof.begin(function.__name__)
            try:
                function(proof)
            finally:
                if ends:
                    proof.shut()
            if proof.found:
                raise Found("\n".join(proof.found))

        run.__name__ = function.__name__
        return test(promise)(run)

    return mark


def less(places):
    """Without those that lie within another one: round keys begin with the key."""
    kept = []
    for place in sorted(places, key=lambda p: -p["found"]):
        first, last = place["address"], place["address"] + place["found"]
        if not any(k["address"] <= first and last <= k["address"] + k["found"] for k in kept):
            kept.append(place)
    return sorted(kept, key=lambda p: (p["secret"], p["address"]))


class Proof:
    def __init__(self, kernel, module=None, cpus=2, keys=60):
        self.kernel = kernel
        self.module = module
        self.cpus = cpus
        self.keys = keys
        self.carrier = self.knowledge = None
        self.machine = self.handset = None
        self.measured = {}  # row: what was found when
        self.row = ""
        self.found = []  # by this row, where nothing should have been
        self.tells_processes = False

    def begin(self, name):
        self.row = name
        self.measured[name] = []
        self.found = []
        if not self.alive():
            self.shut()
            return
        try:
            # Whatever the row before has left
            self.machine.run("qsctl", "call", "flush", status=None)
        except AssertionError as error:
            diagnose(f"a new machine, because of the one before: {error}")
            self.shut()

    def alive(self):
        return self.machine and self.machine.alive()

    # ------------------------------------------------------------- machines

    def _carrier(self):
        if not self.carrier:
            self.carrier = Carrier(self.keys)
            self.carrier.start()
            work = self.carrier.work
            registrations = [work / name / "card.qreg" for name in ("alice", "bob")]
            self.knowledge = call_secrets.Carrier(work / "kit", registrations, self.carrier.told)
        return self.carrier

    def boot(self, **how):
        """A machine with a handset."""
        carrier = self._carrier()
        self.carrier.sh("halt alice.sim KILL", False)
        self.machine = Machine(self.kernel, module=self.module, cpus=self.cpus, **how)
        service = f"10.0.2.2:{carrier.port}"
        try:
            self.machine.start(service, carrier.work / "alice" / "pin", carrier.insert_sim)
        except Exception:
            # The next row is to try anew.
            self.shut()
            raise
        self.handset = Handset(self.machine, carrier, self.knowledge)
        return self.handset

    def up(self):
        """The handset; a new one if there is none."""
        if not self.alive():
            self.shut()
            self.boot()
        return self.handset

    def shut(self):
        if self.machine:
            self.machine.end()
        self.machine = self.handset = None

    def end(self):
        self.shut()
        if self.carrier:
            self.carrier.stop()
        # What a spoilt module leaves is not for the table.
        if not self.module:
            self.write()

    # ------------------------------------------------------------- searches

    def search(self, secrets, when, whose=True):
        """Places in the memory of the machine, which is stopped meanwhile."""
        held = self.alive() and not self.machine.stopped
        if held:
            self.machine.stop()
        places, total = self.machine.search(secrets)
        if held:
            self.machine.go_on()
        places = less(places)
        if held and whose:
            self._whose(places)
        self.note(when, places, total)
        return places

    def _whose(self, places):
        addresses = sorted({p["address"] for p in places})
        if not addresses:
            return
        answer = self.machine.ask("whose", addresses=addresses)
        known = dict(zip(addresses, answer["whose"]))
        self.tells_processes = answer["processes"]
        for place in places:
            place.update(known[place["address"]])

    def note(self, when, places, total):
        rows = self.measured[self.row]
        kinds = {}
        for place in places:
            kind = place["secret"].split("_", 1)[0]
            kinds[kind] = kinds.get(kind, 0) + 1
        rows.append(
            {"when": when, "places": kinds, "secrets": total["secrets"], "bytes": total["bytes"]}
        )
        found = ", ".join(f"{n} of {kind}" for kind, n in sorted(kinds.items())) or "nothing"
        diagnose(
            f"{when}: {found} ({total['secrets']} secrets, {total['bytes'] >> 20} MiB in "
            f"{total['seconds']:.2f} s)"
        )

    @staticmethod
    def show(places):
        lines = []
        for p in places[:SHOWN]:
            where = " ".join(p.get("flags", []) + p.get("whose", []))
            lines.append(
                f"{p['secret']}: {p['found']} of {p['of']} bytes from {p['offset']} at "
                f"{p['address']:#x} {where} [{p['around']}]"
            )
        if len(places) > SHOWN:
            lines.append(f"and {len(places) - SHOWN} more")
        return "\n".join(lines)

    def absent(self, secrets, when):
        """Nothing of them is anywhere."""
        places = self.search(secrets, when)
        if places:
            self.found.append(f"{when}, still in memory:\n{self.show(places)}")

    def absent_soon(self, secrets, when):
        """For what ends without a word to wait for."""
        end = time.monotonic() + SOON
        while time.monotonic() < end and self._any(secrets):
            time.sleep(0.5)
        self.absent(secrets, when)

    def _any(self, secrets):
        self.machine.stop()
        places, _ = self.machine.search(secrets)
        self.machine.go_on()
        return places

    def present(self, keys, when):
        """Of each session key of RTP at least the round keys are there, in slabs of the
        kernel; one of RTCP is expanded for each packet, and only itself is there."""
        forms = ("_RTP_key,_round_keys", "_RTCP_key")
        wanted = Secrets({n: v for n, v in keys.items() if n.endswith(forms)})
        places = self.search(wanted, when, whose=False)
        whole = {p["secret"] for p in places if p["found"] == p["of"]}
        missing = [n for n in wanted if n not in whole]
        if not wanted or missing:
            raise Found(f"{when}, the search does not find what must be there: {missing}")

    def control(self, *calls):
        """While calls are up their session keys are there, in the kernel only, and
        nothing of what they came from."""
        secrets = Secrets()
        for call in calls:
            secrets.update(call.secrets)
        self.present(secrets.only("srtp"), "control: session keys")
        self.in_use(secrets, "while the call is up")

    def in_use(self, secrets, when):
        """What is there of them is where it has to be."""
        wrong = [p for p in self.search(secrets, when) if not self._allowed(p)]
        if wrong:
            self.found.append(f"{when}, without need:\n{self.show(wrong)}")

    def _allowed(self, place):
        """May it be there while its call is up?"""
        kind = place["secret"].split("_", 1)[0]
        slab = "slab" in place["flags"] or any("slab" in w[:12] for w in place["whose"])
        if kind == "srtp":
            return slab
        if kind == "connection" and self.tells_processes:
            return any(w.startswith("qskeyd[") for w in place["whose"])
        # Of a page of a process such a kernel says only what it is not.
        return kind == "connection" and "it is non-slab/vmalloc memory" in place["whose"]

    # ---------------------------------------------------------- sealing key

    def sealing_private(self, ns="phone"):
        """The private key to the public key that the module hands out: whatever near
        a copy of that has it as its public key."""
        public = self.handset.sealing_key(ns)
        self.machine.stop()
        places, _ = self.machine.search(Secrets({"public": public}))
        for place in places:
            at = place["address"] - place["offset"]
            private = self._private_near(public, at)
            if private:
                self.machine.go_on()
                return private
        self.machine.go_on()
        raise Found("the module's sealing key is not where its public key is")

    def _private_near(self, public, at):
        first = max(0, at - AROUND_PUBLIC)
        with open(self.machine.ram, "rb") as f:
            f.seek(first)
            data = f.read(2 * AROUND_PUBLIC + 32)
        for i in range(len(data) - 31):
            if call_secrets.is_private_of(data[i : i + 32], public):
                return data[i : i + 32]
        return None

    # -------------------------------------------------------------- results

    def write(self):
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{self.kernel}.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**before, **self.measured}, indent=1))
