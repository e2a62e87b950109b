#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A card in a virtual reader (vpcd) that is not a QSC card: it answers to its ATR
and knows no applet.

    foreign_card.py PORT
"""

import socket
import sys


def receive(sock, n):
    data = b""
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def main():
    sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        command = receive(sock, int.from_bytes(receive(sock, 2), "big"))
        if len(command) > 1:
            answer = b"\x6a\x82"
        elif command == b"\x04":
            answer = bytes.fromhex("3b8001") + b"\x81"
        else:
            continue
        sock.sendall(len(answer).to_bytes(2, "big") + answer)


main()
