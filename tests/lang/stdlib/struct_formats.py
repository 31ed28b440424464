"""The module struct: every code with every number at its limits, odd formats, buffers and offsets."""
import struct
import sys
import weakref


def t(f,*a):
    try: return repr(f(*a))
    except BaseException as e: return f"{type(e).__name__}: {e}"
class I:
    def __init__(s,n): s.n=n
    def __index__(s): return s.n
class F:
    def __float__(s): return 2.5
class BadI:
    def __index__(s): raise ZeroDivisionError("no")
vals=[0,1,-1,127,128,-128,-129,255,256,32767,32768,-32769,65535,65536,2**31-1,2**31,-2**31-1,2**32-1,2**32,2**63-1,2**63,-2**63,-2**63-1,2**64-1,2**64,-2**64,2**100,-2**100,"x",1.5,None,True,I(5),I(2**70),I(-7),BadI(),b"a"]
for p in ("","@","=","<",">","!"):
    for c in "bBhHiIlLqQnNP?":
        for v in vals:
            r=t(struct.pack,p+c,v)
            print(p+c, v if not isinstance(v,(I,BadI)) else type(v).__name__, r)
    for c in "efd":
        for v in [0,1.5,-2.25,1e300,-1e300,65504.0,65519.9,65520.0,1e-8,5.96e-8,2.98e-8,float("inf"),float("-inf"),float("nan"),-0.0,"x",None,F(),I(3),2**2000,10**30,3.4028235677973366e+38,3.4028235677973362e+38, 0.1, 1e-45,1/3,2049.5]:
            r=t(struct.pack,p+c,v)
            print(p+c,v if not isinstance(v,(I,F)) else type(v).__name__,r)
for f in ("c","s","p","5s","0s","3p","1p","300p","2c","s s","2?"):
    for v in (b"",b"a",b"abcdef",bytearray(b"zz"),memoryview(b"q"),"a",1,b"x"*400):
        print(f,repr(v) if not isinstance(v,memoryview) else "mv",t(struct.pack,f,v),t(struct.pack,f,v,v))
fmts=["",b"","i","2i","10x","xhxi","hi","ih","@ih0i","=ih","ihq0","3","3 i","i 3i","<","<>","z","é","\0","i\0",b"i\0",b"\xff","2 h"," h "," <h","99999999999999999999i","9223372036854775807b","9223372036854775808b","9223372036854775807i","4611686018427387904h","bq","@bq","=bq","n","<n","<P","=N","P","0s","1000000000s","x","?","e","l","<l","L","d b d","b0d","b0q","0d","1",b"3h",bytearray(b"h"),None,5,"i"*5, "12","0i0h","\u0661i","\xa0i","i\x0bh","\x1ci"]
for f in fmts:
    print(repr(f),t(struct.calcsize,f),t(lambda f:struct.Struct(f).format,f),t(lambda f:struct.Struct(f).size,f))
data=bytes(range(256))*2
for p in ("","=","<",">","!"):
    for c in "bBhHiIlLqQnNP?cefd":
        for n in ("","0","2","3"):
            f=p+n+c
            try: size=struct.calcsize(f)
            except struct.error as e: print(f,e); continue
            for off in (0,100,127,250):
                print(f,t(struct.unpack,f,data[off:off+size]),t(struct.unpack_from,f,data,off))
            print(f,t(struct.unpack,f,b""),t(struct.unpack,f,data))
    for f in ("5s","0s","s","5p","p","1p","3p2s","xhx","hxi"):
        size=struct.calcsize(p+f)
        for off in (0,2,3,97): print(p+f,t(struct.unpack,p+f,data[off:off+size]))
s=struct.Struct("<hI")
print(t(s.pack),t(s.pack,1),t(s.pack,1,2),t(s.pack,1,2,3),t(s.unpack,b"12"),t(s.unpack,"12"),t(s.unpack,None),struct.Struct(b"<h").format,s.size)
b=bytearray(20)
for a in ((b,0,1,2),(b,15,1,2),(b,-6,1,2),(b,-5,1,2),(b,-21,1,2),(b,14,1,2),(b,20,1,2),(b,21,1,2),(b,2**70,1,2),(b,1.5,1,2),(b,0),(b,),(),(b,0,1),(b"x"*20,0,1,2),("x",0,1,2),(b,I(3),9,9),(b,None,1,2),(b,0,1,2,3),(b,-2**63,1,2)):
    print([x if not isinstance(x,I) else "I" for x in a],t(s.pack_into,*a),t(struct.pack_into,"<hI",*a),b)
for a in ((b,0),(b,),(b,15),(b,-6),(b,-5),(b,-21),(b,21),(b,2**70),(b,1.5),(),("x",0),(b,0,1),(b,None)):
    print(a,t(s.unpack_from,*a),t(struct.unpack_from,"<hI",*a))
print(t(lambda:s.unpack_from(buffer=b,offset=2)),t(lambda:struct.unpack_from("<hI",buffer=b,offset=2)),t(lambda:struct.unpack_from("<hI",b,off=2)),t(lambda: s.unpack(buffer=b)))
print(t(lambda:list(s.iter_unpack(data[:18]))),t(lambda:list(s.iter_unpack(data[:19]))),t(lambda:list(struct.iter_unpack("",b""))),t(lambda:list(struct.iter_unpack("",b"x"))),t(lambda:list(struct.iter_unpack("h",b""))),t(struct.iter_unpack,"h"),t(struct.iter_unpack,"h","abc"))
it=struct.iter_unpack("<H",data[:8])
print(type(it).__name__,type(it).__module__,it.__length_hint__(),next(it),it.__length_hint__(),list(it),list(it),it.__length_hint__(),iter(it) is it)
print(t(struct.pack),t(struct.unpack,"h"),t(struct.unpack),t(struct.calcsize),t(struct.Struct),t(lambda:struct.Struct(format="h").size),t(lambda:struct.pack(fmt="h")))
class S(struct.Struct):
    def __init__(self, f): super().__init__(f); self.extra=1
    pass
print(S("h").pack(3),S("h").extra,S.__mro__,S("h")==S("h"))
class S2(struct.Struct):
    def __new__(cls,a): return super().__new__(cls)
try:
    print(S2("ihh").size)
except Exception as e: print(type(e),e)
o=struct.Struct.__new__(struct.Struct,"h") if 1 else 0
print(t(lambda:o.pack(1)),t(lambda:o.size),t(lambda: struct.Struct.__new__(struct.Struct).pack()))
o=struct.Struct("h"); o.__init__("ii"); print(o.size,o.format,o.pack(1,2))
print(t(o.__init__,"z"),o.size)
print(weakref.ref(o)() is o)
print(struct.error,struct.error.__mro__,struct.Struct,struct.calcsize.__module__,struct.pack.__name__,struct.Struct.__module__,struct.Struct.__name__)
print(t(setattr,o,"size",1),t(setattr,o,"x",1),t(setattr,struct.Struct,"x",1), struct.Struct.__flags__ & (1<<14))
struct._clearcache()


class Rude:
    """Gives the Struct that converts it another format."""

    def __init__(self, s):
        self.s = s

    def __index__(self):
        self.s.__init__("<" + "q" * 50)
        return 7


s = struct.Struct("<bbb")
if sys.implementation.name != "cpython":  # which reads freed memory here
    assert s.pack(Rude(s), Rude(s), 1) == b"\7\7\1" and s.size == 400
held = bytearray(8)
it = struct.iter_unpack("<i", held)
next(it)
print(t(held.append, 1))
del it
held.append(1)
print(len(held))
for i in range(300):
    struct.pack(f"{i}x")
