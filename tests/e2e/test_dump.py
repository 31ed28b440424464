"""brille dump: what it says of the pause and the pages, its file, and dumps at the same time."""
import ctypes
import json
import os
import subprocess

from events_support import EventTest, Running, VM, brille, main, program, start_brille

PR_SET_THP_DISABLE = 41
MIB = 100


def huge_pages_are_given():
    try:
        with open("/sys/kernel/mm/transparent_hugepage/enabled", encoding="ascii") as enabled:
            return "[never]" not in enabled.read()
    except FileNotFoundError:
        return False


class WithoutHugePages(Running):
    """The same program, for which the system has no huge pages."""

    def __init__(self, name, *arguments):
        libc = ctypes.CDLL(None)
        self.process = subprocess.Popen(
            [VM, program(name), *map(str, arguments)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
        self.pid = self.process.pid


class Dump(EventTest):
    def heap(self, target, *options):
        done = brille("dump", target.pid, "-o", self.path("F.heap"), *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_huge_pages(self):
        if not huge_pages_are_given():
            self.skipTest("this system has no huge pages")
        with Running("plain_heap", MIB) as target:
            text = self.heap(target)
            answer = json.loads(self.heap(target, "--json"))
        self.assertGreater(answer["huge_bytes"], MIB * 2**20 * 0.8)
        self.assertGreaterEqual(answer["anonymous_bytes"], answer["huge_bytes"])
        if answer["anonymous_bytes"] < 2 * answer["huge_bytes"]:  # not in a sanitizer's shadow
            self.assertNotIn("huge pages", text)

    def test_without_huge_pages_it_says_so(self):
        with WithoutHugePages("plain_heap", MIB) as target:
            text = self.heap(target)
            answer = json.loads(self.heap(target, "--json"))
        self.assertRegex(text, r"\n  pages +0.0 % of [0-9.]+ MiB are in huge pages")
        self.assertEqual(answer["huge_bytes"], 0)
        self.assertGreater(answer["anonymous_bytes"], MIB * 2**20)

    def test_a_long_command_line_is_cut_and_says_so(self):
        with Running("asleep", 600, "x" * 80) as target:
            for verb in (("dump", "-o", self.path("long.heap")), ("stack",)):
                heading = self.good(brille(verb[0], target.pid, *verb[1:])).splitlines()[0]
                command, _, rest = heading.partition("  pid ")
                self.assertTrue(command.endswith("...") and len(command) == 60, heading)
                self.assertRegex(rest, r"^\d+  brille 3\.\S+  ")

    def test_what_was_not_stopped_has_no_pause(self):
        trace = self.path("t.trace")
        self.good(brille("run", "-e", "alloc", "-o", trace, "-c", "pass"))
        text = self.good(brille("dump", f"{trace}@1s", "-o", self.path("moment.heap")))
        self.assertIn("objects a second", text)
        self.assertNotIn("stopped", text)

    def test_figures(self):
        with Running("plain_heap", 20) as target:
            answer = json.loads(self.heap(target, "--json"))
        self.assertEqual(answer["file_bytes"], os.path.getsize(self.path("F.heap")))
        self.assertLess(answer["file_bytes"], 30 * answer["object_count"])
        self.assertGreater(answer["dump_ns"], answer["capture_ns"])
        self.assertGreater(answer["capture_ns"], answer["pause_ns"])

    def test_at_the_same_time(self):
        with Running("plain_heap", 5) as target:
            dumps = [start_brille("dump", target.pid, "-o", self.path(f"{i}.heap"), "--wait", "60s",
                                  "--json")
                     for i in range(4)]
            answers = []
            for dump in dumps:
                out, err = dump.communicate(timeout=120)
                self.assertEqual(dump.returncode, 0, err)
                answers.append(json.loads(out))
            self.assertTrue(target.alive())
        self.assertEqual(len({answer["object_count"] for answer in answers}), 1)
        self.assertTrue(all(answer["complete"] for answer in answers))


main()
