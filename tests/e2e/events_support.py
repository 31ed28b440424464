"""What the end-to-end tests of events share: the two programs under test, programs to look at.

Every test file is run as `test_x.py BRILLE BRILLE_PYTHON [unittest arguments]`.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BRILLE, VM = sys.argv[1:3]
os.environ["BRILLE_VM"] = VM
PROGRAMS = pathlib.Path(__file__).parent / "event_programs"
PATIENCE = int(os.environ.get("BRILLE_TEST_PATIENCE", "1"))  # more in the hostile builds
LIMIT_S = 120 * PATIENCE


def program(name):
    return str(PROGRAMS / f"{name}.py")


def brille(*arguments, **options):
    """Runs brille to its end. Never raises for its status; raises when it hangs."""
    options.setdefault("capture_output", True)
    options.setdefault("text", True)
    return subprocess.run([BRILLE, *map(str, arguments)], timeout=LIMIT_S, **options)


def start_brille(*arguments, **options):
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([BRILLE, *map(str, arguments)], text=True, **options)


def wait_until(question, seconds=LIMIT_S):
    end = time.monotonic() + seconds
    while not question():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Running:
    """A program under brille-python, from its READY line to the end of the with block."""

    def __init__(self, name, *arguments, options=()):
        self.process = subprocess.Popen([VM, *options, program(name), *map(str, arguments)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.pid = self.process.pid

    def __enter__(self):
        line = self.process.stdout.readline()
        if line.strip() != "READY":
            raise AssertionError(f"the program did not start: {line!r} {self.process.stderr.read()}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def alive(self):
        return self.process.poll() is None and self.state() not in "ZXTt"

    def state(self):
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0]

    def tracing(self):
        """What `brille ps` says: "off", "requested" or classes."""
        rows = json.loads(brille("ps", "--json").stdout)["processes"]
        return next(row["tracing"] for row in rows if row["pid"] == self.pid)

    def ticks(self):
        """Whether it goes on: the next line comes."""
        return self.process.stdout.readline() != ""


class EventTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def good(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def answer(self, *arguments):
        """The JSON answer of a verb."""
        return json.loads(self.good(brille(*arguments, "--json")))

    def refused(self, done, status, *words):
        """One clear error: the status, nothing on stdout, `brille: what`, then why and try alone."""
        self.assertEqual(done.returncode, status, f"{done.stdout}{done.stderr}")
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertTrue(lines and lines[0].startswith("brille: "), done.stderr)
        for line in lines[1:]:
            self.assertRegex(line, r"^  (why|try): ")
        self.assertLessEqual(len(lines), 3, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def lines(self, path):
        """The lines of a trace as they come, the head first: millions do not fit in memory."""
        with start_brille("export", path, "--to", "ndjson") as export:
            try:
                for line in export.stdout:
                    yield json.loads(line)
            except GeneratorExit:
                export.kill()
                raise
            self.assertEqual(export.wait(), 0, export.stderr.read())

    def head(self, path):
        return next(self.lines(path))

    def events(self, path):
        lines = self.lines(path)
        next(lines)
        return lines


def send(process, number):
    process.send_signal(number)


def main():
    del sys.argv[1:3]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unittest.main(verbosity=2)
