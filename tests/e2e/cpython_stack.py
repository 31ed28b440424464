"""brille stack on every CPython of the machine: each thread stands where it says itself that it
stands, line by line and variable by variable; who computes holds the GIL or waits for it.
Arguments: brille, brille-python (not used), versions (default all)."""
import json
import os
import subprocess
import time

import cpythons
from capture_support import LIMIT_S, Failure, main

SAMPLES = 12


class Target:
    def __init__(self, interpreter, folder, *arguments):
        program = os.path.join(folder, "cpython_stack_program.py")
        self.process = subprocess.Popen([interpreter.path, "-I", program, *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.truth = json.loads(self.process.stdout.readline().partition(" ")[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()


def stack(brille, target, *options):
    done = subprocess.run([brille, "stack", str(target), "--json", *options], capture_output=True,
                          text=True)
    if done.returncode:
        raise Failure(f"stack: status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def expect(wanted, got, what):
    if wanted != got:
        raise Failure(f"{what}\n  expected {wanted}\n  got      {got}")


def compare_frames(name, truth, frames):
    python = [frame for frame in frames if frame["kind"] == "python"]
    if name == "MainThread":  # which has gone on since
        truth, python = truth[1:], python[1:]
    for wanted, got in zip(truth, python):
        for field in ("function", "file", "line"):
            expect(wanted[field], got[field], f"{name}, {wanted['function']}: {field}")
        shown = {key: got["locals"].get(key) for key in wanted["locals"]}
        expect(wanted["locals"], shown, f"{name}, {wanted['function']}: variables")
    expect([frame["function"] for frame in truth], [frame["function"] for frame in python],
           f"frames of {name}")


def compare(truth, answer):
    """Returns the number of Python frames."""
    threads = {thread["name"]: thread for thread in answer["threads"] if thread["python"]}
    expect(sorted(truth), sorted(threads), "threads")
    for name in truth:
        compare_frames(name, truth[name], threads[name]["frames"])
        if threads[name]["frames"][-1]["kind"] == "native":
            expect(True, threads[name]["interleaved"], f"{name} is interleaved")
    return sum(map(len, truth.values()))


def compare_order(answer):
    """C code stands between the Python frames that it was called by and those it called."""
    frames = next(thread for thread in answer["threads"] if thread["name"].startswith("by_sort"))
    names = [frame["function"] for frame in frames["frames"]]
    key, outer = names.index("key"), names.index("by_sort")
    between = frames["frames"][key + 1:outer]
    if not between or any(frame["kind"] != "native" for frame in between):
        raise Failure(f"between key and by_sort: {between}")
    return sum(frame["kind"] == "native" for frame in frames["frames"])


def await_rest(brille, pid):
    """Until the main thread, which has said READY, is in its read."""
    end = time.monotonic() + LIMIT_S
    while next(thread["gil"] for thread in stack(brille, pid)["threads"]
               if thread["name"] == "MainThread") != "none":
        if time.monotonic() > end:
            raise Failure("MainThread, which reads, does not come to rest")


def test_gil(brille, interpreter, folder):
    seen, shown = {}, 0
    with Target(interpreter, folder, "gil") as target:
        await_rest(brille, target.pid)
        for _ in range(SAMPLES):
            threads = stack(brille, target.pid)["threads"]
            states = [thread["gil"] for thread in threads]
            if states.count("holder") > 1:
                raise Failure(f"{states.count('holder')} threads hold the GIL")
            for thread in threads:
                computes = thread["name"].startswith("spin")
                if thread["gil"] != "none" and not computes:
                    raise Failure(f"{thread['name']}, which sleeps, is a {thread['gil']} of the GIL")
                if computes:
                    seen.setdefault(thread["gil"], set()).add(thread["name"])
                    shown += thread["gil"] != "none"
            time.sleep(0.02)
    if not seen.get("holder") or len(seen.get("waiting", ())) < 2 or shown < SAMPLES * 3 * 0.8:
        raise Failure(f"of three threads that compute: {seen}, {shown} times of {3 * SAMPLES}")
    return shown


def test_one(brille, interpreter, folder):
    with Target(interpreter, folder) as target:
        answer = stack(brille, target.pid)
        count = compare(target.truth, answer)
        compare(target.truth, stack(brille, target.pid, "--no-fork"))
        native = compare_order(answer)
    expect("cpython", answer["runtime"], "runtime")
    expect(interpreter.name, answer["version"], "version")
    shown = test_gil(brille, interpreter, folder)
    print(f"{interpreter}: {count} Python frames of {len(target.truth)} threads as the process says, "
          f"{native} native ones in by_sort, pause {answer['pause_ns'] / 1e6:.1f} ms; the GIL is "
          f"known of {shown / SAMPLES / 3:.0%}", flush=True)


def test(brille, _, folder, arguments):
    found = [each for each in cpythons.find() if not arguments or each.name in arguments]
    for interpreter in found:
        try:
            test_one(brille, interpreter, folder)
        except Failure as failure:
            raise Failure(f"{interpreter}: {failure}") from None
    if not found:
        print("no CPython to test")
        raise SystemExit(77)


if __name__ == "__main__":
    main(test)
