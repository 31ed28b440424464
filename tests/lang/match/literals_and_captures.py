"""Literal, capture, wildcard, or and as patterns, with guards."""


def kind(x):
    match x:
        case 0 | 1:
            return "small"
        case -1:
            return "minus one"
        case 2.5 | 1 + 2j:
            return "odd number"
        case "a" | b"a":
            return "letter"
        case None | True | False as single:
            return "single %r" % single
        case int(n) if n > 100:
            return "big %d" % n
        case str() as text if text:
            return "text " + text
        case [] | () | {}:
            return "empty"
        case other:
            return "other %r" % (other,)


for value in (0, 1, -1, 2.5, 1 + 2j, "a", b"a", None, True, 5, 500, "hello", "", [], (), {}, [1], {"k": 1}, 0.0):
    print(repr(value), kind(value))


def guard_binds(x):
    match x:
        case y if y > 3:
            return "over", y
        case z:
            return "under", y, z


print(guard_binds(5), guard_binds(1))


def no_match(x):
    result = "none"
    match x:
        case 1:
            result = "one"
        case 2:
            result = "two"
    return result


print(no_match(1), no_match(2), no_match(3))


class Names:
    RED = 1
    GREEN = "green"

    class Inner:
        DEEP = 7


def by_name(x):
    match x:
        case Names.RED:
            return "red"
        case Names.GREEN:
            return "green"
        case Names.Inner.DEEP:
            return "deep"
        case _:
            return "no colour"


print(by_name(1), by_name("green"), by_name(7), by_name(8), by_name(True))

match = 3
case = match
print(match, case)
match (match):
    case 3:
        print("soft keyword")


def loop(values):
    seen = []
    for v in values:
        match v:
            case "skip":
                continue
            case "stop":
                break
            case x:
                seen.append(x)
    else:
        seen.append("end")
    return seen


print(loop([1, "skip", 2]), loop([1, "stop", 2]))


class Noisy:
    def __eq__(self, other):
        print("eq", other)
        return other == 2


match Noisy():
    case 1 | 2 | 3:
        print("found")

try:
    match Noisy():
        case Names.MISSING:
            pass
except AttributeError as e:
    print(e)
