"""async def without an event loop: awaiting down a chain, async iteration, async with."""


class Step:
    def __await__(self):
        value = yield 1
        return value


class Scope:
    async def __aenter__(self):
        return await Step()

    async def __aexit__(self, *exc):
        return False


async def fib(n):
    if n < 2:
        return n
    return await fib(n - 1) + await fib(n - 2)


async def numbers(n):
    for i in range(n):
        if i % 10 == 0:
            await Step()
        yield i


async def main():
    total = await fib(20)
    async for i in numbers(20000):
        total += i
    for _ in range(4000):
        async with Scope() as value:
            total += value
    return total + sum([i async for i in numbers(10000)])


def run(coroutine):
    steps, value = 0, None
    try:
        while True:
            steps += coroutine.send(value)
            value = 2
    except StopIteration as e:
        return steps, e.value


print(run(main()))
