# What the random programs of tests/diff found, in short.
def gen():
    try:
        yield 1
    except GeneratorExit as e:
        print(repr(e), e.args)


g = gen()
next(g)
g.close()


def say(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)


def delete(o, key):
    del o[key]


say(lambda: delete("abc", slice(1)))
say(lambda: delete("abc", 0))
say(lambda: delete((1,), slice(1)))
say(lambda: delete([], 2 ** 63))
say(lambda: [].__setitem__(2 ** 63, 1))
for o in ([], (), "", b"", bytearray(), memoryview(b""), range(3)):
    if type(o) is not range:
        say(lambda: o[2 ** 63])
say(lambda: "a b".split(None, 2 ** 63))
say(lambda: "ab".center(2 ** 63))
say(lambda: [1].insert(2 ** 63, 1))
say(lambda: [1].pop(-2 ** 64))
say(lambda: b"ab".zfill(2 ** 63))
say(lambda: [1] * 2 ** 63)
say(lambda: eval("x = 1"))


class Odd(int):
    def __int__(self):
        return "no"

    def __repr__(self):
        return None


class Other:
    def __int__(self):
        return []


say(lambda: "%d" % Other())
say(lambda: str(Odd()))
say(lambda: repr(Odd()))


class Text(str):
    def __repr__(self):
        return ()


say(lambda: float(Text("x")))
