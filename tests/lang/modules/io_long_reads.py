"""Files that open() returns: long reads, what is left of them, newlines at the edges of pieces."""
import os
import sys
import tempfile

folder = tempfile.mkdtemp()
path = os.path.join(folder, 'file')
data = bytes(range(256)) * 400
with open(path, 'wb') as f:
    f.write(data)
with open(path, 'rb') as f:
    print(f.read(3), f.read(50000) == data[3:50003], f.tell(), len(f.peek(1)) > 0 if hasattr(f, 'peek') else True)
    print(f.read(8192) == data[50003:58195], f.readline() == data[58195:58195 + data[58195:].index(b'\n') + 1])
    rest = f.read(1 << 20)
    print(data.endswith(rest), f.tell() == len(data), f.read(10000), f.read(1 << 20), sys.getrefcount(rest))
    f.seek(10)
    print(f.read(20000) == data[10:20010], f.read(1), f.read(8191) == data[20011:28202])
with open(path, 'r+b') as f:
    f.write(b'abc')
    print(f.read(9000) == data[3:9003], f.tell())
    f.write(b'XYZ')
    f.seek(0)
    whole = f.read(len(data))
    print(whole[:4], whole[9000:9010], len(whole))

for mode in ('a', 'ab', 'a+b'):
    with open(path, mode) as f:
        print(f.tell() == len(data), end=' ')
print()

r, w = os.pipe()
os.write(w, b'piece')
os.close(w)
with open(r, 'rb') as f:
    print(f.read(10000), f.read(10000))

for edge in range(8186, 8196):
    for tail in (b'\r\n\nx', b'\r\rx', b'\n\rx\r', b'\r', b'\r\n', b'\r\r\n\n'):
        text = b'a' * edge + tail + b'\xc3\xa9' * 3
        with open(path, 'wb') as f:
            f.write(text)
        with open(path, encoding='utf-8') as f:
            lines = list(f)
        with open(path, encoding='UTF-8', newline='') as f:
            kept = f.read()
        print([line.lstrip('a') for line in lines], kept.encode() == text, end=' ')
    print()
os.unlink(path)
os.rmdir(folder)
