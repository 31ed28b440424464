a, b = {1, 2, 3}, {2, 3, 4}
print(sorted(a | b), sorted(a & b), sorted(a - b), sorted(a ^ b), a <= b, {2} < a, a.isdisjoint({9}), a == {3, 2, 1}, len(a), 2 in a)
a.add(5)
a.discard(99)
a.remove(1)
a |= {7}
a -= {2}
a &= {3, 5, 7, 8}
a ^= {3, 100}
print(sorted(a), sorted(set("hello")), frozenset([1, 2]) == {1, 2}, hash(frozenset([1, 2])) == hash(frozenset([2, 1])))
for f in (lambda: set().pop(), lambda: {1}.remove(2), lambda: {[]}, lambda: {1} | [2], lambda: hash({1})):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
