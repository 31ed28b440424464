x = "module"
class A:
    print(x)
    x = "class"
    print(x)
    ys = [i for i in x[:2]]
    def m(self):
        return x
print(A.x, A().m(), A.ys)
def f():
    x = "func"
    class B:
        y = x
        x = "in class"
        def g(self):
            return x
    return B.y, B.x, B().g()
try:
    print(f())
except NameError as e:
    print(e)
