"""Events of a live process as they happen: a plugin that streams, Ctrl-C, a plugin that is too slow,
a process that ends, and a target that is as it was before.
Arguments: brille, brille-python.
"""
import json
import signal
import subprocess
import time

from plugin_support import BRILLE, Program, brille, environment, run_tests, write

APP = """
import time
print("ready", flush=True)
while True:
    kept = [str(i) for i in range(%d)]
    time.sleep(0.01)
"""
COUNT = """return { api = 1, name = "p", summary = "s",
  needs = { events = { "alloc", "free" }, live = %s },
  run = function(ctx)
    local n, types, last = 0, {}, 0
    for t, kind, type in ctx.events:each("t", "kind", "type") do
      assert(t >= last) last = t
      n = n + 1
      if kind == "alloc" then types[type or "?"] = (types[type or "?"] or 0) + 1 end
      %s
    end
    local t = ctx.out:table { id = "t", columns = { { "n", unit = "count" }, { "str", unit = "count" },
                                                    { "missing", unit = "count" } } }
    t:row(n, types.str or 0, ctx.events:missing())
  end }"""


def row(answer):
    answer = json.loads(answer)
    assert answer["complete"], answer
    return answer["tables"][0]["rows"][0], answer["events_dropped"]


def untraced(pid):
    told = [p for p in json.loads(brille("ps", "--json"))["processes"] if p["pid"] == pid]
    return told[0]["tracing"] == "off"


def start(*arguments):
    process = subprocess.Popen([BRILLE, "plugin", "run", "./p.lua", *map(str, arguments), "--json"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment(), start_new_session=True)
    return process


def test_a_stream():
    write("p.lua", COUNT % ("true", ""))
    with Program(write("app.py", APP % 200)) as program:
        before = untraced(program.pid)
        (seen, dropped) = row(brille("plugin", "run", "./p.lua", program.pid, "--seconds", "1.5",
                                     "--json"))
        assert seen["str"] >= 1000 and seen["n"] > seen["str"] and seen["missing"] == dropped == 0
        assert untraced(program.pid) == before
        assert program.process.poll() is None


def test_the_option():
    write("p.lua", COUNT % ("false", ""))
    with Program(write("app.py", APP % 200)) as program:
        seen, _ = row(brille("plugin", "run", "./p.lua", program.pid, "--seconds", "1", "--live",
                             "--json"))
        assert seen["str"] >= 400, seen
    write("p.lua", COUNT.replace("%s\n    end", "%s\n    end ctx.events:count()") % ("true", ""))
    with Program(write("app.py", APP % 200)) as program:
        said = brille("plugin", "run", "./p.lua", program.pid, "--seconds", "1", status=2)
        assert "come once" in said, said
    brille("run", "-e", "gc", "-o", "T.trace", write("short.py", ""))
    assert "needs a running process" in brille("plugin", "run", "./p.lua", "T.trace", status=3)


def test_interrupt():
    """From the terminal, which tells all of the group; and brille alone."""
    write("p.lua", COUNT % ("true", ""))
    with Program(write("app.py", APP % 200)) as program:
        for group in (True, False):
            process = start(program.pid, "--seconds", "60")
            time.sleep(2)
            begun = time.monotonic()
            if group:
                subprocess.run(["kill", "-INT", "--", f"-{process.pid}"], check=True)
            else:
                process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=60)
            assert process.returncode == 0, (process.returncode, out, errors)
            seen, _ = row(out)
            assert seen["n"] > 100 and time.monotonic() - begun < 10, seen
        assert program.process.poll() is None


def test_the_target_ends():
    write("p.lua", COUNT % ("true", ""))
    for how in (signal.SIGKILL, None):
        with Program(write("app.py", APP % 200)) as program:
            process = start(program.pid, "--seconds", "60")
            time.sleep(1.5)
            program.process.send_signal(how or signal.SIGTERM)
            out, errors = process.communicate(timeout=60)
            assert process.returncode == 0, (out, errors)
            assert row(out)[0]["n"] > 100, out


def test_too_slow():
    """What a slow plugin misses is counted, and the process does not wait for it."""
    slow = "if n % 64 == 0 then for _ = 1, 200000 do end end"
    write("p.lua", (COUNT % ("true", "@")).replace("@", slow))
    with Program(write("app.py", (APP % 20000).replace("0.01", "0"))) as program:
        process = start(program.pid, "--seconds", "4", "--time", "1s")
        out, errors = process.communicate(timeout=120)
        answer = json.loads(out)
        assert answer["events_dropped"] > 0, (out, errors)
        assert "were dropped: the plugin was slower" in errors, errors
        assert program.process.poll() is None


def test_killed_at_any_moment():
    write("p.lua", COUNT % ("true", ""))
    with Program(write("app.py", APP % 2000)) as program:
        for delay in (0.05, 0.3, 1.0):
            process = start(program.pid, "--seconds", "60")
            time.sleep(delay)
            process.kill()
            process.wait()
        deadline = time.monotonic() + 20
        while not untraced(program.pid) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert untraced(program.pid), "still traced"
        seen, _ = row(brille("plugin", "run", "./p.lua", program.pid, "--seconds", "1", "--json"))
        assert seen["n"] > 0 and program.process.poll() is None


def test_a_sleeper():
    """No safepoint comes: said in a line, and no events are no error."""
    write("p.lua", COUNT % ("true", ""))
    sleeper = "import time\nprint('ready', flush=True)\ntime.sleep(600)\n"
    with Program(write("app.py", sleeper)) as program:
        for live in ([], ["--live"]):
            write("p.lua", COUNT % ("false", ""))
            process = start(program.pid, "--seconds", "1", *live)
            out, errors = process.communicate(timeout=60)
            assert process.returncode == 0, (process.returncode, out, errors)
            assert "asleep" in errors or not errors, errors


run_tests(globals())
