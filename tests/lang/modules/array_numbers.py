"""array: kinds, conversions and their messages, slices, sizes, pickles, views."""
import array,sys,gc
a=array.array('i')
print(sys.getsizeof(a), gc.is_tracked(a), sys.getsizeof(array.array('i',[1,2,3])))
for t,vals in {'b':[-129,128,1.5,'x'],'B':[-1,256],'h':[-40000,40000],'H':[-1,70000],'i':[-2**31-1,2**31,2**70,1.5,'x'],'I':[-1,2**32,2**64,1.5,'x'],'l':[2**63,-2**63-1],'L':[-1,2**64],'q':[2**63],'Q':[-1,2**64,1.5],'f':['x',1e300],'d':['x'],'u':[1,'ab','']}.items():
    for v in vals:
        try: a=array.array(t,[v]) ; print(t,v,a)
        except Exception as e: print(t,v,type(e).__name__,e)
def t(f):
    try: print(f())
    except Exception as e: print(type(e).__name__,e)
t(lambda: array.array())
t(lambda: array.array('x'))
t(lambda: array.array(1))
t(lambda: array.array('i','ab'))
t(lambda: array.array('i',5))
t(lambda: array.array('i',array.array('u','a')))
a=array.array('i',[1,2,3])
t(lambda: a+[1])
t(lambda: a+array.array('h'))
t(lambda: a*'x')
t(lambda: a['x'])
t(lambda: a[5])
def s(k,v): a[k]=v
t(lambda: s(5,1)); t(lambda: s('x',1)); t(lambda: s(0,'x')); t(lambda: s(slice(0,1),[1])); t(lambda:s(slice(0,1),array.array('h')))
t(lambda: s(slice(0,3,2),array.array('i',[1])))
t(lambda: a.pop(7)); t(lambda: array.array('i').pop()); t(lambda: a.remove(9)); t(lambda: a.index(9)); t(lambda:a.index(3,0,1))
t(lambda: a.fromlist((1,))); t(lambda: a.fromlist([1,'x'])); t(lambda: a.frombytes(b'abc')); t(lambda: a.frombytes('abc')); t(lambda: a.tounicode()); t(lambda:a.fromunicode('x'))
t(lambda: a.extend(5)); t(lambda:a.extend(array.array('h')))
t(lambda: a.__reduce_ex__(2)); t(lambda:a.__reduce_ex__(3)); t(lambda:array.array('u','ab').__reduce_ex__(3)); t(lambda: iter(a).__reduce__()); t(lambda: array.array('d',[1.5]).__reduce_ex__(3))
t(lambda: repr(array.array('u','ab\ud800'))); t(lambda: memoryview(array.array('u','ab')).format)
t(lambda: hash(a)); t(lambda:a.buffer_info()[1]); t(lambda: a<array.array('i',[1,2,4])); t(lambda: a==array.array('d',[1,2,3])); t(lambda: a.__class_getitem__(int))
t(lambda: array.ArrayType); t(lambda: type(iter(a)));
m=memoryview(a)
t(lambda: a.append(1)); t(lambda:a.byteswap()); t(lambda: s(slice(0,0),array.array('i',[1])))
class A(array.array):
  def __init__(self,*a,**k): pass
t(lambda: A('i',[1],x=1)); t(lambda: array.array('i',[1],x=1)); t(lambda:repr(A('i')))
a=array.array('b'); l=[]
for i in range(40): a.append(1); l.append(sys.getsizeof(a))
print(l)
import pickle, io, copy
for code in array.typecodes:
    x = array.array(code, 'héllo€😀' if code == 'u' else [1, 2, 3, 100])
    for protocol in range(5):
        y = pickle.loads(pickle.dumps(x, protocol))
        assert x == y and y.typecode == code, (code, protocol)
    f = io.BytesIO()
    x.tofile(f)
    f.seek(0)
    z = array.array(code)
    z.fromfile(f, len(x))
    assert z == x == copy.copy(x) == copy.deepcopy(x)
    t(lambda: z.fromfile(f, 1))
    x[1:3] = x[:1] * 4
    x += x
    x *= 2
    del x[::3]
    x[::2] = x[1::2] if len(x) % 2 == 0 else x[::2]
    x.insert(1, x[0])
    x.reverse()
    x.byteswap()
    x.byteswap()
    print(code, x, x.count(x[0]), sys.getsizeof(x), x[-1] in x, x.tolist() == list(x))
x = array.array('i', range(10))
x[2:5] = x
print(x, x[::-1], x[8:2:-2], x > x[:-1], x.index(5), x.pop(), x.pop(0))
print(array._array_reconstructor(array.array, 'i', 3, b'\0\1\0\2'))
print(array._array_reconstructor(array.array, 'd', 15, b'\x3f\x80\0\0'))
print(array._array_reconstructor(array.array, 'u', 19, b'\0a\0b'))
m = memoryview(array.array('d', [1, 2]))
m[0] = 5.5
print(m.obj, m.tolist(), bytes(m))
