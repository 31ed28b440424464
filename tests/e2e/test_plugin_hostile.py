"""Plugins that mean ill, or are only wrong: each ends within its limits with a line that names the
plugin, and with the documented exit status, and a program that was looked at goes on.
Arguments: brille, brille-python.
"""
import os
import subprocess
import time

from plugin_support import BRILLE, VM, run_tests

PATIENCE = float(os.environ.get("BRILLE_TEST_PATIENCE", "1"))

# Each is the body of run(ctx): what it does, and what the answer must say.
ENDLESS = {
    "loop": ("while true do end", "stopped"),
    "pcall in a loop": ("while true do pcall(error) end", "stopped"),
    "pcall around a loop": ("while true do pcall(function() while true do end end) end", "stopped"),
    "xpcall whose handler loops": (
        "xpcall(error, function() while true do end end)", ""),
    "error objects that loop in tostring": (
        "error(setmetatable({}, {__tostring = function() while true do end end}))", "stopped"),
    "error objects that loop in index": (
        "error(setmetatable({}, {__index = function() while true do end end}))", "no text"),
    "coroutine": ("local co = coroutine.wrap(function() while true do end end) co()", "stopped"),
    "coroutines in a loop": (
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "stopped"),
    "coroutine that yields for ever": (
        "local co = coroutine.wrap(function() while true do coroutine.yield() end end) "
        "while true do co() end", "stopped"),
    "close of a coroutine that loops": (
        "local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = "
        "function() while true do end end}) coroutine.yield() end) "
        "coroutine.resume(co) coroutine.close(co)", "stopped"),
    "a loop after a coroutine was closed by itself": (
        "coroutine.wrap(function() pcall(coroutine.close, (coroutine.running())) "
        "while true do end end)()", "stopped"),
    "sort with a comparison that loops": (
        "table.sort({3, 2, 1}, function() while true do end end)", "stopped"),
    "sort with metamethods": (
        "local t = setmetatable({}, {__len = function() return 1 << 30 end, "
        "__index = function(_, i) return i end, __newindex = function() end}) table.sort(t)", ""),
    "rep of nothing": ("return ('').rep('', 1 << 62)", None),
    "table.move": ("table.move({}, 1, math.maxinteger - 1, 2)", ""),
    "table.insert with a length that lies": (
        "table.insert(setmetatable({}, {__len = function() return 1 << 40 end}), 1, 1)", ""),
    "table.concat with a length that lies": (
        "table.concat(setmetatable({}, {__index = function() return 'x' end}), '', 1, 1 << 40)",
        ""),
    "pattern that explodes": (
        "(('a'):rep(40)):find(('a?'):rep(40) .. ('a'):rep(40) .. 'b')", "killed"),
    "pattern with many -": ("(('a'):rep(3000)):find('.-.-.-.-.-.-b')", "killed"),
    "gsub that calls back": ("('x'):rep(1 << 20):gsub('x', function() while true do end end)",
                             "stopped"),
    "string.format of much": ("while true do string.format('%099d', 1) end", "stopped"),
    "tail calls": ("local function f() return f() end f()", "stopped"),
    "goto": ("::again:: goto again", "stopped"),
    "metamethod that calls itself": (
        "local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x",
        "stack overflow"),
    "recursion": ("local function f() return 1 + f() end f()", ""),
}
MEMORY = {
    "tables": "local t = {} for i = 1, 1e9 do t[i] = {i} end",
    "strings": "local s = 'x' while true do s = s .. s end",
    "rep": "return ('x'):rep(1 << 40)",
    "concat": "local t = {} for i = 1, 1e9 do t[i] = 'x' .. i end return table.concat(t)",
    "threads": "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end",
    "pcall that goes on": "local t = {} while true do pcall(function() for i = 1, 1e9 do "
                          "t[#t + 1] = ('x'):rep(1000) .. i end end) end",
}
OUTPUT = {
    "a billion rows": "local t = ctx.out:table{columns={'a'}} for i = 1, 1e9 do t:row(i) end",
    "a billion texts": "for i = 1, 1e9 do print(('x'):rep(10000)) end",
    "a billion findings": "for i = 1, 1e9 do ctx.out:finding{title=('x'):rep(10000)} end",
    "tables without end": "for i = 1, 1e9 do ctx.out:table{columns={'a'}} end",
    "huge strings": "while true do print(('x'):rep(1 << 24)) end",
}
FORBIDDEN = {
    "io.open('/etc/passwd')": "global 'io'",
    "os.execute('true')": "global 'os'",
    "os.getenv('HOME')": "global 'os'",
    "debug.sethook()": "global 'debug'",
    "package.loadlib('x', 'y')": "global 'package'",
    "require('os')": "no lib/os.lua",
    "require('../../x')": "no lib/",
    "load('return 1')()": "global 'load'",
    "loadfile('/etc/passwd')": "global 'loadfile'",
    "dofile('/etc/passwd')": "global 'dofile'",
    "string.dump(print)": "field 'dump'",
    "collectgarbage('stop')": "global 'collectgarbage'",
    "x = 1": "global 'x' cannot be set",
    "_G.x = 1": "global 'x' cannot be set",
    "print = nil": "global 'print' cannot be set",
    "rawset(_G, 'io', 1) return io.x": "",
    "setmetatable({}, {__gc = function() while true do end end})": "__gc is not available",
    "getmetatable('').__index = nil": "",
    "getmetatable(ctx.out:table{columns={'a'}}).__index.row = 1": "",
    "ctx.events:each()": "",
    "error()": "",
    "error({})": "no text",
    "error(setmetatable({}, {__index = error}))": "no text",
    "error(setmetatable({}, {__tostring = error}))": "",
    "error(setmetatable({}, {__tostring = function() return 'what I mean' end}))": "what I mean",
    "ctx:fail('I give up')": "I give up",
}
LOADING = {
    "syntax": ("return { api = 1,", "x.lua:1:"),
    "bytecode": (b"\x1bLua\x54\x00\x19\x93\r\n\x1a\n", "binary"),
    "endless loading": ("while true do end", "stopped"),
    "memory while loading": ("local s = 'x' while true do s = s .. s end", ""),
    "no table": ("return 1", "must return a table"),
    "nothing": ("", "must return a table"),
    "wrong type": ("return {api=1, name=1, summary='', run=print}", "name must be a string"),
    "no run": ("return {api=1, name='x', summary=''}", "run must be a function"),
    "from the future": ("return {api='1.9', name='x', summary='', run=print}", "needs api 1.9"),
    "unknown key": ("return {api=1, name='x', summary='', run=print, nead=1}", "'nead'"),
    "bad argument": ("return {api=1, name='x', summary='', run=print, args={{'a', type='b'}}}",
                     "no type 'b'"),
    "an argument twice": ("return {api=1, name='x', summary='', run=print, args={{'a'}, {'a'}}}",
                          "two 'a'"),
    "a default out of range": ("return {api=1, name='x', summary='', run=print, "
                               "args={{'a', type='integer', default=0, min=1}}}", "min and max"),
    "a default that cannot be chosen": ("return {api=1, name='x', summary='', run=print, "
                                        "args={{'a', choices={'b'}, default='c'}}}", "choices"),
    "metatable that loops": (
        "return setmetatable({}, {__index=function() while true do end end})", ""),
    "too large": ("--" + "x" * (1 << 20) + "\nreturn {}", "larger than"),
    "not UTF-8": (b"return {api=1, name='\xff\xff', summary='', run=print}", "name must be"),
}


