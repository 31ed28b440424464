"""A dump of program.py for the tests of this folder."""
import contextlib
import os
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent


@contextlib.contextmanager
def dump(brille, python):
    """Yields the path of a .heap file."""
    with tempfile.TemporaryDirectory(prefix="brille-sql-") as folder:
        program = subprocess.Popen([python, str(HERE / "program.py")], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            assert program.stdout.readline() == "ready\n"
            path = os.path.join(folder, "a.heap")
            subprocess.run([brille, "dump", str(program.pid), "-o", path], check=True,
                           stdout=subprocess.DEVNULL)
            yield path
        finally:
            program.kill()
            program.wait()
