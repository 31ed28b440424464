"""Types of C modules under trace: arrays, sockets, selectors, compressed data, rows, processes."""
import array
import asyncio
import csv
import gzip
import io
import select
import subprocess
import time
import zlib


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line[::-1])
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for i in range(20):
            writer.write(b"line %d\n" % i)
        writer.write_eof()
        data = await reader.read()
        writer.close()
    return len(data)


class Numbers(array.array):
    pass


def once():
    kept = [array.array(code, [1, 2, 3]) for code in "bBhHiIlLqQfd"]
    for a in kept:
        a.extend(range(100))
        del a[::2]
    kept.append(Numbers("d", [0.5]))
    kept[-1].itself = kept[-1]
    view = memoryview(kept[0])
    iterators = [iter(a) for a in kept]
    next(iterators[0])
    size = asyncio.run(main())
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerows([i, str(i) * 3, None] for i in range(100))
    rows = list(csv.reader(io.StringIO(out.getvalue()), delimiter=";"))
    packed = gzip.compress(out.getvalue().encode())
    assert gzip.decompress(packed).decode() == out.getvalue()
    d = zlib.decompressobj()
    d.decompress(zlib.compress(b"x" * 10000), 10)
    poll = select.poll()
    poll.register(0)
    epoll = select.epoll()
    poll.unregister(0)
    epoll.close()
    child = subprocess.run(["echo", "child"], capture_output=True).stdout
    return size, child, len(rows), len(d.unconsumed_tail) > 0


end = time.monotonic() + 2
while time.monotonic() < end:
    answer = once()
print(*answer)
