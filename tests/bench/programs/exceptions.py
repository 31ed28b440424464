class Invalid(ValueError):
    pass


def parse(i):
    if i % 3 == 0:
        raise Invalid(i)
    if i % 5 == 0:
        raise KeyError(i)
    return i


def guarded(i):
    try:
        return parse(i)
    except Invalid as e:
        return e.args[0] // 3
    finally:
        counts[0] += 1


counts = [0]
total = 0
for i in range(180000):
    try:
        total += guarded(i)
    except KeyError:
        total -= 1
    try:
        total += counts[0]
    except TypeError:
        pass
print(total, counts)
