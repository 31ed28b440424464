"""mmap: octets that are also a file, alone and between processes; barriers."""
import mmap
import multiprocessing as mp
import os
import tempfile
import weakref


def tell(f, *args, **kw):
    try:
        print(f(*args, **kw))
    except Exception as e:
        print(type(e).__name__, e)


def anonymous():
    m = mmap.mmap(-1, 30)
    print(m, len(m), m[:4], m[5], m[-1])
    m[:] = b'hello world\nsecond\nthird line!'
    print(list(m)[:3], b'h' in m, 5 in m, next(reversed(m)), m[0:9:3], m[::-1][:4])
    m[0:6:2] = b"HLO"
    m[1] = 69
    print(m.readline(), m.readline(), m.readline(), m.readline(), m.tell())
    m.seek(-5, 2), m.seek(1, os.SEEK_CUR)
    print(m.read(2), m.read(-1), m.read(None), m.read(5))
    m.seek(12)
    print(m.read_byte(), m.write(b"XYZ"), m.write_byte(33), m.tell(), m[10:20])
    for args in [(b"o",), (b"o", 0), (b"line", -12), (b"line", 0, -5), (b"", 3), (b"", 40), (b"x", 9)]:
        print(m.find(*args), m.rfind(*args), end=" ")
    print(m.move(0, 12, 6), m[:8], m.flush(), m.flush(0, 10), m.madvise(mmap.MADV_NORMAL))
    for name, args in [("move", (0, 29, 2)), ("move", (-1, 0, 1)), ("seek", (31,)), ("seek", (0, 5)),
                       ("seek", (-1,)), ("write", (b"x" * 31,)), ("write", ("s",)), ("read", ("a",)),
                       ("write_byte", (256,)), ("write_byte", (-1,)), ("flush", (-1,)),
                       ("flush", (0, 31)), ("find", ("a",)), ("madvise", (0, 30)),
                       ("madvise", (0, 0, -1)), ("resize", (-1,)), ("__getitem__", (30,)),
                       ("__getitem__", ("a",)), ("__setitem__", (0, 256)), ("__setitem__", (0, b"a")),
                       ("__setitem__", (slice(0, 3), b"a")), ("__setitem__", (slice(0, 1), "a")),
                       ("__delitem__", (0,)), ("__delitem__", (slice(0, 1),))]:
        tell(getattr(m, name), *args)
    view = memoryview(m)
    view[3] = 42
    print(m[3], view.readonly, len(view))
    tell(m.close)
    tell(m.resize, 10)
    view.release()
    ref = weakref.ref(m)
    with m as same:
        print(same is m, ref() is m, m.closed)
    print(m, m.closed)
    for f in (m.read, m.tell, m.size, len, memoryview, m.__enter__, m.close):
        tell(f, *([m] if f in (len, memoryview) else []))


def refused():
    for args in [(-1, -1), (-1, 0), ("a", 1), (-1, 10, 1, 1, 1), (-1, 1 << 70), (-1, 10, 5)]:
        tell(mmap.mmap, *args)
    for kw in [dict(access=7), dict(access=mmap.ACCESS_READ, prot=1), dict(offset=-1)]:
        tell(mmap.mmap, -1, 10, **kw)
    for prot in (mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_READ | mmap.PROT_WRITE):
        print(mmap.mmap(-1, 10, prot=prot))
    m = mmap.mmap(-1, 10, access=mmap.ACCESS_READ)
    for f, args in [(m.write, (b"a",)), (m.__setitem__, (0, 1)), (m.resize, (5,)),
                    (m.move, (0, 1, 2)), (m.write_byte, (1,)), (m.flush, ())]:
        tell(f, *args)
    print(memoryview(m).readonly)


def files():
    page = mmap.PAGESIZE
    with tempfile.TemporaryFile() as f:
        tell(mmap.mmap, f.fileno(), 0)
        f.write(b"hello world " * 1000)
        f.flush()
        tell(mmap.mmap, f.fileno(), 20000)
        tell(mmap.mmap, f.fileno(), 0, offset=100 * page)
        tell(mmap.mmap, f.fileno(), 10, offset=1)
        m = mmap.mmap(f.fileno(), 0)
        part = mmap.mmap(f.fileno(), 10, offset=page, access=mmap.ACCESS_COPY)
        print(m, len(m), m.size(), part, part[:] == m[page:page + 10])
        part[0] = 0
        m[1:3] = b"EL"
        print(m[page] != 0, m.find(b"world"), m.rfind(b"world"))
        m.resize(100)
        print(len(m), m.size(), os.fstat(f.fileno()).st_size)
        m.resize(3 * page)
        print(len(m), m[:20], m[-1])
        tell(part.resize, 5)
        m.close(), part.close()
        f.seek(0)
        print(f.read(12))


class Block(mmap.mmap):
    def __new__(cls, size):
        return super().__new__(cls, -1, size)

    def __init__(self, size):
        self.note = size


def meet(barrier, block, n):
    block[n] = barrier.wait() + 10
    barrier.wait()


def processes():
    ctx = mp.get_context("fork")
    block = mmap.mmap(-1, 100)
    barrier = ctx.Barrier(3)
    group = [ctx.Process(target=meet, args=(barrier, block, n)) for n in range(2)]
    for p in group:
        p.start()
    block[2] = barrier.wait() + 10
    barrier.wait()
    for p in group:
        p.join()
    print(sorted(block[:3]), barrier.parties, barrier.n_waiting, barrier.broken)


anonymous()
refused()
files()
b = Block(7)
print(b, b.note, isinstance(b, mmap.mmap))
b.itself = b
del b
processes()
