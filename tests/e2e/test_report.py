"""brille report: the page says what the other verbs say, is whole, quotes what it was given, and works.

Looked at with Python's own HTML parser, and, where Chromium is, in it: with its script, without, and
with clicks and keys.
"""
import html.parser
import itertools
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys

from events_support import LIMIT_S, EventTest, BRILLE, VM, brille, main, start_brille, wait_until

SHOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "report_programs", "shop.py")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SECTIONS = ["finding", "holders", "types", "growth", "arenas", "gil", "sites", "object", "made"]
VOID = {"meta", "input", "br", "img", "hr", "link"}
SECRETS = ["the-password-of-alice", "token 0 1", "user 17", "product 5"]


class Page(html.parser.HTMLParser):
    """Elements, the data block, and whether tags nest."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.attributes, self.texts = [], [], [], []
        self.data, self.script_texts = "", []
        self.errors = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.errors.append(f"</{tag}> closes {self.open[-1:]} at {self.getpos()}")
        else:
            self.open.pop()

    def handle_data(self, data):
        tag, attributes = self.open[-1] if self.open else ("", {})
        if tag == "script" and attributes.get("id") == "data":
            self.data += data
        elif tag not in ("script", "style"):
            self.texts.append(data)

    def ids(self, tag):
        return [attributes.get("id") for name, attributes in self.attributes if name == tag]


class Program:
    """The shop, growing on request."""

    def __init__(self, python, count, threads=0):
        # As somebody would type it: the page shows the command line.
        arguments = [os.path.basename(python), "shop.py", str(count)] + ([str(threads)] if threads else [])
        self.process = subprocess.Popen(arguments, executable=os.path.abspath(python), cwd=os.path.dirname(SHOP),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid

    def __enter__(self):
        assert self.process.stdout.readline() == "READY\n"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def grow(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "READY\n"


class Report(EventTest):
    def dump(self, program, name):
        done = brille("dump", program.pid, "-o", self.path(name))
        self.good(done)
        return self.path(name)

    def page(self, *arguments):
        self.good(brille("report", *arguments, "-o", self.path("out.html")))
        with open(self.path("out.html"), encoding="utf-8") as file:
            return file.read()

    def is_whole(self, text, sections):
        page = Page(text)
        self.assertEqual(page.errors, [])
        self.assertEqual([tag for tag, _ in page.open], [])
        self.assertEqual(page.ids("section"), sections)
        # Nothing of the target became a tag or an attribute that acts.
        self.assertNotIn("img", page.elements)
        self.assertEqual(page.elements.count("script"), 2)
        for tag, attributes in page.attributes:
            self.assertFalse([name for name in attributes if name.startswith("on")], (tag, attributes))
            self.assertNotIn("src", attributes)
            if "href" in attributes:
                self.assertTrue(attributes["href"].startswith("#"), attributes)
        # No network: no address anywhere but in the names of the target.
        self.assertIsNone(re.search(r"https?:|url\((?!#)|@import|fetch\(|XMLHttp|WebSocket", text))
        self.assertIn("default-src 'none'", text)
        return page, json.loads(page.data)

    def adds_up(self, data):
        holders = data["holders"]
        sums = [own + rest for own, rest in zip(holders["own"], holders["rest"])]
        for row in range(1, len(holders["parent"])):
            self.assertLess(holders["parent"][row], row)
            sums[holders["parent"][row]] += holders["holds"][row]
        self.assertEqual(sums, holders["holds"])
        for at, parent in enumerate(data["steps"]["parent"]):
            self.assertTrue(parent is None or parent < at)

    def equals_summary(self, data, heap):
        summary = self.answer("summary", heap)
        for key in ("size", "reachable_count", "unreachable_count", "unreachable_bytes",
                    "type_count", "root_count", "thread_count", "pool_count", "free_block_bytes"):
            self.assertEqual(data["totals"][key], summary[key], key)
        self.assertEqual(data["heap"], summary["heap"])
        if summary["residence"]:
            self.assertEqual(data["totals"]["resident"], summary["residence"]["resident"])
        self.assertEqual(data["holders"]["holds"][0], data["totals"]["reachable_bytes"])

    def two_dumps(self, python):
        with Program(python, 800) as program:
            first = self.dump(program, "A.heap")
            program.grow()
            return first, self.dump(program, "B.heap")

    def check_two_dumps(self, python):
        first, second = self.two_dumps(python)
        text = self.page(first, second)
        page, data = self.is_whole(text, [s for s in SECTIONS if s not in ("gil", "sites", "object")])
        self.adds_up(data)
        self.equals_summary(data, second)
        leaks = self.answer("leaks", first, second)["leaks"]
        self.assertEqual([finding["retained"] for finding in data["findings"]],
                         [leak["retained"] for leak in leaks])
        self.assertEqual(data["findings"][0]["growth"], leaks[0]["growth"])
        self.assertIn("grows", "".join(page.texts))
        self.assertIn("entries", "".join(page.texts))
        for secret in SECRETS:  # keys and strings of the program
            self.assertNotIn(secret, text)
        self.assertIn("</script><img src=x onerror=alert(1)>\"'&<!--", "".join(page.texts))
        self.assertLess(len(text), 1_500_000)
        return first, second

    def test_two_dumps(self):
        first, second = self.check_two_dumps(VM)
        text = self.page(first, second, "--values")
        page, data = self.is_whole(text, [s for s in SECTIONS if s not in ("gil", "sites", "object")])
        self.adds_up(data)
        self.assertTrue(data["values"])

    def test_two_dumps_of_cpython(self):
        self.check_two_dumps(sys.executable)

    def test_with_a_trace(self):
        with Program(VM, 300, threads=3) as program:
            heap = self.dump(program, "A.heap")
            done = brille("record", program.pid, "-o", self.path("T.trace"), "-e", "alloc,gc,gil",
                          "--for", "500ms")
            self.good(done)
        text = self.page(heap, self.path("T.trace"))
        _, data = self.is_whole(text, [s for s in SECTIONS if s not in ("growth", "object")])
        gil = self.answer("gil", self.path("T.trace"))
        self.assertEqual({t["tid"]: t["held_ns"] for t in data["gil"]["threads"]},
                         {t["tid"]: t["held_ns"] for t in gil["threads"]})
        total = self.answer("allocs", self.path("T.trace"))["total"]
        for key in ("allocs", "allocated_bytes", "leaked", "leaked_bytes"):
            self.assertEqual(data["sites"][key], total[key], key)
        self.assertGreater(data["sites"]["lines"], 0)
        self.assertIn("worker-1", text)

    def test_one_object(self):
        with Program(VM, 300) as program:
            heap = self.dump(program, "A.heap")
            record = start_brille("record", program.pid, "-o", self.path("T.trace"), "-e", "alloc,refcount",
                                  "--for", "2s")
            self.assertTrue(wait_until(lambda: os.path.exists(self.path("T.trace"))))
            program.grow()
            record.communicate(timeout=LIMIT_S)
            later = self.dump(program, "B.heap")
        # What a sanitizer keeps outside the heap may be the first finding, and has no address.
        cache = next(leak["address"] for leak in self.answer("leaks", heap, later)["leaks"]
                     if leak["address"])
        text = self.page(heap, later, self.path("T.trace"), "--object", cache)
        page, data = self.is_whole(text, SECTIONS)
        shown = self.answer("show", later, cache)
        ways = self.answer("path", later, cache, "--all")
        self.assertEqual(data["object"]["address"], cache)
        self.assertEqual(data["object"]["refcount"], shown["object"]["refcount"])
        self.assertEqual(data["object"]["references"], ways["total"])
        self.assertIn("__main__.CACHE.entries", "".join(page.texts))
        self.assertIn(ways["ways"][0]["way"], "".join(page.texts))
        told = json.loads(brille("history", self.path("T.trace"), cache, "--json").stdout or "{}")
        self.assertEqual(data["object"]["changes"], len(told.get("changes", [])))
        for secret in SECRETS:
            self.assertNotIn(secret, text)
        self.refused(brille("report", heap, "--object", "0x10", "-o", self.path("x.html")), 2, "0x10")
        # Without a trace: the ways alone.
        _, data = self.is_whole(self.page(heap, "--object", cache),
                                [s for s in SECTIONS if s not in ("gil", "sites", "growth")])
        self.assertNotIn("changes", data["object"])

    def test_a_small_heap(self):
        done = subprocess.Popen([sys.executable, "-S", "-c", "input('READY\\n')"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual(done.stdout.readline(), b"READY\n")
        try:
            heap = self.dump(done, "A.heap")
        finally:
            done.communicate(b"\n")
        _, data = self.is_whole(self.page(heap), ["finding", "holders", "types", "arenas", "made"])
        self.adds_up(data)

    def test_mistakes(self):
        with Program(VM, 10) as program:
            heap = self.dump(program, "A.heap")
        self.refused(brille("report", heap), 2, "-o")
        self.refused(brille("report", self.path("none.heap"), "-o", self.path("x.html")), 3, "none")
        self.refused(brille("report", heap, heap, heap, heap, "-o", self.path("x.html")), 2, "3")
        self.refused(brille("report", heap, "-o", "/nowhere/x.html"), 3, "/nowhere")
        self.assertFalse(os.path.exists(self.path("x.html")))
        whole = brille("report", heap, "-o", "-")
        self.assertTrue(self.good(whole).startswith("<!doctype html>"))


# Machado, Oliveira and Fernandes 2009: what a colour looks like without one kind of cone, linear RGB.
SIGHTS = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
               (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
               (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
               (0.004733, 0.691367, 0.303900)),
}
TO_LMS = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
          (0.0883024619, 0.2817188376, 0.6299787005))
TO_LAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
          (0.0259040371, 0.7827717662, -0.8086757660))


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def seen(colour, sight):
    """#rrggbb as somebody sees it, in OKLab."""
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    filtered = [min(max(c, 0), 1) for c in times(SIGHTS[sight], linear)]
    return times(TO_LAB, [c ** (1 / 3) for c in times(TO_LMS, filtered)])


