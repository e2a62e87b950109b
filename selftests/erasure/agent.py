#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""agent.py PORT DIR - does in the virtual machine what the host asks for.

A request is a JSON object on a line, {"op": NAME, ...}, the answer another one. No
secret passes here: what this process has in its memory tells nothing.
"""

import base64
import ctypes
import json
import mmap
import os
import socket
import struct
import subprocess
import sys
import time
import traceback

FLAGS = "locked error referenced uptodate dirty lru active slab writeback reclaim buddy mmap anon"
FLAGS = FLAGS.split() + "swapcache swapbacked head tail huge unevictable hwpoison nopage".split()
FLAGS += "ksm thp offline zero idle pgtable".split()
PAGE = 4096
PACKETS_MAX = 100  # some are lost on the emulator's way
CLONE_NEWNET = 0x40000000

background = {}  # name: process


def in_ns(name, function):
    """In the network namespace of that name, or in ours."""
    if not name:
        return function()
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as home, open(f"/run/netns/{name}", "rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return function()
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


def command(request):
    lead = ["ip", "netns", "exec", request["ns"]] if request.get("ns") else []
    return lead + request["argv"]


def op_run(request):
    """Run a command to its end."""
    done = subprocess.run(
        command(request),
        input=request.get("stdin", ""),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=request.get("timeout", 120),
        check=False,
    )
    return {"status": done.returncode, "out": done.stdout}


def op_start(request):
    """Start one that goes on."""
    background[request["name"]] = subprocess.Popen(
        command(request), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return {"pid": background[request["name"]].pid}


def op_end(request):
    process = background.pop(request["name"])
    process.send_signal(request.get("signal", 15))
    return {"status": process.wait(60)}


def op_write(request):
    with open(request["path"], "wb") as f:
        f.write(base64.b64decode(request["data"]))
    return {}


def rtp(seq, ssrc):
    return struct.pack(">BBHII", 0x80, 96, seq, seq * 160, ssrc) + b"voice of nobody " * 8


def rtcp(ssrc):
    return struct.pack(">BBHIQIII", 0x80, 200, 6, ssrc, 0, 0, 0, 0)


def op_talk(request):
    """Send RTP and RTCP to the peer as an application, and count what comes back."""
    sock = in_ns(
        request.get("ns"), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    )
    with sock:
        sock.bind(tuple(request["local"]))
        sock.connect(tuple(request["remote"]))
        sock.settimeout(0.5)
        ssrc = int.from_bytes(os.urandom(4), "big")
        heard = 0
        for seq in range(PACKETS_MAX):
            sock.send(rtp(seq + 1, ssrc))
            sock.send(rtcp(ssrc))
            try:
                while heard < request["packets"]:
                    heard += len(sock.recv(2048)) == len(rtp(0, 0))
            except (TimeoutError, ConnectionRefusedError):
                continue
            break
        return {"heard": heard}


def attribute(kind, data):
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def attributes(data):
    """Of netlink, by number"""
    while len(data) >= 4:
        size, kind = struct.unpack("HH", data[:4])
        if size < 4:
            return
        yield kind & 0x3FFF, data[4:size]
        data = data[(size + 3) & ~3 :]


def generic(sock, family, cmd, version, attrs=b"", flags=1):
    """A request of generic netlink; the attributes of the answer."""
    body = struct.pack("BBH", cmd, version, 0) + attrs
    sock.send(struct.pack("IHHII", 16 + len(body), family, flags, 1, 0) + body)
    answer = sock.recv(65536)
    kind = struct.unpack("H", answer[4:6])[0]
    if kind == 2:  # an error
        raise OSError(-struct.unpack("i", answer[16:20])[0], "netlink")
    return dict(attributes(answer[20:]))


def open_qsc(ns):
    sock = in_ns(ns, lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16))
    sock.bind((0, 0))
    # CTRL_CMD_GETFAMILY by name; CTRL_ATTR_FAMILY_ID
    family = generic(sock, 16, 3, 1, attribute(2, b"qsc\0"))[1]
    return sock, struct.unpack("H", family)[0]


def op_sealing_key(request):
    """The public key that is handed out now; numbers are those of uapi/linux/qsc.h."""
    sock, family = open_qsc(request.get("ns"))
    with sock:
        seal = generic(sock, family, request["cmd"], 1)[request["attr"]]
    return {"public": dict(attributes(seal))[2].hex()}


class Tap:
    """What passes an nlmon device. In a ring, to which the kernel copies a message
    before its sender goes on: that of a socket is the sender's own, and a request
    with a key in it is wiped when the module has read it."""

    SOL_PACKET, PACKET_RX_RING, PACKET_STATISTICS = 263, 5, 6
    BLOCK, FRAME, FRAMES = 1 << 16, 4096, 512
    HEADER = struct.Struct("LIIHHII")  # struct tpacket_hdr
    TP_STATUS_USER = 1

    def __init__(self, ns, device):
        # Until it is bound it hears nothing.
        self.socket = in_ns(ns, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        size = self.FRAME * self.FRAMES
        ring = struct.pack("IIII", self.BLOCK, size // self.BLOCK, self.FRAME, self.FRAMES)
        self.socket.setsockopt(self.SOL_PACKET, self.PACKET_RX_RING, ring)
        self.ring = mmap.mmap(self.socket.fileno(), size)
        self.socket.bind((device, 3))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ring.close()
        self.socket.close()

    def messages(self):
        """So far; each as far as a frame has room for it."""
        answer = self.socket.getsockopt(self.SOL_PACKET, self.PACKET_STATISTICS, 8)
        lost = struct.unpack("II", answer)[1]
        if lost:
            raise OverflowError(f"the tap's ring has no room for {lost} messages")
        for at in range(0, len(self.ring), self.FRAME):
            status, _, size, first, *_ = self.HEADER.unpack_from(self.ring, at)
            if not status & self.TP_STATUS_USER:
                return
            yield self.ring[at + first : at + first + size]


def op_tap(request):
    """Run a command and listen on an nlmon device; netlink messages in base64."""
    with Tap(request.get("ns"), request["device"]) as tap:
        answer = op_run(request)
        # The kernel copies what is sent before the sender goes on.
        return {**answer, "seen": [base64.b64encode(m).decode() for m in tap.messages()]}


def owners():
    """Which processes have a page frame, by frame."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                name = f"{f.read().strip()}[{pid}]"
            with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as f:
                maps = [line.split(None, 5) for line in f]
            with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
                for area in maps:
                    first, last = (int(x, 16) // PAGE for x in area[0].split("-"))
                    if area[0].startswith("fffff") or last - first > 1 << 18:
                        continue
                    where = f"{name} {area[5].strip() if len(area) > 5 else 'anonymous'}"
                    entries = os.pread(pagemap.fileno(), 8 * (last - first), 8 * first)
                    for (entry,) in struct.iter_unpack("Q", entries):
                        if entry >> 63:
                            found.setdefault(entry & ((1 << 55) - 1), where)
        except (OSError, ProcessLookupError):
            continue
    return found


def kernel_image():
    """Where the kernel's own code and data are."""
    areas = []
    with open("/proc/iomem", encoding="ascii") as f:
        for line in f:
            if "Kernel" in line:
                span, name = line.strip().split(" : ")
                first, last = (int(x, 16) for x in span.split("-"))
                areas.append((first, last, name))
    return areas


def kernel_tells(address):
    """By the module qsc_whose, which answers in the log; if it was loaded."""
    path = "/sys/module/qsc_whose/parameters/address"
    if not os.path.exists(path):
        return []
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.lseek(log, 0, os.SEEK_END)
        with open(path, "w", encoding="ascii") as f:
            f.write(hex(address))
        told = []
        while True:
            try:
                record = os.read(log, 8192).decode(errors="replace")
            except BlockingIOError:
                return told
            if "qsc_whose: " in record:
                told.append(record.split("qsc_whose: ", 1)[1].splitlines()[0].strip())
    finally:
        os.close(log)


def page_flags(address):
    """By name; none where the kernel does not tell."""
    try:
        with open("/proc/kpageflags", "rb", buffering=0) as f:
            flags = struct.unpack("Q", os.pread(f.fileno(), 8, address // PAGE * 8))[0]
    except FileNotFoundError:
        return []
    return [name for bit, name in enumerate(FLAGS) if flags >> bit & 1]


def op_whose(request):
    """What is known of addresses: flags of the page, and who has it."""
    processes, image = owners(), kernel_image()
    answers = []
    for address in request["addresses"]:
        whose = [name for first, last, name in image if first <= address <= last]
        if address // PAGE in processes:
            whose.append(processes[address // PAGE])
        if not whose:
            whose += kernel_tells(address)
        answers.append({"flags": page_flags(address), "whose": whose})
    return {"whose": answers, "processes": os.path.exists("/proc/self/pagemap")}


def op_die(request):
    """What does not come back: answered first."""
    return request


def serve(connection):
    stream = connection.makefile("rw", encoding="utf-8")
    for line in stream:
        request = json.loads(line)
        try:
            answer = globals()["op_" + request["op"]](request)
        except Exception:  # the host decides what it means
            answer = {"error": traceback.format_exc()}
        stream.write(json.dumps(answer) + "\n")
        stream.flush()
        if request["op"] == "die":
            time.sleep(0.3)
            os.execvp(request["argv"][0], request["argv"])


def main():
    port, shared = int(sys.argv[1]), sys.argv[2]
    with socket.create_server(("10.0.2.15", port)) as server:
        with open(f"{shared}/ready", "w", encoding="ascii"):
            pass
        connection, _ = server.accept()
        with connection:
            serve(connection)


if __name__ == "__main__":
    main()
