#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""compiler_input.py DATABASE SALT FILE... - a line for each C file: a hash of all
that the compiler sees of it and of what it includes, comments and macros too,
and its name. Where files lie does not matter. SALT is hashed too."""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def preprocess(entry):
    words = entry["arguments"]
    output = words.index("-o")
    words = words[:output] + words[output + 2 :]
    words = [word for word in words if word not in ("-c", "-MMD", "-MP")]
    command = [*words, "-E", "-C", "-P", "-dD", "-dI"]
    return subprocess.run(
        command, cwd=entry["directory"], stdout=subprocess.PIPE, check=True
    ).stdout


database, salt, *names = sys.argv[1:]
entries = {entry["file"]: entry for entry in json.loads(Path(database).read_text())}


def line(name):
    text = salt.encode() + preprocess(entries[str(Path(name).resolve())])
    return f"{hashlib.sha256(text).hexdigest()} {name}"


with ThreadPoolExecutor(os.cpu_count()) as pool:
    print("\n".join(pool.map(line, names)))
