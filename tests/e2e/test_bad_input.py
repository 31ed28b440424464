"""Whatever is wrong with what brille is given: one clear error, the right status, no crash, no hang.

Files are cut and flipped at places chosen by a fixed seed; a file that still opens may be answered
(status 0), but nothing may die of a signal.
"""
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading

from events_support import VM, EventTest, Running, brille, main, program, wait_until

PID_VERBS = ("dump", "stack", "record")
NO_PID = "999999999"
FLIPS = int(os.environ.get("BRILLE_FLIPS", "40"))


class Processes(EventTest):
    def test_no_pid(self):
        self.refused(brille("stack", "abc"), 2, "abc")
        self.refused(brille("record", "abc"), 2, "abc")
        for verb in ("dump", "gil", "gc", "summary"):
            self.refused(brille(verb, "abc"), 2, "'abc' is neither a process id nor a file")

    def test_gone(self):
        ended = subprocess.Popen([VM, "-c", "pass"])
        ended.wait()
        for verb in (*PID_VERBS, "gil", "gc", "summary"):
            for pid in (ended.pid, NO_PID):
                self.refused(brille(verb, pid), 3, str(pid))
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_zombie(self):
        zombie = subprocess.Popen([VM, "-c", "pass"], stdout=subprocess.PIPE)
        zombie.stdout.read()
        for verb in (*PID_VERBS, "gil"):
            self.refused(brille(verb, zombie.pid), 3, "has ended")
        zombie.communicate()

    def test_no_target(self):
        with subprocess.Popen(["sleep", "60"]) as sleeper:
            for verb in (*PID_VERBS, "gil", "gc"):
                self.refused(brille(verb, sleeper.pid, cwd=self.folder.name), 3,
                             f"process {sleeper.pid} (sleep)")
            self.assertEqual(os.listdir(self.folder.name), [])
            with open(f"/proc/{sleeper.pid}/stat", encoding="utf-8") as stat:
                self.assertIn(stat.read().rpartition(")")[2].split()[0], "SR")
            sleeper.kill()

    def test_other_user(self):
        if os.geteuid() == 0:
            if not shutil.which("setpriv"):
                self.skipTest("no setpriv")
            # As root nothing is refused: look with the eyes of nobody.
            folder = self.path("tools")
            os.mkdir(folder)
            os.chmod(self.folder.name, 0o755)
            copy = shutil.copy(brille.__globals__["BRILLE"], folder)
            nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy]
            with Running("asleep", 600) as target:
                for verb in (*PID_VERBS, "gil"):
                    done = subprocess.run([*nobody, verb, str(target.pid)], capture_output=True,
                                          text=True, cwd="/tmp", check=False)
                    self.refused(done, 3, f"process {target.pid}", "not permitted")
                self.assertTrue(target.alive())
        else:
            self.refused(brille("stack", 1), 3)

    def test_stopped_process_stays_stopped(self):
        with Running("asleep", 600) as target:
            target.process.send_signal(signal.SIGSTOP)
            self.assertTrue(wait_until(lambda: target.state() == "T"))
            self.assertIn("asleep.py", self.good(brille("stack", target.pid)))
            self.good(brille("dump", target.pid, "-o", self.path("a.heap")))
            self.good(brille("gil", target.pid, "--for", "50ms"))
            self.assertEqual(target.state(), "T")
            target.process.send_signal(signal.SIGCONT)
            self.assertTrue(wait_until(target.alive))

    def test_target_exits_meanwhile(self):
        for delay in (0.0, 0.01, 0.03, 0.1):
            for verb, extra in (("gil", ["--for", "20s"]), ("stack", []), ("dump", [])):
                with Running("busy", 600) as target:
                    timer = threading.Timer(delay, target.process.kill)
                    timer.start()
                    done = brille(verb, target.pid, *extra, cwd=self.folder.name)
                    timer.join()
                self.assertIn(done.returncode, (0, 3), done.stderr)
                if done.returncode:
                    self.refused(done, 3)


