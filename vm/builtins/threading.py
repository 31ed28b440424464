"""Threads and the tools to keep them in step, on top of the built-in module _thread.

Small on purpose, so that it can be read along with a GIL trace: every object here is made of locks
from _thread, and a lock that is taken is a futex wait outside the GIL.
"""
import _thread
import posix as _posix
import sys as _sys
from time import monotonic as _now

__all__ = ['get_ident', 'active_count', 'Condition', 'current_thread', 'enumerate', 'main_thread',
           'TIMEOUT_MAX', 'Event', 'Lock', 'RLock', 'Semaphore', 'BoundedSemaphore', 'Thread',
           'Barrier', 'BrokenBarrierError', 'Timer', 'ThreadError', 'setprofile', 'settrace',
           'local', 'stack_size', 'excepthook', 'ExceptHookArgs', 'get_native_id']

Lock = _thread.allocate_lock
RLock = _thread.RLock
local = _thread._local
get_ident = _thread.get_ident
get_native_id = _thread.get_native_id
stack_size = _thread.stack_size
ThreadError = _thread.error
TIMEOUT_MAX = _thread.TIMEOUT_MAX

_active_lock = Lock()
_active = {}        # ident -> Thread that runs
_starting = {}      # Thread -> Thread that was started and does not run yet
_counter = 0
_exit_calls = []
_trace_hook = None
_profile_hook = None


def _next_number():
    global _counter
    _counter += 1
    return _counter


class Condition:
    """Waiting for something to become true, under a lock."""

    def __init__(self, lock=None):
        if lock is None:
            lock = RLock()
        self._lock = lock
        self.acquire = lock.acquire
        self.release = lock.release
        if hasattr(lock, '_release_save'):
            self._release_save = lock._release_save
            self._acquire_restore = lock._acquire_restore
            self._is_owned = lock._is_owned
        self._waiters = []

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *args):
        return self._lock.__exit__(*args)

    def __repr__(self):
        return "<Condition(%s, %d)>" % (self._lock, len(self._waiters))

    def _release_save(self):
        self._lock.release()

    def _acquire_restore(self, state):
        self._lock.acquire()

    def _is_owned(self):
        if self._lock.acquire(False):
            self._lock.release()
            return False
        return True

    def wait(self, timeout=None):
        if not self._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        bell = Lock()
        bell.acquire()      # notify() releases it
        self._waiters.append(bell)
        held = self._release_save()
        rung = False
        try:
            if timeout is None:
                rung = bell.acquire()
            else:
                rung = bell.acquire(timeout > 0, timeout if timeout > 0 else -1)
        finally:
            self._acquire_restore(held)
            if not rung and bell in self._waiters:
                self._waiters.remove(bell)
        return rung

    def wait_for(self, predicate, timeout=None):
        until = None if timeout is None else _now() + timeout
        result = predicate()
        while not result:
            if until is None:
                self.wait()
            else:
                left = until - _now()
                if left <= 0:
                    break
                self.wait(left)
            result = predicate()
        return result

    def notify(self, n=1):
        if not self._is_owned():
            raise RuntimeError("cannot notify on un-acquired lock")
        while self._waiters and n > 0:
            waiter = self._waiters.pop(0)
            try:
                waiter.release()
            except RuntimeError:
                pass    # it timed out and is on its way to take itself off the list
            else:
                n -= 1

    def notify_all(self):
        self.notify(len(self._waiters))

    notifyAll = notify_all


class Semaphore:
    """A counter that blocks at zero."""

    def __init__(self, value=1):
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._cond = Condition(Lock())
        self._value = value

    def __repr__(self):
        cls = self.__class__
        return "<%s.%s at %#x: value=%d>" % (cls.__module__, cls.__qualname__, id(self),
                                             self._value)

    def acquire(self, blocking=True, timeout=None):
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        until = None if timeout is None else _now() + timeout
        with self._cond:
            while self._value == 0:
                if not blocking:
                    return False
                if until is None:
                    self._cond.wait()
                else:
                    left = until - _now()
                    if left <= 0:
                        return False
                    self._cond.wait(left)
            self._value -= 1
            return True

    __enter__ = acquire

    def release(self, n=1):
        if n < 1:
            raise ValueError('n must be one or more')
        with self._cond:
            self._value += n
            self._cond.notify(n)

    def __exit__(self, *args):
        self.release()


