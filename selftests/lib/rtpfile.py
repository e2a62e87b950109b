# SPDX-License-Identifier: GPL-2.0
"""Reads what tests recorded: packets written by GStreamer's rtpstreampay, and captures of a wire."""

import collections
import ipaddress
import struct

Datagram = collections.namedtuple("Datagram", "time src sport dst dport data")

ETH_LEN = 14
ETH_IPV4, ETH_IPV6 = 0x0800, 0x86DD
IPV6_LEN = 40
UDP, UDP_LEN = 17, 8
# magic number of a capture, little endian -> fractions of a second
PCAP_MAGIC = {0xA1B2C3D4: 1_000_000, 0xA1B23C4D: 1_000_000_000}
PCAP_ETHERNET = 1


def read_packets(path):
    """The packets of a file framed as RFC 4571 says: a length of two bytes before each."""
    with open(path, "rb") as stream:
        data = stream.read()
    packets, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("!H", data, at)
        at += 2 + length
        if at > len(data):
            raise ValueError(f"{path}: the last packet is cut short")
        packets.append(data[at - length : at])
    return packets


def udp(frame):
    """(source, port, destination, port, payload) of an Ethernet frame, or None."""
    (kind,) = struct.unpack_from("!H", frame, ETH_LEN - 2)
    ip = frame[ETH_LEN:]
    if kind == ETH_IPV4 and len(ip) >= 20 and ip[9] == UDP:
        addresses, at = (ip[12:16], ip[16:20]), (ip[0] & 15) * 4
    elif kind == ETH_IPV6 and len(ip) >= IPV6_LEN and ip[6] == UDP:
        addresses, at = (ip[8:24], ip[24:40]), IPV6_LEN
    else:
        return None
    sport, dport, length = struct.unpack_from("!HHH", ip, at)
    src, dst = (str(ipaddress.ip_address(a)) for a in addresses)
    return src, sport, dst, dport, ip[at + UDP_LEN : at + length]


def read_pcap(path):
    """The UDP datagrams of a capture file, as a list of Datagram; times in seconds."""
    with open(path, "rb") as stream:
        data = stream.read()
    magic, link = struct.unpack_from("<I16xI", data)
    if magic not in PCAP_MAGIC or link != PCAP_ETHERNET:
        raise ValueError(f"{path}: not a little-endian capture of Ethernet")
    datagrams, at = [], 24
    while at < len(data):
        seconds, fraction, length = struct.unpack_from("<III", data, at)
        at += 16 + length
        if at > len(data):
            raise ValueError(f"{path}: the last frame is cut short")
        found = udp(data[at - length : at])
        if found:
            datagrams.append(Datagram(seconds + fraction / PCAP_MAGIC[magic], *found))
    return datagrams
