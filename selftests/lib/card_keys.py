#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Which keys of a card are in the memory of a process?

    card_keys.py KIT QREG PID [PIN]

KIT and QREG, the registration of the card, tell all of its keys; every page
that can be read of process PID is searched for any third of each: as it is, in
hexadecimal and in base64. Prints a line for each key and place:

    INDEX PLACE COPIES

PLACE is the file or the name of the mapping, COPIES how often the whole key is
there as it is: 0 if there are only parts or other forms of it. With PIN it also
tells how many VERIFY commands with that PIN there are: "VERIFY PLACE COPIES". Ends
with "searched: N bytes". The exit status is 1 if any key was found.
"""
import base64
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "firmware-keys" / "tests"))

from kms import find_secrets  # noqa: E402
from virtual_reader import registration, verify  # noqa: E402

PAGE = 4096


def kit_keys(path):
    """KID_MASTER and REG_KEY."""
    keys = dict(re.findall(r"(\S+): (\S{44})\n", path.read_text(encoding="ascii")))
    return base64.b64decode(keys["kid-master"]), base64.b64decode(keys["registration-key"])


def pages(memory, begin, end):
    """What can be read of these, but for pages that nobody has touched."""
    for at in range(begin, end, PAGE):
        try:
            memory.seek(at)
            page = memory.read(PAGE)
        except OSError:  # behind the end of a file, or the kernel's own
            continue
        if page.strip(b"\0"):
            yield page


def mappings(pid):
    """Name and content of each."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps.splitlines():
            span, permissions, _, _, _, *name = line.split(maxsplit=5)
            begin, end = (int(x, 16) for x in span.split("-"))
            if permissions[0] == "r":
                yield Path(name[0]).name if name else "anonymous", b"".join(
                    pages(memory, begin, end)
                )


def main(kit, qreg, pid, pin=None):
    """See the top of the file."""
    kid_master, registration_key = kit_keys(Path(kit))
    slots, _ = registration(Path(qreg).read_bytes(), registration_key, kid_master)
    index_of = {key.hex(): index for index, (_, key) in enumerate(slots)}
    found = searched = 0
    for name, data in mappings(pid):
        searched += len(data)
        for secret in find_secrets(data, index_of):
            print(index_of[secret], name, data.count(bytes.fromhex(secret)))
            found += 1
        if pin and verify(pin) in data:
            print("VERIFY", name, data.count(verify(pin)))
    print(f"searched: {searched} bytes")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
