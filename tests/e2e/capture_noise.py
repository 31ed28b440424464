"""Memory that lies: see capture_noise.c. Arguments: brille, brille-python, capture_noise."""
import os
import subprocess

from capture_support import Failure, main


def test(_, vm, folder, arguments):
    driver = os.path.join(folder, "replay_driver.py")
    for name in ("containers.py", "threads.py", "generators.py"):
        program = os.path.join(folder, "replay_programs", name)
        process = subprocess.Popen([vm, driver, program], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            while process.stdout.readline() not in ("TURN\n", ""):
                pass
            done = subprocess.run([arguments[0], str(process.pid), "200"], capture_output=True,
                                  text=True)
            print(name, done.stdout, done.stderr)
            if done.returncode:
                raise Failure(f"{name}: status {done.returncode}")
        finally:
            process.kill()
            process.wait()


main(test)