def run(source, *arguments, targets=()):
    mode = "wb" if isinstance(source, bytes) else "w"
    with open("x.lua", mode) as file:
        file.write(source)
    begun = time.monotonic()
    done = subprocess.run([BRILLE, "plugin", "run", "./x.lua", *map(str, targets), *arguments],
                          capture_output=True, timeout=60 * PATIENCE,
                          env=dict(os.environ, BRILLE_VM=VM))
    took = time.monotonic() - begun
    return done.returncode, done.stderr.decode(errors="replace"), took, done.stdout


def plugin(body, needs=""):
    return ("return { api = 1, name = 'x', summary = 's', needs = {%s},\nrun = function(ctx)\n"
            "%s\nend }" % (needs, body))


def check(what, said, status, expected, wanted=2):
    assert status == wanted, (what, status, said)
    assert said.startswith("brille: "), (what, said)
    assert expected in said and "unexpectedly" not in said, (what, expected, said)
    assert said.count("\n") < 20 and "\x1b" not in said, (what, said)


def test_endless():
    for what, (body, expected) in ENDLESS.items():
        status, said, took, _ = run(plugin(body), "--time", "0.3")
        assert took < (0.3 + 2 + 2) * PATIENCE, (what, took)
        if expected is None:
            assert status == 0, (what, said)
        else:
            check(what, said, status, expected)


