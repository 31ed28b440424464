"""The example of docs/emitter, built against the installed library, and recorded.

test_emitter.py BRILLE CMAKE BUILD CC PKG_CONFIG SOURCE [COMPILER FLAGS...]
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BRILLE, CMAKE, BUILD, CC, PKG_CONFIG, SOURCE = sys.argv[1:7]
FLAGS = sys.argv[7:]
LIMIT_S = 120


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=LIMIT_S, check=True, **options).stdout


class EmitterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="brille-emitter-"))
        prefix = cls.folder / "installed"
        run(CMAKE, "--install", BUILD, "--prefix", prefix, "--component", "tracer")
        cls.prefix = prefix
        found = [path.parent for path in prefix.rglob("brille-tracer.pc")]
        environment = {**os.environ, "PKG_CONFIG_PATH": str(found[0])}
        cls.cflags = run(PKG_CONFIG, "--cflags", "brille-tracer", env=environment).split()
        cls.libs = run(PKG_CONFIG, "--static", "--libs", "brille-tracer", env=environment).split()
        cls.program = cls.folder / "stones"
        run(CC, "-std=gnu11", "-Wall", "-Wextra", "-Werror", *FLAGS, *cls.cflags, SOURCE, *cls.libs,
            "-o", cls.program)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.process = subprocess.Popen([self.program, "100"], stderr=subprocess.PIPE)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)

    def record(self, *arguments):
        path = self.folder / "stones.trace"
        subprocess.run([BRILLE, "record", str(self.process.pid), "-o", path, *arguments],
                       timeout=LIMIT_S, check=True, capture_output=True)
        return path

    def events(self, path):
        lines = run(BRILLE, "export", path, "--to", "ndjson").splitlines()
        return [json.loads(line) for line in lines[1:]]

    def test_one_header_is_installed_and_is_enough(self):
        headers = [path.relative_to(self.prefix).as_posix() for path in self.prefix.rglob("*.h")]
        self.assertEqual(headers, ["include/brille/tracer.h"])

    def test_the_events_are_those_of_the_program(self):
        path = self.record("-e", "alloc,refcount", "--seconds", "1")
        events = self.events(path)
        kinds = {event["event"] for event in events}
        self.assertLessEqual({"alloc", "free", "incref", "decref"}, kinds)
        counts = {}
        checked = 0
        for event in events:
            address, kind = event.get("address"), event["event"]
            if kind == "snapshot":
                counts[address] = event["refcount"]
            elif kind == "alloc":
                self.assertEqual((event["type"], event["module"]), ("stone", "game"))
                self.assertEqual(event["size"], 16)
                self.assertEqual(counts.get(address, 0), 0)
                counts[address] = 1
            elif kind in ("incref", "decref"):
                counts[address] += 1 if kind == "incref" else -1
                self.assertGreaterEqual(counts[address], 0)
                self.assertEqual((event["function"], event["file"]), ("play", "stones.c"))
                self.assertEqual(event["line"], 47 if kind == "incref" else 54)
                checked += 1
            elif kind == "free":
                self.assertEqual(counts[address], 0)
        self.assertGreater(checked, 100)
        self.assertLessEqual(len(counts), 64)

    def test_the_lines_of_the_example_are_what_it_says(self):
        lines = pathlib.Path(SOURCE).read_text(encoding="utf-8").splitlines()
        self.assertIn("brille_tracer_incref", lines[47 - 1])
        self.assertIn("brille_tracer_decref", lines[54 - 1])

    def test_verbs_answer_about_it(self):
        allocs = json.loads(run(BRILLE, "allocs", self.process.pid, "--for", "500ms", "--by", "type",
                                "--json"))
        self.assertIn("stone", json.dumps(allocs))
        self.assertIsNone(self.process.poll())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
