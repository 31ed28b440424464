"""select, poll and epoll on pipes, and their messages."""
import os
import select
import selectors

r, w = os.pipe()
print(select.select([r], [w], [], 0) == ([], [w], []))
os.write(w, b"x")
print(select.select([r], [], [], 5) == ([r], [], []))


class File:
    def fileno(self):
        return r


f = File()
print(select.select((f,), (), (), None)[0] == [f])
p = select.poll()
p.register(f, select.POLLIN)
p.register(w)
p.modify(w, select.POLLOUT)
print(sorted(p.poll(1000)) == sorted([(r, select.POLLIN), (w, select.POLLOUT)]))
p.unregister(w)
print(p.poll() == [(r, select.POLLIN)], type(p).__name__)
os.read(r, 1)
print(p.poll(1), p.poll(0))


def t(fn):
    try:
        print(fn())
    except Exception as e:
        print(type(e).__name__, e)


t(lambda: p.unregister(w) if False else p.modify(999, 1))
t(lambda: p.unregister(12345))
t(lambda: p.register("x"))
t(lambda: p.register(-1))
t(lambda: p.poll("x"))
t(lambda: select.select([], [], [], -1))
t(lambda: select.select([], [], [], "x"))
t(lambda: select.select(1, [], []))
t(lambda: select.select([object()], [], []))
t(lambda: select.select([5000], [], []))
t(lambda: select.select([], [], [], float("nan")))
with select.epoll() as e:
    e.register(r, select.EPOLLIN)
    print(e.poll(0), e.closed, e.fileno() > 2)
    os.write(w, b"y")
    print(e.poll(timeout=1, maxevents=5) == [(r, select.EPOLLIN)])
    t(lambda: e.register(r, select.EPOLLIN))
    e.modify(r, eventmask=select.EPOLLOUT)
    print(e.poll(0))
    e.unregister(r)
    t(lambda: e.unregister(r))
    t(lambda: e.poll(0, 0))
print(e.closed)
t(lambda: e.poll())
t(lambda: select.epoll(-2))
os.read(r, 1)
for kind in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
    with kind() as s:
        key = s.register(r, selectors.EVENT_READ, "data")
        print(s.select(0))
        os.write(w, b"z")
        print([(k.data, m) for k, m in s.select(1)])
        os.read(r, 1)
print(select.PIPE_BUF, select.error, select.POLLIN, select.EPOLLET)
