#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""report.py CHECK... DIR - says in plain sentences what the files of a demo call in DIR prove.

Exit status 0 if all of it holds, 1 if something does not. Nothing here is
known beforehand but the addresses and the ports: every figure is counted.
"""

import array
import json
import math
import os
import pathlib
import subprocess
import sys
import wave

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import rtpfile  # noqa: E402

ALICE, BOB = "192.0.2.1", "192.0.2.2"
SIDES = (("alice", ALICE), ("bob", BOB))
RTP, RTCP = 5004, 5005
RTP_HEADER = 12
RTCP_SDES, SDES_CNAME = 202, 1
# What SRTP adds, RFC 3711 and 7714: the MKI is the epoch of the call's keys.
TAG, INDEX, MKI = 16, 4, 4
NORMAL_PORT = 6000
NORMAL_PACKETS = 100
MARKER = b"QSC-CLEAR-MARKER"
# A call of a few seconds that passes for one: less means that nobody spoke.
LEAST_PACKETS = 250
# 255 degrees of freedom: random bytes exceed this once in ten million times.
CHI_SQUARE_LIMIT = 386


class Report:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.failed = False
        self.colour = bool(os.environ.get("DEMO_COLOUR"))

    def check(self, holds, sentence):
        word, paint = ("ok  ", "32") if holds else ("FAIL", "1;31")
        if self.colour:
            word = f"\033[{paint}m{word}\033[0m"
        print(f"  {word}  {sentence}")
        self.failed |= not holds

    @property
    def outcome(self):
        """Where demo/run puts what it leaves behind."""
        return self.folder.parent

    @property
    def capture(self):
        here = self.folder / "wire.pcap"
        return here if here.exists() else self.outcome / "wire.pcap"

    def packets(self, name):
        path = self.folder / name
        return rtpfile.read_packets(path) if path.exists() else []

    def wire(self, source, port):
        """The datagrams from a source to a port, as they were on the wire."""
        return [
            d
            for d in rtpfile.read_pcap(self.capture)
            if d.src == source and d.dport == port
        ]

    def counters(self, name):
        """The counters of a call's only leg; without QSC there are none, and so all are 0."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            return Counters()
        return Counters(json.loads(path.read_text())["legs"][0]["stats"])


class Counters(dict):
    def __missing__(self, _name):
        return 0

    def __sub__(self, other):
        """What has changed, without the rest."""
        return {k: v - other[k] for k, v in self.items() if v != other[k]}


def rx_drops(changed):
    return {k: v for k, v in changed.items() if k.startswith("rx_drop_")}


def spell(numbers):
    return " or ".join(map(str, sorted(numbers))) or "?"


def times(n, what):
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def equal(packets, others):
    """How many packets are the same as those at their place among the others."""
    return sum(a == b for a, b in zip(packets, others))


def setup(report):
    """Setting up the call (in an emulated machine):"""
    start, secure, app = (
        float((report.folder / name).read_text())
        for name in ("call.start", "call.secure", "app.start")
    )
    first = min(d.time for _, a in SIDES for d in report.wire(a, RTP))
    report.check(
        start < secure <= app < first,
        f"Both were secure {1000 * (secure - start):.0f} ms after the call's start; the first "
        f"protected packet followed {1000 * (first - app):.0f} ms after the applications' start, "
        f"{1000 * (first - start):.0f} ms after the call's.",
    )


def rekey(report):
    """New keys in mid-call:"""
    for name, address in SIDES:
        epochs = [int.from_bytes(d.data[-MKI:], "big") for d in report.wire(address, RTP)]
        old, new = epochs.count(0), epochs.count(1)
        report.check(
            old and new and epochs == sorted(epochs) and old + new == len(epochs),
            f"{name.capitalize()} sent {old} RTP packets with the first key, then {new} with the second.",
        )
    for name, _ in SIDES:
        lost = {
            k: v
            for k, v in report.counters(f"{name}.end").items()
            if v and "_drop_" in k and not k.endswith("_erased")
        }
        known = {"rx_drop_auth": 1, "rx_drop_replay": 1} if name == "bob" else {}
        report.check(
            lost == known,
            f"Before the hang-up {name.capitalize()}'s kernel dropped {sum(lost.values())} packets, "
            f"{sum(known.values())} of them the attacker's.",
        )


def normal(report):
    """The normal call:"""
    frames = rtpfile.read_pcap(report.folder / "normal.pcap")
    clear = sum(d.dport == NORMAL_PORT and MARKER in d.data for d in frames)
    report.check(
        clear == 2 * NORMAL_PACKETS,
        f"Of {2 * NORMAL_PACKETS} packets {clear} are on the wire as the applications sent them.",
    )
    before, after = (
        int((report.folder / f"alice.{when}-normal").read_text()) for when in ("before", "after")
    )
    report.check(before == after, f"It took {before - after} keys from Alice's SIM: {after} are left.")


def refused(report):
    """The revoked SIM:"""
    said = (report.folder / "refused.said").read_text()
    report.check("revoked" in said, "The user is told why there is no secure call.")


