# Classes of C code that can be subscripted, and what their aliases pass on to them.
import array
import collections
import contextvars
import functools
import itertools
import os
import re
import types
import weakref


def fails(cls):
    try:
        print(cls[3])
    except TypeError as error:
        print(error)


for cls in (list, dict, tuple, set, frozenset, enumerate, type, collections.deque, collections.defaultdict,
            collections.OrderedDict, functools.partial, itertools.chain, os.DirEntry, re.Pattern, re.Match,
            weakref.ref, types.MappingProxyType, types.AsyncGeneratorType, BaseExceptionGroup, array.array,
            contextvars.ContextVar):
    print(cls[int], cls[int, str].__args__, hasattr(cls, "__class_getitem__") or cls is type)

alias = list[int]
numbers = alias()
append = alias.append
append(numbers, 1)
alias.append(numbers, 2)
print(numbers, alias.__getitem__(numbers, 0), alias.__len__(numbers))
print(list.__class_getitem__(str), alias.__class_getitem__(str), dict[int, str].fromkeys([1]))
print(set(dir(list)) <= set(dir(alias)), weakref.ref(alias)() is alias)


class Own(dict):
    pass


class Meta(type):
    pass


class Made(metaclass=Meta):
    pass


print(Own[int], type(Own[int]()))
fails(int)
fails(Meta)
fails(Made)
fails(object)
