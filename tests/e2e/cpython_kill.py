"""Whoever attaches to a CPython is killed at a random moment: the program goes on and has noticed
nothing, no process stays, no probe, no watchpoint. For every CPython of the machine.
Arguments: brille, brille-python (not used), number of kills (or CPYTHON_KILL_ROUNDS), versions."""
import os
import random
import signal
import subprocess
import tempfile
import time

import cpythons
from capture_support import Failure, main
from kill_support import LIMIT_S, Watched, mark, marked

# What is killed; in the order of the rounds. The first half begins with no stop at all.
VERBS = {
    "dump": ["dump", "{pid}", "-o", "{scratch}/a.heap", "--wait", "10s"],
    "record": ["record", "{pid}", "-e", "gil", "--for", "80ms", "-o", "{scratch}/a.trace"],
    "watch": ["watch", "{pid}", "{address}", "--for", "80ms"],
    "stack": ["stack", "{pid}", "--locals"],
    "copy": ["dump", "{pid}", "-o", "{scratch}/b.heap", "--no-fork", "--wait", "10s"],
    "gil": ["gil", "{pid}", "--for", "50ms"],
    "lines": ["watch", "{pid}", "{address}", "--for", "80ms", "--lines"],
    "leaks": ["leaks", "{pid}", "--every", "50ms", "--count", "2"],
}
UPROBES = "/sys/kernel/tracing/uprobe_events"


def wait_until(question):
    end = time.monotonic() + LIMIT_S
    while not question():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def uprobe_events():
    try:
        with open(UPROBES, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


class Rounds:
    def __init__(self, brille, interpreter, folder, scratch):
        self.brille, self.scratch = brille, scratch
        program = os.path.join(folder, "cpython_kill_program.py")
        self.uprobes = uprobe_events()
        self.target = Watched(interpreter.path, "-I", program)
        self.addresses = self.target.first.split()[1:5]
        self.addresses = [each.decode() for each in self.addresses]

    def start(self, verb, address=0):
        words = [word.format(pid=self.target.pid, scratch=self.scratch,
                             address=self.addresses[address]) for word in VERBS[verb]]
        return subprocess.Popen([self.brille, *words], env=mark(), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def lengths(self):
        """How long each verb takes here and now; those that the kernel refuses are left out."""
        taken, refused = {}, []
        for verb in VERBS:
            begin = time.monotonic()
            process = self.start(verb)
            _, err = process.communicate(timeout=LIMIT_S)
            if process.returncode == 0:
                taken[verb] = time.monotonic() - begin
            elif verb in ("record", "watch", "lines") and process.returncode == 3:
                refused.append(verb)
            else:
                raise Failure(f"{verb}: status {process.returncode}\n{err}")
        return taken, refused

    def check_unharmed(self, verb):
        if not wait_until(self.target.is_left_alone):
            raise Failure(f"after {verb}: {self.target.threads()}, children "
                          f"{self.target.children()}")
        if not wait_until(lambda: not marked()):
            raise Failure(f"after {verb}: processes of brille stay: {marked()}")
        if not wait_until(lambda: not self.target.patched()):
            raise Failure(f"after {verb}: its code is patched: {self.target.patched()}")
        if not self.target.goes_on() or self.target.process.poll() is not None:
            raise Failure(f"after {verb}: the program does not go on")
        if uprobe_events() != self.uprobes:
            raise Failure(f"after {verb}: {UPROBES} has {uprobe_events()}")

    def check_registers_are_free(self):
        """A processor has four debug registers: all of them can be had."""
        watches = [self.start("watch", i) for i in range(4)]
        for process in watches:
            _, err = process.communicate(timeout=LIMIT_S)
            if process.returncode:
                raise Failure(f"a debug register is not free: {err}")

    def check_end(self):
        self.target.process.send_signal(signal.SIGINT)
        last = self.target.process.communicate(timeout=LIMIT_S)[0].splitlines()[-1].decode()
        if last.rstrip() != "end wrong 0 signals 0 children 0":
            raise Failure(f"the program: {last}")

    def kill(self, count):
        lengths, refused = self.lengths()
        verbs, finished = list(lengths), 0
        for number in range(count):
            verb = verbs[number % len(verbs)]
            process = self.start(verb)
            time.sleep(random.random() * lengths[verb])
            finished += process.poll() is not None
            process.kill()
            process.communicate()
            self.check_unharmed(verb)
        if "watch" in lengths:
            self.check_registers_are_free()
        self.check_end()
        return finished, refused


def test_one(brille, interpreter, folder, count):
    with tempfile.TemporaryDirectory() as scratch:
        rounds = Rounds(brille, interpreter, folder, scratch)
        try:
            finished, refused = rounds.kill(count)
        finally:
            rounds.target.close()
    return (f"{count} kills, {finished} of them after the end" +
            (f"; not permitted here: {', '.join(refused)}" if refused else ""))


def test(brille, _, folder, arguments):
    count = int(os.environ.get("CPYTHON_KILL_ROUNDS", arguments[0]))
    found = [each for each in cpythons.find() if not arguments[1:] or each.name in arguments[1:]]
    for interpreter in found:
        try:
            print(f"{interpreter}: {test_one(brille, interpreter, folder, count)}", flush=True)
        except (Failure, AssertionError) as failure:
            raise Failure(f"{interpreter}: {failure}") from None
    if not found:
        print("no CPython to test")
        raise SystemExit(77)


main(test)
