"""A tree of coroutines under asyncio: gather on every level, leaves that sleep or compute."""
import asyncio
import random

rng = random.Random(5)
count = 0


async def leaf(n):
    global count
    count += 1
    if n % 3 == 0:
        await asyncio.sleep(0)
    return n % 7


async def node(level, width, n):
    if level == 0:
        return await leaf(n)
    return sum(await asyncio.gather(*[node(level - 1, width, n * width + i) for i in range(width)]))


async def main():
    return [await node(5, 4, rng.randrange(100)) for _ in range(2)]


print(asyncio.run(main()), count)