class BoundedSemaphore(Semaphore):
    """A semaphore that refuses to be released more often than it was acquired."""

    def __init__(self, value=1):
        super().__init__(value)
        self._initial_value = value

    def release(self, n=1):
        if n < 1:
            raise ValueError('n must be one or more')
        with self._cond:
            if self._value + n > self._initial_value:
                raise ValueError("Semaphore released too many times")
            self._value += n
            self._cond.notify(n)


class Event:
    """A flag to wait for."""

    def __init__(self):
        self._cond = Condition(Lock())
        self._lock = self._cond._lock   # whose `with` calls no function that could fail
        self._flag = False

    def __repr__(self):
        cls = self.__class__
        return "<%s.%s at %#x: %s>" % (cls.__module__, cls.__qualname__, id(self),
                                       'set' if self._flag else 'unset')

    def is_set(self):
        return self._flag

    isSet = is_set

    def set(self):
        with self._lock:
            self._flag = True
            self._cond.notify_all()

    def clear(self):
        with self._lock:
            self._flag = False

    def wait(self, timeout=None):
        with self._lock:
            if not self._flag:
                self._cond.wait_for(self.is_set, timeout)
            return self._flag


class BrokenBarrierError(RuntimeError):
    pass


class Barrier:
    """A place where `parties` threads wait for each other.

    The first to come opens a round and the last one ends it; each leaves when its round has ended,
    so that nobody has to wait until all of the last round have left."""

    def __init__(self, parties, action=None, timeout=None):
        self._changed = Condition(Lock())
        self._action = action
        self._timeout = timeout
        self._parties = parties
        self._round = _Round()
        self._broken = False

    def __repr__(self):
        cls = self.__class__
        state = "broken" if self._broken else "waiters=%d/%d" % (self.n_waiting, self.parties)
        return "<%s.%s at %#x: %s>" % (cls.__module__, cls.__qualname__, id(self), state)

    def wait(self, timeout=None):
        with self._changed:
            if self._broken:
                raise BrokenBarrierError
            mine = self._round
            index = mine.waiting
            mine.waiting += 1
            if mine.waiting < self._parties:
                self._wait_for_end(mine, self._timeout if timeout is None else timeout)
            else:
                self._end(mine)
            return index

    def _wait_for_end(self, mine, timeout):
        if not self._changed.wait_for(lambda: mine.outcome, timeout):
            self._abandon(mine)
        if mine.outcome == "broken":
            raise BrokenBarrierError

    def _end(self, mine):
        try:
            if self._action:
                self._action()
        except:
            self._abandon(mine)
            raise
        self._next_round(mine, "passed")

    def _abandon(self, mine):
        self._broken = True
        self._next_round(mine, "broken")

    def _next_round(self, mine, outcome):
        mine.outcome = outcome
        self._round = _Round()
        self._changed.notify_all()

    def reset(self):
        with self._changed:
            self._broken = False
            if self._round.waiting:
                self._next_round(self._round, "broken")

    def abort(self):
        with self._changed:
            self._abandon(self._round)

    @property
    def parties(self):
        return self._parties

    @property
    def n_waiting(self):
        return self._round.waiting

    @property
    def broken(self):
        return self._broken


class _Round:
    """The threads that pass a barrier together."""

    def __init__(self):
        self.waiting = 0
        self.outcome = None     # "passed" or "broken", when it has ended


class ExceptHookArgs(tuple):
    """exc_type, exc_value, exc_traceback and thread of an exception that ended a thread."""

    exc_type = property(lambda self: self[0])
    exc_value = property(lambda self: self[1])
    exc_traceback = property(lambda self: self[2])
    thread = property(lambda self: self[3])


