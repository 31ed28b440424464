"""Core files of every CPython of the machine hold the same heap and the same stacks as the process
that left them: written by the kernel, and by gcore where it is installed.
Arguments: brille, brille-python (not used), versions (default all).

Kernel cores are left out where the kernel hands them to a program instead of writing them."""
import glob
import os
import resource
import shutil
import signal
import subprocess
import tempfile

import cpythons
from capture_support import Failure, dump, main, read_heap
import cpython_stack


def allow_core():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def kernel_writes_cores():
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as pattern:
        return pattern.read(1) not in "|/" and os.geteuid() == 0


class Target(cpython_stack.Target):
    """Runs in the scratch folder, where its core file will be."""

    def __init__(self, path, folder, scratch):
        self.process = subprocess.Popen(
            [path, "-I", os.path.join(folder, "cpython_stack_program.py")], cwd=scratch,
            preexec_fn=allow_core, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        line = self.process.stdout.readline()
        self.truth = cpython_stack.json.loads(line.partition(" ")[2])

    def abort(self):
        self.process.send_signal(signal.SIGABRT)
        self.process.wait()


def compare_heaps(where, live, dead):
    if not dead.head["complete"] or dead.head["version"] != live.head["version"]:
        raise Failure(f"{where}: {dead.head}")
    fields = ("type", "size", "refcount", "explained", "generation", "label")

    def facts(heap):
        return {address: [each[field] for field in fields] for address, each in heap.objects.items()}
    ours, theirs = facts(live), facts(dead)
    if ours != theirs:
        wrong = [(hex(address), ours.get(address), theirs.get(address))
                 for address in set(ours) | set(theirs) if ours.get(address) != theirs.get(address)]
        raise Failure(f"{where}: {len(wrong)} objects differ: {wrong[:5]}")
    if live.references != dead.references:
        raise Failure(f"{where}: references differ")


def check(brille, where, core, live, truth):
    compare_heaps(where, live, read_heap(brille, core))
    answer = cpython_stack.stack(brille, core)
    cpython_stack.compare(truth, answer)
    native = cpython_stack.compare_order(answer)
    if native < 5:
        raise Failure(f"{where}: {native} native frames")


def core_of(target, scratch):
    target.abort()
    cores = glob.glob(os.path.join(scratch, "core*"))
    if len(cores) != 1:
        raise Failure(f"no core file, but {os.listdir(scratch)}")
    return cores[0]


def test_one(brille, interpreter, folder, scratch, with_gcore):
    done = []
    with Target(interpreter.path, folder, scratch) as target:
        live = dump(brille, target.pid)
        if with_gcore:
            made = subprocess.run(["gcore", "-o", os.path.join(scratch, "g"), str(target.pid)],
                                  capture_output=True, text=True)
            path = os.path.join(scratch, f"g.{target.pid}")
            if made.returncode or not os.path.exists(path):
                raise Failure(f"gcore: {made.stderr}")
            check(brille, "gcore", path, live, target.truth)
            os.unlink(path)
            done.append("gcore")
        if kernel_writes_cores():
            core = core_of(target, scratch)
            check(brille, "the kernel's core", core, live, target.truth)
            os.unlink(core)
            done.append("kernel")
    return f"{len(live.objects)} objects are the same in the cores of {' and '.join(done)}"


def stack_fails(brille, core, status, words, *options):
    done = subprocess.run([brille, "stack", core, *options], capture_output=True, text=True)
    if done.returncode != status or not all(word in done.stderr for word in words):
        raise Failure(f"stack {core} {options}: status {done.returncode}, {done.stderr}")


def test_moved_files(brille, interpreter, folder, scratch):
    """The program is not where it was: it is named, or lies in a copy of the machine's files."""
    elsewhere = os.path.join(scratch, "elsewhere", "bin", "python3")
    os.makedirs(os.path.dirname(elsewhere))
    shutil.copy(interpreter.path, elsewhere)
    with Target(elsewhere, folder, scratch) as target:
        core = core_of(target, scratch)
    moved = os.path.join(scratch, "moved")
    shutil.move(elsewhere, moved)
    stack_fails(brille, core, 3, ("is not here", "--exe", "--sysroot"))
    stack_fails(brille, core, 3, ("is not the program", "other bytes"), "--exe", "/bin/true")
    stack_fails(brille, core, 3, ("/nonexistent",), "--exe", "/nonexistent")
    cpython_stack.compare(target.truth, cpython_stack.stack(brille, core, "--exe", moved))
    copy = os.path.join(scratch, "sysroot") + elsewhere
    os.makedirs(os.path.dirname(copy))
    shutil.move(moved, copy)
    answer = cpython_stack.stack(brille, core, "--sysroot", os.path.join(scratch, "sysroot"))
    cpython_stack.compare(target.truth, answer)
    return "found by --exe and by --sysroot when the program has moved"


def test(brille, _, folder, arguments):
    found = [each for each in cpythons.find() if not arguments or each.name in arguments]
    gcore = [each for each in found if shutil.which("gcore")][-2:]
    if not found or not (gcore or kernel_writes_cores()):
        print("no CPython to test, or nobody who writes core files")
        raise SystemExit(77)
    for interpreter in found:
        try:
            with tempfile.TemporaryDirectory() as scratch:
                print(f"{interpreter}: "
                      f"{test_one(brille, interpreter, folder, scratch, interpreter in gcore)}",
                      flush=True)
            if interpreter.path == "/usr/bin/python3.11" and kernel_writes_cores():
                with tempfile.TemporaryDirectory() as scratch:
                    print(f"{interpreter}: {test_moved_files(brille, interpreter, folder, scratch)}")
        except Failure as failure:
            raise Failure(f"{interpreter}: {failure}") from None


main(test)
