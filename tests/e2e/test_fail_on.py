"""--fail-on: exit status 1 exactly when something leaks, and the recipes of docs/howto/fail_on_a_leak.md."""
import os
import pathlib
import re
import subprocess
import sys
import textwrap

from events_support import BRILLE, LIMIT_S, VM, EventTest, brille, main

HOWTO = pathlib.Path(__file__).parents[2] / "docs" / "howto"

# Keeps a row for each line it reads if it leaks, forgets it if it does not; answers when it has done so.
SERVICE = """
import sys
KEPT = []
def handle(number, leaks):
    row = {"number": number, "text": "row %d" % number, "list": [number] * 20}
    if leaks:
        KEPT.append(row)
print("READY", flush=True)
for line in sys.stdin:
    for number in range(int(line)):
        handle(number, len(sys.argv) > 1)
    print("DONE", flush=True)
"""

# Inside a test, as the page says. The first half of the rows warms up.
INSIDE = """
import sys
sys.path.insert(0, sys.argv[1])
from no_growth import Growth, no_growth
KEPT = []
def handle(number, leaks):
    row = {"number": number, "list": [number] * 20}
    if leaks:
        KEPT.append(row)
def run(leaks):
    for number in range(100):
        handle(number, leaks)
    with no_growth("100KB"):
        for number in range(3000):
            handle(number, leaks)
run(False)
try:
    run(True)
except Growth as error:
    assert "KEPT" in str(error), error
    print("caught")
"""

# The service of the page: works through a named pipe, so that a shell script can ask it.
PIPED = """
import os
KEPT = []
while True:
    with open("requests.pipe") as pipe:
        count = int(pipe.read() or 0)
    for number in range(count):
        row = {"number": number, "list": [number] * 5}
        if os.path.exists("leak"):
            KEPT.append(row)
    with open("answers", "a") as answers:
        answers.write("%d\\n" % count)
"""
REQUESTS = """#!/bin/sh
before=$(wc -l <answers)
echo $1 >requests.pipe
while [ $(wc -l <answers) = $before ]; do sleep 0.05; done
"""


class Service:
    def __init__(self, python, leaks):
        self.process = subprocess.Popen([python, "-c", SERVICE] + ["leaks"] * leaks, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def __enter__(self):
        assert self.process.stdout.readline() == "READY\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def work(self, count):
        self.process.stdin.write("%d\n" % count)
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "DONE\n"


class FailOn(EventTest):
    def outcome(self, python, leaks, condition):
        with Service(python, leaks) as service:
            service.work(200)
            self.good(brille("dump", service.pid, "-o", self.path("A.heap")))
            service.work(2000)
            done = brille("leaks", self.path("A.heap"), service.pid, "--fail-on", condition)
            told = brille("leaks", self.path("A.heap"), service.pid, "--fail-on", condition, "--json")
            self.assertEqual(told.returncode, done.returncode)
            self.assertIn('"failed":%s' % ("true" if done.returncode else "false"), told.stdout)
        if done.returncode == 1:
            self.assertIn(f"! --fail-on '{condition}' is the case", done.stdout)
            self.assertIn("KEPT", done.stdout)
        return done.returncode

    def check_python(self, python):
        self.assertEqual(self.outcome(python, True, "growth>500KB"), 1)
        self.assertEqual(self.outcome(python, True, "growth>500MB"), 0)
        self.assertEqual(self.outcome(python, False, "growth>500KB"), 0)

    def test_since_a_dump(self):
        self.check_python(VM)

    def test_since_a_dump_of_cpython(self):
        self.check_python(sys.executable)

    def check_watching(self, python):
        grow = ("import time\nKEPT = []\nprint('READY', flush=True)\nwhile True:\n    KEPT.extend({i: i} for i in "
                "range(300))\n    time.sleep(0.02)")
        rest = "import time\nprint('READY', flush=True)\nwhile True:\n    time.sleep(0.02)"
        for program, status in ((grow, 1), (rest, 0)):
            process = subprocess.Popen([python, "-c", program], stdout=subprocess.PIPE, text=True)
            try:
                self.assertEqual(process.stdout.readline(), "READY\n")
                done = brille("leaks", process.pid, "--every", "400ms", "--count", "3", "--fail-on", "growth>200KB")
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
                self.assertIsNone(process.poll())
                self.assertEqual("step by step" in done.stdout, status == 1, done.stdout)
            finally:
                process.kill()
                process.communicate()

    def test_watching(self):
        self.check_watching(VM)

    def test_watching_cpython(self):
        self.check_watching(sys.executable)

    def test_what_is_held(self):
        with Service(sys.executable, True) as service:
            service.work(5000)
            self.assertEqual(brille("leaks", service.pid, "--fail-on", "retained>1MB").returncode, 1)
            self.assertEqual(brille("leaks", service.pid, "--fail-on", "retained>=1GB").returncode, 0)

    def test_mistakes(self):
        with Service(sys.executable, False) as service:
            pid = service.pid
            self.refused(brille("leaks", pid, "--fail-on", "growth>1MB"), 2, "no growth")
            self.refused(brille("leaks", pid, "--every", "1s", "--fail-on", "grows>1MB"), 2, "--fail-on")
            self.refused(brille("leaks", pid, "--every", "1s", "--fail-on", "growth>much"), 2, "--fail-on")
        self.refused(brille("leaks", pid, "--every", "1s", "--fail-on", "growth>1MB"), 3, str(pid))

    def test_that_dies_meanwhile(self):
        with Service(sys.executable, True) as service:
            with subprocess.Popen([BRILLE, "leaks", str(service.pid), "--every", "3s", "--fail-on", "growth>1MB"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
                service.process.kill()
                service.process.wait()
                complaint = watching.communicate(timeout=LIMIT_S)[1]
                self.assertEqual(watching.returncode, 3, complaint)


class Recipes(EventTest):
    def block(self, language):
        page = (HOWTO / "fail_on_a_leak.md").read_text(encoding="utf-8")
        return re.search("```%s\n(.*?)```" % language, page, re.S)[1]

    def test_around_a_service(self):
        for name, text in (("service.py", PIPED), ("requests", REQUESTS), ("answers", "")):
            pathlib.Path(self.path(name)).write_text(text, encoding="utf-8")
        os.chmod(self.path("requests"), 0o755)
        os.mkfifo(self.path("requests.pipe"))
        paths = os.pathsep.join([os.path.dirname(os.path.abspath(BRILLE)), os.environ["PATH"]])
        for status in (0, 1):
            done = subprocess.run(["sh", "-c", self.block("sh")], cwd=self.folder.name, timeout=LIMIT_S, text=True,
                                  capture_output=True, env=dict(os.environ, PATH=paths))
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            pathlib.Path(self.path("leak")).touch()
        self.assertIn("KEPT", done.stdout)

    def test_inside_a_test(self):
        done = subprocess.run([sys.executable, "-c", INSIDE, str(HOWTO)], text=True, capture_output=True,
                              timeout=LIMIT_S, env=dict(os.environ, BRILLE=os.path.abspath(BRILLE)))
        self.assertEqual((done.stdout, done.returncode), ("caught\n", 0), done.stderr)

    def test_the_page_shows_the_module(self):
        page = textwrap.dedent(self.block("python"))
        self.assertIn("from no_growth import no_growth", page)
        compile(page, "page", "exec")


if __name__ == "__main__":
    assert BRILLE
    main()
