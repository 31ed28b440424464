"""At a safepoint every count is explained: programs that never stand still are dumped again and
again, and each time every mortal object's refcount must equal the references found to it.
Arguments: brille, brille-python, program, number of dumps.
"""
import os
import time

from capture_support import Program, check_complete, dump, main


def test(brille, vm, folder, arguments):
    path = os.path.join(folder, "capture_programs", arguments[0])
    count = int(arguments[1])
    program = Program(vm, path).wait_ready()
    try:
        for i in range(count):
            options = ["--no-fork"] if i % 4 == 3 else []
            heap = dump(brille, program.pid, *options)
            check_complete(heap, f"{arguments[0]}, dump {i + 1}")
            time.sleep(0.03 * (i % 3))
        if program.process.poll() is not None:
            raise SystemExit("the program ended")
    finally:
        program.process.kill()
        program.process.wait()
    print(f"{count} dumps, {len(heap.objects)} objects in the last, all counts explained")


main(test)
