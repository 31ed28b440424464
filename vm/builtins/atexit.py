"""Functions to be called at a normal exit, last registered first."""
import sys as _sys

_calls = []


def register(func, /, *args, **kwargs):
    if not callable(func):
        raise TypeError("the first argument must be callable")
    _calls.append((func, args, kwargs))
    return func


def unregister(func, /):
    _calls[:] = [call for call in _calls if not (call[0] is func or call[0] == func)]


def _clear():
    _calls.clear()


def _ncallbacks():
    return len(_calls)


def _run_exitfuncs():
    while _calls:
        func, args, kwargs = _calls.pop()
        try:
            func(*args, **kwargs)
        except SystemExit:
            pass
        except BaseException as e:
            if _sys.stderr is not None:
                _sys.stderr.write("Exception ignored in atexit callback: %r\n" % (func,))
                _sys.__excepthook__(type(e), e, e.__traceback__)
