"""__index__ of a bound or a count may change the bytearray that is searched for."""


class Clearing:
    def __init__(self, target, value):
        self.target = target
        self.value = value

    def __index__(self):
        self.target[:] = b"q" * 3
        return self.value


def needle():
    return bytearray(b"n" * 5000)


where = b"n" * 10_000
for name in ("find", "rfind", "count", "startswith", "endswith"):
    n = needle()
    print(name, getattr(where, name)(n, Clearing(n, 1)))
    n = needle()
    print(name, getattr(where, name)(n, 0, Clearing(n, 9000)))
m = memoryview(bytearray(8))


class Releasing:
    def __index__(self):
        m.release()
        return 1


for action in (lambda: m[Releasing()], lambda: m.__setitem__(Releasing(), 1), lambda: m.__setitem__(1, Releasing())):
    m = memoryview(bytearray(8))
    try:
        print(action())
    except ValueError as e:
        print(e)
for size in (4, 8):
    m = memoryview(bytearray(8)).cast("f" if size == 4 else "d")
    m[0] = 1.5
    print(m.tolist())
m = memoryview(bytearray(3)).cast("?")
m[1] = [1]
m[2] = ""
print(m.tolist())
