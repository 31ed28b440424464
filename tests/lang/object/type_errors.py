# What type() and attribute access refuse.
class A: pass
class S: __slots__=("a",)


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


a=A(); s=S()
t(lambda: delattr(a,'x')); t(lambda: delattr(s,'x')); t(lambda: delattr(s,'a')); t(lambda: setattr(s,'x',1)); t(lambda: s.a); t(lambda: setattr(1,'x',1)); t(lambda: setattr(s,'__class__',1)); t(lambda: setattr(s,'__class__',A))
t(lambda: setattr(1,'real',1)); t(lambda: delattr(1,'real')); t(lambda:setattr([], 'append',1));t(lambda: object().x)
t(lambda: A.x); t(lambda: delattr(A,'x')); t(lambda: setattr(int,'x',1)); t(lambda: delattr(int,'x'))
t(lambda: setattr(a,'__dict__',1)); t(lambda: a.__weakref__); t(lambda: setattr(a,'__weakref__',1)); t(lambda: getattr(a,1)); t(lambda: setattr(a,1,1))
a.x=1
t(lambda: delattr(a,'__dict__')); t(lambda: a.__dict__)
class B(A): pass
class C(B,A): pass
t(lambda: type('X',(A,B),{})); t(lambda: type('X',(A,A),{})); t(lambda: type('X',(int,str),{})); t(lambda: type('X',(bool,),{})); t(lambda: type('X',(1,),{})); t(lambda: type('X',(type(a.__init__),),{}))
class M(type): pass
class N(type): pass
class MM(metaclass=M): pass
class NN(metaclass=N): pass
t(lambda: type('X',(MM,NN),{}))
t(lambda: type('X',(),{'__slots__':('a','a')})); t(lambda: type('X',(),{'__slots__':('1',)})); t(lambda: type('X',(),{'__slots__':('a',),'a':1})); t(lambda: type('X',(int,),{'__slots__':('a',)})); t(lambda: type('X',(A,),{'__slots__':('__dict__',)})); t(lambda: type('X',(),{'__slots__':(1,)})); t(lambda: type('X',(A,),{'__slots__':('__weakref__',)}))
t(lambda: type(1,2,3)); t(lambda: type('a',2,3)); t(lambda: type('a',(),3)); t(lambda: type()); t(lambda: type(1,2)); t(lambda: object(1)); t(lambda: A(1)); t(lambda: A(x=1)); t(lambda: object.__new__()); t(lambda: object.__new__(1)); t(lambda: object.__new__(int)); t(lambda: int.__new__(str)); t(lambda:int.__new__())
class WithInit:
    def __init__(self,x): pass
t(lambda: WithInit()); t(lambda: object.__init__(WithInit(1),2)); t(lambda: A.__init__(a,2)); t(lambda: type('X',(),{},x=1)); t(lambda: type.__call__()); t(lambda: type.__call__(1))
class K:
    def __set_name__(self,o,n): raise ValueError('boo')
t(lambda: type('X',(),{'k':K()}))
t(lambda: setattr(A,'__name__',1)); t(lambda: setattr(A,'__name__','a\0')); t(lambda: setattr(A,'__bases__',1)); t(lambda: setattr(A,'__bases__',())); t(lambda: delattr(A,'__name__')); t(lambda: A.__abstractmethods__); t(lambda: setattr(A,'__mro__',1))
