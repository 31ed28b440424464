def a(x):
    def b(y):
        def c(z):
            nonlocal x
            x += 1
            return x + y + z
        return c
    return b
c = a(1)(10)
print(c(100), c(100))
class K:
    v = 5
    def m(self):
        return [self.v + i + q for i in range(2) for q in (lambda: range(self.v))()][:3]
print(K().m())
