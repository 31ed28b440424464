"""io.FileIO: modes, errors, positions, what is closed, subclasses, warnings of files that die open."""
import io
import os
import pathlib
import sys
import tempfile
import warnings

folder = tempfile.mkdtemp()
path = os.path.join(folder, 'file')


def show(text, **names):
    names.update(io=io, path=path, os=os)
    try:
        print(text, '->', repr(eval(text, names)).replace(folder, 'FOLDER'))
    except BaseException as e:
        print(text, '!', type(e).__name__, str(e).replace(folder, 'FOLDER'))


for mode in ('w', 'r', 'rb', 'r+', 'w+', 'a', 'ab+', 'x', 'rw', 'r++', '', '+', 'q', 'U', 'r\0', 'bb', 'rbb'):
    show('io.FileIO(path, %r)' % mode)
os.unlink(path)
with io.FileIO(path, 'x+') as f:
    for text in ('f', 'f.mode', 'f.closefd', 'f.closed', 'f.readable()', 'f.writable()', 'f.seekable()', 'f.isatty()',
                 'f.write(b"one\\ntwo\\nthree")', 'f.write(memoryview(b"abc"))', 'f.tell()', 'f.seek(0)', 'f.read(2)',
                 'f.read(0)', 'f.read(None)', 'f.read()', 'f.seek(-4, 2)', 'f.read(100)', 'f.seek(2)', 'f.seek(1, 1)',
                 'f.readline()', 'f.readlines()', 'f.seek(0), list(f)', 'f.seek(0), f.readall()', 'f.truncate(5)',
                 'f.tell()', 'f.seek(0), f.read()', 'f.truncate()', 'f.seek(2), f.truncate(), f.tell()',
                 'f.writelines([b"x", b"y"])', 'f.seek(-1)', 'f.seek(0, 9)', 'f.seek(1.5)', 'f.seek("a")', 'f.seek()',
                 'f.write("s")', 'f.readinto(b"")', 'f.readinto("")', 'f.read("a")', 'f.truncate("a")', 'f.truncate(-1)',
                 'f._blksize > 0', 'f._finalizing', 'type(f).__mro__', 'f.name', 'f.__dict__'):
        show(text, f=f)
    room = bytearray(b'.' * 6)
    f.seek(0)
    print(f.readinto(room), room, f.readinto(memoryview(room)[1:2]), f.readinto(bytearray()))
    print(sys.getsizeof(f), sys.getrefcount(f), io.FileIO.__basicsize__)
for text in ('f', 'f.closed', 'f.close()', 'f.flush()', 'f.seek(0)', 'f.tell()', 'f.read()', 'f.readall()', 'f.readline()',
             'f.readinto(bytearray())', 'f.write(b"")', 'f.truncate()', 'f.readable()', 'f.writable()', 'f.seekable()',
             'f.fileno()', 'f.isatty()', 'f.mode', 'list(f)', 'f.__enter__()', 'f.writelines([])'):
    show(text, f=f)
r, w = io.FileIO(path), io.FileIO(path, 'w')
for text in ('r.write(b"")', 'r.truncate()', 'w.read()', 'w.readinto(bytearray(1))', 'w.readall()', 'r.tell()', 'r.read()'):
    show(text, r=r, w=w)
r.close(), w.close()

for text in ('io.FileIO(-1)', 'io.FileIO(777)', 'io.FileIO(10**20)', 'io.FileIO(1.5)', 'io.FileIO(path, 3)', 'io.FileIO()',
             'io.FileIO("a\\0b")', 'io.FileIO(path + "/no")', 'io.FileIO(os.path.dirname(path))', 'io.FileIO(path, closefd=False)',
             'io.FileIO(path, opener=lambda p, f: -3)', 'io.FileIO(path, opener=lambda p, f: "a")',
             'io.FileIO(path, opener=lambda p, f: 1/0)', 'io.FileIO(path, nothing=1)', 'io.FileIO(path.encode()).name',
             'io.FileIO(path, "a").write(b"abc")', 'io.FileIO(path, opener=os.open).read()', 'io.FileIO.__new__(io.FileIO)',
             'io.FileIO.__new__(io.FileIO).read()'):
    show(text)
print(isinstance(io.FileIO(pathlib.Path(path)).name, pathlib.Path))

# a descriptor of somebody else's
fd = os.open(path, os.O_RDWR)
f = io.FileIO(fd, 'r+', closefd=False)
print(f.name == fd, f.fileno() == fd, f.closefd, f.read())
f.close()
print(f.closed, os.fstat(fd).st_size)
f = io.FileIO(fd)
os.close(fd)
show('f.close()', f=f)
show('f.close()', f=f)
del f.name
f.__init__(path)
del f.name
print(repr(f).split(' ')[0], 'mode' in repr(f))
f.close()
f = io.FileIO(path, 'a')
print(f.mode, f.tell(), f.seekable())
f.close()

# descriptors that do not wait
r, w = os.pipe()
os.set_blocking(r, False)
os.set_blocking(w, False)
r, w = io.FileIO(r), io.FileIO(w, 'w')
print(r.read(), r.read(5), r.readall(), r.readinto(bytearray(5)), r.seekable(), w.write(b'abc'), r.readall(), r.read(0))
show('r.tell()', r=r)
show('r.seek(0)', r=r)
while w.write(b'x' * 65536):
    pass
print(w.write(b'y'), len(r.read(70000)) > 0)
w.close()
print(len(r.readall()) > 0, r.read())
r.close()

# unbuffered
with open(path, 'wb', 0) as f:
    print(type(f), f.mode, f.write(b'at once'), os.path.getsize(path), isinstance(f, io.RawIOBase))
with open(path, 'rb', buffering=0) as f:
    print(f.read(2), f.readline(), f.read())
show('open(path, "r", 0)')


class Own(io.FileIO):
    def flush(self):
        print('flush', self.closed)
        if self.bad:
            raise KeyError('flush')

    bad = False


f = Own(path)
f.extra = 1
f.close()
print(f.closed, f.name == path, f.extra)
f = Own(path)
f.bad = True
show('f.close()', f=f)
print(f.closed)

with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter('always')
    f = io.FileIO(path)
    number = f.fileno()
    del f
    io.FileIO(path).close()
    print([str(w.message).replace(folder, 'FOLDER') for w in seen], [w.category for w in seen])
try:
    os.fstat(number)
except OSError as e:
    print(e.errno)

f = io.FileIO(path)
f.name = f
try:
    repr(f)
except RuntimeError as e:
    print(e)
del f.name
f.close()
for name in sorted(set(dir(io.FileIO)) - set(dir(object))):
    print(name, end=' ')
print()
os.unlink(path)
os.rmdir(folder)