def attack(report):
    """A flipped bit and a packet sent twice:"""
    changed = rx_drops(
        report.counters("bob.after-attack") - report.counters("bob.before-attack")
    )
    auth, replay = changed.pop("rx_drop_auth", 0), changed.pop("rx_drop_replay", 0)
    report.check(auth == 1, f"The flipped bit: Bob's kernel dropped {times(auth, 'packet')} as not authentic.")
    report.check(replay == 1, f"The repetition: it dropped {times(replay, 'packet')} as replayed.")
    report.check(not changed, f"It dropped nothing else ({sum(changed.values())} packets).")


def hangup(report):
    """After hang-up:"""
    for name, address in SIDES:
        end = float((report.folder / f"{name}.hangup").read_text())
        leaked = [
            d for port in (RTP, RTCP) for d in report.wire(address, port) if d.time > end
        ]
        sent = sum(len(report.packets(f"{name}.sent.{kind}")) for kind in ("rtp", "rtcp"))
        on_wire = sum(len(report.wire(address, port)) for port in (RTP, RTCP))
        dropped = report.counters(f"{name}.end")["tx_drop_erased"]
        who = name.capitalize()
        report.check(
            not leaked and sent > on_wire,
            f"After hang-up {who}'s application sent {times(sent - on_wire, 'packet')}; "
            f"on the wire came {len(leaked)}.",
        )
        report.check(
            0 < dropped == sent - on_wire,
            f"{who}'s kernel counted {dropped} of them as dropped, because the keys are erased.",
        )
    changed = rx_drops(
        report.counters("bob.after-forgery") - report.counters("bob.before-forgery")
    )
    report.check(
        changed == {"rx_drop_erased": 1},
        "Of the packet in clear which the attacker made, Bob's kernel dropped and counted "
        f"{changed.get('rx_drop_erased', 0)}.",
    )


def call(report):
    """What was sent, and what arrived:"""
    for name, peer, address in (("alice", "bob", ALICE), ("bob", "alice", BOB)):
        who, to = name.capitalize(), peer.capitalize()
        sent, got = report.packets(f"{name}.sent.rtp"), report.packets(f"{peer}.got.rtp")
        on_wire = len(report.wire(address, RTP))
        mine, theirs = report.counters(f"{name}.end"), report.counters(f"{peer}.end")
        # Who hangs up first no longer takes what the other one still sends.
        late = theirs["rx_drop_erased"] - (peer == "bob")  # without the forgery
        report.check(
            len(got) >= LEAST_PACKETS and got == sent[: len(got)],
            f"{who} to {to}: {len(got)} RTP packets received until hang-up, "
            f"{equal(got, sent)} of them, in order, equal to those sent byte for byte.",
        )
        reports = report.packets(f"{peer}.got.rtcp")
        sent_reports = report.packets(f"{name}.sent.rtcp")
        report.check(
            reports and reports == sent_reports[: len(reports)],
            f"{who} to {to}: {times(len(reports), 'RTCP packet')} received, "
            f"{equal(reports, sent_reports)} equal as well.",
        )
        on_wire_rtcp = len(report.wire(address, RTCP))
        report.check(
            mine["tx_rtp"] == on_wire
            and mine["tx_rtcp"] == on_wire_rtcp
            and theirs["rx_rtp"] == len(got)
            and theirs["rx_rtcp"] == len(reports)
            and on_wire + on_wire_rtcp == len(got) + len(reports) + late,
            f"The counters agree: encrypted {mine['tx_rtp']} RTP + {mine['tx_rtcp']} RTCP, "
            f"on the wire {on_wire} + {on_wire_rtcp}, "
            f"decrypted {theirs['rx_rtp']} + {theirs['rx_rtcp']}, "
            f"too late {late}.",
        )


def tshark(report, *arguments):
    """Lines of tshark's output; it is told which ports have what, as any user could."""
    decode = [f"udp.port=={RTP},rtp", f"udp.port=={RTCP},rtcp", "rtp.pt==96,opus"]
    command = ["tshark", "-r", str(report.capture), *(f"-d{d}" for d in decode), *arguments]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return run.stdout.decode().splitlines()


def opus_modes(payloads):
    return {p[0] >> 3 for p in payloads}


def unevenness(data):
    """Chi-square of the values of bytes: near 255, its degrees of freedom, for random ones."""
    mean = len(data) / 256
    return sum((n - mean) ** 2 / mean for n in (data.count(i) for i in range(256)))


def entropy(data):
    shares = [data.count(i) / len(data) for i in range(256)]
    return -sum(p * math.log2(p) for p in shares if p)


def cname(packets):
    """The canonical name in the first RTCP packet that has one, RFC 3550 section 6.5.1."""
    for packet in packets:
        at = 0
        while at + 4 <= len(packet):
            if packet[at + 1] == RTCP_SDES and packet[at + 8] == SDES_CNAME:
                return packet[at + 10 : at + 10 + packet[at + 9]]
            at += 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
    return b""


