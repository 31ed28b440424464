# classmethod, staticmethod, __class_getitem__, __init_subclass__.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class C:
    n='C'
    @classmethod
    def cm(c,*a): return c.n,a
    @staticmethod
    def sm(*a): return a
    def __class_getitem__(c,k): return (c.__name__,k)
    def __init_subclass__(c,tag=None,**k): super().__init_subclass__(**k); c.tag=tag
class CC(C,tag='t'): n='CC'
t(lambda:C.cm(1)); t(lambda:CC.cm()); t(lambda:CC().cm(2)); t(lambda:C.sm(1)); t(lambda:C().sm(2)); t(lambda:C[int]); t(lambda:CC.tag); t(lambda: CC[1,2]); t(lambda:C.cm.__self__); t(lambda:C.__dict__['cm'].__func__.__name__); t(lambda: C.__dict__['sm'].__wrapped__.__name__); t(lambda: C.__dict__['sm'](3))
try:
    class X(C,bad=1): pass
except TypeError as e: print(e)
