# SPDX-License-Identifier: GPL-2.0
"""A PostgreSQL server for tests: in a temporary folder, on a Unix socket, as an
unprivileged user."""

import glob
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tap import skip_all

USER = "qsc"


def programs():
    """Debian keeps them out of the path, one folder per version."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if found:
        return Path(found[-1]).parent
    postgres = shutil.which("postgres")
    if not postgres:
        skip_all("PostgreSQL is missing")
    return Path(postgres).resolve().parent


class Postgres:
    def __init__(self):
        self.bin = programs()
        # The server refuses to run as root.
        self.somebody = {}
        if os.geteuid() == 0:
            self.somebody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        self.folder = Path(tempfile.mkdtemp(prefix="qskmspg."))
        self.process = None

    def __enter__(self):
        if self.somebody:
            shutil.chown(self.folder, self.somebody["user"], self.somebody["group"])
        words = [self.bin / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", USER]
        subprocess.run(
            words, check=True, stdout=subprocess.DEVNULL, cwd="/", **self.somebody
        )
        return self.start()

    def __exit__(self, *_):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def start(self, *options):
        words = [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*words, "-h", "", *options], stderr=log, stdout=log, cwd="/", **self.somebody
            )
        words = [self.bin / "pg_isready", "-q", "-h", self.folder, "-U", USER, "-d", "postgres"]
        while subprocess.run(words, check=False).returncode:
            if self.process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text())
        return self

    def stop(self, how=signal.SIGINT):
        """SIGINT breaks connections off, SIGQUIT leaves recovery for later."""
        if self.process:
            self.process.send_signal(how)
            self.process.wait()
        self.process = None

    def sql(self, text, database="postgres"):
        words = [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder]
        words += ["-U", USER, "-d", database, "-c", text]
        return subprocess.run(
            words, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    def database(self, name):
        """A new database; how to connect to it."""
        self.sql(f"CREATE DATABASE {name}")
        return f"host={self.folder} user={USER} dbname={name}"