class Colours(EventTest):
    def test_kinds_differ_for_every_sight(self):
        sheet = pathlib.Path(__file__).parents[2] / "inspector" / "report" / "report.css"
        palettes = re.findall("--k0: .*", sheet.read_text(encoding="utf-8"))
        self.assertEqual(len(palettes), 3)  # light, dark by the system, dark by choice
        self.assertEqual(palettes[1].strip(), palettes[2].strip())
        for palette in palettes:
            kinds = re.findall(r"--k[0-4]: (#[0-9a-f]{6})", palette)
            self.assertEqual(len(kinds), 5)
            for sight in SIGHTS:
                for a, b in itertools.combinations([seen(kind, sight) for kind in kinds], 2):
                    self.assertGreater(math.dist(a, b), 0.12, sight)


# What a person does, in the page itself. Each line that holds is reported.
ACTS = """<script>
{
  const told = [];
  const check = (name, ok) => told.push(name + "=" + (ok ? "yes" : "NO"));
  const press = (on, key) => on.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  const chosen = () => document.querySelector('#icicle [aria-selected="true"]');
  const inside = () => {
    const box = document.getElementById("icicle").getBoundingClientRect();
    return [...document.querySelectorAll("#icicle .box")].every((b) => {
      const r = b.getBoundingClientRect();
      return r.top >= box.top - 1 && r.bottom <= box.bottom + 2 && r.right <= box.right + 1;
    });
  };
  try {
    check("boxes", document.querySelectorAll("#icicle .box").length > 5);
    check("inside", inside());
    check("suspect", chosen() && document.querySelector("#icicle .tag"));
    check("path", document.querySelector("#alive").textContent.includes(".entries"));
    check("expression", document.querySelector("#alive").textContent.includes("__main__.CACHE.entries"));
    const before = chosen().getAttribute("aria-label");
    chosen().focus();
    press(chosen(), "ArrowRight");
    check("walked", chosen().getAttribute("aria-label") !== before);
    press(chosen(), "ArrowLeft");
    check("back", chosen().getAttribute("aria-label") === before);
    press(chosen(), "Enter");
    check("in", document.querySelectorAll("#crumbs button").length > 0 && inside());
    check("hash", location.hash.startsWith("#at="));
    check("dumps", document.querySelectorAll("#typetable td.dumps polyline").length > 3);
    check("copytable", document.querySelectorAll(".copytable").length > 3);
    press(document.body, "Escape");
    const filter = document.getElementById("filter");
    filter.value = "session";
    filter.dispatchEvent(new Event("input"));
    const rows = [...document.querySelectorAll("#typetable tbody tr")];
    check("filter", rows.filter((r) => getComputedStyle(r).display !== "none").length === 1);
    check("dim", document.querySelectorAll("#icicle .dim").length > 0);
    check("hashfilter", location.hash.includes("&filter=session"));
    press(document.body, "n");
    check("next", chosen().getAttribute("aria-label").toLowerCase().includes("session"));
    filter.value = "";
    filter.dispatchEvent(new Event("input"));
    document.querySelector("#typetable thead th button").click();
    const names = [...document.querySelectorAll("#typetable tbody th")].map((e) => e.textContent);
    check("hashsort", location.hash.includes("&sort=Type,ascending"));
    check("sort", names.every((n, i) => i === 0 || names[i - 1] <= n));
    rows.find((r) => r.textContent.includes("Session")).click();
    check("type", chosen().getAttribute("aria-label").includes("Session"));
    press(document.body, "t");
    check("theme", !!document.documentElement.dataset.theme);
    check("hashtheme", location.hash.includes("&theme="));
    press(document.body, "?");
    check("help", !!document.querySelector("dialog[open]"));
    check("arenas", document.querySelectorAll("#pools span").length > 10);
    check("clean", !document.querySelector("img"));
  } catch (error) { told.push("error=NO " + error.stack); }
  document.body.append(Object.assign(document.createElement("pre"), {id: "told", textContent: told.join(";")}));
}
</script>
"""


