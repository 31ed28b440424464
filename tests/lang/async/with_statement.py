"""async with: order of calls, exceptions, return and break out of it, errors."""


class Manager:
    def __init__(self, name, swallow=False):
        self.name = name
        self.swallow = swallow

    async def __aenter__(self):
        print("enter", self.name)
        await Pause()
        return self.name.upper()

    async def __aexit__(self, kind, value, tb):
        print("exit", self.name, kind and kind.__name__, value)
        await Pause()
        return self.swallow


class Pause:
    def __await__(self):
        yield "pause"


def run(coro):
    pauses = 0
    try:
        while True:
            coro.send(None)
            pauses += 1
    except StopIteration as e:
        return pauses, e.value


async def plain():
    async with Manager("a") as a, Manager("b") as b:
        print("body", a, b)
        return a + b


print(run(plain()))


async def failing(swallow):
    async with Manager("f", swallow):
        raise KeyError("inside")
    return "went on"


print(run(failing(True)))
try:
    run(failing(False))
except KeyError as e:
    print("KeyError", e, e.__context__)


async def loop():
    for i in range(3):
        async with Manager(str(i)):
            if i == 0:
                continue
            if i == 1:
                break
    try:
        async with Manager("t"):
            try:
                return "value"
            finally:
                print("inner finally")
    finally:
        print("outer finally")


print(run(loop()))


class Half:
    async def __aenter__(self):
        pass


class NotAwaitable:
    def __aenter__(self):
        return 5

    def __aexit__(self, *args):
        return 6


class ExitNot:
    async def __aenter__(self):
        return 5

    def __aexit__(self, *args):
        return 6


for manager in (5, Half(), NotAwaitable(), ExitNot()):
    async def use():
        async with manager:
            print("in")
    try:
        run(use())
    except TypeError as e:
        print(e)


async def throw_in():
    try:
        async with Manager("thrown"):
            await Pause()
    except ValueError as e:
        return repr(e)


c = throw_in()
c.send(None)
c.send(None)
try:
    c.throw(ValueError("from outside"))
    c.send(None)
except StopIteration as e:
    print(e.value)
c = throw_in()
c.send(None)
c.send(None)
try:
    c.close()
except RuntimeError as e:
    print(e)
