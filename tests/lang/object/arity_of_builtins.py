# Wrong numbers and names of arguments to builtins; sys.
import sys


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


t(lambda: max()); t(lambda: int('a','b','c')); t(lambda: int(x=1)); t(lambda: sorted()); t(lambda: sorted([1],[2])); t(lambda: sorted([1],foo=1)); t(lambda: print(foo=1)); t(lambda: 'a'.split(1,2,3)); t(lambda: 'a'.split(foo=1)); t(lambda: 'a'.encode('x','y','z')); t(lambda: {}.get()); t(lambda:{}.get(1,2,3)); t(lambda: [].sort(1)); t(lambda: [].sort(foo=1)); t(lambda: isinstance()); t(lambda: enumerate()); t(lambda: range()); t(lambda: range(1,2,3,4)); t(lambda: property(1,2,3,4,5)); t(lambda: property(foo=1)); t(lambda: classmethod()); t(lambda: super(1)); t(lambda: super(1,2,3)); t(lambda: type(1)(2,3,4,5)); t(lambda: sys.getsizeof()); t(lambda: sys.intern(5)); t(lambda: sys.getrefcount()); t(lambda: sys.setrecursionlimit(0)); t(lambda: sys.setrecursionlimit('a')); t(lambda: sys.setswitchinterval(0)); t(lambda: sys.getswitchinterval()); t(lambda: sys.getrecursionlimit()); t(lambda: sys.exit(3)); t(lambda: sys.exit(1,2)); t(lambda: sys._getframe(100)); t(lambda: sys._getframe().f_code.co_name); t(lambda: sys.exc_info()); t(lambda: sys.intern('abc') is sys.intern('ab'+'c')); t(lambda: sys.maxsize); t(lambda: sys.version_info[:2]); t(lambda: sys.version_info>=(3,11)); t(lambda: sys.version_info.major); t(lambda: sys.flags.optimize); t(lambda: type(sys.version_info)()); t(lambda: type(sys.flags)); t(lambda: sys.byteorder); t(lambda: sys.float_info.max); t(lambda: sys.hash_info.width); t(lambda: sys.getdefaultencoding()); t(lambda: sys.nope); t(lambda: sys); t(lambda: sys.__name__)
try: 1/0
except Exception as e: t(lambda: sys.exc_info()[0]); t(lambda: sys.exception() is e)
x=[]; t(lambda: sys.getrefcount(x)); y=x; t(lambda: sys.getrefcount(x)); z=[x,x]; t(lambda: sys.getrefcount(x))
def rc():
    q=object(); return sys.getrefcount(q)
t(rc)
class Sz:
    def __sizeof__(s): return 100
t(lambda: sys.getsizeof(Sz())); 
class Sz2:
    def __sizeof__(s): return 'a'
t(lambda: sys.getsizeof(Sz2())); t(lambda: sys.getsizeof(Sz2(),7))
