"""Plugins as sections of `brille report`: tables, findings, texts and each kind of chart, as HTML that
nests and in which the target's text stays text.
Arguments: brille, brille-python.
"""
import html.parser
import pathlib
import re

from plugin_support import Program, brille, run_tests, write

PLUGIN = """return { api = 1, name = "p", summary = "A <summary> & more", needs = { heap = true },
  run = function(ctx)
    local out = ctx.out
    local t = out:table { id = "t", title = "Table <b>", columns = { { "n", unit = "count" },
      { "size", unit = "bytes" }, { "part", unit = "ratio" }, { "change", unit = "bytes", signed = true }, "name" } }
    t:row(1234567, 4096, 0.25, -1024, "<script>alert(1)</script>")
    t:row(nil, nil, nil, nil, nil)
    for _, kind in ipairs { "bar", "line", "hist", "stack" } do
      out:chart { kind = kind, title = "Chart " .. kind, x = { label = "when" }, y = { label = "how much", unit = "bytes" },
        series = { { name = "one", points = { { 1, 1024 }, { 2, 2048 } } },
                   { name = "<two>", points = { { 1, 512 }, { 2, 1024 }, { 3, 4096 } } } } }
    end
    out:finding { id = "f", severity = "warn", title = "found <it>", detail = "why", suggest = "do this",
                  confidence = 0.5, objects = ctx.heap:all():ids(2) }
    print("a line")
  end }"""
VOID = {"meta", "input", "br", "img", "hr", "link"}


class Nesting(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.rectangles, self.lines, self.wrong = [], 0, 0, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.rectangles += tag == "rect"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.lines += tag == "polyline"

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def dump(name="a.heap"):
    with Program(write("app.py", "kept = [str(i) * 3 for i in range(500)]\nprint('ready', flush=True)\n"
                       "input()\n")) as program:
        brille("dump", program.pid, "-o", name)


def section(page, name):
    return re.search(r'<section id="plugin-%s".*?</section>' % name, page, re.S).group()


def test_everything_is_there():
    dump()
    write("p.lua", PLUGIN)
    brille("report", "a.heap", "--plugin", "./p.lua,dup-strings", "-o", "r.html")
    page = pathlib.Path("r.html").read_text(encoding="utf-8")
    mine = section(page, "p")
    assert section(page, "dup-strings")
    read = Nesting(mine)
    assert not read.wrong and not read.open, (read.wrong, read.open)
    assert read.rectangles == 3 * 5 and read.lines == 2, (read.rectangles, read.lines)
    for text in ("A &lt;summary&gt; &amp; more", "Table &lt;b&gt;", "1,234,567", "4.00\u00a0KiB",
                 "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;two&gt;, 3: 4.00 KiB",
                 "found &lt;it&gt;", "confidence 50", "why", "do this", "a line"):
        assert text in mine, text
    assert "<script>" not in mine and mine.count("0x") == 2
    assert mine.index("Chart bar") < mine.index("Chart line") < mine.index("found"), "in its order"


TELLTALE = """return { api = 1, name = "telltale", summary = "Says all it can", needs = { heap = true, refs = true },
  run = function(ctx)
    local heap = ctx.heap
    for id, label in heap:where("label ~ '*s3cret*'"):each("label") do print("label " .. label) end
    for id in heap:where("type in ('str', 'bytes', 'dict', 'app.Kept', 'tuple', 'list')"):each() do
      print("repr " .. heap:repr(id) .. " str " .. tostring((heap:str(id))))
      for to, name in heap:refs(id) do print("ref " .. tostring(name)) end
      print("path " .. tostring((heap:path(id))))
    end
    for _, ring in heap:cycles() do print("ring " .. ring) end
    for row in heap:group { by = { "type", "label" } }:each() do print("group " .. tostring(row.label)) end
    for row in heap:group { by = { "path" }, path_depth = 8 }:each() do print("place " .. tostring(row.path)) end
    print("function " .. tostring(heap:where("type == 'function' and label ~ '*visible*'").count ~= nil))
  end }"""


def test_values_are_told_only_when_asked_for():
    with Program(write("app.py", "KEPT = {'s3cret-key %d' % i: ['s3cret text %d' % i, b's3cret bytes'] for i in range(3)}\n"
                       "RING = {}\nRING['s3cret-ring'] = RING\ndef visible(): pass\n"
                       "print('ready', flush=True)\ninput()\n")) as program:
        brille("dump", program.pid, "-o", "a.heap")
    write("t.lua", TELLTALE)
    for asked in (False, True):
        brille("report", "a.heap", "--plugin", "./t.lua,dup-strings", "-o", "r.html", *["--values"][:asked])
        page = pathlib.Path("r.html").read_text(encoding="utf-8")
        mine = section(page, "telltale") + section(page, "dup-strings")
        said = {line.split()[0] for line in mine.split("\n") if "s3cret" in line and line.split()}
        assert asked == ("s3cret" in mine), (asked, sorted(said))
        assert "KEPT" in mine and "visible" in mine, "names of variables and functions stay"
        assert asked or "[*]" in mine


def test_needs():
    dump()
    dump("b.heap")
    brille("report", "a.heap", "b.heap", "--plugin", "growth", "-o", "r.html")
    assert "needs two heaps" in brille("report", "a.heap", "--plugin", "growth", "-o", "r.html",
                                       status=2)
    assert "needs a trace" in brille("report", "a.heap", "--plugin", "gil-convoy", "-o", "r.html",
                                     status=2)
    assert "no plugin 'nothing'" in brille("report", "a.heap", "--plugin", "nothing", "-o", "x.html",
                                           status=2)
    assert not pathlib.Path("x.html").exists()
    brille("run", "-e", "all", "-o", "T.trace", write("p.py", "x = [[] for i in range(9)]\n"))
    brille("report", "a.heap", "T.trace", "--plugin", "gc-pressure,hot-allocations", "-o", "r.html")
    assert section(pathlib.Path("r.html").read_text(encoding="utf-8"), "gc-pressure")


def test_a_plugin_that_fails():
    dump()
    write("p.lua", "return {api=1, name='p', summary='s', run=function() error('no') end}")
    assert "p.lua:1: no" in brille("report", "a.heap", "--plugin", "./p.lua", "-o", "r.html",
                                   status=2)
    assert not pathlib.Path("r.html").exists()


run_tests(globals())
