# SPDX-License-Identifier: GPL-2.0
"""TAP for tests in Python: each function marked with @test is one.

    @test("what it promises")
    def name(...): ...			# fails by any exception

    run(argument, ...)			# all of them in order; the exit status
"""

import sys
import traceback

tests = []


class Skip(Exception):
    """Raised with the reason by a test that cannot run here."""


class Failure(AssertionError):
    """Raised with all that there is to say: where it was raised says no more."""


def test(promise):
    def mark(function):
        tests.append((promise, function))
        return function

    return mark


def diagnose(text):
    for line in str(text).splitlines():
        print(f"# {line}")


def skip_all(reason):
    print(f"TAP version 13\n1..0 # SKIP {reason}")
    sys.exit(0)


def run(*args):
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    failed = 0
    for number, (promise, function) in enumerate(tests, 1):
        result, directive = "ok", ""
        try:
            function(*args)
        except Skip as reason:
            directive = f" # SKIP {reason}"
        except Failure as failure:
            diagnose(failure)
            result = "not ok"
            failed += 1
        except Exception:  # whatever it is, the other tests run
            diagnose(traceback.format_exc())
            result = "not ok"
            failed += 1
        print(f"{result} {number} {promise}{directive}", flush=True)
    return 1 if failed else 0


def equal(got, want):
    if got != want:
        raise AssertionError(f"wanted {want!r}, got {got!r}")


def has(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text[-2000:]!r}")
