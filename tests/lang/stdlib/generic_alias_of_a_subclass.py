# Aliases of a class that is derived from GenericAlias, as collections.abc.Callable makes them.
import collections.abc as c, typing, types, pickle, copy
A = c.Callable[[int], str]
print(A, type(A).__name__, A.__args__, A.__parameters__, A == c.Callable[[int], str], hash(A)==hash(c.Callable[[int], str]))
T = typing.TypeVar("T"); P = typing.ParamSpec("P")
print(c.Callable[[T], str][int], c.Callable[P, T][[int], str], c.Callable[..., int])
print(pickle.loads(pickle.dumps(A)) == A, copy.copy(A) == A)
class Own(types.GenericAlias):
    def __repr__(self): return "own"
o = Own(list, (int,))
print(o, o.__origin__, o([1]), type(o), isinstance(o, types.GenericAlias), typing.get_args(A), typing.get_origin(A))
o.note = 3 if hasattr(o, "__dict__") else None
print(typing.Union[A, None], A | None)
print(copy.deepcopy(o) == o, pickle.loads(pickle.dumps(list[int])) == list[int], type(copy.copy(A)).__name__)
print(A == 3, list[int] == o, {A: 1}[c.Callable[[int], str]])
