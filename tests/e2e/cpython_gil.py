"""The GIL of every CPython of the machine from outside: what is exact agrees with what the threads
did and with the interpreter's own count of switches; what is sampled says so.
Arguments: brille, brille-python (not used), versions (default all)."""
import json
import os
import subprocess
import tempfile
import time

import cpythons
from capture_support import Failure, main

WINDOW = "1500ms"


class Target:
    def __init__(self, interpreter, folder, name="cpython_gil_program.py"):
        program = os.path.join(folder, name)
        self.process = subprocess.Popen([interpreter.path, "-I", program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.ready = self.process.stdout.readline().split()
        self.wakes = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wakes = json.loads(self.process.communicate()[0] or "null")


def start(brille, *arguments):
    return subprocess.Popen([brille, *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def finish(process):
    out, err = process.communicate()
    if process.returncode:
        raise Failure(f"{process.args}: status {process.returncode}\n{err}")
    return out


def expect_near(got, wanted, slack, what):
    if abs(got - wanted) > slack:
        raise Failure(f"{what}: {got}, expected about {wanted}")


def check_sampled(answer):
    threads = {thread["thread"]: thread for thread in answer["threads"]}
    if answer["mode"] != "sampled" or answer["samples"] < 20:
        raise Failure(f"sampled: {answer}")
    if not {"spin-1", "spin-2", "sleeper", "idle", "MainThread"} <= set(threads):
        raise Failure(f"threads: {sorted(threads)}")
    spins = [threads[name]["held"] for name in ("spin-1", "spin-2")]
    if min(spins) < 0.03 or sum(spins) < 0.6 or threads["idle"]["held"] > 0.05:
        raise Failure(f"sampled shares: {threads}")
    if sum(threads[name]["wait"] for name in ("spin-1", "spin-2")) < 0.1 or threads["idle"]["wait"]:
        raise Failure(f"sampled waits: {threads}")


def check_exact(answer, wakes):
    threads = {thread["name"]: thread for thread in answer["threads"]}
    if not {"spin-1", "spin-2", "sleeper"} <= set(threads):
        raise Failure(f"threads: {sorted(threads)}")
    begin, window = answer["source"]["begun_unix_ns"], answer["window_ns"]
    woken = sum(begin <= wake <= begin + window for wake in wakes)
    expect_near(threads["sleeper"]["acquires"], woken, 2, "acquires of the sleeper")
    expect_near(threads["sleeper"]["released"]["blocking"] +
                threads["sleeper"]["released"]["interval"], woken, 2, "releases of the sleeper")
    spins = [threads[name] for name in ("spin-1", "spin-2")]
    if sum(each["held_ns"] for each in spins) < 0.6 * window:
        raise Failure(f"held by those that compute: {spins}, of {window}")
    for each in spins:
        if each["released"]["interval"] < each["acquires"] - 2 or not each["requests"]:
            raise Failure(f"one that computes lets go when it is asked: {each}")
    if sum(each["held_ns"] for each in threads.values()) > 1.01 * window:
        raise Failure("more than one held it")
    return woken


def test_one(brille, interpreter, folder, scratch):
    trace = os.path.join(scratch, "g.trace")
    with Target(interpreter, folder) as target:
        recorder = start(brille, "record", target.pid, "-e", "gil", "--for", WINDOW, "-o", trace,
                         "--json")
        time.sleep(0.2)
        sampled = json.loads(finish(start(brille, "gil", target.pid, "--sample", "--for", "1s",
                                          "--json")))
        recorder.wait()
        permitted = recorder.returncode == 0
        if not permitted and not any(word in recorder.stderr.read()
                                     for word in ("does not permit", "has no uprobes", "too many threads")):
            raise Failure(f"record: status {recorder.returncode}")
        live = start(brille, "gil", target.pid, "--for", "1s", "--json")
        live_answer = json.loads(finish(live))
        text = finish(start(brille, "gil", target.pid, "--for", "300ms"))
        refused = start(brille, "record", target.pid, "-e", "alloc", "-o", trace + "2")
        if refused.communicate() and refused.returncode != 3:
            raise Failure(f"record -e alloc: status {refused.returncode}")
    check_sampled(sampled)
    if not permitted:
        if live_answer["mode"] != "sampled" or "Sampled:" not in text:
            raise Failure("what is sampled must say so")
        return "sampled alone: the kernel permits no uprobes here"
    if "Exact:" not in text or live_answer["mode"] != "exact":
        raise Failure(f"the mode is not said:\n{text}")
    woken = check_exact(live_answer, target.wakes)
    recorded = json.loads(finish(start(brille, "gil", trace, "--json")))
    check_exact(recorded, target.wakes)
    rate = sampled["switches"] * 1e9 / sampled["window_ns"]
    exact_rate = recorded["handoffs"] * 1e9 / recorded["window_ns"]
    expect_near(exact_rate, rate, 0.4 * rate + 10, "handoffs a second")
    return (f"{live_answer['handoffs']} handoffs, {woken} wakes, all seen; {exact_rate:.0f} a second, "
            f"{rate:.0f} by the interpreter's own count")


def shares(process, held):
    """Who held the GIL how much, by name, of a sampled or an exact answer; and what was warned of."""
    out, err = process.communicate()
    if process.returncode:
        raise Failure(f"{process.args}: status {process.returncode}\n{err}")
    answer = json.loads(out)
    whole = answer["window_ns"] if answer["mode"] == "exact" else 1
    return {row.get("thread") or row["name"]: row[held[answer["mode"]]] / whole
            for row in answer["threads"]}, err


def test_own_gils(brille, interpreter, folder):
    """Two GILs: each is shown by itself, and that there is another is said."""
    held = {"sampled": "held", "exact": "held_ns"}
    with Target(interpreter, folder, "cpython_gils_program.py") as target:
        second = target.ready[1]
        for options in (["--sample"], []):
            def gil(*more):
                return start(brille, "gil", target.pid, "--for", "400ms", "--json", *options, *more)
            main_gil, warned = shares(gil(), held)
            if f"2 GILs: this is about that of interpreter 0; for the others --interpreter {second}" \
                    not in warned:
                raise Failure(f"not said that there is another GIL: {warned}")
            other_gil, warned = shares(gil("--interpreter", second), held)
            if f"that of interpreter {second}; for the others --interpreter 0" not in warned:
                raise Failure(f"not said which GIL it is: {warned}")
            if options:
                if main_gil.get("spin", 0) < 0.8 or max(other_gil.values()) < 0.8:
                    raise Failure(f"those that compute: {main_gil}, {other_gil}")
                # In 3.12 the state that runs there is of the thread that made the interpreter.
                if "spin" in other_gil or len(other_gil) != 1:
                    raise Failure(f"threads of the main interpreter: {other_gil}")
        refused = start(brille, "gil", target.pid, "--interpreter", 77)
        message = refused.communicate()[1]
        if refused.returncode != 2 or "no interpreter 77" not in message:
            raise Failure(f"--interpreter 77: status {refused.returncode}, {message}")
    return "two GILs in one process are told apart"


THREADS = """
import threading, time
for _ in range(400):
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
print("ready", flush=True)
time.sleep(1000)
"""


def test_many_threads(brille, interpreter):
    """More probes than the kernel takes away in reasonable time: nobody is made to wait for that."""
    with subprocess.Popen([interpreter.path, "-c", THREADS], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        begun = time.monotonic()
        out, err = start(brille, "gil", process.pid, "--for", "300ms", "--json").communicate()
        took = time.monotonic() - begun
        process.kill()
    answer = json.loads(out)
    if took > 40 or answer["mode"] == "sampled" and "sampled instead" not in err:
        raise Failure(f"{took:.0f} s, {answer['mode']}: {err}")
    return f"400 threads: {answer['mode']} after {took:.1f} s"


def test(brille, _, folder, arguments):
    found = [each for each in cpythons.find() if not arguments or each.name in arguments]
    for interpreter in found:
        try:
            with tempfile.TemporaryDirectory() as scratch:
                print(f"{interpreter}: {test_one(brille, interpreter, folder, scratch)}", flush=True)
            if interpreter is found[0]:
                print(f"{interpreter}: {test_many_threads(brille, interpreter)}", flush=True)
            if interpreter.version >= (3, 12):
                print(f"{interpreter}: {test_own_gils(brille, interpreter, folder)}", flush=True)
        except Failure as failure:
            raise Failure(f"{interpreter}: {failure}") from None
    if not found:
        print("no CPython to test")
        raise SystemExit(77)


main(test)
