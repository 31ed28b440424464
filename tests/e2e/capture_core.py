"""A core file holds the same heap as the process that left it. Arguments: brille, brille-python.

Skipped where the kernel hands core files to a program instead of writing them.
"""
import os
import resource
import signal
import subprocess
import sys
import tempfile

from capture_support import Failure, check_complete, dump, main, read_heap
from replay_model import compare, mortal


def allow_core():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test(brille, vm, folder, _):
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as pattern:
        if pattern.read(1) in "|/":
            sys.exit(77)
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard != resource.RLIM_INFINITY and os.geteuid() != 0:
        sys.exit(77)
    program = os.path.join(folder, "replay_programs", "containers.py")
    with tempfile.TemporaryDirectory() as scratch:
        process = subprocess.Popen([vm, os.path.join(folder, "replay_driver.py"), program],
                                   cwd=scratch, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, preexec_fn=allow_core)
        while process.stdout.readline() not in ("TURN\n", ""):
            pass
        live = dump(brille, process.pid)
        process.send_signal(signal.SIGABRT)
        process.wait()
        cores = [name for name in os.listdir(scratch) if name.startswith("core")]
        if len(cores) != 1:
            raise Failure(f"no core file, but {os.listdir(scratch)}")
        dead = read_heap(brille, os.path.join(scratch, cores[0]))
        check_complete(dead, "the core file")
        compare("the core file", mortal(live), mortal(dead))
        for address, references in live.references.items():
            if references != dead.references.get(address):
                raise Failure(f"{address:#x} refers to other objects in the core file")
    print(f"{len(live.objects)} objects are the same in the core file")


main(test)
