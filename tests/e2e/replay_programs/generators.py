# Generators suspended, running, finished, thrown into, closed; expressions; yield from.


def count(n):
    local = [n]
    try:
        while True:
            got = yield local
            if got:
                local = [got, local]
    except ValueError as e:
        yield e
    finally:
        local.append("closed")


def outer(n):
    result = yield from inner(n)
    yield result


def inner(n):
    for i in range(n):
        yield [i]
    return {"n": n}


kept = [count(i) for i in range(12)]
for g in kept[2:]:
    next(g)
    g.send({"x": 1})
kept[4].throw(ValueError("thrown"))
kept[5].close()
del kept[6]
kept.append(list(outer(5)))
pending = outer(9)
next(pending)
squares = (x * x for x in range(10 ** 6))
next(squares)