class Files(EventTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seed = random.Random(20)

    def make_trace(self):
        path = self.path("good.trace")
        self.good(brille("run", "-e", "all", "-o", path, program("counted")))
        return path

    def make_heap(self):
        path = self.path("good.heap")
        with Running("asleep", 600) as target:
            self.good(brille("dump", target.pid, "-o", path))
        return path

    def survives(self, *arguments):
        done = brille(*arguments, errors="replace")
        self.assertIn(done.returncode, (0, 2, 3), f"{arguments}: {done.stderr}")
        if done.returncode in (2, 3):
            lines = [line for line in done.stderr.splitlines() if "warning:" not in line]
            self.assertTrue(lines and lines[0].startswith("brille: "), done.stderr)
            self.assertLessEqual(len(lines), 3)
        return done

    def flipped(self, data):
        data = bytearray(data)
        data[self.seed.randrange(len(data))] ^= 1 << self.seed.randrange(8)
        return bytes(data)

    def hurt(self, path, verbs):
        with open(path, "rb") as file:
            good = file.read()
        bad = self.path("bad" + os.path.splitext(path)[1])
        refused = 0
        for i in range(FLIPS):
            hurt = self.flipped(good) if i % 2 else good[:self.seed.randrange(len(good))]
            with open(bad, "wb") as file:
                file.write(hurt)
            for verb in verbs:
                done = self.survives(verb[0], bad, *verb[1:])
                refused += done.returncode == 3 or "ends early" in done.stderr
        # Nearly all of it must have been noticed.
        self.assertGreater(refused, FLIPS * len(verbs) * 0.7)

    def test_hurt_traces(self):
        # What reads all of it: gil and gc pass over most blocks.
        self.hurt(self.make_trace(), [("allocs",), ("export", "--to", "ndjson")])

    def test_hurt_heaps(self):
        self.hurt(self.make_heap(), [("summary",), ("export", "--to", "ndjson")])

    def test_flipped_bit_of_a_trace_is_located(self):
        path = self.make_trace()
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 4]))
        self.refused(brille("allocs", path), 3, path)

    def test_files_that_are_none(self):
        for name, data in (("empty", b""), ("text", b"hello world\n" * 100),
                           ("zeros", b"\0" * 5000)):
            path = self.path(f"{name}.trace")
            with open(path, "wb") as file:
                file.write(data)
            for verb in ("gil", "gc", "summary", "types"):
                self.refused(brille(verb, path), 3, path)
        self.refused(brille("gil", self.path("none.trace")), 3, "none.trace: no such file")
        self.refused(brille("record", "--from-ring", self.path("none"), "-o", self.path("t")), 3)
        self.refused(brille("gil", self.folder.name), 3)

    def test_a_heap_is_no_trace_and_back(self):
        heap = self.make_heap()
        for verb in (("gil",), ("gc",), ("allocs",), ("history", "0x7f0000000010")):
            self.refused(brille(verb[0], heap, *verb[1:]), 2, "is a heap: events are in a trace",
                         f"brille {verb[0]} F.trace")
        self.refused(brille("gil-contention", heap), 2, "no use for", "try: a trace")
        self.refused(brille("growth", self.make_trace()), 2, "no use for", "@12.5s")
        self.refused(brille("types", self.make_trace()), 2, "a heap is one moment of it")

    def test_later_versions(self):
        path = self.make_trace()
        with open(path, "r+b") as file:
            file.seek(8)
            file.write(struct.pack("<H", 99))
        self.refused(brille("gil", path), 3)
        path = self.make_heap()
        with open(path, "r+b") as file:
            file.seek(8)
            file.write(struct.pack("<I", 99))
        self.refused(brille("summary", path), 3, path)
        ring = self.make_ring()
        with open(ring, "r+b") as file:
            file.seek(8)
            file.write(struct.pack("<H", 99))
        done = brille("record", "--from-ring", ring, "-o", self.path("t.trace"))
        self.refused(done, 3, "version 99")
        self.assertFalse(os.path.exists(self.path("t.trace")))

    def make_ring(self):
        process = subprocess.Popen([VM, "-X", "trace=all", program("growing")],
                                   stdout=subprocess.PIPE)
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
            start = stat.read().rpartition(")")[2].split()[19]
        process.stdout.readline()
        process.kill()
        process.communicate()
        ring = f"/dev/shm/brille-{process.pid}-{start}"
        copy = shutil.copy(ring, self.path("ring"))
        os.unlink(ring)
        return copy

    def test_hurt_rings(self):
        ring = self.make_ring()
        with open(ring, "rb") as file:
            good = file.read()
        for i in range(FLIPS):
            data = bytearray(good)
            for _ in range(1 + i % 5):
                where = self.seed.randrange(8192 if i % 2 else len(data))
                data[where] = self.seed.randrange(256)
            if i % 7 == 0:
                del data[self.seed.randrange(len(data)):]
            with open(ring, "wb") as file:
                file.write(data)
            done = self.survives("record", "--from-ring", ring, "-o", self.path("t.trace"))
            if done.returncode == 0:
                self.survives("gil", self.path("t.trace"))
                self.survives("export", self.path("t.trace"), "--to", "ndjson", "-o", os.devnull)


