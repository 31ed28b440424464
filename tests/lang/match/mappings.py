"""Mapping patterns: keys, rest, missing keys, duplicate keys at run time."""
from collections import defaultdict


def get(x):
    match x:
        case {"a": 1}:
            return "a is one"
        case {"a": a, "b": [b, *_]}:
            return a, b
        case {"rest": _, **others}:
            return others
        case {1: x, None: y, 2: z} if x:
            return x, y, z
        case {}:
            return "a mapping"
    return "no mapping"


for v in ({"a": 1, "z": 0}, {"a": 2, "b": [3, 4]}, {"rest": 1, "c": 2, "d": 3}, {"rest": 0}, {1: 5, None: 6, 2: 7},
          {}, [], {"a": 2, "b": 3}):
    print(v, get(v))

d = defaultdict(list)
match d:
    case {"missing": x}:
        print("never")
    case {**everything}:
        print(everything, dict(d), type(everything))


class Keys:
    A = "k"
    B = "k"


try:
    match {"k": 1, "l": 2}:
        case {Keys.A: a, Keys.B: b}:
            print(a, b)
except ValueError as e:
    print(e)


class Get(dict):
    def get(self, key, default=None):
        print("get", key)
        return super().get(key, default)


match Get(x=1, y=2):
    case {"x": 1, "y": 3}:
        print("no")
    case {"y": y}:
        print("y", y)

for source in ('match x:\n case {"a": 1, "a": 2}: pass', 'match x:\n case {**r, "a": 1}: pass',
               'match x:\n case [a, a]: pass', 'match x:\n case a | b: pass', 'match x:\n case [*a, *b]: pass',
               'match x:\n case _: pass\n case 1: pass', 'match x:\n case y: pass\n case 1: pass',
               'match x:\n case (_ | 1): pass', 'match x:\n case C(a=1, a=2): pass',
               'match x:\n case [1, a] | [2, b]: pass'):
    try:
        compile(source, "s", "exec")
        print("compiled", source)
    except SyntaxError as e:
        print(e.msg, e.lineno)
