"""How a plugin ends before its time: Ctrl-C, --time and --mem. What it has put out is there, and its
`stop` has a moment to add to it.
Arguments: brille, brille-python.
"""
import signal
import subprocess
import time

from plugin_support import BRILLE, brille, environment, run_tests, write

PLUGIN = """local seen = 0
return { api = 1, name = "p", summary = "s",
  run = function(ctx)
    local t = ctx.out:table { id = "t", columns = { "a" } }
    t:row("row")
    print("begun") ctx:log("warn", "ready")
    %s
  end,
  stop = function(ctx)
    %s
    ctx.out:text("stopped at " .. tostring(seen > 0))
  end }"""
LOOP = "while true do seen = seen + 1 end"


def interrupt(*arguments, signals=1, number=signal.SIGINT):
    """Sends the signal when the plugin runs; the status, what it said and how long it took then."""
    process = subprocess.Popen([BRILLE, "plugin", "run", *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=environment())
    assert "ready" in process.stderr.readline()
    time.sleep(0.1)
    begun = time.monotonic()
    for _ in range(signals):
        process.send_signal(number)
        time.sleep(0.2)
    out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors, time.monotonic() - begun


def test_interrupt():
    write("p.lua", PLUGIN % (LOOP, ""))
    for number in (signal.SIGINT, signal.SIGTERM):
        status, out, errors, took = interrupt("./p.lua", "--time", "60s", number=number)
        assert status == 3 and "plugin p: ./p.lua:7: interrupted" in errors, (status, errors)
        assert "row" in out and "begun" in out and "stopped at true" in out, out
        assert out.endswith("(incomplete)\n"), out
        assert took < 10, took


def test_interrupt_of_what_cannot_be():
    pattern = "return (('a'):rep(3000)):find('.-.-.-.-.-.-b')"
    write("p.lua", PLUGIN % (pattern, ""))
    status, out, errors, took = interrupt("./p.lua", "--time", "60s")
    assert status == 3 and errors.endswith("brille: interrupted\n"), (status, errors)
    assert "row" in out and "stopped" not in out and took < 12, (out, took)
    status, out, errors, took = interrupt("./p.lua", "--time", "60s", signals=2)
    assert status == 128 + signal.SIGINT and took < 5, (status, took)


def test_time():
    write("p.lua", PLUGIN % (LOOP, ""))
    said = brille("plugin", "run", "./p.lua", "--time", "0.3", status=2)
    assert "stopped at true" in said and "stopped after 300 ms (--time)" in said, said


def test_memory():
    write("p.lua", PLUGIN % ("local t = {} while true do seen = seen + 1 t[seen] = {} end", ""))
    said = brille("plugin", "run", "./p.lua", "--mem", "8MiB", status=2)
    assert "stopped at true" in said and "more memory than" in said, said


def test_a_stop_that_does_not():
    for body in ("while true do end", "error('no')", "pcall(function() while true do end end)"):
        write("p.lua", PLUGIN % (LOOP, body))
        begun = time.monotonic()
        said = brille("plugin", "run", "./p.lua", "--time", "0.3", status=2)
        assert "stopped after 300 ms (--time)" in said and "begun" in said, said
        assert time.monotonic() - begun < 12


def test_not_called_otherwise():
    full = "pcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end) "
    for body, status in (("", 0), ("error('mine')", 2), ("ctx:fail('mine')", 2),
                         (full + "error('mine')", 2)):
        write("p.lua", PLUGIN % (body, ""))
        assert "stopped" not in brille("plugin", "run", "./p.lua", "--mem", "8MiB", status=status)


run_tests(globals())
