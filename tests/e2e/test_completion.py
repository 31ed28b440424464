"""What the Tab key offers, asked in the shell itself: bash with the script that brille prints.
Arguments: brille, brille-python.
"""
import shlex
import shutil
import subprocess
import sys

from plugin_support import BRILLE, Program, brille, environment, run_tests, write

PLUGIN = """return { api = 1, name = "p", summary = "s",
  args = { { "colour", choices = { "red", "green" } }, { "many", type = "flag" } },
  run = function() end }"""


def tab(*words):
    """What bash makes of the words when Tab is pressed behind the last."""
    script = (f"source <({shlex.quote(BRILLE)} completion bash); "
              f"COMP_WORDS=({shlex.join([BRILLE, *words])}); COMP_CWORD={len(words)}; "
              f"_brille {shlex.quote(BRILLE)}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True,
                          check=True, env=environment(), timeout=60)
    assert not done.stderr, done.stderr
    return done.stdout.split()


def test_verbs_and_plugins():
    everything = tab("")
    for word in ("dump", "types", "plugin", "growth", "dup-strings", "--help"):
        assert word in everything, everything
    assert tab("growt") == ["growth"] and tab("domi") == ["dominators"], tab("domi")
    assert tab("plugin", "l") == ["list", "lint"], tab("plugin", "l")
    assert "growth" in tab("plugin", "run", "") and "growth" in tab("plugin", "test", "gro")
    assert tab("nothing-like-this") == [] == tab("nothing-like-this", "--")


def test_options_are_those_of_help():
    verbs = [line.split()[0] for line in brille("--help").splitlines() if line.startswith("  ")]
    assert len(verbs) > 20, verbs
    for verb in verbs:
        if verb == "plugin":
            continue
        offered = tab(verb, "--")
        for option in offered:
            assert f"{option} " in brille(verb, "--help") + " ", (verb, option)
        assert "--help" in offered, (verb, offered)
    assert tab("types", "x.heap", "--li") == ["--limit"]
    assert tab("types", "--limit", "") == [] and tab("types", "-") == tab("types", "--")


def test_values():
    assert {"dot", "hprof"} <= set(tab("export", "x.heap", "--to", ""))
    assert tab("allocs", "x.trace", "--to", "") == []  # a time
    assert tab("record", "1", "--events", "g") == ["gc", "gil"]
    assert tab("record", "1", "--policy", "") == ["block", "drop", "overwrite"]


def test_a_plugin_is_asked():
    write("p.lua", PLUGIN)
    assert "--colour" in tab("plugin", "run", "./p.lua", "--c")
    assert tab("plugin", "run", "./p.lua", "--colour", "") == ["red", "green"]
    assert tab("plugin", "run", "./p.lua", "--m") == ["--many", "--mem"]
    assert tab("plugin", "run", "./p.lua", "--fail-on", "w") == ["warn"]
    assert "--top" in tab("dup-strings", "--"), "a plugin as a verb"
    write("p.lua", "return 1")
    assert tab("plugin", "run", "./p.lua", "--c") == []


def test_processes():
    with Program(write("app.py", "print('ready', flush=True)\ninput()\n")) as program:
        assert str(program.pid) in tab("dump", "")
        assert str(program.pid) in tab("types", str(program.pid)[:1])
        assert tab("types", "x") == []


if not shutil.which("bash"):
    print("there is no bash")
    sys.exit(77)
run_tests(globals())
