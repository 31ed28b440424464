"""async def and await: stepping a coroutine by hand, values, exceptions, awaitables of all kinds."""
import sys


class Ask:
    def __init__(self, what):
        self.what = what

    def __await__(self):
        answer = yield self.what
        return answer


def drive(coro, *answers):
    out = []
    answers = list(answers)
    try:
        value = coro.send(None)
        while True:
            out.append(value)
            value = coro.send(answers.pop(0) if answers else None)
    except StopIteration as e:
        return out, e.value


async def add():
    a = await Ask("a")
    b = await Ask("b")
    return a + b


async def outer(n):
    total = 0
    for i in range(n):
        total += await add()
    return total


print(drive(add(), 1, 2))
print(drive(outer(2), 1, 2, 3, 4))

c = add()
print(type(c).__name__, c.__name__, c.__qualname__, c.cr_running, c.cr_await, c.cr_frame is not None, c.cr_suspended)
print(c.send(None), c.cr_suspended, type(c.cr_await).__name__)
try:
    c.throw(KeyError("thrown"))
except KeyError as e:
    print("out came", repr(e))
try:
    c.send(None)
except RuntimeError as e:
    print(e)
try:
    drive(add2 := outer(1), 5)
except TypeError as e:
    print("TypeError", e)


async def catches():
    try:
        await Ask("x")
    except ValueError as e:
        return "caught %s" % e
    finally:
        print("finally")


c = catches()
c.send(None)
try:
    c.throw(ValueError("v"))
except StopIteration as e:
    print(e.value)
c = catches()
c.send(None)
c.close()
print(c.cr_frame)


async def nothing():
    pass


for bad in (5, [], None):
    async def wrong():
        await bad
    try:
        drive(wrong())
    except TypeError as e:
        print(e)


class Odd:
    def __init__(self, it):
        self.it = it

    def __await__(self):
        return self.it


co = nothing()
for it in (5, co):
    async def wrong():
        return await Odd(it)
    try:
        print(drive(wrong()))
    except TypeError as e:
        print(e)
co.close()
print(drive(iter([]).__class__ and Odd_ok())) if False else None


async def iterator_result():
    return await Odd(iter([1, 2]))


print(drive(iterator_result()))
c = nothing()
try:
    c.send(5)
except TypeError as e:
    print(e)
print(drive(c))
try:
    c.throw(ValueError)
except RuntimeError as e:
    print(e)
try:
    for x in nothing():
        pass
except TypeError as e:
    print(e)
sys.stderr = open("/dev/null", "w")
del c


async def recursive():
    await me


me = recursive()
try:
    me.send(None)
except (RuntimeError, ValueError) as e:
    print(type(e).__name__, e)


async def raises_stop():
    raise StopIteration(3)


try:
    drive(raises_stop())
except RuntimeError as e:
    print(e, repr(e.__cause__))

w = add().__await__()
print(type(w).__name__, next(w), w.send(4))
w.close()

async def lambdas():
    return [await Ask(i) for i in range(3)], {await Ask(k): v async for k, v in pairs()}, \
        (lambda: 5)()


async def pairs():
    yield 1, 2
    yield 3, 4


print(drive(lambdas(), *range(10, 20)))

async def ternary(x):
    return (await Ask("yes")) if x else (await Ask("no"))

print(drive(ternary(1), "Y"), drive(ternary(0), "N"))
