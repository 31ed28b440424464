def tag(name):
    print("make", name)
    def deco(f):
        print("apply", name)
        def wrapper(*a, **k):
            return f"{name}({f(*a, **k)})"
        wrapper.__name__ = f.__name__
        return wrapper
    return deco
@tag("outer")
@tag("inner")
def hello(x):
    return "hi " + x
print(hello("you"), hello.__name__)
def register(cls):
    cls.registered = True
    return cls
@register
class K: pass
print(K.registered)
