"""One object whose counts are known: prints its address and its counts as it goes."""
import sys


class Box:
    pass


kept = []


def keep(x):
    kept.append(x)


def look(x):
    return x is None


box = Box()
print(hex(id(box)))
print(sys.getrefcount(box) - 1)
for i in range(3):
    look(box)
    keep(box)
print(sys.getrefcount(box) - 1)
kept.pop()
print(sys.getrefcount(box) - 1)
sys.stdout.flush()
if len(sys.argv) > 1:
    import time
    end = time.time() + float(sys.argv[1])
    while time.time() < end:
        look(box)
        time.sleep(0.02)
