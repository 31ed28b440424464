# Classes made and dropped, with slots, metaclasses, properties, closures in methods.
class Meta(type):
    def __new__(meta, name, bases, namespace, **kwargs):
        return super().__new__(meta, name, bases, dict(namespace, made=name))


def make(n):
    class Base(metaclass=Meta):
        __slots__ = ("a", "b")

        def get(self):
            return super().__init__, n

    class Derived(Base):
        count = n

        def __init__(self):
            self.a = [self]
            self.extra = {"n": n}

        @property
        def value(self):
            return self.extra["n"]

        def __eq__(self, other):
            return self.value == other.value

        def __hash__(self):
            return n

    return Derived


kept = []
print("READY", flush=True)
while True:
    for i in range(20):
        cls = make(i)
        instances = [cls() for _ in range(5)]
        instances[0].__class__ = make(i + 1)
        same = instances[1] == instances[2]
        kept.append((cls, instances, {instances[3]: same}))
        kept = kept[-30:]
