# TextIOWrapper over files of bytes: newlines, encodings, positions, what is written when.
import gc
import io
import os
import tempfile
import weakref


def show(call, *args, **kwargs):
    try:
        print(repr(call(*args, **kwargs)))
    except Exception as e:
        print(type(e).__mro__[0].__name__, e)


def over(data, **options):
    options.setdefault('encoding', 'utf-8')
    return io.TextIOWrapper(io.BytesIO(data), **options)


print('--- newlines read')
mixed = b'one\r\ntwo\nthree\rfour\r\r\nfive'
for newline in None, '', '\n', '\r', '\r\n':
    f = over(mixed, newline=newline)
    print(repr(newline), f.readlines(), f.newlines)
    f = over(mixed, newline=newline)
    f._CHUNK_SIZE = 4
    print('    in small chunks', list(f) == over(mixed, newline=newline).readlines())
    f = over(mixed, newline=newline)
    print('   ', [f.readline(3) for _ in range(6)], repr(f.read(4)), repr(f.read()), repr(f.read()))

print('--- newlines written')
for newline in None, '', '\n', '\r', '\r\n':
    f = over(b'', newline=newline)
    print(f.write('a\nb\r\nc'), f.writelines(['\n', 'é\n']), end=' ')
    f.flush()
    print(f.buffer.getvalue())

print('--- encodings')
text = 'äöü\nΩ€\n\U0001f40d\n'
for encoding in 'utf-8', 'utf-8-sig', 'utf-16', 'utf-16-be', 'utf-32', 'latin-1', 'ascii', 'cp1252':
    f = over(b'', encoding=encoding, errors='backslashreplace')
    f.write(text[:2])
    f.write(text[2:])
    f.flush()
    print(encoding, f.buffer.getvalue())
    f.seek(0)
    g = over(f.buffer.getvalue(), encoding=encoding)
    g._CHUNK_SIZE = 3
    print('   ', g.read().encode('ascii', 'backslashreplace'), f.readline() == text[:4])
for data, errors in (b'a\xffb', 'strict'), (b'a\xffb', 'replace'), (b'a\xffb', 'surrogateescape'):
    show(lambda: over(data, errors=errors).read().encode('ascii', 'backslashreplace'))
show(over(b'', encoding='ascii').write, 'ß')
show(over, b'', encoding='no-such')
show(over, b'', encoding='hex')
show(over, b'', encoding=3)
show(over, b'', errors=3)
show(over, b'', newline=3)
show(over, b'', newline='x')
show(io.TextIOWrapper)

print('--- positions')
for encoding in 'utf-8', 'utf-16', 'utf-8-sig', 'utf-16-le':
    data = 'one\ntwö\n\U0001f40dthree\nfour'.encode(encoding)
    f = over(data, encoding=encoding)
    f._CHUNK_SIZE = 5
    seen = []
    while True:
        at = f.tell()
        c = f.read(1)
        seen.append((at, c))
        if not c:
            break
    again = []
    for at, c in reversed(seen):
        f.seek(at)
        again.append(f.read(1) == c)
    print(encoding, [at for at, c in seen if at < 1 << 64][:6], len(seen), all(again))
f = over(b'a\r\nb\r\nc')
print(f.readline().encode(), f.tell(), f.seek(f.tell()), f.readline().encode(), f.seek(0, 2), f.seek(0), f.seek(0, 1))
for args in (-1,), (3, 1), (3, 2), (0, 9), ('x',), (1 << 300,):
    try:
        f.seek(*args)
    except (ValueError, TypeError, OverflowError) as e:
        print(type(e).__name__)
f.seek(0)
next(f)
show(f.tell)
list(f)
show(f.tell)

