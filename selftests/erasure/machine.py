# SPDX-License-Identifier: GPL-2.0
"""The virtual machine whose memory is searched, and the carrier outside of it."""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
OUT = TOP / "out" / "selftests" / "erasure"
MEMORY = "768M"
# The emulator is slow, and the machine it runs on may be busy.
PATIENCE = 900


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"in vain: {what}")
        time.sleep(0.1)


def sh(script):
    """A piece of shell with the rig's functions at hand; what it prints."""
    lead = f"top={TOP}; . $top/selftests/lib/common.sh; . $top/selftests/rig/kernel.sh; "
    done = subprocess.run(
        ["sh", "-euc", lead + script], check=True, text=True, stdout=subprocess.PIPE
    )
    return done.stdout.strip()


def build_whose(kernel):
    """The module that tells what is where; for a kernel of the rig."""
    return sh(f"""kernel_find {kernel}
    dir=$top/out/build/whose-$release; mkdir -p $dir; exec 9>$dir/.lock; flock 9
    rsync -c {HERE}/whose/* $dir/
    make -s -C $kdir M=$dir CONFIG_DEBUG_INFO_BTF_MODULES= modules >$dir/log 2>&1 9>&- ||
        {{ cat $dir/log >&2; exit 1; }}
    echo $dir/qsc_whose.ko""")


class Qmp:
    """QEMU's monitor"""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        self.stream.readline()
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.stream.write(json.dumps(request) + "\n")
        self.stream.flush()
        for line in self.stream:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise AssertionError(f"QMP {command}: {answer['error']['desc']}")
        raise AssertionError(f"QMP {command}: QEMU has ended")


