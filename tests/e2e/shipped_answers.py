"""Makes the answers of docs/plugins/shipped.md anew: shipped_answers.py BRILLE BRILLE_PYTHON [PAGE]

Each block that begins with `$ brille ...` is run in a folder where a.heap and b.heap are dumps of APP,
early and late, U.trace was recorded of that process at the end, and T.trace is THREADS from its first
instruction. Not a test: the answers have addresses and times in them.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

APP = """import gc, sys, threading, time
class Row:
    def __init__(self, number):
        self.number = number
CACHE, NAMES, CALLBACKS, ROOM, TASKS, LAST = {}, [], [], [], [], None
def keep(first, last):
    for i in range(first, last):
        CALLBACKS.append(lambda: i)
def fail(depth):
    rows = [Row(i) for i in range(400)]
    if depth == 0:
        raise ValueError('no')
    fail(depth - 1)
class Wait:
    def __await__(self):
        yield
async def poll(number):
    await Wait()
def more():
    global LAST
    keep(20, 320)
    for i in range(500):
        CACHE[i] = Row(i)
    NAMES.extend(str(7) + 'x' * 20 for i in range(400))
    for i in range(19):
        room = [0] * 1000
        del room[600:]
        ROOM.append(room)
    for i in range(30):
        task = poll(i)
        task.send(None)
        TASKS.append(task)
    try:
        fail(1)
    except ValueError as error:
        LAST = error
    gc.disable()
    for i in range(50):
        row = Row(i)
        row.me = row
keep(0, 20)
print('ready', flush=True)
input()
more()
print('ready', flush=True)
input()
print('ready', flush=True)
end = time.monotonic() + 20
while time.monotonic() < end:
    for i in range(0, 500, 50):
        CACHE[i].number += 1
    time.sleep(0.01)
"""
THREADS = """import threading
def fill(rows):
    for i in range(30000):
        rows[i % 100] = [i, str(i)]
def work():
    for i in range(4):
        fill({})
threads = [threading.Thread(target=work, name='worker-%d' % i) for i in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
BRILLE, VM = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
PAGE = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else "docs/plugins/shipped.md").absolute()
WHERE = dict(os.environ, BRILLE_VM=VM)


def brille(*arguments):
    done = subprocess.run([BRILLE, *map(str, arguments)], capture_output=True, text=True, env=WHERE)
    return done.stdout


def prepare():
    pathlib.Path("app.py").write_text(APP, encoding="utf-8")
    pathlib.Path("threads.py").write_text(THREADS, encoding="utf-8")
    with subprocess.Popen([VM, "app.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as app:
        for name in ("a.heap", "b.heap"):
            app.stdout.readline()
            brille("dump", app.pid, "-o", name)
            print(file=app.stdin, flush=True)
        app.stdout.readline()
        brille("record", app.pid, "-e", "refcount", "-o", "U.trace", "--seconds", 1)
        app.kill()
    brille("run", "-e", "all", "-o", "T.trace", "threads.py")


def answer(match):
    said = brille(*shlex.split(match[1])[1:])
    said = re.sub(r"^\S+\.(heap|trace)  .* pid .*\n", "", said, flags=re.M)  # names a folder of here
    return "```\n$ %s\n%s\n```" % (match[1], said.strip("\n"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        prepare()
        page = PAGE.read_text(encoding="utf-8")
        page = re.sub(r"```\n\$ (brille [^\n]*)\n.*?\n```", answer, page, flags=re.S)
        PAGE.write_text(page, encoding="utf-8")


main()
