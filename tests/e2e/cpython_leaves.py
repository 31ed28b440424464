"""A CPython that ends, begins another program, or forks while it is captured: a heap, or one error
that says so; nobody hangs, nothing stays behind. For every CPython of the machine.
Arguments: brille, brille-python (not used), rounds of each kind (or CPYTHON_LEAVES_ROUNDS), versions."""
import os
import random
import re
import select
import subprocess
import tempfile
import time

import cpythons
from capture_support import Failure, main
from kill_support import LIMIT_S, mark, marked

# Ends after a while that nobody can foresee.
ENDS = """
import os, sys, threading, time
kept = [[i, str(i)] for i in range(20000)]
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print("READY", flush=True)
time.sleep(float(sys.argv[1]))
os._exit(0)
"""
# Becomes itself again and again, with another heap.
EXECS = """
import os, random, sys, time
kept = [[i, str(i)] for i in range(random.randrange(20000))]
os.write(1, b"READY\\n")
time.sleep(random.random() * 0.03)
os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", sys.argv[1], sys.argv[1]])
"""
# Forks all the time and counts its children: all of them, and nobody else's.
FORKS = """
import os, signal, sys, threading, time
kept = [[i, str(i)] for i in range(20000)]
signals = []
signal.signal(signal.SIGCHLD, lambda *_: signals.append(1))
stop = []
threading.Thread(target=lambda: (sys.stdin.read(), stop.append(1)), daemon=True).start()
print("READY", flush=True)
forked = wrong = 0
while not stop:
    child = os.fork()
    if not child:
        os._exit(0)
    forked += 1
    wrong += os.waitpid(-1, 0) != (child, 0)
try:
    os.waitpid(-1, os.WNOHANG)
    wrong += 1
except ChildProcessError:
    pass
print("forked", forked, "wrong", wrong, "too many signals", max(0, len(signals) - forked), flush=True)
"""
LEAVING = ("ended", "has ended", "there is no process", "began another program", "starting or ending",
           "has not started")


class Target:
    def __init__(self, interpreter, text, *arguments):
        self.process = subprocess.Popen(
            [interpreter.path, "-I", "-S", "-c", text, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def run(brille, verb, target, scratch):
    extra = ["-o", os.path.join(scratch, "a.heap"), "--wait", "10s"] if verb[0] == "dump" else []
    process = subprocess.Popen([brille, verb[0], str(target.pid), *verb[1:], *extra], env=mark(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.communicate(timeout=LIMIT_S)
    return process.returncode, out, err


def check(status, out, err, verb):
    """True when there is an answer; otherwise the one error, which must say what happened."""
    if status == 0:
        return True
    if status != 3 or out or not re.fullmatch(r"brille: .*\n(  (why|try): .*\n){0,2}", err):
        raise Failure(f"{verb}: status {status}\n{out}{err}")
    if not any(words in err for words in LEAVING):
        raise Failure(f"{verb}: this is not what happened: {err}")
    return False


def check_nobody_stays():
    end = time.monotonic() + LIMIT_S
    while marked():
        if time.monotonic() > end:
            raise Failure(f"processes of brille stay: {marked()}")
        time.sleep(0.01)


VERBS = (["dump"], ["stack"], ["dump", "--no-fork"], ["summary"])


def ends(brille, interpreter, scratch, count):
    done = 0
    for number in range(count):
        verb = VERBS[number % len(VERBS)]
        with Target(interpreter, ENDS, random.random() * 0.12) as target:
            done += check(*run(brille, verb, target, scratch), verb)
        check_nobody_stays()
    return f"{done} of {count} answered before it ended"


def execs(brille, interpreter, scratch, count):
    done = 0
    with Target(interpreter, EXECS, EXECS) as target:
        for number in range(2 * count):
            while select.select([target.process.stdout], [], [], 0)[0]:
                os.read(target.process.stdout.fileno(), 1 << 16)  # what it has said
            verb = VERBS[number % len(VERBS)]
            done += check(*run(brille, verb, target, scratch), verb)
            if target.process.poll() is not None:
                raise Failure(f"the program has ended: {target.process.returncode}")
    check_nobody_stays()
    return f"{done} of {2 * count} answered between two programs"


def forks(brille, interpreter, scratch, count):
    with Target(interpreter, FORKS) as target:
        for number in range(count):
            verb = VERBS[number % len(VERBS)]
            status, _, err = run(brille, verb, target, scratch)
            if status:
                raise Failure(f"{verb}, forking: status {status}\n{err}")
        said = target.process.communicate("")[0].strip()
    if not re.fullmatch(r"forked \d+ wrong 0 too many signals 0", said):
        raise Failure(f"the program: {said}")
    check_nobody_stays()
    return said


def test(brille, _, _folder, arguments):
    count = int(os.environ.get("CPYTHON_LEAVES_ROUNDS", arguments[0]))
    found = [each for each in cpythons.find() if not arguments[1:] or each.name in arguments[1:]]
    for interpreter in found:
        try:
            with tempfile.TemporaryDirectory() as scratch:
                for kind in (ends, execs, forks):
                    print(f"{interpreter}, {kind.__name__}: "
                          f"{kind(brille, interpreter, scratch, count)}", flush=True)
        except Failure as failure:
            raise Failure(f"{interpreter}: {failure}") from None
    if not found:
        print("no CPython to test")
        raise SystemExit(77)


main(test)
