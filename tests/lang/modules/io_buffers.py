# BufferedReader, BufferedWriter, BufferedRandom and BufferedRWPair over raw files of all kinds.
import gc
import io
import os
import pickle
import tempfile
import threading
import weakref


def show(call, *args, **kwargs):
    try:
        print(repr(call(*args, **kwargs)))
    except BlockingIOError as e:  # its errno is any
        print(type(e), e.strerror, e.characters_written)
    except Exception as e:
        print(type(e).__name__, e)


class Pieces(io.RawIOBase):
    """Gives its pieces one by one, takes at most `takes` octets, and tells what it was asked."""

    def __init__(self, *pieces, takes=None, seekable=False):
        self.pieces = list(pieces)
        self.takes = takes
        self.can_seek = seekable
        self.log = []
        self.at = 0

    def readable(self):
        return True

    def writable(self):
        return True

    def seekable(self):
        return self.can_seek

    def seek(self, by, whence=0):
        self.log.append(('seek', by, whence))
        self.at = by if whence == 0 else self.at + by
        return self.at

    def tell(self):
        if not self.can_seek:
            raise io.UnsupportedOperation('tell')
        return self.at

    def readinto(self, b):
        self.log.append(('readinto', len(b)))
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        if piece is None:
            return None
        n = min(len(b), len(piece))
        b[:n] = piece[:n]
        if n < len(piece):
            self.pieces.insert(0, piece[n:])
        self.at += n
        return n

    def write(self, b):
        data = bytes(b)
        takes = self.takes.pop(0) if isinstance(self.takes, list) and self.takes else len(data)
        if takes is None:
            self.log.append('blocks')
            return None
        self.log.append(('write', data[:takes]))
        self.at += min(takes, len(data))
        return min(takes, len(data))


print('--- how much is asked of raw')
for call in ('read(4)', 'read(20)', 'read()', 'read1(3)', 'read1(30)', 'read1()', 'peek(1)', 'peek()',
             'readline()', 'readline(3)', 'readlines()', 'readinto(bytearray(5))',
             'readinto(bytearray(40))', 'readinto1(bytearray(5))', 'readinto1(bytearray(40))',
             'read(0)', 'read1(0)', 'readline(0)', 'read(None)'):
    raw = Pieces(b'abc', b'de\nfg', b'hijklmnopq', b'', b'r\ns')
    b = io.BufferedReader(raw, 8)
    print(call, end=' ')
    show(eval, 'b.' + call)
    print('   ', raw.log, end=' ')
    show(eval, 'b.' + call)
    show(b.read)
    raw = Pieces(b'ab', None, b'c\n', None)
    b = io.BufferedReader(raw, 4)
    print('    would block:', end=' ')
    for _ in range(4):
        show(eval, 'b.' + call)

print('--- writing')
for takes in None, [3, 2, 1], [None], [5, None], [0, 1, 2, 3], [4, None, None, 20]:
    raw = Pieces(takes=takes)
    w = io.BufferedWriter(raw, 8)
    for data in b'abc', b'defgh', b'ij', b'klmnopqrstuvwxyz0123456789', bytearray(b'!'), memoryview(b'?'):
        show(w.write, data)
    show(w.flush)
    show(w.flush)
    print(raw.log)
    raw.takes = None
    show(w.close)
    show(w.write, b'x')

print('--- places')
for kind in io.BufferedReader, io.BufferedRandom:
    raw = io.BytesIO(bytes(range(65, 91)))
    b = kind(raw, 8)
    for call in ('read(3)', 'tell()', 'seek(2, 1)', 'read(1)', 'seek(-3, 1)', 'read(2)', 'seek(7)', 'read(4)',
                 'seek(-2, 2)', 'read(9)', 'seek(100)', 'read()', 'seek(0)', 'readline(5)', 'tell()',
                 'seek(-1)', 'seek(0, 9)', 'seek(0, 3)', 'seek("a")', 'seek(1, None)', 'tell()', 'truncate(3)'):
        print(call, end=' ')
        show(eval, 'b.' + call)

print('--- reading and writing at once')
raw = io.BytesIO(b'0123456789abcdefghij')
b = io.BufferedRandom(raw, 6)
for call in ('read(2)', 'write(b"XY")', 'tell()', 'read(3)', 'seek(1)', 'write(b"-")', 'peek()', 'read(1)',
             'seek(4, 1)', 'write(b"0123456789")', 'tell()', 'seek(0)', 'readline()', 'seek(3)', 'read1(2)',
             'write(b"#")', 'readinto(bytearray(3))', 'truncate()', 'tell()', 'seek(2)', 'truncate(4)',
             'tell()', 'flush()', 'write(b"end")', 'detach().getvalue()', 'read()', 'tell()', 'detach()'):
    print(call, end=' ')
    show(eval, 'b.' + call)
