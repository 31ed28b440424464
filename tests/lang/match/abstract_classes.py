# match takes subclasses of collections.abc's classes for sequences and mappings; the first base decides.
import collections
import collections.abc


class Seq(collections.abc.Sequence):
    def __getitem__(self, i):
        return i * 10

    def __len__(self):
        return 3


class Both(collections.UserDict, collections.abc.Sequence):
    pass


class Listed(collections.UserList):
    pass


def kind(o):
    match o:
        case [a, *_, b]:
            return "sequence", a, b
        case []:
            return "empty sequence"
        case {"k": v}:
            return "mapping", v
        case {}:
            return "other mapping"
    return None


for o in (Seq(), Listed([1, 2]), Listed(), collections.UserDict(k=1), collections.ChainMap({}), Both(), collections.deque([1, 2]),
          "text", {1}, iter([])):
    print(type(o).__name__, kind(o))
print(hasattr(collections.abc.Sequence, "__abc_tpflags__"))
