import sys
class A: pass
class S:
    __slots__ = ("x", "y")
print([sys.getsizeof(x) for x in ([], [1], [1, 2, 3], (), (1,), {}, {"a": 1}, {1: 1}, set(), {1, 2}, "", "abc", "é", "€", "𝄞", b"", b"ab", 0, 1, 2 ** 30, 2 ** 60, -1, 1.5, True, None, A(), S(), range(3), lambda: 0)])
l = []
sizes = []
for i in range(20):
    l.append(i)
    sizes.append(sys.getsizeof(l))
print(sizes, sys.getsizeof({i: i for i in range(100)}), sys.getsizeof(set(range(100))))
