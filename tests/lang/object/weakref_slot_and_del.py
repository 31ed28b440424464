# __weakref__ among the slots, __del__, resurrection, classes that are collected.
import gc, weakref


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class W: __slots__=('a','__weakref__')
w=W(); r=weakref.ref(w); t(lambda: r() is w); del w; t(lambda: r())
class NW: __slots__=()
t(lambda: weakref.ref(NW()))
log=[]
class Del:
    def __init__(s,n): s.n=n
    def __del__(s): log.append(s.n)
d=Del(1); d=None; t(lambda: log)
keep=[]
class Res:
    def __del__(s): keep.append(s); log.append('res')
x=Res(); del x; t(lambda: (len(keep),log)); keep.clear(); t(lambda: log)
class DelErr:
    def __del__(s): raise ValueError('x')
# class cycles are collected
def mk():
    class T:
        def f(s): return __class__
        def g(self): return super().__init__()
    return weakref.ref(T)
r=mk(); t(lambda: r() is not None); gc.collect(); t(lambda: r())
# subclass dict removal
class Base: pass
def sub():
    class S(Base): pass
sub(); t(lambda: len(Base.__subclasses__())); gc.collect(); t(lambda: len(Base.__subclasses__()))
