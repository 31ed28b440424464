# What is pickled and copied of classes derived from built-in ones: attributes and slots as well.
import copy, pickle, collections
class MySet(set): pass
class MyFrozen(frozenset): pass
class MyList(list): pass
class MyDict(dict): pass
class MyBA(bytearray): __slots__ = ("x","__dict__")
class MyDeque(collections.deque): pass
class MyStr(str): pass
class MyBytes(bytes): pass
class MyInt(int): pass
class MyTuple(tuple): pass
class MyDD(collections.defaultdict): pass
for C,a in ((MySet,({"a"},)),(MyFrozen,({"a"},)),(MyList,([1],)),(MyDict,({1:2},)),(MyBA,(b"ab",)),(MyDeque,([1,2],3)),(MyStr,("x",)),(MyBytes,(b"x",)),(MyInt,(5,)),(MyTuple,((1,2),)),(MyDD,(list,{1:2}))):
    o=C(*a); o.foo=42
    for p in range(0,6):
        try: r=pickle.loads(pickle.dumps(o,p)); print(C.__name__,p,r==o,r.__dict__, type(r) is C)
        except Exception as e: print(C.__name__,p,repr(e))
    c=copy.copy(o); print(C.__name__, c==o, c.__dict__)
e=ImportError("m", name="n", path="p")
c=pickle.loads(pickle.dumps(e)); print(c.name,c.path,c.args, copy.copy(e).name)
e=AttributeError("m", name="n", obj=3); c=copy.copy(e); print(c.args, e.__reduce__()[1:])
e=NameError("m", name="n"); print(e.__reduce__()[1:])
class SlotSet(set): __slots__ = ("x","y","__dict__")
class SlotDeque(collections.deque): __slots__ = ("x","y","__dict__")
class SlotList(list): __slots__ = ("x","y","__dict__")
for C,a in ((SlotSet,({"a"},)),(SlotDeque,([1,2],3)),(SlotList,([1],))):
    o=C(*a); o.x=10; o.z=[3]
    for p in range(0,6):
        try: r=pickle.loads(pickle.dumps(o,p)); print(C.__name__,p,r==o,r.__dict__, r.x, hasattr(r,"y"))
        except Exception as e: print(C.__name__,p,repr(e))
import warnings
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    with open("/dev/null","rb",1) as f: pass
print([str(w.message) for w in seen], seen[0].lineno)
