class Field:
    def __set_name__(self, owner, name):
        self.name = name
        print("set_name", owner.__name__, name)
    def __get__(self, obj, owner):
        return self if obj is None else obj.__dict__.get(self.name, "unset")
    def __set__(self, obj, value):
        if not isinstance(value, int):
            raise TypeError(f"{self.name} must be int")
        obj.__dict__[self.name] = value
    def __delete__(self, obj):
        del obj.__dict__[self.name]
class M:
    a = Field()
    b = Field()
m = M()
m.a = 5
print(m.a, m.b, M.a is M.__dict__["a"])
try:
    m.b = "x"
except TypeError as e:
    print(e)
del m.a
print(m.a)
