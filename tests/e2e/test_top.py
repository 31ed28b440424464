"""brille top in a real terminal: tmux draws, types and reads the screen.

test_top.py BRILLE BRILLE_PYTHON. Status 77 (skipped) without tmux.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import cpythons
from events_support import BRILLE, PATIENCE, EventTest, Running, brille, program, start_brille
from events_support import main, wait_until

TMUX = shutil.which("tmux")
LIMIT_S = 100 * PATIENCE


class Terminal:
    """A tmux server of its own with one window that runs one command."""
    count = 0

    def __init__(self, command, columns=80, rows=24, environment=()):
        Terminal.count += 1
        self.name = f"brille-test-{os.getpid()}-{Terminal.count}"
        script = " ".join(["env", *environment, *map(str, command)]) + "; echo STATUS $?; sleep 600"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, script)

    def tmux(self, *arguments):
        return subprocess.run([TMUX, "-u", "-L", self.name, *map(str, arguments)], check=True,
                              capture_output=True, text=True, timeout=60).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def close(self):
        subprocess.run([TMUX, "-L", self.name, "kill-server"], capture_output=True, check=False)


class TopTest(EventTest):
    def press(self, terminal, pattern, *keys):
        """Presses the keys; the screen when it shows the pattern then."""
        terminal.keys(*keys)
        return self.see(terminal, pattern)

    def terminal(self, *arguments, **options):
        terminal = Terminal([BRILLE, "top", *arguments], **options)
        self.addCleanup(terminal.close)
        return terminal

    def see(self, terminal, pattern, seconds=LIMIT_S):
        """Waits until the screen has it; returns the screen."""
        found = []

        def looks():
            screen = terminal.screen()
            if re.search(pattern, screen):
                found.append(screen)
            return bool(found)

        if not wait_until(looks, seconds):
            self.fail(f"{pattern!r} did not come:\n{terminal.screen()}")
        return found[0]

    def test_threads_of_a_busy_program(self):
        with Running("busy", 600) as target:
            terminal = self.terminal(target.pid)
            screen = self.see(terminal, r"worker-0 .*[0-9] %(.|\n)*worker-1 .*[0-9] %")
            self.assertIn(f"pid {target.pid}", screen)
            self.assertIn("[running]", screen)
            self.assertIn("[1 Threads]", screen)
            self.assertRegex(screen, r"GIL +held \d+ % +mean \d\.\d threads waiting +longest ")
            self.assertRegex(screen, r"(holds|waits)")
            self.assertRegex(screen, r"busy\.py:\d+")
            self.assertIn("MainThread", screen)
            self.see(terminal, r"GC +gen0 [1-9]")
            self.see(terminal, r"held (9\d|8\d|100) %")
            self.assertEqual(target.tracing(), "gc,gil")
            screen = self.press(terminal, r"STATUS 0", "q")
            self.assertIn("memory", screen)  # a summary is left
            self.assertTrue(wait_until(lambda: target.tracing() == "off", 30))
            self.assertTrue(target.alive())

    def test_types_and_sites_are_counted_while_they_are_looked_at(self):
        with Running("busy", 600) as target:
            terminal = self.terminal(target.pid)
            self.see(terminal, r"worker-0")
            self.press(terminal, r"(?m)^[> ]dict +[\d,]+ ", "2")
            self.assertIn("alloc", target.tracing())
            self.press(terminal, r"compute.*busy\.py:\d+ +\d", "3")
            terminal.keys("1")
            self.assertTrue(wait_until(lambda: target.tracing() == "gc,gil", LIMIT_S),
                            target.tracing() + terminal.screen())

    def test_pools_filter_sort_pause_and_help(self):
        with Running("busy", 600) as target:
            terminal = self.terminal(target.pid)
            self.see(terminal, r"worker-0")
            self.press(terminal, r"(?m)^[> ] +\d+ B +[\d,]+ +[\d,]+ ", "4")
            terminal.keys("1")
            screen = self.press(terminal, r"filter: main\b", "/", "m", "a", "i", "n", "Enter")
            self.assertNotRegex(screen, r"(?m)^[> ]worker-0")
            self.assertIn("MainThread", screen)
            self.press(terminal, r"filter: -(.|\n)*worker-0", "Escape")
            self.press(terminal, r"sort: BEHIND", "s")
            self.press(terminal, r"\[paused \d+ s\]", "p")
            first = terminal.screen().splitlines()[9:20]
            time.sleep(2)
            self.assertEqual(first, terminal.screen().splitlines()[9:20])
            self.press(terminal, r"\[running\]", "p")
            self.press(terminal, r"sort by the next column", "?")
            self.press(terminal, r"\[1 Threads\]", "x")

    def test_a_terminal_that_changes_its_size(self):
        with Running("busy", 600) as target:
            terminal = self.terminal(target.pid, columns=120, rows=40)
            self.see(terminal, r"each tick:  # held  ~ waited")
            self.see(terminal, r"stack +\w+")
            terminal.resize(72, 20)
            self.see(terminal, r"terminal too small: need 80x24, have 72x20")
            terminal.resize(80, 24)
            screen = self.see(terminal, r"worker-0(.|\n)*q quit")
            self.assertNotIn("each tick", screen)
            self.press(terminal, r"each tick:  # held  ~ waited", "Enter")

    def test_a_process_that_ends_is_told_and_its_table_stays(self):
        with Running("busy", 600) as target:
            terminal = self.terminal(target.pid)
            self.see(terminal, r"worker-0 .*[0-9] %")
            target.process.send_signal(signal.SIGKILL)
            target.process.wait()
            screen = self.see(terminal, r"\[exited \d\d:\d\d:\d\d\]")
            self.assertIn("worker-0", screen)
            self.press(terminal, r"\[4 Pools\]", "4")
            self.press(terminal, r"STATUS 0", "q")

    def test_a_dump_on_request(self):
        with Running("busy", 600) as target:
            before = os.getcwd()
            os.chdir(self.folder.name)
            self.addCleanup(os.chdir, before)
            terminal = self.terminal(target.pid)
            self.see(terminal, r"worker-0")
            self.press(terminal, r"dump the heap\? it stops the process", "d")
            self.press(terminal, r"q quit", "n")
            self.assertEqual(os.listdir("."), [])
            self.press(terminal, r"y/n", "d")
            self.press(terminal, r"\.heap: [\d,]+ objects, stopped ", "y")
            dumps = [name for name in os.listdir(".") if name.endswith(".heap")]
            self.assertEqual(len(dumps), 1)
            self.good(brille("summary", dumps[0]))
            self.press(terminal, r"the biggest holds", "2", "Enter")

    def test_without_colours_and_without_unicode(self):
        with Running("busy", 600) as target:
            plain = self.terminal(target.pid, environment=("NO_COLOR=1", "TERM=vt100"))
            self.see(plain, r"worker-0 .*[0-9] %")
            ascii_only = self.terminal("--ascii", "--view", "pools", target.pid,
                                       environment=("LC_ALL=C.UTF-8",))
            screen = self.see(ascii_only, r"\[4 Pools\]")
            self.assertTrue(screen.isascii(), screen)

    def test_another_reader_has_the_events(self):
        with Running("busy", 600) as target:
            with start_brille("record", target.pid, "-e", "gil", "-o", self.path("a.trace")) as other:
                self.assertTrue(wait_until(lambda: target.tracing() == "gil"))
                terminal = self.terminal(target.pid)
                screen = self.see(terminal, r"\[outside\](.|\n)*worker-0 .*[0-9] %")
                self.assertRegex(screen, r"! events: ")
                self.assertIn("(sampled)", screen)
                other.send_signal(signal.SIGINT)
                other.wait()
                self.see(terminal, r"\[running\]")

    def test_a_stock_cpython_is_seen_from_outside(self):
        for python in cpythons.find()[-1:]:
            with subprocess.Popen([python.path, program("busy"), "600"], stdout=subprocess.PIPE,
                                  text=True) as process:
                self.addCleanup(process.kill)
                process.stdout.readline()
                terminal = self.terminal(process.pid)
                screen = self.see(terminal, r"(worker-0|Thread|thread).* \d+ %")
                self.assertIn(f"CPython {python.name}", screen)
                self.assertIn("(sampled)", screen)
                self.assertRegex(screen, r"busy\.py:\d+")
                self.see(terminal, r"GC +gen0 [1-9]")
                self.press(terminal, r"a stock CPython does not say what it makes", "2")
                self.press(terminal, r"(?m)^[> ] +\d+ B +[\d,]+ +[\d,]+ ", "4")
                self.press(terminal, r"STATUS 0", "q")
                process.kill()

    def test_every_cpython_can_be_looked_at(self):
        for python in cpythons.find():
            with self.subTest(python=python), subprocess.Popen(
                    [python.path, program("busy"), "600"], stdout=subprocess.PIPE,
                    text=True) as process:
                self.addCleanup(process.kill)
                process.stdout.readline()
                answer = self.answer("top", process.pid, "--tick", "2s")
                process.kill()
                self.assertEqual(answer["version"], python.name)
                self.assertEqual(answer["gil"]["mode"], "sampled")
                self.assertGreater(answer["gil"]["held_percent"], 10)
                self.assertEqual(len(answer["threads"]), 3)
                self.assertIn("busy.py", [frame["file"] for thread in answer["threads"]
                                          for frame in thread["stack"]])
                self.assertGreater(answer["generations"][0]["runs"], 0)
                self.assertGreater(answer["memory"]["live"], 100_000)
                self.assertLess(answer["memory"]["live"], answer["memory"]["resident"])

    def test_a_pipe_and_a_strange_terminal_are_refused_in_a_line(self):
        with Running("busy", 600) as target:
            self.refused(brille("top", target.pid), 2, "terminal")
            self.refused(brille("top"), 2)
            self.refused(brille("top", "--color", "often", target.pid), 2, "--color")
            terminal = self.terminal(target.pid, environment=("TERM=dumb",))
            self.see(terminal, r"brille: top cannot draw on a terminal of type 'dumb'(.|\n)*STATUS 2")
            terminal = self.terminal(target.pid, environment=("TERM=no-such-thing",))
            self.see(terminal, r"brille: top cannot draw(.|\n)*STATUS 2")
        self.refused(brille("top", 2 ** 22 - 3), 3)

    def test_one_look_as_json(self):
        with Running("busy", 600) as target:
            answer = self.answer("top", target.pid, "--view", "types", "--tick", "2s")
            self.assertEqual(answer["pid"], target.pid)
            self.assertIn(answer["gil"]["mode"], ("exact", "sampled"))  # as fast as it is read
            self.assertGreater(answer["gil"]["held_percent"], 10)
            self.assertEqual({thread["name"] for thread in answer["threads"]},
                             {"MainThread", "worker-0", "worker-1"})
            self.assertIn("dict", [group["name"] for group in answer["types"]])
            outside = self.answer("top", target.pid, "--outside")
            self.assertEqual(outside["gil"]["mode"], "sampled")
            self.assertIsNone(outside["types"])

    def test_killed_it_leaves_the_process_alone(self):
        with Running("busy", 600) as target:
            terminal = self.terminal(target.pid)
            self.see(terminal, r"worker-0 .*[0-9] %")
            viewer = int(self.tmux_child(terminal))
            os.kill(viewer, signal.SIGKILL)
            self.see(terminal, r"Killed|STATUS 137")
            self.assertTrue(target.alive())
            again = self.terminal(target.pid)
            self.see(again, r"\[running\](.|\n)*worker-0 .*[0-9] %")

    def tmux_child(self, terminal):
        pane = terminal.tmux("list-panes", "-F", "#{pane_pid}").strip()
        with open(f"/proc/{pane}/task/{pane}/children", encoding="utf-8") as children:
            return children.read().split()[0]


if __name__ == "__main__":
    if not TMUX:
        print("no tmux")
        sys.exit(77)
    main()
