"""Runs one of CPython's test files and says, a line a test, how each of them went.

Usage: one_file.py MODULE RESULTS SKIP SECONDS

RESULTS is appended to, one JSON list a line: ["start", id], then ["ok" | "fail" | "skip", id,
reason]; a module that cannot be loaded is ["load", module, reason], and the end is ["end"].
Whoever reads it therefore knows which test was running when the process died. SKIP names a file
with the ids that are not to be run (again). A test that takes longer than SECONDS is interrupted.

It runs under both interpreters and uses no more of the library than unittest does.
"""
import json
import os
import signal
import sys
import unittest

OUT = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def say(*words):
    os.write(OUT, (json.dumps(words) + "\n").encode())


class TookTooLong(BaseException):
    pass


def on_alarm(signum, frame):
    raise TookTooLong("took too long")


def reason_of(err):
    kind, value, _ = err
    try:
        text = str(value).strip()
    except Exception:
        text = ""
    if "Traceback (most recent call last):" in text:
        return text.splitlines()[-1][:400]
    text = text.replace("\n", " | ")
    return (kind.__name__ + ": " + text)[:400]


class Recorder(unittest.TestResult):
    """Tells each result at once. What fails outside a test (setUpClass) is a failure of its own."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds
        self.verdict = None

    def startTest(self, test):
        self.verdict = ["ok", ""]
        self.running = test.id()
        say("start", self.running)
        signal.alarm(self.seconds)

    def stopTest(self, test):
        signal.alarm(0)
        say(self.verdict[0], self.running, self.verdict[1])
        self.verdict = None

    def fail(self, test, err):
        if self.verdict is None:
            say("fail", test.id(), reason_of(err))
        elif self.verdict[0] != "fail":
            self.verdict = ["fail", reason_of(err)]

    addError = addFailure = fail

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.fail(test, err)

    def addSkip(self, test, reason):
        if self.verdict is None:
            say("skip", test.id(), str(reason))
        elif self.verdict[0] == "ok":
            self.verdict = ["skip", str(reason)]

    def addUnexpectedSuccess(self, test):
        self.fail(test, (AssertionError, "unexpected success", None))


def without(suite, names):
    """The same suite without the tests of these ids, its order and nesting kept."""
    kept = unittest.TestSuite()
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            kept.addTest(without(part, names))
        elif part.id() not in names:
            kept.addTest(part)
    return kept


def main():
    module, skip, seconds = sys.argv[1], sys.argv[3], int(sys.argv[4])
    sys.argv = [module]
    with open(skip) as f:
        skipped = set(f.read().splitlines())
    signal.signal(signal.SIGALRM, on_alarm)
    from test import support
    support.verbose = 0
    loader = unittest.TestLoader()
    try:
        suite = loader.loadTestsFromName(module)
    except unittest.SkipTest as e:
        say("skip", module, str(e))
        say("end")
        return
    except BaseException:
        say("load", module, reason_of(sys.exc_info()))
        return
    for part in suite:
        if type(part).__name__ == "_FailedTest":
            say("load", module, reason_of((type(part._exception), part._exception, None)))
            return
    without(suite, skipped).run(Recorder(seconds))
    say("end")


main()
