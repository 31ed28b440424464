# A generator, coroutine or task that is finished still says what code it ran.
import asyncio
import re
import sys


def counts():
    yield 1


async def waits():
    await asyncio.sleep(0)


async def each():
    yield 1


def raises():
    yield 1
    raise KeyError


generator, code = counts(), counts.__code__
print(generator.gi_code is code, list(generator), generator.gi_code is code, generator.gi_frame)
closed = counts()
closed.close()
print(closed.gi_code is code, closed.gi_frame)
failed = raises()
try:
    list(failed)
except KeyError:
    print(failed.gi_code is raises.__code__, failed.gi_frame)
coroutine = waits()
asyncio.run(coroutine)
print(coroutine.cr_code is waits.__code__, coroutine.cr_frame)


async def main():
    agen = each()
    async for _ in agen:
        pass
    print(agen.ag_code is each.__code__, agen.ag_frame)
    task = asyncio.create_task(waits())
    await task
    print(re.sub(r"\S*/", "", repr(task)))


asyncio.run(main())
before = sys.getrefcount(counts)
kept = [counts() for _ in range(3)]
print(sys.getrefcount(counts) - before >= 0)
for each_kept in kept:
    list(each_kept)
print(sys.getrefcount(counts) - before)
