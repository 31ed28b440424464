"""A program that -m runs and that spawns processes: they find its functions by its spec."""
import os
import subprocess
import sys
import tempfile

PROGRAM = '''
import multiprocessing as mp

def more(x):
    return x + 1

if __name__ == "__main__":
    with mp.get_context("spawn").Pool(1) as pool:
        print(pool.map(more, [1, 2]))
    print(__spec__.name, repr(__package__), more.__module__)
'''

with tempfile.TemporaryDirectory() as folder:
    os.mkdir(os.path.join(folder, "pack"))
    for name in ("alone.py", "pack/inner.py", "pack/__init__.py"):
        with open(os.path.join(folder, name), "w") as f:
            f.write("" if "__init__" in name else PROGRAM)
    for name in ("alone", "pack.inner"):
        done = subprocess.run([sys.executable, "-m", name], cwd=folder, capture_output=True,
                              text=True)
        print(done.stdout, done.stderr[-500:], done.returncode)
