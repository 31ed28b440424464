# What bytes(x) asks x for, and in which order.
import weakref, array
class A:
    def __bytes__(self): return b'xx'
a=A(); p=weakref.proxy(a); print(bytes(p))
class S(str):
    def __bytes__(self): return b's!'
print(bytes(S('a')))
class I(int):
    def __bytes__(self): return b'i!'
print(bytes(I(3)), bytes(3), bytes(True))
class J:
    def __index__(self): raise TypeError('no')
    def __iter__(self): return iter([1,2])
print(bytes(J()))
class K:
    def __index__(self): raise ValueError('no')
try: bytes(K())
except ValueError as e: print(e)
class L:
    def __index__(self): raise TypeError('no')
try: bytes(L())
except TypeError as e: print(e)
class M(L, str): pass
for x in ('a', M('q'), 1.5, [300], [1,'a'], -1, 2**70):
    try: print(bytes(x))
    except Exception as e: print(type(e), e)
class B(bytes): pass
print(type(bytes(B(b'abc'))), B(b'abc'), B(3))
print(bytes(array.array('i',[1,2])))
