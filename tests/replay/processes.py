"""A parent that hands work to processes, with semaphores that come and go; its children go their
own ways."""
import mmap
import multiprocessing as mp
import time


class Locks(list):
    pass


def work(n):
    return [str(i) for i in range(n)]


def semaphores(ctx, n):
    held = Locks(ctx.Semaphore(i % 3) for i in range(n))
    held.append(ctx.RLock())
    with held[-1], held[-1]:
        held[0].release()
        held[0].acquire(timeout=0.001)
    return held


class Block(mmap.mmap):
    def __new__(cls, size):
        return super().__new__(cls, -1, size)

    def __init__(self, size):
        self.itself = self


def memory(n):
    blocks = [mmap.mmap(-1, 4096) for i in range(n)]
    views = [memoryview(b)[:8].cast("q") for b in blocks]
    views[0][0] = n
    Block(n)
    try:
        mmap.mmap(-1, -1)
    except OverflowError as e:
        return blocks[1:], views, e


def main():
    until = time.monotonic() + 2
    ctx = mp.get_context("fork")
    kept = semaphores(ctx, 3)
    rounds = 0
    while time.monotonic() < until:
        with ctx.Pool(2) as pool:
            for n in range(0, 40, 8):
                assert [len(r) for r in pool.map(work, [n] * 6)] == [n] * 6
        queue = ctx.Queue()
        p = ctx.Process(target=queue.put, args=(work(20),))
        p.start()
        assert queue.get() == work(20)
        p.join()
        semaphores(ctx, 5)
        kept.append(memory(5))
        ctx.Barrier(1).wait()
        rounds += 1
    return kept


if __name__ == "__main__":
    main()
