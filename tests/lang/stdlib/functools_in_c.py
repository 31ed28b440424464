# partial, reduce, cmp_to_key and lru_cache, in the corners that programs reach.
import copy
import functools
import gc
import pickle
import sys
import weakref
from functools import cmp_to_key, lru_cache, partial, reduce


def show(*args, **keywords):
    return args, keywords


def tried(f, *args, **keywords):
    try:
        print(f(*args, **keywords))
    except Exception as error:
        print(type(error).__name__, error)


print(type(partial).__module__, partial.__module__, functools.partial is partial)

# -- partial
p = partial(show, 1, k=2)
print(p(), p(3, k=4, m=5), p.func is show, p.args, p.keywords)
inner = partial(p, 9, k=8)
print(inner.func is show, inner.args, inner.keywords, inner(10))
p.mark = 1
outer = partial(p, 9)
print(outer.func is p, outer(10), vars(p))
print(repr(partial(int, "7", base=8)), partial(int, "7", base=8)())
print(partial(show)(*range(40), **{f"k{i}": i for i in range(20)}))
tried(partial)
tried(partial, 3)
tried(partial(show, k=1), **{"k": 2})
p.keywords["later"] = 1
print(p())
loop = partial(show)
loop.__setstate__((show, (loop,), {"me": loop}, None))
print(repr(loop).replace(repr(show), "show"))
loop.__setstate__((show, (), {}, {}))
for state in ((), (1, (), {}, {}), (show, [], {}, {}), (show, (), [], {}), (show, (), {}), None):
    tried(partial(show).__setstate__, state)


class Tuple(tuple):
    pass


p = partial(show)
p.__setstate__((show, Tuple((1, 2)), None, None))
print(type(p.args), p.args, p.keywords, p.__dict__)
copied = copy.copy(partial(int, base=2))
print(copied("101"), pickle.loads(pickle.dumps(partial(int, base=2)))("11"))


class Sub(partial):
    pass


s = Sub(int, base=16)
print(s("ff"), repr(s), isinstance(partial(s, 1), Sub), partial[int])
ref = weakref.ref(s)
del s
print(ref())


class Has:
    method = partial(show, "bound?")


print(Has().method(1))

# -- reduce
print(reduce(lambda a, b: a * 10 + b, [1, 2, 3]), reduce(show, [], 7), reduce(max, iter("hello")))
tried(reduce, show, [])
tried(reduce, show, 5)
tried(reduce, lambda a, b: a / b, [1, 0])

# -- cmp_to_key
key = cmp_to_key(lambda a, b: (a % 3 > b % 3) - (a % 3 < b % 3))
print(sorted(range(9), key=key), key(1) < key(2), key(obj=4) == key(1), key(3).obj)
tried(hash, key(1))
tried(lambda: key(1) < 1)
tried(lambda: key < key(1))
tried(key)
tried(cmp_to_key(lambda a, b: "x")(1).__lt__, key(2))
tried(cmp_to_key)


# -- lru_cache
@lru_cache(maxsize=3)
def square(x):
    print("computes", x)
    return x * x


print([square(x) for x in (1, 2, 3, 1, 4, 1, 2)], square.cache_info(), square.cache_parameters())
square.cache_clear()
print(square.cache_info(), square(5), square.__wrapped__(6), square.__name__)
tried(square, [])
tried(square, 1, 2)
print(square.cache_info())


@lru_cache(maxsize=None, typed=True)
def kind(*args, **keywords):
    return [type(a).__name__ for a in args], sorted(keywords)


print(kind(1), kind(1.0), kind(True), kind(1), kind(a=1, b=2), kind(b=2, a=1), kind.cache_info())


@lru_cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(100), fib.cache_info())


@lru_cache(maxsize=0)
def nothing(x):
    return x


print(nothing(1), nothing(1), nothing.cache_info(), lru_cache(maxsize=-5)(show).cache_parameters())
tried(lambda: lru_cache(maxsize="x")(show))


class Key:
    hashed = 0

    def __init__(self, n):
        self.n = n

    def __hash__(self):
        Key.hashed += 1
        return 7

    def __eq__(self, other):
        if self.n < 0:
            churn.cache_clear()
        return self.n == other.n


@lru_cache(maxsize=2)
def churn(key):
    if key.n > 10:
        return churn(Key(key.n - 1))
    return key.n


for n in (1, 2, 3, -1, 1, -2, 15, 3):
    churn(Key(n))
print(churn.cache_info().currsize <= 2, churn.cache_info().misses > 5)
Key.hashed = 0
square(1), nothing(Key(1)), kind(Key(2))
print(Key.hashed)


class Method:
    @lru_cache(maxsize=None)
    def value(self, x):
        return x + 1


m = Method()
print(m.value(1), m.value(1), Method.value(m, 1), Method.value.cache_info())
print(copy.deepcopy(fib) is fib, copy.copy(fib) is fib)
tried(lambda: pickle.loads(pickle.dumps(fib)) is fib)
died = weakref.ref(m)
del m
print(died() is None)
Method.value.cache_clear()
print(died() is None)


@lru_cache(maxsize=8)
def holds(x):
    return holds


gc.collect()
holds(1)
ref = weakref.ref(holds)
del holds
gc.collect()
print(ref())
sys.stdout.flush()
