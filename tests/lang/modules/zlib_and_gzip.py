"""zlib, gzip and zipfile: round trips, pieces, limits, ends, dictionaries, checksums, messages."""
import gzip
import io
import os
import tempfile
import zipfile
import zlib


def t(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)


data = b"".join(b"%d %d\n" % (i, i * i) for i in range(20000))
packed = zlib.compress(data)
print(len(data), len(packed) < len(data) // 2, zlib.decompress(packed) == data)
for level in range(-1, 10):
    assert zlib.decompress(zlib.compress(data, level)) == data
print(zlib.decompress(zlib.compress(data, wbits=-15), -15) == data, zlib.decompress(packed, bufsize=1) == data)
t(lambda: zlib.crc32(b"hello"))
t(lambda: zlib.crc32(b"llo", zlib.crc32(b"he")))
t(lambda: zlib.adler32(b"hello", 1))
t(lambda: zlib.crc32("x"))
t(lambda: zlib.crc32(b"x", -1))
t(lambda: zlib.compress(data, 99))
t(lambda: zlib.compress("x"))
t(lambda: zlib.compress())
t(lambda: zlib.decompress(b"garbage"))
t(lambda: zlib.decompress(packed[:-10]))
t(lambda: zlib.decompress(b""))
t(lambda: zlib.decompress(packed, 99))
t(lambda: zlib.decompress(packed, bufsize=-1))
c = zlib.compressobj(9)
out = b"".join(c.compress(data[i:i + 1000]) for i in range(0, 50000, 1000))
copy = c.copy()
out2 = out + copy.compress(data[50000:]) + copy.flush()
out += c.flush()
print(zlib.decompress(out) == data[:50000], zlib.decompress(out2) == data)
t(lambda: c.copy())
t(lambda: c.flush())
d = zlib.decompressobj()
got = b""
for i in range(0, len(packed), 777):
    got += d.decompress(packed[i:i + 777])
print(got + d.flush() == data, d.eof, d.unused_data, d.unconsumed_tail)
d = zlib.decompressobj()
print(len(d.decompress(packed + b"tail", 1000)), len(d.unconsumed_tail) > 0, d.eof)
rest = d.decompress(d.unconsumed_tail)
print(len(rest), d.eof, d.unused_data)
d.decompress(b"more")
print(d.unused_data)
d = zlib.decompressobj()
piece, parts = packed, 0
while piece:
    assert len(d.decompress(piece, 5000)) <= 5000
    piece, parts = d.unconsumed_tail, parts + 1
print(parts, d.eof)
t(lambda: zlib.decompressobj().decompress(packed, -1))
t(lambda: zlib.decompressobj().flush(0))
t(lambda: zlib.decompressobj(99))
t(lambda: zlib.compressobj(99))
t(lambda: zlib.decompressobj(zdict=5))
words = b"0 0\n1 1\n2 4\n"
c = zlib.compressobj(zdict=words)
out = c.compress(data[:100]) + c.flush()
d = zlib.decompressobj(zdict=words)
print(d.decompress(out) == data[:100])
t(lambda: zlib.decompressobj().decompress(out))
c = zlib.compressobj()
out = c.compress(b"abc") + c.flush(zlib.Z_SYNC_FLUSH)
print(zlib.decompressobj().decompress(out), c.flush(zlib.Z_NO_FLUSH))
print(type(c), type(d), zlib.error, zlib.MAX_WBITS, zlib.DEFLATED)
with tempfile.TemporaryDirectory() as folder:
    name = os.path.join(folder, "x.gz")
    with gzip.open(name, "wt", encoding="utf-8") as f:
        for i in range(1000):
            print("zeile é", i, file=f)
    with gzip.open(name, "rt", encoding="utf-8") as f:
        lines = f.readlines()
    print(len(lines), lines[-1])
    with gzip.open(name) as f:
        print(f.read(10), f.seek(-12, 2) if False else f.tell(), f.readline())
    print(gzip.decompress(gzip.compress(data)) == data)
    t(lambda: gzip.decompress(b"not gzip"))
    name = os.path.join(folder, "x.zip")
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a/b.txt", data)
        z.writestr("c.txt", "text")
    with zipfile.ZipFile(name) as z:
        print(z.namelist(), z.read("a/b.txt") == data, z.testzip(), z.getinfo("c.txt").CRC)
        with z.open("a/b.txt") as f:
            print(f.readline(), f.read(5))
