# Classes made at run time and dropped; slots, dicts, __class__ changed, __dict__ taken and replaced.


def make(n):
    class Local:
        __slots__ = ("a", "__dict__")
        shared = [n]

        def __init__(self):
            self.a = [n]
            self.b = {"n": n}

        def method(self):
            return super().__repr__, self.shared

        @property
        def value(self):
            return self.b

    return Local


class Plain:
    pass


class Other:
    pass


kept = []
for i in range(20):
    o = make(i)()
    kept.append(o if i % 2 else type(o))
    p = Plain()
    p.x, p.y = [i], "y%d" % i
    if i % 3 == 0:
        p.__dict__["z"] = [i]
    if i % 4 == 0:
        p.__class__ = Other
    if i % 5 == 0:
        p.__dict__ = {"fresh": i}
    kept.append(p)
    for name in range(i * 2):
        setattr(p, "attribute%d" % name, name)
    kept = kept[-15:]
