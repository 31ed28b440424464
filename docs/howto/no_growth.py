"""A test that fails when what it tests leaks, in any test framework.

    from no_growth import no_growth

    def test_requests_leave_nothing_behind():
        for _ in range(100):
            handle(REQUEST)            # fills caches, imports modules: no leak
        with no_growth("200KB"):
            for _ in range(1000):
                handle(REQUEST)

What fails shows the answer of `brille leaks`: the path that keeps the growth, and what sort of leak it is.
"""
import contextlib
import gc
import os
import subprocess
import tempfile

PR_SET_PTRACER = 0x59616D61  # prctl(2): who may look at this process where Yama restricts it


class Growth(AssertionError):
    """The heap grew by more than it should."""


def _brille(*arguments):
    command = [os.environ.get("BRILLE", "brille"), *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def _let_brille_in():
    try:
        import ctypes
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


@contextlib.contextmanager
def no_growth(limit="1MB"):
    """Fails when the heap, or any one place in it, is more than `limit` bigger after the block."""
    _let_brille_in()
    pid = str(os.getpid())
    with tempfile.TemporaryDirectory() as folder:
        before = os.path.join(folder, "before.heap")
        gc.collect()
        done = _brille("dump", pid, "-o", before)
        if done.returncode:
            raise RuntimeError(done.stderr)
        yield
        gc.collect()
        done = _brille("leaks", before, pid, "--fail-on", "growth>" + limit)
        if done.returncode == 1:
            raise Growth("more than %s stay:\n%s" % (limit, done.stdout))
        if done.returncode:
            raise RuntimeError(done.stderr)
