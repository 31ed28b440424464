# What operators, subscripts, calls and iteration say when they cannot.
import operator, types
mp = types.MappingProxyType({})
class A:
    pass



def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


def sett(d,k,v): d[k]=v
t(lambda: sett(mp,'q',1)); t(lambda: sett(5,1,1)); t(lambda: sett((1,),0,1)); t(lambda: 5[0]); t(lambda: sett('abc',0,1)); 
def dele(d,k): del d[k]
t(lambda: dele(5,1)); t(lambda: dele((1,),0)); t(lambda: len(5)); t(lambda: 1 in 5); t(lambda: 5()); t(lambda: None()); t(lambda: A()()); t(lambda: 'a'<1); t(lambda: [1]<(1,)); t(lambda: A()<A()); t(lambda: -'a'); t(lambda: ~1.5); t(lambda: 1+'a'); t(lambda: 'a'+1); t(lambda: [1]+(1,)); t(lambda: 'a'*'b'); t(lambda: [1]*1.5); t(lambda: 1 @ 2); t(lambda: 5 % 'a'); t(lambda: pow(2,3,'a')); t(lambda: pow('a',2)); t(lambda: divmod('a',1)); t(lambda: {}|1); t(lambda: print>>5); t(lambda: abs('a')); t(lambda: iter(A())); t(lambda: next([])); t(lambda: [*5]); t(lambda: isinstance(1,(int,(str,)))); t(lambda: isinstance(1,(str,5))); t(lambda: issubclass(bool,(str,int))); t(lambda: hash([])); t(lambda: {[]:1}); t(lambda: {1:[]}=={1:[]})
def ip(a,b): a+=b; return a
t(lambda: ip(1,'a')); t(lambda: ip([1],'ab')); t(lambda: ip((1,),(2,))); t(lambda: ip((1,),[2])); t(lambda: ip('a',1))
def ip2(a,b): a**=b; return a
t(lambda: ip2('a',2)); t(lambda: ip2(2,3))
def ip3(a,b): a*=b; return a
t(lambda: ip3([1],2)); t(lambda: ip3(2,[1])); t(lambda: ip3([1],'a'))
class Seq:
    def __getitem__(s,i):
        if i>2: raise IndexError
        return i*10
t(lambda: list(Seq())); t(lambda: 20 in Seq()); t(lambda: 21 in Seq()); t(lambda: list(reversed(Seq()))); t(lambda: [a for a,in [Seq()]]if 0 else tuple(Seq())); 
class It:
    def __iter__(s): return s
    def __next__(s): raise StopIteration
t(lambda: list(It())); t(lambda: It().__next__())
class LH:
    def __init__(s,v): s.v=v
    def __length_hint__(s): return s.v
    def __iter__(s): return iter([1])
import operator
t(lambda: operator.length_hint(LH(5))); t(lambda: operator.length_hint(LH(-1))); t(lambda: operator.length_hint(LH(NotImplemented),3)); t(lambda: list(LH(2)))