def test_memory():
    for what, body in MEMORY.items():
        status, said, took, _ = run(plugin(body), "--time", "5", "--mem", "64MiB")
        check(what, said, status, "")
        assert "memory" in said or "--mem" in said or "stopped" in said, (what, said)
        assert took < 12 * PATIENCE, (what, took)
    for bytes_ in ("0", "1KiB", "10KiB", "20KiB"):
        status, said, _, _ = run(plugin("error('far enough')"), "--mem", bytes_)
        check(bytes_, said, status, "(--mem)" if bytes_ != "20KiB" else "")


def test_output():
    for what, body in OUTPUT.items():
        status, said, took, _ = run(plugin(body), "--time", "10")
        check(what, said, status, "at most" if "row" in what or "without" in what else "")
        assert took < 20 * PATIENCE, (what, took)


def test_a_huge_string_is_cut():
    status, said, _, out = run(plugin("print(('\u00e9'):rep(1 << 23)) print('end')"))
    assert status == 0 and said == "", (status, said)
    line, end = out.decode().splitlines()
    assert end == "end" and len(line.encode()) < 33000 and line.endswith("\u00e9... (cut: it has 16.0 MiB)"), line[-60:]


def test_forbidden():
    for body, expected in FORBIDDEN.items():
        # An expression is no statement, so each is tried as both.
        status, said, _, _ = run(plugin(body))
        if status == 2 and "syntax error near" in said:
            status, said, _, _ = run(plugin("return " + body))
        if status:
            check(body, said, status, expected)
        else:
            assert not expected, (body, "was allowed")


def test_loading():
    for what, (source, expected) in LOADING.items():
        status, said, took, _ = run(source)
        check(what, said, status, expected)
        assert took < 6 * PATIENCE, (what, took)


def test_traceback_is_the_plugins():
    body = "local function inner() local x = nil; return x.y end\nlocal function outer() inner() end\nouter()"
    status, said, _, _ = run(plugin(body))
    check("traceback", said, status, "x.lua:3:")
    lines = said.strip().split("\n")
    assert [l.strip() for l in lines[1:]] == ["called from ./x.lua:4", "called from ./x.lua:5"], said


def test_results_so_far_are_kept():
    status, said, _, out = run(plugin("print('before') while true do end"), "--time", "0.3")
    check("kept", said, status, "stopped")
    assert b"before\n(incomplete)" in out, out
    status, said, _, out = run(plugin("print('before') while true do end"), "--time", "0.3",
                               "--json")
    assert b'"complete":false' in out and b"before" in out, out


def test_the_target_goes_on():
    """Whatever the plugin does, the process is neither stopped nor traced afterwards."""
    program = ("import sys, time\nkept = [dict(a=i) for i in range(1000)]\nprint('ready', flush=True)\n"
               "for line in sys.stdin: print(len(kept), flush=True)\n")
    with open("app.py", "w") as file:
        file.write(program)
    targets = [VM] + [p for p in ["/usr/bin/python3.11"] if os.access(p, os.X_OK)]
    for python in targets:
        with subprocess.Popen([python, "app.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as process:
            assert process.stdout.readline() == "ready\n"
            for body in ("while true do end", "local s = 'x' while true do s = s .. s end",
                         "(('a'):rep(3000)):find('.-.-.-.-.-.-b')", "error('no')"):
                status, said, _, _ = run(plugin(body, "heap = true, refs = true"), "--time", "0.3",
                                         targets=[process.pid])
                check(body, said, status, "")
                with open(f"/proc/{process.pid}/status") as file:
                    fields = dict(line.split(":", 1) for line in file)
                assert fields["TracerPid"].strip() == "0", body
                assert fields["State"].split()[0] in "SR", (body, fields["State"])
                process.stdin.write("\n")
                process.stdin.flush()
                assert process.stdout.readline() == "1000\n", body
            process.kill()


run_tests(globals())
