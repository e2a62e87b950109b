#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""stack_png.py OUT PNG... - pictures of the same width and palette as one, from top to bottom.

For what `sox spectrogram` writes: its rows are packed without reference to the
row above, so they can be put together as they are.
"""

import pathlib
import struct
import sys
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read(path):
    """{chunk type: data} of a PNG, data of the same type joined."""
    data = pathlib.Path(path).read_bytes()
    if not data.startswith(SIGNATURE):
        sys.exit(f"stack_png.py: {path} is not a PNG")
    chunks, at = {}, len(SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from("!I4s", data, at)
        chunks[kind] = chunks.get(kind, b"") + data[at + 8 : at + 8 + length]
        at += 12 + length
    return chunks


def chunk(kind, data):
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: stack_png.py OUT PNG...")
    pictures = [read(path) for path in sys.argv[2:]]
    first = pictures[0]
    width, depth_and_colour = first[b"IHDR"][:4], first[b"IHDR"][8:]
    height, rows = 0, b""
    for picture in pictures:
        head = picture[b"IHDR"]
        if (head[:4], head[8:], picture.get(b"PLTE")) != (width, depth_and_colour, first.get(b"PLTE")):
            sys.exit("stack_png.py: the pictures differ in width or colours")
        height += struct.unpack_from("!I", head, 4)[0]
        rows += zlib.decompress(picture[b"IDAT"])
    out = SIGNATURE + chunk(b"IHDR", width + struct.pack("!I", height) + depth_and_colour)
    if b"PLTE" in first:
        out += chunk(b"PLTE", first[b"PLTE"])
    out += chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    pathlib.Path(sys.argv[1]).write_bytes(out)


if __name__ == "__main__":
    main()
