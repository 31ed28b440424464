# Every kind of parameter against every kind of call.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


def f0(): pass
def f1(a): return a
def f2(a,b=2): return a,b
def f3(a,b,c,/,d,*,e,f=6): return a,b,c,d,e,f
def f4(*a,**k): return a,k
def f5(a,*b,c,d=4,**k): return a,b,c,d,k
def f6(*,x,y): return x,y
for fn in (f0,f1,f2,f3,f4,f5,f6):
    for args,kw in [((),{}),((1,),{}),((1,2),{}),((1,2,3),{}),((1,2,3,4),{}),((1,2,3,4,5),{}),((),{'a':1}),((1,),{'a':1}),((1,),{'b':1}),((1,),{'zz':1}),((1,2,3),{'d':1,'e':2}),((1,2,3,4),{'e':2}),((1,2,3,4,5),{'e':2}),((1,2,3,4,5,6),{'e':2,'f':3}),((1,2),{'c':3,'d':4,'e':5}),((1,),{'c':3}),((1,2),{'c':3,'d':5,'q':7}),((),{'x':1}),((),{'x':1,'y':2}),((),{'y':1,'x':3}),((5,),{'x':1,'y':2}),((),{1:2})]:
        t(lambda: fn(*args,**kw))
class A:
    def m(self,a): return a
    @classmethod
    def c(cls,a): return a
t(lambda: A().m()); t(lambda: A().m(1,2)); t(lambda: A.m()); t(lambda: A.c()); t(lambda: A(1)); t(lambda: A.m(1)); t(lambda: A().m(b=1))
t(lambda: (lambda x: x)()); 
def outer():
    def inner(x): return x
    return inner
t(lambda: outer()()); t(lambda: outer().__qualname__)
