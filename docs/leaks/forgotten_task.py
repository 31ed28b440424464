"""A forgotten asyncio task: it waits for a reply that never comes, and keeps its request."""
import asyncio

WAITING = {}


async def ask(number):
    request = ["header %d of %d" % (header, number) for header in range(20)]
    WAITING[number] = asyncio.get_running_loop().create_future()
    reply = await WAITING[number]       # without a timeout: the other side has gone
    return request, reply


async def main():
    print("ready", flush=True)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            asyncio.ensure_future(ask(number))
        await asyncio.sleep(0.01)


asyncio.run(main())
