# Assigning __class__ and __bases__; list[int] and int | str.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class K1: pass
class K2: 
    def hi(s): return 'k2',s.x
k=K1(); k.x=1; k.__class__=K2; t(lambda:k.hi()); t(lambda:setattr(k,'__class__',S)); t(lambda:setattr(k,'__class__',int)); t(lambda: setattr(5,'__class__',K1))
class K0: pass
class K4(K0): pass
K4.__bases__=(K2,); t(lambda:K4.__mro__);  t(lambda:setattr(K1,'__bases__',(K2,))); t(lambda:setattr(K2,'__bases__',(K1,)));
class Sn:
    def __set_name__(s,o,n): s.info=(o.__name__,n)
class Snu: q=Sn()
t(lambda:Snu.q.info)
t(lambda:list[int]); t(lambda:dict[str,int]); t(lambda:int|None); t(lambda:isinstance(5,int|str)); t(lambda:list[int]()); t(lambda: tuple[int,...]); t(lambda:int[3]); t(lambda: type[int]); t(lambda: list[int]==list[int]); t(lambda:(int|str)==(str|int)); t(lambda: int|5)
t(lambda: object().__reduce_ex__(2)[1]); t(lambda: sorted(set(dir(object()))-set(dir(object))));  t(lambda: dir(K1())[-3:])
t(lambda: object.__eq__(1,1)); t(lambda: object().__ne__(1)); t(lambda: None.__bool__()); t(lambda: (5).__add__('a')); t(lambda: int.__add__(1,2)); t(lambda: type(None)()); t(lambda: type(...)()); t(lambda: type(None)(1)); t(lambda: None.x)
t(lambda: type('Dyn',(),{'__slots__':['x'],'__doc__':'hi'}).__doc__); t(lambda: isinstance(int,type)); t(lambda: callable(5)); t(lambda: (lambda:0).__get__(5)); t(lambda: An.__dict__['x'])