def excepthook(args):
    if args.exc_type == SystemExit:
        return
    stderr = _sys.stderr
    if stderr is None:
        return
    name = args.thread.name if args.thread is not None else get_ident()
    stderr.write("Exception in thread %s:\n" % name)
    stderr.flush()
    _sys.__excepthook__(args.exc_type, args.exc_value, args.exc_traceback)


__excepthook__ = excepthook


class Thread:
    """An activity that runs beside the others: override run(), or pass a target."""

    _initialized = False

    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        assert group is None, "group argument must be None for now"
        if kwargs is None:
            kwargs = {}
        if name:
            name = str(name)
        else:
            name = "Thread-%d" % _next_number()
            if target is not None:
                try:
                    name += " (%s)" % target.__name__
                except AttributeError:
                    pass
        self._target = target
        self._name = name
        self._args = args
        self._kwargs = kwargs
        self._daemonic = current_thread().daemon if daemon is None else bool(daemon)
        self._ident = None
        self._native_id = None
        self._end_lock = None       # held by the thread while it runs
        self._started = Event()
        self._is_stopped = False
        self._initialized = True

    def __repr__(self):
        status = "initial"
        if self._started.is_set():
            status = "started"
        self.is_alive()
        if self._is_stopped:
            status = "stopped"
        if self._daemonic:
            status += " daemon"
        if self._ident is not None:
            status += " %s" % self._ident
        return "<%s(%s, %s)>" % (self.__class__.__name__, self._name, status)

    def start(self):
        if not self._initialized:
            raise RuntimeError("thread.__init__() not called")
        if self._started.is_set():
            raise RuntimeError("threads can only be started once")
        with _active_lock:
            _starting[self] = self
        try:
            ready = Lock()
            ready.acquire()
            _thread._start(self._bootstrap, ready)
            ready.acquire()     # given back by _bootstrap, or when the thread has ended
            if not self._started.is_set():
                raise RuntimeError("the thread ended before it could run")
        except:
            with _active_lock:
                _starting.pop(self, None)
            raise

    def run(self):
        try:
            if self._target is not None:
                self._target(*self._args, **self._kwargs)
        finally:
            # A thread that ended keeps nothing alive.
            del self._target, self._args, self._kwargs

    def _bootstrap(self, ready):
        try:
            self._begin()
            ready.release()
            try:
                if _trace_hook:
                    _sys.settrace(_trace_hook)
                if _profile_hook:
                    _sys.setprofile(_profile_hook)
                self.run()
            except:
                self._report()
        finally:
            with _active_lock:
                if self._ident in _active:
                    del _active[self._ident]

    def _begin(self):
        self._ident = get_ident()
        self._native_id = get_native_id()
        self._end_lock = _thread._set_sentinel()
        self._end_lock.acquire()
        _thread._set_name(self._name)
        with _active_lock:
            _active[self._ident] = self
            _starting.pop(self, None)
        self._started.set()

    def _adopt(self):
        self._ident = get_ident()
        self._native_id = get_native_id()
        self._started.set()
        _active[self._ident] = self

    def _report(self):
        value = _sys.exc_info()[1]
        args = ExceptHookArgs((type(value), value, value.__traceback__, self))
        try:
            excepthook(args)
        except Exception as e:
            _sys.__excepthook__(type(e), e, e.__traceback__)
        finally:
            args = value = None     # no cycle through the frame

    def join(self, timeout=None):
        if not self._initialized:
            raise RuntimeError("Thread.__init__() not called")
        if not self._started.is_set():
            raise RuntimeError("cannot join thread before it is started")
        if self is current_thread():
            raise RuntimeError("cannot join current thread")
        if timeout is None:
            self._wait_for_end()
        else:
            self._wait_for_end(max(timeout, 0))

    def _wait_for_end(self, timeout=-1):
        lock = self._end_lock
        if lock is None or self._is_stopped:
            return
        if lock.acquire(True, timeout):
            lock.release()
            self._is_stopped = True
            self._end_lock = None

    def is_alive(self):
        assert self._initialized, "Thread.__init__() not called"
        if self._is_stopped or not self._started.is_set():
            return False
        self._wait_for_end(0)
        return not self._is_stopped

    @property
    def name(self):
        assert self._initialized, "Thread.__init__() not called"
        return self._name

    @name.setter
    def name(self, name):
        assert self._initialized, "Thread.__init__() not called"
        self._name = str(name)
        if self._ident == get_ident():
            _thread._set_name(self._name)

    @property
    def ident(self):
        assert self._initialized, "Thread.__init__() not called"
        return self._ident

    @property
    def native_id(self):
        assert self._initialized, "Thread.__init__() not called"
        return self._native_id

    @property
    def daemon(self):
        assert self._initialized, "Thread.__init__() not called"
        return self._daemonic

    @daemon.setter
    def daemon(self, daemonic):
        if not self._initialized:
            raise RuntimeError("Thread.__init__() not called")
        if self._started.is_set():
            raise RuntimeError("cannot set daemon status of active thread")
        self._daemonic = daemonic

    def isDaemon(self):
        return self.daemon

    def setDaemon(self, daemonic):
        self.daemon = daemonic

    def getName(self):
        return self.name

    def setName(self, name):
        self.name = name


