"""Whoever is killed at whatever moment: the other one goes on, nothing is left behind, and what was
committed can be read.

usage: test_kill.py BRILLE BRILLE_PYTHON [ROUNDS]      rounds of each kind, default 100
"""
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

ROUNDS = int(sys.argv.pop(3)) if len(sys.argv) > 3 and sys.argv[3].isdigit() else 100

from events_support import (LIMIT_S, VM, EventTest, Running, brille, main, program, start_brille,
                            wait_until)
from kill_support import Watched, children, mark, marked

VERBS = ("dump", "stack", "dump", "gil", "dump", "stack", "gc", "record")


def busy():
    return Watched(VM, program("busy"), "3600", "0", "0.002")


def start(*arguments, **options):
    return start_brille(*arguments, env=mark(), **options)


class Kill(EventTest):
    def watch(self):
        target = busy()
        self.addCleanup(target.close)
        return target

    def command(self, verb, target):
        extra = {"dump": ["-o", self.path("x.heap")], "gil": ["--for", "50ms"],
                 "gc": ["--for", "50ms"], "record": ["-s", "0.05", "-o", self.path("x.trace")]}
        return [verb, target.pid, *extra.get(verb, [])]

    def lengths(self, target):
        """How long each verb takes here and now."""
        taken = {}
        for verb in set(VERBS):
            begin = time.monotonic()
            self.good(brille(*self.command(verb, target)))
            taken[verb] = time.monotonic() - begin
        return taken

    def check_unharmed(self, target):
        self.assertTrue(wait_until(target.is_left_alone),
                        f"{target.threads()}, children {target.children()}")
        self.assertTrue(wait_until(lambda: not marked()), "a process of brille stays")
        self.assertEqual(target.patched(), [])
        self.assertTrue(target.goes_on())
        self.assertIsNone(target.process.poll())

    def check_end(self, target):
        """Nothing of the rounds is left to disturb whoever comes next, and it never miscounted."""
        answer = self.answer("record", target.pid, "-e", "gc", "-s", 0.05, "-o", self.path("u"))
        self.assertEqual(answer["end"], "detached")
        rows = json.loads(brille("ps", "--json").stdout)["processes"]
        self.assertEqual([row["tracing"] for row in rows if row["pid"] == target.pid], ["off"])
        os.kill(target.pid, signal.SIGINT)
        last = target.process.communicate(timeout=LIMIT_S)[0]
        self.assertTrue(last.endswith(b"wrong 0\n"), last[-100:])

    def test_brille_is_killed(self):
        target = self.watch()
        lengths = self.lengths(target)
        for round_ in range(ROUNDS):
            verb = VERBS[round_ % len(VERBS)]
            with self.subTest(verb, round=round_):
                process = start(*self.command(verb, target))
                time.sleep(random.random() * lengths[verb])
                process.kill()
                process.communicate()
                self.check_unharmed(target)
        self.check_end(target)

    def test_keeper_is_killed(self):
        target = self.watch()
        length = self.lengths(target)["dump"]
        killed = 0
        while killed < ROUNDS:
            verb = ("dump", "stack")[killed % 2]
            with self.subTest(verb, killed=killed):
                process = start(*self.command(verb, target))
                keepers = []
                while process.poll() is None and not keepers:
                    keepers = self.keepers(process.pid)
                time.sleep(random.random() * length * 0.7)
                if keepers and self.keepers(process.pid):
                    with contextlib.suppress(ProcessLookupError):  # it ended at this moment
                        os.kill(keepers[0], signal.SIGKILL)
                        killed += 1
                out, err = process.communicate(timeout=LIMIT_S)
                self.assertIn(process.returncode, (0, 3), err)
                if process.returncode:
                    self.assertRegex(err, r"\Abrille: .*\n(  (why|try): .*\n){0,2}\Z")
                    self.assertEqual(out, "")
                self.check_unharmed(target)
        self.check_end(target)

    def keepers(self, pid):
        try:
            return children(pid)
        except OSError:
            return []

    def test_target_is_killed_in_a_capture(self):
        gone = 0
        for round_ in range(ROUNDS * 6 // 10):
            verb = ("dump", "stack")[round_ % 2]
            with self.subTest(verb, round=round_), Running("busy", 600) as target:
                process = start(*self.command(verb, target))
                time.sleep(random.random() * 0.15)
                target.process.kill()
                out, err = process.communicate(timeout=LIMIT_S)
                self.assertIn(process.returncode, (0, 3), err)
                if process.returncode:
                    gone += 1
                    self.assertRegex(err, r"\Abrille: .*\n(  (why|try): .*\n){0,2}\Z")
                    self.assertEqual(out, "")
                self.assertTrue(wait_until(lambda: not marked()), "a process of brille stays")
        self.assertGreater(gone, 0)

    def test_target_is_killed_while_it_is_recorded(self):
        for round_ in range(ROUNDS * 15 // 100 or 1):
            with self.subTest(round_), Running("busy", 600, 0.001) as target:
                path = self.path(f"{round_}.trace")
                record = start("record", target.pid, "-e", "all", "-o", path)
                self.assertTrue(wait_until(lambda: os.path.exists(path) or record.poll() is not None))
                time.sleep(random.random() * 0.3)
                target.process.kill()
                out, err = record.communicate(timeout=LIMIT_S)
                self.assertEqual(record.returncode, 0, err)
                self.assertIn("the process was killed", out)
                self.assertFalse(self.answer("gc", path)["source"]["cut_short"])
                os.unlink(path)

    def test_ring_of_a_killed_target_is_read_to_its_last_event(self):
        """growing.py makes byte strings, each longer than the one before, and says so after each:
        what it has said is in the ring."""
        for round_ in range(ROUNDS // 4):
            process = subprocess.Popen([VM, "-X", "trace=alloc", program("growing")], bufsize=0,
                                       stdout=subprocess.PIPE)
            with self.subTest(round_), open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
                ring = f"/dev/shm/brille-{process.pid}-{stat.read().rpartition(')')[2].split()[19]}"
                self.addCleanup(lambda path=ring: os.path.exists(path) and os.unlink(path))
                text = process.stdout.readline()  # which may come in two pieces
                time.sleep(random.random() ** 4 * 0.1)
                process.kill()
                text += process.communicate()[0]
                last = int(text[:text.rindex(b"\n")].split()[-1])
                path = self.path("t.trace")
                answer = self.answer("record", "--from-ring", ring, "-o", path)
                self.assertEqual((answer["end"], answer["dropped"]), ("killed", 0))
                sizes = [event["size"] for event in self.events(path)
                         if event["event"] == "alloc" and event["type"] == "bytes"]
                self.assertGreaterEqual(max(sizes), 10000 + last)
                os.unlink(ring)

    def test_file_of_a_killed_recorder_is_readable(self):
        path = self.path("t.trace")
        target = self.watch()
        record = start("record", target.pid, "-e", "gil,gc", "-o", path)
        self.assertTrue(wait_until(lambda: os.path.exists(path) and os.path.getsize(path) > 3000))
        record.kill()
        record.communicate()
        self.check_unharmed(target)
        done = brille("gil", path)
        self.good(done)
        self.assertIn("ends early", done.stderr)


main()
