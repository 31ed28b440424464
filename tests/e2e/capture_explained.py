"""At a safepoint every count is explained: programs that never stand still are dumped again and
again, and each time every mortal object's refcount must equal the references found to it.
Arguments: brille, brille-python, program, number of dumps.
"""
import json
import os
import time

from capture_support import PATIENCE, Failure, Program, main, run


def test(brille, vm, folder, arguments):
    path = os.path.join(folder, "capture_programs", arguments[0])
    count = int(arguments[1])
    program = Program(vm, path).wait_ready()
    try:
        for i in range(count):
            options = ["--no-fork"] if i % 4 == 3 else []
            answer = json.loads(run(brille, "audit", str(program.pid), "--json", *PATIENCE, *options))
            if not answer["heap"]["complete"] or answer["wrong"]:
                raise Failure(f"{arguments[0]}, dump {i + 1}: {json.dumps(answer, indent=1)}")
            time.sleep(0.03 * (i % 3))
        if program.process.poll() is not None:
            raise Failure("the program ended")
    finally:
        program.process.kill()
        program.process.wait()
    objects = answer["heap"]["object_count"]
    print(f"{count} dumps, {objects} objects in the last, all counts explained")


main(test)