print(raw.getvalue())

print('--- raw files that lie')
for answer in -1, 9, 'text', 1.5, 1 << 70:
    class Liar(Pieces):
        def readinto(self, b):
            return answer

        def write(self, b):
            return answer

        def tell(self):
            return answer

        def seek(self, by, whence=0):
            return answer
    print(repr(answer))
    show(io.BufferedReader(Liar(), 4).read, 2)
    w = io.BufferedWriter(Liar(), 4)
    show(w.write, b'abcdefg')
    show(w.tell)
    w.__init__(Pieces())
    b = io.BufferedReader(Liar(seekable=True), 4)
    show(b.seek, 1)
    show(b.tell)


class Everything(Pieces):
    def readall(self):
        return answer


for answer in None, b'', b'rest', 'rest', 5:
    raw = Everything(b'abcd')
    b = io.BufferedReader(raw, 4)
    show(b.read)
    b.read(1)
    show(b.read)

print('--- making one')
show(io.BufferedReader, io.BytesIO(), 0)
show(io.BufferedReader, io.BytesIO(), -1)
show(io.BufferedReader, io.BytesIO(), 'a')
show(io.BufferedReader)
show(io.BufferedReader, 5)
show(io.BufferedRandom, Pieces())
show(io.BufferedWriter, raw=io.BytesIO(), buffer_size=5)
show(io.BufferedRWPair, io.BytesIO())
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'file')
    with io.FileIO(path, 'w') as only_writes:
        show(io.BufferedReader, only_writes)
    with io.FileIO(path, 'r') as only_reads:
        show(io.BufferedWriter, only_reads)
        show(io.BufferedRandom, only_reads)
b = io.BufferedReader.__new__(io.BufferedReader)
for name in 'read', 'peek', 'readline', 'tell', 'close', 'detach', 'flush', 'fileno', '__repr__':
    show(getattr(b, name))
show(lambda: b.closed)
show(lambda: b.raw)
b = io.BufferedReader(io.BytesIO(b'abc'))
show(b.__init__, io.BytesIO(), -1)
show(b.read)
b.__init__(io.BytesIO(b'def'))
show(b.read)

print('--- attributes')


class Named(io.BytesIO):
    name = 'some name'
    mode = 'some mode'


class Sub(io.BufferedReader):
    def read(self, n=-1):
        return b'sub:' + super().read(n)


for b in io.BufferedReader(Named(b'abc')), io.BufferedWriter(io.BytesIO()), Sub(Named(b'l\nm\n')), \
        io.BufferedRandom(Named()):
    print(repr(b).replace('__main__.', ''), b.readable(), b.writable(), b.seekable(), b.isatty(), b.closed,
          type(b.raw).__name__)
    show(lambda: b.name)
    show(lambda: b.mode)
    show(b.fileno)
    show(setattr, b, 'raw', None)
    show(pickle.dumps, b, 2)
    b.extra = 5
    print(weakref.ref(b)() is b, b.extra, isinstance(b, io.BufferedIOBase), b.__sizeof__() > 8192)
    show(b.read)
    show(b.write, b'x')
    show(b.truncate)
s = Sub(io.BytesIO(b'one\ntwo\nthree'))
print(next(s), list(s), s.read())


class Lines(io.BufferedReader):
    def readline(self, n=-1):
        return super().readline(n).upper()


print(list(Lines(io.BytesIO(b'one\ntwo'))), Lines(io.BytesIO(b'one\ntwo')).readlines())
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with open('a', 'wb') as f:
        f.write(b'some\nlines\n' * 1000)
    with io.BufferedReader(io.FileIO('a')) as b:
        print(b, b.mode, b.fileno() == b.raw.fileno(), len(b.read(7000)), b.tell(), len(b.read()), b.read(1))
        b.seek(3)
        print(b.readline(), sum(1 for line in b))
    show(b.read)
    show(b.seek, 0)
    show(b.tell)
    with io.BufferedRandom(io.FileIO('a', 'r+'), 16) as b:
        b.seek(11)
        print(b.write(b'HERE'), b.readline(), b.tell(), b.seek(-5, 2), b.write(b'!' * 40))
    with io.BufferedWriter(io.FileIO('a', 'a')) as w:
        print(w.tell(), w.write(b'tail'), w.tell())
    with open('a', 'rb') as f:
        data = f.read()
        print(len(data), data[:30], data[-50:])
    os.chdir('/')

print('--- closing')


class Fails(Pieces):
    def __init__(self, *fails):
        super().__init__()
        self.fails = fails

    def write(self, b):
        if 'write' in self.fails:
            raise OSError('write')
        return len(b)

    def close(self):
        super().close()
        if 'close' in self.fails:
            raise ValueError('close')


