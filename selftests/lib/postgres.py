# SPDX-License-Identifier: GPL-2.0
"""A PostgreSQL server for tests: in a temporary folder, on a Unix socket, as an
unprivileged user."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
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


class Proxy:
    """Between a client and the server: ends connections at messages of the client."""

    def __init__(self, pg):
        self.server = str(pg.folder / ".s.PGSQL.5432")
        self.folder = Path(tempfile.mkdtemp(prefix="qskmspx."))
        self.lock = threading.Lock()
        self.countdown = self.every = None
        self.deliver = False
        self.cuts = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        shutil.rmtree(self.folder)

    def conninfo(self, name):
        return f"host={self.folder} user={USER} dbname={name}"

    def cut(self, skip, deliver=False, every=None):
        """After so many messages (None: never), once or again and again; whether the
        message gets through, though no answer does. Returns how often it was done."""
        with self.lock:
            cuts, self.cuts = self.cuts, 0
            self.countdown, self.every, self.deliver = skip, every, deliver
        return cuts

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.server)
            except OSError:
                client.close()
                continue
            for pump in self.requests, self.answers:
                threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def strikes(self):
        with self.lock:
            if self.countdown is None:
                return False
            if self.countdown:
                self.countdown -= 1
                return False
            self.countdown = self.every
            self.cuts += 1
            return True

    def requests(self, client, server):
        """Each has a type and its length; the first one has no type."""
        buffer, head = b"", 0
        try:
            while data := client.recv(65536):
                buffer += data
                while len(buffer) >= head + 4:
                    end = head + int.from_bytes(buffer[head : head + 4], "big")
                    if len(buffer) < end:
                        break
                    message, buffer = buffer[:end], buffer[end:]
                    strikes = head and self.strikes()
                    head = 1
                    if strikes and self.deliver:
                        hang_up(client)
                    if not strikes or self.deliver:
                        server.sendall(message)
                    if strikes:
                        return
        except OSError:
            pass
        finally:
            hang_up(client)
            hang_up(server)

    def answers(self, client, server):
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:
            pass
        finally:
            hang_up(client)
            hang_up(server)
            server.close()
            client.close()


def hang_up(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
