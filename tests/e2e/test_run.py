"""brille run: the program's own input, output and status; a whole trace of it."""
import os
import pty
import resource
import signal
import subprocess

from events_support import (BRILLE, LIMIT_S, VM, EventTest, brille, main, program, start_brille,
                            wait_until)
from kill_support import children

INPUT = "to be or not to be " * 50


class Run(EventTest):
    def both(self, *options):
        return brille("run", *options, program("output"), "-e", "all", "x", input=INPUT)

    def test_output_and_status_are_the_programs_own(self):
        plain = subprocess.run([VM, program("output"), "-e", "all", "x"], input=INPUT, text=True,
                               capture_output=True, check=False)
        for done in (self.both(), self.both("-e", "all", "-o", self.path("t.trace"))):
            self.assertEqual(done.stdout, plain.stdout)
            self.assertEqual(done.stderr, plain.stderr)
            self.assertEqual(done.returncode, 7)

    def test_trace_is_whole_and_begins_at_birth(self):
        path = self.path("t.trace")
        self.both("-e", "all", "-o", path)
        head = self.head(path)
        self.assertEqual((head["record"], head["origin"], head["cut_short"]),
                         ("trace", "birth", False))
        kinds = {event["event"] for event in self.events(path)}
        self.assertLessEqual({"alloc", "free", "incref", "decref", "enter", "leave", "gc_done",
                              "gil_acquire", "thread_start", "thread_exit"}, kinds)
        self.assertNotIn("snapshot", kinds)
        self.assertNotIn("dropped", kinds)
        # What every object's life must look like.
        counts = {}
        for event in self.events(path):
            kind, address = event["event"], event.get("address")
            if kind == "alloc":
                self.assertNotIn(address, counts)
                counts[address] = 1
            elif kind in ("incref", "decref"):
                counts[address] += 1 if kind == "incref" else -1
                self.assertGreaterEqual(counts[address], 0)
            elif kind == "free":
                del counts[address]

    def test_classes_are_those_asked_for(self):
        path = self.path("t.trace")
        self.both("-e", "gc,gil", "-o", path)
        kinds = {event["event"] for event in self.events(path)}
        self.assertIn("gil_acquire", kinds)
        self.assertFalse(kinds & {"alloc", "free", "incref", "decref"})

    def test_default_name_is_told(self):
        done = brille("run", "-e", "gc", program("output"), input="a", cwd=self.folder.name)
        names = os.listdir(self.folder.name)
        self.assertEqual(len(names), 1)
        self.assertRegex(names[0], r"^brille-output-\d{6}\.trace$")
        self.assertIn(names[0], done.stderr)

    def test_code_on_the_command_line(self):
        done = brille("run", "-e", "gc", "-o", self.path("t"), "-c", "print('-e', 1)")
        self.assertEqual((done.returncode, done.stdout), (0, "-e 1\n"))

    def test_status_of_an_exception_is_1(self):
        done = brille("run", "-c", "1/0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ZeroDivisionError", done.stderr)

    def test_python_file_with_a_syntax_error(self):
        path = self.path("bad.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write("x = 1\nif x\n    pass\n")
        done = brille("run", "-e", "all", "-o", self.path("t"), path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("line 2", done.stderr)
        self.assertIn("SyntaxError", done.stderr)

    def test_status_of_a_signal(self):
        for options in ((), ("-e", "all", "-o", self.path("t.trace"))):
            run = start_brille("run", *options, program("asleep"), 30)
            self.assertEqual(run.stdout.readline(), "READY\n")
            os.kill(children(run.pid)[0], signal.SIGKILL)
            run.communicate()
            self.assertEqual(run.returncode, 128 + signal.SIGKILL)
        self.assertFalse(self.head(self.path("t.trace"))["cut_short"])

    def test_signal_to_brille_reaches_the_program(self):
        run = start_brille("run", "-e", "all", "-o", self.path("t.trace"), program("asleep"), 30)
        self.assertEqual(run.stdout.readline(), "READY\n")
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=LIMIT_S)
        self.assertEqual(run.returncode, 128 + signal.SIGTERM)
        self.assertFalse(self.head(self.path("t.trace"))["cut_short"])

    def test_ctrl_c_goes_to_the_program(self):
        path = self.path("t.trace")
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(BRILLE,
                     ["brille", "run", "-e", "all", "-o", path, "-c",
                      "import time\ntry:\n print('READY', flush=True)\n time.sleep(1000)\n"
                      "except KeyboardInterrupt:\n print('caught')\n"])
        text = b""
        while b"READY" not in text:
            text += os.read(terminal, 1000)
        os.write(terminal, b"\x03")
        try:
            while chunk := os.read(terminal, 1000):
                text += chunk
        except OSError:
            pass  # the other side of the terminal is closed
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        self.assertIn(b"caught", text)
        self.assertFalse(self.head(path)["cut_short"])

    def test_interruption_during_c_code_is_not_slept_through(self):
        code = ("import time\ntry:\n print('READY', flush=True)\n"
                " total = sum(range(10_000_000))\n time.sleep(60)\n"
                "except KeyboardInterrupt:\n print('caught')\n")
        run = start_brille("run", "-c", code)
        self.assertEqual(run.stdout.readline(), "READY\n")
        os.kill(children(run.pid)[0], signal.SIGINT)
        self.assertEqual(run.communicate(timeout=50)[0], "caught\n")

    def test_no_signal_is_slept_through(self):
        """The signal comes while the program is on its way into the wait, or waits already."""
        for wait in ("sleep", "lock", "timeout"):
            with self.subTest(wait), subprocess.Popen(
                    [VM, program("interrupted"), wait, "200"], stdout=subprocess.PIPE,
                    text=True) as process:
                self.addCleanup(process.kill)
                for count in range(200):
                    self.assertEqual(process.stdout.readline(), f"{count}\n")
                    process.send_signal(signal.SIGINT)
                self.assertEqual(process.communicate(timeout=LIMIT_S)[0], "done\n")

    def test_thread_without_room_is_refused_to_its_maker(self):
        code = ("import threading\ninput('READY\\n')\ngo = threading.Event()\nthreads = []\n"
                "try:\n"
                " while len(threads) < 100:\n"
                "  thread = threading.Thread(target=go.wait)\n"
                "  thread.start()\n"
                "  threads.append(thread)\n"
                "except (MemoryError, RuntimeError):\n"
                " print('refused after', len(threads) > 2)\n"
                "go.set()\n"
                "for thread in threads:\n thread.join()\n")
        with subprocess.Popen([VM, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as process:
            self.addCleanup(process.kill)
            self.assertEqual(process.stdout.readline(), "READY\n")
            page = resource.getpagesize()
            with open(f"/proc/{process.pid}/statm", encoding="ascii") as statm:
                used = int(statm.read().split()[0]) * page
            room = used + (1 << 30)
            resource.prlimit(process.pid, resource.RLIMIT_AS, (room, room))
            self.assertEqual(process.communicate("\n", timeout=LIMIT_S)[0],
                             "refused after True\n")

    def test_program_goes_on_when_brille_is_killed(self):
        run = start_brille("run", "-e", "all", "-o", self.path("t.trace"), program("busy"), 3, 0.001)
        self.assertEqual(run.stdout.readline(), "READY\n")
        child = children(run.pid)[0]
        run.kill()
        run.wait()
        rest = run.communicate()[0]  # to the end of the program, which has the pipe too
        self.assertTrue(rest.endswith("wrong 0\n"), rest[-200:])
        self.assertTrue(wait_until(lambda: not os.path.exists(f"/proc/{child}")))

    def test_dashes_end_the_options(self):
        done = brille("run", "--", "-c", "import sys; print(sys.argv)", "-e", "all")
        self.assertEqual((done.returncode, done.stdout), (0, "['-c', '-e', 'all']\n"))
        self.assertIn("usage", brille("run", "--", "-h").stdout)
        self.assertIn(" -- ", self.good(brille("run", "--help")))

    def test_interpreters_that_cannot_be_traced(self):
        """Said before the program runs, where it can be seen before; never an empty trace."""
        path, marker = self.path("t.trace"), self.path("ran")
        wrapper, other = self.path("wrapper"), self.path("other")
        with open(wrapper, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\nexec /usr/bin/python3.11 "$@"\n')
        with open(VM, "rb") as file:
            program = bytearray(file.read())
        program[program.index(b"BRILLE-VM-TABLE\0") + 16] = 99
        with open(other, "wb") as file:
            file.write(program)
        os.chmod(wrapper, 0o755)
        os.chmod(other, 0o755)
        code = f"open({marker!r}, 'w')"

        def run(interpreter, *options):
            return brille("run", *options, "-c", code, env=dict(os.environ, BRILLE_VM=interpreter))
        for options in ((), ("-e", "all", "-o", path)):
            self.refused(run("/usr/bin/python3.11", *options), 3, "python3.11 is no brille-python")
            self.refused(run(other, *options), 3, "cannot read this brille-python", "version 99")
        self.assertFalse(os.path.exists(marker))
        # A script may start anything: it shows afterwards.
        self.refused(run(wrapper, "-e", "all", "-o", path), 3, "no events", wrapper)
        self.assertTrue(os.path.exists(marker))
        self.assertFalse(os.path.exists(path))
        self.assertEqual(run(wrapper).returncode, 0)

    def test_mistakes(self):
        self.refused(brille("run"), 2, "run needs PROG")
        self.refused(brille("run", "-e", "heat", "x.py"), 2, "'heat' is no class of events")
        self.refused(brille("run", "-o", "t", "x.py"), 2, "--output needs --events")
        marker = self.path("ran")
        done = brille("run", "-e", "all", "-o", "/nowhere/t.trace", "-c",
                      f"open({marker!r}, 'w')")
        self.refused(done, 3, "/nowhere/t.trace")
        self.assertFalse(os.path.exists(marker))
        done = brille("run", "x.py", env=dict(os.environ, BRILLE_VM="/nowhere/vm"))
        self.refused(done, 3, "/nowhere/vm", "BRILLE_VM")


main()
