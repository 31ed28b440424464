"""os.register_at_fork(): order, arguments, and what the library does with it."""
import os
import random
import subprocess
import sys

seen = []


def note(what):
    def run():
        seen.append(what)
    return run


for wrong in ({}, {"before": 1}, {"after_in_child": "x"}, {"after_in_parent": []}):
    try:
        os.register_at_fork(**wrong)
    except TypeError as e:
        print(e)
try:
    os.register_at_fork(print)
except TypeError:
    print("keywords alone")

for i in range(2):
    os.register_at_fork(before=note(f"before {i}"), after_in_child=note(f"child {i}"),
                        after_in_parent=note(f"parent {i}"))


def in_child(function):
    """What function returns in a forked child, as text."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, repr(function()).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with open(reader) as answer:
        return answer.read()


print(in_child(lambda: seen))
print(seen)
seen.clear()

random.seed(1)
print("random numbers of its own:", in_child(random.random) != repr(random.random()))
seen.clear()
done = subprocess.run([sys.executable, "-c", ""], preexec_fn=lambda: os.write(1, repr(seen).encode()),
                      stdout=subprocess.PIPE)
print(done.stdout, seen)
seen.clear()
subprocess.run([sys.executable, "-c", ""])
print(seen)
