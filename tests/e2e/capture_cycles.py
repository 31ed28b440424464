"""Attach, dump, detach, again and again, to a program whose threads allocate all the time: no crash,
no stray process, no stopped target, every dump consistent. Arguments: brille, brille-python, count.
"""
import json
import os

from capture_support import PATIENCE, Failure, Program, main, run


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as names:
            found += names.read().split()
    return found


def states(pid):
    """The state of each thread; t is stopped by a tracer, T by a signal."""
    found = ""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as stat:
            found += stat.read().rpartition(")")[2].split()[0]
    return found


def test(brille, vm, folder, arguments):
    program = Program(vm, os.path.join(folder, "capture_programs", "allocating_threads.py"))
    program.wait_ready()
    pauses = []
    try:
        for i in range(int(arguments[0])):
            answer = json.loads(run(brille, "audit", str(program.pid), "--json", *PATIENCE))
            if not answer["heap"]["complete"] or answer["wrong"]:
                raise Failure(f"dump {i + 1}: {answer}")
            pauses.append(answer["heap"]["pause_ns"] / 1e6)
            if program.process.poll() is not None:
                raise Failure(f"the program ended after dump {i + 1}")
            if children(program.pid):
                raise Failure(f"dump {i + 1} left a process: {children(program.pid)}")
            if set(states(program.pid)) & set("tT"):
                raise Failure(f"dump {i + 1} left the program stopped")
    finally:
        program.process.kill()
        program.process.wait()
    pauses.sort()
    print(f"{len(pauses)} dumps; pause median {pauses[len(pauses) // 2]:.1f} ms, "
          f"longest {pauses[-1]:.1f} ms")


main(test)
