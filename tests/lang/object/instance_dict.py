# An instance and its __dict__ stay one thing.
import gc


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class Many: pass
m=Many()
for i in range(40): setattr(m,f'a{i}',i)
for i in range(0,40,2): delattr(m,f'a{i}')
t(lambda: list(m.__dict__)); t(lambda: vars(m)['a1'])
m.__dict__={'z':1}; t(lambda: m.z); t(lambda: m.a1); m.q=3; t(lambda: m.__dict__)
m2=Many(); m2.a1=5; dd=m2.__dict__; dd['new']=7; t(lambda: m2.new); m2.other=8; t(lambda: dd); del m2.__dict__; t(lambda: m2.__dict__)
