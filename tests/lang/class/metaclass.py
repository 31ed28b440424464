class Meta(type):
    def __new__(mcs, name, bases, ns, **kw):
        print("new", name, sorted(k for k in ns if not k.startswith("__")), kw)
        cls = super().__new__(mcs, name, bases, ns)
        cls.tag = name.lower()
        return cls
    def __init__(cls, name, bases, ns, **kw):
        super().__init__(name, bases, ns)
    def __call__(cls, *a):
        print("call", cls.__name__)
        return super().__call__(*a)
    def __repr__(cls):
        return f"<{cls.__name__}>"
    @property
    def prop(cls):
        return "metaprop"
class A(metaclass=Meta, opt=1):
    x = 1
class B(A):
    pass
print(A, B, A.tag, B().tag, type(A) is Meta, A.prop, isinstance(A, Meta))
