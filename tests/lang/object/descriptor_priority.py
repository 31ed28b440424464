# Data descriptors, instance attributes, other descriptors, in this order.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class D:
    def __get__(s,o,t=None): return ('get',o is not None,t.__name__ if t else None)
    def __set__(s,o,v): print('set',v)
class ND:
    def __get__(s,o,t=None): return 'nd'
class U: d=D(); nd=ND()
u=U(); t(lambda:u.d); t(lambda:U.d); u.d=5; u.__dict__['d']=1; t(lambda:u.d); u.nd=7; t(lambda:u.nd); t(lambda:delattr(u,'d'))
