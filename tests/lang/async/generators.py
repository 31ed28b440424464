"""Asynchronous generators: iteration, asend, athrow, aclose, hooks, and errors of use."""
import sys


class Wait:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return got


def run(coro):
    waits = []
    try:
        value = coro.send(None)
        while True:
            waits.append(value)
            value = coro.send(len(waits))
    except StopIteration as e:
        return waits, e.value


async def count(n):
    try:
        for i in range(n):
            got = yield i
            if got is not None:
                print("got", got)
            await Wait("between")
    finally:
        print("closed", n)


async def collect():
    return [x async for x in count(3)]


print(run(collect()))


async def by_hand():
    g = count(5)
    print(type(g).__name__, g.__name__, g.ag_running, g.ag_await, g.ag_frame is not None)
    print(await g.__anext__())
    print(await g.asend("hello"))
    try:
        await g.athrow(KeyError("k"))
    except KeyError as e:
        print("KeyError", e)
    try:
        await g.__anext__()
    except StopAsyncIteration:
        print("over")
    await g.aclose()


print(run(by_hand()))


async def close_early():
    g = count(4)
    async for x in g:
        if x == 1:
            break
    await g.aclose()
    async for x in g:
        print("never")
    return "done"


print(run(close_early()))


async def for_else():
    out = []
    async for i in count(2):
        out.append(i)
    else:
        out.append("else")
    async for i in count(2):
        break
    else:
        out.append("not this")
    return out, i


print(run(for_else()))


async def swallows():
    try:
        yield 1
    except GeneratorExit:
        yield 2


async def ignore():
    g = swallows()
    await g.__anext__()
    try:
        await g.aclose()
    except RuntimeError as e:
        print(e)


run(ignore())


async def reuse():
    g = count(2)
    step = g.__anext__()
    print(await step)
    try:
        await step
    except RuntimeError as e:
        print(e)
    await g.aclose()
    closing = g.aclose()
    await closing
    try:
        await closing
    except RuntimeError as e:
        print(e)


run(reuse())


async def default():
    g = count(1)
    return await anext(g, "none"), await anext(g, "none"), await anext(g, "none")


print(run(default()))
print(aiter(g0 := count(0)) is g0)
for bad in (5, [], iter([])):
    for f in (aiter, anext):
        try:
            f(bad)
        except TypeError as e:
            print(e)


class AsyncIter:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration
        self.n -= 1
        return self.n


class NoNext:
    def __aiter__(self):
        return 5


class BadNext:
    def __aiter__(self):
        return self

    def __anext__(self):
        return 5


async def protocols():
    print([x async for x in AsyncIter(3)], {x async for x in AsyncIter(2)}, {x: 1 async for x in AsyncIter(2)},
          [y async for x in AsyncIter(3) if x for y in AsyncIter(x) if y >= 0] if False else "")
    print([(x, y) async for x in AsyncIter(2) async for y in AsyncIter(2)])
    for bad in (5, NoNext(), BadNext()):
        try:
            async for x in bad:
                pass
        except TypeError as e:
            print(e)
    expr = (x * 2 async for x in AsyncIter(3))
    print(type(expr).__name__, [x async for x in expr])


run(protocols())


async def raises():
    yield 1
    raise StopAsyncIteration


async def check():
    try:
        async for x in raises():
            print(x)
    except RuntimeError as e:
        print(e, repr(e.__cause__))


run(check())
print(sys.get_asyncgen_hooks())


async def main():
    events = []
    sys.set_asyncgen_hooks(firstiter=lambda g: events.append("first " + g.__name__),
                           finalizer=lambda g: events.append("final " + g.__name__))
    async for x in count(3):
        break
    g = count(2)
    await g.__anext__()
    del g
    sys.set_asyncgen_hooks(None, None)
    return events


print(run(main())[1])

async def return_in_generator():
    yield 1
    return

print(run((lambda g: collect_all(g))(return_in_generator())) if False else "")
for source in ("async def f():\n yield 1\n return 2", "def f(): await x", "async def f(): yield from x",
               "def f():\n async for x in y: pass", "def f():\n async with x: pass", "def f(): [x async for x in y]",
               "await x", "async def f():\n def g(): await x"):
    try:
        compile(source, "s", "exec")
        print("compiled", repr(source))
    except SyntaxError as e:
        print(e.msg)
