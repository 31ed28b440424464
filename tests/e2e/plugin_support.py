"""What the tests of plugins share: the two programs, a way to call brille, programs to look at, and
the loop over the tests of a file, each in an empty folder of its own.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BRILLE, VM = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
PLUGINS = ROOT / "plugins"


def environment(**more):
    return dict(os.environ, BRILLE_VM=VM, BRILLE_PLUGIN_PATH=str(PLUGINS),
                XDG_DATA_HOME="/nonexistent", **more)


def brille(*arguments, status=0, **env):
    """What brille says; with a status that is not 0, both streams. None: any status."""
    done = subprocess.run([BRILLE, *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, env=environment(**env))
    if status is not None and done.returncode != status:
        raise SystemExit(f"brille {arguments}: {done.returncode}, not {status}\n"
                         f"{done.stdout}{done.stderr}")
    return done.stdout + (done.stderr if status else "")


class Program:
    """A program that prints a line when it is ready, and one for each that it reads."""

    def __init__(self, path, python=VM):
        self.process = subprocess.Popen([python, path], stdout=subprocess.PIPE,
                                        stdin=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.next()

    def next(self):
        line = self.process.stdout.readline()
        assert line, "the program ended"
        return line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def write(name, text):
    pathlib.Path(name).write_text(text, encoding="utf-8")
    return name


def run_tests(names):
    """Runs every test_ function of a module's globals()."""
    for name, test in list(names.items()):
        if name.startswith("test_"):
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                test()
                os.chdir("/")
            print("ok", name, flush=True)
