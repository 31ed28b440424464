"""bytearray: construction, mutation, methods shared with bytes, exports."""
import sys

print(bytearray(), bytearray(3), bytearray(b"ab"), bytearray([1, 2, 255]), bytearray("é", "utf-8"), bytearray(range(5)))
for args in (("x",), (-1,), ([256],), ([1, "a"],), (1.5,), (object(),), (b"", "utf-8"), ("a", 5), (None,)):
    try:
        print(bytearray(*args))
    except Exception as e:
        print(type(e).__name__, e)
a = bytearray(b"hello world")
print(a[0], a[-1], a[2:5], a[::-1], a[::3], len(a), 104 in a, b"wor" in a, bytearray(b"xx") in a, list(a)[:3])
a[0] = 72
a[-1:] = b"D!"
print(a)
a[2:4] = bytearray(b"LLLL")
print(a)
a[::2] = b"_" * len(a[::2])
print(a)
del a[::2]
print(a)
del a[0], a[-1], a[1:3]
print(a)
a += b"xyz"
a *= 2
print(a, a + b"1", b"1" + a, a * 0, 2 * bytearray(b"ab"), type(b"1" + a), type(a + b"1"))
a.append(65)
a.extend([66, 67])
a.extend(b"D")
a.insert(0, 33)
a.insert(-1, 34)
a.insert(100, 35)
print(a, a.pop(), a.pop(0), a)
a.remove(65)
a.reverse()
print(a, a.copy() is not a, a.copy() == a)
a.clear()
print(a, not a)
for f in (lambda: a.pop(), lambda: a.remove(1), lambda: a.append(256), lambda: a.append("x"), lambda: a.extend(["x"]),
          lambda: a.extend(5), lambda: a[0], lambda: a["x"], lambda: a + "x", lambda: hash(a), lambda: bytearray(b"abc").pop(5),
          lambda: bytearray(b"abc").__setitem__(slice(0, 3, 2), b"xyz"), lambda: bytearray(b"abc").__setitem__(0, 300),
          lambda: bytearray(b"ab").__setitem__(slice(0, 1), 5), lambda: bytearray(b"ab").__setitem__(5, 5),
          lambda: bytearray(b"ab").__delitem__(9)):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
b = bytearray(b"  The quick, brown fox ")
print(b.strip(), b.split(), b.split(b","), b.upper(), b.title(), b.find(b"quick"), b.index(b"q"), b.count(b" "),
      b.replace(b"quick", bytearray(b"slow")), b.partition(b","), b.rpartition(b"x"), b.startswith(b"  T"),
      b.endswith((b"x ", b"y")), b.center(30, b"*"), b.ljust(25, b"."), b.zfill(26), b.hex()[:10], b.hex(" ", 2)[:12],
      b.decode(), b.isalpha(), b.swapcase(), b.translate(None, b"aeiou"), b.splitlines(), b.removeprefix(b"  "),
      b.expandtabs(), b.rstrip(b" x"), b.capitalize(), bytearray(b",").join([b"a", bytearray(b"b")]), b.lower().islower())
print(bytearray.fromhex("61 62ff"), bytearray.maketrans(b"ab", b"xy")[97:99], bytearray(b"%d-%s") % (5, b"x"))
print(a == b"", bytearray(b"ab") == b"ab", b"ab" == bytearray(b"ab"), bytearray(b"a") < b"b", b"a" < bytearray(b"b"),
      bytearray(b"a") != "a", bytearray(b"a") == "a", bytearray(b"abc") >= bytearray(b"abd"))
m = memoryview(b)
try:
    b.append(1)
except BufferError as e:
    print(e)
m[0] = 95
m[1:3] = b"--"
m.release()
b.append(33)
print(b)


class Sub(bytearray):
    def __init__(self, *args):
        super().__init__(*args)
        self.x = 1


s = Sub(b"abc")
print(s, s.x, type(s + b"d"), type(s[1:]), type(s.upper()), repr(Sub(b"q")), s == b"abc")
print([sys.getsizeof(bytearray(n)) for n in (0, 1, 10, 100)])
c = bytearray()
sizes = []
for i in range(60):
    c.append(i)
    sizes.append(sys.getsizeof(c))
print(sizes)
it = iter(bytearray(b"abc"))
print(next(it), it.__length_hint__(), list(it), type(it).__name__)
d = bytearray(b"abc")
d.__init__(b"new")
print(d, d.__reduce__(), bytes(d), str(d), d.__alloc__())
