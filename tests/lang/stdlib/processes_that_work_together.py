"""multiprocessing and ProcessPoolExecutor, by fork and by spawn: pools, queues, locks, pipes."""
import multiprocessing as mp
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor, as_completed


def square(x):
    return x * x


def fail(x):
    raise ValueError("no square of %d" % x)


def count(queue, lock, n):
    with lock:
        for i in range(n):
            queue.put((n, i))


def echo(connection):
    while True:
        message = connection.recv()
        if message is None:
            break
        connection.send([message, len(message)])
    connection.close()


def meet(barrier, event, ready):
    barrier.wait()
    ready.release()
    event.wait()
    raise SystemExit(3)


def consume(queue, results):
    while (item := queue.get()) is not None:
        results.put(item.upper())
        queue.task_done()
    queue.task_done()


start = 0


def begin(value):
    global start
    start = value


def from_start(x):
    return start + x


class Worker(mp.Process):
    def __init__(self, connection):
        super().__init__(name="a worker", daemon=True)
        self.connection = connection

    def run(self):
        self.connection.send((self.name, self.daemon, mp.parent_process().name))


def pools(ctx):
    with ctx.Pool(2, initializer=begin, initargs=(100,)) as pool:
        print(pool.map(square, range(30), chunksize=4))
        print(sorted(pool.imap_unordered(square, range(6))), list(pool.imap(square, range(4), 2)))
        print(pool.starmap(pow, [(2, 3), (3, 4)]), pool.apply(divmod, (17, 5)))
        print(pool.apply_async(from_start, (7,)).get(20), pool.map_async(len, ["a", "bc"]).get(20))
        try:
            pool.map(fail, [4])
        except ValueError as e:
            print("the worker said", e, type(e.__cause__).__name__)
        pool.close()
        pool.join()
    with ProcessPoolExecutor(2, mp_context=ctx) as executor:
        print(list(executor.map(square, range(10), chunksize=3)))
        done = [executor.submit(square, n) for n in range(5)] + [executor.submit(fail, 9)]
        print(sorted(str(f.exception() or f.result()) for f in as_completed(done)))


def processes(ctx):
    queue, lock = ctx.Queue(), ctx.Lock()
    workers = [ctx.Process(target=count, args=(queue, lock, n)) for n in (2, 3)]
    for p in workers:
        p.start()
    print(sorted(queue.get(timeout=20) for i in range(5)))
    for p in workers:
        p.join()
    print([(p.exitcode, p.is_alive()) for p in workers])

    here, there = ctx.Pipe()
    p = ctx.Process(target=echo, args=(there,), kwargs={})
    p.start()
    for message in ["ä", "x" * 200000, [1, 2]]:
        here.send(message)
        back, n = here.recv()
        print(back == message, n)
    here.send(None)
    p.join()
    print(here.poll(0), p.exitcode)

    barrier, event, ready = ctx.Barrier(3), ctx.Event(), ctx.Semaphore(0)
    group = [ctx.Process(target=meet, args=(barrier, event, ready)) for i in range(2)]
    for p in group:
        p.start()
    barrier.wait()
    ready.acquire(), ready.acquire()
    print(event.is_set(), [p.exitcode for p in group], ready.get_value())
    event.set()
    for p in group:
        p.join()
    print([p.exitcode for p in group])

    p = ctx.Process(target=time.sleep, args=(60,))
    p.start()
    p.terminate()
    p.join()
    print(p.exitcode == -signal.SIGTERM, repr(p).split()[-1])
    p.close()


def queues(ctx):
    work, results = ctx.JoinableQueue(), ctx.SimpleQueue()
    p = ctx.Process(target=consume, args=(work, results))
    p.start()
    for word in ["one", "two", None]:
        work.put(word)
    work.join()
    print(results.get(), results.get(), results.empty())
    p.join()
    condition = ctx.Condition()
    with condition:
        print(condition.wait(0.01), condition.wait_for(lambda: True))
    recursive = ctx.RLock()
    with recursive, recursive:
        print(recursive)
    try:
        recursive.release()
    except AssertionError as e:
        print(e)
    print(ctx.BoundedSemaphore(2), ctx.Lock(), ctx.Semaphore(4))


def main():
    here, there = mp.Pipe(duplex=False)
    for method in ["fork", "spawn"]:
        print("----", method)
        ctx = mp.get_context(method)
        pools(ctx)
        processes(ctx)
        queues(ctx)
    worker = Worker(there)
    worker.start()
    print(here.recv())
    worker.join()
    print(worker.exitcode, mp.active_children(), mp.current_process().name)
    lock = mp.get_context("spawn").Lock()
    left = "/dev/shm/sem." + lock._semlock.name[1:]
    print(os.path.exists(left))
    del lock
    print(os.path.exists(left))


if __name__ == "__main__":
    main()
