# More classes meet at one attribute instruction than it can remember, and they change meanwhile.
class Base:
    kind = "base"

    def name(self):
        return "name of " + type(self).__name__


def make(i):
    members = {"kind": i} if i % 3 == 0 else {}
    if i % 4 == 1:
        members["__slots__"] = ("own",)
    if i % 5 == 2:
        members["own"] = property(lambda self: ("computed", i), lambda self, v: print("set", v))
    if i % 5 == 3:
        members["name"] = lambda self: "another of %d" % i
    return type("C%d" % i, (Base,), members)


def look(o):
    return o.kind, o.name(), o.own


def store(o, value):
    o.own = value


classes = [make(i) for i in range(12)]
objects = [c() for c in classes]
for turn in range(4):
    for n, o in enumerate(objects):
        store(o, (turn, n))
        print(*look(o))

# Changes of the classes and of the instances are seen everywhere.
Base.kind = "changed"
objects[1].__dict__["kind"] = "instance"
objects[4].name = lambda: "hidden"
classes[5].name = lambda self: "late"
classes[7].own = property(lambda self: "late property")
for turn in range(2):
    for o in objects:
        print(*look(o))
for turn in range(2):
    for n, o in enumerate(objects):
        try:
            store(o, turn)
        except AttributeError as e:
            print(n, e)
del classes[5].name, Base.kind
for turn in range(3):
    for o in objects:
        try:
            print(*look(o))
        except AttributeError as e:
            print(e)

# Classes that come and go: an address may be used again, a version is not.
for turn in range(50):
    C = type("T", (Base,), {"kind": turn, "own": -turn, "name": lambda self, t=turn: t})
    assert look(C()) == (turn, turn, -turn)
    o = C()
    store(o, turn)
    assert look(o) == (turn, turn, turn)
    del C, o
print("done")
