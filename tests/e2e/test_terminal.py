"""A program cannot write to the terminal of whoever looks at it: names are shown, not obeyed.

Answers are text for people here; what `export` and `sql --csv` write is data, as it is, unless it
goes to a terminal.
"""
import os
import subprocess
import unicodedata

from events_support import BRILLE, EventTest, Running, brille, main


def on_a_terminal(*arguments):
    """What a terminal is sent by brille."""
    ours, its = os.openpty()
    with subprocess.Popen([BRILLE, *map(str, arguments)], stdout=its, stderr=subprocess.DEVNULL) as process:
        os.close(its)
        sent = bytearray()
        try:
            while piece := os.read(ours, 65536):
                sent += piece
        except OSError:  # its last user has closed it
            pass
        os.close(ours)
    return process.returncode, sent.decode("utf-8", "surrogateescape")


class Names(EventTest):
    def shown(self, *arguments):
        done = brille(*arguments, encoding="utf-8", errors="surrogateescape")
        self.assertEqual(done.returncode, 0, done.stderr)
        for text in (done.stdout, done.stderr):
            bad = {c for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t"}
            self.assertEqual(bad, set(), f"{arguments}: {text[:2000]!r}")
        return done.stdout

    def test_heap(self):
        heap = self.path("a.heap")
        with Running("hostile_names", "\x1b[1m") as target:
            self.shown("ps")
            self.shown("dump", target.pid, "-o", heap)
        for verb in ("summary", "types", "dominators", "leaks", "garbage", "audit"):
            self.shown(verb, heap)
            self.shown(verb, heap, "--json")
        self.shown("types", heap, "--by", "module", "--tsv")
        self.assertIn("forged", self.shown("sql", heap, "select name, module from type"))
        self.shown("export", heap, "--to", "folded")
        address = self.answer("sql", heap, "select address from object where type like 'Evil%'"
                              " limit 1")["rows"][0]["address"]
        for verb in ("show", "refs", "path"):
            self.assertIn("Evil", self.shown(verb, heap, address))

    def test_data_on_a_terminal(self):
        heap = self.path("a.heap")
        query = "select name from type where name like 'Evil%'"
        with Running("hostile_names", "\x1b[1m") as target:
            brille("dump", target.pid, "-o", heap)
        for arguments in (("sql", heap, query, "--csv"), ("export", heap, "--to", "csv")):
            self.assertIn("\x1b", brille(*arguments, errors="surrogateescape").stdout, arguments)
            status, text = on_a_terminal(*arguments)
            self.assertEqual(status, 0)
            self.assertIn("Evil", text)
            bad = {c for c in text if unicodedata.category(c) == "Cc" and c not in "\r\n\t"}
            self.assertEqual(bad, set(), arguments)

    def test_live(self):
        with Running("hostile_names", "\x1b[1m") as target:
            text = self.shown("stack", target.pid, "--locals")
            self.assertIn("  python  function?[41m?2J??forged line", text)
            self.assertFalse([line for line in text.splitlines() if line.startswith("forged")])
            self.shown("stack", target.pid, "--json")
            self.shown("allocs", target.pid, "--for", "300ms")
            self.shown("gil", target.pid, "--for", "300ms")
            self.shown("record", target.pid, "--seconds", "1", "-o", self.path("a.trace"))
        self.shown("allocs", self.path("a.trace"), "--by", "type")
        self.shown("allocs", self.path("a.trace"), "--folded")


main()
