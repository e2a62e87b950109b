#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Session keys from a key management entity (ETSI GS QKD 014)."""

import base64
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import kms  # noqa: E402
from kme import PATH, SLAVE, Kme, certificates  # noqa: E402
from kms import Service  # noqa: E402
from tap import equal, has, run, test  # noqa: E402

slots = iter(range(1000))


def options(folder, port, name="client", **other):
    words = {
        "source": f"kme:https://127.0.0.1:{port}",
        "kme-sae": SLAVE,
        "kme-cert": folder / f"{name}.pem",
        "kme-key": folder / f"{name}.key",
        "kme-ca": folder / "ca.pem",
    } | other
    return [f"--{name}={value}" for name, value in words.items()]


def ask(s):
    """A caller's session key, or what it is told."""
    n = next(slots)
    return s.call(1, n, f"call-{n}", "caller", 2)


def ask_until(s, want):
    """The service goes on trying: once a second after a failure."""
    while not (answer := ask(s)).startswith(want):
        pass
    return answer


@test("keys come from the KME, as many as are used and a few in advance")
def _(s, folder):
    kme = Kme(folder)
    s.start(*options(folder, kme.port))
    answers = {ask_until(s, "key ") for _ in range(40)}
    equal(len(answers), 40)
    equal({path for path, _ in kme.requests}, {PATH})
    equal({body["size"] for _, body in kme.requests}, {256})
    assert 40 <= len(kme.keys) <= 40 + 96, len(kme.keys)
    # Mixed with the kernel's numbers: the KME alone does not know them.
    given = {key.hex() for key in kme.keys}
    assert not given & {answer.split()[1] for answer in answers}
    equal(len(given), len(kme.keys))
    s.stop()
    kme.stop()


@test("caller and callee get the same key, and there is no other source")
def _(s, folder):
    kme = Kme(folder)
    s.start(*options(folder, kme.port))
    key = ask_until(s, "key ")
    n = next(slots) - 1
    equal(s.call(2, n, f"call-{n}", "callee", 1), key)
    kme.stop()
    ask_until(s, "error unavailable")
    has(s.said(), "the KME cannot be reached")
    kme = Kme(folder, kme.port)
    ask_until(s, "key ")
    s.stop()
    kme.stop()


@test("what is no list of keys is not used")
def _(s, folder):
    def keys(*texts):
        return json.dumps({"keys": [{"key_ID": "x", "key": text} for text in texts]})

    good = base64.b64encode(bytes(range(32))).decode()
    kme = Kme(folder)
    for status, text, said in (
        (200, "", "not a list"),
        (200, "{", "not a list"),
        (200, "[]", "not a list"),
        (200, '{"keys":17}', "not a list"),
        (200, '{"keys":[]}', "not a list"),
        (200, '{"keys":[17]}', "not a list"),
        (200, '{"keys":[{"key_ID":"x"}]}', "not a list"),
        (200, keys(17), "not a list"),
        (200, keys(good[:-4]), "not a list"),
        (200, keys(good + "AAAA"), "not a list"),
        (200, keys(*[good] * 200), "not a list"),
        (200, "x" * 100000, "cannot be reached"),
        (200, keys(good, good), "repeats itself"),
        (200, keys(base64.b64encode(bytes(32)).decode()), "repeats itself"),
        (400, '{"message":"bad SAE"}', "400, bad SAE"),
        (401, "nonsense", "says no: 401"),
        (503, '{"message":"no keys left","details":[]}', "503, no keys left"),
    ):
        kme.answer = status, text
        begin = len(s.said())
        s.start(*options(folder, kme.port))
        equal(ask(s), "error unavailable")
        s.wait_for(lambda: said in s.said(begin))
        s.stop()
    # The way back is the same for all of them.
    kme.answer = 503, "{}"
    s.start(*options(folder, kme.port))
    equal(ask(s), "error unavailable")
    kme.answer = None
    ask_until(s, "key ")
    s.stop()
    kme.stop()


@test("a stranger gets no keys, and gives none")
def _(s, folder):
    kme = Kme(folder)
    s.start(*options(folder, kme.port, name="stranger"))
    equal(ask(s), "error unavailable")
    s.restart(*options(folder, kme.port, **{"kme-ca": folder / "other-ca.pem"}))
    equal(ask(s), "error unavailable")
    has(s.said(), "the KME cannot be reached")
    s.stop()
    equal(kme.requests, [])
    kme.stop()


@test("a KME that is not described whole is refused")
def _(s, folder):
    for name in "kme-sae", "kme-cert", "kme-key", "kme-ca":
        words = [w for w in options(folder, 1) if not w.startswith(f"--{name}=")]
        has(s.refuses_to_start(*words), "--kme-sae, --kme-cert, --kme-key and --kme-ca")
    has(s.refuses_to_start(*options(folder, 1, source="kme:http://127.0.0.1")), "https://")


def main():
    kms.build()
    with kms.Folder() as folder:
        certificates(folder)
        service = Service(folder).init().start()
        service.add_cards(1, 2, keys=1000)
        service.stop()
        return run(service, folder)


if __name__ == "__main__":
    sys.exit(main())
