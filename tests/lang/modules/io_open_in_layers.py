# open() of text whose characters or lines are not those of UTF-8 and \n.
import os
import tempfile

name = os.path.join(tempfile.mkdtemp(), 'text')


def octets():
    with open(name, 'rb') as f:
        return f.read()


for encoding in 'utf-16', 'utf-8-sig', 'utf-32-be', 'cp1252':
    with open(name, 'w', encoding=encoding) as f:
        f.write('é\n')
        f.write('two\n')
    with open(name, 'a', encoding=encoding) as f:
        f.write('three\n')
        print(f.tell() == len(octets()), f.mode, f.encoding, f.name == name)
    print(octets())
    with open(name, encoding=encoding) as f:
        print(list(f), f.newlines, f.seek(0), repr(f.read(3)), repr(f.readline()))
    with open(name, 'r+', encoding=encoding) as f:
        f.readline()
        at = f.tell()
        f.seek(at)
        f.write('2')
        f.seek(0)
        print(repr(f.read()))

with open(name, 'wb') as f:
    f.write(b'a\rb\r\nc\nd')
for newline in '', '\r', '\r\n', '\n', None:
    with open(name, newline=newline) as f:
        print(repr(newline), f.readlines())
for newline in '', '\r', '\r\n', '\n', None:
    with open(name, 'w', newline=newline) as f:
        f.write('x\ny\r\n')
    print(octets())
os.remove(name)
for mode in 'w', 'wb':
    with open(name, mode) as f:
        pass
    try:
        iter(f)
    except ValueError as e:
        print(e)
os.remove(name)
for arguments in dict(encoding='utf-16'), dict(encoding='no-such'), dict(newline='\r', mode='x+'):
    try:
        open(name, **arguments).close()
        print(os.path.exists(name))
    except (OSError, LookupError) as e:
        print(type(e).__name__, str(e).replace(name, 'NAME'))
    try:
        open(os.path.dirname(name), **arguments)
    except (OSError, LookupError) as e:
        print(type(e).__name__)
os.remove(name)