for fails in (), ('write',), ('close',), ('write', 'close'):
    w = io.BufferedWriter(Fails(*fails))
    w.write(b'abc')
    try:
        w.close()
    except Exception as e:
        print(repr(e), repr(e.__context__), end=' ')
    print(w.closed)
    show(w.flush)
    show(w.close)
    show(w.write, b'')


class Watched(Pieces):
    def close(self):
        if not self.closed:
            print('raw closes', self.log)
        super().close()


w = io.BufferedWriter(Watched())
w.write(b'last words')
w.itself = w
del w
gc.collect()
r = io.BufferedReader(io.BytesIO(b'abcdef'))
r.peek()
r.raw.close()
show(r.read, 3)
show(r.read, 2)
show(r.read, 2)

print('--- again into itself')


class Calls(Pieces):
    def readinto(self, b):
        show(self.top.read, 100)
        show(self.top.seek, 50)
        return super().readinto(b)

    def write(self, b):
        show(self.top.write, b'x' * 100)
        show(self.top.flush)
        return len(b)

    def __repr__(self):
        return 'Calls'


raw = Calls(b'abc', seekable=True)
raw.name = 'calls'
raw.top = io.BufferedReader(raw)
show(raw.top.read)
raw = Calls()
raw.name = 'calls'
raw.top = io.BufferedWriter(raw)
raw.top.write(b'a')
show(raw.top.flush)


class Detaches(Pieces):
    def readinto(self, b):
        self.top.detach()
        return super().readinto(b)


raw = Detaches(b'abc', b'def')
raw.top = io.BufferedReader(raw)
show(raw.top.read, 2)
show(raw.top.read, 2)

print('--- interrupted')


class Interrupted(Pieces):
    left = 3

    def interrupt(self):
        self.left -= 1
        if self.left >= 0:
            raise InterruptedError(4, 'interrupted')

    def readinto(self, b):
        self.interrupt()
        return super().readinto(b)

    def write(self, b):
        self.interrupt()
        return super().write(b)


show(io.BufferedReader(Interrupted(b'abc')).read, 3)
w = io.BufferedWriter(Interrupted())
w.write(b'abc')
show(w.flush)

print('--- pairs')
out = Pieces()
p = io.BufferedRWPair(Pieces(b'first\nsecond', b' third'), out, 8)
for call in ('readable()', 'writable()', 'seekable()', 'isatty()', 'closed', 'read(2)', 'peek(3)', 'read1(3)',
             'readinto(bytearray(2))', 'readline()', 'readinto1(bytearray(3))', 'write(b"abc")', 'flush()',
             'write(b"def")', 'read()', 'tell()', 'seek(0)', 'detach()', 'fileno()', 'close()', 'closed', 'close()',
             'read()', 'write(b"")'):
    print(call, end=' ')
    show(eval, 'p.' + call)
print(out.log)
p = io.BufferedRWPair.__new__(io.BufferedRWPair)
show(p.read)
show(lambda: p.closed)
p = io.BufferedRWPair(Fails('close'), Fails('write', 'close'))
p.write(b'abc')
try:
    p.close()
except Exception as e:
    print(repr(e), repr(e.__context__), repr(e.__context__.__context__))
a, z = os.pipe()
p = io.BufferedRWPair(io.FileIO(a), io.FileIO(z, 'w'))
p.write(b'through the pipe\n')
p.flush()
print(p.readline())
p.close()

print('--- a pipe that does not wait')
a, z = os.pipe()
os.set_blocking(a, False)
os.set_blocking(z, False)
r, w = io.BufferedReader(io.FileIO(a)), io.BufferedWriter(io.FileIO(z, 'w'), 16384)
print(r.read(), r.read(5), r.read1(5), r.readline(), r.peek())
written = got = 0
try:
    while True:
        written += w.write(b'x' * 10000)
except BlockingIOError as e:
    written += e.characters_written
while True:
    try:
        w.flush()
        break
    except BlockingIOError as e:
        got += len(r.read())
got += len(r.read())
print(written == got, r.read())
w.close()
print(r.read(), r.read(1))
r.close()

print('--- threads')


class Slow(Pieces):
    def readinto(self, b):
        done.wait(0.001)
        return super().readinto(b)


done = threading.Event()
r = io.BufferedReader(Slow(*[bytes([65 + i % 26]) * (i % 7 + 1) for i in range(400)]), 64)
parts = []


def work():
    while part := r.read(5):
        parts.append(part)


threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
everything = b''.join(bytes([65 + i % 26]) * (i % 7 + 1) for i in range(400))
print(sum(map(len, parts)) == len(everything), sorted(b''.join(parts)) == sorted(everything))
out = Pieces()
w = io.BufferedWriter(out, 32)


def put():
    for _ in range(300):
        w.write(b'0123456789')


threads = [threading.Thread(target=put) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
w.flush()
print(b''.join(data for _, data in out.log) == b'0123456789' * 1200)