print('--- reading and writing')
f = over(b'abc\ndef\n')
print(repr(f.read(2)), f.write('XY'), f.flush(), f.buffer.getvalue())
f.seek(0)
print(repr(f.readline()), f.truncate(2), f.buffer.getvalue())
f = over(b'', write_through=True)
f.write('now')
print(f.buffer.getvalue(), f.write_through, f.line_buffering)
f = over(b'', line_buffering=True)
f.write('a')
print(f.buffer.getvalue())
f.write('b\n')
print(f.buffer.getvalue(), f.line_buffering)
f = over(b'')
f.write('x' * 5000)
print(len(f.buffer.getvalue()))
f.write('y' * 5000)
print(len(f.buffer.getvalue()))
f.write('z' * 20000)
print(len(f.buffer.getvalue()))
show(f.write, b'bytes')
show(f.write, 3)
show(f.read, 'x')
show(f.readline, 'x')


class Seen(io.BytesIO):
    def write(self, b):
        print('write', len(b))
        return super().write(b)

    def flush(self):
        print('flush')
        return super().flush()

    def close(self):
        print('close')
        return super().close()


with io.TextIOWrapper(Seen(), encoding='ascii') as f:
    f.write('a')
    f.write('b')
    f.flush()
    f.write('c' * 9000)
    f.write('d')
print(f.closed)
for call in f.read, f.readline, f.flush, f.tell, lambda: f.write('x'), lambda: next(f), lambda: f.seek(0):
    show(call)
print(f.close())

print('--- reconfigure and detach')
f = over(b'\xe9\n\xc3\xa9\n', encoding='latin-1')
f.reconfigure(errors='replace')
print(f.encoding, f.errors)
f.reconfigure(encoding='utf-8', newline='\r\n')
print(f.encoding, f.errors, f.line_buffering)
f.reconfigure(line_buffering=True, encoding='latin-1')
print(repr(f.readline()), f.line_buffering)
show(f.reconfigure, encoding='ascii')
show(f.reconfigure, newline='\n')
show(f.reconfigure, line_buffering='x')
f.reconfigure(line_buffering=False)
b = f.detach()
print(type(b), f.encoding, f.errors, f)
for call in f.read, f.detach, f.close, f.fileno, lambda: f.closed, lambda: f.name:
    show(call)
show(b.read)
f = over(b'')
f.write('kept')
print(f.detach().getvalue())
f = io.TextIOWrapper.__new__(io.TextIOWrapper)
for call in f.read, f.close, lambda: f.errors, lambda: repr(f), lambda: f.newlines, f.__init__:
    show(call)
show(setattr, over(b''), '_CHUNK_SIZE', 0)
show(setattr, over(b''), 'encoding', 'x')

print('--- files')
name = os.path.join(tempfile.mkdtemp(), 'text')
with io.TextIOWrapper(io.BufferedWriter(io.FileIO(name, 'w')), encoding='utf-16') as f:
    f.write('first\n')
for _ in range(2):
    with io.TextIOWrapper(io.BufferedWriter(io.FileIO(name, 'a')), encoding='utf-16') as f:
        f.write('again\n')
with io.TextIOWrapper(io.BufferedReader(io.FileIO(name)), encoding='utf-16') as f:
    print(f.name == name, f.readable(), f.writable(), f.seekable(), f.isatty(), f.fileno() > 2)
    print(f.read().split('\n'))
show(f.read)
os.remove(name)

print('--- classes')


class Shout(io.TextIOWrapper):
    def readline(self):
        return super().readline().upper()


f = Shout(io.BytesIO(b'a\nb\n'), encoding='ascii')
print(list(f), isinstance(f, io.TextIOBase), issubclass(Shout, io.IOBase), f.__dict__)
f.note = 1
print(f.__dict__, type(f).__mro__[1:3])
f = over(b'')
f.buffer.back = f
f.write('in a cycle')
ref = weakref.ref(f)
del f
gc.collect()
print(ref())


class Bad(io.BytesIO):
    def read1(self, n):
        return 'text'


show(io.TextIOWrapper(Bad(b'x'), encoding='ascii').readline)


class Failing(io.BytesIO):
    def flush(self):
        raise OSError('flush fails')


f = io.TextIOWrapper(Failing(), encoding='ascii')
show(f.close)
print(f.closed, f.buffer.closed)
with open(os.devnull, encoding='utf-8') as f:
    print(isinstance(f, io.TextIOWrapper), isinstance(f, io.TextIOBase), isinstance(f, io.BytesIO),
          issubclass(type(f), io.TextIOWrapper))
