s = slice(1, 10, 2)
print(s, s.start, s.stop, s.step, s.indices(6), slice(None, -1).indices(5), slice(5) == slice(None, 5, None))
class C:
    def __getitem__(self, k):
        return k
c = C()
print(c[1], c[1:2], c[::3], c[1, 2], c[1:2, ::3], c[...], c[None:5])
