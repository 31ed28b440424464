class A:
    def __init__(self):
        self.log = ["A"]
    def hi(self):
        return "A.hi"
class B(A):
    def __init__(self):
        super().__init__()
        self.log.append("B")
    def hi(self):
        return "B<" + super().hi() + ">"
class C(B):
    def hi(self):
        return "C" + super(C, self).hi()
c = C()
print(c.log, c.hi(), isinstance(c, A), issubclass(C, B), [k.__name__ for k in C.__mro__], C.__bases__[0].__name__, super(B, c).hi())
