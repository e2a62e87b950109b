#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""wire.py ALICE BOB - the wire between two network interfaces, in an attacker's hands.

Carries every Ethernet frame from one interface to the other, in order. Takes
commands on standard input, one a line, and answers each with one line:

  wait N   once N RTP packets for Bob have passed
  tamper   with the next RTP packet for Bob: first a copy with one bit of its
           payload flipped, then the packet itself, then the same once more
  forge    send Bob an RTP packet that nobody encrypted
"""

import secrets
import select
import socket
import sys

RTP_PORT = 5004

ETH_P_ALL = 3
SOL_PACKET, PACKET_VNET_HDR = 263, 15
# Every frame is preceded by a struct virtio_net_hdr, so that one whose
# checksum is still to be computed stays so on the other side.
VNET_LEN = 10
IP_AT = VNET_LEN + 14
UDP_AT = IP_AT + 20
RTP_AT = UDP_AT + 8
PAYLOAD_AT = RTP_AT + 12
# At the end of a packet of QSC's: which key it is protected with. A wrong one
# is refused before anything is authenticated, under another name.
MKI_LEN = 4
FRAME_MAX = 65536 + 64


def tap(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((interface, ETH_P_ALL))
    return sock


def is_rtp(frame):
    return (
        len(frame) > PAYLOAD_AT
        and frame[IP_AT - 2 : IP_AT] == b"\x08\x00"
        and frame[IP_AT] == 0x45
        and frame[IP_AT + 9] == socket.IPPROTO_UDP
        and int.from_bytes(frame[UDP_AT + 2 : UDP_AT + 4], "big") == RTP_PORT
    )


def without_checksum(frame):
    """What the attacker changed must not be caught by UDP's checksum; 0 means there is none."""
    frame = bytearray(frame)
    frame[:VNET_LEN] = bytes(VNET_LEN)
    frame[UDP_AT + 6 : UDP_AT + 8] = bytes(2)
    return frame


class Wire:
    def __init__(self, alice, bob):
        self.alice, self.bob = tap(alice), tap(bob)
        self.passed = 0  # RTP packets for Bob
        self.last = None  # the newest of them
        self.wait_for = None
        self.tampering = False

    def tamper(self, frame):
        at = PAYLOAD_AT + secrets.randbelow(len(frame) - PAYLOAD_AT - MKI_LEN)
        bit = secrets.randbelow(8)
        flipped = without_checksum(frame)
        flipped[at] ^= 1 << bit
        for copy in (flipped, frame, frame):
            self.bob.send(copy)
        self.tampering = False
        seq = int.from_bytes(frame[RTP_AT + 2 : RTP_AT + 4], "big")
        print(f"{seq} {at - PAYLOAD_AT} {bit}", flush=True)

    def to_bob(self, frame):
        rtp = is_rtp(frame)
        if rtp and self.tampering:
            self.tamper(frame)
        else:
            self.bob.send(frame)
        if rtp:
            self.passed += 1
            self.last = frame
            self.answer_wait()

    def forge(self):
        frame = without_checksum(self.last)
        seq = int.from_bytes(frame[RTP_AT + 2 : RTP_AT + 4], "big") + 1 & 0xFFFF
        frame[RTP_AT + 2 : RTP_AT + 4] = seq.to_bytes(2, "big")
        frame[PAYLOAD_AT:] = bytes(len(frame) - PAYLOAD_AT)
        self.bob.send(frame)
        print(seq, flush=True)

    def answer_wait(self):
        if self.wait_for and self.passed >= self.wait_for:
            self.wait_for = None
            print(self.passed, flush=True)

    def command(self, words):
        if words[0] == "wait":
            self.wait_for = int(words[1])
            self.answer_wait()
        elif words[0] == "tamper":
            self.tampering = True
        elif words[0] == "forge":
            self.forge()

    def run(self):
        while True:
            ready, _, _ = select.select([self.alice, self.bob, sys.stdin], [], [])
            if self.alice in ready:
                self.to_bob(self.alice.recv(FRAME_MAX))
            if self.bob in ready:
                self.alice.send(self.bob.recv(FRAME_MAX))
            if sys.stdin in ready:
                line = sys.stdin.readline()
                if not line:
                    return
                self.command(line.split())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    Wire(*sys.argv[1:]).run()
