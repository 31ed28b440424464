"""Two interpreters in one process, each with a GIL of its own and a thread that computes: run by a
CPython from 3.12 on. It says READY and ends at the end of its input."""
import os
import sys
import threading
import time

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters


def spin():
    n = 0
    while True:
        n += 1


def elsewhere(interpreter, pipe):
    interpreters.run_string(interpreter, f"import os\nos.write({pipe}, b'.')\nn = 0\n"
                                         "while True:\n    n += 1\n")


mine, theirs = os.pipe()
second = interpreters.create()
threading.Thread(target=elsewhere, args=(second, theirs), name="elsewhere", daemon=True).start()
os.read(mine, 1)
threading.Thread(target=spin, name="spin", daemon=True).start()
time.sleep(0.05)
print("READY", int(second), flush=True)
sys.stdin.read()
os._exit(0)
