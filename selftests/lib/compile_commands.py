#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""compile_commands.py FOLDER... - how make compiles the C files of folders, as
the JSON compilation database that clang's tools read."""

import json
import shlex
import subprocess
import sys
from pathlib import Path


def entries(folder):
    make = ["make", "-snB", "--no-print-directory", "-C", str(folder), "all"]
    if "tests" in (folder / "Makefile").read_text().split(".PHONY:")[-1].split():
        make.append("tests")
    done = subprocess.run(make, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    for line in done.stdout.splitlines():
        if " -c " not in line:
            continue
        words = shlex.split(line)
        source = next(word for word in words if word.endswith(".c"))
        file = str((folder / source).resolve())
        yield {"directory": str(folder), "file": file, "arguments": words}


found = {}
for name in sys.argv[1:]:
    for entry in entries(Path(name).resolve()):
        found.setdefault(entry["file"], entry)
json.dump(list(found.values()), sys.stdout, indent=1)
