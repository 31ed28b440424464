"""memoryview: items, slices, casts, writing, comparison, release."""
b = bytearray(range(10))
m = memoryview(b)
print(m[0], m[-1], m[2:5].tolist(), m[::-2].tolist(), len(m), m.nbytes, m.itemsize, m.format, m.readonly, m.shape, m.strides,
      m.ndim, m.obj is b, m.contiguous, m[::2].contiguous, m.suboffsets, m.c_contiguous)
m[0] = 200
m[1:3] = b"ab"
m[::5] = b"XY"
print(b, m.tobytes(), bytes(m[::3]), m.hex(), m[2:4].hex("-"))
r = memoryview(b"read only")
for f in (lambda: r.__setitem__(0, 1), lambda: m.__setitem__(slice(0, 2), b"abc"), lambda: m.__setitem__(0, 256),
          lambda: m.__setitem__(0, "x"), lambda: m[10], lambda: m["a"], lambda: m.__delitem__(0), lambda: memoryview(5),
          lambda: memoryview("x"), lambda: hash(m), lambda: m.cast("i"), lambda: m.cast("zz"), lambda: m[::2].cast("H")):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
print(hash(r) == hash(b"read only"), r == b"read only", m == b, m == bytes(b), m != b, r == memoryview(bytearray(b"read only")),
      r == "read only", r[::2] == b"ra ny"[:0] + b"read only"[::2])
i = memoryview(bytearray(8)).cast("i")
i[0] = -5
i[1] = 2**31 - 1
print(i.tolist(), i.itemsize, i.shape, i.strides, i.cast("B").tolist(), len(i), i.nbytes)
try:
    i[0] = 2**31
except ValueError as e:
    print(e)
d = memoryview(bytearray(16)).cast("d")
d[1] = 1.5
print(d.tolist(), d.format, memoryview(bytearray(b"\0\1")).cast("?").tolist(), memoryview(b"ab").cast("c").tolist())
with memoryview(b) as w:
    print(w[1])
try:
    w[1]
except ValueError as e:
    print(e)
print(list(m[7:]), 8 in m, [x for x in m[8:]], b"".join([memoryview(b"a"), b"b"]), m.toreadonly().readonly)
v = memoryview(m)
m.release()
print(v[3], v.obj is b)
v.release()
b.append(1)
print(len(b), bytes(memoryview(b"abc")), bytearray(memoryview(b"abc")), int.from_bytes(memoryview(b"\1\0"), "big"))
x = memoryview(b"abcdef")
match x:
    case [97, *rest]:
        print(rest)
print(b"abc".find(memoryview(b"c")), memoryview(b"") == b"", b"%b" % memoryview(b"zz"), b"x" + memoryview(b"y"))
