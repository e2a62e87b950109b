#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The key service on PostgreSQL: the same results as on SQLite, also when the
server goes away, and when two services share it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import kms  # noqa: E402
from kms import FAILED, NO_KEY, OK, Service, request  # noqa: E402
from postgres import Postgres, Proxy  # noqa: E402
from tap import diagnose, equal, has, run, test  # noqa: E402

RANDOM = os.environ.get("QSC_SEED", "1")
THREADS = 16
RESTARTS = 100 if kms.FULL else 6


def on(pg, folder, name):
    """A service with a database of its own."""
    return Service(folder, name, f"postgresql:{pg.database(name)}")


@test("the suite of the stores passes, under the sanitizers as well")
def _(pg, folder):
    for name, arguments in ("suite", []), ("sanitized", ["SAN=1"]):
        out = kms.OUT / name if arguments else kms.OUT
        program = out / "tests" / "test_kms_store"
        kms.make(program, f"OUT={out}", *arguments)
        suite(program, pg.database(name))


def suite(program, database):
    result = subprocess.run(
        [program],
        env=os.environ | {"QSC_TEST_PG": database},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise AssertionError(result.stdout)


@test("logins, calls, rekeys and revocation work as on SQLite")
def _(pg, folder):
    s = on(pg, folder, "flow")
    has(s.refuses_to_start(), "--init")
    s.init().start("--callee-timeout=1")
    s.add_cards(1, 3, keys=130)
    s.add_cards(4, 1, profile=2, keys=10)
    equal([s.login(1, 0), s.login(1, 0), s.login(1, 1, "--wrong-key")], [OK, NO_KEY, NO_KEY])
    key = s.call(1, 1, "c", "caller", 2)
    has(key, "key ")
    equal(s.call(3, 1, "c", "callee", 1), "error not-called")
    equal(s.call(2, 1, "c", "callee", 1), key)
    has(s.talk(4, 0, request(4, "d", "caller", 2, dist=1))[1], "key ")
    equal(s.login(4, 1), NO_KEY)
    talker = kms.Talker(s, 3, 2)
    talker.tell("wait")
    s.qskms("subscriber", "revoke", "user-3")
    has(talker.read(), '"revoked"')
    talker.leave()
    equal(s.login(3, 3), NO_KEY)
    has(s.qskms("subscriber", "status", "user-1"), "used: 2")
    equal(s.stat("store"), "postgresql")
    s.load("--cards=2", "--keys=130", "--count=60", "--threads=16", "--first=1", "--skip=10")
    s.restart()
    equal(s.login(1, 1), NO_KEY)
    s.stop()


@test("a burn is committed before the first byte is sent")
def _(pg, folder):
    s = on(pg, folder, "durable").init().start()
    s.add_cards(1, 1, keys=10)
    # What the operator's database is set to by mistake
    pg.sql("ALTER DATABASE durable SET synchronous_commit = off")
    s.restart()
    equal(s.login(1, 0), OK)
    # A crash of the server: what was not synced is gone.
    pg.stop(signal.SIGQUIT)
    pg.start()
    equal(s.login(1, 0), NO_KEY)
    s.stop()


@test("a server that forgets after a crash is refused, and so is a standby")
def _(pg, folder):
    s = on(pg, folder, "forgetful").init()
    pg.stop()
    pg.start("-F")
    has(s.refuses_to_start(), "fsync is off")
    pg.stop()
    (pg.folder / "data" / "standby.signal").touch()
    pg.start()
    has(s.refuses_to_start(), "standby")
    pg.stop()
    (pg.folder / "data" / "standby.signal").unlink()
    pg.start()


@test("without the server logins are refused and burn nothing, and work again with it")
def _(pg, folder):
    s = on(pg, folder, "gone").init().start()
    s.add_cards(1, 2, keys=10)
    talker = kms.Talker(s, 1, 0)
    pg.stop()
    equal(s.login(1, 1), FAILED)
    equal(talker.ask(request(1, "c", "caller", 2)), "error unavailable")
    has(s.qskms("stats", status=2), "cannot")
    has(s.said(), "cannot connect")
    has(s.refuses_to_start("--admin", s.folder / "second.sock"), "cannot connect")
    pg.start()
    equal(s.login(1, 1), OK)
    equal(s.login(1, 1), NO_KEY)
    has(talker.ask(request(1, "c", "caller", 2)), "key ")
    talker.leave()
    s.stop()


@test("no key gets in twice, however often the server is restarted")
def _(pg, folder):
    s = on(pg, folder, "restarted").init().start()
    s.add_cards(1, 2, keys=25 * RESTARTS)
    diagnose(f"QSC_SEED={RANDOM}")
    count = 170 * RESTARTS
    load = subprocess.Popen(
        s.load_command(
            "--mode=contend",
            "--cards=2",
            f"--keys={25 * RESTARTS}",
            f"--threads={THREADS}",
            f"--count={count}",
            f"--report={count // (RESTARTS + 1)}",
            f"--random={RANDOM}",
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    said, restarts = "", 0
    for line in load.stdout:
        said += line
        if line.startswith("attempts") and restarts < RESTARTS:
            pg.stop(signal.SIGQUIT if restarts % 2 else signal.SIGINT)
            pg.start()
            restarts += 1
    equal((load.wait(), restarts), (0, RESTARTS))
    result = kms.numbers(said)
    diagnose(said.splitlines()[-2])
    assert result["lost"] <= RESTARTS * THREADS, said
    assert result["before"] > 50, said
    s.stop()


def try_twice(s, n, first):
    """A key whose first login failed may be lost, or good for one more."""
    if first == OK:
        equal(s.login(1, n), NO_KEY)
        return 0
    second = s.login(1, n)
    assert second in (OK, NO_KEY), (n, first, second)
    equal(s.login(1, n), NO_KEY)
    return second == NO_KEY


def not_failed(login):
    return None if login == FAILED else login


@test("a login survives the loss of its connection at each message, and no key gets in twice")
def _(pg, folder):
    pg.database("cut")
    with Proxy(pg) as proxy:
        s = Service(folder, "cut", f"postgresql:{proxy.conninfo('cut')}").init().start()
        s.add_cards(1, 1, keys=100)
        key = lost = 0
        for deliver in False, True:
            struck = skip = 0
            while struck or not skip:
                proxy.cut(skip, deliver)
                first = s.login(1, key)
                struck = proxy.cut(None)
                # COMMIT got through, but nobody was told: then the key is not given out.
                committed = skip + deliver >= 15
                assert first == OK or struck and committed and first == NO_KEY, (skip, first)
                lost += try_twice(s, key, first)
                skip += 1
                key += 1
                # 4 for the look-up; 4, 3, 4 and 1 for BEGIN, burn, COMMIT and the end
            equal((deliver, skip), (deliver, 17))
        diagnose(f"keys {key} lost {lost}")
        assert 1 <= lost <= 3, lost
        # The server is there, but cannot be talked to.
        proxy.cut(0, every=0)
        equal(s.login(1, key), FAILED)
        proxy.cut(None)
        # Nor is it asked for as long as it has kept the service waiting.
        equal(s.wait_for(lambda: not_failed(s.login(1, key))), OK)
        equal(s.login(1, key), NO_KEY)
        s.stop()


@test("many logins at once survive the loss of connections")
def _(pg, folder):
    pg.database("cuts")
    with Proxy(pg) as proxy:
        s = Service(folder, "cuts", f"postgresql:{proxy.conninfo('cuts')}").init().start()
        s.add_cards(1, 2, keys=40)
        diagnose(f"QSC_SEED={RANDOM}")
        # Setting a connection up again takes 60.
        proxy.cut(50, every=120 + int(RANDOM) % 40)
        s.load("--mode=contend", "--cards=2", "--keys=40", f"--threads={THREADS}",
               "--count=400", f"--random={RANDOM}")  # fmt: skip
        cuts = proxy.cut(None)
        diagnose(f"connections lost {cuts}")
        assert cuts >= 20, cuts
        s.stop()


@test("two services on one store: a key gets in at one of them, a revocation reaches both")
def _(pg, folder):
    a = on(pg, folder, "shared").init().start()
    a.add_cards(1, 3, keys=100)
    b = Service(folder, "shared-too", a.store)
    b.kit = a.kit
    b.start()
    a.load("--mode=race", "--cards=1", "--keys=40", "--threads=16", services=[b])
    equal([a.login(1, 50), b.login(1, 50)], [OK, NO_KEY])
    talker = kms.Talker(b, 2, 0)
    a.qskms("subscriber", "revoke", "user-2")
    equal(b.login(2, 1), NO_KEY)
    equal(talker.ask(request(2, "c", "caller", 1)), "error revoked")
    equal(b.call(1, 51, "c", "caller", 2), "error no-such-peer")
    talker.leave()
    a.stop()
    b.stop()


@test("a damaged row is told of, and does not bring the service down")
def _(pg, folder):
    s = on(pg, folder, "damaged").init().start()
    s.add_cards(1, 2, keys=100)
    pg.sql("UPDATE qskms_pool SET keys = set_byte(keys, 99, 255 - get_byte(keys, 99))", "damaged")
    equal(s.login(1, 0), FAILED)
    has(s.said(), "damaged or changed")
    pg.sql("UPDATE qskms_card SET subscriber = 'mallory' WHERE number = 2", "damaged")
    equal(s.login(2, 0), FAILED)
    s.stop()


def main():
    kms.build()
    with kms.Folder() as folder, Postgres() as pg:
        return run(pg, folder)


if __name__ == "__main__":
    sys.exit(main())