class InBrowser(Report):
    """In a real browser. Left out, and said so, where there is none."""

    test_two_dumps = test_two_dumps_of_cpython = test_with_a_trace = None
    test_a_small_heap = test_mistakes = test_one_object = None

    def setUp(self):
        if not CHROMIUM:
            self.skipTest("there is no chromium on this machine")
        super().setUp()

    def browse(self, name, *options):
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000",
                   f"--user-data-dir={self.path('profile')}", "--enable-logging=stderr", *options,
                   "file://" + self.path(name)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        self.assertEqual(complaints, [])
        return done.stdout

    def test_a_person(self):
        first, second = self.two_dumps(VM)
        text = self.page(first, second)
        with open(self.path("acted.html"), "w", encoding="utf-8") as file:
            file.write(text.replace("</body>", ACTS + "</body>"))
        dom = self.browse("acted.html", "--dump-dom")
        told = re.search(r'<pre id="told">(.*?)</pre>', dom, re.DOTALL)
        self.assertTrue(told, dom[-2000:])
        self.assertNotIn("=NO", told[1])
        self.assertGreater(told[1].count("=yes"), 15)
        # A copied address opens the same spot.
        dom = self.browse("out.html#at=0,0&filter=session&sort=Own,ascending&theme=dark", "--dump-dom")
        self.assertIn('data-theme="dark"', dom)
        self.assertRegex(dom, r'<th scope="col" class="n" aria-sort="ascending"><button type="button">Own<')
        rows = re.findall("<tr data-type[^>]*>", dom)
        self.assertEqual(len([row for row in rows if "found" in row]), 1)
        self.assertEqual(len([row for row in rows if "hidden" in row]), len(rows) - 1)
        shots = os.environ.get("BRILLE_TEST_SHOTS")  # a folder, for looking at: docs/ has two of them
        if shots:
            self.good(brille("report", "A.heap", "B.heap", "-o", "shot.html", cwd=self.folder.name))
            for name, spot in (("report", ""), ("report-dark", "#at=0,0&theme=dark")):
                self.browse("shot.html" + spot, f"--screenshot={shots}/{name}.png", "--hide-scrollbars",
                            "--window-size=1280,1500")


if __name__ == "__main__":
    assert BRILLE
    main()