class Timer(Thread):
    """Calls a function after some time, unless it is cancelled before."""

    def __init__(self, interval, function, args=None, kwargs=None):
        Thread.__init__(self)
        self.interval = interval
        self.function = function
        self.args = args if args is not None else []
        self.kwargs = kwargs if kwargs is not None else {}
        self.finished = Event()

    def cancel(self):
        self.finished.set()

    def run(self):
        self.finished.wait(self.interval)
        if not self.finished.is_set():
            self.function(*self.args, **self.kwargs)
        self.finished.set()


class _MainThread(Thread):
    def __init__(self):
        Thread.__init__(self, name="MainThread", daemon=False)
        self._adopt()


class _DummyThread(Thread):
    """Stands for a thread that was not started by this module."""

    def __init__(self):
        Thread.__init__(self, name="Dummy-%d" % _next_number(), daemon=True)
        self._ident = get_ident()
        self._native_id = get_native_id()
        self._started.set()
        with _active_lock:
            _active[self._ident] = self

    def is_alive(self):
        return not self._is_stopped

    def join(self, timeout=None):
        raise RuntimeError("cannot join a dummy thread")


def current_thread():
    try:
        return _active[get_ident()]
    except KeyError:
        if _main is None:
            return _NoThread
        return _DummyThread()


class _NoThread:
    daemon = False


def active_count():
    with _active_lock:
        return len(_active) + len(_starting)


def enumerate():
    with _active_lock:
        return list(_active.values()) + list(_starting.values())


def main_thread():
    return _main


def settrace(func):
    global _trace_hook
    _trace_hook = func


def gettrace():
    return _trace_hook


def setprofile(func):
    global _profile_hook
    _profile_hook = func


def getprofile():
    return _profile_hook


currentThread = current_thread
activeCount = active_count


def _register_atexit(func, *arg, **kwargs):
    _exit_calls.append(lambda: func(*arg, **kwargs))


def _shutdown():
    """Called at exit: waits for all threads that are not daemons."""
    while _exit_calls:
        _exit_calls.pop()()
    while True:
        with _active_lock:
            others = [t for t in list(_active.values()) + list(_starting.values())
                      if t is not _main and not t.daemon]
        if not others:
            return
        for t in others:
            if t._started.wait(1):      # one that ended before it began never is
                t._wait_for_end()
                with _active_lock:
                    _active.pop(t._ident, None)     # should it have had no memory to do that


def _after_fork():
    """In a forked child only the thread that forked is left: it is the main thread now."""
    global _active_lock, _main
    _active_lock = Lock()       # another thread may have held the old one
    _main = current_thread()
    for thread in list(_active.values()) + list(_starting.values()):
        if thread is not _main:
            thread._is_stopped = True
            thread._end_lock = None
    _active.clear()
    _starting.clear()
    _main._adopt()


_main = None
_main = _MainThread()
_posix.register_at_fork(after_in_child=_after_fork)
