"""A fork: the same addresses in two processes, and from then on two heaps."""
import os
import time

kept = [[number] for number in range(10_000)]
print("kept is at", hex(id(kept)), flush=True)
done, tell = os.pipe()
parent = os.getpid()
child = os.fork()
if child == 0:
    kept.extend([number] for number in range(500))
    os.write(tell, b".")
else:
    os.read(done, 1)
    with open("child.pid", "w") as file:
        file.write(str(child))
    print("ready", flush=True)
deadline = time.monotonic() + 600
while os.getppid() == parent or os.getpid() == parent and time.monotonic() < deadline:
    time.sleep(0.1)