class Carrier:
    """Key service and SIMs of alice and bob; bob's handset, whose kernel is a stand-in."""

    def __init__(self, keys):
        self.work = Path(tempfile.mkdtemp(prefix="qsc.", dir="/tmp"))
        self.port = free_port()
        self.told = self.work / "told"
        self.told.touch(0o600)
        self.keys = keys

    def sh(self, script, check=True):
        """With the functions of lib/phones.sh"""
        lead = f"set -e; top={TOP} work={self.work}; . {TOP}/selftests/lib/phones.sh; "
        done = subprocess.run(
            ["bash", "-c", lead + script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{script}: {done.stdout}")
        return done.stdout

    def start(self):
        preload = f"export LD_PRELOAD={OUT}/tell_secrets.so QSC_TELL_SECRETS={self.told}"
        self.sh(f"kms_make; {preload}; kms_start - 127.0.0.1:{self.port} >{self.work}/start.log 2>&1")
        self.sh(f"card_make alice 1 alice {self.keys}; card_make bob 2 bob {self.keys}")
        standin = TOP / "out" / "tools" / "tests" / "keyd" / "qskeyd"
        self.sh(
            f"mkfifo $work/bob/events; exec 9<>$work/bob/events; QSKEYD={standin}; "
            f"keyd_conf bob 127.0.0.1:{self.port} 'pcsc = no' 'pool-file = {self.work}/bob/card.img' "
            f"'pool-key = {self.work}/bob/card.key'; keyd_start bob - 9>&9 >{self.work}/start.log 2>&1"
        )

    def insert_sim(self, port):
        self.sh(f"sim_start alice - {port} >{self.work}/start.log 2>&1")

    def answer(self, call_id):
        """Bob takes the call; returns what to wait for."""
        script = (
            f"ctl bob call start {call_id} peer alice role callee "
            "local 192.0.2.2:5000 remote 192.0.2.1:5000"
        )
        thread = threading.Thread(target=self.sh, args=(script, False), daemon=True)
        thread.start()
        return thread

    def stop(self):
        self.sh("phones_stop", False)
        shutil.rmtree(self.work, ignore_errors=True)


class Machine:
    """A guest of the rig with its memory in a file, and the agent in it."""

    def __init__(self, kernel, append="", disk=0, module=None, cpus=2):
        self.kernel = kernel
        self.append = append
        self.work = Path(tempfile.mkdtemp(prefix="qsc.", dir="/tmp"))
        # The guest's kernel may need much of it: no disk is fast enough.
        self.ram = Path(tempfile.mkstemp(prefix="qsc-erasure.", dir="/dev/shm")[1])
        self.disk = self.work / "disk" if disk else None
        if disk:
            with open(self.disk, "wb") as f:
                f.truncate(disk)
        self.module = module
        self.cpus = cpus
        self.whose = build_whose(kernel)
        shared_root = TOP / "out" / "erasure"
        shared_root.mkdir(parents=True, exist_ok=True)
        self.shared = Path(tempfile.mkdtemp(prefix=f"{kernel}.", dir=shared_root))
        self.shared.chmod(0o755)
        self.media = free_port(socket.SOCK_DGRAM)
        self.process = self.qmp = self.agent = None
        self.stopped = False

    def start(self, service, pin=None, sim=None):
        """Boot, and have a handset started if there is a service for it."""
        if pin:
            shutil.copy(pin, self.shared / "pin")
        port, sim_port = free_port(), free_port()
        run = [TOP / "selftests" / "rig" / "run", "--kernel", self.kernel, "--mem", MEMORY]
        run += ["--ram", self.ram, "--qmp", self.work / "qmp", "--timeout", "3600", "--go-on"]
        run += ["--net", f"ctl={port}:7000", "--net", f"phone={sim_port}:17001"]
        run += ["--modules", "nlmon dummy", "--smp", str(self.cpus)]
        run += ["--append", f"init_on_free=0 init_on_alloc=0 {self.append}"]
        if self.disk:
            run += ["--disk", self.disk]
        if self.module:
            run += ["--module", self.module]
        run += ["--", "selftests/erasure/guest.sh", service, "7000", self.shared]
        self.log = open(self.shared / "log", "wb")
        self.process = subprocess.Popen(
            [str(word) for word in run], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        if sim:
            sim(sim_port)
        wait_for("the machine's agent", self._is_ready)
        self._connect(port)
        self.qmp = Qmp(self.work / "qmp")
        self.run("insmod", self.whose, ns="")

    def _is_ready(self):
        if self.process.poll() is not None:
            text = (self.shared / "log").read_text(errors="replace")
            raise AssertionError(f"the machine has ended early: {text[-3000:]}")
        return (self.shared / "ready").exists()

    def _connect(self, port):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.settimeout(PATIENCE)
        self.agent = sock.makefile("rw", encoding="utf-8")

    def ask(self, op, **more):
        if not self.agent:
            raise AssertionError(f"{op}: the machine's agent has gone")
        try:
            self.agent.write(json.dumps({"op": op, **more}) + "\n")
            self.agent.flush()
            line = self.agent.readline()
        except OSError as error:
            self.agent = None
            raise AssertionError(f"{op}: the machine's agent is silent: {error}") from None
        if not line.endswith("\n"):
            self.agent = None
            raise AssertionError(f"{op}: the machine's agent has ended without an answer")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer

    def die(self, *argv):
        """A command in the agent's place, that ends the machine."""
        self.ask("die", argv=argv)
        self.agent = None

    def alive(self):
        """Is there somebody in it who answers?"""
        return self.process.poll() is None and self.agent is not None

    def run(self, *argv, ns="phone", status=0, stdin=""):
        """A command in the guest; any status with None."""
        done = self.ask("run", argv=[str(word) for word in argv], ns=ns, stdin=stdin)
        if status is not None and done["status"] != status:
            raise AssertionError(f"{argv}: exit status {done['status']}: {done['out']}")
        return done["out"]

    def sh(self, script, ns="", status=0):
        return self.run("bash", "-c", script, ns=ns, status=status)

    def put(self, path, data):
        self.ask("write", path=path, data=base64.b64encode(data).decode())

    def stop(self):
        self.qmp.do("stop")
        self.stopped = True

    def go_on(self):
        self.qmp.do("cont")
        self.stopped = False

    def search(self, secrets, image=None):
        """Places of the secrets in all of its memory. It has to be stopped, or gone."""
        done = subprocess.run(
            [OUT / "scan", image or self.ram],
            input=secrets.lines(),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise AssertionError("scan could not look")
        places = [json.loads(line) for line in done.stdout.splitlines()]
        return places[:-1], places[-1]

    def console(self):
        runs = sorted((TOP / "out" / "rig").glob("*/settings"), key=os.path.getmtime)
        for run in reversed(runs):
            if str(self.shared) in (run.parent / "command").read_text():
                return (run.parent / "console.log").read_text(errors="replace")
        return ""

    def wait_end(self, seconds=PATIENCE):
        self.process.wait(seconds)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        if self.process:
            self.log.close()
        self.ram.unlink(missing_ok=True)
        shutil.rmtree(self.work, ignore_errors=True)
