class A:
    def __add__(self, o): return "A.add"
    def __radd__(self, o): return "A.radd"
    def __lt__(self, o): return "A.lt"
    def __gt__(self, o): return "A.gt"
class B(A):
    def __radd__(self, o): return "B.radd"
    def __gt__(self, o): return "B.gt"
class N:
    def __add__(self, o): return NotImplemented
print(A() + B(), B() + A(), 1 + A(), A() < B(), A() + 1)
try:
    N() + 1
except TypeError as e:
    print(e)
try:
    x = N()
    x -= 1
except TypeError as e:
    print(e)