class Outputs(EventTest):
    def test_answers_that_cannot_be_written(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        heap = self.path("a.heap")
        with Running("asleep", 600) as target, open("/dev/full", "wb") as full:
            self.good(brille("dump", target.pid, "-o", heap))
            for arguments in (("summary", heap), ("types", heap, "--json"), ("ps",),
                              ("stack", target.pid), ("export", heap, "--to", "ndjson"),
                              ("--help",), ("leaks", "--help")):
                done = brille(*arguments, stdout=full, stderr=subprocess.PIPE,
                              capture_output=False)
                self.assertEqual(done.returncode, 3, arguments)
                self.assertRegex(done.stderr, r"\Abrille: cannot write the \w+: no space left on "
                                              r"device\n\Z", arguments)
            self.refused(brille("dump", target.pid, "-o", "/dev/full"), 3, "not a regular file")
            self.refused(brille("dump", target.pid, "-o", "/nowhere/a.heap"), 3, "/nowhere/a.heap")
            self.assertTrue(target.alive())

    def test_programs_whose_output_is_lost_say_so(self):
        """As CPython does."""
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        with open("/dev/full", "wb") as full:
            for code in ("print(1)", "print(1); 1/0", "import sys; print(1); sys.exit(3)",
                         "import sys; print(1); sys.stdout.close()", "print(1, flush=True)",
                         "print('x' * 100000)", "import sys; print(1); sys.stdout = None"):
                statuses = [subprocess.run([python, "-c", code], stdout=full, env=env,
                                           stderr=subprocess.DEVNULL, check=False).returncode
                            for python in (VM, sys.executable)]
                self.assertEqual(statuses[0], statuses[1], code)


class Scripts(EventTest):
    def test_python_file_with_a_syntax_error(self):
        path = self.path("bad.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write("def f():\n    return 1\n\nx = (1,\n")
        done = brille("run", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("line 4", done.stderr)
        self.assertIn("SyntaxError", done.stderr)

    def test_verbs_and_options(self):
        self.refused(brille("recrod", "1"), 2, "recrod", "record")
        self.refused(brille("gil", "1", "--fro", "1s"), 2, "--fro")
        self.refused(brille("gil", "1", "--for", "long"), 2, "'long' is no duration")
        self.refused(brille("gil"), 2, "gil needs TARGET")
        done = brille()
        self.assertEqual(done.returncode, 2)
        self.assertLessEqual(len(done.stderr.splitlines()), 3)


main()