def wire(report):
    """What is on the wire, to somebody who looks:"""
    interesting = "rtcp || frame.number>=200 && frame.number<204"
    print(f"$ tshark -r wire.pcap -d udp.port=={RTP},rtp ... -Y '{interesting}'")
    print(*tshark(report, "-Y", interesting), sep="\n")

    streams = [(n, a, k, p) for n, a in SIDES for k, p in (("rtp", RTP), ("rtcp", RTCP))]
    on_wire = {(n, k): [d.data for d in report.wire(a, p)] for n, a, k, p in streams}
    # The packets that went out before hang-up, as the applications gave them to the kernel.
    sent = {s: report.packets(f"{s[0]}.sent.{s[1]}")[: len(on_wire[s])] for s in on_wire}
    everything = b"".join(d.data for d in rtpfile.read_pcap(report.capture))

    def payloads(packets, less=0):
        return [p[RTP_HEADER : len(p) - less] for n, _ in SIDES for p in packets[n, "rtp"]]

    def count(kind):
        return sum(len(on_wire[n, kind]) for n, _ in SIDES)

    secret, clear = payloads(on_wire, MKI), payloads(sent)
    grown = {
        kind: {len(w) - len(s) for n, _ in SIDES for w, s in zip(on_wire[n, kind], sent[n, kind])}
        for kind in ("rtp", "rtcp")
    }
    report.check(
        grown == {"rtp": {TAG + MKI}, "rtcp": {TAG + INDEX + MKI}},
        f"{count('rtp')} RTP packets, grown by {spell(grown['rtp'])} bytes each, and "
        f"{count('rtcp')} RTCP packets, grown by {spell(grown['rtcp'])}: "
        "the tag, which key it is, and RTCP's index (RFC 7714).",
    )
    whole = sum(p in everything for p in clear)
    report.check(
        clear and not whole,
        f"Of the {len(clear)} Opus payloads sent, {whole} can be found in the capture.",
    )
    fields = ("ip.src", "opus.TOC.config", "_ws.expert.message")
    lines = tshark(report, "-Y", "opus", "-Tfields", *(f"-e{f}" for f in fields))
    modes = {line.split("\t")[1] for line in lines} - {""}
    broken = sum(bool(line.split("\t")[2]) for line in lines)
    report.check(
        len(modes) > 28 and broken > len(lines) / 4,
        f"tshark finds {len(modes)} of Opus's 32 modes in them (sent: {len(opus_modes(clear))}) "
        f"and {broken} of {len(lines)} against the rules of Opus.",
    )
    bits, bits_clear = entropy(b"".join(secret)), entropy(b"".join(clear))
    odd, odd_clear = unevenness(b"".join(secret)), unevenness(b"".join(clear))
    report.check(
        odd < CHI_SQUARE_LIMIT < odd_clear,
        f"The payloads look random: {bits:.3f} bits of entropy a byte, chi-square {odd:.0f} where "
        f"255 is expected (sent: {bits_clear:.3f} bits, {odd_clear:.0f}).",
    )
    names = [cname(sent[n, "rtcp"]) for n, _ in SIDES]
    report.check(
        all(names) and not any(n in everything for n in names),
        f"The {len(names)} names sent in RTCP, of {spell({len(n) for n in names})} letters, "
        f"are {sum(n in everything for n in names)} times in the capture.",
    )


def loudness(path):
    """For each channel of a WAV file: how loud each 20 ms are."""
    with wave.open(str(path)) as sound:
        step = sound.getframerate() // 50
        channels = sound.getnchannels()
        samples = array.array("h", sound.readframes(sound.getnframes()))
    for channel in range(channels):
        mono = samples[channel::channels]
        yield [sum(map(abs, mono[i : i + step])) for i in range(0, len(mono), step)]


def correlation(a, b):
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    mean_a, mean_b = sum(a) / n, sum(b) / n
    both = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    scale = sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)
    return both / math.sqrt(scale) if scale else 0


def sound(report):
    """And to somebody who listens, with an Opus decoder:"""
    refused, total = map(int, (report.folder / "refused").read_text().split())
    report.check(
        refused > total / 4,
        f"The decoder refuses {refused} of {total} payloads and makes noise of the rest.",
    )
    said = list(loudness(report.outcome / "sent.wav"))
    for name, what, holds in (
        ("received.wav", "received", lambda r: r > 0.7),
        ("wire-as-audio.wav", "on the wire", lambda r: abs(r) < 0.4),
    ):
        follows = [correlation(*pair) for pair in zip(said, loudness(report.outcome / name))]
        report.check(
            all(map(holds, follows)),
            f"The loudness of what is {what} follows what was said by "
            + " and ".join(f"{r:.2f}" for r in follows)
            + " (Alice, Bob; 1 is exactly, 0 not at all).",
        )


CHECKS = {
    f.__name__: f
    for f in (setup, attack, rekey, hangup, call, normal, refused, wire, sound)
}


def main():
    *checks, folder = sys.argv[1:] or [""]
    if not checks or not set(checks) <= set(CHECKS):
        sys.exit(f"usage: report.py {'|'.join(CHECKS)}... DIR")
    report = Report(folder)
    for check in checks:
        print(f"\n{CHECKS[check].__doc__}")
        CHECKS[check](report)
    sys.exit(report.failed)


if __name__ == "__main__":
    main()
