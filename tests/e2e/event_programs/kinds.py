# Objects of several kinds, the same number in every run: some stay, most go. Then READY, and one of
# them is passed around until standard output is closed.
import sys


class Session:
    def __init__(self, n):
        self.n = n
        self.data = [n] * 10


keep = []


def make():
    for i in range(2000):
        s = Session(i)
        t = s
        if i % 10 == 0:
            keep.append(s)


def big():
    out = []
    for i in range(3000):
        out.append(bytes(20000))
        if len(out) > 500:
            out.clear()
    return out


make()
big()
if len(sys.argv) > 1:
    print("READY", flush=True)
    print(hex(id(keep[3])), flush=True)
    chosen = keep[3]
    while True:
        a = chosen
        b = a
        a = keep[4]
        b = None
