"""Changes the count of one object when it is told to: run by the Python under test. It writes the
object's address; after each line of input it does what that line says, and writes the count."""
import sys


class Thing:
    pass


def burst():
    """Four hundred references, and as many less."""
    kept = []
    for _ in range(400):
        kept.append(TARGET)
    kept.clear()


def lines():
    kept = []
    for _ in range(200):
        kept.append(TARGET)  # APPEND
    for _ in range(100):
        again = TARGET  # ASSIGN
        del again  # DELETE
    found = dict.fromkeys(range(50), TARGET)  # FROMKEYS
    found.clear()  # FORGET
    kept.clear()  # CLEAR


def keep():
    KEPT.append([TARGET] * 7)


def give_up():
    global TARGET
    KEPT.clear()
    TARGET = None


KEPT = []
TARGET = Thing()
if sys.argv[1:] == ["none"]:
    TARGET = None
print(hex(id(TARGET)), flush=True)
for line in sys.stdin:
    {"burst": burst, "lines": lines, "keep": keep, "free": give_up, "nothing": bool}[line.strip()]()
    print(sys.getrefcount(TARGET) - 1, flush=True)
