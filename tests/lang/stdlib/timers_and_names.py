"""Timers of odd lengths, names that are no C text, and what a refused default leaves."""
import _sre
import io
import signal
import socket
import zlib


def attempt(function, *args):
    try:
        print(function(*args))
    except Exception as e:
        print(type(e).__name__, e)


signal.signal(signal.SIGALRM, signal.SIG_IGN)
for seconds in (0.9999998, 1e-9, 3, float("nan"), 1e30, -1e30, -0.5, -3):
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        print(signal.getitimer(signal.ITIMER_REAL)[0] <= max(seconds, 1e-6), end=" ")
        print(signal.setitimer(signal.ITIMER_REAL, 0)[0] > 0 or seconds < 1e-3)
    except (ValueError, OverflowError, signal.ItimerError) as e:
        print(type(e).__name__, e)
attempt(signal.getitimer, 77)
print(issubclass(signal.ItimerError, OSError), signal.ItimerError is OSError)
for number in (0, 65, signal.SIGALRM):
    attempt(signal.siginterrupt, number, False)
attempt(signal.raise_signal, 99)

for function, args in ((socket.inet_aton, ()), (socket.inet_pton, (socket.AF_INET,)), (socket.getservbyname, ()),
                       (socket.getprotobyname, ()), (socket.if_nametoindex, ())):
    attempt(function, *args, "127.0.0.1\0x")
    if function is not socket.if_nametoindex:
        attempt(function, *args, "\udc80")
with socket.socket() as s:
    attempt(s.connect, ("127.0.0.1\0x", 1))
with socket.socket(socket.AF_UNIX) as s:
    for wrong in (5, [1, 2]):
        attempt(s.connect, wrong)
socket.setdefaulttimeout(3)
for wrong in ("x", -1, float("nan")):
    attempt(socket.setdefaulttimeout, wrong)
    print(socket.getdefaulttimeout())
socket.setdefaulttimeout(None)
attempt(socket.htonl, -1)
attempt(socket.htons, -1)

file = io.BytesIO(b"0123456789" * 4)
file.seek(3)
view = file.getbuffer()
print(file.readinto(view), bytes(view))
text = io.StringIO()
text.seek(10)
print([text.readline(), text.read(), list(text)])


class Growing:
    def __index__(self):
        code.extend([1] * 10_000)
        return 1


code = [Growing(), 1]
try:
    _sre.compile("a", 0, code, 0, {}, ())
except (OverflowError, TypeError):
    print("refused", len(code))

packer = zlib.compressobj(zdict=b"hello")
packed = packer.compress(b"hellohello") + packer.flush()
attempt(zlib.decompressobj(zdict=b"hello").decompress, packed)
attempt(zlib.decompressobj(zdict=b"other").decompress, packed)
attempt(zlib.decompressobj().decompress, packed)
