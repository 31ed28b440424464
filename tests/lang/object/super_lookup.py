# super with and without arguments.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class A1:
    def f(s): return ['A1']
    @classmethod
    def c(c): return [c.__name__,'A1']
class B1(A1):
    def f(s): return ['B1']+super().f()
    @classmethod
    def c(c): return ['B1']+super().c()
class C1(A1):
    def f(s): return ['C1']+super().f()
class D1(B1,C1):
    def f(s): return ['D1']+super().f()
    def g(s):
        def inner(): return s
        return super().f(), inner()
    def h(self): return super(B1,self).f()
    def bad(s): return super().nope
t(lambda:D1().f()); t(lambda:D1.c()); t(lambda:D1().g()[0]); t(lambda:D1().h()); t(lambda:D1().bad()); t(lambda:super()); t(lambda:super(D1,D1()).__thisclass__); t(lambda: super(int,'x'))
def outside(): return super().x
t(outside)
