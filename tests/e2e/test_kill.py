"""Whoever is killed: the other one goes on, and what was committed can be read.

usage: test_kill.py BRILLE BRILLE_PYTHON [ROUNDS]
"""
import os
import random
import signal
import sys
import time

ROUNDS = int(sys.argv.pop(3)) if len(sys.argv) > 3 and sys.argv[3].isdigit() else 12

from events_support import LIMIT_S, EventTest, Running, brille, main, start_brille, wait_until

LENGTHS = [0.0, 0.002, 0.01, 0.05, 0.15, 0.4]


class Kill(EventTest):
    def pause(self):
        time.sleep(random.choice(LENGTHS) * random.random() * 2)

    def test_recorder_is_killed(self):
        with Running("busy", 300) as target:
            for round_ in range(ROUNDS):
                with self.subTest(round_):
                    record = start_brille("record", target.pid, "-o", self.path("t.trace"))
                    self.pause()
                    record.kill()
                    record.communicate()
                    self.assertTrue(target.alive())
                    self.assertTrue(target.ticks())
                    # The next one takes the place of the dead one, and leaves no trace of it.
                    self.good(brille("record", target.pid, "-e", "gc", "-s", 0.05, "-o",
                                     self.path("u.trace")))
                    self.assertEqual(target.tracing(), "off")
            self.assertTrue(target.ticks())

    def test_file_of_a_killed_recorder_is_readable(self):
        path = self.path("t.trace")
        with Running("busy", 60) as target:
            record = start_brille("record", target.pid, "-e", "gil,gc", "-o", path)
            self.assertTrue(wait_until(lambda: os.path.exists(path) and os.path.getsize(path) > 3000))
            record.kill()
            record.communicate()
            self.assertTrue(target.ticks())
        done = brille("gil", path)
        self.good(done)
        self.assertIn("ends early", done.stderr)

    def test_other_verbs_are_killed(self):
        with Running("busy", 300) as target:
            for round_ in range(ROUNDS):
                verb = ["gil", "gc", "stack", "dump"][round_ % 4]
                extra = ["-o", self.path("x.heap")] if verb == "dump" else []
                with self.subTest(verb, round=round_):
                    process = start_brille(verb, target.pid, *extra)
                    self.pause()
                    process.kill()
                    process.communicate()
                    self.assertTrue(wait_until(target.alive))
                    self.assertTrue(target.ticks())
            self.assertTrue(wait_until(lambda: not self.strays(target)), self.strays(target))

    def strays(self, target):
        """Children of the target: there are none of its own."""
        with open(f"/proc/{target.pid}/task/{target.pid}/children", encoding="utf-8") as file:
            return file.read().split()

    def test_target_is_killed(self):
        for round_ in range(ROUNDS):
            with self.subTest(round_), Running("busy", 300) as target:
                path = self.path(f"{round_}.trace")
                record = start_brille("record", target.pid, "-e", "all", "-o", path)
                self.assertTrue(wait_until(lambda: os.path.exists(path) or record.poll() is not None))
                self.pause()
                target.process.send_signal(signal.SIGKILL)
                out, err = record.communicate(timeout=LIMIT_S)
                self.assertEqual(record.returncode, 0, err)
                self.assertIn("the process was killed", out)
                answer = self.answer("gc", path)
                self.assertFalse(answer["source"]["cut_short"])
                os.unlink(path)


main()
