class A:
    x = 1
    def __getattr__(self, name):
        if name.startswith("dyn_"):
            return name[4:]
        raise AttributeError(name)
    def __setattr__(self, name, value):
        print("set", name)
        object.__setattr__(self, name, value)
    def __delattr__(self, name):
        print("del", name)
        super().__delattr__(name)
a = A()
a.y = 2
print(a.x, a.y, a.dyn_foo, hasattr(a, "zzz"))
del a.y
class B:
    def __getattribute__(self, name):
        return "all:" + name if name != "secret" else object.__getattribute__(self, name)
print(B().foo, B().__class__)
try:
    B().secret
except AttributeError as e:
    print(e)
